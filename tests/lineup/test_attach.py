"""Attach pairs against a plain count, and their judgement."""

from __future__ import annotations

from itertools import permutations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lineup import attach as rules

BASKETS = st.lists(st.lists(st.sampled_from("ABCDEF"), min_size=1, max_size=5), min_size=1, max_size=40)


@given(BASKETS, st.integers(1, 4))
def test_pairs_equal_a_plain_count(orders: list[list[str]], least: int) -> None:
    lines = pd.DataFrame(
        [(str(n), code) for n, basket in enumerate(orders) for code in basket],
        columns=["order_id", "sku_code"],
    )
    sets = [set(basket) for basket in orders]
    expected = {}
    for a, b in permutations("ABCDEF", 2):
        together = sum({a, b} <= s for s in sets)
        if together >= least:
            with_a, with_b = (sum(x in s for s in sets) for x in (a, b))
            expected[(a, b)] = (
                together,
                together / len(sets),
                together / with_a,
                together * len(sets) / with_a / with_b,
            )
    found = rules.pairs(lines, least)
    assert {(r.sku_code, r.partner_code) for r in found.itertuples()} == set(expected)
    for r in found.itertuples():
        assert (r.together, r.support, r.confidence, r.lift) == pytest.approx(
            expected[(r.sku_code, r.partner_code)]
        )
    assert found["lift"].is_monotonic_decreasing


def test_no_orders_no_pairs() -> None:
    assert rules.pairs(pd.DataFrame({"order_id": [], "sku_code": []})).empty


def test_a_traders_order_pairs_nothing() -> None:
    lines = pd.DataFrame(
        [(str(n), f"S{k}") for n in range(5) for k in range(80)], columns=["order_id", "sku_code"]
    )
    assert rules.pairs(lines).empty


def test_only_a_leader_with_a_follower_is_advised_and_judged() -> None:
    found = pd.DataFrame(
        [
            ("M", "R", 10, 0.1, 0.5, 2.0),
            ("R", "M", 10, 0.1, 0.5, 2.0),
            ("M", "P", 10, 0.1, 0.5, 2.0),
            ("M", "L", 9, 0.1, 0.4, 3.0),
            ("M", "S", 9, 0.1, 0.4, 3.0),
            ("M", "U", 9, 0.1, 0.4, 0.9),
            ("M", "?", 9, 0.1, 0.4, 2.0),
        ],
        columns=rules.PAIRS,
    )
    lineup = pd.DataFrame(
        [
            ("M", "main_push", 100, 100, 0.3, 9900),
            ("R", "regular", 60, 0, 0.3, 9900),
            ("P", "pre_hot", 60, 0, 0.3, 9900),
            ("L", "regular", 60, 0, 0.02, 9900),
            ("S", "clearance", 39, 0, 0.3, 9900),
            ("U", "regular", 60, 0, 0.3, 9900),
        ],
        columns=["sku_code", "tier", "available", "planned_units", "margin_rate", "sale_price"],
    ).set_index("sku_code")
    judged = rules.advised(found, lineup).set_index("partner_code")
    assert judged["verdict"].to_dict() == {"R": "good", "L": "low_margin", "S": "short", "U": "rare"}
    assert judged.index[0] == "R"
    assert judged.loc["R", "needed"] == 50
    assert judged.loc["R", "gain"] == pytest.approx(0.5 * 0.3 * 9900)
