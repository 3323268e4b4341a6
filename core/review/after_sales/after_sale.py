"""Returns by age of the purchase, and the load of parcels and tickets that they bring day by day. Pure.

Source: chain-ladder development factors, one lag at a time over the purchases that are old enough to show it
(Mack 1993 for the triangle); the load is the convolution of purchases and curve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def returns_curve(orders: Floats, returned: Floats) -> Floats:
    """Share of a day's units that comes back at each lag in days, shape (days,).

    `orders`: units bought by day, shape (days,), the last day being the last that is known whole; `returned`: units
    by purchase day and lag, shape (days, days), what is not yet known is NaN or 0 beyond the last day. Only
    purchases old enough to show lag k count for it: a young sale is not taken for a satisfied one.

    >>> returns_curve(np.array([100., 100, 100]), np.array([[0, 5, 4], [1, 5, 0], [0, 0, 0.]])).round(4).tolist()
    [0.0033, 0.05, 0.04]
    """
    return curve_of(orders, returned)


def curve_of(orders: Floats, returned: Floats) -> Floats:
    """As `returns_curve`, for fewer lags than days: `returned` of shape (days, lags)."""
    days, lags = len(orders), returned.shape[1] if returned.ndim == 2 else 0
    back, curve = np.nan_to_num(returned), np.zeros(lags)
    for lag in range(min(lags, days)):
        bought = float(orders[: days - lag].sum())
        curve[lag] = float(back[: days - lag, lag].sum()) / bought if bought > 0 else 0.0
    return curve


def returns_load(orders: Floats, curve: Floats) -> Floats:
    """Units that come back on each day, from the first day of `orders` to the last that can still see one: shape
    (orders + lags - 1,).

    >>> returns_load(np.array([10., 4]), np.array([0, .5])).tolist()
    [0.0, 5.0, 2.0]
    """
    return np.convolve(orders, curve)


def band(load: Floats, dispersion: float) -> tuple[Floats, Floats]:
    """A day's 80% band: counts with variance `dispersion` x mean, normal beyond a handful; never below 0."""
    half = 1.2816 * np.sqrt(np.maximum(load, 0) * max(dispersion, 1.0))
    return np.maximum(load - half, 0), load + half


def dispersion(known: Floats, expected: Floats) -> float:
    """How many times the variance of a Poisson count the days have shown: mean squared Pearson residual, at least
    1; 2 with fewer than five days (careful, not blind)."""
    used = expected > 0
    if used.sum() < 5:
        return 2.0
    return max(1.0, float(np.mean((known[used] - expected[used]) ** 2 / expected[used])))
