"""One way through the experiments in a real browser: an idea is voted on, becomes a test, the test gets its counts and
a verdict, the verdict a learning, and the plan page shows it.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import solve
from core.database import Database
from core.experiments import ideas
from core.experiments.scores import MEASURES
from tests import shops
from tests.browser.conftest import Server, choose, drawn, settled

Picture = Callable[..., object]
LEAD = Actor("campaign-lead", "campaign_lead", "cli")


def seed(database: Database) -> None:
    """A campaign with its target, and one person whose vote is waited for."""
    now = clock.now()
    opens = now + timedelta(days=21)
    sale = campaigns.add_sale(database, LEAD, NewSale("双 11", opens, opens + timedelta(days=1)), now=now)
    target = solve(visitors=2_000_000, conversion_rate=0.1, aov=25_000)
    shops.planned(database, LEAD, sale, now, target=target)
    ideas.set_voters(database, LEAD, ["campaign-lead"], 0, now)


def counts() -> bytes:
    """Today's counts: one person in ten buys, one in six of the other arm."""
    today = clock.business_day(clock.now(), clock.SHANGHAI)
    rows = [("首屏视频", today, arm, 20_000, buyers) for arm, buyers in (("control", 2_000), ("b", 3_300))]
    file = io.BytesIO()
    frame = pd.DataFrame(rows, columns=["试验", "日期", "组别", "进组人数", "买家数"])
    frame.to_excel(file, index=False)
    return file.getvalue()


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()
    settled(page)


def test_from_an_idea_to_the_plan(shop: Server, signed_in: Callable[..., Page], picture: Picture) -> None:
    page = signed_in("campaign_lead", path="/experiments", shop=shop)
    page.get_by_role("button", name="提点子").click()
    page.get_by_role("textbox", name="点子").fill("首屏放视频")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="提点子").click()
    expect(page.get_by_text("0/1")).to_have_count(0)  # the table is a canvas; the meeting shows words
    page.get_by_role("button", name="开会逐条过").click()
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="开始").click()
    expect(page.get_by_role("heading", name="首屏放视频")).to_be_visible()
    for n in range(len(MEASURES)):
        page.get_by_role("radio", name="4", exact=True).nth(n).click()
    picture(page, "experiments-meeting")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="投票").click()
    expect(page.get_by_text("已投 1 / 1 人")).to_be_visible()
    page.get_by_role("button", name="散会").click()
    expect(page.get_by_role("heading", name="首屏放视频")).to_have_count(0)

    tab(page, "假设")
    page.get_by_role("button", name="提出假设").click()
    page.get_by_role("textbox", name="假设").fill("视频更能留人")
    page.get_by_role("textbox", name="假设").press("Tab")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="提出假设").click()
    expect(page.get_by_text("目标 = 访客 × 转化 × 客单价")).to_be_visible()

    tab(page, "试验")
    page.get_by_text("设计新试验").click()
    page.get_by_role("textbox", name="试验").fill("首屏视频")
    page.get_by_role("textbox", name="试验").press("Tab")
    choose(page, "假设", "视频更能留人")
    choose(page, "来自点子", "首屏放视频")
    expect(page.get_by_text("开售前能看出")).to_be_visible()
    picture(page, "experiments-design")
    page.get_by_role("button", name="开始试验").click()
    expect(page.get_by_text("还没有人进组")).to_be_visible()

    page.get_by_text("导入人数表").click()
    page.locator('input[type="file"]').first.set_input_files(
        {"name": "counts.xlsx", "mimeType": "application/octet-stream", "buffer": counts()}
    )
    page.get_by_role("button", name="写入").click()
    expect(page.get_by_text("已写入：新增 2")).to_be_visible()
    page.goto(f"{shop.url}/experiments?experiments_tab=tests")
    settled(page)
    expect(page.get_by_text("出了边界。")).to_be_visible()
    expect(page.get_by_text("胜出", exact=True)).to_be_visible()
    picture(page, "experiments-won")
    drawn(page)  # what is drawn late moves the form from under the click
    page.get_by_text("停下并记成经验").first.click()
    settled(page)
    page.get_by_role("textbox", name="说明").fill("护肤品首屏放视频")
    page.get_by_role("textbox", name="说明").press("Tab")
    page.get_by_test_id("stFormSubmitButton").get_by_role("button", name="停下并记成经验").click()
    expect(page.get_by_text("停下并记成经验")).to_have_count(0)

    page.goto(f"{shop.url}/plan")
    settled(page)
    expect(page.get_by_text("每个因子上在试什么、学到了什么")).to_be_visible()
    expect(page.get_by_text("视频更能留人")).to_be_visible()
    expect(page.get_by_text("首屏视频 胜出")).to_be_visible()
    picture(page, "plan-learnt")
