"""Pure: which old customers to call back, with what coupon, at what cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from core.errors import ShopError

GROUPS = ("about_to_lapse", "lapsed")


@dataclass(frozen=True, slots=True)
class RecallPlan:
    """From how many days of silence a buyer is about to lapse or has lapsed (and is given up), and each
    group's coupon: value and threshold in fen, expected share of coupons redeemed (0..1).
    """

    about_days: int = 60
    lapsed_days: int = 120
    lost_days: int = 540
    about_value: int = 1000
    about_threshold: int = 9900
    about_redeemed: float = 0.12
    lapsed_value: int = 3000
    lapsed_threshold: int = 19900
    lapsed_redeemed: float = 0.05
    message_cost: int = 4


def require_plan(plan: RecallPlan) -> None:
    """ShopError("warmup.recall_plan", field=...) for days out of order, a share outside 0..1 or a coupon
    above its threshold."""
    faults = {
        "lapsed_days": not 0 < plan.about_days < plan.lapsed_days < plan.lost_days,
        "redeemed": not (0 <= plan.about_redeemed <= 1 and 0 <= plan.lapsed_redeemed <= 1),
        "value": not (
            0 <= plan.about_value <= plan.about_threshold and 0 <= plan.lapsed_value <= plan.lapsed_threshold
        ),
    }
    for field, broken in faults.items():
        if broken:
            raise ShopError("warmup.recall_plan", field=field)


def silent(buyers: pd.DataFrame, now: datetime, plan: RecallPlan) -> pd.DataFrame:
    """The buyers to call back, the best customers first.

    `buyers`: buyer_key, last_paid_at (moment), orders (int64), amount (int64 fen, refunds off). Adds
    silent_days, group (one of GROUPS). Buyers silent for fewer than `about_days` or more than `lost_days` are
    left alone.
    """
    days = (pd.Timestamp(now) - buyers["last_paid_at"]).dt.days.astype("int64")
    group = np.select(
        [days < plan.about_days, days < plan.lapsed_days, days <= plan.lost_days], ["", *GROUPS], ""
    )
    chosen: pd.DataFrame = buyers.assign(silent_days=days, group=group)[group != ""].sort_values(
        ["amount", "orders", "buyer_key"], ascending=[False, False, True], kind="stable", ignore_index=True
    )
    return chosen


def coupon_plan(called: pd.DataFrame, plan: RecallPlan) -> pd.DataFrame:
    """What calling them costs and what comes of it, by group: buyers, value, threshold, redeemed (coupons),
    coupon_cost, message_cost, cost and least_revenue (redeemed coupons at their threshold less value), all
    money in fen.
    """
    count = called["group"].value_counts().reindex(list(GROUPS), fill_value=0)
    rows = pd.DataFrame(
        {
            "group": list(GROUPS),
            "buyers": count.to_numpy(dtype="int64"),
            "value": [plan.about_value, plan.lapsed_value],
            "threshold": [plan.about_threshold, plan.lapsed_threshold],
        }
    )
    rate = np.array([plan.about_redeemed, plan.lapsed_redeemed])
    redeemed = np.floor(rows["buyers"].to_numpy() * rate + 0.5).astype(np.int64)
    rows = rows.assign(
        redeemed=redeemed,
        coupon_cost=redeemed * rows["value"],
        message_cost=rows["buyers"] * plan.message_cost,
    )
    return rows.assign(
        cost=rows["coupon_cost"] + rows["message_cost"],
        least_revenue=redeemed * (rows["threshold"] - rows["value"]),
    )


def cards(parcels: float, spare: float = 0.05) -> int:
    """Invitation cards to print for so many parcels, with a share to spare, rounded up to a box of 100.

    >>> cards(1000)
    1100
    """
    if parcels < 0 or not 0 <= spare <= 1:
        raise ShopError("warmup.recall_plan", field="spare")
    return int(np.ceil(parcels * (1 + spare) / 100 - 1e-9)) * 100
