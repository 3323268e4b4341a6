"""What partners are worth: a score of five criteria, and what they brought less what they cost. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd

KINDS = ("leader", "kol", "supplier")
CRITERIA = ("fit", "expertise", "values", "strength", "willingness")
LEAST, MOST = 1, 5  # points
MONTH_DAYS = 30  # of a fixed fee


def scored(partners: pd.DataFrame) -> pd.Series:
    """The mean of the five criteria, missing until all five are given."""
    points = partners[list(CRITERIA)].astype("Float64")
    return points.mean(axis=1).where(points.notna().all(axis=1))


def judged(partners: pd.DataFrame, brought: pd.DataFrame, days: int) -> pd.DataFrame:
    """The partners with what they brought in `days` days, the best first.

    `partners`: channel, fixed_fee, commission_rate, reward and CRITERIA. `brought`, by channel: orders, buyers, new_buyers,
    amount, refund (fen), units, goods_cost (fen of what is kept; missing where a cost is unknown, never free).

    Adds score, kept (amount - refund), refund_rate, fee (the fixed fee for the days), commission and rewards (fen), cost
    (their sum), cost_per_new, roi (kept a fen of cost), margin (kept - goods_cost - cost; missing where goods_cost is), rank
    by kept - cost (1 best; missing for partners without a channel).
    """
    names = ["orders", "buyers", "new_buyers", "amount", "refund"]
    joined = partners.join(brought, on="channel")
    with_channel = joined["channel"] != ""
    for name in names:
        joined[name] = joined[name].astype("Int64").fillna(0).where(with_channel)
    kept = joined["amount"] - joined["refund"]
    fee = _whole(joined["fixed_fee"].astype(float) * days / MONTH_DAYS)
    commission = _whole(kept.astype(float) * joined["commission_rate"].astype(float))
    rewards = (joined["new_buyers"] * joined["reward"]).astype("Int64")
    cost = fee + commission.fillna(0) + rewards.fillna(0)
    goods = joined["goods_cost"].astype("Int64").where(with_channel & (joined["orders"].fillna(0) > 0), 0)
    amount, new = joined["amount"].astype(float), joined["new_buyers"].astype(float)
    spent = cost.astype(float)
    return joined.assign(
        score=scored(joined),
        kept=kept,
        refund_rate=joined["refund"].astype(float) / amount.where(amount > 0),
        fee=fee,
        commission=commission,
        rewards=rewards,
        cost=cost,
        cost_per_new=_whole(spent / new.where(new > 0)),
        roi=kept.astype(float) / spent.where(spent > 0),
        margin=(kept - goods - cost).where(with_channel),
        rank=(kept - cost).rank(ascending=False, method="min").astype("Int64"),
    ).sort_values(["rank", "score"], ascending=[True, False], kind="stable")


def _whole(fen: pd.Series) -> pd.Series:
    """Half up to whole fen, missing where there is nothing."""
    rounded = pd.Series(np.floor(fen.to_numpy(dtype=float) + 0.5), fen.index)
    return rounded.astype("Int64")
