"""A buyer computes, overrides, computes again, approves, orders, exports, receives half, and computes once
more."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.replenishment import orders, service
from core.stock import service as stock
from tests.browser.conftest import Server, into_view, settled, type_into
from tests.demo_shop import Demo

Picture = Callable[..., object]
BOSS = Actor("admin", "admin", "cli")


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server], demo: Demo) -> Server:
    """The demo shop as an operator gets it."""
    return serve(demo=demo)


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
    if not page.get_by_role("button", name="计算补货单").first.is_visible():
        page.get_by_text("参数与重新计算").click()
    press(page, "计算补货单")
    expect(page.get_by_text("补货单已重新计算")).to_be_visible()


def grid_cell(page: Page, row: int = 0) -> None:
    """Puts the cursor into the first cell of a row of the last grid on the page."""
    grid = page.get_by_test_id("stDataFrame").last
    into_view(grid)
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
    expect(page.get_by_text("手工数量已算进补货单")).to_be_visible()
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
    assert (later["quantity"] == 0).all(), later.loc[
        later["quantity"] > 0, ["need", "quantity", "in_transit", "late_in_transit"]
    ]


def test_what_is_typed_and_not_saved_outlives_tabs_and_pages_and_a_form_asks(
    shop: Server, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("merchandiser", path="/replenishment?replenishment_tab=orders", shop=shop)
    questions: list[str] = []
    page.on("dialog", lambda dialog: (questions.append(dialog.type), dialog.dismiss()))
    grid_cell(page, row=1)  # an order of the demo that waits for its goods
    expect(page.get_by_test_id("stMain").get_by_test_id("stDataFrame")).to_have_count(
        2
    )  # the orders, and its lines
    settled(page)
    type_into(page, 0.75, "3")
    typed = page.get_by_text("已改 1 处")
    expect(typed).to_be_visible()
    page.get_by_role("tab", name="整场水平").click()  # another tab: named, and there again
    expect(page.get_by_text("补货单 有 1 处没保存，先替你留着")).to_be_visible()
    settled(page)
    expect(typed).to_have_count(0)
    page.get_by_role("tab", name="采购单").click()
    expect(typed).to_be_visible()
    settled(page)
    type_into(page, 0.75, "4")  # typed over what had been kept
    page.get_by_test_id("stSidebar").get_by_role(
        "link", name="库存"
    ).click()  # another page: named, with the way back
    expect(page.get_by_role("heading", name="库存", exact=True)).to_be_visible()
    back = page.get_by_test_id("stSidebar").get_by_role("link", name="补货单：有 1 处没保存")
    back.click()
    expect(typed).to_be_visible()
    settled(page)
    page.get_by_role("button", name="更多").click()
    expect(page.get_by_test_id("stPopoverBody").get_by_test_id("stDataFrame")).to_be_visible()
    page.keyboard.press("Escape")
    press(page, "保存")
    expect(page.get_by_text("已入库，采购单：部分到货")).to_be_visible()
    expect(back).to_have_count(0)
    assert questions == []  # tables keep, they do not ask
    # a form, which only the browser knows, asks before it is left, and stays when the reader says so
    page.get_by_text("参数与重新计算").click()
    field = page.get_by_test_id("stForm").locator("input[type=number]").first
    before = field.input_value()
    field.fill("7")
    page.get_by_role("tab", name="整场水平").click()
    page.get_by_test_id("stSidebar").get_by_role("link", name="库存").click()
    page.get_by_test_id("stSidebar").get_by_test_id("stSelectbox").click()  # another campaign
    page.wait_for_timeout(1_000)  # nothing may follow, and nothing has no event
    assert questions == ["confirm"] * 3
    expect(page.get_by_role("listbox")).to_have_count(0)
    expect(page.get_by_role("heading", name="补货单", exact=True)).to_be_visible()
    field.fill(before)
    page.get_by_test_id("stSidebar").get_by_role("link", name="库存").click()
    expect(page.get_by_role("heading", name="库存", exact=True)).to_be_visible()
    assert len(questions) == 3


@pytest.mark.parametrize(
    ("role", "language", "width", "scheme"),
    [
        ("merchandiser", "zh", 1440, "light"),
        ("finance", "en", 1440, "dark"),
        ("warehouse", "zh", 390, "light"),
    ],
)
def test_the_page_for_each(
    shop: Server,
    signed_in: Callable[..., Page],
    picture: Picture,
    role: str,
    language: str,
    width: int,
    scheme: str,
) -> None:
    page = signed_in(
        role,
        language,
        path="/replenishment",
        shop=shop,
        width=width,
        height=900 if width > 400 else 844,
        scheme=scheme,
    )
    zh = language == "zh"
    expect(page.get_by_text("今天要订" if zh else "To order today").first).to_be_visible()
    expect(
        page.get_by_text("采购金额" if zh else "Amount").first
    ).to_be_visible() if role != "warehouse" else None
    if role == "warehouse":
        expect(page.get_by_text("采购金额")).to_have_count(0)
        expect(page.get_by_role("button", name="计算补货单")).to_have_count(0)
    else:
        grid_cell(page)
        settled(page)
        expect(
            page.get_by_text(re.compile("合起来预测" if zh else r"^Together [\d,]+ units"))
        ).to_be_visible()
    picture(page, f"replenishment-{role}-{language}-{width}-{scheme}", whole=True)


def test_a_campaign_without_a_run_says_what_to_do(
    serve: Callable[..., Server], signed_in: Callable[..., Page], picture: Picture
) -> None:
    def campaign_only(database: Database) -> None:
        opens = clock.parse_moment("2027-06-17T12:00Z")
        campaigns.add_sale(
            database, BOSS, NewSale("空活动", opens, clock.parse_moment("2027-06-18T15:59Z")), now=clock.now()
        )

    page = signed_in("merchandiser", path="/replenishment", shop=serve(campaign_only))
    expect(page.get_by_text("还没有算过补货单")).to_be_visible()
    press(page, "计算补货单")
    expect(page.get_by_text("里还没有商品")).to_be_visible()
    picture(page, "replenishment-empty")
