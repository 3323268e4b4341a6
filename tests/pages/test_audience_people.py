"""The tabs on people: each says what it lacks and offers the sheet; with data each has its figures."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.audience.partners import service as partners
from core.audience.partners.service import Terms
from core.audience.people.sheet import INVITES, MEMBERS, PEOPLE
from core.audience.touches import service as touches
from core.audience.touches.calendar import Touch
from core.database import Database
from core.warmup.sheet import WARMUP
from pages.parts.shell import menu
from tests.audience.people.shop import NOW, OPENED, csv, orders, sales, take
from tests.pages.visiting import sign_in_as

TABS = ("growth", "journey", "members", "structure")


@pytest.fixture
def page(sqlite: Database, lead: Actor, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    monkeypatch.setattr("core.clock.now", lambda: NOW)
    sign_in_as(monkeypatch, sqlite, lead)
    entry = next(entry for entry in menu.MENU if entry.page == "audience")
    return AppTest.from_file(str(Path(entry.file)), default_timeout=60)


def _open(page: AppTest, tab: str) -> str:
    page.query_params["audience_tab"] = tab
    page.run()
    assert not page.exception, tab
    return "\n".join(str(part.value) for part in [*page.markdown, *page.caption, *page.info, *page.warning])


def test_without_data_each_tab_says_what_it_lacks(page: AppTest, sqlite: Database, lead: Actor) -> None:
    for tab in ("growth", "journey", "structure"):
        assert "活动" in _open(page, tab), "no campaign at all"
    sales(sqlite, lead)
    for tab in TABS:
        said = _open(page, tab)
        assert "样表" in said, tab
        assert page.get("download_button"), tab
    said = _open(page, "partners")
    assert "还没有团长" in said
    assert "还没有战备群投票" in said
    assert "日历还空着" in _open(page, "touches")


def _low(page: AppTest) -> list[str]:
    """The figures of the low strips."""
    bodies = "".join(str(part.proto.body) for part in page.get("html"))
    return re.findall(r"<dd>(?:⚠ )?([^<]*?) ?<i>", bodies)


def test_with_data_each_tab_has_its_figures(
    page: AppTest, sqlite: Database, lead: Actor, merchandiser: Actor
) -> None:
    past, _ = sales(sqlite, lead)
    people = [f"人{n:03d}甲" for n in range(80)]
    bought = [(who, OPENED + timedelta(hours=2), 300 + 20 * n) for n, who in enumerate(people[:40])]
    orders(sqlite, merchandiser, bought)
    rows = [(who, "2026-07-20", "女" if n % 3 else "男", "search") for n, who in enumerate(people)]
    take(sqlite, merchandiser, PEOPLE, csv(("用户标识", "首次访问日期", "性别", "渠道"), rows))
    take(sqlite, merchandiser, MEMBERS, csv(("用户标识", "会员等级"), [(who, "银卡") for who in people[:30]]))
    invited = [(people[0], people[9], "新客", "2026-08-01 10:00:00")]
    take(sqlite, merchandiser, INVITES, csv(("邀请人", "被邀请人", "新老账号", "邀请时间"), invited))
    page.query_params["campaign"] = past
    figures = {}
    for tab in TABS:
        _open(page, tab)
        figures[tab] = _low(page) + [metric.value for metric in page.metric]
    assert figures["growth"][0] == "40"
    assert figures["structure"][:3] == ["80", "40", "40"]
    assert len(figures["journey"]) == 7
    assert figures["members"][0] == "30"
    partners.put(sqlite, lead, Terms("kol", "阿琪", "KOL", contract_ends="2026-11-01"), now=NOW)
    day = (OPENED - timedelta(days=20)).date()
    vote = csv(("日期", "商家编码", "渠道", "战备群投票"), [(day.isoformat(), "W1", "华东群", "57")])
    take(sqlite, merchandiser, WARMUP, vote)
    assert "12 天到期" in _open(page, "partners")
    assert page.dataframe[-1].value["group"].tolist() == ["华东群"]
    touches.put(sqlite, lead, past, Touch("live", "live_room", "开场", OPENED), now=NOW)
    _open(page, "touches")
    assert page.dataframe[0].value["title"].tolist() == ["开场"]
