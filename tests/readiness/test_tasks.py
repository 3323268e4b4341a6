"""The task network and what a board says: circles, the critical path, marks, readiness."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ShopError
from core.readiness import network, rules
from core.readiness.template import TASKS

OPENING = date(2026, 11, 11)


def frame(*rows: tuple) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["task_id", "department", "days", "t_minus", "state"]).assign(owner="")


@st.composite
def digraphs(draw: st.DrawFn) -> list[tuple[str, str]]:
    count = draw(st.integers(1, 6))
    pairs = [(str(a), str(b)) for a in range(count) for b in range(count)]
    return draw(st.lists(st.sampled_from(pairs), unique=True, max_size=12))


def reaches(links: list[tuple[str, str]], start: str, goal: str) -> bool:
    seen, todo = set(), [start]
    while todo:
        at = todo.pop()
        for a, b in links:
            if a == at and b not in seen:
                if b == goal:
                    return True
                seen.add(b)
                todo.append(b)
    return False


@given(digraphs())
def test_a_circle_is_found_when_there_is_one_and_its_members_really_wait_in_turn(links) -> None:
    members = network.cycle(links)
    circular = any(reaches(links, at, at) for at in {a for a, _ in links})
    assert bool(members) == circular
    assert len(set(members)) == len(members)
    assert all((a, b) in links for a, b in zip(members, [*members[1:], *members[:1]], strict=True))


def test_a_circle_is_refused_with_its_members() -> None:
    tasks = frame(("a", "mall", 1, 5, "todo"), ("b", "mall", 1, 4, "todo"), ("c", "mall", 1, 3, "todo"))
    with pytest.raises(ShopError) as refused:
        rules.board(tasks, [("a", "b"), ("b", "c"), ("c", "a")], OPENING, date(2026, 11, 1))
    assert (refused.value.code, refused.value.facts) == ("readiness.cycle", {"members": ["a", "b", "c"]})


@st.composite
def networks(draw: st.DrawFn) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    count = draw(st.integers(1, 7))
    rows = [
        (
            f"t{i}",
            "mall",
            draw(st.integers(1, 6)),
            draw(st.integers(-2, 40)),
            draw(st.sampled_from(["todo", "doing", "done"])),
        )
        for i in range(count)
    ]
    pairs = list(itertools.combinations(range(count), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=10)) if pairs else []
    return frame(*rows), [(f"t{a}", f"t{b}") for a, b in chosen]


def chains(links: list[tuple[str, str]], start: str) -> list[list[str]]:
    following = [b for a, b in links if a == start]
    return [[start], *[[start, *rest] for b in following for rest in chains(links, b)]]


@given(networks(), st.integers(0, 60))
def test_the_critical_path_is_the_longest_chain(net, days_left) -> None:
    tasks, links = net
    plan = network.plan(tasks.assign(done=tasks["state"] == "done"), links, days_left).set_index("task_id")
    days = {
        t: 0 if s == "done" else d
        for t, d, s in zip(tasks["task_id"], tasks["days"], tasks["state"], strict=True)
    }
    every = [chain for task in days for chain in chains(links, task)]
    longest = max(sum(days[t] for t in chain) for chain in every)
    on_longest = {t for chain in every if sum(days[t] for t in chain) == longest for t in chain if days[t]}
    assert set(plan.index[plan["critical"]]) == on_longest
    assert plan["earliest_finish"].max() == -days_left - 1 + longest
    for task in days:  # the same definitions, straight from the chains
        before = max((sum(days[t] for t in c) for c in every if c[-1] == task), default=0)
        assert plan.loc[task, "earliest_finish"] == -days_left - 1 + before
        due = dict(zip(tasks["task_id"], -tasks["t_minus"], strict=True))
        needed = min(due[c[-1]] - sum(days[t] for t in c[1:]) for c in chains(links, task))
        assert plan.loc[task, "latest_finish"] == needed


def test_what_a_board_says() -> None:
    tasks = frame(
        ("late", "mall", 2, 10, "doing"),
        ("waits", "design", 3, 5, "todo"),
        ("stuck", "design", 1, 4, "blocked"),
        ("fine", "finance", 1, -2, "todo"),
        ("over", "mall", 4, 20, "done"),
    )
    board = rules.board(tasks, [("late", "waits"), ("over", "fine")], OPENING, date(2026, 11, 3)).set_index(
        "task_id"
    )
    assert board["mark"].to_dict() == {
        "late": "overdue",
        "stuck": "blocked",
        "waits": "todo",
        "fine": "todo",
        "over": "done",
    }
    assert board.loc["late", "due_on"] == date(2026, 11, 1)
    assert board.loc["fine", "due_on"] == date(2026, 11, 13)
    assert board.loc["waits", "waiting_for"] == "late"
    assert board.loc["waits", "start_on"] == date(2026, 11, 4)
    # today is T-8: `late` ends on T-7 at the earliest, `waits` on T-4, one day after its T-5
    assert board.loc["waits", "late_by"] == 1
    assert board.loc["late", "late_by"] == 3
    assert board.loc["over", "late_by"] == 0
    assert board.index[0] == "late"


def test_overdue_because_of_somebody_else_is_blocked() -> None:
    tasks = frame(("first", "mall", 2, 10, "todo"), ("then", "design", 1, 9, "todo"))
    board = rules.board(tasks, [("first", "then")], OPENING, date(2026, 11, 5)).set_index("task_id")
    assert board["mark"].to_dict() == {"first": "overdue", "then": "blocked"}
    assert board["overdue"].all()


def test_readiness_weighs_days_and_sums_departments() -> None:
    tasks = frame(
        ("a", "mall", 3, 10, "done"),
        ("b", "mall", 1, 10, "todo"),
        ("c", "finance", 4, 1, "todo"),
        ("d", "shop floor", 2, 30, "done"),
    )
    table = rules.readiness(rules.board(tasks, [], OPENING, date(2026, 11, 5))).set_index("department")
    assert list(table.index) == ["mall", "finance", "shop floor", ""]
    assert table["readiness"].to_dict() == pytest.approx(
        {"mall": 0.75, "finance": 0.0, "shop floor": 1.0, "": 0.5}
    )
    assert table["planned"].to_dict() == pytest.approx(
        {"mall": 1.0, "finance": 0.0, "shop floor": 1.0, "": 0.6}
    )
    assert table["overdue"].to_dict() == {"mall": 1, "finance": 0, "shop floor": 0, "": 1}


def test_a_campaign_without_tasks_is_not_ready_and_does_not_fail() -> None:
    table = rules.readiness(rules.board(frame(), [], OPENING, date(2026, 11, 5)))
    assert table[["department", "tasks", "readiness"]].to_numpy().tolist() == [["", 0, 0.0]]


@pytest.mark.parametrize(
    ("state", "proof", "needs", "reason", "code"),
    [
        ("done", "", True, "", "readiness.proof_missing"),
        ("done", "  ", True, "", "readiness.proof_missing"),
        ("blocked", "", False, "", "readiness.reason_missing"),
        ("finished", "", False, "", "readiness.unknown_state"),
    ],
)
def test_states_ask_for_what_they_need(state, proof, needs, reason, code) -> None:
    with pytest.raises(ShopError, match=code):
        rules.require_change(state, proof, needs, reason)


def test_reminders_name_overdue_blocked_and_soon() -> None:
    tasks = frame(
        ("late", "mall", 1, 9, "todo"),
        ("stuck", "mall", 1, 1, "blocked"),
        ("soon", "design", 1, 6, "todo"),
        ("far", "design", 1, 1, "todo"),
        ("over", "design", 1, 9, "done"),
    )
    told = rules.reminders(rules.board(tasks, [], OPENING, date(2026, 11, 4)), date(2026, 11, 4))
    assert dict(zip(told["task_id"], told["cause"], strict=True)) == {
        "late": "overdue",
        "stuck": "blocked",
        "soon": "soon",
    }


def test_advertising_costs_per_visitor() -> None:
    plan = pd.DataFrame(
        {
            "name": ["首焦", "直播"],
            "channel": ["banner", "live"],
            "budget": [100_000, 50_001],
            "expected_visitors": [2000, 0],
        }
    )
    table = rules.advertising(plan, 10_000)
    assert table["cost_per_visitor"].tolist() == [50, 0, 75]
    assert table["share_of_plan"].tolist() == [0.2, 0.0, 0.2]
    assert table["budget"].tolist()[-1] == 150_001


def test_bought_visitors_stand_beside_the_plan_by_channel() -> None:
    places = pd.DataFrame(
        [("search", 9_000, 60), ("search", 1_000, 20), ("tv", 500, 0)],
        columns=["channel", "budget", "expected_visitors"],
    )
    planned = pd.DataFrame(
        [("search", 100, 12_000), ("live", 40, 0), ("search", 50, 6_000)],
        columns=["channel", "visitors", "cost"],
    )
    rows = rules.by_channel(places, planned).set_index("channel")
    assert list(rows.index) == ["search", "live", "tv"]
    assert rows.loc["search"].tolist() == [10_000, 80, 150, 125, 120, 70]
    assert rows["missing_visitors"].tolist() == [70, 40, 0]
    assert rows[["cost_per_visitor", "planned_cost"]].isna().to_numpy().tolist() == [
        [False, False],
        [True, True],
        [True, True],
    ]


def test_the_template_can_be_kept_as_it_stands() -> None:
    """Every dependency known, no circle, every department, and nobody asked to begin before what they wait
    for is due."""
    by_code = {task.code: task for task in TASKS}
    assert {task.department for task in TASKS} == set(rules.DEPARTMENTS)
    assert len(by_code) == len(TASKS) >= 40
    links = [(first, task.code) for task in TASKS for first in task.after]
    assert network.cycle(links) == []
    for first, then in links:
        assert by_code[then].t_minus + by_code[then].days <= by_code[first].t_minus, (first, then)
    tasks = frame(*[(t.code, t.department, t.days, t.t_minus, "todo") for t in TASKS])
    started = OPENING - timedelta(days=max(t.t_minus + t.days for t in TASKS) - 1)
    assert (rules.board(tasks, links, OPENING, started)["late_by"] == 0).all()
