"""A cap set in the sale, seen on the shop front, lifted again: on the live desk, in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.database import Database
from core.live import live_view
from core.live.actions import decisions
from pages.parts.live import arrow_tables
from tests.browser.conftest import Server, into_view, settled
from tests.live.conftest import OPENS, event, opened

LEAD = Actor("campaign-lead", "campaign_lead")
SHOP: dict[str, Any] = {}


def seed(database: Database) -> None:
    """A sale that opened an hour ago, whose first goods are nearly gone."""
    opens = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    shop = opened(database, Actor("admin", "admin", "cli"), opens)
    shift = (opens - OPENS).total_seconds() / 60
    line = {"sku_code": "S01", "amount_fen": 9_900}
    shop.send([event(n, "order", shift + n, order_id=f"o{n}", **line) for n in range(36)])
    SHOP["campaign"] = shop.campaign_id


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def limit_on_the_feed(shop: Server) -> str:
    """What the shop front is told of S01, over HTTP."""
    rows = httpx.get(f"{shop.url}/api/v1/labels", params={"campaign": SHOP["campaign"]}).json()["labels"]
    return str(next(row["limit_text"] for row in rows if row["sku_code"] == "S01"))


def pick(page: Page, shop: Server, name: str, code: str) -> None:
    """Selects an advised row: they are drawn on a canvas in the service's order."""
    found = decisions.advice(shop.database, LEAD, SHOP["campaign"], clock.now())
    row = found.index[(found["act"] == name) & (found["sku_code"] == code)][0]
    grid = page.locator("[class*=st-key-live_advice_]").get_by_test_id("stDataFrame")
    into_view(grid)
    page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
    grid.click(position={"x": 18, "y": 35 + 35 * row + 17})
    settled(page)


def test_a_cap_is_set_seen_and_lifted(
    shop: Server, signed_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    page = signed_in("campaign_lead", path=f"/live?campaign={SHOP['campaign']}", shop=shop)
    assert limit_on_the_feed(shop) == ""
    pick(page, shop, "cap", "S01")
    page.get_by_role("textbox", name="备注").fill("黄牛在抢")
    page.get_by_role("button", name="执行并记录").click()
    standing = page.locator(".st-key-in_force")
    expect(standing).to_contain_text("生效中 · 1")
    for word in ("限购 1 件", "S01", "campaign-lead", "黄牛在抢"):
        expect(standing).to_contain_text(word)
    assert limit_on_the_feed(shop) == "每单限购 1 件"
    expect(page.get_by_role("button", name="执行并记录")).to_have_count(
        0
    )  # the next row is not picked by itself
    settled(page)
    picture(page, "live-in-force", whole=True)
    standing.get_by_role("button", name="解除限购").click()
    expect(standing).to_have_count(0)
    assert limit_on_the_feed(shop) == ""
    page.get_by_role("tab", name="决策记录").click()
    for word in ("解除限购", "限购 1 件"):  # the log is drawn on a canvas, with its cells beside
        expect(page.get_by_role("tabpanel").locator("td", has_text=word).first).to_be_attached()
    page.wait_for_timeout(1_000)
    picture(page, "live-log", whole=True)
    look = live_view.live_view(shop.database, LEAD, SHOP["campaign"], clock.now(), clock.now())
    pins = [row["word"] for row in arrow_tables.drawn(look).curve.to_pylist() if row["series"] == "decision"]
    assert pins == ["解除限购 S01", "限购 1 件 S01 黄牛在抢"]
