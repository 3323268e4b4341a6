"""The buyers as segments see them, read from orders; inside the caller's transaction."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from sqlalchemy import Connection

from core import clock
from core.orders import buyers as bought
from core.orders.buyers import Purchases
from core.settings import settings


def people(connection: Connection, day: date) -> tuple[pd.DataFrame, tuple[int, int]]:
    """Known buyers as rules wants them, and orders and fen of the unknown, up to the end of `day`."""
    until = clock.day_start(day + timedelta(days=1), settings().timezone)
    purchases = bought.paid_orders(connection, None, until)
    known = purchases.named(_judged(_summed(purchases.orders), day))
    return known, bought.unknown(connection, until)


def within(connection: Connection, *windows: tuple[date, int]) -> tuple[Purchases, list[pd.DataFrame]]:
    """Known buyers, by their numbers in the purchases, as rules wants them by what they paid in each window: so many days
    up to the end of a day."""
    zone = settings().timezone
    spans = [
        (
            clock.day_start(day - timedelta(days=length - 1), zone),
            clock.day_start(day + timedelta(days=1), zone),
        )
        for day, length in windows
    ]
    since, until = min(span[0] for span in spans), max(span[1] for span in spans)
    purchases = bought.paid_orders(connection, since, until)
    orders, paid = purchases.orders, purchases.orders["paid_at"]
    inside = [orders[(paid >= span[0]) & (paid < span[1])] for span in spans]
    return purchases, [_judged(_summed(part), day) for part, (day, _) in zip(inside, windows, strict=True)]


def _summed(orders: pd.DataFrame) -> pd.DataFrame:
    counted = orders["net_amount"] > 0
    by = orders.assign(orders=counted, last_paid_at=orders["paid_at"].where(counted)).groupby("buyer_key")
    return by.agg({"orders": "sum", "net_amount": "sum", "last_paid_at": "max"})


def _judged(known: pd.DataFrame, day: date) -> pd.DataFrame:
    days = clock.local_naive(known["last_paid_at"], settings().timezone).dt.normalize()
    recency = (pd.Timestamp(day) - days).dt.days.astype("Int64")
    return pd.DataFrame({"recency": recency, "frequency": known["orders"], "amount": known["net_amount"]})
