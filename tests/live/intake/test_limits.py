"""A source's limit holds over all processes that take its events."""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from core.database import Database, connect
from core.errors import ShopError
from core.live.intake.limits import RateLimiter

RATE = 600  # ten a second


class Clock:
    """A clock of the test's own."""

    def __init__(self, now: datetime) -> None:
        self.now, self.seconds = now, 0.0

    def on(self, seconds: float) -> datetime:
        """Time passes."""
        self.seconds += seconds
        self.now += timedelta(seconds=seconds)
        return self.now


def assert_taken(meter: RateLimiter, db: Database, events: int, now: datetime) -> None:
    """A request of so many events is let through, and the next one is not."""
    meter.take(db, "shop", events, RATE, now)
    with pytest.raises(ShopError, match=r"live\.too_fast"):
        meter.take(db, "shop", 1, RATE, now)


def test_two_processes_share_one_bucket(database: Database, now: datetime) -> None:
    clock = Clock(now)
    one, two = RateLimiter(lambda: clock.seconds), RateLimiter(lambda: clock.seconds)
    one.take(database, "shop", 400, RATE, clock.now)
    clock.on(1.1)
    one.take(database, "shop", 1, RATE, clock.now)
    with pytest.raises(ShopError, match=r"live\.too_fast") as refused:
        two.take(database, "shop", 300, RATE, clock.now)
    assert 1 <= int(str(refused.value.facts["seconds"])) <= 60
    two.take(database, "another", 300, RATE, clock.now)
    two.take(database, "shop", 150, RATE, clock.on(1.1))
    with pytest.raises(ShopError, match=r"live\.too_fast"):
        two.take(database, "shop", 300, RATE, clock.now)
    clock.on(61)
    two.take(database, "shop", 590, RATE, clock.now)


def test_over_a_minute_several_processes_take_what_one_may(database: Database, now: datetime) -> None:
    clock = Clock(now)
    meters = [RateLimiter(lambda: clock.seconds) for _ in range(3)]
    taken = 0
    for n in range(600):
        try:
            meters[n % 3].take(database, "shop", 20, RATE, clock.now)
            taken += 20
        except ShopError as error:
            assert error.code == "live.too_fast"
        clock.on(0.2)
    assert taken <= RATE + 120 * RATE / 60 + 3 * 200, "the burst, two minutes' worth, a second ahead each"
    assert taken >= 120 * RATE / 60, "and no less than the rate"


def test_two_shops_of_one_process_do_not_pay_for_each_other(
    database: Database, sqlite_template: Path, tmp_path: Path, now: datetime
) -> None:
    path = shutil.copy(sqlite_template, tmp_path / "another.db")
    clock = Clock(now)
    meter, another = RateLimiter(lambda: clock.seconds), connect(f"sqlite:///{path}")
    meter.take(database, "shop", 60_000, 60_000, clock.now)
    clock.on(0.5)
    assert_taken(meter, another, RATE, clock.now)
    clock.on(61)
    assert_taken(meter, another, RATE, clock.now)
    another.dispose()
