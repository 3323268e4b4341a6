"""Pure: from heads needed per hour or half hour to people on shifts, day by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linprog

from core.errors import ShopError
from core.readiness.warehouse import NEW_HAND_DAYS, Stage, horizon, pace

NEW_HAND_PACE = 0.7
HANDOVER_HOURS = 1  # until what one stage has done is at the next


@dataclass(frozen=True, slots=True)
class Shift:
    """A shift of every day: its name, the local hour at which it begins, its length in hours (it may run past
    midnight)."""

    name: str
    starts: float
    hours: float


def require_shifts(shifts: Sequence[Shift]) -> None:
    """ShopError("readiness.staffing_setting") for a day without shifts or a shift that no day has."""
    for shift in shifts:
        if not (0 <= shift.starts < 24 and 0 < shift.hours <= 24):
            raise ShopError("readiness.staffing_setting", field="shift", value=shift.name)
    if not shifts:
        raise ShopError("readiness.staffing_setting", field="shift", value="")


def calendar(
    shifts: Sequence[Shift], first_hour: int, hours: int, per_hour: int = 1
) -> tuple[pd.DataFrame, np.ndarray]:
    """Every shift of every day that touches the plan, and which intervals it covers.

    `first_hour`: local hour of day at which the plan begins; `hours` its length; `per_hour` intervals an
    hour. Returns a frame with the columns day (0 = the plan's first local day; -1 = begun the evening
    before), shift (name), hours, and a matrix of 0..1, shape (rows, hours x per_hour): the covered part of
    each interval.
    """
    require_shifts(shifts)
    days = range(-1, (first_hour + hours - 1) // 24 + 1)
    rows = pd.DataFrame(
        [(day, s.name, day * 24 + s.starts - first_hour, s.hours) for day in days for s in shifts],
        columns=["day", "shift", "begin", "hours"],
    )
    edge = np.arange(hours * per_hour) / per_hour
    begin, end = rows["begin"].to_numpy()[:, None], (rows["begin"] + rows["hours"]).to_numpy()[:, None]
    covered = np.clip(np.minimum(end, edge + 1 / per_hour) - np.maximum(begin, edge), 0, None) * per_hour
    used = covered.sum(axis=1) > 0
    return rows.loc[used, ["day", "shift", "hours"]].reset_index(drop=True), covered[used]


def line_heads(
    arrivals: np.ndarray,
    stages: Sequence[Stage],
    shifts: Sequence[Shift],
    first_hour: int,
    promise_hours: int,
) -> pd.DataFrame:
    """Trained, present people per stage and hour of the whole line, so that every order is loaded within the
    promise.

    `arrivals`: planned orders per hour, shape (hours,). Each stage is fed by what the one before has planned,
    HANDOVER_HOURS later, and must leave the stages behind it their handover. Columns hour (0..), stage,
    orders (passed on in the hour), heads (float), backlog.
    """
    come, due = horizon(arrivals, promise_hours)
    _, covered = calendar(shifts, first_hour, come.size)
    worked = np.minimum(covered.sum(axis=0), 1.0)
    frames = []
    for stage, by in zip(stages, _deadlines(due, worked, len(stages)), strict=True):
        done = pace(come, by, worked)
        heads = np.divide(done / stage.orders_per_hour, worked, out=np.zeros_like(done), where=worked > 0)
        backlog = np.maximum(np.cumsum(come) - np.cumsum(done), 0).round(6)
        frames.append(
            pd.DataFrame(
                {
                    "hour": np.arange(done.size),
                    "stage": stage.name,
                    "orders": done,
                    "heads": heads,
                    "backlog": backlog,
                }
            )
        )
        come = np.concatenate([np.zeros(HANDOVER_HOURS), done[: done.size - HANDOVER_HOURS]])
    return pd.concat(frames, ignore_index=True)


def _deadlines(due: np.ndarray, worked: np.ndarray, stages: int) -> list[np.ndarray]:
    """What must have left each stage by each hour, first stage first: the last worked hour at or before the
    deadline of the stage behind it.
    """
    last_worked = np.maximum.accumulate(np.where(worked > 0, np.arange(worked.size), -1))
    deadlines, at = [], np.arange(due.size)
    for _ in range(stages):
        at = np.where(at >= 0, last_worked[np.maximum(at, 0)], -1)
        if (due[at < 0] > 0).any():
            raise ShopError("readiness.no_shift_before_promise")
        deadlines.append(np.bincount(np.maximum(at, 0), weights=due, minlength=due.size))
        at = at - HANDOVER_HOURS
    return deadlines[::-1]


def on_shifts(needed: np.ndarray, covered: np.ndarray, hours: np.ndarray) -> np.ndarray:
    """The fewest person-hours on shifts that cover the need in every interval, int64, shape (shifts,).

    `needed`: people per interval, shape (n,); `covered`: shape (shifts, n), see `calendar` (an interval
    counts as covered from half of it on); `hours`: paid hours of each shift. ShopError("readiness.uncovered",
    intervals=...) where need stands outside every shift.
    """
    cover = covered >= 0.5
    bare = np.flatnonzero((needed > 0) & ~cover.any(axis=0))
    if bare.size:
        raise ShopError("readiness.uncovered", intervals=int(bare.size), first=int(bare[0]))
    asked = needed > 0
    if not asked.any():
        return np.zeros(hours.size, dtype=np.int64)
    answer = linprog(
        hours, A_ub=-cover[:, asked].T.astype(float), b_ub=-np.ceil(needed[asked] - 1e-9), method="highs-ds"
    )
    staff: np.ndarray = np.ceil(answer.x - 1e-7).astype(
        np.int64
    )  # shifts are runs of intervals, so the optimum is whole by itself
    return staff


def with_new_hands(present: np.ndarray, permanent: int, days: np.ndarray, shrinkage: float) -> pd.DataFrame:
    """Who is rostered on one shift of one stage so that `present` trained people's work gets done: columns
    permanent, new_hands, heads (int64).

    `present`: trained people needed by day, shape (n,); `days`: day numbers, rising. Permanent staff come
    first. The rest are new hands, each hired on the first day that needs them: 70% of a trained person in the
    week from then on, all of it afterwards; those who have learnt come first. Everybody is absent with
    probability `shrinkage`.
    """
    rostered = np.asarray(present, dtype=float) / (1 - shrinkage)
    own = np.minimum(np.ceil(rostered - _TINY), permanent)
    new, hired = np.zeros(rostered.size), np.zeros(rostered.size)
    for at, missing in enumerate(np.maximum(rostered - own, 0)):  # a sale has a few dozen days
        learnt = float(hired[:at][days[at] - days[:at] >= NEW_HAND_DAYS].sum())
        fresh = np.ceil(max(missing - learnt, 0) / NEW_HAND_PACE - _TINY)
        new[at] = min(np.ceil(missing - _TINY), learnt) + fresh
        hired[at] = max(fresh - (hired[:at].sum() - learnt), 0)
    return pd.DataFrame(
        {
            "permanent": own.astype(np.int64),
            "new_hands": new.astype(np.int64),
            "heads": (own + new).astype(np.int64),
        }
    )


_TINY = 1e-9
