"""Ordinary days after the sale: safety stock and reorder points (King 2011). Never for the one-shot sale."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import norm

Array = NDArray[np.float64]


def safety_stock(
    daily: ArrayLike, daily_sd: ArrayLike, lead_days: ArrayLike, lead_sd: ArrayLike, service_level: ArrayLike
) -> Array:
    """z sqrt(LT sd_d² + d² sd_LT²), units.

    >>> round(float(safety_stock(100, 20, 9, 2, 0.95)), 9)
    343.455520553
    """
    d, sd, lead, spread = (np.asarray(value, float) for value in (daily, daily_sd, lead_days, lead_sd))
    return np.asarray(norm.ppf(service_level) * np.sqrt(lead * sd**2 + d**2 * spread**2))


def reorder_point(
    daily: ArrayLike, daily_sd: ArrayLike, lead_days: ArrayLike, lead_sd: ArrayLike, service_level: ArrayLike
) -> Array:
    """Demand over the lead time plus safety stock, units."""
    point: Array = np.asarray(daily, float) * np.asarray(lead_days, float) + safety_stock(
        daily, daily_sd, lead_days, lead_sd, service_level
    )
    return point


def reorder_need(
    position: ArrayLike, point: ArrayLike, daily: ArrayLike, review_days: ArrayLike
) -> NDArray[np.int64]:
    """Units to order now: up to the point plus one review period's demand, and only when the position is
    *below* the point.

    A position exactly at the point orders nothing.
    """
    have, level = np.asarray(position, float), np.asarray(point, float)
    wanted = np.ceil(level + np.asarray(daily, float) * np.asarray(review_days, float) - have)
    return np.where(have < level, wanted, 0).astype(np.int64)
