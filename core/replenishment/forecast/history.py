"""The shop's sales by SKU and day, and what of them was known on a day: ordinary days apart from sales,
warm-ups and empty shelves.

Days are proleptic ordinals (date.toordinal()), SKUs are places 0..n-1 in the caller's frame. Nothing here
looks past the day it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.campaign.sale_kinds import SaleKind
from core.replenishment.forecast import rates

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

ANALOGUE_STRENGTH = (
    140.0  # days of exposure that a price band must show before its own rate counts more than tier x category
)


@dataclass(frozen=True, slots=True)
class Sale:
    """A sale: its first and last day, the first day of its warm-up (sales from there on are not ordinary), and
    its kind."""

    first: int
    last: int
    warm: int
    kind: SaleKind = SaleKind.FESTIVAL

    @property
    def days(self) -> int:
        """How many days it was open."""
        return self.last - self.first + 1


@dataclass(frozen=True, slots=True)
class Sales:
    """Rows (SKU, day, units) of the daily reports, and days on which a SKU was sold out, as parallel arrays
    of the same kind."""

    item: Codes
    day: Codes
    units: Array
    empty_item: Codes
    empty_day: Codes


@dataclass(frozen=True, slots=True)
class Goods:
    """Where each SKU belongs, shape (n,): tier x category, the price band within it, category, category x
    band; and its first known day (0: never seen)."""

    group: Codes
    band: Codes
    category: Codes
    category_band: Codes
    first_day: Codes

    @property
    def levels(self) -> tuple[Codes, Codes, Codes]:
        """Widest to narrowest, for the uplift chain: category, category x price band, SKU."""
        return self.category, self.category_band, np.arange(len(self.category))


@dataclass(frozen=True, slots=True)
class Past:
    """What a day knows of each SKU, shape (n,).

    ordinary: units a day on ordinary days. recent: units a day lately, sales included. active: share of days
    with a sale, 0-1. exposure: ordinary days known, decayed.
    """

    ordinary: Array
    recent: Array
    active: Array
    exposure: Array


def codes(*columns: NDArray[Any]) -> Codes:
    """Numbers of the distinct combinations of the columns, from 0; shape (n,)."""
    joined = np.zeros(len(columns[0]), np.int64)
    for column in columns:
        _, number = np.unique(np.asarray(column, str), return_inverse=True)
        _, joined = np.unique(joined * (number.max(initial=0) + 1) + number, return_inverse=True)
    return joined.astype(np.int64)


def price_band(price: Array) -> Codes:
    """Which of about three bands a doubling each price (fen) falls into; 0 where it is unknown."""
    known = np.maximum(np.nan_to_num(np.asarray(price, float)), 0.0)
    return np.where(known > 0, np.floor(3 * np.log2(np.maximum(known, 1.0))), 0).astype(np.int64)


def known_by(sales: Sales, goods: Goods, closed: tuple[Sale, ...], until: int) -> Past:
    """What was known at the end of day `until`. `closed`: sales whose days (and warm-up days) are not
    ordinary."""
    n = len(goods.group)
    if not sales.day.size or sales.day.min() > until:
        return Past(*(np.zeros(n) for _ in range(4)))
    start = int(sales.day.min())
    weight = rates.decay(until - np.arange(start, until + 1))
    weight[~np.isin(np.arange(start, until + 1), sales.day)] = (
        0.0  # a day of which there is no report says nothing
    )
    special = np.zeros(len(weight), bool)
    for sale in closed:
        special[max(sale.warm - start, 0) : max(sale.last - start + 1, 0)] = True
    since = np.clip(goods.first_day - start, 0, len(weight))
    started = (goods.first_day > 0) & (goods.first_day <= until)
    rows = sales.day <= until
    item, place, units = sales.item[rows], sales.day[rows] - start, sales.units[rows]
    empty = (sales.empty_day <= until) & (sales.empty_day >= start)
    empty_item, empty_place = sales.empty_item[empty], sales.empty_day[empty] - start
    at_hand = ~special[place] & ~_marked(item, place, empty_item, empty_place, len(weight))
    exposure = np.where(started, _from(weight * ~special, since), 0.0)
    exposure -= rates.total(
        empty_item, (weight * ~special)[empty_place] * (empty_place >= since[empty_item]), n
    )
    exposure = np.maximum(exposure, 0.0)
    sold = rates.total(item[at_hand], (units * weight[place])[at_hand], n)
    days = np.where(started, _from(weight, since), 0.0)
    lately = rates.total(item, units * weight[place], n)
    active = rates.total(item[units > 0], np.ones((units > 0).sum()), n) / np.maximum(
        np.where(started, len(weight) - since, 1), 1
    )
    return Past(_rate(sold, exposure, goods), _rate(lately, days, goods), np.minimum(active, 1.0), exposure)


def _rate(units: Array, exposure: Array, goods: Goods) -> Array:
    """Empirical-Bayes rate a day; the price band leans on its tier x category, the SKU on its band, so a new
    SKU is its analogues."""
    wide, _ = rates.group_prior(units, exposure, goods.group)
    count = int(goods.band.max(initial=0)) + 1
    parent = np.zeros(count)
    parent[goods.band] = wide[goods.group]
    _, strength = rates.group_prior(units, exposure, goods.band)
    mean = rates.shrunken(
        rates.total(goods.band, units, count),
        rates.total(goods.band, exposure, count),
        parent,
        ANALOGUE_STRENGTH,
    )
    return rates.shrunken(units, exposure, mean[goods.band], strength[goods.band])


def _from(weight: Array, since: Codes) -> Array:
    """Sum of the weights from each place on."""
    return np.concatenate([weight[::-1].cumsum()[::-1], [0.0]])[since]


def _marked(
    item: Codes, place: Codes, empty_item: Codes, empty_place: Codes, width: int
) -> NDArray[np.bool_]:
    return np.isin(item * width + place, empty_item * width + empty_place)


def sold_in(sales: Sales, sale: Sale, n: int, *, shares: bool = True) -> Array:
    """Units of a past sale by SKU, shape (n,), sell-outs uncensored: a SKU first empty on a day counts as if
    the shop's curve had reached half of that day."""
    inside = (sales.day >= sale.first) & (sales.day <= sale.last)
    units = rates.total(sales.item[inside], sales.units[inside], n)
    empty = (sales.empty_day >= sale.first) & (sales.empty_day <= sale.last)
    if not (shares and empty.any()):
        return units
    daily = rates.total(sales.day[inside] - sale.first, sales.units[inside], sale.days)
    passed = np.concatenate([[0.0], daily.cumsum()]) / max(daily.sum(), 1e-9)
    first_empty = np.full(n, sale.days)
    np.minimum.at(first_empty, sales.empty_item[empty], sales.empty_day[empty] - sale.first)
    middle = np.append(0.5 * (passed[:-1] + passed[1:]), 1.0)
    return rates.uncensored(units, middle[first_empty])


def sold_by_day(sales: Sales, sale: Sale) -> Array:
    """Units of the whole shop on each day of a past sale, shape (days,)."""
    inside = (sales.day >= sale.first) & (sales.day <= sale.last)
    return rates.total(sales.day[inside] - sale.first, sales.units[inside], sale.days)
