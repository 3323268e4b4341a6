"""A chat plan so large that it is a question: what it costs, and what the same chats cost where people may wait a little
in the rush. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import pandas as pd

from core.readiness.erlang import ServiceGoal
from core.readiness.shifts import Shift

MANY = 100  # people in one shift from which on nobody hires without a second thought
WAIT, BUSY = 30.0, 0.95  # of the cheaper plan: seconds in the queue, share of the time that people chat


@dataclass(frozen=True, slots=True)
class ChatPlan:
    """People of the largest shift and paid hours of all shifts."""

    most: int
    hours: float

    def cost(self, wage: int) -> int:
        """Fen, at `wage` fen an hour."""
        return round(self.hours * wage)


@dataclass(frozen=True, slots=True)
class ChatQuestion:
    """The plan as it is asked for, and the cheaper one with its goal."""

    plan: ChatPlan
    cheaper: ChatPlan
    goal: ServiceGoal


def patient(goal: ServiceGoal) -> ServiceGoal:
    """The same share of chats answered, within WAIT seconds at least, by people who chat BUSY of their time at least."""
    return replace(goal, target_seconds=max(goal.target_seconds, WAIT), occupancy=max(goal.occupancy, BUSY))


def summed(rota: pd.DataFrame, shifts: tuple[Shift, ...]) -> ChatPlan:
    """A rota (day, shift, heads) in one."""
    if rota.empty:
        return ChatPlan(0, 0.0)
    hours = rota["shift"].map({shift.name: shift.hours for shift in shifts}).astype(float)
    return ChatPlan(
        int(rota.groupby(["day", "shift"])["heads"].sum().max()), float((rota["heads"] * hours).sum())
    )


def asked(
    rota: pd.DataFrame,
    goal: ServiceGoal,
    shifts: tuple[Shift, ...],
    again: Callable[[ServiceGoal], pd.DataFrame],
) -> ChatQuestion | None:
    """The question where a shift has MANY people or more and patience saves any; else None. `again`: the rota under
    another goal."""
    plan = summed(rota, shifts)
    if plan.most < MANY:
        return None
    cheaper = summed(again(patient(goal)), shifts)
    return ChatQuestion(plan, cheaper, patient(goal)) if cheaper.hours < plan.hours else None
