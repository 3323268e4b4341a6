"""What may be asked of order lines: baskets, sales by SKU, and whether what is stored holds together."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select

from core.database import read
from core.orders.rules import BOUGHT, STATES
from core.orders.tables import order_line


def baskets(connection: Connection, since: datetime | None = None, until: datetime | None = None) -> pd.DataFrame:
    """What was bought together: order_id, sku_code of bought lines (paid, shipped, done), paid within [since, until) where given."""
    query = select(order_line.c.order_id, order_line.c.sku_code).where(order_line.c.state.in_(BOUGHT))
    if since is not None:
        query = query.where(order_line.c.paid_at >= since)
    if until is not None:
        query = query.where(order_line.c.paid_at < until)
    return read(connection, query)


def sold(connection: Connection, since: datetime, until: datetime) -> pd.DataFrame:
    """Bought lines by SKU, paid within [since, until): sku_code, orders, units, amount, refund_amount (fen)."""
    sums = [
        func.sum(order_line.c[name]).label(label)
        for name, label in (("quantity", "units"), ("amount", "amount"), ("refund_amount", "refund_amount"))
    ]
    query = select(order_line.c.sku_code, func.count(order_line.c.order_id.distinct()).label("orders"), *sums)
    bought = order_line.c.state.in_(BOUGHT) & (order_line.c.paid_at >= since) & (order_line.c.paid_at < until)
    return read(connection, query.where(bought).group_by(order_line.c.sku_code))


def lines(connection: Connection, since: datetime | None = None) -> pd.DataFrame:
    """Order lines with a known buyer: buyer_key, order_id, sku_code, state, ordered_at, paid_at, quantity, amount, refund_amount (fen)."""
    names = ("buyer_key", "order_id", "sku_code", "state", "ordered_at", "paid_at", "quantity", "amount", "refund_amount")
    query = select(*(order_line.c[name] for name in names)).where(order_line.c.buyer_key != "")
    return read(connection, query.where(order_line.c.paid_at >= since) if since is not None else query)


def check(connection: Connection) -> dict[str, list[str]]:
    """Faults among order lines: unknown states, negative figures."""
    wrong = select(order_line.c.order_id, order_line.c.sku_code)
    states = wrong.where(order_line.c.state.not_in(STATES))
    negative = wrong.where((order_line.c.quantity < 0) | (order_line.c.amount < 0) | (order_line.c.refund_amount < 0))
    return {
        name: [f"{row.order_id} {row.sku_code}" for row in connection.execute(query.limit(50))]
        for name, query in (("orders.state", states), ("orders.negative", negative))
    }
