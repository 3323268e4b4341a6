"""What past sale days teach beyond the uplift chain: a ridge-shrunk negative-binomial regression around the
chain's own forecast.

log mu = log mu_chain x 1 + coefficients x features. The coefficients start at (0, 1, 0, 0 ..), the chain
alone, and move only as far as the events carry them: without events the forecast *is* the chain's, and every
feature is told relative to it. On the public walk-forward (weeks up to 25) this beats the chain with the same
spread by several points of profit; which features and constants stand here was chosen there, with small shops
drawn from the panel as well (see tests/bench/test_backtest.py).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

SALE_SD = 0.2  # log standard deviation of a sale's own level around what its features say
RIDGE = 5.0  # events that it takes to believe a coefficient half
LEVEL_RIDGE = 20.0  # the same for the level, which the chain has learnt from these very sales already
_DISPERSION = (
    0.6  # weights events of different size in the fit; the forecast's own spread is measured afterwards
)
_FARTHEST = (
    1.0  # no forecast moves farther than this in one round (log scale): a far start would else run away
)
_PAST_STRENGTH = (
    3.0  # sale periods that a SKU must show before its own past sale mean counts more than the chain
)


@dataclass(frozen=True, slots=True)
class Features:
    """What is known of each SKU (or past event) on the day of the decision, shape (n,) each.

    chain: forecast of the uplift chain, units. recent: rate over all recent periods, promotions included,
    shrunk by group. exposure: how widely it is shown in the sale, times the usual (1 = as usual). past_units,
    past_periods: units sold in past sale periods and their number. active: share of known periods with a
    sale, 0-1.
    """

    chain: Array
    recent: Array
    exposure: Array
    past_units: Array
    past_periods: Array
    active: Array

    def matrix(self) -> Array:
        """Design matrix, shape (n, 6): one, log chain, log recent / chain, log exposure, log shrunken past
        sale mean / chain, log(1 + active)."""
        chain = np.maximum(self.chain, 1e-3)
        past = (self.past_units + _PAST_STRENGTH * chain) / (self.past_periods + _PAST_STRENGTH)
        return np.column_stack(
            [
                np.ones_like(chain),
                np.log(chain),
                np.log(np.maximum(self.recent, 1e-3) / chain),
                np.log(np.maximum(self.exposure, 1e-3)),
                np.log(past / chain),
                np.log1p(self.active),
            ]
        )


START = np.array([0.0, 1.0, 0.0, 0.0, 0.0, 0.0])  # the chain, unchanged


def fit(
    matrix: ArrayLike, units: ArrayLike, sale: ArrayLike, *, ridge: float = RIDGE, rounds: int = 50
) -> Array:
    """Coefficients, shape (6,), from past events: `matrix` as Features.matrix() gives it, `units` that were
    then sold and the number of the `sale` of each, shape (events,).

    Iteratively reweighted least squares with a Gaussian prior at START (McCullagh & Nelder, ch. 2) and a
    random level of each sale with standard deviation SALE_SD, so that the events of one sale are one
    observation of the level; START itself without events.
    """
    design, sold, of = np.asarray(matrix, float), np.asarray(units, float), np.asarray(sale, np.int64)
    weight = np.full(len(START), ridge)
    weight[0] = LEVEL_RIDGE
    coefficients = START.copy()
    for _ in range(rounds if len(sold) else 0):
        linear = design @ coefficients
        mean = np.exp(np.clip(linear, -7, 14))
        working = mean / (1 + _DISPERSION * mean)
        target = linear + (sold - mean) / mean
        spread = design - _shared(design, working, of)
        normal = (spread.T * working) @ design + np.diag(weight)
        step = np.linalg.solve(normal, spread.T @ (working * target) + weight * START) - coefficients
        coefficients = coefficients + step * min(1.0, _FARTHEST / max(np.abs(design @ step).max(), 1e-12))
        if np.abs(step).max() < 1e-8:
            break
    return coefficients


def _shared(design: Array, working: Array, of: NDArray[np.int64]) -> Array:
    """The part of each row of the design that its sale's random level takes: tau² / (1 + tau² W) times the
    weighted sum over the sale."""
    count = int(of.max()) + 1
    whole = np.bincount(of, working, minlength=count)
    sums = np.column_stack([np.bincount(of, working * column, minlength=count) for column in design.T])
    return np.asarray((SALE_SD**2 / (1 + SALE_SD**2 * whole))[of, None] * sums[of])


def predict(matrix: ArrayLike, coefficients: ArrayLike) -> Array:
    """Expected units of the sale, shape (n,)."""
    return np.asarray(np.exp(np.clip(np.asarray(matrix, float) @ np.asarray(coefficients, float), -7, 16)))
