"""What orders of a source ask of stock since a moment, SKU by SKU: for whoever was told a level at that moment."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, select

from core.database import keyed
from core.live.tables import OF_AN_ORDER, event

_UP, _DOWN = ("order",), ("cancel", "refund")


def asked_after(
    connection: Connection, source: str, orders: Collection[str], since_ms: Mapping[str, int]
) -> dict[str, int]:
    """SKU -> units that the lines of these orders ask for more than they did at the SKU's moment of `since_ms` (epoch
    ms, that moment's events before it), without 0. Less than 0 where more came back."""
    if not orders:
        return {}
    e = event.c
    query = select(e.order_id, e.sku_code, e.kind, e.quantity, e.at_ms).where(
        OF_AN_ORDER, e.source == source, e.waits_for == "", e.kind.in_((*_UP, *_DOWN))
    )
    now: dict[tuple[str, str], int] = defaultdict(int)
    then: dict[tuple[str, str], int] = defaultdict(int)
    for order, code, kind, quantity, at_ms in connection.execute(
        query.where(keyed(e.order_id, sorted(orders), connection))
    ):
        units = quantity if kind in _UP else -quantity
        now[order, code] += units
        then[order, code] += units * (at_ms <= since_ms.get(code, at_ms))
    out: dict[str, int] = defaultdict(int)
    for line, units in now.items():
        out[line[1]] += max(0, units) - max(0, then[line])
    return {code: units for code, units in out.items() if units}
