"""A merchandiser brings a stock sheet: corrects a mapping, reads an error, commits, looks at the ledger,
takes it back."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.database import Database
from core.goods.sheet import GOODS
from core.imports import service
from core.stock import service as stock
from core.stock.sheet import STOCK, stock_sheet
from data.demo_goods import files
from tests.browser.conftest import Server, choose, settled

Picture = Callable[..., object]
BUYER = Actor("merchandiser", "merchandiser", "cli")


def seed(database: Database) -> None:
    """Goods and stock of the demo."""
    made = files(date(2026, 10, 21))
    for kind, name in ((GOODS, "goods.xlsx"), (STOCK, "stock.xlsx")):
        draft = service.check(service.inspect(database, BUYER, kind, made[name], name))
        service.commit(database, BUYER, draft, now=clock.now())


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def odd_sheet() -> bytes:
    """A hand-made sheet whose quantity column has a name nobody knows, with one bad cell."""
    book = Workbook()
    page = book.active
    page.append(["十月盘存"])
    page.append(["商品编码", "今天数的"])
    for row in (["0010101", 999], ["0010102", "很多"], ["0010103", "1.2万"]):
        page.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def on_hand(shop: Server, code: str) -> int:
    return int(stock.positions(shop.database, BUYER, sku_code=code)["on_hand"].iloc[0])


def choose_file(page: Page, name: str, content: bytes) -> None:
    page.locator('input[type="file"]').first.set_input_files(
        {"name": name, "mimeType": "application/octet-stream", "buffer": content}
    )
    settled(page)


def test_upload_correct_commit_undo(shop: Server, signed_in: Callable[..., Page], picture: Picture) -> None:
    before = on_hand(shop, "0010101")
    page = signed_in("merchandiser", path="/stock", shop=shop)
    page.get_by_text("上传库存表").click()
    choose_file(page, "盘存.xlsx", odd_sheet())
    picture(page, "stock-upload-mapping")
    choose(page, "B · 今天数的", "实物库存")
    expect(page.get_by_text("1 行有问题")).to_be_visible()
    picture(page, "stock-upload-checked")
    page.get_by_role("button", name="写入").click()
    expect(page.get_by_text("已写入：新增 0 · 变更 2")).to_be_visible()
    assert on_hand(shop, "0010101") == 999
    assert on_hand(shop, "0010103") == 12_000
    picture(page, "stock-upload-done")
    page.get_by_role("button", name="撤销这次导入").click()
    page.get_by_label("撤销原因").fill("数错了")
    page.get_by_label("撤销原因").press("Tab")
    page.get_by_role("button", name="撤销", exact=True).click()
    expect(page.get_by_text("已撤销").first).to_be_visible()
    assert on_hand(shop, "0010101") == before


@pytest.mark.parametrize(
    ("language", "upload", "adds", "sums"),
    [
        ("zh", "上传库存表", "相加：上海仓 + 北京仓", "文件 1,500 = 写入 1,500"),
        ("en", "Upload a stock sheet", "Add up: 上海仓 + 北京仓", "1,500 in the file = 1,500 written"),
    ],
)
def test_warehouses_side_by_side_are_asked_about_and_their_sums_stand_first(
    shop: Server,
    signed_in: Callable[..., Page],
    picture: Picture,
    language: str,
    upload: str,
    adds: str,
    sums: str,
) -> None:
    page = signed_in("merchandiser", language, path="/stock", shop=shop)
    page.get_by_text(upload).click()
    content = "商品编码,上海仓,北京仓\n0010101,900,99\n0010102,500,1\n".encode()
    choose_file(page, "分仓.csv", content)
    expect(page.get_by_text(adds)).to_be_visible()
    expect(page.locator(".st-key-control_sums")).to_have_count(0)
    picture(page, f"stock-upload-columns-{language}")
    page.get_by_text(adds).click()
    settled(page)
    expect(page.locator(".st-key-control_sums").get_by_text(sums)).to_be_visible()
    picture(page, f"stock-upload-sums-{language}")


def test_the_annotated_workbook_names_the_cell(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("merchandiser", path="/stock", shop=shop)
    page.get_by_text("上传库存表").click()
    choose_file(page, "库存.xlsx", files(date(2026, 10, 21))["stock_with_mistakes.xlsx"])
    expect(page.get_by_text("约三百").first).to_be_attached()
    with page.expect_download() as waiting:
        page.get_by_role("button", name="下载标注了问题的原表").click()
    book = load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    sheet = book.active
    assert any("问题" in str(cell.value) for cell in sheet[3])
    assert any(cell.value for cell in sheet[11][-3:])


def test_rows_that_somebody_else_moved_are_shown_and_decided(
    shop: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    """A sheet is exported, somebody counts one SKU, the sheet comes back: its row waits for a decision with
    both figures beside it."""
    standing = stock.positions(shop.database, BUYER).head(2)
    codes, before = standing["sku_code"].tolist(), standing["on_hand"].tolist()
    exported = stock_sheet(standing.assign(on_hand=[777, 888]), "zh")
    counted = io.BytesIO()
    book = Workbook()
    for row in (["商家编码", "实物库存"], [codes[0], 555]):
        book.active.append(row)
    book.save(counted)
    between = service.check(service.inspect(shop.database, BUYER, STOCK, counted.getvalue(), "盘点.xlsx"))
    service.commit(shop.database, BUYER, between, now=clock.now())
    page = signed_in("merchandiser", path="/stock", shop=shop)
    page.get_by_text("上传库存表").click()
    choose_file(page, "导出.xlsx", exported)
    expect(page.get_by_text("1 行在导出之后又被别人改过，要你来定")).to_be_visible()
    expect(page.get_by_text("实物库存 555 → 777").first).to_be_attached()
    expect(page.get_by_text("不写入 1")).to_be_visible()
    picture(page, "stock-upload-conflict")
    page.get_by_role("button", name="全部以表为准").click()
    settled(page)
    page.get_by_role("button", name="写入").click()
    expect(page.get_by_text("已写入：新增 0 · 变更 2")).to_be_visible()
    assert [on_hand(shop, code) for code in codes] == [777, 888] != before


@pytest.mark.parametrize(
    ("role", "language", "width", "scheme"),
    [
        ("merchandiser", "zh", 1440, "light"),
        ("viewer", "en", 1440, "dark"),
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
        path="/stock",
        shop=shop,
        width=width,
        height=900 if width > 400 else 844,
        scheme=scheme,
    )
    expect(page.get_by_text("可售库存" if language == "zh" else "Available to promise").first).to_be_visible()
    expect(page.get_by_text("库存金额" if language == "zh" else "Stock value")).to_have_count(0) if role in {
        "viewer",
        "warehouse",
    } else None
    picture(page, f"stock-{role}-{language}-{width}-{scheme}")


def test_an_empty_shop_says_what_to_do(
    server: Server, signed_in: Callable[..., Page], picture: Picture
) -> None:
    page = signed_in("merchandiser", path="/stock")
    expect(page.get_by_text("还没有库存")).to_be_visible()
    picture(page, "stock-empty")
