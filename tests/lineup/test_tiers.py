"""Tiers: classes, momentum, cover, suggestions with reasons, shape, gaps, bands."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lineup import tiers as rules

AMOUNTS = st.lists(st.integers(0, 10**10), min_size=1, max_size=40)


def _frame(**columns: list[object]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    plain = dict.fromkeys(("gmv", "units", "heat_week", "heat_before", "votes"), 0)
    plain |= {"available": 100, "margin_rate": 0.3}
    return pd.DataFrame({name: columns.get(name, [value] * size) for name, value in plain.items()})


@given(AMOUNTS)
def test_the_a_class_is_the_smallest_that_reaches_four_fifths(amounts: list[int]) -> None:
    gmv = pd.Series(amounts)
    classes = rules.abc(gmv)
    assert (classes[gmv == 0] == "").all()
    best = gmv[classes == "A"]
    if gmv.sum():
        assert best.sum() >= 0.8 * gmv.sum() * (1 - 1e-12)
        assert best.sum() - best.min() < 0.8 * gmv.sum() * (1 + 1e-12)
        assert best.min() >= gmv[classes != "A"].max() if (classes != "A").any() else True


def test_suggestions_and_their_reasons() -> None:
    frame = _frame(
        gmv=[8_000_000, 500_000, 400_000, 300_000, 8_500_000, 0],
        units=[800, 50, 40, 3, 900, 0],
        heat_week=[100, 200, 30, 5, 90, 0],
        heat_before=[300, 90, 90, 20, 300, 0],
        available=[2000, 100, 100, 500, 50, 80],
        margin_rate=[0.4, 0.3, 0.3, 0.3, 0.4, np.nan],
    )
    found = rules.suggested(rules.measured(frame, 28))
    assert found["suggested"].tolist() == [
        "main_push",
        "pre_hot",
        "regular",
        "clearance",
        "main_push",
        "clearance",
    ]
    assert found["reasons"][0] == ["lead", "margin_good"]
    assert "hot" in found["reasons"][1]
    assert "deep" in found["reasons"][3]
    assert found["reasons"][4] == ["lead", "margin_good", "raise_stock"]
    assert found["reasons"][5] == ["unsold", "margin_unknown"]


def test_what_the_groups_wish_for_is_pushed_unless_it_earns_nothing() -> None:
    frame = _frame(
        gmv=[9_000_000, 1, 0, 1, 1],
        units=[900, 1, 0, 1, 1],
        available=[5000, 50, 5, 50, 50],
        margin_rate=[0.3, 0.3, 0.3, 0.05, 0.3],
        votes=[0, 100, 90, 95, 20],
    )
    advice = rules.suggested(rules.measured(frame, 28))
    assert advice["suggested"].tolist()[1:] == ["main_push", "clearance", "regular", "clearance"]
    assert ["voted" in codes for codes in advice["reasons"]] == [False, True, False, True, False]
    assert not rules.wished(frame["votes"].where(frame["votes"] < 30, 29)).any(), "a whim is no wish"


def test_a_best_seller_that_earns_nothing_is_not_pushed() -> None:
    frame = _frame(gmv=[9_000_000, 1], units=[900, 1], available=[5000, 1], margin_rate=[0.05, 0.3])
    found = rules.suggested(rules.measured(frame, 28))
    assert found["suggested"][0] == "regular"
    assert "margin_low" in found["reasons"][0]


def test_a_leader_stays_one_however_little_is_left_of_it() -> None:
    frame = _frame(
        gmv=[9_000_000, 2_000_000, 1],
        units=[900, 200, 1],
        available=[0, 6_000, 0],
        margin_rate=[0.4, 0.4, 0.4],
    )
    found = rules.suggested(rules.measured(frame, 28))
    assert found["suggested"].tolist() == ["main_push", "clearance", "regular"]
    assert found["reasons"].tolist() == [
        ["lead", "margin_good", "raise_stock"],
        ["abc_b", "margin_good", "deep"],
        ["abc_c", "margin_good", "thin"],
    ]


def test_what_heats_up_is_pre_hot_a_leader_too() -> None:
    frame = _frame(
        gmv=[9_000_000, 1], units=[900, 1], heat_week=[200, 200], heat_before=[90, 90], available=[2_000, 3]
    )
    found = rules.suggested(rules.measured(frame, 28))
    assert found["suggested"].tolist() == ["pre_hot", "pre_hot"]
    assert found["reasons"].tolist() == [["lead", "hot", "margin_good"], ["abc_c", "hot", "margin_good"]]


def test_momentum_is_per_day_and_silent_below_the_noise() -> None:
    found = rules.measured(_frame(heat_week=[70, 19, 21], heat_before=[210, 1, 0]), 28)
    assert found["momentum"][0] == pytest.approx(1.0)
    assert np.isnan(found["momentum"][1])
    assert found["momentum"][2] == np.inf


@given(
    st.lists(
        st.tuples(
            st.sampled_from(rules.TIERS), st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**9)
        ),
        max_size=30,
    )
)
def test_the_shape_is_the_whole(rows: list[tuple[str, int, int, int]]) -> None:
    frame = pd.DataFrame(rows, columns=["tier", "stock_value", "planned_gmv", "gmv"])
    found = rules.shape(frame)
    assert found["tier"].tolist() == list(rules.TIERS)
    assert found["skus"].sum() == len(rows)
    for name in ("stock_value", "planned_gmv", "gmv"):
        assert found[name].sum() == frame[name].sum()
    if rows:
        assert found["sku_share"].sum() == pytest.approx(1)


def test_gaps_name_the_function_and_what_it_lacks() -> None:
    frame = pd.DataFrame(
        {
            "function": ["口红", "口红", "面膜", ""],
            "tier": ["regular", "pre_hot", "main_push", "regular"],
            "gmv": [1, 2, 9, 9],
        }
    )
    found = rules.gaps(frame)
    assert found.values.tolist() == [["面膜", "pre_hot", 1, 9], ["口红", "main_push", 2, 3]]


@given(AMOUNTS)
def test_concentration_rises_from_the_best_to_all(amounts: list[int]) -> None:
    found = rules.concentration(pd.Series(amounts))
    if sum(amounts):
        assert found["gmv_share"].iloc[-1] == pytest.approx(1)
        assert (found["gmv_share"] >= found["sku_share"] - 1e-9).all()
    else:
        assert found.empty


@given(st.lists(st.one_of(st.none(), st.integers(0, 10**7)), max_size=40))
def test_every_priced_sku_stands_in_one_band(prices: list[int | None]) -> None:
    frame = pd.DataFrame({"sale_price": pd.array(prices, dtype="Int64"), "gmv": 1, "stock_value": 2})
    found = rules.price_bands(frame)
    assert found["skus"].sum() == sum(price is not None for price in prices)
    for row in found.itertuples():
        high = 10**9 if row.high is pd.NA else row.high
        assert row.skus == sum(price is not None and row.low <= price < high for price in prices)
