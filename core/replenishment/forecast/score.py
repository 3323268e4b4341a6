"""A closed sale's forecast held against what sold: bias, coverage, and what its orders would have earned against the
two naive rules. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.replenishment.forecast import negative_binomial

Array = NDArray[np.float64]
RATIO = 0.5  # critical ratio of the comparison: a unit too many costs what a unit too few does
LOW, HIGH = 0.10, 0.90


@dataclass(frozen=True, slots=True)
class Score:
    """`forecast` and `sold`: units of the whole sale. bias: forecast over sold, less 1. covered: share of SKUs that
    sold within their 80% band. earned: profit of an order by the forecast, of the 28-day mean and of that mean times
    the expected uplift, in per cent of an order that knew the demand."""

    skus: int
    forecast: float
    sold: float
    bias: float
    covered: float
    earned: float
    earned_mean: float
    earned_uplift: float


def score(mean: Array, phi: Array, sold: Array, recent: Array, uplift: float) -> Score:
    """The forecast (`mean`, `phi`) of a sale's SKUs against units `sold`, shape (n,) each.

    `recent`: what the 28-day mean would sell over the sale's days; `uplift`: the level that was expected. SKUs that
    nobody expected and nobody bought are left out. A sale of which nothing was sold has no score: ValueError.
    """
    there = (mean > 0) | (sold > 0) | (recent > 0)
    mean, phi, sold, recent = (column[there] for column in (mean, phi, sold, recent))
    if sold.sum() <= 0:
        raise ValueError("nothing was sold")
    low, high = negative_binomial.band(LOW, HIGH, mean, phi)
    orders = (
        negative_binomial.quantile(RATIO, mean, phi).astype(float),
        np.round(recent),
        np.round(recent * uplift),
    )
    return Score(
        len(sold),
        float(mean.sum()),
        float(sold.sum()),
        float(mean.sum() / sold.sum() - 1.0),
        float(((sold >= low) & (sold <= high)).mean()),
        *(earned(order, sold) for order in orders),
    )


def earned(order: Array, sold: Array, ratio: float = RATIO) -> float:
    """Profit of an order in per cent of clairvoyant, every unit earning alike.

    >>> earned(np.array([4.0, 2.0]), np.array([4.0, 4.0]))
    75.0
    """
    profit = np.minimum(order, sold) - (1 - ratio) / ratio * np.maximum(order - sold, 0)
    return float(100 * profit.sum() / sold.sum())
