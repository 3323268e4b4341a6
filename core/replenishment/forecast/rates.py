"""How fast a SKU sells on ordinary days, and how many times that on sale days: shrunken by the goods it
belongs with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

HALF_LIFE_DAYS = 56.0  # eight weeks: older sales say less about the next sale
UPLIFT_STRENGTH = (
    30.0,
    15.0,
    6.0,
)  # units that a department, a category, a SKU must show to outweigh its parent
PRIOR_UPLIFT = 4.0  # sale days against ordinary days where nothing is known of the kind of sale
EVENT_PHI = 0.25  # what a SKU does beyond its sale's level in one sale is luck to this dispersion
_PRIOR_STRENGTH = 30.0
_FEWEST = 1e-9


def total(of: Codes, values: Array, count: int) -> Array:
    """Sum of the values by number 0..count-1, shape (count,)."""
    return np.asarray(np.bincount(of, values, minlength=count), float)


def decay(age: ArrayLike, half_life: float = HALF_LIFE_DAYS) -> Array:
    """Weight of an observation of that age (same unit as the half-life): 1 now, a half after one
    half-life."""
    return np.asarray(0.5 ** (np.asarray(age, float) / half_life))


def shrunken(units: ArrayLike, exposure: ArrayLike, mean: ArrayLike, beta: ArrayLike) -> Array:
    """Empirical-Bayes rate (y + beta m) / (n + beta), Gamma-Poisson (Efron & Morris).

    >>> round(float(shrunken(9, 4, 2.5, 0.8)), 7)
    2.2916667
    """
    y, n, m, b = (np.asarray(value, float) for value in (units, exposure, mean, beta))
    return np.asarray((y + b * m) / np.maximum(n + b, _FEWEST))


def group_prior(units: Array, exposure: Array, group: Codes) -> tuple[Array, Array]:
    """Mean rate and strength beta of each group by moments, shapes (groups,).

    Var(y_i) = n m + n² v with v the spread of true rates in the group; beta = m / v. A group whose spread
    cannot be told from chance takes the whole shop's; a group without exposure takes the whole shop's mean.
    """
    count = int(group.max()) + 1 if group.size else 0
    whole = units.sum() / max(exposure.sum(), _FEWEST)
    exposed = total(group, exposure, count)
    mean = np.where(exposed > _FEWEST, total(group, units, count) / np.maximum(exposed, _FEWEST), whole)
    expected = exposure * mean[group]
    excess = (units - expected) ** 2 - expected
    weight = np.maximum(total(group, exposure**2, count), _FEWEST)
    spread = total(group, excess, count) / weight
    shop = max(excess.sum() / max((exposure**2).sum(), _FEWEST), 1e-6 * max(whole, _FEWEST) ** 2, _FEWEST)
    return mean, mean / np.where(spread > 1e-3 * mean**2, np.maximum(spread, _FEWEST), shop)


class Events(NamedTuple):
    """Past sale events: units sold, ordinary units, and the SKU's number, shape (events,) each."""

    units: ArrayLike
    expected: ArrayLike
    item: ArrayLike


def uplift(
    events: Events,
    levels: Sequence[ArrayLike],
    *,
    strengths: Sequence[float] = UPLIFT_STRENGTH,
    top: float | None = None,
) -> Array:
    """Times the ordinary rate on sale days, shape (SKUs,): the chain U_node = (D + k U_parent) / (E + k).

    `levels` are group numbers of every SKU, from the widest to the SKU itself, shape (SKUs,) each;
    each must nest in the one before. The top is the shop's own ratio shrunk to PRIOR_UPLIFT, or `top` when
    given.
    """
    sold, base, sku = (
        np.asarray(events.units, float),
        np.asarray(events.expected, float),
        np.asarray(events.item, np.int64),
    )
    shop = (
        (sold.sum() + _PRIOR_STRENGTH * PRIOR_UPLIFT) / (base.sum() + _PRIOR_STRENGTH) if top is None else top
    )
    first = np.asarray(levels[0], np.int64)
    times = np.full(first.shape, float(shop))
    for level, strength in zip(levels, strengths, strict=True):
        node = np.asarray(level, np.int64)
        count = int(node.max()) + 1 if node.size else 0
        parent = np.zeros(count)
        parent[node] = times
        demand = total(node[sku], sold, count)
        usual = total(node[sku], base, count)
        times = ((demand + strength * parent) / (usual + strength))[node]
    return times


def uncensored(sold: ArrayLike, curve_at_stock_out: ArrayLike) -> Array:
    """Demand of a sale day that sold out when the share C(t) of the day had passed: sold / C(t). Share 1 =
    never sold out.

    Below 2% of the day the quotient would be all noise, so the share counts as at least that.
    """
    return np.asarray(np.asarray(sold, float) / np.clip(np.asarray(curve_at_stock_out, float), 0.02, 1.0))
