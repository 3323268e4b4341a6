"""A finance officer finds 满200减200, refuses it with a reason, looks at why a price is what it is, and saves a
bulk change only after seeing it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.database import Database
from core.pricing import approvals, service
from core.pricing.changes import promotions
from core.pricing.engine.limits import PriceLimits
from tests.browser.conftest import Server, settled, tick_request
from tests.pricing.conftest import COUPON, CROSS, CUT, make_shop
from tests.pricing.test_approval import SLIP

Picture = Callable[..., object]
FINANCE, LEAD = Actor("finance", "finance", "cli"), Actor("campaign-lead", "campaign_lead", "cli")


def seed(database: Database) -> None:
    """Five SKUs, and a rule set with a slip for which the campaign lead asks approval."""
    now = clock.now()
    shop = make_shop(database, LEAD, FINANCE, now)
    promotions.save_rules(
        database, LEAD, shop.campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON, SLIP], 1), now=now
    )
    approvals.ask_for_rule(
        database, LEAD, shop.campaign_id, approvals.RuleAsked("live", "slip", "平台要求的新客券"), now=now
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def campaign_of(shop: Server) -> str:
    return str(campaigns.campaigns(shop.database, FINANCE)["campaign_id"].iloc[0])


def open_tab(page: Page, name: str, part: str = "") -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    settled(page)
    if part:
        page.get_by_test_id("stButtonGroup").get_by_text(part, exact=True).click()
        settled(page)


def test_finance_refuses_two_hundred_off_two_hundred(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("finance", path="/pricing", shop=shop)
    expect(page.get_by_role("heading", name="成本定价")).to_be_visible()
    expect(page.locator(".ladder > div").filter(has_text="规则疑点")).to_contain_text("1")
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible()
    picture(page, "pricing-zh")
    open_tab(page, "发布与审批")
    expect(page.get_by_text("没勾就不处理")).to_be_visible()
    page.get_by_test_id("stMain").get_by_text("规则疑点 · 1 个").click()
    settled(page)
    expect(page.get_by_test_id("stBaseButton-secondaryFormSubmit")).to_have_count(0)
    tick_request(page, 0)
    page.get_by_test_id("stBaseButton-secondaryFormSubmit").click()
    expect(page.get_by_text("拒绝要写原因")).to_be_visible()
    page.get_by_label("意见").fill("满200减20 写成了满200减200")
    page.get_by_test_id("stBaseButton-secondaryFormSubmit").click()
    expect(page.get_by_text("没有等待审批的价格或规则")).to_be_visible()
    seen = service.load(shop.database, FINANCE, campaign_of(shop))
    assert seen.rules.alarms["slip"][1] == "refused"
    assert seen.prices.loc["A001", "verdict"] == "refused"
    open_tab(page, "规则")
    picture(page, "pricing-rules-zh")


def test_a_bulk_change_is_seen_before_it_is_saved(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("finance", path="/pricing", shop=shop)
    open_tab(page, "价格", "批量改价")
    page.get_by_role("button", name="看看会怎样").click()
    expect(page.get_by_text("个价格会变")).to_be_visible()
    picture(page, "pricing-bulk-zh")
    before = service.load(shop.database, FINANCE, campaign_of(shop)).prices["sale_price"]
    assert before["A002"] == 32900
    page.get_by_role("button", name="个价格").first.click()
    expect(page.get_by_text("个价格会变")).to_be_hidden()
    after = service.load(shop.database, FINANCE, campaign_of(shop)).prices["sale_price"]
    assert after["A002"] == 39900 * 85 // 100


def test_finance_sets_what_prices_are_held_to(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("finance", path="/pricing", shop=shop)
    open_tab(page, "发布与审批", "底线设置")
    page.get_by_label("价保天数").fill("15")
    page.get_by_role("button", name="保存底线").click()
    expect(page.get_by_text("底线已更新")).to_be_visible()
    picture(page, "pricing-limits-zh")
    limits = service.load(shop.database, FINANCE, campaign_of(shop)).limits
    assert limits == replace(PriceLimits(), protection_days=15)


def test_the_page_in_english_on_a_phone_without_margins(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("campaign_lead", "en", path="/pricing", shop=shop, width=390, height=844)
    expect(page.get_by_role("heading", name="Pricing")).to_be_visible()
    expect(page.get_by_text("Margin at the worst landed price")).to_have_count(0)
    picture(page, "pricing-phone-en")


def test_a_viewer_meets_the_guard(shop: Server, signed_in: Callable[..., Page]) -> None:
    page = signed_in("viewer", path="/pricing", shop=shop)
    expect(page.get_by_role("heading", name="成本定价")).to_have_count(0)
