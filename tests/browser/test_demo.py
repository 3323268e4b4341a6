"""The first start: the whole demo through the real import path, and no page of it is empty, broken or without words."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from core.access import Actor, allowed
from core.backup.checks import broken, check
from core.database import Database
from data.make_demo import ANCHOR, build
from pages.parts import menu

ROOT = Path(__file__).resolve().parents[2]
MAIN = "[data-testid=stMainBlockContainer]"


def in_its_own_process(database: Database) -> dict[str, Any]:
    """`core demo` as the first start runs it."""
    done = subprocess.run(
        [sys.executable, "-m", "core", "demo", "--json"],
        cwd=ROOT,
        env=os.environ | {"DATABASE_URL": database.url},
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.fixture(scope="module")
def counts() -> dict[str, Any]:
    return {}


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Any], counts: dict[str, Any]) -> Any:
    return serve(lambda database: counts.update(in_its_own_process(database)))


def test_every_event_of_the_past_sales_is_accepted_and_every_check_passes(shop: Any, counts: dict[str, Any]) -> None:
    files = build(ANCHOR)
    sent = [line for name in files if name.endswith(".ndjson.gz") for line in gzip.decompress(files[name]).splitlines()]
    assert counts["events"] + counts["member_events"] == len(sent) == len({orjson.loads(line)["event_id"] for line in sent})
    assert min(counts.values()) > 0
    with shop.database.reading() as connection:
        assert broken(check(connection)) == {}


@pytest.mark.parametrize(("role", "language"), [("admin", "zh"), ("admin", "en"), ("campaign_lead", "en"), ("viewer", "zh")])
def test_no_page_is_empty_on_first_start(shop: Any, signed_in: Callable[..., Page], role: str, language: str) -> None:
    page = signed_in(role, language, shop=shop)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    me = Actor(role, role, "page", "127.0.0.1")
    for entry in menu.standing():
        if not allowed(me, entry.action):
            continue
        page.goto(f"{shop.url}/{entry.page}")
        expect(page.locator(f"{MAIN} [data-testid=stVerticalBlock] > *").first).to_be_attached()
        page.wait_for_function("() => document.querySelector('[data-testid=stApp]')?.dataset.testScriptState === 'notRunning'")
        expect(page.get_by_test_id("stException"), entry.page).to_have_count(0)
        if entry.page != "admin":
            expect(page.locator(f"{MAIN} [class*=st-key-empty_]:visible"), entry.page).to_have_count(0)
    assert faults == []


def test_the_attach_plan_is_exported_and_a_dot_opens_its_sku(
    shop: Any, signed_in: Callable[..., Page], counts: dict[str, Any], tmp_path: Path
) -> None:
    page = signed_in("campaign_lead", path="/goods", shop=shop)
    chart = page.locator(".st-key-goods_matrix").get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    chart.scroll_into_view_if_needed()
    page.wait_for_timeout(1_000)  # the canvas has no event for "painted"
    box = chart.bounding_box()
    assert box is not None
    drawer = page.locator(".st-key-goods_drawer")
    for across, down in [(0.4 + 0.03 * n, 0.35 + 0.05 * m) for m in range(6) for n in range(16)]:  # where the dots lie densest
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
