"""Time: the midnight peak belongs to the right day, whatever the machine's zone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from core.errors import ShopError


@pytest.fixture(params=["UTC", "Asia/Shanghai", "America/New_York"])
def machine_zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield request.param
    monkeypatch.undo()
    time.tzset()


def test_half_past_midnight_in_beijing_is_not_yesterday(machine_zone: str) -> None:
    moment = clock.parse_moment("2026-11-11T00:30:00+08:00")
    assert moment == datetime(2026, 11, 10, 16, 30, tzinfo=UTC)
    assert clock.business_day(moment) == date(2026, 11, 11)
    assert clock.day_start(date(2026, 11, 11)) <= moment < clock.day_start(date(2026, 11, 12))


def test_charts_get_the_campaigns_wall_clock(machine_zone: str) -> None:
    moments = pd.Series(pd.to_datetime(["2026-11-10T16:00:00Z"]))
    assert clock.local_naive(moments).tolist() == [pd.Timestamp("2026-11-11 00:00")]


def test_a_day_with_a_clock_change_has_its_own_length() -> None:
    start, end = (clock.day_start(date(2026, 11, day), "America/New_York") for day in (1, 2))
    assert (end - start).total_seconds() == 25 * 3600


@pytest.mark.parametrize(
    ("text", "code"), [("2026-11-11T00:30:00", "time.naive"), ("soon", "time.unreadable")]
)
def test_what_is_no_moment(text: str, code: str) -> None:
    with pytest.raises(ShopError) as refused:
        clock.parse_moment(text)
    assert refused.value.code == code


def test_a_wall_clock_time_is_the_campaigns() -> None:
    assert clock.parse_local("2026-11-10T20:00", "Asia/Shanghai") == datetime(2026, 11, 10, 12, 0, tzinfo=UTC)


def test_an_unknown_zone() -> None:
    with pytest.raises(ShopError, match="unknown_zone"):
        clock.zone("Mars/Olympus")


@given(st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - bounds, not moments
def test_epoch_minutes_hold_their_moment(moment: datetime) -> None:
    minute = clock.epoch_minute(moment)
    assert clock.from_epoch_minute(minute) <= moment < clock.from_epoch_minute(minute + 1)
