"""What stands beside the figures of a sheet and changes what they mean: units, pack sizes, currencies, the
order of day and month."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa

from core.sheets.columns import Field, SheetSpec
from core.sheets.layout import units
from core.sheets.layout.header_rows import header_rows, joined
from core.sheets.layout.rows import Body, valid
from core.sheets.matching import match
from core.sheets.reader import Grid
from core.sheets.readings import CleanOptions, Reader
from core.sheets.values import cells
from core.sheets.values.cells import Clock
from core.sheets.values.dates import Evidence, Order
from core.sheets.values.quantities import Packing, priced_by_pack, unit_in
from core.sheets.values.spellings import FAULT

_BESIDE = SheetSpec(
    "beside",
    (
        Field("unit", "text"),
        Field("buying_unit", "text"),
        Field("pack_size", "integer"),
        Field("currency", "text"),
    ),
    (),
)
_YUAN = frozenset({"", "cny", "rmb", "cnh", "人民币", "人民币元", "元", "¥", "yuan", "中国元", "-", "cn¥"})
_NAMES = {
    "$": "USD",
    "us$": "USD",
    "美元": "USD",
    "美金": "USD",
    "€": "EUR",
    "欧元": "EUR",
    "£": "GBP",
    "英镑": "GBP",
    "港币": "HKD",
    "港元": "HKD",
    "hk$": "HKD",
    "日元": "JPY",
    "台币": "TWD",
    "新台币": "TWD",
    "nt$": "TWD",
    "韩元": "KRW",
    "₩": "KRW",
}
_CURRENCY_HEADER = re.compile(r"币种|币别|币制|货币|金额单位|计价单位|currency", re.IGNORECASE)
_YUAN_IN_HEADER = re.compile(r"\((?:单位[::]?)?(?:元|人民币|rmb|cny|¥)(?:/.{1,3})?\)")
_IN_HEADER = re.compile(
    r"(?:(?<![a-z])(usd|eur|gbp|hkd|jpy|twd|krw|sgd|thb|myr|aud|cad|vnd|php)(?![a-z]))|(us\$|hk\$|nt\$|[$€£₩])|(美元|美金|欧元|英镑|港币|港元|日元|新台币|台币|韩元)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that the reader of a sheet has to be told or asked: a code and its facts."""

    code: str
    facts: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Aside:
    """What was noticed beside the figures; `units`: the columns of units."""

    notices: tuple[Notice, ...] = ()
    units: tuple[int, ...] = ()

    def at(self, reader: Reader, places: np.ndarray) -> Reader:
        """The reader for some of the rows."""
        packing, rates = reader.packing, reader.rates
        return replace(reader, packing=packing.take(places), rates=None if rates is None else rates[places])


def reader_of(grid: Grid, header_row: int, body: Body, options: CleanOptions) -> tuple[Reader, Aside]:
    """How the cells of a body are read, one value a row, and what has to be said about it."""
    headers = joined(grid, *header_rows(grid, header_row))
    beside = {name: at for at, name in match(headers, _BESIDE).mapping.items()}
    said = units.above(grid, header_row)
    by_row = {
        name: cells.as_text(body.cells.column(at)) for name, at in beside.items() if name.endswith("unit")
    }
    sizes = units.sizes_of(body, headers, beside.get("pack_size"))
    bundles = units.beside(body, headers)
    any_pack = "pack_size" in beside and units.is_any_pack(headers[beside["pack_size"]])
    packing = Packing(sizes, by_row.get("unit"), by_row.get("buying_unit"), bundles, any_pack)
    order, undecided = _order(body, options)
    money = currencies(body, headers, beside.get("currency"), said.words)
    rates, own_rates, foreign = _rates(money, options)
    if "currency" in body.columns and not options.rates:  # such a kind judges the rows by itself
        rates = None
    by_column = units.units_of(headers, body, said, by_row=bool(by_row))
    reader = Reader(Clock(options.zone, order), packing, rates, by_column, own_rates)
    notices = (*undecided, *foreign, *_by_the_pack(body, headers, reader), *_said(said))
    return reader, Aside(notices, tuple(beside[name] for name in by_row))


def unknown_units(body: Body, faults: Mapping[int, np.ndarray], columns: Sequence[int]) -> Iterator[Notice]:
    """The units of refused cells of which nobody knows how many pieces they hold, by name with their rows. `columns`:
    those of units."""
    names: dict[str, int] = {}
    for at, fault in faults.items():
        rows = np.flatnonzero(fault == FAULT["cell.unit"])
        for cell, *others in zip(*(_some(body, one, rows) for one in (at, *columns)), strict=True):
            name = unit_in(cell) or next(filter(None, others), "")
            names[name] = names.get(name, 0) + 1
    named = [f"{name} {count}" for name, count in names.items() if name]
    if named:
        yield Notice("sheet.unit_unknown", {"names": named})


def _some(body: Body, at: int, rows: np.ndarray) -> list[str]:
    texts = cells.as_text(body.cells.column(at).take(pa.array(rows)))
    return [text or "" for text in texts.to_pylist()]


def _by_the_pack(body: Body, headers: list[str], reader: Reader) -> Iterator[Notice]:
    """Prices of whole packs, which are read as those of one piece."""
    rows, names = np.zeros(len(body.numbers), bool), list[str]()
    for entry in body.spec.fields:
        for at in body.columns.get(entry.name, ()) if entry.each else ():
            packs = priced_by_pack(
                body.cells.column(at), reader.of_column(at, len(rows)).packing.of(entry.name)
            )
            if packs.any():
                rows, names = rows | packs, [*names, headers[at]]
    if names:
        yield Notice("sheet.by_the_pack", {"names": names, "rows": int(rows.sum())})


def _said(said: units.Above) -> Iterator[Notice]:
    """A unit of the whole sheet that stands above its header."""
    if said.money or said.counts or said.pack:
        yield Notice("sheet.unit_above", {"names": [said.words]})


def _order(body: Body, options: CleanOptions) -> tuple[Order, tuple[Notice, ...]]:
    """The order of day and month that all date columns of the sheet prove together; asked where they leave it
    open."""
    if options.day_order:
        return options.day_order, ()
    names = [
        e.name for e in body.spec.fields if e.kind in {"day", "moment", "end"} and e.name in body.columns
    ]
    columns = {
        name: cells.column_evidence(body.cells.column(at)) for name in names for at in body.columns[name]
    }
    whole = Evidence()
    for proof in columns.values():
        whole |= proof
    open_fields = [name for name, proof in columns.items() if proof.undecided]
    if whole.order or not open_fields:
        return whole.order, ()
    return "", (Notice("sheet.day_or_month", {"fields": open_fields}),)


class Money(NamedTuple):
    """In which currencies a sheet's amounts are, by their codes ("" for yuan): by row, and of columns whose own header
    says it. None and nothing where the sheet speaks of none."""

    rows: pd.Series | None
    columns: Mapping[int, str]


def currencies(body: Body, headers: list[str], column: int | None, above: str) -> Money:
    """The currencies of the amounts: of a column of currencies, which holds for all of them, else of each amount's
    header, else of what is said `above` the header or in another amount's."""
    money = [
        at
        for name, columns in body.columns.items()
        for at in columns
        if body.spec.field(name).kind == "money"
    ]
    if not money:
        return Money(None, {})
    if column is None:
        said = (at for at, text in enumerate(headers) if _CURRENCY_HEADER.search(text) and at not in money)
        column = next(said, None)
    if column is not None:
        texts = cells.as_text(body.cells.column(column))
        if not valid(texts).any():
            return Money(None, {})
        return Money(pd.Series(texts.to_pandas(), dtype=object).fillna("").map(currency_code), {})
    own = {at: code for at in money if (code := _header_currency(headers[at])) is not None}
    whole = _header_currency(above) or next(filter(None, own.values()), "")
    if not whole:
        return Money(None, {})
    rows = pd.Series(whole, index=range(len(body.numbers)), dtype=object)
    return Money(rows, own if len(own) < len(money) or len(set(own.values())) > 1 else {})


def _header_currency(text: str) -> str | None:
    """The currency that a header names, "" for yuan, None where it names none.

    >>> _header_currency("成本价(USD)"), _header_currency("吊牌价(元)"), _header_currency("实付金额")
    ('USD', '', None)
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    marked = _IN_HEADER.search(folded)
    if marked:
        return currency_code(marked[0])
    return "" if _YUAN_IN_HEADER.search(folded) else None


def currency_code(text: object) -> str:
    """A currency's code; "" for yuan.

    >>> currency_code("人民币"), currency_code("usd"), currency_code("港币")
    ('', 'USD', 'HKD')
    """
    folded = "" if pd.isna(text) else str(text).strip().casefold()  # type: ignore[call-overload]
    return "" if folded in _YUAN else _NAMES.get(folded, folded.upper()[:8])


def _rates(
    money: Money, options: CleanOptions
) -> tuple[np.ndarray | None, dict[int, float], tuple[Notice, ...]]:
    """(yuan for one unit of each row's currency, and of each column that names its own, NaN unknown; the question
    about those without a rate)."""
    rows = money.rows
    if rows is None or not (rows != "").any():
        return None, {}, ()
    known = {"": 1.0} | {code.upper(): float(rate) for code, rate in options.rates.items()}
    rates = rows.map(known).to_numpy(float)
    own = {at: known.get(code, float("nan")) for at, code in money.columns.items()}
    asked = rows[np.isnan(rates)].value_counts()
    counts = {str(code): int(count) for code, count in asked.items()}
    counts |= {code: len(rows) for at, code in money.columns.items() if np.isnan(own[at])}
    notices = (Notice("sheet.currency", {"names": list(counts), "currencies": counts}),)
    return rates, own, notices if counts else ()
