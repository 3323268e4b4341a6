"""Price methods side by side: from cost, from what buyers know, from the brand's discount policy; and charm
prices. Fen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.pricing.engine.promotions import WHOLE

_TAIL, _STEP = 900, 1_000  # a charm price ends in 9 yuan


@dataclass(frozen=True, slots=True)
class Policy:
    """The brand's list-price discount policy in basis points of list price: never sold below `least`, meant
    to be sold at `usual`."""

    usual: int = 8_500
    least: int = 7_000


def charm(price: pd.Series) -> pd.Series:
    """The least whole-yuan price ending in 9 that is at least `price` (fen, Int64): never below a floor that
    was handed in.

    >>> charm(pd.Series([7_233, 9_900, 9_901], dtype="Int64")).tolist()
    [7900, 9900, 10900]
    """
    return -((_TAIL - price) // _STEP) * _STEP + _TAIL


def crossed(before: pd.Series, after: pd.Series, thresholds: list[int]) -> pd.Series:
    """The least threshold (fen) in (before, after], Int64 or missing: charm prices lift baskets over one."""
    steps = np.array(sorted({step for step in thresholds if step > 0}), np.int64)
    if not len(steps):
        return pd.Series(pd.NA, index=before.index, dtype="Int64")
    at = np.searchsorted(steps, before.fillna(0).to_numpy(np.int64), side="right")
    step = pd.Series(steps[np.minimum(at, len(steps) - 1)], index=before.index, dtype="Int64")
    return step.mask((at == len(steps)) | (step > after).fillna(True) | before.isna())


def side_by_side(
    floor_price: pd.Series,
    target_price: pd.Series,
    market: pd.DataFrame,
    list_price: pd.Series,
    policy: Policy,
) -> pd.DataFrame:
    """What each method says, Int64 fen, index of the inputs; missing where a method has nothing to go by.

    cost: the price of the target margin. perceived: the middle of the band of competitor and own past prices
    (`market`: competitor_low, competitor_high, history_low, history_high), never below the floor price.
    brand: list price x usual discount, never below its least discount nor the floor. suggested: the charm
    price of the smallest of them that is at least the floor, the floor itself being the last resort.
    """
    low, high = (
        market[["competitor_low", "history_low"]].min(axis=1),
        market[["competitor_high", "history_high"]].max(axis=1),
    )
    middle = ((low + high) // 2).astype("Int64")
    brand = (
        (list_price * policy.usual // WHOLE).clip(lower=list_price * policy.least // WHOLE).astype("Int64")
    )
    methods = pd.DataFrame(
        {
            "cost": target_price,
            "perceived": _at_least(middle, floor_price),
            "brand": _at_least(brand, floor_price),
        }
    )
    chosen = methods.min(axis=1).astype("Int64").fillna(floor_price)
    return methods.assign(
        band_low=low.astype("Int64"),
        band_high=high.astype("Int64"),
        suggested=charm(_at_least(chosen, floor_price)),
    )


def changed(goods: pd.DataFrame, how: str, points: int) -> pd.Series:
    """Sale prices after a bulk change, Int64 fen: "discount" to `points` basis points of list_price, "change"
    by `points`, "charm" to the next price ending in 9."""
    if how == "discount":
        return (goods["list_price"] * points + WHOLE // 2) // WHOLE
    if how == "change":
        return ((goods["sale_price"] * (WHOLE + points) + WHOLE // 2) // WHOLE).clip(lower=0)
    return charm(goods["sale_price"])


def _at_least(price: pd.Series, floor: pd.Series) -> pd.Series:
    return price.mask((price < floor).fillna(False), floor)
