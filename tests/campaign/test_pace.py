"""The pace curve: through the public points, at any opening, and from the shop's own days."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.campaign import pace

CLOCKS = st.integers(0, 287).map(lambda b: b * 5)
LENGTHS = st.integers(1, 5 * 288).map(lambda b: b * 5)


@pytest.mark.parametrize(("minute", "share"), pace.PUBLIC_POINTS)
def test_default_goes_through_every_public_point(minute: float, share: float) -> None:
    assert pace.share_at(pace.default_curve(), minute) == pytest.approx(share, abs=1e-12)


def test_flat_run_rate_at_two_overstates_the_close_about_five_and_a_half_times() -> None:
    share = float(pace.share_at(pace.default_curve(), 120))
    assert share / (120 / 1440) == pytest.approx(5.6, abs=0.3)


def test_outside_the_sale_the_share_stands_still() -> None:
    assert pace.share_at(pace.default_curve(), [-60, 0, 1440, 9999]).tolist() == [0, 0, 1, 1]


@given(CLOCKS, LENGTHS)
@settings(max_examples=60, deadline=None)
def test_any_opening_gives_a_whole_rising_curve(clock: int, length: int) -> None:
    curve = pace.default_curve(clock, length)
    assert (np.diff(curve.minutes) > 0).all()
    assert (np.diff(curve.shares) >= 0).all()
    assert curve.shares[0] == 0
    assert curve.shares[-1] == pytest.approx(1)
    assert pace.bin_shares(curve).sum() == pytest.approx(1)
    assert len(pace.bin_shares(curve)) == length // 5


def test_an_evening_opening_bursts_at_the_opening_and_sleeps_at_four() -> None:
    curve = pace.default_curve(clock=20 * 60, length=28 * 60)
    hourly = pace.bin_shares(curve, 60)
    assert hourly.argmax() == 0
    assert hourly[8] < hourly[13]  # 04:00 against 09:00
    assert hourly[8] < 0.02


def test_a_second_session_is_a_second_step() -> None:
    hourly = pace.bin_shares(pace.default_curve(20 * 60, 28 * 60, openings=(0, 240)), 60)
    assert hourly[4] > 3 * hourly[3]
    assert hourly[0] > hourly[4]


def test_own_days_are_averaged_after_normalising() -> None:
    small, large = np.ones(288), np.r_[np.full(144, 300.0), np.full(144, 100.0)]
    curve = pace.curve_from_days([small, large], [0, 0])
    assert curve.days == 2
    assert pace.share_at(curve, 720) == pytest.approx((0.5 + 0.75) / 2)


@given(
    st.lists(st.lists(st.integers(0, 10**9), min_size=288, max_size=288), min_size=1, max_size=4),
    CLOCKS,
    CLOCKS,
    LENGTHS,
)
@settings(max_examples=30, deadline=None)
def test_rekeyed_days_stay_whole_curves(days: list[list[int]], theirs: int, ours: int, length: int) -> None:
    curve = pace.curve_from_days(np.array(days), [theirs] * len(days), ours, length)
    assert curve.shares[0] == 0
    assert curve.shares[-1] == pytest.approx(1)
    assert (np.diff(curve.shares) >= -1e-12).all()


def test_without_a_sale_the_default_stands() -> None:
    assert pace.curve_from_days(np.zeros((3, 288)), [0, 0, 0]).days == 0
    assert pace.curve_from_days([], []).shares.tolist() == pace.default_curve().shares.tolist()


@given(CLOCKS, CLOCKS, LENGTHS)
@settings(max_examples=30, deadline=None)
def test_a_day_like_the_shipped_one_stays_so_at_any_other_opening(
    theirs: int, ours: int, length: int
) -> None:
    day = pace.bin_shares(pace.default_curve(theirs)) * 1_000_000
    moved, shipped = pace.curve_from_days([day], [theirs], ours, length), pace.default_curve(ours, length)
    edges = pace.bin_edges(shipped)
    assert pace.share_at(moved, edges) == pytest.approx(pace.share_at(shipped, edges), abs=1e-9)


def test_a_shop_that_sells_in_the_evening_keeps_its_evening_when_it_opens_at_eight() -> None:
    day = pace.bin_shares(pace.default_curve())
    day[12 * 20 : 12 * 23] *= 3  # 20:00-23:00, twenty hours after a midnight opening
    moved = pace.bin_shares(pace.curve_from_days([day], [0], clock=20 * 60, length=28 * 60), 60)
    shipped = pace.bin_shares(pace.default_curve(20 * 60, 28 * 60), 60)
    assert moved[0] < shipped[0]  # the opening hour is the opening's, whatever the clock
    assert moved[24] > 1.5 * shipped[24]  # the next evening at 20:00 is the clock's
