"""The faults of a sheet's cells, one a cell, column by column: the file's own, those of reading, bounds, blanks, parts and groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets import parts
from core.sheets.columns import Field
from core.sheets.layout.rows import Body, matches, merged_from
from core.sheets.reader import Grid
from core.sheets.readings import FieldReading, by_flaws
from core.sheets.values import cells
from core.sheets.values.spellings import FAULT

_ERROR_TEXT = r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|引用!)$"


def cell_faults(
    body: Body, fields: Mapping[str, FieldReading], grid: Grid, once: tuple[str, ...]
) -> dict[int, np.ndarray]:
    """Column -> one fault a cell: what the file itself says of the cell, then what its reading says, then
    bounds, then blanks."""
    faults: dict[int, np.ndarray] = {}
    for name, reading in fields.items():
        entry = body.spec.field(name)
        mine = {at: fault.copy() for at, fault in reading.faults.items()}
        first = mine[next(iter(mine))]
        whole = np.logical_or.reduce([fault > 0 for fault in mine.values()])
        _check_bounds(reading, entry, first, whole)
        if entry.required:
            below = (body.first != body.numbers) if name in once else np.zeros(len(whole), bool)
            first[np.asarray(pd.isna(reading.values)) & ~whole & ~below] = FAULT["cell.blank"]
        for at, fault in mine.items():
            places, codes = by_flaws(grid.flaws, grid.first_column + at, body.numbers)
            fault[places] = codes
            fault[_error_texts(body.cells.column(at))] = FAULT["cell.error"]
        faults |= mine
    return faults


def _error_texts(column: pa.ChunkedArray) -> np.ndarray:
    """Where a cell holds the words of an error: in csv, and where errors were pasted as text, they are all
    that is left of it."""
    text = cells.as_text(column)
    if not pc.any(pc.starts_with(text, "#")).as_py():
        return np.zeros(len(text), bool)
    return matches(text, _ERROR_TEXT)


def _check_bounds(reading: FieldReading, entry: Field, fault: np.ndarray, bad: np.ndarray) -> None:
    if entry.kind not in {"integer", "money", "rate"} or (entry.minimum is None and entry.maximum is None):
        return
    missing = np.asarray(pd.isna(reading.values), bool) | bad
    values = pd.Series(reading.values).fillna(0).to_numpy(float)
    if entry.minimum is not None:
        fault[(values < entry.minimum) & ~missing] = FAULT[
            "cell.negative" if entry.minimum == 0 else "cell.too_small"
        ]
    if entry.maximum is not None:
        fault[(values > entry.maximum) & ~missing] = FAULT["cell.too_large"]


def mark_merged(frame: pd.DataFrame, faults: Mapping[int, np.ndarray], body: Body, grid: Grid) -> None:
    """Refuses every row of a figure that is merged over rows of several keys: nobody can say whose it is."""
    for name in (entry.name for entry in body.spec.fields if entry.adds and entry.name in body.columns):
        for at in body.columns[name]:
            source = merged_from(grid.merges, at + grid.first_column, body.numbers)
            faults[at][parts.over_several(frame, body.spec, source)] = FAULT["cell.merged"]


def mark_parts(frame: pd.DataFrame, faults: Mapping[int, np.ndarray], body: Body, again: np.ndarray) -> None:
    """Refuses, at their last key cell, every row whose key another row has (where rows of one key do not add
    up), and the good parts of a key or a group of which one part is refused. Rows whose key cannot be read share it with
    none."""
    spec = body.spec
    if spec.whole and spec.whole[0] in frame:
        column = faults[body.columns[spec.whole[0]][-1]]
        known = ~any_of(_of(faults, body, spec.whole[:1]))
        column[parts.torn(frame, spec, known, any_of(faults.values()))] = FAULT["cell.group_refused"]
    key = parts.whole_key(frame, spec)
    if not key or not len(frame):
        return
    at, keyed = faults[body.columns[key[-1]][-1]], ~any_of(_of(faults, body, key))
    if not spec.sum_parts:
        whole = ~any_of(_of(faults, body, parts.keys(frame, spec)))
        twice = parts.alike(frame, spec, whole, again) & ~parts.dated_apart(frame, spec)
        at[twice] = FAULT["cell.duplicate"]
    unnamed = ~keyed & frame[key].isna().any(axis=1).to_numpy()
    at[parts.above_unnamed(frame, body, unnamed) & keyed & (at == 0)] = FAULT["cell.part_refused"]
    at[parts.fragments(frame, spec, keyed, any_of(faults.values()))] = FAULT["cell.part_refused"]


def _of(faults: Mapping[int, np.ndarray], body: Body, names: Iterable[str]) -> list[np.ndarray]:
    """The faults of the columns of some fields."""
    return [faults[at] for name in names for at in body.columns[name]]


def any_of(faults: Iterable[np.ndarray]) -> np.ndarray:
    """Where any of the columns has a fault."""
    return np.asarray(np.any(np.column_stack([column > 0 for column in faults]), axis=1), bool)
