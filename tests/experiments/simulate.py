"""Simulated tests: how often a rule calls equal arms different, and how often it sees a real difference."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.experiments.statistics import sequential
from core.experiments.statistics.proportions import conversion
from core.experiments.statistics.sample_ratio import logged_alike, sample_ratio
from core.experiments.statistics.verdict import Doubts, Look, judge

LOOKS, DAILY, BASE = 14, 1_000, 0.10


@dataclass(frozen=True, slots=True)
class Rates:
    """Shares of paths called different: by one look at the end, by z at every look, by our bounds, by the
    confidence sequence; and the mean look at which our bounds stop."""

    single: float
    naive: float
    bounds: float
    sequence: float
    stop: float


def looks(paths: int, lift: float, seed: int) -> Rates:
    """Conversion of two arms, DAILY people a day and arm, looked at every day for LOOKS days."""
    random = np.random.default_rng(seed)
    rates = np.array([BASE, BASE * (1 + lift)])
    buyers = random.binomial(DAILY, rates, (paths, LOOKS, 2)).cumsum(axis=1)
    people = DAILY * np.arange(1, LOOKS + 1)
    p = buyers / people[None, :, None]
    pooled = p.mean(axis=2)
    difference = p[:, :, 1] - p[:, :, 0]
    z = difference / np.sqrt(pooled * (1 - pooled) * 2 / people)
    error = np.sqrt((p * (1 - p)).sum(axis=2) / people)
    planned = 2 * DAILY * LOOKS
    half = error * [sequential.sequence_half_width(1.0, int(2 * n), planned) for n in people]
    crossed = np.abs(z) > sequential.bounds(np.arange(1, LOOKS + 1) / LOOKS)
    last = np.where(crossed.any(axis=1), crossed.argmax(axis=1) + 1, LOOKS)
    return Rates(
        single=float((np.abs(z[:, -1]) > 1.959964).mean()),
        naive=float((np.abs(z) > 1.959964).any(axis=1).mean()),
        bounds=float(crossed.any(axis=1).mean()),
        sequence=float((np.abs(difference) > half).any(axis=1).mean()),
        stop=float(last.mean()),
    )


def lossy_verdicts(paths: int, lost: float, seed: int, people: int = 20_000) -> tuple[dict[str, int], float]:
    """Equal arms, but a share of one arm's buyers is lost from the log with their exposure: verdict words by
    count with all checks, and the share that would be called different without any."""
    random = np.random.default_rng(seed)
    words: dict[str, int] = {}
    called = 0
    for _ in range(paths):
        orders = random.binomial(people, BASE, 2)
        logged = np.array([orders[0], random.binomial(orders[1], 1 - lost)])
        exposed = people - (orders - logged)
        effect = conversion((int(logged[0]), int(logged[1])), (int(exposed[0]), int(exposed[1])))
        called += effect.p < 0.05
        checks = [
            sample_ratio([int(n) for n in exposed], [1, 1]),
            logged_alike("buyers_to_orders", [int(n) for n in logged], [int(n) for n in orders]),
        ]
        look = Look(effect.low, effect.high, effect.p < 0.05, True)
        word = judge(effect, look, 0.01, Doubts(checks, (), False)).word
        words[word] = words.get(word, 0) + 1
    return words, called / paths


def order_as_unit(paths: int, seed: int) -> tuple[float, float]:
    """Equal arms of buyers with unlike numbers of orders: shares called different by the delta method on buyers,
    and by Welch with the order as the unit."""
    from core.experiments.statistics.means import Sums, ratio, welch

    random = np.random.default_rng(seed)
    called = np.zeros(2)
    for _ in range(paths):
        arms: list[tuple[Sums, Sums]] = []
        for _arm in range(2):
            orders = 1 + random.poisson(2.0, 600)
            taste = random.lognormal(9.0, 0.8, 600)
            each = np.repeat(taste, orders) * random.lognormal(0, 0.2, int(orders.sum()))
            spent = np.bincount(np.repeat(np.arange(600), orders), weights=each, minlength=600)
            by_buyer = Sums(
                600, spent.sum(), (spent**2).sum(), orders.sum(), (orders**2).sum(), (spent * orders).sum()
            )
            arms.append((by_buyer, Sums(len(each), each.sum(), (each**2).sum())))
        called += [ratio(arms[0][0], arms[1][0]).p < 0.05, welch(arms[0][1], arms[1][1]).p < 0.05]
    return float(called[0] / paths), float(called[1] / paths)


def best_of_segments(paths: int, segments: int, seed: int) -> tuple[float, float]:
    """Equal arms in several segments: shares with a winner by raw p and by Holm's."""
    from core.experiments.statistics.segments import holm

    p = np.random.default_rng(seed).uniform(size=(paths, segments))
    adjusted = np.array([min(holm(list(row))) for row in p])
    return float((p.min(axis=1) < 0.05).mean()), float((adjusted < 0.05).mean())
