"""The live page and the wall of a shop that has nothing yet: what to do next, a way back, no empty chart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from tests.browser.conftest import Server

CASES = [
    (
        "zh",
        "campaign_lead",
        "先建一个：名称、时间和目标",
        "回到总览",
        "还没有目标，画不出计划曲线",
        "去定目标",
    ),
    (
        "en",
        "viewer",
        "Once a campaign lead has made one",
        "Back to the overview",
        "No target yet, so there is no planned curve",
        "Set the target",
    ),
]


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve()


@pytest.mark.parametrize(("language", "role", "none", "back", "curve", "plan"), CASES)
def test_an_empty_shop_says_what_to_do(
    shop: Server,
    signed_in: Callable[..., Page],
    language: str,
    role: str,
    none: str,
    back: str,
    curve: str,
    plan: str,
) -> None:
    page = signed_in(role, language, path="/live", shop=shop)
    expect(page.get_by_text(none)).to_be_visible()
    page.goto(f"{shop.url}/wall")
    expect(page.get_by_text(none)).to_be_visible()
    page.get_by_text(back).click()
    page.wait_for_url("**/overview")


@pytest.mark.parametrize(("language", "role", "none", "back", "curve", "plan"), CASES)
def test_a_campaign_without_a_target_draws_no_empty_curve(
    shop: Server,
    signed_in: Callable[..., Page],
    language: str,
    role: str,
    none: str,
    back: str,
    curve: str,
    plan: str,
) -> None:
    now, opens = clock.now(), clock.now() + timedelta(days=20)
    campaign = campaigns.add_sale(
        shop.database,
        Actor("admin", "admin", "cli"),
        NewSale(f"12.12 {language}", opens, opens + timedelta(days=1)),
        now=now,
    )
    page = signed_in(role, language, path=f"/wall?campaign={campaign}", shop=shop)
    expect(page.get_by_text(curve)).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(0)
    page.goto(f"{shop.url}/live?campaign={campaign}")
    expect(page.get_by_text(curve)).to_be_visible()
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(0)
    page.get_by_text(plan).click()
    page.wait_for_url("**/plan*")
