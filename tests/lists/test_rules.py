"""What a list's size shows, what its orders cost, and which plans cannot be."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ShopError
from core.lists import rules
from core.lists.rules import APART, IN_PRICE, Plan

VECTORS = json.loads((Path(__file__).parents[1] / "audience" / "vectors.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("one", VECTORS["experiments"]["sample_size"], ids=lambda one: str(one["per_arm"]))
def test_a_size_shows_the_effect_that_needs_it(one: dict[str, float]) -> None:
    plan = Plan(control=0.5, coupon=1_000, threshold=9_900, coupon_from=APART)
    ahead = rules.outlook(2 * int(one["per_arm"]), plan, one["base"], 0.0)
    assert ahead.rise == pytest.approx(one["base"] * one["relative_mde"], rel=1e-3)
    assert ahead.money is None
    assert not ahead.small
    assert ahead.expected == round(one["per_arm"]) * 5 + round(round(one["per_arm"]) * one["base"] * 1_000)
    assert ahead.most == round(one["per_arm"]) * 1_005


def test_a_small_list_says_so_and_the_ratio_check_what_it_sees() -> None:
    assert rules.outlook(40, Plan(), 0.02, 5_000.0).small
    assert round(rules.outlook(40_000, Plan(control=0.5), 0.1, 5_000.0).loss, 4) == 0.0413


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"control": 0.6}, "lists.plan"),
        ({"coupon": 1_000, "threshold": 1_000, "coupon_from": APART}, "lists.plan"),
        ({"coupon": 1_000, "threshold": 2_000}, "lists.coupon_from"),
        ({"days": 0}, "lists.plan"),
    ],
)
def test_plans_that_cannot_be(change: dict[str, object], code: str) -> None:
    with pytest.raises(ShopError, match=code.replace(".", r"\.")):
        rules.require(replace(Plan(), **change))  # type: ignore[arg-type]


def _orders() -> pd.DataFrame:
    rows = [
        ("a", "1", 1, 9_000, 0),  # below the threshold
        ("a", "2", 2, 20_000, 0),  # the coupon
        ("a", "3", 3, 20_000, 5_000),  # a person has one coupon
        ("b", "4", 1, 20_000, 20_000),  # held back: no coupon, a return
    ]
    return pd.DataFrame(rows, columns=["unit", "order_id", "at_ms", "paid", "refunded"])


def test_a_coupon_is_used_once_and_paid_once() -> None:
    plan = Plan(coupon=1_000, threshold=10_000, coupon_from=APART, returned=800)
    called = pd.Series({"a": True, "b": False})
    apart = rules.charged(_orders(), called, plan).set_index("order_id")
    assert apart["coupon"].to_dict() == {"1": 0, "2": 1_000, "3": 0, "4": 0}
    assert apart["refunded"].to_dict() == {"1": 0, "2": 1_000, "3": 5_800, "4": 20_800}
    inside = rules.charged(_orders(), called, replace(plan, coupon_from=IN_PRICE)).set_index("order_id")
    assert inside["refunded"].to_dict() == {"1": 0, "2": 0, "3": 5_800, "4": 20_800}
    assert int(inside["coupon"].sum()) == 1_000, "booked all the same"


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 50_000)), max_size=30))
def test_nobody_uses_two_coupons_and_no_control_uses_one(orders: list[tuple[str, int]]) -> None:
    frame = pd.DataFrame(
        [(who, str(n), n, paid, 0) for n, (who, paid) in enumerate(orders)],
        columns=["unit", "order_id", "at_ms", "paid", "refunded"],
    )
    called = pd.Series({"a": True, "b": True, "c": False, "d": False})
    plan = Plan(coupon=500, threshold=10_000, coupon_from=APART)
    coupons = rules.charged(frame, called, plan).groupby("unit")["coupon"].sum().to_dict()
    able = {who for who, paid in orders if paid >= 10_000 and called[who]}
    assert {who for who, fen in coupons.items() if fen} == able
    assert set(coupons.values()) <= {0, 500}


def test_those_of_whom_most_is_expected_come_first_then_the_most_worth_and_ties_by_key() -> None:
    people = pd.DataFrame({"buyer_key": ["b", "a", "c", "d", "e"], "worth": [5, 5, 9, 1, 2]})
    ranked = people.assign(coming=pd.array([None, None, None, 70, 300], dtype="Int64"))
    assert rules.limited(ranked, 0)["buyer_key"].tolist() == ["e", "d", "c", "a", "b"]
    assert rules.limited(ranked, 3)["buyer_key"].tolist() == ["e", "d", "c"]
