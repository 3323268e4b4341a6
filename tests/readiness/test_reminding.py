"""Reminders go out by themselves: once a day and task, in the morning, also with several processes at once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.access import Actor
from core.access.tables import audit
from core.campaign import service as campaigns
from core.database import Database, read
from core.notify.tables import message
from core.readiness import reminding, service
from core.settings import settings

OPENS = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def campaign(database: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sale three weeks before its opening, with a channel and two tasks that are due tomorrow."""
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("json://127.0.0.1:9/")})
    made = campaigns.add_sale(database, lead, "双 11", OPENS, OPENS + timedelta(hours=28), now=now)
    for title in ("核对券", "拍主图"):
        service.add(database, lead, made, title, "design", 20, 1, now, owner="王")
    return made


def queued(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(read(connection, select(message.c.body))["body"])


def test_each_task_is_told_once_a_day(database: Database, lead: Actor, campaign: str, now: datetime) -> None:
    assert reminding.remind_all(database, lead, now) == 2
    assert queued(database) == ["拍主图 · 王 · 2026-10-21", "核对券 · 王 · 2026-10-21"]
    assert reminding.remind_all(database, lead, now + timedelta(hours=1)) == 0
    with database.writing() as connection:  # sent messages count too
        connection.execute(message.update().values(state="sent"))
    assert reminding.remind(database, lead, campaign, now + timedelta(hours=2)) == 0
    late = service.add(database, lead, campaign, "新活", "mall", 19, 1, now)
    assert reminding.remind(database, lead, campaign, now + timedelta(hours=3)) == 1  # new work is told the same day
    service.progress(database, lead, campaign, late, "done", 1, now)
    assert reminding.remind_all(database, lead, now + DAY) == 2
    assert len(queued(database)) == 5
    with database.reading() as connection:
        told = read(connection, select(audit.c.action).where(audit.c.action == "readiness.remind"))
    assert len(told) == 3  # asking in vain leaves no trace


def test_nobody_is_woken_and_old_sales_are_left_alone(
    database: Database, lead: Actor, campaign: str, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    midnight = datetime(2026, 10, 20, 16, 30, tzinfo=UTC)  # 00:30 in Shanghai
    assert reminding.remind_all(database, lead, midnight) == 0
    assert reminding.remind_all(database, lead, OPENS + 20 * DAY) == 0
    monkeypatch.setattr(settings(), "channels", {})
    assert reminding.remind_all(database, lead, now) == 0
    campaigns.archive(database, lead, campaign, now=now)
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("json://127.0.0.1:9/")})
    assert reminding.remind_all(database, lead, now) == 0
    assert queued(database) == []


def test_processes_at_once_tell_once(database: Database, lead: Actor, campaign: str, now: datetime) -> None:
    start, told = threading.Barrier(4), []

    def process() -> None:
        start.wait()
        told.append(reminding.remind_all(database, lead, now))

    threads = [threading.Thread(target=process) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 0, 0, 2]
    assert len(queued(database)) == 2
