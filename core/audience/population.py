"""The buyers as segments see them, read from orders; inside the caller's transaction."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from sqlalchemy import Connection

from core import clock
from core.orders import buyers as bought
from core.settings import settings

_JUDGED = ("buyer_key", "orders", "net_amount", "last_paid_at")


def people(connection: Connection, day: date) -> tuple[pd.DataFrame, tuple[int, int]]:
    """Known buyers as rules wants them, and orders and fen of the unknown, up to the end of `day`. The kept sums answer
    where they hold nothing later."""
    zone = settings().timezone
    until = clock.day_start(day + timedelta(days=1), zone)
    frame = bought.rollup(connection, _JUDGED)
    if not (frame["last_paid_at"].isna() | (frame["last_paid_at"] < until)).all():
        frame = bought.summed(connection, None, until)
    frame = frame.set_index("buyer_key")
    unknown = (int(frame["orders"].get("", 0)), int(frame["net_amount"].get("", 0)))
    return _named(frame[frame.index != ""], day), unknown


def within(connection: Connection, day: date, window_days: int) -> pd.DataFrame:
    """Known buyers as rules wants them by what they paid in the `window_days` up to the end of `day`."""
    zone = settings().timezone
    since, until = (clock.day_start(day + timedelta(days=shift), zone) for shift in (1 - window_days, 1))
    orders = bought.paid_orders(connection, since, until)
    counted = orders["net_amount"] > 0
    by = orders.assign(orders=counted, last_paid_at=orders["paid_at"].where(counted)).groupby("buyer_key")
    return _named(by.agg({"orders": "sum", "net_amount": "sum", "last_paid_at": "max"}), day)


def _named(known: pd.DataFrame, day: date) -> pd.DataFrame:
    days = clock.local_naive(known["last_paid_at"], settings().timezone).dt.normalize()
    recency = (pd.Timestamp(day) - days).dt.days.astype("Int64")
    return pd.DataFrame({"recency": recency, "frequency": known["orders"], "amount": known["net_amount"]})
