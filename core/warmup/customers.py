"""What may be asked of old customers: whom to call back with which coupon, and invitation cards for parcels.
Orders are the source.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.campaign import service as campaigns
from core.database import Database, read
from core.orders.tables import order_line
from core.warmup import recall as rules
from core.warmup.recall import RecallPlan
from core.warmup.settings import typed

PARCEL_DAYS = 28  # parcels a day are measured on this many days


@dataclass(frozen=True, slots=True)
class Recall:
    """The list (buyer_key, last_paid_at, orders, amount in fen, silent_days, group), its coupon plan by
    group, and the cards: parcels expected until the opening, cards to print.
    """

    called: pd.DataFrame
    coupons: pd.DataFrame
    parcels: int
    cards: int


def recall(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Recall:
    """Old customers to call back before this campaign, by the plan in force. Buyers without a key cannot be
    called and are left out.
    """
    allow(actor, "orders.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        plan = typed(connection, campaign_id, "recall", RecallPlan)
        buyers = _buyers(connection, now)
        daily = _parcels_per_day(connection, now)
    called = rules.silent(buyers, now, plan)
    days_left = max(0.0, (mine.opens_at - now).total_seconds() / 86_400)
    parcels = daily * days_left
    return Recall(called, rules.coupon_plan(called, plan), round(parcels), rules.cards(parcels))


def _buyers(connection: Connection, now: datetime) -> pd.DataFrame:
    o = order_line.c
    bought = (
        (o.buyer_key != "")
        & o.paid_at.is_not(None)
        & (o.paid_at <= now)
        & o.state.not_in(["closed", "refunded"])
    )
    sums = [
        func.max(o.paid_at).label("last_paid_at"),
        func.count(func.distinct(o.order_id)).label("orders"),
        (func.sum(o.amount) - func.sum(o.refund_amount)).label("amount"),
    ]
    frame = read(connection, select(o.buyer_key, *sums).where(bought).group_by(o.buyer_key))
    return frame.assign(
        last_paid_at=pd.to_datetime(frame["last_paid_at"], utc=True), amount=frame["amount"].astype("int64")
    )


def _parcels_per_day(connection: Connection, now: datetime) -> float:
    """Paid orders a day over the last PARCEL_DAYS days; 0 without any."""
    o = order_line.c
    since = now - pd.Timedelta(days=PARCEL_DAYS).to_pytimedelta()
    count = (
        connection.scalar(
            select(func.count(func.distinct(o.order_id))).where(o.paid_at > since, o.paid_at <= now)
        )
        or 0
    )
    return count / PARCEL_DAYS
