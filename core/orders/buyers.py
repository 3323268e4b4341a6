"""Buyers summed over their orders: kept in the transaction of every order import, and recounted by `check`.

A counted order is paid, in a state of BOUGHT and keeps something after refunds; it counts once, whatever its lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

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

from core.database import insert, keyed, one, read
from core.orders.states import BOUGHT
from core.orders.tables import buyer, order_line

Figures = TypeVar("Figures", pd.Series, pd.DataFrame)
COLUMNS = ("buyer_key", "orders", "net_amount", "first_paid_at", "last_paid_at")
_MOMENTS = ("first_paid_at", "last_paid_at")
_MANY = 20_000  # keys from which one pass over all lines is cheaper than a look-up of each


@dataclass(frozen=True, slots=True)
class Purchases:
    """`orders`: a row an order, by buyer and time: buyer_key, paid_at (to the minute), net_amount (fen; nothing kept is
    0). A buyer is a number there, what stands in `keys` at it: a million numbers are grouped in a tenth of the time."""

    keys: pd.Index
    orders: pd.DataFrame

    def named(self, by_buyer: Figures) -> Figures:
        """Figures by number as figures by buyer_key."""
        names = self.keys.take(by_buyer.index.to_numpy(dtype=np.int64)).rename("buyer_key")
        return by_buyer.set_axis(names, axis=0)

    def numbers(self, names: pd.Series) -> np.ndarray:
        """The number of each buyer_key; of who has bought nothing one of his own below 0."""
        known = self.keys.get_indexer(pd.Index(names))
        return np.where(known < 0, -1 - np.arange(len(known)), known)


def paid_orders(connection: Connection, since: datetime | None, until: datetime) -> Purchases:
    """Orders of known buyers paid within [since, until). From the kept sums, which the database strings together: a
    fetch of each row would cost more than all the rest."""
    keys, owner, pairs = _kept_purchases(connection)
    inside = pairs[:, 0] < until.timestamp() / 60
    if since is not None:
        inside &= pairs[:, 0] >= since.timestamp() / 60
    owner, minute, net = owner[inside], pairs[inside, 0], pairs[inside, 1]
    order = np.argsort((owner << 32) + minute)
    paid_at = pd.to_datetime(minute[order] * 60, unit="s", utc=True).as_unit("us")
    orders = {"buyer_key": owner[order], "paid_at": paid_at, "net_amount": net[order]}
    return Purchases(keys, pd.DataFrame(orders))


def _kept_purchases(connection: Connection) -> tuple[pd.Index, np.ndarray, np.ndarray]:
    """Keys of buyers; and an element an order: the number of its buyer among them, and its minute and net fen, shape
    (orders, 2)."""
    b, strung = buyer.c, func.aggregate_strings
    query = select(strung(b.buyer_key, ";"), strung(b.purchases, ";")).where(b.purchases != "")
    keys, purchases = connection.execute(query).one()
    if keys is None:
        return pd.Index([], dtype="str"), np.zeros(0, dtype=np.int64), np.zeros((0, 2), dtype=np.int64)
    text = np.frombuffer(purchases.encode(), dtype=np.uint8)
    marks = text[(text == ord(",")) | (text == ord(";"))][1::2]  # the mark behind each order's fen
    owner = np.concatenate([[0], np.cumsum(marks == ord(";"))])
    pairs = np.fromstring(purchases.replace(";", ","), dtype=np.int64, sep=",").reshape(-1, 2)
    return pd.Index(keys.split(";"), dtype="str"), owner, pairs


def counted_orders(connection: Connection, until: datetime) -> Purchases:
    """The counted ones of `paid_orders`."""
    paid = paid_orders(connection, None, until)
    return Purchases(paid.keys, paid.orders[paid.orders["net_amount"] > 0].reset_index(drop=True))


def unknown(connection: Connection, until: datetime) -> tuple[int, int]:
    """Counted orders and net fen of nobody known, paid before `until`. The kept sums answer where they hold nothing later."""
    b = buyer.c
    query = select(b.orders, b.net_amount, b.last_paid_at).where(b.buyer_key == "")
    kept = one(connection, query)
    if kept is not None and kept["last_paid_at"] is not None and kept["last_paid_at"] >= until:
        kept = one(connection, _by_buyer(_by_order(None, until).where(order_line.c.buyer_key == "")))
    return (0, 0) if kept is None else (int(kept["orders"]), int(kept["net_amount"]))


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
