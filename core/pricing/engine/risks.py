"""What the approval of a price risks: one class a price, and what its planned units cost. Pure."""

from __future__ import annotations

from enum import StrEnum

import pandas as pd


class Risk(StrEnum):
    """Why a second person is asked, the gravest first: what a batch of requests has in common."""

    LOSS = "loss"  # every unit costs money, as the tier's limit allows
    BELOW_FLOOR = "below_floor"
    DEEP_DISCOUNT = "deep_discount"
    LARGE_MOVE = "large_move"
    ABOVE_PRICE_BASE = "above_price_base"
    BUNDLE_BELOW_PARTS = "bundle_below_parts"
    RULE = "rule"
    LIMITS = "limits"
    OTHER = "other"


BY_REASON = (
    Risk.BELOW_FLOOR,
    Risk.DEEP_DISCOUNT,
    Risk.LARGE_MOVE,
    Risk.ABOVE_PRICE_BASE,
    Risk.BUNDLE_BELOW_PARTS,
)


def figures(prices: pd.DataFrame) -> pd.DataFrame:
    """The judged prices with `risk`, the gravest class that their reasons name, and `at_stake` (Int64 fen):
    what the planned units bring in less than at the floor price; missing where no floor is known.

    `prices`: sale_price, worst_landed_price, floor_price, worst_contribution, planned_gmv (Int64 fen),
    reasons (tuples of codes).
    """
    risk = pd.Series(str(Risk.OTHER), index=prices.index, dtype="str")
    for kind in reversed(BY_REASON):
        risk = risk.mask(
            prices["reasons"].map(lambda codes, kind=kind: kind in codes).astype(bool), str(kind)
        )
    losing = (prices["worst_contribution"] < 0).fillna(False).astype(bool)
    price = prices["sale_price"].astype("Float64")
    units = (prices["planned_gmv"].astype("Float64") / price.mask(price <= 0)).fillna(0)
    below = (prices["floor_price"] - prices["worst_landed_price"]).clip(lower=0).astype("Float64")
    return prices.assign(
        risk=risk.mask(losing, str(Risk.LOSS)), at_stake=(below * units).round().astype("Int64")
    )
