"""The audience page: an empty shop is told what to do; people are exported only by those who may."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor, audit
from core.database import Database
from core.lists import service
from core.lists.rules import Plan
from pages.parts.audience.remembered import remembered_today
from pages.parts.entry.context import PageContext
from pages.parts.shell import menu
from tests.audience.test_service import _small, _take
from tests.live.conftest import opened
from tests.pages.visiting import sign_in_as


@pytest.fixture
def page(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    sign_in_as(monkeypatch, sqlite, Actor("lead", "campaign_lead"))
    entry = next(entry for entry in menu.MENU if entry.page == "audience")
    assert Path(entry.file).is_file()
    return AppTest.from_file(str(entry.file), default_timeout=60)


def _texts(page: AppTest) -> str:
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption, *page.info])


def test_an_empty_shop_is_told_what_to_import(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert "订单" in _texts(page) or "order export" in _texts(page)
    assert not page.dataframe


def test_segments_and_life(
    page: AppTest, sqlite: Database, merchandiser: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    _take(sqlite, merchandiser, _small())
    page.run()
    assert not page.exception
    rows = page.dataframe[0].value
    assert len(rows) == 10
    assert int(rows["buyers"].fillna(0).sum()) == 3
    assert len(page.get("download_button")) == 2, "the table, and the list of people"
    page.query_params["audience_tab"] = "life"
    page.run()
    assert not page.exception
    assert int(page.dataframe[0].value["buyers"].sum()) == 2
    sign_in_as(monkeypatch, sqlite, merchandiser)
    page.query_params["audience_tab"] = "segments"
    page.run()
    assert len(page.get("download_button")) == 1, "no list of people without the permission"


def test_lists_are_seen_by_planners_and_exported_by_those_who_may(
    page: AppTest, sqlite: Database, admin: Actor, merchandiser: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.query_params["audience_tab"] = "lists"
    page.run()
    assert not page.exception
    assert not page.dataframe, "without a campaign there is nothing to make a list for"
    shop = opened(sqlite, admin, clock.now() + timedelta(days=2))
    at = clock.now() - timedelta(days=8)
    told = [
        {
            "event_id": f"f{n}",
            "kind": "favourite",
            "at": at.isoformat(),
            "sku_code": "S01",
            "user_key": f"w{n}",
            "campaign": shop.campaign_id,
        }
        for n in range(40)
    ]
    assert shop.send(told)["accepted"] == 40
    service.make(sqlite, admin, shop.campaign_id, "wished", "想买", Plan(), clock.now())
    page.run()
    assert not page.exception
    offers = page.dataframe[0].value
    assert int(offers.loc["wished", "people"]) < 40, "the control of a list is held back from the next"
    labels = {button.label for button in page.button}
    assert {"生成名单", "派成备战任务"} <= labels or {"Make the list", "Send as a readiness task"} <= labels
    mine = len(page.get("download_button"))
    sign_in_as(monkeypatch, sqlite, merchandiser)
    page.run()
    assert not page.exception
    assert len(page.get("download_button")) == mine - 1, "nobody's key without the permission"
    assert not {"生成名单", "Make the list"} & {button.label for button in page.button}


def test_an_answer_from_orders_stands_for_its_day_until_something_is_recorded(
    sqlite: Database, now: datetime
) -> None:
    lead, asked = Actor("lead", "campaign_lead"), list[datetime]()

    def ask(page: PageContext) -> int:
        asked.append(page.now)
        return len(asked)

    def answer(at: datetime, actor: Actor = lead) -> int:
        return remembered_today(PageContext(sqlite, actor, at), "anything", ask)

    morning = now.replace(hour=1)  # nine in Shanghai
    assert [answer(morning), answer(morning + timedelta(hours=5))] == [1, 1]
    assert answer(morning, Actor("money", "finance")) == 2, "what one role may see is not shown to another"
    with sqlite.writing() as connection:
        audit.record(connection, lead, now, "session.sign_in", "lead", None, None)
    assert answer(morning + timedelta(hours=5)) == 1, "who signs in changes nothing about people"
    with sqlite.writing() as connection:
        audit.record(connection, lead, now, "audience.store", "run", None, {"people": 1})
    assert answer(morning + timedelta(hours=6)) == 3
    assert answer(morning + timedelta(hours=23)) == 4, "another day at midnight in Shanghai"
