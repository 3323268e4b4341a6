"""A sheet's cells against its kind: typed columns for the rows that hold, and each refused cell by its
address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import ShopError
from core.sheets import parts
from core.sheets.columns import SheetSpec, by_field
from core.sheets.faults import any_of, cell_faults, mark_merged, mark_parts
from core.sheets.formats.container import column_letters
from core.sheets.layout import outline
from core.sheets.layout.aside import Notice, reader_of, unknown_units
from core.sheets.layout.header_rows import header_rows, joined
from core.sheets.layout.rows import Body, carried_down, data_rows, sums_of_the_above
from core.sheets.layout.strays import strays
from core.sheets.parts import Tally
from core.sheets.reader import Grid
from core.sheets.readings import CleanOptions, FieldReading, Reader, read_field
from core.sheets.returns import NONE, Returns, no_less_than_nothing, returns_apart
from core.sheets.values.look_alikes import suspicious
from core.sheets.values.spellings import FAULTS

REJECTED = ("sheet", "row", "cell", "field", "code", "value")


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
    faults = cell_faults(read.body, read.fields, grid, once)
    at, stray = strays(read.body, joined(grid, *header_rows(grid, header_row)))
    if stray.any():
        faults[at] = np.where(stray > 0, stray, faults[at])
    frame = _frame(read)
    again = parts.repeats(frame, spec, read.body.cells)
    mark_merged(frame, faults, read.body, grid)
    mark_parts(frame, faults, read.body, again)
    bad = any_of(faults.values())
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
