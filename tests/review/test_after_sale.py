"""Returns by age and their load, and which goods come back: the vectors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from core.review.after_sales import after_sale
from core.review.encores import encore

LAGS = [0, 0.002, 0.006, 0.01, 0.012, 0.011, 0.009, 0.007, 0.005, 0.003, 0.002]


def test_the_load_is_purchases_by_age() -> None:
    load = after_sale.returns_load(np.array([10_000.0, 4_000]), np.array(LAGS))
    assert load.tolist() == pytest.approx([0, 20, 68, 124, 160, 158, 134, 106, 78, 50, 32, 8])
    assert int(load.argmax()) == 4
    assert load.sum() == pytest.approx(938)


def test_young_purchases_say_nothing_about_old_age() -> None:
    known = np.array([[0, 5, 4], [1, 5, np.nan], [0, np.nan, np.nan]])
    curve = after_sale.returns_curve(np.array([100.0, 100, 100]), known)
    assert curve.tolist() == pytest.approx([1 / 300, 10 / 200, 4 / 100])


def test_the_band_widens_with_what_the_days_have_shown() -> None:
    load = np.array([100.0, 0.0])
    low, high = after_sale.band(load, 1.0)
    wide_low, wide_high = after_sale.band(load, after_sale.dispersion(np.full(6, 20.0), np.full(6, 10.0)))
    assert wide_low[0] < low[0] < 100 < high[0] < wide_high[0]
    assert low[1] == high[1] == 0


def goods(**columns: list[object]) -> pd.DataFrame:
    frame = pd.DataFrame(columns, index=pd.Index(["A", "B", "C", "D", "E"], name="sku_code"))
    return frame.astype({"price": "Int64", "floor": "Int64"})


def test_goods_come_back_by_kept_profit() -> None:
    leftover = np.array([120, 15, 400, 60, 0])
    weeks = np.array([[40.0] * 4, [30.0] * 4, [25.0] * 4, [2.0] * 4, [80.0] * 4])
    margin = encore.kept_margin(
        np.array([3000.0, 12000, 900, 5000, 9000]), np.array([0.1, 0.25, 0.05, 0.1, 0.1]), 800
    )
    units = encore.expected_units(leftover, weeks)
    assert units.tolist() == [40, 15, 25, 2, 0]
    frame = goods(
        leftover=leftover.tolist(),
        expected_units=units.tolist(),
        margin=margin.tolist(),
        price=[9900, 29900, 4900, 19900, 9900],
        floor=[8000, 20000, 4000, 15000, 8000],
    )
    chosen = encore.choose(frame, top=3)
    assert chosen.index.tolist()[:3] == ["B", "A", "C"], "the vector's order"
    assert chosen["why"].to_dict() == {"B": "", "A": "", "C": "", "D": "beyond_top", "E": "none_left"}
    assert chosen.loc["B", "value"] == pytest.approx(15 * 8800)


def test_no_price_below_its_floor_and_no_loss_comes_back() -> None:
    frame = goods(
        leftover=[9, 9, 9, 9, 9],
        expected_units=[5.0, 5.0, 5.0, 0.0, 5.0],
        margin=[100.0, -1.0, np.nan, 100.0, 100.0],
        price=[100, 100, 100, 100, None],
        floor=[101, 50, 50, 50, 50],
    )
    why = encore.choose(frame, top=9)["why"].to_dict()
    assert why == {"A": "below_floor", "B": "loses", "C": "no_margin", "D": "no_demand", "E": "no_price"}


def test_the_week_of_the_sale_counts_once_and_at_an_encores_traffic() -> None:
    weeks = np.array([[10.0, 12.0, 400.0, np.nan]])
    scaled = encore.scaled(weeks, np.array([False, False, True, False]), 0.1)
    assert scaled[0, 2] == 40
    assert np.isnan(scaled[0, 3])
    assert encore.expected_units(np.array([30]), scaled)[0] == pytest.approx((10 + 12 + 30) / 3)
