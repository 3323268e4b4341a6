"""Pure: what an activity did where nobody was split at random: difference in differences, or "not identified".

The assumption, to be said beside every figure: without the activity the treated goods would have moved with the
control goods, in proportion. A placebo on the days before looks whether they did.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from core.experiments.statistics.effects import ALPHA

LEAST_BEFORE = 14  # days before the activity: two weeks, so that the placebo has one on either side
LEAST_DURING = 3
PLACEBO = 0.05
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ActivityEffect:
    """Units or fen a day that the activity added, with its interval, sum over its days and the placebo's p.

    `reason` is "" where the effect is identified; else why not: no_control, short_before, short_during,
    flat_control, placebo. Figures are nan then.
    """

    reason: str
    daily: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")
    total: float = float("nan")
    p: float = float("nan")
    placebo_p: float = float("nan")

    @property
    def identified(self) -> bool:
        """Whether the figures may be shown."""
        return not self.reason


def activity_effect(
    treated: Array, control: Array | None, begins: int, alpha: float = ALPHA
) -> ActivityEffect:
    """Daily sums of the treated and of the control goods (same days, equal length); the activity runs from index
    `begins` to the end. The control is scaled to the treated goods' level before the activity.
    """
    reason = _unfit(treated, control, begins)
    if reason or control is None:
        return ActivityEffect(reason)
    placebo_p = _placebo(treated[:begins], control[:begins])
    if placebo_p < PLACEBO:
        return ActivityEffect("placebo", placebo_p=placebo_p)
    gap = _gap(treated, control, begins)
    daily, error, freedom = _change(gap[:begins], gap[begins:])
    half = float(stats.t.isf(alpha / 2, freedom)) * error
    p = float(2 * stats.t.sf(abs(daily) / error, freedom)) if error else float(daily == 0)
    days = len(treated) - begins
    return ActivityEffect("", daily, daily - half, daily + half, daily * days, p, placebo_p)


def _unfit(treated: Array, control: Array | None, begins: int) -> str:
    if control is None:
        return "no_control"
    if begins < LEAST_BEFORE:
        return "short_before"
    if len(treated) - begins < LEAST_DURING:
        return "short_during"
    return "flat_control" if control[:begins].sum() <= 0 or treated[:begins].sum() <= 0 else ""


def _gap(treated: Array, control: Array, begins: int) -> Array:
    scale = float(treated[:begins].sum() / control[:begins].sum())
    return np.asarray(treated - scale * control, "float64")


def _placebo(treated: Array, control: Array) -> float:
    """The p of an activity that never was, begun in the middle of the days before."""
    middle = len(treated) // 2
    if control[:middle].sum() <= 0:
        return 0.0
    gap = _gap(treated, control, middle)
    change, error, freedom = _change(gap[:middle], gap[middle:])
    return float(2 * stats.t.sf(abs(change) / error, freedom)) if error else float(change == 0)


def _change(before: Array, during: Array) -> tuple[float, float, float]:
    """Change of the mean, its standard error and freedom (Welch), widened for what neighbouring days share."""
    widened = _memory(before)
    parts = [float(part.var(ddof=1)) / len(part) * widened for part in (before, during)]
    total = sum(parts)
    change = float(during.mean() - before.mean())
    if total == 0:
        return change, 0.0, 1.0
    freedom = total**2 / sum(v**2 / (len(part) - 1) for v, part in zip(parts, (before, during), strict=True))
    return change, total**0.5, max(1.0, freedom)


def _memory(gap: Array) -> float:
    """(1 + r) / (1 - r) of the lag-one correlation r, between 1 and 9: variance of a mean of days that are alike."""
    centred = gap - gap.mean()
    spread = float(centred @ centred)
    r = float(centred[1:] @ centred[:-1]) / spread if spread else 0.0
    r = min(0.8, max(0.0, r))
    return (1 + r) / (1 - r)
