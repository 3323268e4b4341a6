"""The pure rules against the vectors and by properties."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.campaign.pace import bin_shares, default_curve, mean_curve, share_at
from core.live.snapshot import forecast, gap_factors
from tests.bench.live_nights import OPENINGS, USUAL, close_rates

positive = st.floats(1e-3, 1e6)


@pytest.fixture(scope="session")
def vectors(shared: Path) -> dict[str, Any]:
    return dict(json.loads((shared / "vectors.json").read_text()))


def test_vectors(vectors: dict[str, Any]) -> None:
    case = vectors["lmdi"]
    assert gap_factors.lmdi(case["plan"], case["actual"]) == pytest.approx(case["effects"], abs=1e-5)
    assert gap_factors.lmdi(case["plan"], case["actual"]).sum() == pytest.approx(-9_000_000, rel=0.01)
    case = vectors["shapley"]
    assert gap_factors.shapley(case["plan"], case["actual"]) == pytest.approx(case["effects"], abs=1e-6)
    case = vectors["stock_out"]
    left = case["stock_at_open"] - case["sold"]
    assert forecast.stock_out_share([case["sold"]], [left], case["curve_now"])[0] == pytest.approx(
        case["curve_at_stock_out"]
    )
    assert forecast.forecast(case["sold"], case["curve_now"]).close == case["projected_close"]


@given(st.lists(st.tuples(positive, positive), min_size=3, max_size=3))
def test_effects_sum_to_the_gap(pairs: list[tuple[float, float]]) -> None:
    plan, actual = zip(*pairs, strict=True)
    gap = np.prod(actual) - np.prod(plan)
    for split in (gap_factors.lmdi, gap_factors.shapley):
        assert split(plan, actual).sum() == pytest.approx(
            gap, rel=1e-6, abs=1e-6 * max(np.prod(plan), np.prod(actual))
        )


@given(
    st.lists(st.floats(0, 1e6), min_size=3, max_size=3), st.lists(st.floats(0, 1e6), min_size=3, max_size=3)
)
def test_effects_are_exact_where_a_factor_is_nothing(plan: list[float], actual: list[float]) -> None:
    gap = np.prod(actual) - np.prod(plan)
    scale = max(np.prod(np.maximum(plan, actual)), 1)
    assert gap_factors.effects(plan, actual).sum() == pytest.approx(gap, rel=1e-6, abs=1e-9 * scale)


counts = st.integers(0, 10_000)


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(counts, counts, counts)),
    st.dictionaries(st.sampled_from("abcd"), st.tuples(counts, counts, counts)),
)
def test_channels_sum_to_the_whole_gap(plan: dict[str, Any], actual: dict[str, Any]) -> None:
    table = gap_factors.by_channel(plan, actual)
    gap = sum(figures[2] for figures in actual.values()) - sum(figures[2] for figures in plan.values())
    assert table["gap"].sum() == pytest.approx(gap, abs=1e-3)


def test_a_flat_run_rate_overstates_the_close_at_two_oclock() -> None:
    share = float(share_at(default_curve(), 120))
    assert (1440 / 120) * share == pytest.approx(5.5, abs=0.6)


@given(
    st.integers(1, 10**12),
    st.floats(0.001, 1),
    st.lists(st.floats(-0.5, 0.5), max_size=20),
    st.floats(60, 1440),
)
def test_the_interval_holds_the_forecast_and_never_less_than_is_sold(
    sold: int, share: float, errors: list[float], minutes: float
) -> None:
    seen = forecast.forecast(sold, share, errors, minutes)
    assert seen.close is not None
    assert seen.low is not None
    assert seen.high is not None
    assert sold <= seen.low <= max(seen.close, sold) <= seen.high
    assert seen.widened == (len(errors) < forecast.FEW_DAYS)


def test_no_interval_in_the_first_hour_without_history() -> None:
    early = forecast.forecast(100, 0.1, (), 59)
    assert early.low is None
    assert early.best is not None
    assert early.best > 100 / 0.1  # the alert has its bound all the same
    assert forecast.forecast(100, 0.1, (), 60).low is not None
    assert forecast.forecast(100, 0.1, (0.1, -0.1), 5).low is not None
    assert forecast.forecast(0, 0.1).close is None


def test_one_past_day_is_shrunk_to_the_shipped_curve() -> None:
    plain = default_curve()
    shipped = bin_shares(plain)
    day = np.roll(shipped, 36)  # a shop that is three hours late
    curve = mean_curve(np.array([day]), plain, forecast.PRIOR_DAYS)
    assert float(share_at(curve, 120)) == pytest.approx(
        (day[:24].sum() + 2 * shipped[:24].sum()) / 3, rel=1e-9
    )
    errors = forecast.residuals(np.array([day]), shipped)
    assert errors.shape == (289, 1)
    assert np.isnan(errors[0, 0])
    assert errors[24, 0] == pytest.approx(
        np.log(shipped[:24].sum() / day[:24].sum()) / np.sqrt(1.5)
    )  # one day is judged by the shipped curve alone
    assert errors[-1, 0] == pytest.approx(0)


def test_two_days_that_agree_narrow_the_interval_and_two_that_differ_widen_it() -> None:
    bare = forecast.forecast(1_000, 0.45, (), 120)
    widths = {}
    for name, errors in (("agree", (0.02, -0.03)), ("differ", (0.5, -0.5))):
        outlook = forecast.forecast(1_000, 0.45, errors, 120)
        widths[name] = (outlook.high or 0) - (outlook.low or 0)
    assert widths["agree"] < (bare.high or 0) - (bare.low or 0) < widths["differ"]
    assert widths["agree"] < 1_000 / 0.45  # not 2.4 times the close


@pytest.mark.parametrize("opening", OPENINGS)
def test_the_interval_covers_what_it_says(opening: str) -> None:
    """Eight in ten of simulated closes lie inside, without any past day and with a dozen."""
    for days in (0, 1, 3, 12):
        rates = close_rates(USUAL, opening, 120, days, 250)
        print(f"\n{opening}, {days} past days at +2 h:", rates)
        assert 0.70 <= rates["covered"] <= 0.92
    assert close_rates(USUAL, opening, 120, 3, 250)["error"] <= 0.16


@given(st.integers(0, 500), st.integers(0, 500), st.floats(0.05, 0.95))
def test_the_stock_out_lies_ahead_and_the_risk_falls_with_stock(sold: int, left: int, share: float) -> None:
    when = forecast.stock_out_share([sold], [left], share)[0]
    assert np.isnan(when) or share <= when <= 1 + 1e-9
    risk = forecast.low_stock_probability([sold, sold], [left, left + 1], [100, 100], share)
    assert 0 <= risk[1] <= risk[0] <= 1


def test_low_stock_probability_against_simulation() -> None:
    dice = np.random.default_rng(3)
    sold, left, mean, share, phi = 30, 28, 60.0, 0.5, 0.5
    rates = dice.gamma(1 / phi + sold, 1 / (1 / (phi * mean) + share), 400_000)
    rest = dice.poisson(rates * (1 - share))
    assert forecast.low_stock_probability([sold], [left], [mean], share, phi)[0] == pytest.approx(
        (rest > left).mean(), abs=0.004
    )


def test_needed_rate_says_how_much_faster() -> None:
    assert forecast.needed_rate(50, 100, 0.5) == 1
    assert forecast.needed_rate(120, 100, 0.5) == 0
    assert forecast.needed_rate(10, 100, 1.0) is None
    assert forecast.needed_rate(10, 0, 0.5) is None


def test_minutes_of_the_curve_go_there_and_back() -> None:
    curve = default_curve()
    minutes = np.array([1.0, 30, 300, 900, 1439])
    assert forecast.share_to_minute(curve.minutes, curve.shares, share_at(curve, minutes)) == pytest.approx(
        minutes
    )
