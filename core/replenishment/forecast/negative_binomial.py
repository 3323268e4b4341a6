"""Sale demand as a negative binomial: quantiles, what would be left over or lost, and its spread measured on
past errors.

Mean `mu` in units, dispersion `phi`: variance = mu + phi mu². `phi` = 0 is Poisson. All arrays broadcast;
shapes (n,) unless said.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betainc, gammaln, pdtr
from scipy.stats import nbinom, poisson

Array = NDArray[np.float64]
POISSON = 1e-7  # below this dispersion the negative binomial is Poisson to ten digits
SIZE_EDGES = (2.0, 6.0, 20.0, 60.0)  # expected units that part the size buckets of the measured spread
PRIOR_PHI = np.array(
    [0.5, 0.3, 0.18, 0.09, 0.06]
)  # by size bucket, within one sale, of a shop that has not measured its own
FEW = 100  # units up to which it matters for a band which way an end is rounded
_PRIOR_LOG_SD = 0.7  # how far a measured spread may lie from the prior before it costs (log scale)
_ENOUGH = 40_000  # events beyond this say nothing new about four numbers: every second, third .. one is taken
_GRID = np.exp(np.linspace(np.log(0.02), np.log(8.0), 61))


def _shape(mu: ArrayLike, phi: ArrayLike) -> tuple[Array, Array, Array]:
    mean, spread = np.broadcast_arrays(np.asarray(mu, float), np.asarray(phi, float))
    size = 1.0 / np.maximum(spread, POISSON)
    return mean, size, size / (size + mean)


def quantile(probability: ArrayLike, mu: ArrayLike, phi: ArrayLike) -> NDArray[np.int64]:
    """Smallest whole q with P(D <= q) >= probability; 0 where the probability is not above 0 or the mean is
    0.

    >>> quantile([0.5, 0.66956713, 0.7, 0.95], 480, 0.25).tolist()
    [440, 549, 572, 932]
    """
    mean, size, chance = _shape(mu, phi)
    wanted, mean, size, chance, spread = np.broadcast_arrays(
        np.asarray(probability, float), mean, size, chance, np.asarray(phi, float)
    )
    units = np.zeros(wanted.shape)
    some = (wanted > 0) & (mean > 0)
    clumped = some & (spread > POISSON)
    even = some & ~clumped
    units[clumped] = nbinom.ppf(np.minimum(wanted[clumped], 1 - 1e-9), size[clumped], chance[clumped])
    units[even] = poisson.ppf(np.minimum(wanted[even], 1 - 1e-9), mean[even])
    return units.astype(np.int64)


def band(
    low: float, high: float, mu: ArrayLike, phi: ArrayLike
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The whole units between two levels, both ends inside.

    An end counts as half below itself (the mid-distribution, Lancaster 1961): over many goods the band then holds what
    it promises. Quantiles as ends would hold 87 to 90% of goods of few units where 80% was said.

    >>> [end.tolist() for end in band(0.1, 0.9, [0.5, 3, 480], [0.5, 0.3, 0.25])]
    [[0, 1, 208], [1, 6, 803]]
    """
    bottom, top = quantile(low, mu, phi), quantile(high, mu, phi)
    return bottom + (_middle(bottom, mu, phi) < low), top - (_middle(top, mu, phi) > high)


def _middle(units: NDArray[np.int64], mu: ArrayLike, phi: ArrayLike) -> Array:
    """P(D < q) + P(D = q) / 2; nan above FEW units, where one more or less is nothing."""
    mean, size, chance, spread, q = np.broadcast_arrays(*_shape(mu, phi), np.asarray(phi, float), units)
    middle = np.full(q.shape, np.nan)
    few = q <= FEW
    mean, size, chance, spread, q = (array[few] for array in (mean, size, chance, spread, q))
    at_most, below = (
        np.where(
            spread > POISSON, betainc(size, np.maximum(n, 0) + 1.0, chance), pdtr(np.maximum(n, 0), mean)
        )
        * (n >= 0)
        for n in (q, q - 1)
    )
    middle[few] = 0.5 * (at_most + below)
    return middle


def _poisson_at_most(units: ArrayLike, mean: Array) -> Array:
    return np.where(np.asarray(units) < 0, 0.0, pdtr(np.maximum(units, 0), mean))


def leftover(units: ArrayLike, mu: ArrayLike, phi: ArrayLike) -> Array:
    """E max(units - D, 0): expected units left after the sale.

    Closed form: q F(q; r) - mu F(q - 1; r + 1 at the same chance), since k p(k; r) = mu p(k - 1; r + 1).
    """
    mean, size, chance = _shape(mu, phi)
    q = np.maximum(np.asarray(units, float), 0.0)
    spread = np.asarray(phi, float)
    clumped = q * nbinom.cdf(q, size, chance) - mean * nbinom.cdf(q - 1, size + 1, chance)
    if (spread > POISSON).all():
        clumped_left: Array = np.maximum(clumped, 0.0)
        return clumped_left
    even = q * _poisson_at_most(q, mean) - mean * _poisson_at_most(q - 1, mean)
    units_left: Array = np.maximum(np.where(spread > POISSON, clumped, even), 0.0)
    return units_left


def lost(units: ArrayLike, mu: ArrayLike, phi: ArrayLike) -> Array:
    """E max(D - units, 0): expected units asked for and not there; a stock below 0 loses those units on
    top."""
    unmet: Array = np.asarray(mu, float) - np.asarray(units, float) + leftover(units, mu, phi)
    return unmet


def expected_profit(
    units: ArrayLike, mu: ArrayLike, phi: ArrayLike, underage: ArrayLike, overage: ArrayLike
) -> Array:
    """E[Cu min(units, D) - Co max(units - D, 0)], in the unit of Cu and Co (fen)."""
    left = leftover(units, mu, phi)
    sold = np.maximum(np.asarray(units, float), 0.0) - left
    earnings: Array = np.asarray(underage, float) * sold - np.asarray(overage, float) * left
    return earnings


def spread_from_log_sd(log_sd: ArrayLike) -> Array:
    """phi of a demand whose logarithm has this standard deviation: exp(sd²) - 1."""
    phi: Array = np.expm1(np.square(np.asarray(log_sd, float)))
    return phi


def log_sd_from_spread(phi: ArrayLike) -> Array:
    """Standard deviation on the log scale of a demand with dispersion phi: sqrt(ln(1 + phi))."""
    log_sd: Array = np.sqrt(np.log1p(np.asarray(phi, float)))
    return log_sd


def size_bucket(mu: ArrayLike) -> NDArray[np.int64]:
    """0..3: which size bucket an expected demand falls into."""
    return np.searchsorted(SIZE_EDGES, np.asarray(mu, float)).astype(np.int64)


def measured_spread(forecast: ArrayLike, actual: ArrayLike, weight: float = 1.0) -> Array:
    """phi by size bucket, shape (4,): maximum posterior over past out-of-sample forecasts, pulled to
    PRIOR_PHI where they are few.

    `forecast` and `actual` in units, shape (events,). `weight`: how much of an observation each event is, where
    many share one sale. Without events every bucket holds the prior.
    """
    mean, units = np.maximum(np.asarray(forecast, float), 1e-6), np.asarray(actual, float)
    every = 1 + len(mean) // _ENOUGH
    mean, units = mean[::every], units[::every]
    bucket = size_bucket(mean)
    spread = np.empty(len(SIZE_EDGES) + 1)
    for b, prior in enumerate(PRIOR_PHI):
        distance = np.log(_GRID / prior) / _PRIOR_LOG_SD
        likelihood = weight * every * _likelihood(mean[bucket == b], units[bucket == b])
        spread[b] = _GRID[np.argmax(likelihood - 0.5 * distance**2)]
    return spread


def _likelihood(mean: Array, units: Array) -> Array:
    """Log likelihood of the units at every dispersion of the grid, shape (grid,)."""
    size = 1.0 / _GRID[:, None]
    terms = (
        gammaln(units + size)
        - gammaln(size)
        + size * np.log(size / (size + mean))
        + units * np.log(mean / (size + mean))
    )
    return np.asarray(terms.sum(axis=1))
