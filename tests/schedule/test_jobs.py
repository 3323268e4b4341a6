"""Jobs run once a turn whoever runs them, by one process of several, and say what came of it."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select, text
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.database import Database
from core.database.locks import leading
from core.live.alerts import hourly
from core.notify.tables import message
from core.schedule import rounds, service
from core.settings import settings
from core.web import scheduler
from tests.conftest import forked
from tests.live.conftest import OPENS, Shop, hour, opened
from tests.pages.visiting import sign_in_as


def at_work(url: str, path: str) -> None:
    """A server's scheduler, for good; what it does is its number in a file."""

    def mark(_db: Database, _now: datetime) -> int:
        with open(path, "a") as file:
            file.write(f"{os.getpid()} ")
        return 1

    scheduler.EVERY_S = 0.05
    scheduler.PARTS = {part: mark if part == "returned" else lambda _db, _now: 0 for part in scheduler.PARTS}
    scheduler.Scheduler(url).start()
    threading.Event().wait()


@contextmanager
def runners(database: Database, path: Path) -> Iterator[list[int]]:
    """Two processes with the scheduler at work: their numbers."""
    both = [forked(at_work, database.url, str(path)) for _ in range(2)]
    try:
        yield [one.pid or 0 for one in both]
    finally:
        for one in both:
            one.kill()
            one.join()


def runs(path: Path, enough: Callable[[list[int]], bool]) -> list[int]:
    """Who ran the job, once there is enough of it."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        done = [int(pid) for pid in path.read_text().split()] if path.exists() else []
        if enough(done):
            return done
        time.sleep(0.02)
    raise AssertionError("nobody runs the jobs")


def test_one_of_two_processes_runs_the_jobs_until_it_dies(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "runs"
    with runners(database, path) as both:
        first = runs(path, lambda done: len(done) >= 30)
        assert len(set(first)) == 1, "one runner"
        os.kill(first[0], signal.SIGKILL)
        other = next(pid for pid in both if pid != first[0])
        after = runs(path, lambda done: done.count(other) >= 10)
        assert after == [first[0]] * after.count(first[0]) + [other] * after.count(other), "then the other"


def test_who_has_lost_the_session_leads_no_more(postgres: Database) -> None:
    with leading(postgres, "lock") as still:
        assert still()
        with postgres.writing() as connection:
            others = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'"
            connection.execute(text(others))
        assert not still()
        with leading(postgres, "lock") as another:
            assert another()
            assert not still()


def test_a_turn_is_begun_once_whoever_asks(database: Database, now: datetime) -> None:
    """Six hours of two processes that ask every minute: six reports, one backup at half past three."""
    begun: list[tuple[str, datetime]] = []
    midnight = now.replace(hour=16, minute=0)
    for minute in range(6 * 60 + 1):
        moment = midnight + timedelta(minutes=minute, seconds=7)
        for _process in range(2):
            begun += [(name, moment) for name in rounds.begin(database, ["reported", "backed_up"], moment)]
    hours = [moment for name, moment in begun if name == "reported"]
    assert [moment - midnight for moment in hours] == [timedelta(hours=n, seconds=7) for n in range(1, 7)]
    assert [moment for name, moment in begun if name == "backed_up"] == [
        midnight + timedelta(hours=3, minutes=30, seconds=7)
    ]
    late = rounds.begin(database, ["backed_up"], midnight + timedelta(days=3))
    assert late == ["backed_up"], "a night without a server is made up for"


def test_what_a_run_came_to_is_told(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("json://127.0.0.1:9/")})
    second = timedelta(seconds=1)
    assert set(service.jobs(sqlite, admin, now)["state"]) == {"never"}
    rounds.finish(sqlite, "returned", 3, now, now + second)
    rounds.finish(sqlite, "backed_up", {"error": "backup.failed"}, now, now + second)
    told = service.jobs(sqlite, admin, now + second).set_index("name")
    assert told.loc["returned", ["state", "done"]].tolist() == ["fine", 3]
    assert told.loc["backed_up", ["state", "fault"]].tolist() == ["failed", "backup.failed"]
    assert told.loc["returned", "next_at"] == now + timedelta(seconds=5)
    later = service.jobs(sqlite, admin, now + timedelta(hours=1)).set_index("name")
    assert later.loc["returned", "state"] == "late"
    with sqlite.reading() as connection:
        assert "备份" in str(connection.scalar(select(message.c.title)))


def test_a_night_makes_a_backup_and_keeps_the_newest(
    sqlite: Database, now: datetime, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings(), "data_dir", tmp_path)
    monkeypatch.setattr(settings(), "backup_keep", 2)
    for night in range(3):
        assert scheduler.once(sqlite, now + timedelta(days=night), ["backed_up"]) == {"backed_up": 1}
    assert len(list((tmp_path / "backups").glob("*.backup"))) == 2
    monkeypatch.setattr(settings(), "backup_keep", 0)
    assert scheduler.once(sqlite, now, ["backed_up"]) == {"backed_up": 0}


def test_a_running_sale_is_reported_once_an_hour(
    database: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop: Shop = opened(database, admin)
    shop.send(hour())
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("json://127.0.0.1:9/")})
    at = OPENS + timedelta(minutes=60)
    assert [hourly.report_all(database, at + timedelta(minutes=n)) for n in (0, 1, 2)] == [1, 0, 0]
    with database.reading() as connection:
        sent = connection.execute(select(message.c.title, message.c.body)).one()
    assert "11.11" in sent.title
    assert "01:00" in sent.title
    assert len(sent.body.splitlines()) == 3
    assert hourly.report_all(database, OPENS - timedelta(days=1)) == 0


def page() -> None:
    from core import clock
    from pages.parts.admin.jobs import jobs
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext

    who = visitor.visitor()
    assert who is not None
    jobs(PageContext(visitor.database(), who, clock.now(), None))


def test_the_administrator_sees_the_jobs(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, sqlite, admin)
    rounds.finish(sqlite, "sent", {"error": "database.busy"}, now, now)
    rounds.finish(sqlite, "filled", 4, now, now)
    shown = AppTest.from_function(page, default_timeout=60).run()
    assert not shown.exception
    assert len(shown.dataframe[0].value) == len(service.JOBS)


def test_the_command_line_shows_the_jobs(command_line: Callable[..., tuple[int, Any]]) -> None:
    code, told = command_line("jobs")
    assert code == 0
    assert [one["name"] for one in told] == [one.name for one in service.JOBS]
