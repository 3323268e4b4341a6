"""Heads in the warehouse and at the chat: FORMULAS §5, an independent oracle, and what must hold for every
curve."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ShopError
from core.readiness.erlang import ServiceGoal, agents
from core.readiness.shifts import Shift, calendar, line_heads, on_shifts, with_new_hands
from core.readiness.warehouse import Stage, horizon, least_pace, pace, person_hours


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict:
    return json.loads((shared / "vectors.json").read_text("utf-8"))


def test_warehouse_vector(vectors: dict) -> None:
    v = vectors["warehouse"]
    stage = Stage("pick", v["lines_per_order"], v["rate_per_hour"], v["utilisation"])
    hours = person_hours(v["orders"], stage)
    assert hours == pytest.approx(v["person_hours"], abs=1e-6)
    present = np.array([hours / (v["shifts"] * v["hours_per_shift"])])
    rota = with_new_hands(present, v["heads_per_shift"] + 1, np.array([0]), v["shrinkage"])
    assert rota[["permanent", "new_hands"]].to_numpy().tolist() == [[v["heads_per_shift"], 0]]


def test_erlang_vector(vectors: dict) -> None:
    v = vectors["erlang_c"]
    goal = ServiceGoal(v["aht_s"], v["target_s"], v["level"], v["max_occupancy"], v["shrinkage"])
    row = agents(np.array([v["per_hour"] / 2]), goal).iloc[0]
    assert (row["load"], row["agents"], row["staff"]) == (v["A"], v["N"], v["staff"])
    assert row["waiting"] == pytest.approx(v["C"], abs=1e-12)
    assert row["service_level"] == pytest.approx(v["service_level"], abs=1e-9)
    assert row["answer_seconds"] == pytest.approx(v["asa_s"], abs=1e-4)
    assert row["occupancy"] == pytest.approx(v["occupancy"], abs=1e-6)


@given(
    contacts=st.floats(0.5, 3000),
    handling=st.integers(30, 900),
    target=st.integers(5, 120),
    level=st.floats(0.5, 0.97),
    occupancy=st.floats(0.6, 0.95),
    shrinkage=st.sampled_from([0.0, 0.1, 0.3]),
)
def test_agrees_with_pyworkforce(contacts, handling, target, level, occupancy, shrinkage) -> None:
    """The oracle begins its search at round(load + 1), so where fewer people would do it may answer more;
    never fewer than we do.
    """
    from pyworkforce.queuing import ErlangC

    oracle = ErlangC(contacts, handling / 60, target / 60, 30, shrinkage)
    theirs = oracle.required_positions(level, occupancy)
    ours = agents(np.array([contacts]), ServiceGoal(handling, target, level, occupancy, shrinkage)).iloc[0]
    n = int(ours["agents"])
    assert n == theirs["raw_positions"] or n == theirs["raw_positions"] - 1 == round(oracle.intensity + 1) - 1
    assert ours["service_level"] == pytest.approx(oracle.service_level(n), abs=1e-9)
    assert ours["waiting"] == pytest.approx(oracle.waiting_probability(n), abs=1e-9)
    assert ours["service_level"] >= level
    assert ours["occupancy"] <= occupancy + 1e-9
    assert int(ours["staff"]) == int(np.ceil(n / (1 - shrinkage) - 1e-9))


@given(contacts=st.floats(0.5, 400), level=st.floats(0.5, 0.95), occupancy=st.floats(0.6, 0.95))
def test_one_person_fewer_would_break_the_goal(contacts, level, occupancy) -> None:
    goal = ServiceGoal(level=level, occupancy=occupancy, target_seconds=30)
    row = agents(np.array([contacts]), goal).iloc[0]
    fewer = int(row["agents"]) - 1
    if fewer > row["load"]:
        loss = 1.0
        for k in range(1, fewer + 1):
            loss = row["load"] * loss / (k + row["load"] * loss)
        wait = loss / (1 - row["load"] / fewer * (1 - loss))
        served = 1 - wait * np.exp(-(fewer - row["load"]) * 30 / goal.handling_seconds)
        assert served < level or row["load"] / fewer > occupancy


def test_chats_at_once_divide_the_handling_time() -> None:
    alone, three = (agents(np.array([300.0]), ServiceGoal(concurrency=c)).iloc[0] for c in (1.0, 3.0))
    assert three["load"] == pytest.approx(alone["load"] / 3)
    assert three["agents"] < alone["agents"]


def test_nobody_is_needed_for_nothing() -> None:
    assert agents(np.array([0.0, 0.0]), ServiceGoal())[["agents", "staff"]].to_numpy().tolist() == [
        [0, 0],
        [0, 0],
    ]


@pytest.mark.parametrize(
    ("field", "value"),
    [("level", 1.0), ("occupancy", 0.0), ("shrinkage", 1.0), ("concurrency", 0.5), ("handling_seconds", 0.0)],
)
def test_a_goal_that_means_nothing_is_refused(field: str, value: float) -> None:
    with pytest.raises(ShopError) as refused:
        agents(np.array([1.0]), ServiceGoal(**{field: value}))
    assert refused.value.facts["field"] == field


curves = st.lists(st.integers(0, 500), min_size=1, max_size=60)


def gaps(hours: np.ndarray) -> list[tuple[int, int]]:
    """Every run of hours in which nobody works, as (first, last)."""
    return [(s, t) for s in range(hours.size) for t in range(s, hours.size) if not hours[s : t + 1].any()]


@given(arrivals=curves, promise=st.integers(0, 30), worked=st.data())
def test_the_line_is_never_late_never_early_and_never_busier_than_it_must(arrivals, promise, worked) -> None:
    come, due = horizon(np.array(arrivals, dtype=float), promise)
    hours = np.array(
        worked.draw(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=come.size, max_size=come.size))
    )
    come_by_night = any(due[: t + 1].sum() > come[:s].sum() for s, t in gaps(hours))
    if come_by_night:
        with pytest.raises(ShopError, match=r"readiness\.no_shift_before_promise"):
            least_pace(come, due, hours)
        return
    least = least_pace(come, due, hours)
    done = pace(come, due, hours)
    assert np.all(np.cumsum(done) <= np.cumsum(come) + 1e-6)
    assert np.all(np.cumsum(done) >= np.cumsum(due) - 1e-6)
    assert np.all(
        done <= least * hours + 1e-6
    )  # the proven minimum of any plan: so the plan's peak is the minimum
    assert done.sum() == pytest.approx(sum(arrivals))


@given(arrivals=curves, promise=st.integers(0, 30))
def test_least_pace_is_the_cumulative_criterion_or_harder(arrivals, promise) -> None:
    """FORMULAS: cumulative capacity >= cumulative orders due at every hour; and brute force over every span
    finds nothing above it.
    """
    come, due = horizon(np.array(arrivals, dtype=float), promise)
    least = least_pace(come, due, np.ones(come.size))
    assert np.all(least * np.arange(1, come.size + 1) >= np.cumsum(due) - 1e-6)
    spans = [
        (due[: t + 1].sum() - come[:s].sum()) / (t - s + 1)
        for s in range(come.size)
        for t in range(s, come.size)
    ]
    assert least == pytest.approx(max(0.0, *spans), abs=1e-9)


LINE = (Stage("pick", 1.6, 95), Stage("pack", 1, 60), Stage("weigh", 1, 200), Stage("load", 1, 300))
DAY_AND_EVENING = (Shift("day", 8, 8), Shift("evening", 16, 8))


@given(
    arrivals=st.lists(st.integers(0, 5000), min_size=24, max_size=72), promise=st.sampled_from([24, 48, 72])
)
def test_each_stage_is_fed_by_the_one_before(arrivals, promise) -> None:
    frame = line_heads(np.array(arrivals, dtype=float), LINE, DAY_AND_EVENING, 0, promise)
    running = frame.assign(total=frame.groupby("stage")["orders"].cumsum()).pivot(
        index="hour", columns="stage", values="total"
    )
    for first, then in itertools.pairwise(LINE):
        assert (running[then.name] <= running[first.name].shift(1, fill_value=0) + 1e-6).all()
    due = np.cumsum(np.concatenate([np.zeros(promise), arrivals]))
    assert (running["load"].to_numpy() >= due - 1e-6).all()
    assert (frame["heads"] >= -1e-9).all()


def test_a_promise_shorter_than_the_line_is_refused() -> None:
    with pytest.raises(ShopError, match=r"readiness\.no_shift_before_promise"):
        line_heads(np.ones(24), LINE, (Shift("all day", 0, 24),), 0, 2)


def test_orders_that_fall_due_at_night_with_nobody_there_are_refused() -> None:
    with pytest.raises(ShopError, match=r"readiness\.no_shift_before_promise"):
        line_heads(np.array([0.0, 100.0]), LINE, (Shift("day", 12, 8),), 0, 4)


@given(needed=st.lists(st.integers(0, 40), min_size=48, max_size=48))
def test_shifts_cover_every_half_hour_with_whole_people(needed) -> None:
    shifts = (Shift("night", 0, 8), Shift("day", 8, 8), Shift("late", 16, 8), Shift("middle", 12, 8))
    rows, covered = calendar(shifts, 0, 24, per_hour=2)
    people = on_shifts(np.array(needed), covered, rows["hours"].to_numpy(dtype=float))
    assert (people @ (covered >= 0.5) >= np.array(needed)).all()
    assert (people >= 0).all()


def test_the_shift_plan_is_the_cheapest_there_is() -> None:
    """Two overlapping shifts against all 1,331 plans of up to ten people a shift."""
    rows, covered = calendar((Shift("a", 0, 8), Shift("b", 6, 10), Shift("c", 14, 10)), 0, 24)
    hours = rows["hours"].to_numpy(dtype=float)
    needed = np.array([3] * 6 + [7] * 2 + [4] * 6 + [9] * 2 + [5] * 8)
    people = on_shifts(needed, covered, hours)
    every = np.stack(np.meshgrid(*[np.arange(11)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    inside = rows["day"].to_numpy() == 0
    good = (every @ (covered[inside] >= 0.5) >= needed).all(axis=1)
    assert people @ hours == (every[good] @ hours[inside]).min()


def test_a_shift_past_midnight_serves_the_next_morning() -> None:
    rows, covered = calendar((Shift("night", 20, 8),), 0, 24)
    assert rows["day"].tolist() == [-1, 0]
    assert covered.sum(axis=1).tolist() == [4.0, 4.0]
    with pytest.raises(ShopError, match=r"readiness\.uncovered") as refused:
        on_shifts(np.ones(24), covered, rows["hours"].to_numpy(dtype=float))
    assert refused.value.facts == {"intervals": 16, "first": 4}


def test_new_hands_bring_seventy_per_cent_in_their_first_week() -> None:
    frame = with_new_hands(
        np.array([0.0, 18.0, 9.0, 18.0, 27.0, 27.0]), 10, np.array([0, 3, 4, 10, 11, 18]), 0.1
    )
    assert frame["permanent"].tolist() == [0, 10, 10, 10, 10, 10]
    # 20 rostered: 10 own and 10 / 0.7 new ones from day 3, who have learnt by day 10; ten more on day 11 are
    # new again
    assert frame["new_hands"].tolist() == [0, 15, 0, 10, 15 + 8, 20]
    assert frame["heads"].tolist() == [0, 25, 10, 20, 33, 30]


@given(
    st.lists(st.tuples(st.integers(1, 6), st.floats(0, 50)), min_size=1, max_size=12),
    st.integers(0, 20),
    st.sampled_from([0.0, 0.1, 0.25]),
)
def test_the_roster_does_the_work_and_one_fewer_would_not(
    rows: list[tuple[int, float]], permanent: int, shrinkage: float
) -> None:
    """Against a roll of people kept one by one: each with the day of hiring, the most experienced first."""
    days, present = np.cumsum([gap for gap, _ in rows]), np.array([people for _, people in rows])
    frame = with_new_hands(present, permanent, days, shrinkage)
    roll: list[int] = []
    for at, day in enumerate(days):
        asked = present[at] / (1 - shrinkage) - frame["permanent"][at]
        count = int(frame["new_hands"][at])
        roll += [int(day)] * max(count - len(roll), 0)
        work = [1.0 if day - hired >= 7 else 0.7 for hired in sorted(roll)][:count]
        assert sum(work) >= asked - 1e-6
        assert count == 0 or sum(work[:-1]) < asked + 1e-6
