"""Counts and prices in packs: cartons, dozens and sets become pieces where the pack's size is known, and are refused
where it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.values import cells
from core.sheets.values.cells import Reading
from core.sheets.values.spellings import FAULT, LARGEST_COUNT, fold, number_of

DOZEN = 12.0
_BOUGHT = frozenset({"unit_cost", "product", "moq"})
PACK = r"箱|整箱|件箱|套|ctns?|cartons?|cases?|sets?"
STACK = (  # of cartons, of pieces, of dozens: a carton's size does not say how many
    r"托盘|卡板|栈板|托|垛|提|组|板|扎|捆|排|筐|篓|串|联|令|摞|沓|罗|pallets?|plts?|gross|bundles?|trays?|crates?"
)
PIECE = r"件|个|支|瓶|盒|包|只|双|条|张|片|台|袋|罐|本|份|枚|pcs?|ea"
_IN_PACKS = re.compile(
    rf"([+-]?[\d,]*\d(?:\.\d+)?)({PACK}|{STACK}|打|dozens?)(?:[零又+]?(\d+)(?:{PIECE})?)?", re.IGNORECASE
)
_PACK_UNIT = rf"(?i)^(?:[1一每整]?(?:{PACK})(?:[(（=*x×/]?\s*\d+.*)?|\d.*/1?(?:{PACK}))$"
_STACK_UNIT = rf"(?i)^(?:[1一每整]?(?:{STACK})(?:[(（=*x×/]?\s*\d+.*)?|\d.*/1?(?:{STACK}))$"
_DOZEN_UNIT = r"(?i)^(?:打|dozens?)$"
_WEIGHT_UNIT = r"(?i)^(?:kg|g|t|公斤|千克|克|斤|市斤|两|吨|磅|lbs?|oz)$"
_BARE = r"^[+-]?[\d,]*\d(?:\.\d+)?$"


_PRICED_BY = rf"(?i)^(.*\d)(?:元|块|圆|rmb|cny)?\s*/\s*({PACK}|打|dozens?|{STACK})\s*$"
_PRICED_APIECE = rf"(?i)\d(?:元|块|圆|rmb|cny)?\s*/\s*(?:{PIECE})\s*$"
_SAYS_PACK = (  # 1箱=12瓶, 箱(12瓶) · 12瓶/箱 · 1箱*12瓶
    re.compile(rf"^1?(?:{PACK})[=:/(]*(\d+)(?:{PIECE})?\)?$"),
    re.compile(rf"(?:^|[^\d.])(\d+)(?:{PIECE})?/1?(?:{PACK})\)?$"),
    re.compile(rf"(?:^|[^\d.])1(?:{PACK})[=*x×](\d+)(?:{PIECE})?(?:$|\D)"),
)
_IS_SIZE = (  # 12瓶/件 · 1*12 · 12*1 · 12入, where nothing but a pack's size is meant
    re.compile(rf"^(\d+)(?:{PIECE})?/件$"),
    re.compile(rf"^1[*x×](\d+)(?:{PIECE})?$"),
    re.compile(rf"^(\d+)(?:{PIECE})?[*x×]1$"),
    re.compile(rf"^(\d+)(?:{PIECE})?[入装]$"),
)


@dataclass(frozen=True, slots=True)
class Packing:
    """What a sheet says about its units, one value a row: `sizes` pieces a pack (float64, NaN unknown), `units`
    the text of its unit column, `buying` that of the unit in which goods are bought (null = blank); None where it has
    no such column. `beside`: texts that may say what a bundle holds (10包/提). `any_pack`: the sizes are of whatever the
    unit names, not of a carton."""

    sizes: np.ndarray | None = None
    units: pa.Array | None = None
    buying: pa.Array | None = None
    beside: tuple[pa.Array, ...] = ()
    any_pack: bool = False

    def of(self, name: str) -> Packing:
        """The packing of a field: what is bought is priced and counted in the unit that it is bought in."""
        if self.buying is None or name not in _BOUGHT:
            return self
        return replace(self, units=self.buying, buying=None)

    def take(self, places: np.ndarray) -> Packing:
        """Some of the rows."""
        units, buying = (None if one is None else one.take(places) for one in (self.units, self.buying))
        sizes = None if self.sizes is None else self.sizes[places]
        return Packing(sizes, units, buying, tuple(text.take(places) for text in self.beside), self.any_pack)


def read_quantities(column: pa.ChunkedArray | pa.Array, packing: Packing) -> Reading:
    """Counts in pieces (int64, Int64 where some are blank): `3箱5件` and `2打` by the row's pack size, and bare
    numbers by the unit column.

    Faults: "cell.unit" for packs of an unknown size, "cell.weight" for part of a piece in goods sold by weight.
    """
    array = cells.as_text(column)
    reading = cells.read_integers(array)
    packed = reading.faults == FAULT["cell.unit"]
    by_pack, by_dozen = _packed_rows(packing, len(array))
    by_weight = np.zeros(len(array), bool)
    if packing.units is not None:
        bare = _matches(array, _BARE)
        by_pack, by_dozen = by_pack & bare, by_dozen & bare
        by_weight = _matches(packing.units, _WEIGHT_UNIT)
    faults = reading.faults.copy()
    faults[by_weight & (faults == FAULT["cell.not_whole"])] = FAULT["cell.weight"]
    turned = packed | by_pack | by_dozen
    if not turned.any():
        return Reading(reading.values, faults)
    values = pd.array(reading.values, dtype="Int64").astype("Float64").to_numpy(float, na_value=np.nan)
    sizes = _sizes(packing, len(array))
    words = pd.Series(array.to_pandas(), dtype=object)
    for at in np.flatnonzero(packed):
        values[at] = _pieces(str(words[at]), float(sizes[at]), _beside(packing, int(at)))
    loose = by_pack | by_dozen
    numbers = pd.to_numeric(words[loose].str.replace(",", ""), errors="coerce").to_numpy(float)
    values[loose] = numbers * np.where(by_dozen, DOZEN, sizes)[loose]
    unknown, broken = turned & np.isnan(values), turned & (values != np.floor(values))
    faults[turned] = 0
    faults[broken] = FAULT["cell.not_whole"]
    faults[turned & (np.abs(values) > LARGEST_COUNT)] = FAULT["cell.too_large"]
    faults[unknown] = FAULT["cell.unit"]
    missing = np.isnan(values) | (faults > 0)
    return Reading(pd.arrays.IntegerArray(np.where(missing, 0, values).astype(np.int64), missing), faults)


def read_prices(column: pa.ChunkedArray | pa.Array, packing: Packing) -> Reading:
    """What one piece costs, in fen (half up): a price by the pack, in its cell (`120元/箱`) or by the row's unit, is
    divided by the pack's size. Faults as of an amount, and "cell.unit" for a pack of an unknown size."""
    array = cells.as_text(column)
    priced_by = _priced(array, _PRICED_BY)
    if priced_by.any():
        said = pc.replace_substring_regex(array, _PRICED_BY, r"\2")
        array = pc.if_else(pa.array(priced_by), pc.replace_substring_regex(array, _PRICED_BY, r"\1"), array)
        units = pa.nulls(len(array), pa.string()) if packing.units is None else packing.units
        packing = replace(packing, units=pc.if_else(pa.array(priced_by), said, units))
    reading = cells.read_money(array)
    by_pack, by_dozen = _packed_rows(packing, len(array))
    apiece = _priced(array, _PRICED_APIECE)
    turned = (by_pack | by_dozen) & ~apiece & ~np.asarray(pd.isna(reading.values)) & (reading.faults == 0)
    if not turned.any():
        return reading
    sizes = np.where(by_dozen, DOZEN, _sizes(packing, len(array)))
    values, faults = pd.array(reading.values, dtype="Int64"), reading.faults.copy()
    faults[turned & np.isnan(sizes)] = FAULT["cell.unit"]
    fen, missing = values.to_numpy("int64", na_value=0), np.asarray(values.isna()) | (faults > 0)
    for at in np.flatnonzero(turned & (faults == 0)):
        size = int(sizes[at])
        fen[at] = (int(fen[at]) * 2 + size) // (2 * size)
    return Reading(pd.arrays.IntegerArray(np.where(missing, 0, fen), missing), faults)


def priced_by_pack(column: pa.ChunkedArray | pa.Array, packing: Packing) -> np.ndarray:
    """Where a price is one of a whole pack (bool)."""
    array = cells.as_text(column)
    by_pack, by_dozen = _packed_rows(packing, len(array))
    rows: np.ndarray = (by_pack | by_dozen) & ~_priced(array, _PRICED_APIECE) | _priced(array, _PRICED_BY)
    rows &= np.asarray(array.is_valid().to_numpy(zero_copy_only=False), bool)
    return rows


def _priced(array: pa.Array, pattern: str) -> np.ndarray:
    """Where prices say by what (bool): always by a stroke, which few columns have at all."""
    stroke = pc.any(pc.match_substring(array, "/")).as_py()
    return _matches(array, pattern) if stroke else np.zeros(len(array), bool)


def _packed_rows(packing: Packing, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """(rows that count in packs, rows that count in dozens) by their unit."""
    if packing.units is None:
        return np.zeros(rows, bool), np.zeros(rows, bool)
    by_pack = _matches(packing.units, _PACK_UNIT) | _matches(packing.units, _STACK_UNIT)
    return by_pack, _matches(packing.units, _DOZEN_UNIT)


def _sizes(packing: Packing, rows: int) -> np.ndarray:
    """Pieces a pack by row (NaN unknown): of the row, else in the wording of its unit; a bundle has the size that is
    said of it."""
    sizes = np.full(rows, np.nan) if packing.sizes is None else packing.sizes
    if packing.units is None:
        return sizes
    texts = pd.Series(packing.units.to_pandas(), dtype=object)
    own = texts.map({text: pieces_a_pack(str(text)) for text in texts.dropna().unique()}).to_numpy(float)
    whole = np.where(np.isnan(sizes), own, sizes)
    for at in np.flatnonzero(_matches(packing.units, _STACK_UNIT)):
        held = pieces_a_stack(str(texts[at]), _beside(packing, int(at)))
        whole[at] = sizes[at] if packing.any_pack and np.isnan(held) else held
    return whole


def _beside(packing: Packing, at: int) -> tuple[str, ...]:
    """What the row says beside its unit."""
    return tuple(str(column[at].as_py() or "") for column in packing.beside)


@lru_cache(maxsize=4096)
def pieces_a_stack(unit: str, beside: tuple[str, ...] = ()) -> float:
    """How many pieces a bundle of that unit holds by its own wording, or by what is said beside it; NaN where nothing
    is said of that very unit.

    >>> [pieces_a_stack(unit) for unit in ("提(10包)", "1提=10包", "提")]
    [10.0, 10.0, nan]
    >>> [pieces_a_stack("提", (text,)) for text in ("10包/提", "12瓶/箱", "40箱/托 10/提", "每提8卷")]
    [10.0, nan, 10.0, 8.0]
    """
    match = re.search(STACK, fold(unit).casefold())
    if not match:
        return float("nan")
    name = re.escape(match[0])
    says = re.compile(
        rf"(?:^|\D)1?每?{name}[=:/(*x×]?(\d+)(?:{PIECE}|卷)?(?![\d.])|(?:^|[^\d.])(\d+)(?:{PIECE}|卷)?/1?{name}"
    )
    for text in (unit, *beside):
        held = says.search(fold(text)[: cells.LONGEST_SPELLING].casefold())
        size = int(held[1] or held[2]) if held else 0
        if 0 < size <= LARGEST_COUNT:
            return float(size)
    return float("nan")


def pieces_a_pack(text: str, *, bare: bool = False) -> float:
    """How many pieces a pack holds by its wording; NaN where it does not say. `bare`: the text is about nothing else,
    so that a number alone is one.

    >>> [pieces_a_pack(text) for text in ("1箱=12瓶", "500ml*12瓶/箱", "箱（6）", "1*24", "12片装", "12")]
    [12.0, 12.0, 6.0, nan, nan, nan]
    >>> [pieces_a_pack(text, bare=True) for text in ("12", "1*24", "12入")]
    [12.0, 24.0, 12.0]
    """
    folded = fold(text)[: cells.LONGEST_SPELLING].casefold()
    if bare:
        number, fault = number_of(folded)
        if not fault and number:
            return float(number) if number > 0 else float("nan")
    for pattern in (*_SAYS_PACK, *(_IS_SIZE if bare else ())):
        match = pattern.search(folded)
        if match and 0 < int(match[1]) <= LARGEST_COUNT:
            return float(match[1])
    return float("nan")


def read_pack_sizes(column: pa.ChunkedArray | pa.Array) -> Reading:
    """Pieces a pack as whole numbers, as numbers or in words (12瓶/箱)."""
    array = cells.as_text(column)
    reading = cells.read_integers(array)
    worded = np.flatnonzero(reading.faults)
    if not len(worded):
        return reading
    values, faults = pd.array(reading.values, dtype="Int64"), reading.faults.copy()
    for at in worded:
        text = str(array[at].as_py())
        size = pieces_a_pack(text, bare=True)
        size = _held_by_any(text) if np.isnan(size) else size
        if not np.isnan(size):
            values[at], faults[at] = int(size), 0
    return Reading(values, faults)


def unit_in(cell: str) -> str:
    """The pack that a cell counts or prices in; "" for none.

    >>> unit_in("3提"), unit_in("120元/箱"), unit_in("3")
    ('提', '箱', '')
    """
    match = re.search(rf"(?:\d|/)({PACK}|{STACK}|打)", fold(cell)[: cells.LONGEST_SPELLING], re.IGNORECASE)
    return match[1] if match else ""


def _held_by_any(text: str) -> float:
    """Pieces a bundle where a pack's size is said of one (10包/提)."""
    match = re.search(STACK, fold(text)[: cells.LONGEST_SPELLING], re.IGNORECASE)
    return pieces_a_stack(match[0], (text,)) if match else float("nan")


def _matches(array: pa.Array, pattern: str) -> np.ndarray:
    matched = pc.fill_null(pc.match_substring_regex(array, pattern), False)
    return np.asarray(matched.to_numpy(zero_copy_only=False), bool)


def _pieces(text: str, size: float, beside: tuple[str, ...] = ()) -> float:
    """The pieces of `3箱5件`; NaN where the pack's size is unknown or the text is something else.

    >>> _pieces("3箱5件", 12.0), _pieces("2打", float("nan")), _pieces("2提", 12.0), _pieces("2提1包", 12.0, ("10包/提",))
    (41.0, 24.0, nan, 21.0)
    """
    match = _IN_PACKS.fullmatch(fold(text)[: cells.LONGEST_SPELLING])
    if not match:
        return float("nan")
    packs, unit, rest = match.groups()
    if re.fullmatch(STACK, unit, re.IGNORECASE):
        size = pieces_a_stack(unit, beside)
    per = DOZEN if re.fullmatch(_DOZEN_UNIT, unit) else size
    whole = float(packs.replace(",", "")) * per
    return whole + (float(rest or 0) if whole >= 0 else -float(rest or 0))
