"""How much to order of one SKU: the newsvendor's quantile under a tier's cap, rounded by profit to packs and
minimum orders. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.replenishment.forecast import negative_binomial

Array = NDArray[np.float64]
Units = NDArray[np.int64]

CAPS = {
    "pre_hot": 0.70,
    "main_push": 0.60,
    "regular": 0.50,
    "clearance": 0.50,
}  # 宁可断货: the tier's largest critical ratio
HURDLE = 0.04  # share of a unit's margin that the last unit ordered must be expected to earn: a hair's gain is not worth a leftover


def critical_ratio(underage: ArrayLike, overage: ArrayLike) -> Array:
    """Cu / (Cu + Co) within [0, 0.999]: 0 where a unit earns nothing, 0.999 where a leftover costs nothing.

    >>> round(float(critical_ratio(6079, 3000)), 8)
    0.66956713
    """
    gain, loss = np.asarray(underage, float), np.maximum(np.asarray(overage, float), 0.0)
    total = gain + loss
    ratio: Array = np.clip(
        np.divide(gain, total, out=np.zeros(np.broadcast_shapes(gain.shape, loss.shape)), where=total > 0),
        0.0,
        0.999,
    )
    return ratio


def effective_ratio(ratio: ArrayLike, cap: ArrayLike, hurdle: ArrayLike = HURDLE) -> Array:
    """min(CR, cap) x (1 - hurdle), 0-1: unit q is ordered when Cu - (Cu + Co) P(D < q) >= hurdle x Cu. A
    hurdle of 0 is the textbook's ratio.

    >>> round(float(effective_ratio(0.66956713, 0.6)), 3)
    0.576
    """
    return np.asarray(
        np.minimum(np.asarray(ratio, float), np.asarray(cap, float)) * (1.0 - np.asarray(hurdle, float))
    )


def capped_overage(underage: ArrayLike, overage: ArrayLike, ratio: ArrayLike) -> Array:
    """The overage cost at which `ratio` is the optimum, at least the true one: a price on leftovers, so that
    rounding keeps to the ratio too."""
    gain, limit = np.asarray(underage, float), np.clip(np.asarray(ratio, float), 0.001, 0.999)
    cost: Array = np.maximum(
        np.maximum(np.asarray(overage, float), 0.0), np.maximum(gain, 0.0) * (1 - limit) / limit
    )
    return cost


def need(committed: ArrayLike, wanted: ArrayLike, available: ArrayLike, in_transit: ArrayLike) -> Units:
    """Units missing before rounding: committed + quantile - available - arriving in time; at least what
    commitments lack, never below 0.

    `available` is on hand less reserved, *before* the pre-sale is taken off: the commitments stand in the sum
    once.

    >>> need(300, 549, 200, 50).tolist()
    599
    """
    committed, have = (
        np.asarray(committed, np.int64),
        np.asarray(available, np.int64) + np.asarray(in_transit, np.int64),
    )
    return np.maximum(np.maximum(committed + np.asarray(wanted, np.int64) - have, committed - have), 0)


def round_up(units: ArrayLike, moq: ArrayLike, pack: ArrayLike) -> Units:
    """Whole packs that hold at least `units` and the minimum order; 0 stays 0.

    >>> round_up([0, 1, 60, 61], 50, 12).tolist()
    [0, 60, 60, 72]
    """
    wanted, size = np.asarray(units, np.int64), np.maximum(np.asarray(pack, np.int64), 1)
    return np.where(wanted > 0, -(-np.maximum(wanted, np.asarray(moq, np.int64)) // size) * size, 0)


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines to decide, shape (n,) each. Units are whole; money in fen a unit.

    mu, phi: demand without the pre-sale. underage: contribution of one more unit. overage: cost of one left
    over, already with the tier's cap in it. must: units that commitments lack. stock: units on hand or
    arriving in time that commitments leave for sale (>= 0 once `must` is ordered). pack, moq: of the
    supplier. limit: most units that may be ordered.
    """

    mu: Array
    phi: Array
    underage: Array
    overage: Array
    must: Units
    stock: Units
    pack: Units
    moq: Units
    limit: Units

    def take(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> Lines:
        """The chosen lines alone."""
        return Lines(*(getattr(self, name)[chosen] for name in self.__slots__))

    def limited(self, most: ArrayLike) -> Lines:
        """The same lines with at most so many units each."""
        return replace(self, limit=np.minimum(self.limit, np.asarray(most, np.int64)))

    @property
    def base(self) -> Units:
        """Packs that commitments force, with the minimum order; 0 where nothing is forced."""
        return round_up(self.must, self.moq, self.pack) // self.pack

    @property
    def least(self) -> Units:
        """Fewest packs of an order, if there is one at all."""
        packs: Units = np.maximum(self.base, -(-self.moq // self.pack))
        return packs

    def profit(self, packs: ArrayLike) -> Array:
        """Expected profit with so many packs ordered, fen."""
        units = self.stock + np.asarray(packs) * self.pack
        return negative_binomial.expected_profit(units, self.mu, self.phi, self.underage, self.overage)


def best_packs(lines: Lines, price: ArrayLike = 0.0) -> Units:
    """Packs that earn the most when every unit costs `price` fen more than it does, shape (n,).

    Commitments are covered whatever the price. The speculative part takes the floor or the ceiling of the
    quantile by expected profit; an order below the supplier's minimum is raised to it or dropped, by profit
    (all are the same concave curve at whole packs).
    """
    extra = np.broadcast_to(np.asarray(price, float), lines.mu.shape)
    total = lines.underage + lines.overage
    ratio = np.divide(lines.underage - extra, total, out=np.zeros_like(total), where=total > 0)
    raw = negative_binomial.quantile(np.minimum(ratio, 0.999), lines.mu, lines.phi) - lines.stock
    ceiling = np.maximum(lines.limit // lines.pack, lines.base)
    below = np.clip(np.maximum(raw, 0) // lines.pack, lines.base, ceiling)
    above = np.minimum(below + 1, ceiling)
    open_lines = np.flatnonzero(raw > below * lines.pack)
    packs = below.copy()
    if open_lines.size:
        some, low, high = lines.take(open_lines), below[open_lines], above[open_lines]
        packs[open_lines] = np.where(
            some.profit(high) - some.profit(low) > extra[open_lines] * some.pack * (high - low), high, low
        )
    return _minimum_order(lines, packs, extra, ceiling)


def _minimum_order(lines: Lines, packs: Units, extra: Array, ceiling: Units) -> Units:
    """Orders below the minimum: raised to it where that earns more than ordering nothing, else dropped."""
    least = lines.least
    small = np.flatnonzero((packs > lines.base) & (packs < least))
    if small.size:
        some = lines.take(small)
        gain = some.profit(least[small]) - some.profit(0) - extra[small] * some.pack * least[small]
        packs[small] = np.where(
            (gain > 0) & (least[small] <= ceiling[small]), least[small], lines.base[small]
        )
    return packs
