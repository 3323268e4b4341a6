"""Pure: money per visitor (Welch), per order (delta method), and the pre-period taken out (CUPED), from sums.

Money is net of refunds, in fen; `y` is what is compared and `x` its denominator or its pre-period.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

from scipy import stats

from core.experiments.statistics.effects import ALPHA, Effect, Level, lift_interval
from core.experiments.statistics.proportions import wald


@dataclass(frozen=True, slots=True)
class Sums:
    """An arm's people and the sums over them of y, y², x, x² and xy; people with nothing count with zeros."""

    n: int
    y: float
    yy: float
    x: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @property
    def mean(self) -> float:
        """Mean of y."""
        return self.y / self.n

    @property
    def variance(self) -> float:
        """Sample variance of y (n - 1)."""
        return max(0.0, (self.yy - self.y**2 / self.n) / (self.n - 1))

    def plus(self, other: Sums) -> Sums:
        """Both arms together."""
        pairs = zip(self._parts(), other._parts(), strict=True)
        return Sums(self.n + other.n, *(a + b for a, b in pairs))

    def _parts(self) -> tuple[float, ...]:
        return (self.y, self.yy, self.x, self.xx, self.xy)


def welch(control: Sums, treatment: Sums, alpha: float = ALPHA, method: str = "welch") -> Effect:
    """Means of y with unequal variances (Welch-Satterthwaite); two people an arm at least."""
    first, second = (Level(arm.mean, arm.variance / arm.n) for arm in (control, treatment))
    difference, variance = second.value - first.value, first.variance + second.variance
    error = sqrt(variance)
    if error == 0:
        p, t, half = (1.0 if difference == 0 else 0.0), 0.0, 0.0
    else:
        weights = first.variance**2 / (control.n - 1) + second.variance**2 / (treatment.n - 1)
        freedom = variance**2 / weights
        t = difference / error
        p, half = float(2 * stats.t.sf(abs(t), freedom)), float(stats.t.isf(alpha / 2, freedom)) * error
    lift = lift_interval(first, second, alpha)
    interval = (difference - half, difference + half)
    return Effect(first.value, second.value, difference, *interval, t, p, error, *lift, method)


def ratio(control: Sums, treatment: Sums, alpha: float = ALPHA) -> Effect:
    """Sum of y by sum of x (money by orders) with people as the unit: the delta method. Orders as the unit would
    call 27% of equal arms different. x must not sum to zero."""
    first, second = _ratio_level(control), _ratio_level(treatment)
    difference, error = second.value - first.value, sqrt(first.variance + second.variance)
    z = difference / error if error else 0.0
    p = float(2 * stats.norm.sf(abs(z))) if error else (1.0 if difference == 0 else 0.0)
    interval = wald(difference, error, alpha)
    lift = lift_interval(first, second, alpha)
    return Effect(first.value, second.value, difference, *interval, z, p, error, *lift, "delta")


def _ratio_level(arm: Sums) -> Level:
    n, y, x = arm.n, arm.y / arm.n, arm.x / arm.n
    spread = (arm.xx - arm.x**2 / n) / (n - 1)
    together = (arm.xy - arm.x * arm.y / n) / (n - 1)
    variance = (arm.variance / x**2 + y**2 * spread / x**4 - 2 * y * together / x**3) / n
    return Level(y / x, max(0.0, variance))


def theta(control: Sums, treatment: Sums) -> float:
    """CUPED's slope of y on the pre-period x, over both arms together; 0 where x does not vary."""
    both = control.plus(treatment)
    spread = both.xx - both.x**2 / both.n
    return (both.xy - both.x * both.y / both.n) / spread if spread > 0 else 0.0


def cuped(control: Sums, treatment: Sums, alpha: float = ALPHA) -> Effect:
    """Welch on y with what the pre-period x foretold taken out; the levels stay at the height of y."""
    slope, both = theta(control, treatment), control.plus(treatment)
    centre = both.x / both.n
    first, second = _adjusted(control, slope, centre), _adjusted(treatment, slope, centre)
    return welch(first, second, alpha, "cuped")


def _adjusted(arm: Sums, slope: float, centre: float) -> Sums:
    """Sums of y - slope (x - centre)."""
    shift = slope * centre
    y = arm.y - slope * arm.x
    yy = arm.yy - 2 * slope * arm.xy + slope**2 * arm.xx
    return Sums(arm.n, y + arm.n * shift, yy + 2 * shift * y + arm.n * shift**2)
