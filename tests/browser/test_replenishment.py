"""A buyer computes, overrides, computes again, approves, orders, exports, receives half, and computes once more."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.database import Database
from core.replenishment import orders, service
from core.stock import service as stock
from tests.browser.conftest import ROOT, Server, settled, type_into

Picture = Callable[..., object]
BOSS = Actor("admin", "admin", "cli")


def seed(database: Database) -> None:
    """The demo shop as an operator gets it."""
    environment = os.environ | {"DATABASE_URL": database.url}
    subprocess.run([sys.executable, "-m", "core", "demo", "--json"], cwd=ROOT, env=environment, check=True, capture_output=True)


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def campaign_id(shop: Server) -> str:
    return str(campaigns.campaigns(shop.database, BOSS)["campaign_id"].iloc[0])


def newest(shop: Server) -> service.Sheet:
    run_id = service.newest(shop.database, BOSS, campaign_id(shop))
    assert run_id is not None
    return service.sheet(shop.database, BOSS, run_id)


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name).first.click()
    settled(page)


def compute(page: Page) -> None:
    press(page, "计算补货单")
    expect(page.get_by_text("补货单已重新计算")).to_be_visible()


def grid_cell(page: Page, row: int = 0) -> None:
    """Puts the cursor into the first cell of a row of the last grid on the page."""
    grid = page.get_by_test_id("stDataFrame").last
    grid.scroll_into_view_if_needed()
    grid.locator("canvas").first.wait_for()
    page.wait_for_timeout(700)  # the canvas has no event for "painted"
    grid.click(position={"x": 18, "y": 35 + 35 * row + 17})


def test_from_run_to_receipt(shop: Server, signed_in: Callable[..., Page], picture: Picture) -> None:
    page = signed_in("merchandiser", path="/replenishment", shop=shop)
    expect(page.get_by_text("今天要订")).to_be_visible()
    compute(page)
    first = newest(shop).lines.iloc[0]
    page.get_by_role("tab", name="手工调整").click()
    settled(page)
    type_into(page, 0.44, "77")
    picture(page, "replenishment-by-hand", whole=True)
    page.get_by_role("button", name="保存").click()
    expect(page.get_by_text("写一句原因再保存")).to_be_visible()
    page.get_by_label("修改原因").fill("主播加场")
    page.get_by_label("修改原因").press("Tab")
    settled(page)
    press(page, "保存")
    expect(page.get_by_text("手工数量已保存")).to_be_visible()
    picture(page, "replenishment-by-hand", whole=True)
    compute(page)
    again = newest(shop)
    line = again.lines.set_index("sku_code").loc[first["sku_code"]]
    assert (line["quantity"], line["override_reason"]) == (77, "主播加场")
    press(page, "通过这版补货单")
    expect(page.get_by_text("补货单已通过")).to_be_visible()
    page.get_by_text("不到起订金额也下单").click()
    settled(page)
    press(page, "生成采购单")
    expect(page.get_by_text("采购单已生成")).to_be_visible()
    page.get_by_role("tab", name="采购单").click()
    settled(page)
    grid_cell(page)
    settled(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载采购单").click()
    book = load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    assert book.active["A1"].value == "商家编码"
    assert book.active["A2"].value in set(again.lines["sku_code"])
    number = waiting.value.suggested_filename.split("_")[0]
    order_id = orders.find(shop.database, BOSS, number)
    sku_code, quantity = book.active["A2"].value, int(book.active["D2"].value)
    had = stock.positions(shop.database, BOSS, sku_code=sku_code)["on_hand"].iloc[0]
    settled(page)
    picture(page, "replenishment-receiving", whole=True)
    type_into(page, 0.75, str(quantity // 2))
    picture(page, "replenishment-received", whole=True)
    press(page, "保存")
    expect(page.get_by_text("已入库，采购单：部分到货")).to_be_visible()
    received = orders.order_lines(shop.database, BOSS, order_id).set_index("sku_code")["received"]
    assert received[sku_code] == quantity // 2
    assert stock.positions(shop.database, BOSS, sku_code=sku_code)["on_hand"].iloc[0] == had + quantity // 2
    compute(page)
    # what the budget or a person had cut may be asked for again; what was ordered in full may not
    whole = (again.lines["quantity"] > 0) & ~again.lines["unfunded"] & again.lines["override"].isna()
    ordered = again.lines.loc[whole, "sku_code"]
    assert len(ordered)
    later = newest(shop).lines.set_index("sku_code").loc[ordered]
    assert (later["quantity"] == 0).all(), later.loc[later["quantity"] > 0, ["need", "quantity", "in_transit", "late_in_transit"]]


@pytest.mark.parametrize(
    ("role", "language", "width", "scheme"),
    [("merchandiser", "zh", 1440, "light"), ("finance", "en", 1440, "dark"), ("warehouse", "zh", 390, "light")],
)
def test_the_page_for_each(
    shop: Server, signed_in: Callable[..., Page], picture: Picture, role: str, language: str, width: int, scheme: str
) -> None:
    page = signed_in(
        role, language, path="/replenishment", shop=shop, width=width, height=900 if width > 400 else 844, scheme=scheme
    )
    zh = language == "zh"
    expect(page.get_by_text("今天要订" if zh else "To order today").first).to_be_visible()
    expect(page.get_by_text("采购金额" if zh else "Amount").first).to_be_visible() if role != "warehouse" else None
    if role == "warehouse":
        expect(page.get_by_text("采购金额")).to_have_count(0)
        expect(page.get_by_role("button", name="计算补货单")).to_have_count(0)
    else:
        grid_cell(page)
        settled(page)
        expect(page.get_by_text("八成把握" if zh else "four times in five")).to_be_visible()
    picture(page, f"replenishment-{role}-{language}-{width}-{scheme}", whole=True)


def test_a_campaign_without_a_run_says_what_to_do(
    serve: Callable[..., Server], signed_in: Callable[..., Page], picture: Picture
) -> None:
    def campaign_only(database: Database) -> None:
        opens = clock.parse_moment("2027-06-17T12:00Z")
        campaigns.add_sale(database, BOSS, "空活动", opens, clock.parse_moment("2027-06-18T15:59Z"), now=clock.now())

    page = signed_in("merchandiser", path="/replenishment", shop=serve(campaign_only))
    expect(page.get_by_text("还没有算过补货单")).to_be_visible()
    press(page, "计算补货单")
    expect(page.get_by_text("里还没有商品")).to_be_visible()
    picture(page, "replenishment-empty")
