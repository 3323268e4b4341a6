"""One way through a list in a real browser: orders come in, a list is made with a control held back, exported, and
judged by the orders that came after.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.imports import service as imports
from core.lists.tables import audience_list, list_member
from core.orders.sheet import ORDERS
from tests.browser.conftest import Server, choose, settled

Picture = Callable[..., object]
LEAD = Actor("campaign-lead", "campaign_lead", "cli")
PEOPLE = 400


def seed(database: Database) -> None:
    """A campaign that opens in three weeks."""
    now = clock.now()
    opens = now + timedelta(days=21)
    campaigns.add_sale(database, LEAD, NewSale("双 11", opens, opens + timedelta(days=1)), now=now)


def orders(names: list[str], paid: datetime, yuan: list[int]) -> bytes:
    """An export of one order a name, as a platform writes it."""
    local = clock.local_naive(pd.Series([paid]), clock.SHANGHAI).iloc[0]
    frame = pd.DataFrame(
        {
            "订单编号": [f"{local:%m%d%H}{n:06d}" for n in range(len(names))],
            "商家编码": "S1",
            "宝贝标题": "丝绒口红",
            "买家会员名": names,
            "订单状态": "交易成功",
            "订单创建时间": f"{local:%Y-%m-%d %H:%M:%S}",
            "订单付款时间": f"{local:%Y-%m-%d %H:%M:%S}",
            "宝贝数量": 1,
            "买家实际支付金额": yuan,
            "退款金额": 0,
        }
    )
    buffer = io.BytesIO()
    frame.to_csv(buffer, index=False)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def _time_goes_by(shop: Server) -> None:
    """Three weeks later: those called have bought more often than those held back."""
    now = clock.now()
    with shop.database.writing() as connection:
        connection.execute(audience_list.update().values(sent_at=now - timedelta(days=20)))
        rows = connection.execute(select(list_member.c.buyer_key, list_member.c.held_back)).all()
    keys = sorted(row.buyer_key for row in rows if not row.held_back)
    bought = [*keys[: len(keys) // 2], *sorted(row.buyer_key for row in rows if row.held_back)[:4]]
    book = orders(bought, now - timedelta(days=15), [200] * len(bought))  # a key that comes in stays that key
    draft = imports.check(imports.inspect(shop.database, LEAD, ORDERS, book, "later.csv"))
    imports.commit(shop.database, LEAD, draft, now=now)


def test_from_orders_to_a_proven_list(shop: Server, signed_in: Callable[..., Page], picture: Picture) -> None:
    names = [f"买家{n:04d}" for n in range(PEOPLE)]
    first = orders(names, clock.now() - timedelta(days=60), [100 + n for n in range(PEOPLE)])
    page = signed_in("campaign_lead", path="/goods", shop=shop)
    page.get_by_text("订单导出（买家只留加密指纹）").click()
    box = page.get_by_test_id("stExpander").filter(has_text="订单导出（买家只留加密指纹）")
    box.locator('input[type="file"]').set_input_files(
        {"name": "orders.csv", "mimeType": "text/csv", "buffer": first}
    )
    settled(page)
    page.get_by_role("button", name="写入").click()
    expect(page.get_by_text(f"已写入：新增 {PEOPLE}")).to_be_visible()

    page.goto(f"{shop.url}/audience?audience_tab=lists")
    settled(page)
    page.get_by_text("新名单").click()
    choose(page, "选名单", "重要发展")
    page.get_by_role("textbox", name="名单名称").fill("回访")
    page.get_by_role("textbox", name="名单名称").press("Tab")
    settled(page)
    picture(page, "lists-making")
    page.get_by_role("button", name="生成名单").click()
    expect(page.get_by_text("还没发出")).to_be_visible()
    with page.expect_download() as kept:
        page.get_by_role("button", name="导出触达名单").click()
    sheet = load_workbook(io.BytesIO(kept.value.path().read_bytes())).active
    with shop.database.reading() as connection:
        (made,) = connection.execute(select(audience_list)).mappings().all()
    assert made["people"] == PEOPLE // 2
    assert sheet.max_row - 1 == made["people"] - made["control"]
    assert made["state"] == "sent"

    _time_goes_by(shop)
    page.reload()
    settled(page)
    expect(page.get_by_text("两组可比")).to_be_visible()
    page.get_by_role("button", name="判定并留档").click()
    expect(page.get_by_text("已判定：胜出")).to_be_visible()
    expect(page.get_by_text("净增量").first).to_be_visible()
    picture(page, "lists-judged", whole=True)


def test_on_a_phone_and_in_english(shop: Server, signed_in: Callable[..., Page], picture: Picture) -> None:
    page = signed_in(
        "merchandiser", "en", path="/audience?audience_tab=lists", shop=shop, width=390, height=844
    )
    expect(
        page.get_by_text("Only a control", exact=False).or_(page.get_by_text("held back")).first
    ).to_be_visible()
    assert page.get_by_role("button", name="Export people to call").count() == 0, "only who may name people"
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth + 1")
    picture(page, "lists-phone", whole=True)
