"""What may be asked of order lines: baskets, sales by SKU, and whether what is stored holds together."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.database import Database, read
from core.orders import buyers
from core.orders.states import BOUGHT, STATES
from core.orders.tables import order_line

LISTED = (
    "order_id",
    "sku_code",
    "line",
    "name",
    "state",
    "ordered_at",
    "paid_at",
    "refunded_at",
    "quantity",
    "amount",
    "refund_amount",
    "channel",
    "import_id",
)


def baskets(
    connection: Connection, since: datetime | None = None, until: datetime | None = None
) -> pd.DataFrame:
    """What was bought together: order_id, sku_code of bought lines (paid, shipped, done), paid within [since,
    until) where given."""
    query = select(order_line.c.order_id, order_line.c.sku_code).where(order_line.c.state.in_(BOUGHT))
    if since is not None:
        query = query.where(order_line.c.paid_at >= since)
    if until is not None:
        query = query.where(order_line.c.paid_at < until)
    return read(connection, query)


def sold(connection: Connection, since: datetime, until: datetime) -> pd.DataFrame:
    """Bought lines by SKU, paid within [since, until): sku_code, orders, units, amount, refund_amount
    (fen)."""
    sums = [
        func.sum(order_line.c[name]).label(label)
        for name, label in (("quantity", "units"), ("amount", "amount"), ("refund_amount", "refund_amount"))
    ]
    query = select(order_line.c.sku_code, func.count(order_line.c.order_id.distinct()).label("orders"), *sums)
    bought = order_line.c.state.in_(BOUGHT) & (order_line.c.paid_at >= since) & (order_line.c.paid_at < until)
    return read(connection, query.where(bought).group_by(order_line.c.sku_code))


def lines(connection: Connection, since: datetime | None = None) -> pd.DataFrame:
    """Order lines with a known buyer: buyer_key, order_id, sku_code, state, ordered_at, paid_at, quantity,
    amount, refund_amount (fen)."""
    names = (
        "buyer_key",
        "order_id",
        "sku_code",
        "state",
        "ordered_at",
        "paid_at",
        "quantity",
        "amount",
        "refund_amount",
    )
    query = select(*(order_line.c[name] for name in names)).where(order_line.c.buyer_key != "")
    return read(connection, query.where(order_line.c.paid_at >= since) if since is not None else query)


def listed(db: Database, actor: Actor, order_id: str = "", sku_code: str = "") -> pd.DataFrame:
    """Order lines as they are stored, of one order or one SKU where given: LISTED, by order, SKU and line.

    Money in fen, moments in UTC. Buyers are left out: even as a keyed hash they belong to nobody's script.
    """
    allow(actor, "orders.view")
    query = select(*(order_line.c[name] for name in LISTED))
    if order_id:
        query = query.where(order_line.c.order_id == order_id)
    if sku_code:
        query = query.where(order_line.c.sku_code == sku_code)
    with db.reading() as connection:
        return read(
            connection, query.order_by(order_line.c.order_id, order_line.c.sku_code, order_line.c.line)
        )


def check(connection: Connection) -> dict[str, list[str]]:
    """Faults among order lines: unknown states, negative figures, buyers whose kept sums are not their lines'."""
    wrong = select(order_line.c.order_id, order_line.c.sku_code)
    states = wrong.where(order_line.c.state.not_in(STATES))
    negative = wrong.where(
        (order_line.c.quantity < 0) | (order_line.c.amount < 0) | (order_line.c.refund_amount < 0)
    )
    lines_wrong = {
        name: [f"{row.order_id} {row.sku_code}" for row in connection.execute(query.limit(50))]
        for name, query in (("orders.state", states), ("orders.negative", negative))
    }
    return lines_wrong | {"orders.buyers": buyers.faults(connection)}
