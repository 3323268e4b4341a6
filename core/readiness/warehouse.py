"""Pure: warehouse heads per stage and hour, so that every order leaves by its promise (FORMULAS §5)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import ShopError

NEW_HAND_DAYS = 7
_EPSILON = 1e-9


@dataclass(frozen=True, slots=True)
class Stage:
    """One station of the line: units of work per order, units a trained person handles per hour, share of the
    hour truly worked.
    """

    name: str
    units_per_order: float
    rate_per_hour: float
    utilisation: float = 0.85

    @property
    def orders_per_hour(self) -> float:
        """Orders one present, trained person passes on per hour."""
        return self.rate_per_hour * self.utilisation / self.units_per_order


def person_hours(orders: float, stage: Stage) -> float:
    """Hours of trained, present people for that many orders: orders x lines / (rate x utilisation)."""
    return orders / stage.orders_per_hour


def horizon(arrivals: np.ndarray, promise_hours: int) -> tuple[np.ndarray, np.ndarray]:
    """Arrivals and what falls due by the hour, both shape (hours + promise,): an order is due at the end of
    the hour `promise_hours` after its own.
    """
    quiet = np.zeros(promise_hours)
    come = np.asarray(arrivals, dtype=float)
    return np.concatenate([come, quiet]), np.concatenate([quiet, come])


def least_pace(arrivals: np.ndarray, due: np.ndarray, worked: np.ndarray) -> float:
    """The smallest constant pace, in orders per worked hour, with which nothing is late. Shapes (hours,);
    `worked` is 0..1 of each hour.

    For every span of hours the orders that arrive and fall due inside it must fit its worked time, so the
    answer is the largest such quotient. The spans that begin at the first hour are FORMULAS' "cumulative
    capacity >= cumulative orders due". ShopError("readiness.no_shift_before_promise") when orders come and
    fall due while nobody works.
    """
    come = np.concatenate([[0.0], np.cumsum(arrivals)[:-1]])[:, None]
    clock = np.cumsum(worked)
    late = np.cumsum(due)[None, :] - come
    time = clock[None, :] - np.concatenate([[0.0], clock[:-1]])[:, None]
    asked = np.triu(late > _EPSILON * max(1.0, float(np.sum(arrivals))))
    if (asked & (time <= 0)).any():
        raise ShopError("readiness.no_shift_before_promise")
    return float(np.max(np.divide(late, time, out=np.zeros_like(late), where=asked), initial=0.0))


def pace(arrivals: np.ndarray, due: np.ndarray, worked: np.ndarray) -> np.ndarray:
    """Orders to pass on in each hour: never late, never before they arrive, and as even as can be. Shapes
    (hours,), see `horizon`.

    The plan is the taut string between the curve of orders come and the curve of orders due, over worked
    time: no other plan has a lower peak, and its peak is `least_pace`.
    ShopError("readiness.no_shift_before_promise") as there.
    """
    least_pace(arrivals, due, worked)
    clock, upper, lower = (np.concatenate([[0.0], np.cumsum(values)]) for values in (worked, arrivals, due))
    done = np.zeros_like(clock)
    at = 0
    while at < clock.size - 1:
        length, slope = _straight(
            clock[at + 1 :] - clock[at], lower[at + 1 :] - done[at], upper[at + 1 :] - done[at]
        )
        ahead = slice(at + 1, at + 1 + length)
        done[ahead] = np.clip(done[at] + slope * (clock[ahead] - clock[at]), lower[ahead], upper[ahead])
        at += length
    return np.maximum(np.diff(done), 0.0)


def _straight(span: np.ndarray, lower: np.ndarray, upper: np.ndarray) -> tuple[int, float]:
    """How many points the string goes on without a bend, and its slope: the longest line between both curves,
    to the corner that stops it.
    """
    floors = np.maximum(np.divide(lower, span, out=np.zeros_like(span), where=span > 0), 0.0)
    roofs = np.divide(upper, span, out=np.full_like(span, np.inf), where=span > 0)
    floor, roof = np.maximum.accumulate(floors), np.minimum.accumulate(roofs)
    crossed = np.flatnonzero(floor > roof * (1 + _EPSILON) + _EPSILON)
    if not crossed.size:
        return span.size, float(floor[-1])
    stop = int(crossed[0])
    bound = roof[stop - 1] if floors[stop] > roof[stop - 1] else floor[stop - 1]
    touching = (roofs if floors[stop] > roof[stop - 1] else floors)[:stop]
    return int(np.flatnonzero(touching == bound)[-1]) + 1, float(bound)
