"""Rows that share a key: parts that add up, repeats of a whole row, and rows that nobody can tell apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.columns import SheetSpec
from core.sheets.layout.rows import PART_TOTAL, Body, matches, valid
from core.sheets.values import cells

_FEW = 10  # one row in so many may lack its code by a slip
_WORDS = frozenset({"text", "code", "choice"})
_FIGURE = r"^[-+¥￥]?[\d,.]+%?$"
_NAMING = ("name", "product_id", "barcode")  # what tells goods apart beside their key


class Tally(NamedTuple):
    """The sums of one count (units) or amount (fen) column: of the file's own cells, of the refused rows, and
    of what is left out on purpose (total rows, repeats of a whole row)."""

    file: int
    rejected: int
    skipped: int


def sums(values: Mapping[str, object], rows: np.ndarray | None = None) -> dict[str, int]:
    """Exact sums of columns (missing counts as nothing), of the rows of a mask where one is given."""
    total = {}
    for name, column in values.items():
        series = pd.Series(column)
        total[name] = int((series if rows is None else series[rows]).sum())
    return total


def tallied(
    file: Mapping[str, int], rejected: Mapping[str, int], skipped: Mapping[str, int]
) -> dict[str, Tally]:
    """The tallies of the columns of `file`."""
    return {name: Tally(whole, rejected.get(name, 0), skipped.get(name, 0)) for name, whole in file.items()}


def keys(frame: pd.DataFrame, spec: SheetSpec) -> list[str]:
    """The columns of the key that the sheet has, with those that tell the parts of one key apart."""
    return [name for name in dict.fromkeys((*spec.key, *spec.parts)) if name in frame]


def whole_key(frame: pd.DataFrame, spec: SheetSpec) -> list[str]:
    """The columns of the key that all parts of one whole share."""
    return [name for name in spec.key if name in frame and name not in spec.parts]


def above_unnamed(frame: pd.DataFrame, body: Body, unnamed: np.ndarray) -> np.ndarray:
    """Rows (mask) above rows whose key is blank (`unnamed`) and that may be the rest of theirs: no name says
    otherwise, and a place or a lot differs as it does between parts; where such rows are many, any text beside
    (a colour, a shop). A single row without a code among many is a slip."""
    spec, above = body.spec, np.zeros(len(frame), bool)
    if not unnamed.any() or not (spec.parts or spec.sum_parts):
        return above
    heads = np.maximum.accumulate(np.where(unnamed, -1, np.arange(len(frame))))
    rows = np.flatnonzero(unnamed & (heads >= 0))
    upper, lower = (body.cells.take(pa.array(places)) for places in (heads[rows], rows))
    naming = {at for name in (*_NAMING, *whole_key(frame, spec)) for at in body.columns.get(name, ())}
    figures = {
        at for entry in spec.fields if entry.kind not in _WORDS for at in body.columns.get(entry.name, ())
    }
    placed = {at for name in spec.parts for at in body.columns.get(name, ())}
    telling = placed if len(rows) * _FEW < len(frame) else set(range(body.cells.num_columns)) - figures
    same, apart = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    for at in range(body.cells.num_columns):
        one, other = cells.as_text(upper.column(at)), cells.as_text(lower.column(at))
        differ = np.asarray(pc.fill_null(pc.not_equal(one, other), False))
        if at in naming:
            same &= ~differ
        elif at in telling:
            apart |= differ & ~matches(other, _FIGURE)
    above[heads[rows[same & apart]]] = True
    return above


def over_several(frame: pd.DataFrame, spec: SheetSpec, source: np.ndarray) -> np.ndarray:
    """Rows (mask) of a merged cell that lies over several keys; `source`: for each row the place of the row that
    holds its cell."""
    names, shared = whole_key(frame, spec), np.zeros(len(frame), bool)
    merged = np.flatnonzero(np.isin(source, source[source != np.arange(len(source))]))
    if not names or not len(merged):
        return shared
    key = frame[names].iloc[merged].groupby(names, sort=False, dropna=False).ngroup()
    keys_of = key.groupby(source[merged]).transform("nunique")
    shared[merged] = keys_of.to_numpy() > 1
    return shared


def alike(frame: pd.DataFrame, spec: SheetSpec, readable: np.ndarray, again: np.ndarray) -> np.ndarray:
    """Rows (mask) that share their whole key with another row, which is no mere repeat of theirs: nobody can
    know which of them holds. Rows whose key is not `readable` share it with none; those of `again` repeat
    another."""
    names, shared = keys(frame, spec), np.zeros(len(frame), bool)
    rows = np.flatnonzero(readable)
    if frame[names].iloc[rows].duplicated().any():
        group = frame[names].iloc[rows].groupby(names, sort=False, dropna=False).ngroup().to_numpy()
        distinct = np.bincount(group, weights=~again[rows])
        shared[rows] = distinct[group] > 1
    return shared


def dated_apart(frame: pd.DataFrame, spec: SheetSpec) -> np.ndarray:
    """Rows (mask) that share their whole key with others, of which each arrives on another day and all are called the
    same: lots on their way."""
    apart, names = np.zeros(len(frame), bool), keys(frame, spec)
    if not spec.arrival or spec.arrival not in frame or not frame[names].duplicated().any():
        return apart
    shared = frame[names].duplicated(keep=False).to_numpy()
    rows = frame[shared]
    key = [rows[name] for name in names]
    lots = ~rows.duplicated([*names, spec.arrival], keep=False)
    for name in (*_NAMING, "spec"):
        if name in rows:
            lots &= rows[name].groupby(key, sort=False, dropna=False).transform("nunique") <= 1
    apart[shared] = lots.groupby(key, sort=False, dropna=False).transform("all").to_numpy(bool)
    return apart


def fragments(frame: pd.DataFrame, spec: SheetSpec, readable: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Good rows (mask) of a key of which another row is refused: the rest of a whole would pass for the
    whole."""
    names, torn = whole_key(frame, spec), np.zeros(len(frame), bool)
    if not names or not (spec.parts or spec.sum_parts) or not (bad & readable).any():
        return torn
    rows = np.flatnonzero(readable)
    group = frame[names].iloc[rows].groupby(names, sort=False, dropna=False).ngroup().to_numpy()
    refused = np.bincount(group, weights=bad[rows])
    torn[rows] = (refused[group] > 0) & ~bad[rows]
    return torn


def torn(frame: pd.DataFrame, spec: SheetSpec, readable: np.ndarray, bad: np.ndarray) -> np.ndarray:
    """Good rows (mask) of a group (`SheetSpec.whole`) of which another row is refused. A row without the group's
    name belongs to the row above; one whose name is not `readable` may belong to the rows beside it."""
    if not spec.whole or spec.whole[0] not in frame or not bad.any():
        return np.zeros(len(frame), bool)
    name, *others = spec.whole
    unread = ~readable
    group = _labels(frame[name], unread)
    refused = set(group[bad])
    values = frame[[other for other in others if other in frame]]
    for place in np.flatnonzero(unread):
        for beside in (place - 1, place + 1):
            if 0 <= beside < len(frame) and _agree(values.iloc[place], values.iloc[beside]):
                refused.add(group[beside])
    return np.asarray(np.isin(group, list(refused)) & ~bad, bool)


def _labels(names: pd.Series, unread: np.ndarray) -> np.ndarray:
    """A number for each row's group: a blank name is the group above, an unread one a group of its own."""
    label = names.astype(object).where(names.notna() & (names.astype(object) != ""), None)
    own = pd.Series([f"\x1f{place}" for place in range(len(names))], index=names.index)
    return np.asarray(pd.factorize(label.mask(unread, own).ffill().fillna("\x1f"))[0])


def _agree(one: pd.Series, other: pd.Series) -> bool:
    """Whether no two cells of two rows that are both filled differ."""
    both = one.notna() & other.notna()
    return bool((one[both].astype(object) == other[both].astype(object)).all())


def repeats(frame: pd.DataFrame, spec: SheetSpec, body: pa.Table) -> np.ndarray:
    """Rows (mask) that are equal to an earlier one in every cell of the file: one row, except where parts add
    up (stock), where nobody can know. `body` holds the cells of the frame's rows, in their order."""
    again = np.zeros(len(frame), bool)
    if spec.parts:
        return again
    names = keys(frame, spec) or [name for name in frame.columns if name != "row"]
    suspects = np.flatnonzero(frame[names].duplicated(keep=False).to_numpy())
    if len(suspects):
        rows = body.take(pa.array(suspects))
        texts = pd.DataFrame(
            {at: cells.as_text(column).to_pandas() for at, column in enumerate(rows.columns)}
        )
        again[suspects] = texts.duplicated(keep="first").to_numpy()
    return again


def totals_among(frame: pd.DataFrame, body: Body) -> np.ndarray:
    """Rows (mask) that hold the total of the other rows of their key: their location, shop or channel is a word
    for all of them, or is blank where the others have one and their figures add up to it."""
    spec, totals = body.spec, np.zeros(len(frame), bool)
    names = [name for name in spec.key if name in frame and name not in spec.parts]
    suspects = (
        np.flatnonzero(frame[names].duplicated(keep=False).to_numpy()) if names else totals.nonzero()[0]
    )
    if not len(suspects) or not (spec.parts or spec.sum_parts):
        return totals
    rows, table = frame.iloc[suspects], body.cells.take(pa.array(suspects))
    mapped = {at for columns in body.columns.values() for at in columns}
    divided = [at for name in spec.parts for at in body.columns.get(name, ())]
    if spec.sum_parts:
        divided = [at for at in range(table.num_columns) if at not in mapped]
    texts = [cells.as_text(table.column(at)) for at in divided]
    key = [rows[name] for name in names]
    word = np.logical_or.reduce([matches(text, PART_TOTAL) for text in texts] or [np.zeros(len(rows), bool)])
    adding_up = word & _shared(key, ~word)
    if spec.parts and texts:
        blank = ~np.logical_or.reduce([valid(text) for text in texts])
        among = blank & _shared(key, ~blank)
        if among.sum() > 1 or np.count_nonzero(_shared(key, among) & ~among) > 1:
            adding_up |= among & _adds_up(rows, key, among, ~blank & ~adding_up, spec)[among].all()
    totals[suspects] = adding_up
    return totals


def _shared(key: list[pd.Series], mask: np.ndarray) -> np.ndarray:
    """Rows whose key has a row of the mask."""
    chosen = pd.Series(mask, index=key[0].index)
    return np.asarray(chosen.groupby(key, sort=False, dropna=False).transform("any"), bool)


def _adds_up(
    rows: pd.DataFrame, key: list[pd.Series], whole: np.ndarray, part: np.ndarray, spec: SheetSpec
) -> np.ndarray:
    """Keys (mask by row) whose `whole` rows hold, figure by figure, the sum of their `part` rows, and not
    nothing."""
    equal, some = np.ones(len(rows), bool), np.zeros(len(rows), bool)
    for name in (entry.name for entry in spec.fields if entry.adds and entry.name in rows):
        figures = rows[name].astype("Int64").fillna(0)
        total, parts = (
            figures.where(mask, 0).groupby(key, sort=False, dropna=False).transform("sum").to_numpy("int64")
            for mask in (whole, part)
        )
        equal &= total == parts
        some |= total != 0
    return equal & some


def sum_parts(frame: pd.DataFrame, spec: SheetSpec) -> pd.DataFrame:
    """Rows of one key as one row, summed into the first.

    Integers and money are summed (blank counts as nothing, all blank stays blank); texts, rates and times are
    the first that is given.
    """
    names = [name for name in spec.key if name in frame]
    if not frame[names].duplicated().any():
        return frame
    summed = [f.name for f in spec.fields if f.name in frame and f.name not in names and f.adds]
    group = frame.groupby(names, sort=False, dropna=False)
    whole = group[[name for name in frame.columns if name not in names and name not in summed]].first()
    if summed:
        whole = whole.join(group[summed].sum(min_count=1))
    return whole.reset_index()[list(frame.columns)]
