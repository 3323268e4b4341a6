"""Pure: looking more than once. Lan and DeMets' bounds where the end is known, a confidence sequence otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

from core.experiments.statistics.effects import ALPHA

NODES = 400  # of the quadrature; 5 looks agree with the published bounds to 1e-6
PLANNED = 5_000  # people for whom a sequence is tightest where no size was planned
Array = NDArray[np.float64]


def spent(time: float, alpha: float = ALPHA) -> float:
    """The share of alpha that may be spent by `time` (0 < time <= 1) in the manner of O'Brien and Fleming."""
    return float(4 * stats.norm.sf(stats.norm.isf(alpha / 4) / sqrt(time)))


def bounds(times: Sequence[float], alpha: float = ALPHA) -> list[float]:
    """The z beyond which each look decides; `times` are information shares, rising, the last at most 1.

    Repeated or falling times are refused with a ValueError. Source: Lan and DeMets (1983), the density carried
    from look to look as Armitage, McPherson and Rowe (1969) do.

    >>> [round(z, 3) for z in bounds((0.2, 0.4, 0.6, 0.8, 1.0))]
    [4.877, 3.357, 2.68, 2.29, 2.031]
    """
    marks = tuple(float(time) for time in times)
    if not marks or marks[0] <= 0 or marks[-1] > 1 or any(b <= a for a, b in pairwise(marks)):
        raise ValueError("information shares rise from above 0 to at most 1")
    return list(_bounds(marks, alpha))


@lru_cache(maxsize=512)
def _bounds(times: tuple[float, ...], alpha: float) -> tuple[float, ...]:
    first = float(stats.norm.isf(spent(times[0], alpha) / 2))
    limits = [first]
    points, weights = _nodes(first * sqrt(times[0]))
    density = stats.norm.pdf(points, scale=sqrt(times[0]))
    for before, time in pairwise(times):
        step = sqrt(time - before)
        left = spent(time, alpha) - spent(before, alpha)
        limit = _limit(points, weights * density, step, sqrt(time), left)
        limits.append(limit)
        ahead, ahead_weights = _nodes(limit * sqrt(time))
        density = stats.norm.pdf(ahead[:, None] - points[None, :], scale=step) @ (weights * density)
        points, weights = ahead, ahead_weights
    return tuple(limits)


def _nodes(half: float) -> tuple[Array, Array]:
    """Gauss-Legendre points and weights on [-half, half]."""
    points, weights = _unit_nodes()
    return points * half, weights * half


@lru_cache(maxsize=1)
def _unit_nodes() -> tuple[Array, Array]:
    """The rule on [-1, 1]: the eigenvalues of a 400 x 400 matrix, a tenth of a second each time they are
    asked for, and always the same."""
    points, weights = np.polynomial.legendre.leggauss(NODES)
    points.flags.writeable = weights.flags.writeable = False
    return points, weights


def _limit(points: Array, mass: Array, step: float, scale: float, left: float) -> float:
    """The z at which what crosses now is just `left`."""

    def over(z: float) -> float:
        """Crossing probability at the limit z, less what may be spent."""
        edge = z * scale
        crossing = stats.norm.sf((edge - points) / step) + stats.norm.cdf((-edge - points) / step)
        return float(mass @ crossing) - left

    return float(optimize.brentq(over, 0.0, 12.0, xtol=1e-10))


def rho(planned: int, alpha: float = ALPHA) -> float:
    """The mixing parameter that makes the sequence tightest at `planned` people of both arms together."""
    spread = -2 * log(alpha)
    return sqrt((spread + log(spread + 1)) / planned)


def sequence_half_width(error: float, people: int, planned: int = PLANNED, alpha: float = ALPHA) -> float:
    """Half the width of the confidence sequence: valid at every look, whenever one stops.

    `error` is the standard error of the difference, `people` of both arms. Source: Waudby-Smith et al. (2023),
    as GrowthBook's engine has it.
    """
    square = people * rho(planned, alpha) ** 2
    return error * sqrt(2 * (square + 1) / square * log(sqrt(square + 1) / alpha))


def sequence_p(
    difference: float, error: float, people: int, planned: int = PLANNED, alpha: float = ALPHA
) -> float:
    """The always-valid p of one look; the running minimum over the looks is valid too."""
    if error == 0:
        return 1.0 if difference == 0 else 0.0
    square = people * rho(planned, alpha) ** 2
    power = (difference / error) ** 2 * square / (2 * (square + 1))
    return min(1.0, sqrt(square + 1) * exp(-min(power, 700.0)))
