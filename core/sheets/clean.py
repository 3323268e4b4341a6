"""A sheet's cells against its kind: typed columns for the rows that hold, and each refused cell by its
address."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ShopError
from core.sheets import parts
from core.sheets.columns import Field, SheetSpec, by_field
from core.sheets.formats.container import column_letters
from core.sheets.layout import outline
from core.sheets.layout.aside import Notice, reader_of, unknown_units
from core.sheets.layout.header_rows import header_rows, joined
from core.sheets.layout.rows import Body, carried_down, data_rows, matches, merged_from, sums_of_the_above
from core.sheets.layout.strays import strays
from core.sheets.parts import Tally
from core.sheets.reader import Grid
from core.sheets.readings import CleanOptions, FieldReading, Reader, by_flaws, read_field
from core.sheets.returns import NONE, Returns, no_less_than_nothing, returns_apart
from core.sheets.values import cells
from core.sheets.values.look_alikes import suspicious
from core.sheets.values.spellings import FAULT, FAULTS

REJECTED = ("sheet", "row", "cell", "field", "code", "value")
_ERROR_TEXT = r"^#(?:REF!|N/A|VALUE!|DIV/0!|NAME\?|NULL!|NUM!|SPILL!|CALC!|引用!)$"


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A sheet read against its kind.

    `frame`: the accepted rows, columns = the mapped fields in the kind's order, then `row` (int64, Excel
    row), and `first_row` (int64) where rows continue the row above. dtypes: code, text and choice `str` (NaN
    = blank); integer and money (fen) int64, or Int64 where one is blank; rate float64; day datetime64[s];
    moment and end datetime64[us, UTC]. `rejected`: one line a refused cell, columns REJECTED, by row and
    column. `rows`: the data rows below the header that are not entirely blank; always rows = len(frame) +
    merged + skipped_totals + distinct rejected rows. `notes`: explanation rows under the header, not counted
    as data. `hidden`: how many of the data rows are hidden or filtered away in the sheet; they are read all
    the same. `tallies`: the control sums of each count and amount that was read, where file - rejected -
    skipped = the sum of `frame`. `repeated`: how many rows equal an earlier one in every cell, counted in
    `merged`. `once`: figures that stand once for a group of rows that share `first_row` and are blank in its
    other rows. `totals`: the skipped totals, columns row and their figures. `notices`: what was noticed on
    the way, and what only a person can decide. `returns`: what negative sales took back. `divided`: what each column
    of a count that several add up to states in the accepted rows, columns row, column (its place), field, units.
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    rows: int
    skipped_totals: int
    merged: int
    notes: tuple[int, ...] = ()
    hidden: int = 0
    tallies: Mapping[str, Tally] = field(default_factory=dict)
    repeated: int = 0
    once: tuple[str, ...] = ()
    totals: pd.DataFrame = field(default_factory=pd.DataFrame)
    notices: tuple[Notice, ...] = ()
    returns: Returns = NONE
    divided: pd.DataFrame = field(default_factory=pd.DataFrame)


@dataclass(frozen=True, slots=True)
class _Read:
    """A body with its fields read."""

    body: Body
    fields: Mapping[str, FieldReading]

    @property
    def figures(self) -> dict[str, pd.Series]:
        """The counts and amounts as Int64."""
        return {
            entry.name: pd.Series(self.fields[entry.name].values).astype("Int64")
            for entry in self.body.spec.fields
            if entry.name in self.fields and entry.adds
        }

    def take(self, places: np.ndarray) -> _Read:
        """Some of the rows."""
        taken = {name: reading.take(places) for name, reading in self.fields.items()}
        return _Read(self.body.take(places), taken)


def clean(
    grid: Grid,
    header_row: int,
    mapping: Mapping[int, str],
    spec: SheetSpec,
    sheet_name: str,
    options: CleanOptions | None = None,
) -> Cleaned:
    """The rows below `header_row` (Excel row) with `mapping` (column index in the grid -> field name), cast
    and checked. Several columns of one field add up (counts, amounts) or are joined (codes, texts).

    Every fault is collected; ShopError("sheet.missing_field", fields=[...]) only where a required column is
    not there at all.
    """
    chosen = options or CleanOptions()
    body = _body(grid, header_row, mapping, spec)
    kept = data_rows(body, grid.flaws)
    reader, aside = reader_of(grid, header_row, body, chosen)
    totals = _read(body.take(kept.totals), aside.at(reader, kept.totals))
    data, once = carried_down(body.take(kept.data), grid.merges, grid.first_column)
    read = _read(data, aside.at(reader, kept.data))
    read, more = _without_sums(read)
    faults = _faults(read, grid, once)
    at, stray = strays(read.body, joined(grid, *header_rows(grid, header_row)))
    if stray.any():
        faults[at] = np.where(stray > 0, stray, faults[at])
    frame = _frame(read)
    again = parts.repeats(frame, spec, read.body.cells)
    _mark_merged(frame, faults, read.body, grid)
    _mark_parts(frame, faults, read.body, again)
    bad = _any(faults.values())
    again &= ~bad
    accepted = _settled(frame[~(bad | again)].reset_index(drop=True))
    whole, returns = _summed(accepted, spec)
    skipped = pd.concat([_figures(totals), more], ignore_index=True)
    return Cleaned(
        _settled(whole),
        _rejected(read.body, grid, faults, sheet_name),
        kept.rows,
        len(skipped),
        int(again.sum()) + len(accepted) - len(whole) + kept.hollow,
        kept.notes,
        int(np.isin(read.body.numbers, grid.hidden_rows).sum()),
        _tallies(read, skipped, bad, again),
        int(again.sum()),
        once,
        skipped.sort_values("row", ignore_index=True),
        (
            *aside.notices,
            *_look_alikes(frame, spec),
            *unknown_units(read.body, faults, aside.units),
            *([Notice("import.rows_hollow", {"rows": kept.hollow})] if kept.hollow else []),
        ),
        returns,
        _divided(read, bad | again),
    )


def _divided(read: _Read, out: np.ndarray) -> pd.DataFrame:
    """The cells of counts that several columns add up to, of all rows but those that are `out`."""
    parts = [
        pd.DataFrame({"row": read.body.numbers, "column": at, "field": name, "units": units})
        for name, reading in read.fields.items()
        for at, units in reading.parts.items()
    ]
    listed = [part[~out & part["units"].notna().to_numpy()] for part in parts]
    return pd.concat(listed, ignore_index=True) if listed else pd.DataFrame()


def _without_sums(read: _Read) -> tuple[_Read, pd.DataFrame]:
    """(the rows that sum no others, the figures of those that do): totals without a word for it, and totals among
    the parts of one key."""
    left_out = []
    figures = {name: column.to_numpy(float, na_value=np.nan) for name, column in read.figures.items()}
    summed = sums_of_the_above(read.body, figures) | outline.heads(read.body, figures)
    for once in (True, False):
        mask = summed if once else parts.totals_among(_frame(read), read.body)
        if mask.any():
            left_out.append(_figures(read.take(np.flatnonzero(mask))))
            read = read.take(np.flatnonzero(~mask))
    return read, pd.concat(left_out or [_figures(read).head(0)], ignore_index=True)


def _summed(frame: pd.DataFrame, spec: SheetSpec) -> tuple[pd.DataFrame, Returns]:
    """The rows with their parts added up, and what negative sales among them took back."""
    if not spec.sum_parts:
        return frame, NONE
    apart, returns = returns_apart(frame, spec)
    return no_less_than_nothing(parts.sum_parts(apart, spec), spec, returns)


def _body(grid: Grid, header_row: int, mapping: Mapping[int, str], spec: SheetSpec) -> Body:
    missing = [name for name in spec.required if name not in mapping.values()]
    if missing:
        raise ShopError(
            "sheet.missing_field", fields=missing, titles=[spec.field(name).title("zh") for name in missing]
        )
    start = max(header_row - grid.first_row + 1, 0)
    numbers = np.arange(grid.first_row + start, grid.first_row + grid.cells.num_rows)
    order = [name for entry in spec.fields for name in (entry.name,) if name in mapping.values()]
    columns = by_field(mapping)
    return Body(grid.cells.slice(start), numbers, {name: columns[name] for name in order}, spec, numbers)


def _read(body: Body, reader: Reader) -> _Read:
    return _Read(
        body,
        {
            name: read_field(body.cells, columns, body.spec.field(name), reader)
            for name, columns in body.columns.items()
        },
    )


def _frame(read: _Read) -> pd.DataFrame:
    frame = pd.DataFrame({name: reading.values for name, reading in read.fields.items()})
    frame = frame.assign(row=read.body.numbers)
    below = read.body.first != read.body.numbers
    return frame.assign(first_row=read.body.first) if below.any() else frame


def _figures(read: _Read) -> pd.DataFrame:
    return pd.DataFrame({"row": read.body.numbers, **read.figures})


def _tallies(read: _Read, skipped: pd.DataFrame, bad: np.ndarray, again: np.ndarray) -> dict[str, Tally]:
    """Each count and amount: the sum of the file's own cells, and what of it is refused or left out."""
    figures = read.figures
    left_out = {name: int(skipped[name].sum()) for name in figures}
    data, repeated = parts.sums(figures), parts.sums(figures, again)
    return parts.tallied(
        {name: data[name] + left_out[name] for name in figures},
        parts.sums(figures, bad),
        {name: left_out[name] + repeated[name] for name in figures},
    )


def _faults(read: _Read, grid: Grid, once: tuple[str, ...]) -> dict[int, np.ndarray]:
    """Column -> one fault a cell: what the file itself says of the cell, then what its reading says, then
    bounds, then blanks."""
    faults: dict[int, np.ndarray] = {}
    body = read.body
    for name, reading in read.fields.items():
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


def _mark_merged(frame: pd.DataFrame, faults: Mapping[int, np.ndarray], body: Body, grid: Grid) -> None:
    """Refuses every row of a figure that is merged over rows of several keys: nobody can say whose it is."""
    for name in (entry.name for entry in body.spec.fields if entry.adds and entry.name in body.columns):
        for at in body.columns[name]:
            source = merged_from(grid.merges, at + grid.first_column, body.numbers)
            faults[at][parts.over_several(frame, body.spec, source)] = FAULT["cell.merged"]


def _mark_parts(frame: pd.DataFrame, faults: Mapping[int, np.ndarray], body: Body, again: np.ndarray) -> None:
    """Refuses, at their last key cell, every row whose key another row has (where rows of one key do not add
    up), and the good parts of a key or a group of which one part is refused. Rows whose key cannot be read share it with
    none."""
    spec = body.spec
    if spec.whole and spec.whole[0] in frame:
        column = faults[body.columns[spec.whole[0]][-1]]
        known = ~_any(_of(faults, body, spec.whole[:1]))
        column[parts.torn(frame, spec, known, _any(faults.values()))] = FAULT["cell.group_refused"]
    key = parts.whole_key(frame, spec)
    if not key or not len(frame):
        return
    at, keyed = faults[body.columns[key[-1]][-1]], ~_any(_of(faults, body, key))
    if not spec.sum_parts:
        whole = ~_any(_of(faults, body, parts.keys(frame, spec)))
        twice = parts.alike(frame, spec, whole, again) & ~parts.dated_apart(frame, spec)
        at[twice] = FAULT["cell.duplicate"]
    unnamed = ~keyed & frame[key].isna().any(axis=1).to_numpy()
    at[parts.above_unnamed(frame, body, unnamed) & keyed & (at == 0)] = FAULT["cell.part_refused"]
    at[parts.fragments(frame, spec, keyed, _any(faults.values()))] = FAULT["cell.part_refused"]


def _of(faults: Mapping[int, np.ndarray], body: Body, names: Iterable[str]) -> list[np.ndarray]:
    """The faults of the columns of some fields."""
    return [faults[at] for name in names for at in body.columns[name]]


def _any(faults: Iterable[np.ndarray]) -> np.ndarray:
    """Where any of the columns has a fault."""
    return np.asarray(np.any(np.column_stack([column > 0 for column in faults]), axis=1), bool)


def _look_alikes(frame: pd.DataFrame, spec: SheetSpec) -> Iterator[Notice]:
    """Codes with letters of another script that look like Latin ones."""
    for entry in spec.fields:
        if entry.kind == "code" and entry.name in frame:
            odd = suspicious(frame[entry.name])
            if odd.any():
                codes = frame.loc[odd, entry.name].unique().tolist()
                yield Notice(
                    "sheet.look_alikes", {"field": entry.name, "codes": codes[:20], "count": len(codes)}
                )


def _rejected(body: Body, grid: Grid, faults: Mapping[int, np.ndarray], sheet_name: str) -> pd.DataFrame:
    names = {at: name for name, columns in body.columns.items() for at in columns}
    parts = [
        _rejected_cells(body, grid, at, fault).assign(sheet=sheet_name, field=names[at])
        for at, fault in faults.items()
        if fault.any()
    ]
    if not parts:
        return pd.DataFrame({name: pd.Series(dtype="int64" if name == "row" else "str") for name in REJECTED})
    whole = pd.concat(parts, ignore_index=True).sort_values(["row", "at"], kind="stable", ignore_index=True)
    return whole[list(REJECTED)].astype({name: "str" for name in REJECTED if name != "row"})


def _rejected_cells(body: Body, grid: Grid, at: int, fault: np.ndarray) -> pd.DataFrame:
    """The refused cells of one column: row, cell, code, value, at (the column in the sheet)."""
    places, column = np.flatnonzero(fault), grid.first_column + at
    flaws = grid.flaws[grid.flaws["column"] == column].set_index("row")["value"]
    texts = pd.Series(body.cells.column(at).take(pa.array(places)).to_pylist(), dtype=object).fillna("")
    flawed = flaws.reindex(body.numbers[places]).reset_index(drop=True)
    rows = pd.Series(body.numbers[places])
    return pd.DataFrame(
        {
            "row": rows,
            "cell": column_letters(column) + rows.astype(str),
            "code": np.array(FAULTS, dtype=object)[fault[places]],
            "value": flawed.where(flawed.notna() & (flawed != ""), texts).astype(str),
            "at": column,
        }
    )


def _settled(frame: pd.DataFrame) -> pd.DataFrame:
    """Whole-number columns without a blank (left) as int64."""
    full = [name for name in frame.columns if str(frame[name].dtype) == "Int64" and not frame[name].hasnans]
    return frame.astype(dict.fromkeys(full, "int64"))
