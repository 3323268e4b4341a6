"""Demand of the coming sale by SKU: ordinary rate x uplift, corrected by what past sales taught, joined with the warm-up's signals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.replenishment import demand, history, rates, signals
from core.replenishment.history import Goods, Past, Sale, Sales
from core.replenishment.learning import Learner
from core.replenishment.response import Features

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

DECISION_DAYS = 14  # a past sale is forecast from what was known this many days before it opened, as an order would have been
NEW_SKU_PHI = 1.5  # spread of a SKU without a day of its own on sale
PLAN_SD = 0.8  # log standard deviation of a planned figure where nothing else is known
SOURCES = ("own", "analogues", "plan", "nothing")


@dataclass(frozen=True, slots=True)
class Signals:
    """Warm-up counts by SKU and day (parallel arrays) and by stage of signals.STAGES and signals.DEPOSIT; `prior` rates by stage."""

    item: Codes
    day: Codes
    counts: Mapping[str, Array]
    prior: Mapping[str, float] = field(default_factory=lambda: dict(signals.PRIOR_RATES))


@dataclass(frozen=True, slots=True)
class Coming:
    """The sale to forecast: the day of the decision, its warm-up's first day, its first and last day; planned units by SKU (nan: none)."""

    today: int
    sale: Sale
    planned: Array


@dataclass(frozen=True, slots=True)
class Forecast:
    """Demand without the pre-sale, shape (n,) each: mean and dispersion, the terms behind them, and where they come from.

    baseline: units a day on ordinary days. uplift: the chain's factor. history: mean from the shop's sales alone. signal: median from the
    warm-up alone (nan: none). source: place in SOURCES. learnt: (SKU, past sale) pairs behind the response; 0 means shipped priors.
    """

    mean: Array
    phi: Array
    baseline: Array
    uplift: Array
    history: Array
    signal: Array
    source: Codes
    learnt: int
    past_sales: int


def forecast(sales: Sales, goods: Goods, past: tuple[Sale, ...], coming: Coming, warm: Signals) -> Forecast:
    """The forecast of the coming sale from everything known at the end of the day before `coming.today`.

    `past`: closed sales in order. Each is first forecast from what was known before it, then compared with what sold (sell-outs uncensored):
    that is where uplift, response and spread come from.
    """
    n, learner = len(goods.group), Learner()
    chain = _Chain(n, goods)
    for place, sale in enumerate(past):
        features, base = _features(sales, goods, past[:place], sale, sale.first - DECISION_DAYS, chain)
        sold = _sold(sales, warm, sale, n)
        there = (goods.first_day > 0) & (goods.first_day <= sale.last) & ((features.chain > 0) | (sold > 0))
        chosen = _chosen(features, there)
        learner.observe(chosen, learner.expect(chosen).mean, sold[there], grounded=place > 0)
        chain.add(np.flatnonzero(there), sold[there], (base.ordinary * sale.days)[there], sale.days)
    features, base = _features(sales, goods, (*past, coming.sale), coming.sale, coming.today - 1, chain)
    expected = learner.expect(features)
    mean, phi, source = _without_history(expected.mean, expected.phi, base, coming.planned)
    signal, joined, joined_phi = _joined(sales, goods, past, coming, warm, mean, phi)
    return Forecast(joined, joined_phi, base.ordinary, chain.times(), mean, signal, source, learner.events, len(past))


def _sold(sales: Sales, warm: Signals, sale: Sale, n: int) -> Array:
    """Units of a past sale without its pre-sale: what deposits had promised is a commitment in every sale, never a forecast."""
    inside = (warm.day >= sale.warm) & (warm.day <= sale.last)
    presold = rates.total(warm.item[inside], warm.counts.get(signals.DEPOSIT, np.zeros(len(warm.day)))[inside], n)
    return np.maximum(history.sold_in(sales, sale, n) - presold, 0.0)


class _Chain:
    """The sale events gathered for the uplift chain, and each SKU's own past sale units."""

    def __init__(self, n: int, goods: Goods) -> None:
        self.goods = goods
        self.item, self.sold, self.expected = (np.empty(0, np.int64), np.empty(0), np.empty(0))
        self.units_a_day, self.events = np.zeros(n), np.zeros(n)

    def add(self, item: Codes, sold: Array, expected: Array, days: int) -> None:
        """A closed sale of so many days: units sold and ordinary units expected of these SKUs."""
        self.item = np.concatenate([self.item, item])
        self.sold, self.expected = np.concatenate([self.sold, sold]), np.concatenate([self.expected, expected])
        self.units_a_day[item] += sold / days
        self.events[item] += 1

    def times(self) -> Array:
        """Each SKU's factor as the closed sales have it, shape (SKUs,)."""
        return rates.uplift(self.sold, self.expected, self.item, self.goods.levels)


def _features(
    sales: Sales, goods: Goods, closed: tuple[Sale, ...], sale: Sale, until: int, chain: _Chain
) -> tuple[Features, Past]:
    base = history.known_by(sales, goods, closed, until)
    features = Features(
        chain=base.ordinary * chain.times() * sale.days,
        recent=base.recent * sale.days,
        exposure=np.ones(len(base.recent)),
        past_units=chain.units_a_day * sale.days,
        past_periods=chain.events.copy(),
        active=base.active,
    )
    return features, base


def _chosen(features: Features, there: NDArray[np.bool_]) -> Features:
    return Features(*(getattr(features, name)[there] for name in Features.__slots__))


def _without_history(mean: Array, phi: Array, base: Past, planned: Array) -> tuple[Array, Array, Codes]:
    """New SKUs take a wide spread; where even the analogues sold nothing the plan's units stand in, said as such."""
    fresh = base.exposure <= 0
    nothing = base.ordinary <= 0
    has_plan = nothing & (np.nan_to_num(planned) > 0)
    source = np.select([has_plan, nothing, fresh], [2, 3, 1], 0).astype(np.int64)
    middle = np.where(nothing, np.where(has_plan, np.nan_to_num(planned), 0.0), mean)
    spread = np.select([has_plan, fresh], [float(demand.spread_from_log_sd(PLAN_SD)), NEW_SKU_PHI], phi)
    return middle, np.maximum(spread, np.where(fresh, NEW_SKU_PHI, 0.0) * ~has_plan), source


def _joined(
    sales: Sales, goods: Goods, past: tuple[Sale, ...], coming: Coming, warm: Signals, mean: Array, phi: Array
) -> tuple[Array, Array, Array]:
    """The warm-up's median (nan: none), and mean and dispersion of history and warm-up together."""
    n, quiet = len(mean), _outside(warm, past)
    begun, ahead = coming.sale.first - coming.sale.warm, max(coming.sale.first - coming.today, 0)
    units = _score(quiet, coming.sale, begun, ahead, n)
    item, sold, scored = [], [], []
    for sale in past:
        score = _score(quiet, sale, begun, ahead, n)
        heard = np.flatnonzero(score > 0)
        item.append(heard)
        sold.append(_sold(sales, warm, sale, n)[heard])
        scored.append(score[heard])
    measured = sum(len(part) for part in item) > 0
    seen = np.clip((coming.today - coming.sale.warm) / max(coming.sale.first - coming.sale.warm, 1), 0.01, 1.0)
    if measured:
        strengths = tuple(signals.RATE_STRENGTH * share for share in (0.5, 0.25, 0.1))
        chain = rates.uplift(
            np.concatenate(sold),
            np.concatenate(scored),
            np.concatenate(item),
            goods.levels,
            strengths=strengths,
            top=_ratio(sold, scored),
        )
        units = units * chain
    else:
        units = units / seen
    own_sd = signals.signal_sd(units, measured, seen)
    sd = np.maximum(demand.log_sd_from_spread(phi), 0.05)
    _, joint_sd, joint = signals.combine(mean / np.exp(sd**2 / 2), sd, units, own_sd)
    told = units > 0
    alone = told & (mean <= 0)
    together = np.where(alone, units * np.exp(own_sd**2 / 2), joint)
    spread = demand.spread_from_log_sd(np.where(alone, own_sd, joint_sd))
    return np.where(told, units, np.nan), np.where(told, together, mean), np.where(told, spread, phi)


def _outside(warm: Signals, sales: tuple[Sale, ...]) -> Signals:
    """The signals without the days of these sales: what goes into a cart there is bought there."""
    quiet = np.ones(len(warm.day), bool)
    for sale in sales:
        quiet &= (warm.day < sale.first) | (warm.day > sale.last)
    counts = {stage: values[quiet] for stage, values in warm.counts.items()}
    return Signals(warm.item[quiet], warm.day[quiet], counts, warm.prior)


def _ratio(sold: list[Array], scored: list[Array]) -> float:
    return float((sum(part.sum() for part in sold) + 1.0) / (sum(part.sum() for part in scored) + 1.0))


def _score(warm: Signals, sale: Sale, begun: int, ahead: int, n: int) -> Array:
    """Units that the days from `begun` to `ahead` days before the opening point to at the prior rates.

    The coming sale's days before its opening, for every sale alike: a rate measured on one day of warm-up says nothing of three weeks.
    """
    if not warm.day.size:
        return np.zeros(n)
    counts = history.signal_sums(warm.item, warm.day, warm.counts, sale.first - begun, sale.first - ahead - 1, n)
    return signals.from_warmup(signals.deepest(counts), warm.prior)
