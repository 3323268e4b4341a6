"""The first start: the whole demo through the real import path, and no page of it is empty, broken or without
words."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pandas as pd
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor, allowed
from core.backup.checks import broken, check
from core.campaign import service as campaigns
from core.replenishment import after_sale
from core.stock.service import positions
from core.warmup import deposits
from core.warmup import service as warmup
from data.make_demo import FOLDER
from pages.parts.shell import menu
from tests.browser.conftest import into_view, settled
from tests.demo_shop import Demo
from tests.pages import walking
from tests.pages.visiting import sign_in_as

MAIN = "[data-testid=stMainBlockContainer]"


@pytest.fixture(scope="module")
def counts(demo: Demo) -> dict[str, Any]:
    """What `core demo` said of itself."""
    return demo.counts


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Any], demo: Demo) -> Any:
    return serve(demo=demo)


def test_every_event_of_the_past_sales_is_accepted_and_every_check_passes(
    shop: Any, counts: dict[str, Any]
) -> None:
    files = sorted(FOLDER.glob("*.ndjson.gz"))  # of another day, and as many as any day's
    sent = [line for file in files for line in gzip.decompress(file.read_bytes()).splitlines()]
    assert (
        counts["events"] + counts["member_events"]
        == len(sent)
        == len({orjson.loads(line)["event_id"] for line in sent})
    )
    assert min(counts.values()) > 0
    with shop.database.reading() as connection:
        assert broken(check(connection)) == {}


FAULT = re.compile("错误编号|Error id")  # what the page itself says instead of a traceback


@pytest.mark.parametrize(
    ("role", "language"), [("admin", "zh"), ("finance", "en"), ("campaign_lead", "en"), ("viewer", "zh")]
)
def test_no_page_is_empty_on_first_start(
    shop: Any, signed_in: Callable[..., Page], role: str, language: str
) -> None:
    page = signed_in(role, language, shop=shop)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    me = Actor(role, role, "page", "127.0.0.1")
    for entry in menu.standing():
        if not allowed(me, entry.action):
            continue
        page.goto(f"{shop.url}/{entry.page}")
        expect(page.locator(f"{MAIN} [data-testid=stVerticalBlock] > *").first).to_be_attached()
        settled(page)
        expect(page.get_by_test_id("stException"), entry.page).to_have_count(0)
        expect(page.get_by_text(FAULT), f"{role} {entry.page}").to_have_count(0)
        if entry.page != "admin":
            expect(page.locator(f"{MAIN} [class*=st-key-empty_]:visible"), entry.page).to_have_count(0)
    assert faults == []


ADMIN = Actor("admin", "admin", "page", "127.0.0.1")
WITH_LADDER = {"overview", "goods", "stock", "replenishment", "live"}
OF_ONE_THING = {"进组人数"}  # a figure of each test on the page, not of the shop


def test_every_page_and_tab_says_the_same_under_the_same_name(
    shop: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, shop.database, ADMIN)
    walking.open_every_tab(monkeypatch)
    apps = {entry.page: walking.visit(entry.page) for entry in menu.standing()}
    said, listed = walking.gathered(apps)
    differ = {label: dict(found) for label, found in said.items() if len(found) > 1}
    assert {label: found for label, found in differ.items() if label not in OF_ONE_THING} == {}
    ladders = {page: strip for page, app in apps.items() if (strip := walking.ladder(app))}
    assert set(ladders) == WITH_LADDER
    assert len(set(ladders.values())) == 1
    assert walking.differing(listed) == []
    assert {"备货缺口", "预计剩余", "预计缺货", "可售天数", "可售库存"} <= set(listed)


def test_a_sale_under_way_is_one_picture_on_every_page(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five hours into the last sale: start page, live page, wall and review."""
    sales = campaigns.campaigns(shop.database, ADMIN).sort_values("opens_at")
    last = sales.iloc[-2]
    monkeypatch.setattr("core.clock.now", lambda: (last["opens_at"] + pd.Timedelta(hours=5)).to_pydatetime())
    sign_in_as(monkeypatch, shop.database, ADMIN)
    pages = ("overview", "live", "wall", "review")
    apps = {page: walking.visit(page, campaign=last["campaign_id"]) for page in pages}
    said, _ = walking.gathered(apps)
    assert {page for pages in said["支付金额"].values() for page in pages} == set(apps)
    for label in ("支付金额", "预计收盘", "访客数"):
        assert len(said[label]) == 1, (label, dict(said[label]))
    assert walking.ladder(apps["overview"]) == walking.ladder(apps["live"]) != ""


ROW, HEAD = 31, 32  # pixels of a table's rows and of its header


WITH_TABLES = (
    "goods",
    "pricing",
    "stock",
    "replenishment",
    "warmup",
    "readiness?readiness_tab=tasks",
    "plan?plan_tab=parts",
    "goods?goods_tab=attach",
)


@pytest.mark.parametrize("place", WITH_TABLES)
def test_eight_rows_of_the_table_stand_in_the_first_screen(
    shop: Any, signed_in: Callable[..., Page], place: str
) -> None:
    page = signed_in("admin", path=f"/{place}", shop=shop, width=1440, height=900)
    grid = page.get_by_test_id("stMain").get_by_test_id("stDataFrame").first
    grid.locator("canvas").first.wait_for()
    page.wait_for_function(
        "() => document.querySelector('[data-testid=stMain] [data-testid=stDataFrame]').clientHeight > 200"
    )
    top, bottom = grid.evaluate(
        "one => { const box = one.getBoundingClientRect(); return [box.top, box.bottom] }"
    )
    assert (min(bottom, 900) - top - HEAD) / ROW >= 8, f"{place}: the table begins at {top:.0f}"


def test_a_well_run_shop_has_a_dozen_problems(shop: Any) -> None:
    now = clock.now()
    stock = positions(shop.database, ADMIN, today=clock.business_day(now, clock.SHANGHAI))
    tight = stock[stock["mark"].isin(["sold_out", "tight"])]
    assert 5 <= len(tight) <= 15
    assert (stock["mark"] == "enough").mean() > 0.9


def test_ordinary_trade_is_on_order_but_for_a_dozen_or_two(shop: Any) -> None:
    now = clock.now()
    sale = str(campaigns.campaigns(shop.database, ADMIN)["campaign_id"].iloc[0])
    rows = after_sale.ordinary(shop.database, ADMIN, sale, now=now)
    assert 10 <= (rows["quantity"] > 0).sum() <= 30


def test_deposits_are_the_same_in_the_signals_and_in_the_presale(shop: Any) -> None:
    now = clock.now()
    sale = str(campaigns.campaigns(shop.database, ADMIN)["campaign_id"].iloc[0])
    days = warmup.heat(shop.database, ADMIN, sale, now).rows
    reported = days.loc[days["figure"] == "deposits", "actual"].sum()
    assert reported == deposits.overview(shop.database, ADMIN, sale, now)["units"].sum() > 0


def test_the_attach_plan_is_exported_and_a_dot_opens_its_sku(
    shop: Any, signed_in: Callable[..., Page], counts: dict[str, Any], tmp_path: Path
) -> None:
    page = signed_in("campaign_lead", path="/goods?goods_tab=shape", shop=shop)
    chart = (
        page.locator(".st-key-goods_matrix").get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    )
    into_view(chart)
    page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
    box = chart.bounding_box()
    assert box is not None
    drawer = page.locator(".st-key-goods_drawer")
    for across, down in [
        (0.4 + 0.03 * n, 0.35 + 0.05 * m) for m in range(6) for n in range(16)
    ]:  # where the dots lie densest
        page.mouse.click(box["x"] + across * box["width"], box["y"] + down * box["height"])
        page.wait_for_timeout(120)
        if drawer.count():
            break
    expect(drawer).to_be_visible()
    page.get_by_role("tab", name="关联销售").click()
    with page.expect_download() as waiting:
        page.get_by_role("tabpanel", name="关联销售").get_by_role("button", name="导出").click()
    kept = tmp_path / "attach.xlsx"
    waiting.value.save_as(kept)
    rows = list(load_workbook(kept, read_only=True).worksheets[0].iter_rows(values_only=True))
    codes = {str(cell) for row in rows[1:] for cell in row if str(cell)[:1] == "0" and len(str(cell)) == 7}
    assert len(rows) > counts["attached"]
    assert len(codes) > 8, "codes keep their zeros"
