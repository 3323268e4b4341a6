"""Pure: what a comparison of two arms says, in one shape for every metric."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf, sqrt

from scipy import stats

ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Effect:
    """Treatment against control: both levels, their difference with its interval, relative lift with its own.

    `statistic` is z or t (0.0 where the test is exact), `error` the standard error of the difference, `method`
    one of pooled_z, fisher, welch, delta, cuped. Units are the metric's: a share for conversion, fen for money.
    """

    control: float
    treatment: float
    difference: float
    low: float
    high: float
    statistic: float
    p: float
    error: float
    lift: float
    lift_low: float
    lift_high: float
    method: str


@dataclass(frozen=True, slots=True)
class Level:
    """An arm's level and the variance of that level (not of a person)."""

    value: float
    variance: float


def lift_interval(control: Level, treatment: Level, alpha: float = ALPHA) -> tuple[float, float, float]:
    """Relative lift and its interval by the delta method; infinite where the control's level is zero."""
    if control.value == 0:
        return (inf if treatment.value > 0 else 0.0), -inf, inf
    lift = treatment.value / control.value - 1
    error = sqrt(
        treatment.variance / control.value**2 + treatment.value**2 * control.variance / control.value**4
    )
    half = float(stats.norm.isf(alpha / 2)) * error
    return lift, lift - half, lift + half
