"""Why the sale is ahead or behind: the gap split exactly over visitors, conversion and order value, and over
channels. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations

import numpy as np
import pandas as pd

_NOTHING = 1e-9  # logarithms of less lose the sum
FACTORS = ("visitors", "conversion_rate", "aov")
Figures = tuple[float, float, float]  # of a channel: visitors, buyers, fen
NOTHING: Figures = (0.0, 0.0, 0.0)


def log_mean(a: float, b: float) -> float:
    """Logarithmic mean L(a, b) = (a - b) / ln(a / b), with L(a, a) = a; both positive."""
    if a == b:
        return a
    return (a - b) / float(np.log(a / b))


def lmdi(plan: Sequence[float], actual: Sequence[float]) -> np.ndarray:
    """Effect of each factor of a product, summing to the gap exactly: L(V1, V0) ln(x1 / x0). All factors
    positive (Ang 2005).

    >>> lmdi([2000000, 0.1, 250], [1700000, 0.092, 262]).round(2).tolist()
    [-7368421.56, -3780426.36, 2125647.93]
    """
    before, after = np.asarray(plan, dtype=float), np.asarray(actual, dtype=float)
    weight = log_mean(float(after.prod()), float(before.prod()))
    effects: np.ndarray = weight * np.log(after / before)
    return effects


def shapley(plan: Sequence[float], actual: Sequence[float]) -> np.ndarray:
    """Effect of each factor as its mean contribution over every order of changing them: exact also where a
    factor is 0.

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


def by_channel(plan: Mapping[str, Figures], actual: Mapping[str, Figures]) -> pd.DataFrame:
    """Effects (fen, float) by channel, indexed by channel, columns FACTORS and gap.

    Both say (visitors, buyers, fen) of a channel; one that stands on one side only is 0 on the other. The gap
    of a channel is actual - planned amount, the sum of its effects; the total is the sum of the channels.
    """
    channels = sorted({*plan, *actual})
    rows = [
        effects(_product(*plan.get(name, NOTHING)), _product(*actual.get(name, NOTHING))) for name in channels
    ]
    by_factor = np.array(rows, dtype=float).reshape(-1, len(FACTORS))
    names = [*FACTORS, "gap"]
    return pd.DataFrame(
        np.column_stack([by_factor, by_factor.sum(axis=1)]),
        index=pd.Index(channels, dtype="str"),
        columns=names,
    )


def _product(visitors: float, buyers: float, amount: float) -> tuple[float, float, float]:
    """visitors x conversion x order value, whose product is the amount again."""
    bought = 1.0 if buyers <= 0 < amount else float(buyers)
    counted = (
        float(visitors) if visitors > 0 else bought
    )  # a channel without counted visitors: as many as bought
    return counted, bought / counted if counted > 0 else 0.0, amount / bought if bought > 0 else 0.0
