"""Demand of the coming sale by SKU: ordinary rate x level of the sale x the SKU's own answer to sales, corrected
by what past sales taught, joined with the warm-up's signals. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from core.replenishment.forecast import history, level, negative_binomial, rates, signals, warmup
from core.replenishment.forecast.history import Goods, Past, Sale, Sales
from core.replenishment.forecast.learning import Learner
from core.replenishment.forecast.level import Level, SaleResult
from core.replenishment.forecast.response import Features
from core.replenishment.forecast.warmup import Jump as Jump
from core.replenishment.forecast.warmup import Signals as Signals

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

DECISION_DAYS = 14  # a past sale is forecast from what was known this many days before it opened, as an order would have been
NEW_SKU_PHI = 1.5  # spread of a SKU without a day of its own on sale
PLAN_SD = 0.8  # log standard deviation of a planned figure where nothing else is known


class Source(StrEnum):
    """What a SKU's forecast stands on: its own sales, goods like it, planned units, nothing."""

    OWN = "own"
    ANALOGUES = "analogues"
    PLAN = "plan"
    NOTHING = "nothing"


SOURCES = tuple(Source)


@dataclass(frozen=True, slots=True)
class Coming:
    """The sale to forecast: the day of the decision, its warm-up's first day, its first and last day; planned
    units by SKU (nan: none)."""

    today: int
    sale: Sale
    planned: Array


@dataclass(frozen=True, slots=True)
class Forecast:
    """Demand without the pre-sale, shape (n,) each: mean and dispersion, the terms behind them, and where
    they come from.

    baseline: units a day on ordinary days. uplift: factor over the whole sale. history: mean from the shop's
    sales alone. signal: median from the warm-up alone (nan: none). source: place in SOURCES. level: of the
    whole sale; its spread is in phi. jumps: signals held back until somebody says that they count.
    """

    mean: Array
    phi: Array
    baseline: Array
    uplift: Array
    history: Array
    signal: Array
    source: Codes
    level: Level
    jumps: tuple[Jump, ...]

    @property
    def past_sales(self) -> int:
        """The sales that the level was learnt from; 0 means shipped priors."""
        return self.level.sales

    def total(self, low: float, high: float) -> tuple[float, float]:
        """Quantiles of the whole sale's units."""
        own = np.maximum((1 + self.phi) / np.exp(self.level.log_sd**2) - 1, 0.0)
        return level.of_total(self.mean, own, self.level, low, high)


def forecast(sales: Sales, goods: Goods, past: tuple[Sale, ...], coming: Coming, warm: Signals) -> Forecast:
    """The forecast of the coming sale from everything known at the end of the day before `coming.today`.

    `past`: closed sales in order. Each is first forecast from what was known before it, then compared with
    what sold (sell-outs uncensored): that is where level, answer, response and spread come from.
    """
    n, learner, answers = len(goods.group), Learner(), _Answers(len(goods.group), goods)
    closed = [(sale, _sold(sales, warm, sale, n)) for sale in past]
    for number, (sale, units) in enumerate(closed):
        base = history.known_by(sales, goods, past[:number], sale.first - DECISION_DAYS)
        features = answers.features(base, sale)
        there = (goods.first_day > 0) & (goods.first_day <= sale.last) & ((features.chain > 0) | (units > 0))
        chosen = _chosen(features, there)
        learner.observe(chosen, _kept(learner.expect(chosen).mean, chosen), units[there], grounded=number > 0)
        answers.add(np.flatnonzero(there), units, base, sale, history.sold_by_day(sales, sale))
    base = history.known_by(sales, goods, (*past, coming.sale), coming.today - 1)
    height = answers.level(coming.sale)
    features = answers.features(base, coming.sale)
    expected = learner.expect(features)
    phi = level.spread_with(expected.phi, height.log_sd)
    mean, phi, source = _without_history(_kept(expected.mean, features), phi, base, coming.planned)
    heard = warmup.read(warm, goods, closed, coming.sale, coming.today)
    joined, joined_phi = warmup.join(mean, phi, heard)
    stated = np.where(heard.units > 0, heard.units, np.nan)
    uplift = height.uplift * answers.times()
    return Forecast(joined, joined_phi, base.ordinary, uplift, mean, stated, source, height, heard.jumps)


def _sold(sales: Sales, warm: Signals, sale: Sale, n: int) -> Array:
    """Units of a past sale without its pre-sale: what deposits had promised is a commitment in every sale,
    never a forecast."""
    inside = (warm.day >= sale.warm) & (warm.day <= sale.last)
    deposits = warm.counts.get(signals.DEPOSIT, np.zeros(len(warm.day)))
    presold = rates.total(warm.item[inside], deposits[inside], n)
    return np.maximum(history.sold_in(sales, sale, n) - presold, 0.0)


class _Answers:
    """What the closed sales have shown: the results by sale, each SKU's answer beyond its sale's level, and
    its own past sale units."""

    def __init__(self, n: int, goods: Goods) -> None:
        self.goods = goods
        self.results: list[SaleResult] = []
        self.item, self.sold, self.expected = (np.empty(0, np.int64), np.empty(0), np.empty(0))
        self.units_a_day, self.events = np.zeros(n), np.zeros(n)

    def add(self, item: Codes, units: Array, base: Past, sale: Sale, daily: Array) -> None:
        """A closed sale: the SKUs in it, units sold (n,), what was known before it, the shop's units by
        day."""
        ordinary = (base.ordinary * sale.days)[item]
        whole, asked = float(units[item].sum()), float(ordinary.sum())
        share = whole / max(float(daily.sum()), 1e-9)  # the days without the pre-sale's units
        self.results.append(SaleResult(sale.kind, asked, whole, daily * share))
        usual = ordinary * (whole / asked if asked > 0 else 1.0)
        damped = 1.0 / (1.0 + rates.EVENT_PHI * usual)
        self.item = np.concatenate([self.item, item])
        self.sold = np.concatenate([self.sold, units[item] * damped])
        self.expected = np.concatenate([self.expected, usual * damped])
        self.units_a_day[item] += units[item] / sale.days
        self.events[item] += 1

    def level(self, sale: Sale) -> Level:
        """The level of a sale after the closed ones."""
        return level.expected(self.results, sale.kind, sale.days)

    def times(self) -> Array:
        """Each SKU's answer as a factor of its sale's level, shape (SKUs,)."""
        return rates.uplift(rates.Events(self.sold, self.expected, self.item), self.goods.levels, top=1.0)

    def features(self, base: Past, sale: Sale) -> Features:
        """What is known of each SKU before a sale."""
        return Features(
            chain=base.ordinary * self.level(sale).uplift * self.times() * sale.days,
            recent=base.recent * sale.days,
            exposure=np.ones(len(base.recent)),
            past_units=self.units_a_day * sale.days,
            past_periods=self.events.copy(),
            active=base.active,
        )


def _kept(mean: Array, features: Features) -> Array:
    """The learnt response moves units between SKUs; how much the whole sale sells is the level's to say."""
    return mean * (float(features.chain.sum()) / max(float(mean.sum()), 1e-9))


def _chosen(features: Features, there: NDArray[np.bool_]) -> Features:
    return Features(*(getattr(features, entry.name)[there] for entry in fields(Features)))


def _without_history(mean: Array, phi: Array, base: Past, planned: Array) -> tuple[Array, Array, Codes]:
    """New SKUs take a wide spread; where even the analogues sold nothing the plan's units stand in, said as
    such."""
    fresh = base.exposure <= 0
    nothing = base.ordinary <= 0
    has_plan = nothing & (np.nan_to_num(planned) > 0)
    source = np.select([has_plan, nothing, fresh], [2, 3, 1], 0).astype(np.int64)
    middle = np.where(nothing, np.where(has_plan, np.nan_to_num(planned), 0.0), mean)
    spread = np.select(
        [has_plan, fresh], [float(negative_binomial.spread_from_log_sd(PLAN_SD)), NEW_SKU_PHI], phi
    )
    return middle, np.maximum(spread, np.where(fresh, NEW_SKU_PHI, 0.0) * ~has_plan), source
