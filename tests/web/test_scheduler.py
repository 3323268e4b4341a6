"""What runs as long as the server does: messages go out, last looks are written down, faults end nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from core import web
from core.access import Actor, sessions
from core.database import Database
from core.errors import ShopError
from core.stock import service as stock
from core.warmup.flash_sale import service
from core.web import scheduler
from core.web import server as house_module
from tests.warmup.conftest import build


def test_every_round_is_tried_again_after_a_fault(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "EVERY_S", 0.01)
    monkeypatch.setattr(scheduler, "MINUTE_S", 0.0)
    flushed, faults = threading.Event(), iter([ShopError("database.busy"), RuntimeError("x")])

    def send(*_: object) -> None:
        for fault in faults:
            raise fault

    monkeypatch.setattr(scheduler.notify, "send_due", send)
    monkeypatch.setattr(sessions, "flush", lambda db: flushed.set())
    running = scheduler.Scheduler(sqlite.url)
    running.start()
    assert flushed.wait(10)
    running.stop()
    assert not running._thread.is_alive()


def test_the_scheduler_begins_and_ends_with_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Fake:
        def __init__(self, url: str) -> None:
            self.start: Callable[[], None] = lambda: told.append("start")
            self.stop: Callable[[], None] = lambda: told.append("stop")

    monkeypatch.setattr(house_module, "Scheduler", Fake)
    with TestClient(web.app):
        assert told == ["start"]
    assert told == ["start", "stop"]


def test_an_ended_session_closes_by_itself_once(database: Database, lead: Actor, now: datetime) -> None:
    shop, hour = build(database, lead, now), timedelta(hours=1)
    one = service.plan(
        database,
        lead,
        shop.campaign,
        service.NewSession("001", "秒杀", now + hour, [40], length_minutes=60),
        now=now,
    )
    service.lock(database, lead, one, now)
    assert scheduler.once(database, now + 1.5 * hour)["returned"] == 0
    assert shop.level("001", "activity_locked") == 40
    start, returned = threading.Barrier(3), []

    def process() -> None:
        start.wait()
        returned.append(scheduler.once(database, now + 2 * hour, ["returned"])["returned"])

    threads = [threading.Thread(target=process) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(returned) == [0, 0, 40]
    assert (shop.level("001", "activity_locked"), shop.level("001", "available_to_promise")) == (0, 100)
    with database.reading() as connection:
        assert service.check(connection) == {"locks_are_movements": []}
        assert not any(stock.check(connection).values())


def test_a_part_that_fails_hinders_no_other(
    sqlite: Database, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> int:
        raise ShopError("database.busy")

    assert not scheduler.failed(scheduler.once(sqlite, now))
    monkeypatch.setattr(service, "close_ended", broken)
    done = scheduler.once(sqlite, now)
    assert done["returned"] == {"error": "database.busy"}
    assert list(done) == list(scheduler.BY_HAND)
    assert scheduler.failed(done)


def test_the_scheduled_work_runs_from_the_command_line(
    command_line: Callable[..., tuple[int, Any]], database: Database, lead: Actor, now: datetime
) -> None:
    code, done = command_line("scheduler")
    assert code == 0
    assert {part: done[part] for part in ("reminded", "returned", "judged")} == {
        "reminded": 0,
        "returned": 0,
        "judged": 0,
    }
    assert done["sent"]["failed"] == 0
