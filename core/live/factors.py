"""Why the sale is ahead or behind: the gap split exactly over visitors, conversion and order value, and over channels. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pandas as pd

_NOTHING = 1e-9  # logarithms of less lose the sum
FACTORS = ("visitors", "conversion_rate", "aov")


def log_mean(a: float, b: float) -> float:
    """Logarithmic mean L(a, b) = (a - b) / ln(a / b), with L(a, a) = a; both positive."""
    if a == b:
        return a
    return (a - b) / float(np.log(a / b))


def lmdi(plan: Sequence[float], actual: Sequence[float]) -> np.ndarray:
    """Effect of each factor of a product, summing to the gap exactly: L(V1, V0) ln(x1 / x0). All factors positive (Ang 2005).

    >>> lmdi([2000000, 0.1, 250], [1700000, 0.092, 262]).round(2).tolist()
    [-7368421.56, -3780426.36, 2125647.93]
    """
    before, after = np.asarray(plan, dtype=float), np.asarray(actual, dtype=float)
    weight = log_mean(float(after.prod()), float(before.prod()))
    return weight * np.log(after / before)


def shapley(plan: Sequence[float], actual: Sequence[float]) -> np.ndarray:
    """Effect of each factor as its mean contribution over every order of changing them: exact also where a factor is 0.

    >>> shapley([2000000, 0.1, 250], [1700000, 0.092, 262]).round().tolist()
    [-7370400.0, -3786400.0, 2133600.0]
    """
    count = len(plan)
    effects = np.zeros(count)
    orders = list(permutations(range(count)))
    for order in orders:
        current = list(map(float, plan))
        value = float(np.prod(current))
        for i in order:
            current[i] = float(actual[i])
            after = float(np.prod(current))
            effects[i] += after - value
            value = after
    return effects / len(orders)


def effects(plan: Sequence[float], actual: Sequence[float]) -> np.ndarray:
    """LMDI where every factor is positive, Shapley where one is 0; shape (factors,), summing to the gap."""
    positive = min(*plan, *actual) > _NOTHING
    return lmdi(plan, actual) if positive else shapley(plan, actual)


def by_channel(plan: pd.DataFrame, actual: pd.DataFrame) -> pd.DataFrame:
    """Effects (fen, float) by channel and in all, indexed by channel, columns FACTORS and gap.

    Both frames are indexed by channel with visitors, buyers, amount (fen). A channel that stands on one side only is 0 on the
    other. The gap of a channel is actual - planned amount, the sum of its effects; the total is the sum of the channels.
    """
    channels = plan.index.union(actual.index)
    before, after = (_product(frame.reindex(channels).fillna(0)) for frame in (plan, actual))
    rows = [effects(list(before.loc[name]), list(after.loc[name])) for name in channels]
    out = pd.DataFrame(rows, index=channels, columns=list(FACTORS), dtype=float)
    return out.assign(gap=out.sum(axis=1))


def _product(frame: pd.DataFrame) -> pd.DataFrame:
    """visitors x conversion x order value, whose product is the amount again."""
    visitors, buyers, amount = (frame[name].to_numpy(dtype=float) for name in ("visitors", "buyers", "amount"))
    seen = np.where(visitors > 0, visitors, buyers)  # a channel without counted visitors: as many as bought
    bought = np.where((buyers <= 0) & (amount > 0), 1.0, buyers)
    seen = np.where(seen <= 0, bought, seen)
    conversion = np.divide(bought, seen, out=np.zeros_like(bought), where=seen > 0)
    value = np.divide(amount, bought, out=np.zeros_like(amount), where=bought > 0)
    return pd.DataFrame({"visitors": seen, "conversion_rate": conversion, "aov": value}, index=frame.index)
