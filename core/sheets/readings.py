"""The mapped columns of a sheet as typed values: several columns of one field become one value, and each
fault keeps its own cell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.clock import SHANGHAI
from core.sheets.columns import Field
from core.sheets.values import cells
from core.sheets.values.cells import Clock, Reading
from core.sheets.values.dates import Order
from core.sheets.values.quantities import Packing, read_pack_sizes, read_prices, read_quantities
from core.sheets.values.spellings import FAULT

KEY_JOINT = "-"  # between the parts of a code that several columns make up
_SCALED = frozenset({"千", "万", "亿"})  # what a spelling of a number may end with
_BARE = r"^\s*[+-]?(?:\d[\d,]*\.?\d*|\.\d+)\s*$"
_SIGNED = r"^\s*([-+]?)(?i:us|hk|nt)?[$€£₩]\s*"
_NOT_PACKED = frozenset({"lead_time_days", "row_version"})
_OTHER_UNITS = frozenset({"", "千", "万", "亿", "%", "‰"})
APIECE = "件"  # the unit of a header that prices single pieces, whatever the rows count in


@dataclass(frozen=True, slots=True)
class Reader:
    """How the cells of a sheet are read: its clock, its packs, and the yuan that one unit of each row's
    currency is worth (float64, NaN where nobody has said; None where all is yuan). `units`: column -> the unit
    that its header states (万 for 万元, 箱, %). `own_rates`: column -> yuan for one unit of the currency that its
    header names."""

    clock: Clock = field(default_factory=Clock)
    packing: Packing = field(default_factory=Packing)
    rates: np.ndarray | None = None
    units: Mapping[int, str] = field(default_factory=dict)
    own_rates: Mapping[int, float] = field(default_factory=dict)

    def of_column(self, at: int, rows: int) -> Reader:
        """The reader for one column: the packs and the currency that its header names are those of every row."""
        reader, unit = self, self.units.get(at, "")
        if at in self.own_rates:
            reader = replace(reader, rates=np.full(rows, self.own_rates[at]))
        if unit in _OTHER_UNITS:
            return reader
        units = pa.array([None if unit == APIECE else unit] * rows, pa.string())
        return replace(reader, packing=replace(reader.packing, units=units, buying=None))


@dataclass(frozen=True, slots=True)
class FieldReading:
    """One field read: its values, and the faults of each of its columns by column index. `parts`: the values of each
    column (Int64) where several add up."""

    values: pd.api.extensions.ExtensionArray | np.ndarray
    faults: Mapping[int, np.ndarray]
    parts: pd.DataFrame = field(default_factory=pd.DataFrame)

    def take(self, places: np.ndarray) -> FieldReading:
        """Some of the rows."""
        values = self.values[places] if isinstance(self.values, np.ndarray) else self.values.take(places)
        parts = self.parts.iloc[places] if len(self.parts.columns) else self.parts
        return FieldReading(values, {at: fault[places] for at, fault in self.faults.items()}, parts)


@dataclass(frozen=True, slots=True)
class CleanOptions:
    """How a sheet is read where it cannot say so itself.

    `day_order`: which number of 02/01/2024 comes first ("day" | "month" | "" = the sheet must prove it).
    `rates`: yuan for one unit of a currency by its code (`{"USD": Decimal("7.10")}`); money in any other is
    refused.
    """

    zone: str = SHANGHAI
    day_order: Order = ""
    rates: Mapping[str, Decimal] = field(default_factory=dict)


def read_column(column: pa.ChunkedArray | pa.Array, entry: Field, reader: Reader | None = None) -> Reading:
    """One column's cells as the field's kind reads them."""
    reader = reader or Reader()
    if entry.kind == "money" and reader.rates is not None:
        column = _without_signs(column, reader.rates != 1)
    reading = _read_kind(column, entry, reader)
    if entry.kind == "money" and reader.rates is not None:
        reading = _in_yuan(reading, reader.rates)
    if entry.stated:
        words = np.asarray(pc.fill_null(pc.match_substring_regex(cells.as_text(column), r"\pL"), False))
        blank = np.asarray(pd.isna(reading.values)) & (reading.faults == 0)
        reading.faults[words & blank] = FAULT["cell.not_an_amount"]
    return reading


def _read_kind(column: pa.ChunkedArray | pa.Array, entry: Field, reader: Reader) -> Reading:
    match entry.kind:
        case "integer" if entry.name == "pack_size":
            return read_pack_sizes(column)
        case "money" if entry.each:
            return read_prices(column, reader.packing.of(entry.name))
        case "integer" if entry.name not in _NOT_PACKED:
            return read_quantities(column, reader.packing.of(entry.name))
        case "day":
            return cells.read_days(column, reader.clock)
        case "moment":
            return cells.read_moments(column, reader.clock)
        case "end":
            return cells.read_ends(column, reader.clock)
        case "choice":
            return cells.read_choices(column, dict(entry.choices or {}))
        case kind:
            return _PLAIN[kind](column)


_PLAIN = {
    "code": cells.read_codes,
    "text": cells.read_texts,
    "integer": cells.read_integers,
    "money": cells.read_money,
    "rate": cells.read_rates,
}


def _without_signs(column: pa.ChunkedArray | pa.Array, foreign: np.ndarray) -> pa.Array:
    """Amounts without the sign of the currency that their row names already."""
    texts = cells.as_text(column)
    return pc.if_else(pa.array(foreign), pc.replace_substring_regex(texts, _SIGNED, r"\1"), texts)


def _in_yuan(reading: Reading, rates: np.ndarray) -> Reading:
    """Amounts in their rows' currencies as fen, half up; refused where a currency has no rate."""
    values = pd.array(reading.values, dtype="Int64")
    amounts = values.to_numpy(float, na_value=np.nan)
    faults, stated = reading.faults.copy(), ~np.isnan(amounts) & (amounts != 0)
    faults[stated & np.isnan(rates)] = FAULT["cell.currency"]
    turned = np.flatnonzero(stated & (faults == 0) & (rates != 1))
    fen = values.to_numpy("int64", na_value=0)
    fen[turned] = [_rounded(int(fen[at]), float(rates[at])) for at in turned]
    missing = np.isnan(amounts) | (faults > 0)
    return Reading(pd.arrays.IntegerArray(np.where(missing, 0, fen), missing), faults)


def _rounded(fen: int, rate: float) -> int:
    """An amount at a rate of up to six decimals, half up, in whole numbers throughout."""
    return (fen * round(rate * 10**6) * 2 + 10**6) // (2 * 10**6)


def read_field(table: pa.Table, columns: tuple[int, ...], entry: Field, reader: Reader) -> FieldReading:
    """A field of one column as it is; of several the sum of counts and amounts, else their texts joined."""
    readings = {
        at: read_column(_spelled(table.column(at), entry, reader.units.get(at, "")), entry, of_column)
        for at in columns
        for of_column in (reader.of_column(at, table.num_rows),)
    }
    if len(columns) == 1:
        ((column, reading),) = readings.items()
        return FieldReading(reading.values, {column: reading.faults})
    faults = {at: reading.faults for at, reading in readings.items()}
    if entry.adds:
        parts = pd.DataFrame(
            {at: pd.array(reading.values, dtype="Int64") for at, reading in readings.items()}
        )
        total = parts.sum(axis=1, min_count=1).astype("Int64")
        bad = np.logical_or.reduce([fault > 0 for fault in faults.values()])
        return FieldReading(total.mask(bad).array, faults, parts)
    return FieldReading(_joined([reading.values for reading in readings.values()], entry), faults)


def _spelled(column: pa.ChunkedArray, entry: Field, unit: str) -> pa.ChunkedArray | pa.Array:
    """A column with the scale or the per cent of its header written into its bare numbers."""
    scaled = unit in _SCALED and entry.kind in {"integer", "money"}
    if not scaled and not (unit in {"%", "‰"} and entry.kind == "rate"):
        return column
    array = cells.as_text(column)
    bare = pc.fill_null(pc.match_substring_regex(array, _BARE), False)
    return pc.if_else(bare, pc.binary_join_element_wise(array, unit, ""), array)


def _joined(parts: list[pd.api.extensions.ExtensionArray], entry: Field) -> pd.api.extensions.ExtensionArray:
    """Codes by a dash, the blanks between them kept and those behind dropped; nothing without the first part.
    Texts by a blank."""
    texts = [pd.Series(part, dtype="str").fillna("") for part in parts]
    below = pd.concat(texts[1:], axis=1)
    if entry.kind != "code":
        whole = texts[0].str.cat(below, sep=" ")
        whole = whole.str.replace(r"\s+", " ", regex=True).str.strip()
        return whole.mask(whole == "").array
    whole = texts[0].str.cat(below, sep="\x1f")
    whole = whole.str.rstrip("\x1f").str.replace("\x1f", KEY_JOINT, regex=False)
    return whole.mask(texts[0] == "").array


def by_flaws(flaws: pd.DataFrame, column: int, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(places of the rows, fault) of the cells in a sheet column whose value is not to be trusted."""
    mine = flaws[flaws["column"] == column]
    rows = mine["row"].to_numpy()
    if not len(rows) or not len(numbers):
        return np.zeros(0, np.int64), np.zeros(0, np.int8)
    places = np.searchsorted(numbers, rows).clip(max=len(numbers) - 1)
    hit = numbers[places] == rows
    return places[hit], mine["code"].map(FAULT).to_numpy()[hit].astype(np.int8)
