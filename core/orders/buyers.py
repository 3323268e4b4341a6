"""Buyers summed over their orders: kept in the transaction of every order import, and recounted by `check`.

A counted order is paid, in a state of BOUGHT and keeps something after refunds; it counts once, whatever its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    Subquery,
    case,
    cast,
    delete,
    extract,
    func,
    select,
)

from core.database import insert, keyed, read
from core.orders.states import BOUGHT
from core.orders.tables import buyer, order_line

COLUMNS = ("buyer_key", "orders", "net_amount", "first_paid_at", "last_paid_at")
_MOMENTS = ("first_paid_at", "last_paid_at")
_MANY = 20_000  # keys from which one pass over all lines is cheaper than a look-up of each


def paid_orders(connection: Connection, since: datetime | None, until: datetime) -> pd.DataFrame:
    """Orders of known buyers paid within [since, until), a row an order, by buyer and time: buyer_key, paid_at (to the
    minute), net_amount (fen; nothing kept is 0). From the kept sums: a row a buyer is read, not one an order."""
    b = buyer.c
    kept = read(connection, select(b.buyer_key, b.purchases).where(b.purchases != ""))
    pairs = np.fromstring(",".join(kept["purchases"]), dtype=np.int64, sep=",").reshape(-1, 2)
    each = (kept["purchases"].str.count(",").to_numpy(np.int64) + 1) // 2
    owner = np.repeat(np.arange(len(kept)), each)
    minute, net = pairs[:, 0], pairs[:, 1]
    order = np.lexsort((minute, owner))
    order = order[minute[order] < until.timestamp() / 60]
    if since is not None:
        order = order[minute[order] >= since.timestamp() / 60]
    return pd.DataFrame(
        {
            "buyer_key": kept["buyer_key"].array.take(owner[order]),
            "paid_at": pd.to_datetime(minute[order] * 60, unit="s", utc=True).as_unit("us"),
            "net_amount": net[order],
        }
    )


def counted_orders(connection: Connection, until: datetime) -> pd.DataFrame:
    """The counted ones of `paid_orders`."""
    orders = paid_orders(connection, None, until)
    return orders[orders["net_amount"] > 0].reset_index(drop=True)


def summed(
    connection: Connection, since: datetime | None = None, until: datetime | None = None
) -> pd.DataFrame:
    """COLUMNS by buyer, counted anew from the order lines paid within [since, until)."""
    return read(connection, _by_buyer(_by_order(since, until)))


def rollup(connection: Connection, names: Sequence[str] = COLUMNS) -> pd.DataFrame:
    """COLUMNS (or some of them) by buyer over everything that was ever taken in, as it is kept."""
    asked = [cast(buyer.c[name], String).label(name) if name in _MOMENTS else buyer.c[name] for name in names]
    frame = read(connection, select(*asked))  # moments as text: one parse of a column, not a call a row
    times = {
        name: pd.to_datetime(frame[name], utc=True, format="ISO8601").astype("datetime64[us, UTC]")
        for name in names
        if name in _MOMENTS
    }
    return frame.assign(**times)


def first_paid(connection: Connection) -> datetime | None:
    """When the first counted order of a known buyer was paid."""
    first: datetime | None = connection.scalar(
        select(func.min(buyer.c.first_paid_at)).where(buyer.c.buyer_key != "")
    )
    return first


def refresh(connection: Connection, keys: Sequence[str]) -> None:
    """Sums these buyers anew; inside the transaction that has moved their lines."""
    wanted = sorted(set(keys))
    if not wanted:
        return
    many = len(wanted) > _MANY
    query = _by_order(None, None)
    if not many:
        query = query.where(keyed(order_line.c.buyer_key, wanted, connection))
    rows = read(connection, _by_buyer(query, connection.dialect.name))
    connection.execute(
        delete(buyer) if many else delete(buyer).where(keyed(buyer.c.buyer_key, wanted, connection))
    )
    if len(rows):
        insert(connection, buyer, rows.sort_values("buyer_key"))


def faults(connection: Connection) -> list[str]:
    """Buyers whose kept sums are not what their order lines say."""
    kept = rollup(connection, (*COLUMNS, "purchases")).set_index("buyer_key").sort_index()
    every = _by_buyer(_by_order(None, None), connection.dialect.name)
    counted = read(connection, every).set_index("buyer_key").sort_index()
    both = kept.index.union(counted.index)
    kept, counted = kept.reindex(both), counted.reindex(both)
    for frame in (kept, counted):
        frame["purchases"] = frame["purchases"].map(_in_order, na_action="ignore")
    same = (kept == counted) | (kept.isna() & counted.isna())
    alone = kept["orders"].isna() | counted["orders"].isna()
    return [key or "unknown" for key in both[~same.fillna(False).all(axis=1) | alone]][:50]


def _kept() -> object:
    """What a line keeps: nothing unless it is bought."""
    line = order_line.c
    return case((line.state.in_(BOUGHT), line.amount - line.refund_amount), else_=0)


def _by_order(since: datetime | None, until: datetime | None) -> Select[object]:
    line = order_line.c
    bought_at = case((line.state.in_(BOUGHT), line.paid_at))
    query = select(
        line.buyer_key,
        line.order_id,
        func.max(bought_at).label("paid_at"),
        func.max(line.paid_at).label("any_paid_at"),
        func.sum(_kept()).label("net_amount"),
    ).where(line.paid_at.is_not(None))
    if since is not None:
        query = query.where(line.paid_at >= since)
    if until is not None:
        query = query.where(line.paid_at < until)
    return query.group_by(line.buyer_key, line.order_id)


def _by_buyer(orders: Select[object], dialect: str = "") -> Select[object]:
    """COLUMNS, and `purchases` where the dialect is named."""
    one = orders.subquery()
    counted = case((one.c.net_amount > 0, one.c.paid_at))
    return select(
        one.c.buyer_key,
        func.count(counted).label("orders"),
        func.sum(one.c.net_amount).label("net_amount"),
        func.min(counted).label("first_paid_at"),
        func.max(counted).label("last_paid_at"),
        *([_purchases(one, dialect)] if dialect else ()),
    ).group_by(one.c.buyer_key)


def _purchases(orders: Subquery, dialect: str) -> ColumnElement[str]:
    o, at = orders.c, func.coalesce(orders.c.paid_at, orders.c.any_paid_at)
    second = func.strftime("%s", at) if dialect == "sqlite" else func.floor(extract("epoch", at))
    minute = cast(func.floor(cast(second, BigInteger) / 60), BigInteger)
    pair = cast(minute, String) + "," + cast(cast(o.net_amount, BigInteger), String)
    known = case((o.buyer_key != "", pair))
    return func.coalesce(func.aggregate_strings(known, ","), "").label("purchases")


def _in_order(purchases: str) -> str:
    """The same orders by time: a database strings them together as it likes."""
    numbers = purchases.split(",") if purchases else []
    return ",".join(map(",".join, sorted(zip(numbers[::2], numbers[1::2], strict=True))))
