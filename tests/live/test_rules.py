"""The pure rules against the vectors and by properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaign.pace import default_curve, share_at
from core.live import factors, pace

positive = st.floats(1e-3, 1e6)


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    return dict(json.loads((shared / "vectors.json").read_text()))


def test_vectors(vectors: dict[str, Any]) -> None:
    case = vectors["lmdi"]
    assert factors.lmdi(case["plan"], case["actual"]) == pytest.approx(case["effects"], abs=1e-5)
    assert factors.lmdi(case["plan"], case["actual"]).sum() == pytest.approx(-9_000_000, rel=0.01)
    case = vectors["shapley"]
    assert factors.shapley(case["plan"], case["actual"]) == pytest.approx(case["effects"], abs=1e-6)
    case = vectors["stock_out"]
    left = case["stock_at_open"] - case["sold"]
    assert pace.stock_out_share([case["sold"]], [left], case["curve_now"])[0] == pytest.approx(case["curve_at_stock_out"])
    assert pace.forecast(case["sold"], case["curve_now"]).close == case["projected_close"]


@given(st.lists(st.tuples(positive, positive), min_size=3, max_size=3))
def test_effects_sum_to_the_gap(pairs: list[tuple[float, float]]) -> None:
    plan, actual = zip(*pairs, strict=True)
    gap = np.prod(actual) - np.prod(plan)
    for split in (factors.lmdi, factors.shapley):
        assert split(plan, actual).sum() == pytest.approx(gap, rel=1e-6, abs=1e-6 * max(np.prod(plan), np.prod(actual)))


@given(st.lists(st.floats(0, 1e6), min_size=3, max_size=3), st.lists(st.floats(0, 1e6), min_size=3, max_size=3))
def test_effects_are_exact_where_a_factor_is_nothing(plan: list[float], actual: list[float]) -> None:
    gap = np.prod(actual) - np.prod(plan)
    scale = max(np.prod(np.maximum(plan, actual)), 1)
    assert factors.effects(plan, actual).sum() == pytest.approx(gap, rel=1e-6, abs=1e-9 * scale)


counts = st.integers(0, 10_000)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(counts, counts, counts)),
    st.dictionaries(st.sampled_from("abcd"), st.tuples(counts, counts, counts)),
)
def test_channels_sum_to_the_whole_gap(plan: dict[str, Any], actual: dict[str, Any]) -> None:
    table = factors.by_channel(plan, actual)
    gap = sum(figures[2] for figures in actual.values()) - sum(figures[2] for figures in plan.values())
    assert table["gap"].sum() == pytest.approx(gap, abs=1e-3)


def test_a_flat_run_rate_overstates_the_close_at_two_oclock() -> None:
    share = float(share_at(default_curve(), 120))
    assert (1440 / 120) * share == pytest.approx(5.5, abs=0.6)


@given(st.integers(1, 10**12), st.floats(0.001, 1), st.lists(st.floats(-0.5, 0.5), max_size=20), st.floats(60, 1440))
def test_the_interval_holds_the_forecast_and_never_less_than_is_sold(
    sold: int, share: float, errors: list[float], minutes: float
) -> None:
    seen = pace.forecast(sold, share, errors, minutes)
    assert seen.close is not None
    assert seen.low is not None
    assert seen.high is not None
    assert sold <= seen.low <= max(seen.close, sold) <= seen.high
    assert seen.widened == (len(errors) < pace.FEW_DAYS)


def test_no_interval_in_the_first_hour_without_history() -> None:
    assert pace.forecast(100, 0.1, (), 59).low is None
    assert pace.forecast(100, 0.1, (), 60).low is not None
    assert pace.forecast(100, 0.1, (0.1, -0.1), 5).low is not None
    assert pace.forecast(0, 0.1).close is None


def test_the_interval_covers_what_it_says() -> None:
    """Eight in ten of simulated closes lie inside, with a dozen past days behind it."""
    dice = np.random.default_rng(7)
    shares = np.diff(share_at(default_curve(), np.arange(0, 1441, 5.0)))
    inside = 0
    for _ in range(300):
        noise = np.exp(np.repeat(dice.normal(0, 0.3, (13, 24)), 12, axis=1))
        days = shares * noise
        past, today = days[:12], days[12]
        bins = 6 * 12
        curve = (past / past.sum(axis=1, keepdims=True)).mean(axis=0)
        seen = pace.forecast(round(today[:bins].sum() * 1e9), float(curve[:bins].sum()), pace.residuals(past, bins), 360)
        assert seen.low is not None
        assert seen.high is not None
        inside += seen.low <= today.sum() * 1e9 <= seen.high
    assert 0.72 <= inside / 300 <= 0.90


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.05, 0.95))
def test_the_stock_out_lies_ahead_and_the_risk_falls_with_stock(sold: int, left: int, share: float) -> None:
    when = pace.stock_out_share([sold], [left], share)[0]
    assert np.isnan(when) or share <= when <= 1 + 1e-9
    risk = pace.low_stock_probability([sold, sold], [left, left + 1], [100, 100], share)
    assert 0 <= risk[1] <= risk[0] <= 1


def test_low_stock_probability_against_simulation() -> None:
    dice = np.random.default_rng(3)
    sold, left, mean, share, phi = 30, 28, 60.0, 0.5, 0.5
    rates = dice.gamma(1 / phi + sold, 1 / (1 / (phi * mean) + share), 400_000)
    rest = dice.poisson(rates * (1 - share))
    assert pace.low_stock_probability([sold], [left], [mean], share, phi)[0] == pytest.approx((rest > left).mean(), abs=0.004)


def test_needed_rate_says_how_much_faster() -> None:
    assert pace.needed_rate(50, 100, 0.5) == 1
    assert pace.needed_rate(120, 100, 0.5) == 0
    assert pace.needed_rate(10, 100, 1.0) is None
    assert pace.needed_rate(10, 0, 0.5) is None


def test_minutes_of_the_curve_go_there_and_back() -> None:
    curve = default_curve()
    minutes = np.array([1.0, 30, 300, 900, 1439])
    assert pace.share_to_minute(curve.minutes, curve.shares, share_at(curve, minutes)) == pytest.approx(minutes)
