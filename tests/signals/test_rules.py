"""Daily figures: the shop's days, day factors, rates."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.signals import rules

START = date(2026, 9, 1)


@given(st.lists(st.integers(1, 10**6), min_size=29, max_size=60))
def test_a_factor_is_the_day_over_the_mean_of_the_days_before(values: list[int]) -> None:
    days = [START + timedelta(days=n) for n in range(len(values))]
    found = rules.day_factors(
        pd.DataFrame({"day": days, "visitors": values, "units_paid": None}), days[-1]
    ).set_index("figure")
    assert found.loc["visitors", "factor"] == pytest.approx(values[-1] / np.mean(values[-29:-1]))
    assert found.loc["visitors", "days"] == 28
    assert pd.isna(found.loc["units_paid", "factor"])


def test_days_that_were_not_reported_are_no_zero_days() -> None:
    days = [START, START + timedelta(days=9), START + timedelta(days=10)]
    found = rules.day_factors(
        pd.DataFrame({"day": days, "visitors": [100, 300, 400]}), days[-1], before=10
    ).set_index("figure")
    assert found.loc["visitors", ["mean", "days", "factor"]].tolist() == [200, 2, 2]
    assert pd.isna(
        rules.day_factors(pd.DataFrame({"day": days, "visitors": 1}), START)
        .set_index("figure")
        .loc["visitors", "factor"]
    )


def test_the_whole_shops_own_report_wins_where_it_speaks() -> None:
    by_sku = pd.DataFrame(
        {"day": [START, START + timedelta(days=1)], "visitors": [30, 40], "paid_amount": [5, 6]}
    )
    whole = pd.DataFrame({"day": [START], "visitors": [20], "paid_amount": [None]})
    assert rules.shop_days(by_sku, whole)[["visitors", "paid_amount"]].values.tolist() == [[20, 5], [40, 6]]


def test_conversion_goes_by_buyers_and_by_units_where_nobody_counts_them() -> None:
    names = [
        "sku_code",
        "visitors",
        "buyers",
        "units_paid",
        "paid_amount",
        "add_to_cart",
        "favourites",
        "heat_week",
        "heat_before",
    ]
    rows = [
        ("a", 100, 5, 9, 900, 1, 1, 1, 1),
        ("b", 100, None, 8, 800, 1, 1, 1, 1),
        ("c", 0, 3, 3, 300, 1, 1, 1, 1),
    ]
    found = rules.rates(pd.DataFrame(rows, columns=names))
    assert found["conversion"].iloc[:2].tolist() == [0.05, 0.08]
    assert np.isnan(found.loc["c", "conversion"])
    assert found.loc["b", ["buyers", "units", "gmv"]].tolist() == [0, 8, 800]
