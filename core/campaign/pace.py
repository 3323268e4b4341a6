"""The pace curve: which share of a sale's paid amount has usually come in, minutes after the opening.

A curve is keyed twice. The *burst* runs on minutes since an opening, wherever on the clock that is; the
*rhythm* runs on clock time, because people sleep at three and buy at nine in the evening. A sale that opens
at 20:00 and one at 00:00 share both. Pure: numbers in, numbers out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import PchipInterpolator

Floats = NDArray[np.float64]

BIN = 5  # minutes
DAY = 1440  # minutes
BURST = 120  # minutes after an opening that belong to the opening, later ones to the clock
TAIL = 180.0  # minutes in which what is left of the burst falls to a third, once its public points have ended
LATER_OPENING = 0.5  # an opening after the first one draws half of its burst, unless the caller knows better

# Public points of Double-11 2019, opened at 00:00: minutes since the opening, share of the day's total.
PUBLIC_POINTS = (
    (96 / 60, 0.037),
    (29.75, 0.261),
    (3839 / 60, 0.373),
    (5167 / 60, 0.450),
    (540.0, 0.590),
    (861.45, 0.745),
    (991.0, 0.795),
    (1440.0, 1.0),
)
_BURST_POINTS, _CLOCK_POINTS = PUBLIC_POINTS[:4], PUBLIC_POINTS[4:]
# Share of a sale day per hour from the clock alone. Before 09:00 the night of an ordinary shop; from then on
# only the *shape* between two public points: each stretch is scaled to carry exactly its published share.
_NIGHT = (0.016, 0.009, 0.005, 0.003, 0.003, 0.004, 0.008, 0.014, 0.020)
_WAKING = (
    0.028,
    0.031,
    0.029,
    0.027,
    0.029,
    0.027,
    0.025,
    0.023,
    0.021,
    0.020,
    0.024,
    0.031,
    0.036,
    0.036,
    0.026,
)


@dataclass(frozen=True, slots=True)
class Curve:
    """A cumulative curve: `shares[i]` of the whole has come in `minutes[i]` after the opening, straight
    between the knots.

    `minutes` rises from 0 to the length of the sale, `shares` from 0 to 1. `clock` is the opening's minute of
    the local day, `days` the number of the shop's own sale days behind it (0: the shipped default).
    """

    clock: int
    minutes: Floats
    shares: Floats
    days: int = 0

    @property
    def length(self) -> float:
        """Minutes from the opening to the close."""
        return float(self.minutes[-1])


def share_at(curve: Curve, minute: ArrayLike) -> Floats:
    """C(t): the share that has come in `minute` minutes after the opening; 0 before it, 1 after the close.
    Shape of `minute`."""
    share: Floats = np.interp(np.asarray(minute, dtype=float), curve.minutes, curve.shares)
    return share


def bin_edges(curve: Curve, width: int = BIN) -> Floats:
    """Minutes 0, width, 2 width .. up to the close, which is always the last edge."""
    edges = np.arange(0, curve.length, width, dtype=float)
    return np.append(edges, curve.length)


def bin_shares(curve: Curve, width: int = BIN) -> Floats:
    """s_b: the share of each bin, shape (bins,), summing to 1. The cumulative sum is `share_at(curve,
    bin_edges(curve)[1:])`."""
    return np.diff(share_at(curve, bin_edges(curve, width)))


@lru_cache(maxsize=1)
def _rhythm() -> tuple[Floats, Floats]:
    """(clock minutes 0..1440, cumulative share of a day that comes from the clock)."""
    stops = np.array([0.0, *(m for m, _ in _CLOCK_POINTS)])
    knots = np.unique(np.concatenate([np.arange(0, DAY + 1, BIN, dtype=float), stops]))
    hourly = np.array([*_NIGHT, *_WAKING]) / 60
    rate = hourly[np.minimum(knots[:-1] // 60, 23).astype(int)] * np.diff(knots)
    for (start, low), (end, high) in pairwise(_CLOCK_POINTS):
        part = (knots[:-1] >= start) & (knots[:-1] < end)
        rate[part] *= (high - low) / rate[part].sum()
    return knots, np.concatenate([[0.0], np.cumsum(rate)])


@lru_cache(maxsize=1)
def _burst() -> tuple[Floats, Floats]:
    """(minutes since the opening, cumulative share of a day that the opening draws), flat from 09:00 of the
    public day on.

    Up to 1:26:07 the public points less the rhythm (monotone cubic in log time); then an exponential tail
    whose mass is what the published 59.0% at 09:00 leave over.
    """
    minute, share = (np.array(column) for column in zip((0.0, 0.0), *_BURST_POINTS, strict=True))
    last, end = minute[-1], _CLOCK_POINTS[0][0]
    knots = np.unique(
        np.concatenate([np.arange(0, end + 1, BIN, dtype=float), [0.25, 0.5, 1, 2, 3, 4], minute])
    )
    clock = np.interp(knots, *_rhythm())
    early = PchipInterpolator(np.log1p(minute), share)(np.log1p(np.minimum(knots, last))) - np.minimum(
        clock, np.interp(last, *_rhythm())
    )
    left = _CLOCK_POINTS[0][1] - np.interp(end, *_rhythm()) - early[-1]
    tail = left * np.expm1(-np.maximum(knots - last, 0) / TAIL) / np.expm1(-(end - last) / TAIL)
    return knots, early + tail


def _openings(openings: Sequence[float], weights: Sequence[float] | None) -> list[tuple[float, float]]:
    weighted = weights if weights is not None else [1.0, *([LATER_OPENING] * len(openings))][: len(openings)]
    return list(zip(openings, weighted, strict=True))


def default_curve(
    clock: int = 0,
    length: int = DAY,
    openings: Sequence[float] = (0,),
    weights: Sequence[float] | None = None,
) -> Curve:
    """The shipped curve for a sale that opens at minute `clock` of the local day and lasts `length` minutes.

    `openings` are the minutes (since the opening) at which a session opens, `weights` how much of a full
    burst each draws; without any opening the rhythm of the clock alone remains (an ordinary day, a warm-up).
    For 00:00 and 24 hours it goes exactly through the public points of Double-11 2019.

    >>> share_at(default_curve(), [29.75, 540, 1440]).round(3).tolist()
    [0.261, 0.59, 1.0]
    """
    day_minutes, day_shares = _rhythm()
    burst_minutes, burst_shares = _burst()
    laps = np.concatenate([day_minutes + lap * DAY - clock for lap in range((clock + length) // DAY + 1)])
    waves = [burst_minutes + start for start, _ in _openings(openings, weights)]
    inside = np.concatenate([laps, *waves, [0.0, float(length)]])
    knots = np.unique(inside[(inside >= 0) & (inside <= length)])
    lap, rest = np.divmod(knots + clock, DAY)
    shares = lap * day_shares[-1] + np.interp(rest, day_minutes, day_shares)
    for start, weight in _openings(openings, weights):
        shares = shares + weight * np.interp(knots - start, burst_minutes, burst_shares)
    shares = shares - shares[0]
    return Curve(clock, knots, shares / shares[-1])


def curve_from_days(
    amounts: ArrayLike,
    clocks: Sequence[int],
    clock: int = 0,
    length: int = DAY,
    openings: Sequence[float] = (0,),
    weights: Sequence[float] | None = None,
) -> Curve:
    """The mean of the shop's own normalised sale days, re-keyed to another opening where theirs differs.

    `amounts`, shape (days, bins): what each day took per 5-minute bin since its opening (NaN beyond its
    close); `clocks`: each day's opening minute of the local day. Days without any sale are left out; without
    one left this is `default_curve`.
    """
    plain = default_curve(clock, length, openings, weights)
    return mean_curve(day_shapes(amounts, clocks, plain, openings), plain)


def day_shapes(
    amounts: ArrayLike, clocks: Sequence[int], plain: Curve, openings: Sequence[float] = (0,)
) -> Floats:
    """The shop's own sale days as shares of a day, laid on the bins of the sale whose shipped curve is
    `plain`; shape (days that sold, bins), each row summing to 1. `amounts` and `clocks` as in
    `curve_from_days`."""
    rows = np.atleast_2d(np.asarray(amounts, dtype=float)) if np.size(amounts) else np.empty((0, 0))
    shapes = [
        _rekeyed(row[~np.isnan(row)], opened, plain, openings)
        for row, opened in zip(rows, clocks, strict=True)
        if np.nansum(row) > 0
    ]
    return np.array([shape / shape.sum() for shape in shapes]).reshape(len(shapes), len(bin_edges(plain)) - 1)


def mean_curve(shapes: Floats, plain: Curve, prior_days: float = 0.0) -> Curve:
    """Curve of past days (`day_shapes`), with the shipped one as `prior_days` days, or alone without any."""
    days = len(shapes)
    if not days:
        return plain
    mean = (shapes.sum(axis=0) + prior_days * bin_shares(plain)) / (days + prior_days)
    shares = np.concatenate([[0.0], np.cumsum(mean)])
    return Curve(plain.clock, bin_edges(plain), shares / shares[-1], days)


def _rekeyed(day: Floats, day_clock: int, plain: Curve, openings: Sequence[float]) -> Floats:
    """One past day laid on the bins of the new sale.

    As it was where opening and length agree. Else the shipped curve of the new sale, corrected bin by bin
    with what the day did to the shipped curve of its own opening: at the same minute within the burst, at the
    same clock time after it.
    """
    target, edges = bin_shares(plain), bin_edges(plain)
    if day_clock == plain.clock and len(day) == len(target) and len(openings) == 1:
        return day
    start = np.arange(len(day)) * BIN
    usual = bin_shares(default_curve(day_clock, len(day) * BIN))
    late = start >= BURST
    clock = (start + day_clock)[late] % DAY // BIN
    seen, expected = (np.bincount(clock, weights=w[late], minlength=DAY // BIN) for w in (day, usual))
    level = day[late].sum() / usual[late].sum() if late.any() else day.sum()
    by_clock = np.divide(seen, expected, out=np.full(DAY // BIN, level), where=expected > 0)
    correction = by_clock[((edges[:-1] + plain.clock) % DAY // BIN).astype(int)]
    early = (day / usual)[~late]
    for opening in openings:
        at = ((edges[:-1] - opening) // BIN).astype(int)
        near = (at >= 0) & (at < len(early))
        correction[near] = early[at[near]]
    shape = target * correction
    return shape if shape.any() else target
