"""A person's calendar: phases, sessions, own deadlines and shifts, at an address that can be taken back."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import icalendar
import pandas as pd
import pytest
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest

from core import web
from core.access import Actor, service
from core.access.accounts import NewAccount
from core.access.tables import calendar_feed
from core.campaign import service as campaigns
from core.database import Database
from core.overview import calendar
from core.readiness import service as readiness
from core.readiness.shifts import Shift
from core.settings import settings
from core.warmup.flash_sale import service as selling
from tests.live.conftest import opened
from tests.pages.visiting import sign_in_as


def person(db: Database, admin: Actor, now: datetime, name: str, role: str, department: str = "") -> Actor:
    service.add_account(
        db, admin, NewAccount(name, role, department=department, word="lantern-of-the-shop"), now
    )
    return Actor(name, role, "page", "", department)


def titles(body: bytes | None) -> list[str]:
    assert body is not None
    return [str(one["summary"]) for one in icalendar.Calendar.from_ical(body).walk("VEVENT")]


def test_everybody_sees_phases_and_sessions_and_their_own_deadlines(
    database: Database, admin: Actor, lead: Actor, now: datetime
) -> None:
    shop = opened(database, admin)
    readiness.draw_up(database, admin, shop.campaign_id, now)
    mine = campaigns.load(database, admin, shop.campaign_id)
    begins = mine.opens_at + timedelta(hours=8)
    for code in ("S01", "S02"):
        selling.plan(
            database,
            lead,
            shop.campaign_id,
            selling.NewSession(code, "整点秒杀", begins, [10], length_minutes=60),
            now=now,
        )
    shown = {}
    for name, role, department in (
        ("mei", "viewer", ""),
        ("dan", "member", "design"),
        ("lee", "campaign_lead", ""),
    ):
        who = person(database, admin, now, name, role, department)
        shown[name] = titles(calendar.feed(database, calendar.make(database, who, now), now, "zh"))
    assert sum(title.startswith("秒杀") for title in shown["mei"]) == 1
    assert "秒杀 整点秒杀（2 个商品）" in shown["mei"]
    assert len([title for title in shown["mei"] if "11.11 · " in title]) == len(mine.phases)
    due = {name: sum(title.startswith("截止") for title in all_) for name, all_ in shown.items()}
    tasks = readiness.board(database, admin, shop.campaign_id, now).tasks
    assert due == {"mei": 0, "dan": int((tasks["department"] == "design").sum()), "lee": len(tasks)}
    assert due["dan"] > 0


def test_shifts_are_those_of_ones_department(database: Database, admin: Actor, now: datetime) -> None:
    opened(database, admin)
    for name, role, department, words in (
        ("wan", "warehouse", "", "pick"),
        ("cha", "member", "customer_service", ""),
        ("fin", "finance", "finance", None),
    ):
        who = person(database, admin, now, name, role, department)
        body = calendar.feed(database, calendar.make(database, who, now), now, "en")
        assert body is not None
        shifts = [
            one
            for one in icalendar.Calendar.from_ical(body).walk("VEVENT")
            if str(one["uid"]).startswith("shift-")
        ]
        assert bool(shifts) == (words is not None), name
        assert all(one["dtend"].dt - one["dtstart"].dt == timedelta(hours=8) for one in shifts)
        if words:
            assert words in str(shifts[0]["description"])


def test_an_address_is_one_persons_and_can_be_taken_back(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei = person(database, admin, now, "mei", "viewer")
    monkeypatch.setattr(settings(), "database_url", database.url)
    phone = TestClient(web.app, base_url="http://127.0.0.1:8501", client=("203.0.113.9", 4711))

    def status(token: str) -> int:
        return phone.get(f"/calendar/{token}.ics").status_code

    first = calendar.make(database, mei, now)
    answer = phone.get(f"/calendar/{first}.ics?lang=en")
    assert answer.headers["content-type"].startswith("text/calendar")
    second = calendar.make(database, mei, now)
    assert [status(token) for token in (first, second)] == [404, 200]
    with database.reading() as connection:
        assert second not in str(connection.execute(calendar_feed.select()).all())
    service.disable_account(database, admin, "mei", now)
    assert status(second) == 404
    service.disable_account(database, admin, "mei", now, disabled=False)
    assert calendar.revoke(database, mei, now)
    assert not calendar.revoke(database, mei, now)
    assert (status(second), calendar.made_at(database, mei)) == (404, None)


def test_a_shift_past_midnight_and_done_tasks() -> None:
    begins, ends = calendar.span(date(2026, 11, 11), Shift("late", 18, 8), "Asia/Shanghai")
    assert (begins.isoformat(), ends.isoformat()) == (
        "2026-11-11T18:00:00+08:00",
        "2026-11-12T02:00:00+08:00",
    )
    body = calendar.written(
        [calendar.Entry("x", "一;二,三\n四", date(2026, 11, 1), date(2026, 11, 2))], "t", begins
    )
    event = icalendar.Calendar.from_ical(body).walk("VEVENT")[0]
    assert str(event["summary"]) == "一;二,三\n四"
    assert event["dtstart"].dt == date(2026, 11, 1)
    frame = pd.DataFrame(
        {"department": [], "owner": [], "state": [], "task_id": [], "title": [], "due_on": []}, dtype="str"
    )
    assert list(calendar.deadlines(Actor("x", "viewer"), None, frame, "zh")) == []  # type: ignore[arg-type]


def popover() -> None:
    from core import clock
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext
    from pages.parts.shell.person.calendar_address import offer

    who = visitor.visitor()
    assert who is not None
    offer(PageContext(visitor.database(), who, clock.now()))


def test_the_address_is_made_and_ended_in_the_account_menu(
    sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    mei = person(sqlite, admin, now, "mei", "viewer")
    sign_in_as(monkeypatch, sqlite, mei)
    app = AppTest.from_function(popover, default_timeout=60).run()
    app.button(key="calendar_make").click().run()
    assert app.code[0].value.endswith(".ics")
    assert not app.run().code, "once"
    app.button(key="calendar_end").click().run()
    assert not app.exception
    assert calendar.made_at(sqlite, mei) is None
