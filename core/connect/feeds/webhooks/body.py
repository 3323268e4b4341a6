"""What the readers of shop systems' bodies share: a decoded document looked into without trusting it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import HOME, Bad, Row
from core.money import half_up

Json = Mapping[str, Any]


class Level(NamedTuple):
    """What one location may still sell of an item, and when: `changed` grows with the system's own moment and, within
    its second, with the moment of the call."""

    item: str
    location: str
    available: int
    changed: int

    @property
    def key(self) -> str:
        """What tells it from any other."""
        return f"{self.item}/{self.location}"


@dataclass(slots=True)
class Said:
    """What a body says: rows by kind ("orders", "refunds"), an order that is gone, one that was closed and when, levels
    of stock, which merchant code an item has, or why it says nothing. `refund_lines`: refund -> the order line whose goods it is for, where the body names no goods."""

    rows: dict[str, list[Row | Bad]] = field(default_factory=lambda: {"orders": [], "refunds": []})
    gone_order: str = ""
    closed_order: tuple[str, datetime] | None = None
    refund_lines: dict[str, str] = field(default_factory=dict)
    levels: list[Level] = field(default_factory=list)
    items: dict[str, str] = field(default_factory=dict)
    ignored: str = ""


def objects(value: object) -> list[Json]:
    """The objects of a list; [] of anything else."""
    return [one for one in value if isinstance(one, Mapping)] if isinstance(value, Sequence) else []


def text(document: Json, name: str) -> str:
    """A field as text; "" where it is missing. Numbers as they are written."""
    value = document.get(name)
    return "" if value is None or isinstance(value, Mapping | list) else str(value).strip()


def fen(document: Json, name: str) -> int:
    """An amount in yuan as fen, 0 where it is missing. Unsayable("connect.cell.amount")."""
    value = text(document, name)
    try:
        exact = Decimal(value or "0")
    except InvalidOperation:
        raise Unsayable("connect.cell.amount") from None
    if not exact.is_finite():
        raise Unsayable("connect.cell.amount")
    return half_up(exact * 100)


def units(document: Json, name: str) -> int:
    """A whole number. Unsayable("connect.cell.quantity")."""
    value = document.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unsayable("connect.cell.quantity")
    return value


def moment(document: Json, name: str, *, utc: bool = False) -> datetime | None:
    """An aware moment, None where there is none; `utc`: a field that is in UTC without saying so.
    Unsayable("connect.cell.at")."""
    value = text(document, name)
    if not value:
        return None
    try:
        read = datetime.fromisoformat(f"{value}+00:00" if utc else value)
    except ValueError:
        raise Unsayable("connect.cell.at") from None
    if read.tzinfo is None:
        raise Unsayable("connect.cell.at")
    return read


def require_home(currency: str) -> None:
    """Unsayable("connect.currency") of an amount that is not in yuan."""
    if currency.strip().upper() not in HOME:
        raise Unsayable("connect.currency")


def stamp(at: datetime) -> int:
    """A moment as a watermark: microseconds since 1970."""
    return round(at.timestamp() * 1_000_000)
