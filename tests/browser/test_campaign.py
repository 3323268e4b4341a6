"""The target, the structure and the overview in a real browser: edit, re-plan, read the result."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign
from core.campaign.target import Target
from core.database import Database, insert
from core.goods import structure
from core.goods.tables import campaign_sku, sku
from core.signals.tables import daily_signal
from core.stock.tables import stock_position
from tests.browser.conftest import Server, settled, type_into

LEAD = Actor("campaign-lead", "campaign_lead", "cli")


def _seed(database: Database) -> None:
    """A sale whose warm-up has just closed, a dozen SKUs with a month of figures, a target."""
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    codes = [f"00{n:03d}" for n in range(12)]
    today = clock.business_day(now)
    days = [today - timedelta(days=n) for n in range(1, 29)]
    goods = pd.DataFrame(
        {
            "sku_code": codes,
            "name": [f"口红 {n} $x$ *号*" for n in range(12)],
            "function": ["唇部", "眼部"] * 6,
            "list_price": 9_900,
        }
    )
    grid = pd.MultiIndex.from_product([codes, days], names=["sku_code", "day"]).to_frame(index=False)
    sold = np.repeat(np.arange(12, 0, -1) * 3, len(days))
    figures = grid.assign(
        visitors=sold * 20, add_to_cart=sold * 2, buyers=sold, units_paid=sold, paid_amount=sold * 9_900
    )
    levels = dict.fromkeys(("reserved", "presale_committed", "activity_locked", "in_transit"), 0)
    with database.writing() as connection:
        insert(connection, sku, goods.assign(updated_at=now))
        insert(connection, daily_signal, figures.assign(channel="", import_id="seed", updated_at=now))
        insert(
            connection,
            stock_position,
            pd.DataFrame({"sku_code": codes, "on_hand": 600}).assign(**levels, version=1, updated_at=now),
        )
    phases = [
        Phase("p01", "warm_up", now - timedelta(days=5), now - timedelta(hours=1)),
        Phase("p02", "live", now + timedelta(days=1), now + timedelta(days=2)),
        Phase("p03", "encore", now + timedelta(days=2), now + timedelta(days=3)),
    ]
    mine = campaigns.add(database, LEAD, NewCampaign("试跑双十一", phases), now=now)
    structure.enter(database, LEAD, mine, now=now)
    planning.set_target(
        database, LEAD, mine, planning.NewPlan(Target(100_000_000, 100_000, 0.1, 10_000), why="开局"), now=now
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., object]) -> object:
    """A server of this module's own."""
    return serve(_seed)


def _open(page: Page, menu: str, title: str) -> None:
    page.get_by_role("link", name=menu, exact=True).click()
    expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible()


def test_the_structure_is_edited_the_target_replanned_and_the_overview_tells(
    signed_in: Callable[..., Page], shop: object, picture: Callable[..., object]
) -> None:
    page = signed_in("campaign_lead", path="/", shop=shop)
    expect(page.get_by_role("heading", name="总览", exact=True)).to_be_visible()
    expect(page.get_by_test_id("stMetric").filter(has_text="¥100万").first).to_be_visible()

    _open(page, "商品结构", "商品结构")
    page.get_by_role("tab", name="结构与流量").click()
    expect(page.get_by_text("各层占比（细线是常见比例）")).to_be_in_viewport()
    page.get_by_role("tab", name="层级建议").click()
    accept = page.get_by_role("button", name="接受选中")
    expect(accept).to_be_disabled()  # nothing ticked, nothing done
    page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
    page.get_by_test_id("stDataFrame").last.click(
        position={"x": 20, "y": 18}
    )  # the head's box ticks them all
    expect(accept).to_be_enabled()
    accept.click()
    expect(page.get_by_text("层级已改")).to_be_visible()
    page.get_by_role("tab", name="商品表").click()
    page.get_by_role("button", name="按目标摊到 SKU").click()
    expect(page.get_by_text("已把目标摊到 12 个 SKU")).to_be_visible()
    picture(page, "goods-zh", whole=True)

    _open(page, "目标拆解", "目标拆解")
    page.get_by_role("tab", name="重排").click()
    expect(page.get_by_text("剩下的 2 个阶段")).to_be_visible()
    page.get_by_label("为什么改（会记进版本）").last.fill("预热收官")
    page.get_by_role("button", name="按实际重排").click()
    expect(page.get_by_text("已保存第 2 版")).to_be_visible()
    picture(page, "plan-zh", whole=True)

    _open(page, "总览", "总览")
    expect(
        page.locator("td", has_text="改目标").first
    ).to_be_attached()  # drawn on a canvas, with its cells beside
    expect(page.locator("td", has_text="定层级建议").first).to_be_attached()
    expect(page.get_by_text("目标缺口").last).to_be_visible()  # the plan is more than 600 of the best seller
    expect(page.get_by_text("$x$").first).to_be_visible()
    picture(page, "overview-zh", whole=True)


def test_one_box_answers_for_the_others(signed_in: Callable[..., Page], shop: object) -> None:
    page = signed_in("campaign_lead", path="/plan", shop=shop)
    box = page.get_by_role("spinbutton", name="访客数", exact=True)
    box.fill("200000")
    box.press("Enter")
    expect(page.get_by_role("spinbutton", name="GMV（元）")).to_have_value("2000000")


def test_a_viewer_looks_and_cannot_touch(signed_in: Callable[..., Page], shop: object) -> None:
    page = signed_in("viewer", "en", path="/goods", shop=shop)
    expect(page.get_by_role("heading", name="Goods structure", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Spread the target over SKUs")).to_have_count(0)
    page.goto(shop.url + "/plan")  # type: ignore[attr-defined]
    expect(page.get_by_role("heading", name="Target", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Save as new version")).to_have_count(0)


def test_without_a_campaign_every_page_says_what_to_do(signed_in: Callable[..., Page]) -> None:
    page = signed_in("campaign_lead", path="/")
    expect(page.get_by_text("还没有活动。")).to_be_visible()
    page.get_by_role("button", name="去建活动").click()
    page.get_by_role("button", name="新建活动").click()
    page.get_by_role("button", name="建立活动").click()
    expect(page.get_by_text("还没有目标")).to_be_visible()
    expect(
        page.get_by_test_id("stSidebar").get_by_text("距开售")
    ).to_be_visible()  # the sale offered is one to come
    page.get_by_role("button", name="定下目标").click()  # the first version needs no reason
    expect(page.get_by_text("已保存第 1 版")).to_be_visible()
    _open(page, "商品结构", "商品结构")
    expect(page.get_by_text("这个活动还没有商品")).to_be_visible()


def test_a_new_campaign_is_the_chosen_one_at_once(signed_in: Callable[..., Page], shop: object) -> None:
    page = signed_in("campaign_lead", path="/plan", shop=shop)
    page.get_by_role("tab", name="按时间").click()
    expect(page.get_by_text("曲线是出厂默认", exact=False)).to_be_visible()
    page.get_by_role("button", name="新建活动").click()
    name = page.get_by_label("活动名称")
    name.fill("会员节 2027")
    page.get_by_label("年份").fill("2027")
    page.get_by_label("年份").press("Enter")
    expect(page.get_by_text("存下来就是这样")).to_be_visible()
    page.get_by_role("button", name="建立活动").click()
    picked = page.get_by_test_id("stSidebar").get_by_role("combobox").first
    expect(picked).to_have_value("会员节 2027")
    expect(page.get_by_text("还没有目标。填三个数")).to_be_visible()
    page.reload()
    expect(picked).to_have_value("会员节 2027")


def test_an_archived_campaign_leaves_the_picker_and_stays_readable(
    signed_in: Callable[..., Page], shop: Server
) -> None:
    mine = campaigns.add(
        shop.database, LEAD, NewCampaign("走过场", campaigns.draft("618", 2030, "00:00")), now=clock.now()
    )
    page = signed_in("campaign_lead", path=f"/plan?campaign={mine}", shop=shop)
    picked = page.get_by_test_id("stSidebar").get_by_role("combobox").first
    expect(picked).to_have_value("走过场")
    page.get_by_role("tab", name="阶段与时钟").click()
    page.get_by_role("button", name="归档活动").click()
    body = page.get_by_test_id("stDialog")
    expect(body.get_by_text("才全部结束")).to_be_visible()
    assert not campaigns.load(shop.database, LEAD, mine).archived, "asked first"
    body.get_by_role("button", name="归档活动").click()
    expect(page.get_by_text("“走过场”已归档")).to_be_visible()
    expect(picked).not_to_have_value("走过场")
    picked.click()
    expect(page.get_by_role("option").filter(has_text="走过场")).to_have_count(0)
    page.keyboard.press("Escape")

    reader = signed_in("viewer", path=f"/stock?campaign={mine}", shop=shop)
    expect(reader.get_by_text("走过场 · 已归档")).to_be_visible()
    reader.goto(f"{shop.url}/plan?campaign={mine}")
    reader.get_by_role("tab", name="阶段与时钟").click()
    expect(reader.get_by_role("button", name="放回活动列表")).to_have_count(0)

    page.get_by_role("button", name="已归档 1").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="打开看看").click()
    expect(picked).to_have_value("走过场")
    expect(page.get_by_test_id("stSidebar").get_by_text("已归档")).to_be_visible()
    settled(page)  # the other campaign's tabs are gone
    page.get_by_role("tab", name="阶段与时钟").click()
    page.get_by_role("button", name="放回活动列表").click()
    expect(page.get_by_text("“走过场”已放回活动列表")).to_be_visible()
    expect(page.get_by_test_id("stSidebar").get_by_text("已归档")).to_have_count(0)
    expect(picked).to_have_value("走过场")


def test_two_who_edit_one_sku_see_each_others_cells(
    signed_in: Callable[..., Page], shop: Server, picture: Callable[..., object]
) -> None:
    """The lead saves first; the merchandiser sees which cell has moved, from what to what, and only then
    decides."""
    first, second = (
        signed_in(role, path="/goods?goods_find=00003", shop=shop, height=1_500)
        for role in ("campaign_lead", "merchandiser")
    )
    for page in (first, second):
        page.get_by_text("编辑", exact=True).first.click()
        expect(page.get_by_text("保存前什么都不会写")).to_be_visible()
    type_into(first, PRICE_COLUMN, "88.5")
    type_into(second, PRICE_COLUMN, "79")
    for page in (first, second):
        expect(page.get_by_text("已改 1 处")).to_be_visible()
    _press(first, "保存")
    expect(first.get_by_text("已保存 1 个 SKU")).to_be_visible()

    _press(second, "保存")
    expect(second.get_by_text("这些格子在你编辑时被别人改过")).to_be_visible()
    told = second.get_by_test_id("stDataFrame").locator("td")
    for value in ("00003", "活动价 (¥)", "¥99", "¥88.50", "¥79"):
        expect(told.filter(has_text=value).first).to_be_attached()
    expect(second.get_by_role("button", name="保存", exact=True)).to_be_disabled()
    assert _price(shop) == 8_850
    picture(second, "goods-conflict-zh", whole=True)

    _press(second, "仍用我的")
    _press(second, "保存")
    expect(second.get_by_text("已保存 1 个 SKU")).to_be_visible()
    assert _price(shop) == 7_900


PRICE_COLUMN = 0.53  # of the editor's width


def _price(shop: Server) -> int:
    with shop.database.reading() as connection:
        mine = connection.scalar(select(campaign_sku.c.campaign_id).where(campaign_sku.c.sku_code == "00003"))
        return int(structure.standing(connection, str(mine), ["00003"])["sale_price"]["00003"])


def _press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()
    settled(page)
