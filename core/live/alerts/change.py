"""Has the pace of the hours changed? A running sum (CUSUM) over what each hour brings that the day so far does
not explain, measured in the spread that the shop's own past days show. Pure.

An hour's log ratio actual / planned inherits from the hour before it (memory) and strays slowly with the shape
of the day; both are taken off first, so that a day that is low as a whole or shaped a little differently rings
nothing: the projection judges the level. What is left of past days, each against the curve of the others, is
the spread of an ordinary hour; without past days it is wide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.campaign.pace import BIN
from core.live.snapshot.forecast import PRIOR_DAYS

Floats = NDArray[np.float64]
PER_HOUR = 60 // BIN
LEARNING = 0.1  # weight of an hour in the slow level of the day
PRIOR_HOURS = 20  # hours that the usual memory counts for
PRIOR_WEIGHT = 0.1  # past days that the usual spread counts for, on the log scale
FEW = 0.5  # how much few days widen the spread: variance x (1 + FEW / (days + 1))
POOLED_DAYS = 2.0  # past days that the spread of all hours counts for, beside an hour's own
SETTLED = 2  # hours after the first, from which the spread of all hours is taken
LEAST_SPREAD, MOST_MEMORY = 0.05, 0.7


@dataclass(frozen=True, slots=True)
class Noise:
    """What is ordinary: how much an hour inherits from the one before, and the log spread of each hour's news
    after the first hour, shape (hours - 1,)."""

    memory: float
    spread: Floats


def log_ratios(actual: ArrayLike, planned: ArrayLike) -> Floats:
    """ln(actual / planned), 0 where either is nothing; the common shape."""
    done, due = np.broadcast_arrays(np.asarray(actual, dtype=float), np.asarray(planned, dtype=float))
    ratios = np.zeros(done.shape)
    usable = (done > 0) & (due > 0)
    ratios[usable] = np.log(done[usable] / due[usable])
    return ratios


def news(ratios: Floats, memory: float) -> Floats:
    """What each hour brings beyond its inheritance and the level of the day so far; shape (.., hours)."""
    earlier = np.concatenate([np.zeros((*ratios.shape[:-1], 1)), ratios[..., :-1]], axis=-1)
    fresh, level, out = ratios - memory * earlier, np.zeros(ratios.shape[:-1]), np.zeros(ratios.shape)
    for hour in range(ratios.shape[-1]):
        out[..., hour] = fresh[..., hour] - level
        level = level + max(LEARNING, 1 / (hour + 2)) * out[..., hour]
    return out


def noise_of(days: Floats, shipped: Floats, limits: Mapping[str, float]) -> Noise:
    """The noise of past days, `days` and `shipped` as in snapshot.Past; the rule's own limits where there are
    none."""
    hours, count = shipped.size // PER_HOUR, len(days)
    if not count or hours < SETTLED + 3:
        return Noise(limits["memory"], np.full(max(hours - 1, 0), limits["spread"]))
    own, base = _hourly(days, hours), _hourly(shipped, hours)
    others = (own.sum(axis=0) - own + PRIOR_DAYS * base) / (count - 1 + PRIOR_DAYS)
    ratios = log_ratios(own, others)[:, 1:]
    memory = _memory(news(ratios, 0.0)[:, SETTLED:], limits["memory"])
    return Noise(memory, _spread(news(ratios, memory), limits["spread"]))


def _hourly(bins: Floats, hours: int) -> Floats:
    """Sums by hour since the opening; shape (.., hours)."""
    whole = bins[..., : hours * PER_HOUR]
    return np.asarray(whole.reshape(*whole.shape[:-1], hours, PER_HOUR).sum(axis=-1))


def _memory(left: Floats, usual: float) -> float:
    """The correlation of neighbouring hours, joined with the usual one."""
    squares = float(np.square(left).sum())
    shown = float((left[:, 1:] * left[:, :-1]).sum()) / squares if squares > 0 else usual
    memory = (usual * PRIOR_HOURS + shown * left.size) / (PRIOR_HOURS + left.size)
    return float(np.clip(memory, 0.0, MOST_MEMORY))


def _spread(fresh: Floats, usual: float) -> Floats:
    """Spread by hour: the hour's own and its neighbours', joined with that of all hours, then with the usual
    one."""
    count = len(fresh)
    squares = np.square(fresh).mean(axis=0)
    near = np.convolve(np.pad(squares, 1, mode="edge"), np.full(3, 1 / 3), mode="valid")
    variance = (POOLED_DAYS * near[SETTLED:].mean() + count * near) / (POOLED_DAYS + count)
    spread = np.sqrt(np.maximum(variance, LEAST_SPREAD**2))
    joined = np.exp((PRIOR_WEIGHT * np.log(usual) + count * np.log(spread)) / (PRIOR_WEIGHT + count))
    return np.asarray(joined * np.sqrt(1 + FEW / (count + 1)))


def cusum(
    actual: ArrayLike, planned: ArrayLike, noise: Noise, limits: Mapping[str, float]
) -> tuple[Floats, Floats]:
    """(low, high): running sums of the hours' news in the spread of `noise`, beyond limits["k"]; shape
    (hours,). The hours are those after the first. Either above limits["h"] means that something has changed."""
    fresh = news(log_ratios(actual, planned), noise.memory)
    count = len(fresh)
    spread = np.pad(noise.spread, (0, max(0, count - len(noise.spread))), mode="edge")[:count]
    low, high = np.zeros(count), np.zeros(count)
    below = above = 0.0
    for hour, score in enumerate(fresh / spread):
        below = max(0.0, below - score - limits["k"])
        above = max(0.0, above + score - limits["k"])
        low[hour], high[hour] = below, above
    return low, high
