"""Pure: how many people a test needs, how long that takes, and what it can still decide before the opening."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np
from scipy import optimize, stats

from core.experiments.statistics.effects import ALPHA
from core.experiments.statistics.sample_ratio import smallest_loss

POWER = 0.8


@dataclass(frozen=True, slots=True)
class Horizon:
    """What a test can still decide: people by its last day, smallest visible effect (absolute, in the metric's
    unit; None: not even the largest possible), smallest loss that the ratio check sees, days until its planned
    size (None: not before the end)."""

    people: int
    smallest_effect: float | None
    smallest_loss: float
    days_needed: int | None


def size_of_conversion(
    base: float, effect: float, alpha: float = ALPHA, power: float = POWER, ratio: float = 1.0
) -> int:
    """People in the control arm to see base -> base + effect, two-sided; the treatment arm takes `ratio` times
    as many. Both rates must lie in (0, 1), else ValueError.

    >>> size_of_conversion(0.1, 0.01)
    14751
    """
    other = base + effect
    if not (0 < base < 1 and 0 < other < 1 and effect and ratio > 0):
        raise ValueError("both rates lie between 0 and 1 and differ")
    pooled = (base + ratio * other) / (1 + ratio)
    null = stats.norm.isf(alpha / 2) * sqrt(pooled * (1 - pooled) * (1 + 1 / ratio))
    real = stats.norm.isf(1 - power) * sqrt(base * (1 - base) + other * (1 - other) / ratio)
    return ceil(float((null + real) / effect) ** 2)


def size_of_mean(
    deviation: float, effect: float, alpha: float = ALPHA, power: float = POWER, ratio: float = 1.0
) -> int:
    """People in the control arm to see a difference of means; `deviation` of one person, in the effect's unit."""
    if deviation <= 0 or not effect or ratio <= 0:
        raise ValueError("a deviation above 0 and an effect other than 0")
    both = float(stats.norm.isf(alpha / 2) + stats.norm.isf(1 - power))
    return ceil((both * deviation / effect) ** 2 * (1 + 1 / ratio))


def visible_conversion(
    base: float, people: tuple[float, float], alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """The smallest rise of conversion that (control, treatment) people show; None where even a rise to all is
    not seen."""
    control, treatment = people
    if min(control, treatment) < 1 or not 0 < base < 1:
        return None
    ratio, most = treatment / control, (1 - base) * (1 - 1e-6)

    def missing(effect: float) -> float:
        """People still missing for this effect."""
        return size_of_conversion(base, effect, alpha, power, ratio) - control

    least = 1e-6 * base
    if missing(most) > 0:
        return None
    return float(optimize.brentq(missing, least, most, xtol=1e-9)) if missing(least) > 0 else least


def visible_mean(
    deviation: float, people: tuple[float, float], alpha: float = ALPHA, power: float = POWER
) -> float | None:
    """The smallest difference of means that (control, treatment) people show."""
    if min(people) < 2:
        return None
    both = float(stats.norm.isf(alpha / 2) + stats.norm.isf(1 - power))
    return both * deviation * sqrt(1 / people[0] + 1 / people[1])


def days_to(people: int, daily: Sequence[float]) -> int | None:
    """Days until that many have come, by the visitors expected a day; None when the days do not bring them.

    >>> days_to(250, [100, 100, 100])
    3
    """
    enough = np.flatnonzero(np.cumsum(np.asarray(daily, "float64")) >= people)
    return int(enough[0]) + 1 if len(enough) else None


def horizon(
    daily: Sequence[float], shares: tuple[float, float], needed: int, *, base: float, deviation: float = 0.0
) -> Horizon:
    """What can still be decided with the visitors of the remaining days (already the test's share of traffic).

    `shares` (control, treatment), `needed` people of both; `deviation` above 0 means a metric of money, else
    conversion at `base`.
    """
    total = float(np.sum(np.asarray(daily, "float64")))
    arms = (total * shares[0] / sum(shares), total * shares[1] / sum(shares))
    effect = visible_mean(deviation, arms) if deviation > 0 else visible_conversion(base, arms)
    return Horizon(int(total), effect, smallest_loss(int(total), shares), days_to(needed, daily))
