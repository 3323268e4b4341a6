"""Member levels: who moves, what a change costs, how far the next level is; lists of people by permission."""

from __future__ import annotations

from datetime import timedelta

import hypothesis.strategies as st
import pandas as pd
import pytest
from hypothesis import example, given

from core.access import Actor
from core.audience.members import levels as rules
from core.audience.members import service
from core.audience.people.sheet import MEMBERS
from core.database import Database
from core.errors import ShopError
from tests.audience.people.shop import NOW, csv, orders, take


def _levels(*rows: tuple[str, int, float]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["level", "threshold", "benefit_rate"]).set_index("level")
    return frame.assign(benefits="")


NOW_IN_FORCE = _levels(("银卡", 0, 0.01), ("金卡", 100_000, 0.03))


def test_a_change_costs_rate_times_expected_spend() -> None:
    people = pd.DataFrame({"spend": [5_000, 60_000, 120_000], "expected": [10_000.0, 80_000.0, 150_000.0]})
    after = _levels(("银卡", 0, 0.01), ("金卡", 50_000, 0.04))
    shown = rules.change(people, NOW_IN_FORCE, after)
    assert shown.moved.to_dict("records") == [{"from": "银卡", "to": "金卡", "people": 1, "cost": 2_400}]
    assert (shown.up, shown.down) == (1, 0)
    assert (shown.moved_cost, shown.stayed_cost, shown.cost) == (2_400, 1_500, 3_900)
    back = rules.change(people, after, NOW_IN_FORCE)
    assert (back.up, back.down, back.cost) == (0, 1, -3_900), "taking it back saves what it cost"


def test_below_the_lowest_threshold_nobody_has_a_level() -> None:
    high = _levels(("金卡", 100_000, 0.03))
    assert rules.reached(pd.Series([99_999, 100_000]), high).tolist() == ["", "金卡"]
    gone = rules.change(pd.DataFrame({"spend": [10], "expected": [1_000.0]}), NOW_IN_FORCE, high)
    assert (gone.down, gone.cost) == (1, -10)


@given(
    st.lists(st.tuples(st.integers(0, 300_000), st.integers(0, 300_000)), max_size=30),
    st.lists(st.integers(0, 300_000), min_size=1, max_size=4, unique=True),
    st.lists(st.integers(0, 300_000), min_size=1, max_size=4, unique=True),
)
@example(spent=[(1, 0)], old=[0], new=[1, 0])
@example(spent=[(1, 0)], old=[1], new=[0, 1])
def test_moves_are_antisymmetric(spent: list[tuple[int, int]], old: list[int], new: list[int]) -> None:
    people = pd.DataFrame(spent, columns=["spend", "expected"]).astype(float)
    tables = [
        _levels(*((f"{n}", limit, 0.01 * n) for n, limit in enumerate(sorted(limits))))
        for limits in (old, new)
    ]
    there, back = rules.change(people, *tables), rules.change(people, *reversed(tables))
    assert (there.up, there.down) == (back.down, back.up)
    assert abs(there.cost + back.cost) <= 2, "each sum is rounded once"


def test_progress_is_what_is_missing() -> None:
    rows = rules.progress(
        pd.DataFrame({"spend": [95_000, 20_000, 150_000]}, index=["a", "b", "c"]), NOW_IN_FORCE
    )
    assert rows.index.tolist() == ["a", "b"], "the nearest first; the highest level has no next"
    assert rows["missing"].tolist() == [5_000, 80_000]
    assert rows["done"].tolist() == [0.95, 0.2]


@pytest.mark.parametrize(
    "wrong", [_levels(), _levels(("a", 0, 1.5)), _levels(("a", 5, 0), ("b", 5, 0)), _levels(("a", -1, 0))]
)
def test_levels_that_do_not_do(wrong: pd.DataFrame) -> None:
    with pytest.raises(ShopError, match=r"members\.levels"):
        rules.require(wrong)


def test_from_the_workbook_to_the_price_of_a_change(
    database: Database, merchandiser: Actor, lead: Actor
) -> None:
    lately = NOW - timedelta(days=20)
    orders(
        database, merchandiser, [("甲甲甲", lately, 950), ("乙乙乙", lately, 200), ("丙丙丙", lately, 2_000)]
    )
    rows = [("甲甲甲", "银卡"), ("乙乙乙", "金卡"), ("丙丙丙", "金卡"), ("丁丁丁", "银卡")]
    take(database, merchandiser, MEMBERS, csv(("用户标识", "会员等级"), rows))
    with pytest.raises(ShopError, match=r"members\.no_levels"):
        service.what_if(database, lead, NOW_IN_FORCE, now=NOW)
    service.set_levels(database, lead, NOW_IN_FORCE, {}, now=NOW)
    shown = service.members(database, lead, now=NOW)
    assert shown.levels["members"].to_dict() == {"银卡": 2, "金卡": 2}
    assert shown.levels["spend"].to_dict() == {"银卡": 95_000, "金卡": 220_000}
    assert shown.due.to_dict("records") == [{"from": "金卡", "to": "银卡", "people": 1}]
    assert not shown.modelled, "nobody came back: last year's spend stands for the expected"
    asked = service.what_if(database, lead, _levels(("银卡", 0, 0.01), ("金卡", 90_000, 0.03)), now=NOW)
    assert (asked.up, asked.down, asked.cost) == (1, 0, 1_900)
    near = service.members(database, lead, now=NOW).near
    assert near[["near", "people", "missing"]].iloc[0].tolist() == [1, 3, 5_000]
    listed = service.nearest(database, lead, now=NOW)
    assert listed["missing"].tolist() == [5_000, 80_000, 100_000]
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.nearest(database, merchandiser, now=NOW)
    with pytest.raises(ShopError, match=r"members\.moved"):
        service.set_levels(database, lead, NOW_IN_FORCE, {}, now=NOW)
    service.set_levels(database, lead, NOW_IN_FORCE, {"银卡": 1, "金卡": 1}, now=NOW)
