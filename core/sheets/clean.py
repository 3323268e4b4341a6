"""A sheet's cells against its kind: typed columns for the rows that hold, and each refused cell by its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.clock import SHANGHAI
from core.errors import ShopError
from core.sheets import cells
from core.sheets.cells import Reading
from core.sheets.columns import Field, SheetSpec
from core.sheets.container import column_letters
from core.sheets.reader import Grid
from core.sheets.spellings import FAULT, FAULTS

REJECTED = ("sheet", "row", "cell", "field", "code", "value")
_TOTAL = r"(?i)^(?:(?:合计|总计|小计|共计|总和|汇总|累计|本页合计|本页小计|当页合计|全部合计|平均值?)(?:$|[\s:：（(\d].*$)|(?:grand |sub-?)?totals?\s*(?:$|[:：(（].*$))"
_NOTE = re.compile(
    r"必填|选填|请填|填写|格式|例如|示例|例[：:]|说明|不超过|不能|必须|可为空|单位|required|optional|e\.g\.|example|format|must|text|number",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A sheet read against its kind.

    `frame`: the accepted rows, columns = the mapped fields in the kind's order, then `row` (int64, Excel row). dtypes: code, text and choice `str` (NaN =
    blank); integer and money (fen) int64, or Int64 where one is blank; rate float64; day datetime64[s]; moment datetime64[us, UTC].
    `rejected`: one line a refused cell, columns REJECTED, by row and column. `rows`: the data rows below the header that are not entirely blank;
    always rows = len(frame) + merged + skipped_totals + distinct rejected rows. `notes`: explanation rows under the header, not counted as data.
    `hidden`: how many of the data rows are hidden or filtered away in the sheet; they are read all the same.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    rows: int
    skipped_totals: int
    merged: int
    notes: tuple[int, ...] = ()
    hidden: int = 0


def clean(
    grid: Grid, header_row: int, mapping: Mapping[int, str], spec: SheetSpec, sheet_name: str, *, zone: str = SHANGHAI
) -> Cleaned:
    """The rows below `header_row` (Excel row) with `mapping` (column index in the grid -> field name), cast and checked.

    Every fault is collected; ShopError("sheet.missing_field", fields=[...]) only where a required column is not there at all.
    """
    missing = [name for name in spec.required if name not in mapping.values()]
    if missing:
        raise ShopError("sheet.missing_field", fields=missing, titles=[spec.field(name).title("zh") for name in missing])
    start = max(header_row - grid.first_row + 1, 0)
    body, numbers = grid.cells.slice(start), np.arange(grid.first_row + start, grid.first_row + grid.cells.num_rows)
    columns = {name: index for index, name in sorted(mapping.items())}
    kept = _data_rows(body, numbers, columns, spec, grid.flaws)
    if len(kept.data) < body.num_rows:
        body, numbers = body.take(pa.array(kept.data)), numbers[kept.data]
    readings = {
        field.name: _read(body.column(columns[field.name]), field, zone) for field in spec.fields if field.name in columns
    }
    faults = _faults(readings, body, grid, numbers, columns, spec)
    frame = pd.DataFrame({name: reading.values for name, reading in readings.items()}).assign(row=numbers)
    merged = 0
    if not spec.sum_parts:
        _mark_duplicates(frame, faults, spec)
    good = ~np.any(np.column_stack([column > 0 for column in faults.values()]), axis=1) if len(frame) else np.zeros(0, bool)
    rejected = _rejected(body, grid, numbers, columns, faults, sheet_name)
    frame = frame[good].reset_index(drop=True) if not good.all() else frame
    if spec.sum_parts:
        whole = sum_parts(frame, spec)
        merged, frame = len(frame) - len(whole), whole
    hidden = int(np.isin(numbers, grid.hidden_rows).sum())
    return Cleaned(_settled(frame), rejected, kept.rows, kept.totals, merged, kept.notes, hidden)


@dataclass(frozen=True, slots=True)
class _Kept:
    data: np.ndarray
    rows: int
    totals: int
    notes: tuple[int, ...]


def _data_rows(body: pa.Table, numbers: np.ndarray, columns: Mapping[str, int], spec: SheetSpec, flaws: pd.DataFrame) -> _Kept:
    """Which rows of the body are data: not blank (an error cell is not blank), no explanation under the header, no total."""
    filled = np.isin(numbers, flaws["row"].to_numpy()) if len(flaws) else np.zeros(body.num_rows, bool)
    for column in body.columns:
        if not filled.all() and column.type != pa.null():
            filled |= column.is_valid().to_numpy()
    notes = _note_rows(body, np.flatnonzero(filled)[:2], columns, spec)
    filled[notes] = False
    totals = _total_rows(body, columns, spec) & filled
    return _Kept(
        np.flatnonzero(filled & ~totals), int(filled.sum()), int(totals.sum()), tuple(int(numbers[place]) for place in notes)
    )


def _note_rows(body: pa.Table, places: np.ndarray, columns: Mapping[str, int], spec: SheetSpec) -> list[int]:
    """Explanations directly under the header ("必填，整数"): words of instruction, and nothing readable where numbers, days or choices belong."""
    notes: list[int] = []
    for place in places:
        texts = {name: str(body.column(index)[int(place)].as_py() or "") for name, index in columns.items()}
        if not any(_NOTE.search(text) for text in texts.values()):
            break
        typed = [(texts[f.name], f) for f in spec.fields if f.name in texts and f.kind not in {"text", "code"} and texts[f.name]]
        codes = [texts[f.name] for f in spec.fields if f.name in texts and f.kind == "code" and texts[f.name]]
        readable = [text for text, field in typed if not _read(pa.array([text]), field, SHANGHAI).faults.any()]
        codelike = [text for text in codes if re.fullmatch(r"[\w./#:+-]{1,40}", text, re.ASCII) and not _NOTE.search(text)]
        if readable or codelike or not (typed or any(_NOTE.search(text) for text in codes)):
            break
        notes.append(int(place))
    return notes


def _total_rows(body: pa.Table, columns: Mapping[str, int], spec: SheetSpec) -> np.ndarray:
    """Rows that sum others: the key says so, or the key is blank and the first filled cell of the row says so."""
    found = np.zeros(body.num_rows, bool)
    keyless = np.ones(body.num_rows, bool)
    for name in (name for name in spec.key if name in columns):
        text = cells.as_text(body.column(columns[name]))
        found |= _matches(text, _TOTAL)
        if spec.field(name).kind in {"code", "text"}:
            keyless &= ~_matches(text, r"[^-—\s]")
    unnamed = np.flatnonzero(keyless & ~found)
    if len(unnamed):
        rows = body.take(pa.array(unnamed))
        first = pc.coalesce(*(cells.as_text(column) for column in rows.columns))
        found[unnamed] = _matches(first, _TOTAL)
    return found


def _matches(text: pa.Array, pattern: str) -> np.ndarray:
    return pc.fill_null(pc.match_substring_regex(text, pattern), False).to_numpy(zero_copy_only=False)


def _read(column: pa.ChunkedArray | pa.Array, field: Field, zone: str) -> Reading:
    reading = _read_kind(column, field, zone)
    if field.stated:
        words = np.asarray(pc.fill_null(pc.match_substring_regex(cells.as_text(column), r"\pL"), False))
        reading.faults[words & np.asarray(pd.isna(reading.values)) & (reading.faults == 0)] = FAULT["cell.not_an_amount"]
    return reading


def _read_kind(column: pa.ChunkedArray | pa.Array, field: Field, zone: str) -> Reading:
    match field.kind:
        case "code":
            return cells.read_codes(column)
        case "text":
            return cells.read_texts(column)
        case "integer":
            return cells.read_integers(column)
        case "money":
            return cells.read_money(column)
        case "rate":
            return cells.read_rates(column)
        case "day":
            return cells.read_days(column, zone)
        case "moment":
            return cells.read_moments(column, zone)
        case "choice":
            return cells.read_choices(column, dict(field.choices or {}))


def _faults(
    readings: Mapping[str, Reading], body: pa.Table, grid: Grid, numbers: np.ndarray, columns: Mapping[str, int], spec: SheetSpec
) -> dict[str, np.ndarray]:
    """One fault place a cell: what the file itself says of the cell, then what its reading says, then bounds, then blanks."""
    faults = {}
    for name, reading in readings.items():
        field, fault = spec.field(name), reading.faults.copy()
        _check_bounds(reading, field, fault)
        if field.required:
            fault[pd.isna(reading.values) & (fault == 0)] = FAULT["cell.blank"]
        flaws = grid.flaws[grid.flaws["column"] == grid.first_column + columns[name]]
        if len(flaws) and len(numbers):
            rows = flaws["row"].to_numpy()
            places = np.searchsorted(numbers, rows).clip(max=len(numbers) - 1)
            hit = numbers[places] == rows
            fault[places[hit]] = flaws["code"].map(FAULT).to_numpy()[hit]
        fault[_error_texts(body.column(columns[name]))] = FAULT["cell.error"]
        faults[name] = fault
    return faults


def _error_texts(column: pa.ChunkedArray) -> np.ndarray:
    """Where a cell holds the words of an error: in csv, and where errors were pasted as text, they are all that is left of it."""
    text = column.cast(pa.string())
    if not pc.any(pc.starts_with(text, "#")).as_py():
        return np.zeros(len(text), bool)
    return _matches(text, r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|引用!)$")


def _check_bounds(reading: Reading, field: Field, fault: np.ndarray) -> None:
    if field.kind not in {"integer", "money", "rate"} or (field.minimum is None and field.maximum is None):
        return
    values: Any = pd.array(reading.values, dtype="Float64" if field.kind == "rate" else "Int64")
    if field.minimum is not None:
        low = np.asarray((values < field.minimum).fillna(False), bool)
        fault[low & (fault == 0)] = FAULT["cell.negative" if field.minimum == 0 else "cell.too_small"]
    if field.maximum is not None:
        fault[np.asarray((values > field.maximum).fillna(False), bool) & (fault == 0)] = FAULT["cell.too_large"]


def _mark_duplicates(frame: pd.DataFrame, faults: dict[str, np.ndarray], spec: SheetSpec) -> None:
    """A second row for a key is refused at its first key cell; rows whose key cannot be read are no duplicates."""
    keys = [name for name in spec.key if name in frame]
    if not keys:  # a kind without a key (order lines): no two rows are the same
        return
    unreadable = np.any(np.column_stack([faults[name] > 0 for name in keys]), axis=1) if len(frame) else np.zeros(0, bool)
    again = frame[keys].duplicated(keep="first").to_numpy() & ~unreadable
    faults[keys[-1]][again] = FAULT["cell.duplicate"]


def _rejected(
    body: pa.Table, grid: Grid, numbers: np.ndarray, columns: Mapping[str, int], faults: Mapping[str, np.ndarray], sheet_name: str
) -> pd.DataFrame:
    parts = []
    for name, fault in faults.items():
        places = np.flatnonzero(fault)
        if not len(places):
            continue
        column = grid.first_column + columns[name]
        flaws = grid.flaws[grid.flaws["column"] == column].set_index("row")["value"]
        texts = pd.Series(body.column(columns[name]).take(pa.array(places)).to_pylist(), dtype=object).fillna("")
        said = flaws.reindex(numbers[places]).reset_index(drop=True)
        rows = pd.Series(numbers[places])
        parts.append(
            pd.DataFrame(
                {
                    "sheet": sheet_name,
                    "row": rows,
                    "cell": column_letters(column) + rows.astype(str),
                    "field": name,
                    "code": np.array(FAULTS, dtype=object)[fault[places]],
                    "value": said.where(said.notna() & (said != ""), texts).astype(str),
                    "at": column,
                }
            )
        )
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in REJECTED})
    found = pd.concat(parts, ignore_index=True).sort_values(["row", "at"], kind="stable", ignore_index=True)
    return found[list(REJECTED)].astype({name: "str" for name in REJECTED if name != "row"})


def sum_parts(frame: pd.DataFrame, spec: SheetSpec) -> pd.DataFrame:
    """Rows of one key as one row: identical repeats count once, differing rows are parts and are summed into the first.

    Integers and money are summed (blank counts as nothing, all blank stays blank); texts, rates and times are the first that is given.
    """
    keys = [name for name in spec.key if name in frame]
    if not frame[keys].duplicated().any():
        return frame
    fields = [name for name in frame.columns if name != "row"]
    distinct = frame[~frame[fields].duplicated(keep="first")]
    summed = [f.name for f in spec.fields if f.name in fields and f.name not in keys and f.kind in {"integer", "money"}]
    group = distinct.groupby(keys, sort=False, dropna=False)
    whole = group[[name for name in (*fields, "row") if name not in keys and name not in summed]].first()
    if summed:
        whole = whole.join(group[summed].sum(min_count=1))
    return whole.reset_index()[list(frame.columns)]


def _settled(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole-number columns without a blank (left) as int64."""
    full = [name for name in frame.columns if str(frame[name].dtype) == "Int64" and not frame[name].hasnans]
    return frame.astype(dict.fromkeys(full, "int64"))
