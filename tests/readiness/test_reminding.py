"""Reminders go out by themselves: once a day and task, in the morning, also with several processes at
once."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from core.access import Actor
from core.access.tables import audit
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, read
from core.notify import service as notify
from core.notify.tables import message
from core.readiness import reminding, service
from core.readiness.service import NewTask, Step
from core.settings import settings

OPENS = datetime(2026, 11, 10, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def campaign(database: Database, lead: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch) -> str:
    """A sale three weeks before its opening, with a channel and two tasks that are due tomorrow."""
    monkeypatch.setattr(settings(), "channels", {"ops": SecretStr("json://127.0.0.1:9/")})
    made = campaigns.add_sale(database, lead, NewSale("双 11", OPENS, OPENS + timedelta(hours=28)), now=now)
    for title in ("核对券", "拍主图"):
        service.add(database, lead, made, NewTask(title, "design", 20, 1, owner="王"), now)
    return made


def queued(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(read(connection, select(message.c.body))["body"])


def test_each_task_is_told_once_a_day(database: Database, lead: Actor, campaign: str, now: datetime) -> None:
    assert reminding.remind_all(database, lead, now) == 2
    assert queued(database) == ["拍主图\n截止 10-21\n负责人 王", "核对券\n截止 10-21\n负责人 王"]
    assert reminding.remind_all(database, lead, now + timedelta(hours=1)) == 0
    with database.writing() as connection:  # sent messages count too
        connection.execute(message.update().values(state="sent"))
    assert reminding.remind(database, lead, campaign, now + timedelta(hours=2)) == 0
    late = service.add(database, lead, campaign, NewTask("新活", "mall", 19, 1), now)
    assert (
        reminding.remind(database, lead, campaign, now + timedelta(hours=3)) == 1
    )  # new work is told the same day
    service.progress(database, lead, campaign, Step(late, "done", 1), now)
    assert reminding.remind_all(database, lead, now + DAY) == 2
    assert len(queued(database)) == 5
    with database.reading() as connection:
        told = read(connection, select(audit.c.action).where(audit.c.action == "readiness.remind"))
    assert len(told) == 3  # asking in vain leaves no trace


def test_each_channel_is_told_in_its_language(
    database: Database,
    lead: Actor,
    admin: Actor,
    campaign: str,
    now: datetime,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        settings(), "channels", {name: SecretStr("json://127.0.0.1:9/") for name in ("zh", "en")}
    )
    notify.change_channel(database, admin, "en", notify.Use(language="en"), now)
    stuck = service.add(database, lead, campaign, NewTask("印吊牌", "logistics", 19, 1), now)
    service.progress(database, lead, campaign, Step(stuck, "blocked", 1, reason="纸没到"), now)
    assert reminding.remind_all(database, lead, now) == 3
    with database.reading() as connection:
        told = read(
            connection,
            select(message.c.channel, message.c.title, message.c.body).where(
                message.c.body.contains("印吊牌")
            ),
        )
    assert sorted(told.itertuples(index=False, name=None)) == [
        ("en", "双 11 · Logistics · blocked", "印吊牌\ndue 22 Oct\nblocked by: 纸没到"),
        ("zh", "双 11 · 物流 · 受阻", "印吊牌\n截止 10-22\n卡在：纸没到"),
    ]


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
