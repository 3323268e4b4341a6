"""What the warm-up says about the sale: each buyer-to-be counted once at the deepest stage, and combined with
the history."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

DEPOSIT = "deposit"  # deeper than every stage: a commitment and no longer a forecast
STAGES = ("cart", "coupon", "favourite", "view")  # deepest first
PRIOR_RATES = {
    "cart": 0.12,
    "coupon": 0.08,
    "favourite": 0.04,
    "view": 0.008,
}  # units per user-item, for a shop without a measured sale
ORGANIC_SHARE = 0.35  # of sale units from people whom the warm-up never saw
_FLOOR_SD = 0.45  # a signal of any size says no more than this (log scale)


def deepest(counts: Mapping[str, ArrayLike]) -> dict[str, Array]:
    """User-items by deepest stage from counts of everyone who reached a stage: those who went on to a deeper
    one, or to a deposit, are taken off.

    Only the sheet's totals are known, so the deeper stage is taken to lie inside the shallower one; never
    below 0.
    """
    left: dict[str, Array] = {}
    deeper = np.asarray(counts.get(DEPOSIT, 0.0), float)
    for stage in STAGES:
        here = np.asarray(counts.get(stage, 0.0), float)
        left[stage] = np.maximum(here - deeper, 0.0)
        deeper = np.maximum(here, deeper)
    return left


def from_warmup(
    stages: Mapping[str, ArrayLike], rates: Mapping[str, ArrayLike], organic: float = ORGANIC_SHARE
) -> Array:
    """Median sale units without the pre-sale: sum of user-items x rate, with the organic share added on
    top."""
    pointed = sum(
        (np.asarray(stages[stage], float) * np.asarray(rates[stage], float) for stage in STAGES),
        start=np.zeros(1),
    )
    return np.asarray(pointed / (1.0 - organic))


def signal_sd(units: ArrayLike, level_variance: float, elapsed: float = 1.0) -> Array:
    """Log standard deviation of the warm-up forecast.

    Wide for few units, while the shop's own conversion is known from few sales (`level_variance`, log scale),
    and while only the share `elapsed` (0-1] of the warm-up has passed.
    """
    few = 1.0 / np.sqrt(np.maximum(np.asarray(units, float), 1.0))
    ahead = 0.5 * np.log(max(elapsed, 0.01))
    log_sd: Array = np.sqrt(_FLOOR_SD**2 + level_variance + few**2 + ahead**2)
    return log_sd


def combine(
    first: ArrayLike, first_sd: ArrayLike, second: ArrayLike, second_sd: ArrayLike
) -> tuple[Array, Array, Array]:
    """Two medians with log standard deviations, joined on the log scale by inverse variance: (median, sd,
    mean = median exp(sd²/2)).

    >>> [round(float(x), 6) for x in combine(400, 0.6, 650, 0.45)]
    [545.765583, 0.36, 582.302195]
    """
    one, two = 1.0 / np.square(np.asarray(first_sd, float)), 1.0 / np.square(np.asarray(second_sd, float))
    logs = one * np.log(np.maximum(first, 1e-3)) + two * np.log(np.maximum(second, 1e-3))
    sd = np.sqrt(1.0 / (one + two))
    median = np.exp(logs * sd**2)
    return median, sd, median * np.exp(sd**2 / 2)
