"""The warm-up joined with the shop's history: each stage against its own past, no single signal with more
leverage than LEVERAGE, and what leaps beyond everything known held back until somebody says that it counts.
Pure.

A stage of which this warm-up has no figure is unknown: it is left out of the past warm-ups too, so that the
rest is compared like with like.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.replenishment.forecast import negative_binomial, rates, signals
from core.replenishment.forecast.history import Goods, Sale

Array = NDArray[np.float64]
Codes = NDArray[np.int64]

LEVERAGE = 2.0  # no warm-up moves a SKU's forecast by more than this factor
STAGE_SHARE = 2.0  # one stage points to at most so many times what the other stages point to together
JUMP = 5.0  # times its past at which a SKU's stage is held back and asked about
WARM_GROWTH = 4.0  # a warm-up day over an ordinary day, where no past warm-up is known
FEWEST_JUMPING = 100.0  # user-items below which nothing is called a jump
_SALE_SD = 0.35  # of a warm-up's conversion between sales, log scale
_APART = 1.4  # log units of disagreement beyond which no more is added to the band
_PRIOR_SD = 0.78  # of a shop's own conversion around the shipped rates


@dataclass(frozen=True, slots=True)
class Signals:
    """Warm-up counts by SKU and day (parallel arrays) and by stage of signals.STAGES and signals.DEPOSIT;
    `prior` rates by stage.

    A stage that is missing, or without any count in the coming warm-up, is unknown. `count_jumps`: whether
    somebody has said that leaps beyond the past count.
    """

    item: Codes
    day: Codes
    counts: Mapping[str, Array]
    prior: Mapping[str, float] = field(default_factory=lambda: dict(signals.PRIOR_RATES))
    count_jumps: bool = False

    def summed(self, first: int, last: int, n: int) -> dict[str, Array]:
        """The counts by stage over the days `first`..`last`, shape (n,) each."""
        inside = (self.day >= first) & (self.day <= last)
        item = self.item[inside]
        return {stage: rates.total(item, values[inside], n) for stage, values in self.counts.items()}


@dataclass(frozen=True, slots=True)
class Jump:
    """A stage that leapt beyond its past at some SKUs: the largest ratio, whose it is (number of the SKU), and
    at how many."""

    stage: str
    ratio: float
    item: int
    skus: int


@dataclass(frozen=True, slots=True)
class Span:
    """Days counted from an opening backwards: from `begun` to `ahead` days before it, for every sale alike."""

    begun: int
    ahead: int


@dataclass(frozen=True, slots=True)
class Warm:
    """What the coming warm-up points to, shape (n,): median units (0: none) and log standard deviation; the
    jumps."""

    units: Array
    log_sd: Array
    jumps: tuple[Jump, ...]


def read(warm: Signals, goods: Goods, past: Sequence[tuple[Sale, Array]], coming: Sale, today: int) -> Warm:
    """The coming warm-up at the conversion that past sales (each with the units it sold, shape (n,)) have
    shown."""
    n, quiet = len(goods.group), _outside(warm, [sale for sale, _ in past])
    span = Span(coming.first - coming.warm, max(coming.first - today, 0))
    sums = _sums(quiet, coming, span, n)
    before = [_sums(quiet, sale, span, n) for sale, _ in past]
    stages = [
        stage
        for stage in signals.STAGES
        if stage in sums
        and sums[stage].sum() > 0
        and all(sale[stage].sum() > 0 or not _any(sale) for sale in before)
    ]
    sums, jumps = _without_jumps(sums, _reference(quiet, before, coming, span, n), stages)
    counted = sums if not warm.count_jumps else _sums(quiet, coming, span, n)
    units = _pointed(counted, stages, warm.prior, n)
    scores = [_pointed(sale, stages, warm.prior, n) for sale in before]
    share = np.clip((today - coming.warm) / max(coming.first - coming.warm, 1), 0.01, 1.0)
    times, sales = _conversion(goods, scores, [units for _, units in past])
    units = units * times if sales else units / share
    level = _SALE_SD**2 + 1.0 / (_PRIOR_SD**-2 + sales / _SALE_SD**2)
    return Warm(units, signals.signal_sd(units, level, float(share)), jumps)


def join(mean: Array, phi: Array, warm: Warm) -> tuple[Array, Array]:
    """Mean and dispersion of history (mean, phi) and warm-up together, on the log scale by inverse variance.

    The warm-up pulls with at most LEVERAGE. The band widens where the two lie further apart than their own spreads let
    expect (by the Birge ratio), and is never narrower than the history's where they disagree by more than LEVERAGE.
    """
    sd = np.maximum(negative_binomial.log_sd_from_spread(phi), 0.05)
    median = np.maximum(mean / np.exp(sd**2 / 2), 1e-9)
    weight = sd**2 / (sd**2 + warm.log_sd**2)
    apart = np.log(np.maximum(warm.units, 1e-3) / median)
    pulled = weight * np.clip(apart, -np.log(LEVERAGE), np.log(LEVERAGE))
    surprise = np.clip(apart, -_APART, _APART) ** 2 / (sd**2 + warm.log_sd**2)
    joint = np.sqrt(weight * warm.log_sd**2 * np.maximum(surprise, 1.0))
    joint = np.where(np.abs(apart) > np.log(LEVERAGE), np.maximum(joint, sd), joint)
    heard, alone = warm.units > 0, (warm.units > 0) & (mean <= 0)
    together = np.where(
        alone, warm.units * np.exp(warm.log_sd**2 / 2), median * np.exp(pulled + joint**2 / 2)
    )
    spread = negative_binomial.spread_from_log_sd(np.where(alone, warm.log_sd, joint))
    return np.where(heard, together, mean), np.where(heard, spread, phi)


def _any(sums: Mapping[str, Array]) -> bool:
    return any(values.sum() > 0 for values in sums.values())


def _outside(warm: Signals, sales: Sequence[Sale]) -> Signals:
    """The signals without the days of these sales: what goes into a cart there is bought there."""
    quiet = np.ones(len(warm.day), bool)
    for sale in sales:
        quiet &= (warm.day < sale.first) | (warm.day > sale.last)
    counts = {stage: values[quiet] for stage, values in warm.counts.items()}
    return Signals(warm.item[quiet], warm.day[quiet], counts, warm.prior)


def _sums(warm: Signals, sale: Sale, span: Span, n: int) -> dict[str, Array]:
    first, last = sale.first - span.begun, sale.first - span.ahead - 1
    return warm.summed(first, last, n)


def _reference(
    warm: Signals, before: Sequence[Mapping[str, Array]], coming: Sale, span: Span, n: int
) -> dict[str, Array]:
    """The most that each SKU's stage has shown over as many days: in a past warm-up, else on ordinary days
    before this one (a warm-up grows by WARM_GROWTH)."""
    days = max(span.begun - span.ahead, 1)
    first = coming.warm - int(rates.HALF_LIFE_DAYS)
    ordinary = warm.summed(first, coming.warm - 1, n)
    known = max(len(np.unique(warm.day[(warm.day >= first) & (warm.day < coming.warm)])), 1)
    most = {stage: values * days / known * WARM_GROWTH for stage, values in ordinary.items()}
    for sale in before:
        most = {stage: np.maximum(values, sale[stage]) for stage, values in most.items()}
    return most


def _without_jumps(
    sums: dict[str, Array], most: Mapping[str, Array], stages: Sequence[str]
) -> tuple[dict[str, Array], tuple[Jump, ...]]:
    """The counts with what leaps beyond the past held at the past, and what leapt."""
    held, jumps = dict(sums), []
    for stage in stages:
        leapt = (most[stage] > 0) & (sums[stage] >= np.maximum(JUMP * most[stage], FEWEST_JUMPING))
        if leapt.any():
            ratio = np.where(leapt, sums[stage] / np.maximum(most[stage], 1e-9), 0.0)
            worst = int(ratio.argmax())
            jumps.append(Jump(stage, float(ratio[worst]), worst, int(leapt.sum())))
            held[stage] = np.where(leapt, most[stage], sums[stage])
    return held, tuple(jumps)


def _pointed(sums: Mapping[str, Array], stages: Sequence[str], prior: Mapping[str, float], n: int) -> Array:
    """Median units to which the counts of these stages point at the prior rates, no stage with more than
    STAGE_SHARE times the others together."""
    if not stages:
        return np.zeros(n)
    stated = {stage: sums[stage] for stage in (*stages, signals.DEPOSIT) if stage in sums}
    deep = signals.deepest(stated)
    parts = np.stack([deep[stage] * prior[stage] for stage in stages])
    others = parts.sum(axis=0) - parts
    capped = np.where(others > 0, np.minimum(parts, STAGE_SHARE * others), parts)
    return np.asarray(capped.sum(axis=0) / (1.0 - signals.ORGANIC_SHARE))


def _conversion(goods: Goods, scores: Sequence[Array], sold: Sequence[Array]) -> tuple[Array | float, int]:
    """Units sold over units pointed to, by SKU, and from how many sales it was learnt (the sale counts, not
    its SKUs)."""
    item, units, pointed, gaps = [], [], [], []
    for score, asked in zip(scores, sold, strict=True):
        heard = np.flatnonzero(score > 0)
        if heard.size and asked[heard].sum() > 0:
            level = float(asked[heard].sum() / score[heard].sum())
            gaps.append(np.log(level))
            damped = 1.0 / (1.0 + rates.EVENT_PHI * score[heard] * level)
            item.append(heard)
            units.append(asked[heard] * damped)
            pointed.append(score[heard] * level * damped)
    if not gaps:
        return 1.0, 0
    shop = np.exp(np.sum(gaps) / _SALE_SD**2 / (len(gaps) / _SALE_SD**2 + _PRIOR_SD**-2))
    events = rates.Events(np.concatenate(units), np.concatenate(pointed), np.concatenate(item))
    own = rates.uplift(events, goods.levels, top=1.0)
    return shop * own, len(gaps)
