"""Which column of a shop's database says what, and a row of it as the sums that it states. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from core import clock
from core.connect.feeds.aliases import ALIASES, TIMES
from core.connect.feeds.derive import Pair, Sums, Unsayable
from core.errors import ShopError
from core.money import half_up, parse_fen

EVENT_KINDS = ("orders", "payments", "refunds")
KEYS: Mapping[str, str] = {"stock": "sku_code", "goods": "sku_code", "people": "person"}
"""What tells the rows of a sheet apart; the rows of every other kind have their `key`."""
KINDS = (*EVENT_KINDS, *KEYS)

_ROW = ("key", "order_id", "sku_code", "quantity", "amount", "at")
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "orders": (*_ROW, "changed"),
    "payments": (*_ROW, "changed"),
    "refunds": (*_ROW, "changed"),
    "stock": ("sku_code", "on_hand", "changed"),
    "goods": ("sku_code", "changed"),
    "people": ("person", "changed"),
}
_WHO = ("buyer", "channel", "currency")
OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "orders": ("paid_at", "paid_amount", "cancelled_at", "refunded_quantity", "refunded_amount", *_WHO),
    "payments": _WHO,
    "refunds": _WHO,
    "stock": ("reserved", "presale_committed", "in_transit", "name"),
    "goods": ("name", "spec", "barcode", "category", "brand", "supplier", "list_price"),
    "people": ("first_seen", "sex", "age_band", "province", "city_tier", "channel", "device", "interest"),
}
UNITS = ("yuan", "fen")
HOME = frozenset({"", "CNY", "RMB", "CNH", "人民币", "元", "¥", "￥"})
NEVER = ("0000-00-00", "0001-01-01")  # what some systems keep where nothing has happened
MILLISECONDS_FROM = 10**11  # a number above it counts milliseconds since 1970, below it seconds


@dataclass(frozen=True, slots=True)
class Layout:
    """How one kind is read: from a table (`schema.table`) or a SELECT of the shop's own, which column states which
    field, in which unit its money is, how far the second look reaches back (seconds, or numbers of a counting
    watermark), rows a batch, seconds a statement may take."""

    kind: str
    columns: Mapping[str, str]
    table: str = ""
    select: str = ""
    unit: str = "yuan"
    overlap: int = 300
    batch: int = 1_000
    timeout_s: int = 20

    @property
    def key(self) -> str:
        """The field that tells its rows apart."""
        return KEYS.get(self.kind, "key")


class Row(NamedTuple):
    """A row as it states itself: who and what, its sums, and when each part of them happened.
    `changed`: its watermark as `number_of` gives it, `changed_at` where that is a time."""

    key: str
    order_id: str
    sku_code: str
    buyer: str
    channel: str
    changed: int
    changed_at: datetime | None
    sums: Sums
    moments: Mapping[str, datetime]


class Bad(NamedTuple):
    """A row that could not be read: its key, its watermark, the reason, and what it held."""

    key: str
    changed: int
    code: str
    value: str = ""


def guessed(kind: str, columns: Sequence[str]) -> dict[str, str]:
    """field -> column by the names that shops usually give them; fields without one are missing.

    >>> guessed("orders", ["id", "order_no", "sku", "qty", "amount", "created_at", "updated_at"])["changed"]
    'updated_at'
    """
    by_name = {name.casefold(): name for name in columns}
    taken: dict[str, str] = {}
    for wanted in (*REQUIRED[kind], *OPTIONAL[kind]):
        names = (*(TIMES.get(kind, ()) if wanted == "at" else ()), *ALIASES[wanted])
        match = next((by_name[one] for one in names if one in by_name), None)
        if match is not None and (match not in taken.values() or wanted == "paid_at"):
            taken[wanted] = match
    return taken


def row_of(how: Layout, values: Mapping[str, object], zone_name: str) -> Row:
    """One row of orders, payments or refunds by field. Unsayable with the reason, "connect.cell.<field>" for a value
    that is none."""
    currency = _text(values, "currency")
    if currency.upper() not in HOME:
        raise Unsayable("connect.currency")
    at = _moment(values, "at", zone_name)
    if at is None:
        raise Unsayable("connect.cell.at")
    sums, moments = _stated(how, values, at, zone_name)
    return Row(
        _text(values, "key"),
        _text(values, "order_id"),
        _text(values, "sku_code"),
        _text(values, "buyer"),
        _text(values, "channel"),
        number_of(values["changed"], zone_name),
        _moment(values, "changed", zone_name) if is_moment(values["changed"]) else None,
        sums,
        moments,
    )


def _stated(
    how: Layout, values: Mapping[str, object], at: datetime, zone_name: str
) -> tuple[Sums, dict[str, datetime]]:
    quantity, amount = _units(values, "quantity"), _fen(values, "amount", how.unit)
    if how.kind == "payments":
        return Sums(pay=Pair(quantity, amount)), {"pay": at}
    if how.kind == "refunds":
        return Sums(pay=Pair(0, 0, quantity, amount)), {"refund": at}
    moments = {"order": at}
    order, pay = Pair(quantity, amount), Pair()
    paid_at, cancelled_at = (_moment(values, name, zone_name) for name in ("paid_at", "cancelled_at"))
    if cancelled_at is not None:
        order, moments = Pair(quantity, amount, quantity, amount), moments | {"cancel": cancelled_at}
    if paid_at is not None:
        paid = _fen(values, "paid_amount", how.unit) if values.get("paid_amount") is not None else amount
        back = _units(values, "refunded_quantity"), _fen(values, "refunded_amount", how.unit)
        pay, moments = Pair(quantity, paid, *back), moments | {"pay": paid_at}
    return Sums(order, pay), moments


def number_of(value: object, zone_name: str) -> int:
    """A watermark as a number that grows with it: microseconds since 1970 of a moment, a counter as it is.
    Unsayable("connect.cell.changed")."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    moment = _moment({"changed": value}, "changed", zone_name)
    if moment is None:
        raise Unsayable("connect.cell.changed")
    return round(moment.timestamp() * 1_000_000)


def is_moment(value: object) -> bool:
    """Whether a watermark is a time, not a counter."""
    return isinstance(value, str | date)


def _text(values: Mapping[str, object], name: str) -> str:
    value = values.get(name)
    if isinstance(value, bytes):
        value = value.decode(errors="replace")
    if isinstance(value, float | Decimal) and value == int(value):
        value = int(value)
    return "" if value is None else str(value).strip()


def _units(values: Mapping[str, object], name: str) -> int:
    value = values.get(name)
    try:
        exact = Decimal(str(value if value not in (None, "") else 0).strip())
    except InvalidOperation:
        raise Unsayable(f"connect.cell.{name}") from None
    if not exact.is_finite() or exact != exact.to_integral_value():
        raise Unsayable(f"connect.cell.{name}")
    return int(exact)


def _fen(values: Mapping[str, object], name: str, unit: str) -> int:
    value = values.get(name)
    if unit == "fen":
        return _units(values, name)
    try:
        if isinstance(value, str) and value.strip():
            return parse_fen(value)
        exact = Decimal(str(value if value not in (None, "") else 0).strip())
        if not exact.is_finite():
            raise Unsayable(f"connect.cell.{name}")
        return half_up(exact * 100)
    except (InvalidOperation, ShopError):
        raise Unsayable(f"connect.cell.{name}") from None


def _moment(values: Mapping[str, object], name: str, zone_name: str) -> datetime | None:
    """An aware moment; None where there is none."""
    value = values.get(name)
    if value is None or value == "" or str(value).startswith(NEVER):
        return None
    try:
        if isinstance(value, int | float | Decimal):
            seconds = float(value) / (1000 if value >= MILLISECONDS_FROM else 1)
            return datetime.fromtimestamp(seconds, clock.zone("UTC"))
        if isinstance(value, str):
            value = datetime.fromisoformat(value.strip())
        if isinstance(value, date) and not isinstance(value, datetime):
            value = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - its zone comes next
        if not isinstance(value, datetime):
            raise Unsayable(f"connect.cell.{name}")
    except (ValueError, OverflowError, OSError):
        raise Unsayable(f"connect.cell.{name}") from None
    return value if value.tzinfo is not None else value.replace(tzinfo=clock.zone(zone_name))
