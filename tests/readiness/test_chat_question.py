"""A chat plan that is a question: its hours, its money, and the cheaper one with a short queue."""

from __future__ import annotations

from datetime import date

import pandas as pd

from core.readiness import chat_question
from core.readiness.chat_question import ChatPlan
from core.readiness.erlang import ServiceGoal
from core.readiness.shifts import Shift

SHIFTS = (Shift("day", 8, 8), Shift("late", 18, 6))
DAY = date(2026, 11, 10)


def rota(day: int, late: int) -> pd.DataFrame:
    return pd.DataFrame({"day": DAY, "shift": ["day", "late"], "heads": [day, late]})


def test_a_large_shift_is_asked_about_with_its_cost_and_the_cheaper_plan() -> None:
    goals: list[ServiceGoal] = []

    def again(goal: ServiceGoal) -> pd.DataFrame:
        goals.append(goal)
        return rota(90, 700)

    question = chat_question.asked(rota(100, 788), ServiceGoal(), SHIFTS, again)
    assert question is not None
    assert question.plan == ChatPlan(788, 100 * 8 + 788 * 6)
    assert question.cheaper == ChatPlan(700, 90 * 8 + 700 * 6)
    assert question.plan.cost(3_000) - question.cheaper.cost(3_000) == (10 * 8 + 88 * 6) * 3_000
    assert (goals[0].target_seconds, goals[0].occupancy, goals[0].level) == (30.0, 0.95, 0.80)


def test_a_small_plan_and_one_that_patience_does_not_cheapen_are_no_question() -> None:
    assert chat_question.asked(rota(10, 99), ServiceGoal(), SHIFTS, lambda _: rota(1, 1)) is None
    assert chat_question.asked(rota(10, 100), ServiceGoal(), SHIFTS, lambda _: rota(10, 100)) is None
    assert chat_question.summed(rota(0, 0).head(0), SHIFTS) == ChatPlan(0, 0.0)
