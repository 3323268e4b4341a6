"""After the sale in a real browser: the bridge read, the encore made with one click, the report printed, the next campaign
started from what this one measured."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import defaults
from core.campaign import service as campaigns
from core.database import Database, insert
from core.pricing.changes import costs
from core.signals.tables import daily_signal
from tests.browser.conftest import Server, settled
from tests.live.conftest import OPENS, event, hour, opened

ADMIN = Actor("admin", "admin", "cli")
SALE: dict[str, str] = {}


def _seed(database: Database) -> None:
    """The sale of the live tests, played two days ago and closed, with a month of reports and full cost cards."""
    opens = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    shop = opened(database, ADMIN, opens)
    moved = opens - OPENS
    played = [*hour(orders=120), event(9_500, "add_to_cart", 20, sku_code="S20", user_key="cart")]
    for one in played:
        one["at"] = (pd.Timestamp(one["at"]) + moved).isoformat()
    shop.send(played)
    days = [opens.date() - timedelta(days=n) for n in range(1, 29)]
    grid = pd.MultiIndex.from_product([[f"S{n:02d}" for n in range(40)], days], names=["sku_code", "day"])
    figures = grid.to_frame(index=False).assign(
        units_paid=3, visitors=50, paid_amount=29_700, refund_amount=900
    )
    card = {"express": 300, "commission": 500, "return_rate": 300}
    costs.edit_default(
        database, Actor("f", "finance"), shop.campaign_id, costs.CategoryCard("", card), now=opens
    )
    with database.writing() as connection:
        insert(connection, daily_signal, figures.assign(channel="", import_id="t", updated_at=clock.now()))
    SALE["id"] = shop.campaign_id


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    """A server of this module's own."""
    return serve(_seed)


def test_a_closed_sale_is_read_brought_back_printed_and_handed_on(
    signed_in: Callable[..., Page], shop: Server, picture: Callable[..., object]
) -> None:
    page = signed_in("campaign_lead", path=f"/review?campaign={SALE['id']}", shop=shop)
    expect(page.get_by_role("heading", name="复盘返场", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    expect(page.get_by_text("退货可能到")).to_be_visible()
    picture(page, "review-zh", whole=True)

    page.get_by_role("tab", name="返场").click()
    expect(page.get_by_text("建议返场")).to_be_visible()
    page.get_by_role("button", name="建返场").click()
    expect(page.get_by_text("返场已排进日程：")).to_be_visible()
    mine = campaigns.load(shop.database, ADMIN, SALE["id"])
    assert [phase.kind for phase in mine.phases] == ["live", "encore"]

    page.get_by_role("tab", name="教训").click()
    page.get_by_label("写一条教训").fill("主推多备两成")
    page.get_by_role("button", name="记下").click()
    expect(page.get_by_text("主推多备两成").first).to_be_visible()

    page.get_by_role("tab", name="报告").click()
    page.evaluate("() => { window.printed = 0; window.print = () => { window.printed += 1 } }")
    page.get_by_role("button", name="打印").click()
    page.wait_for_function("() => window.printed === 1")
    expect(page.locator(".paper")).to_contain_text("主推多备两成")

    page.goto(f"{shop.url}/plan?campaign={SALE['id']}")
    settled(page)
    page.get_by_role("button", name="新建活动").click()
    body = page.get_by_test_id("stDialog")
    expect(body.get_by_text("从上一场开始")).to_be_visible()
    body.get_by_text("节奏曲线").click()  # refused
    settled(page)
    body.get_by_role("button", name="建立活动").click()
    expect(page.get_by_text("起点来自「11.11」")).to_be_visible()
    fresh = next(one for one in campaigns.campaigns(shop.database, ADMIN)["campaign_id"] if one != SALE["id"])
    known = defaults.load(shop.database, ADMIN, str(fresh))
    assert not known["pace"].taken
    assert known["channels"].taken
    assert "主推多备两成" in known["learnings"].value["own"]
