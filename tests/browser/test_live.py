"""The live page and the wall during a replay and during a rehearsal, in a real browser."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor, sessions
from core.database import Database
from core.live.rehearsal import rehearsal
from core.money import format_compact
from tests.browser.conftest import ROOT, Server
from tests.live.conftest import OPENS, hour, opened

ADMIN = Actor("admin", "admin", "cli")
PAST = "view=past&at=2026-11-11T00:40"
SHOP: dict[str, str] = {}


def seed(database: Database) -> None:
    """A sale with an hour of events, and a running rehearsal of it."""
    shop = opened(database, ADMIN)
    shop.send(hour(orders=600))
    SHOP["campaign"] = shop.campaign_id
    SHOP["drill"] = rehearsal.start(
        database, ADMIN, shop.campaign_id, clock.now(), play=rehearsal.Play(speed=60)
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def command_line(shop: Server) -> dict[str, dict[str, float]]:
    """What `live` says about the same minute."""
    at = (OPENS + timedelta(minutes=40)).isoformat()
    command = [sys.executable, "-m", "core", "live", "--campaign", SHOP["campaign"], "--at", at, "--json"]
    folder = str(shop.database.url.removeprefix("sqlite:///").rsplit("/", 1)[0])
    environment = os.environ | {"DATABASE_URL": shop.database.url, "BIGSALE_DATA_DIR": folder}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
    return dict(orjson.loads(done.stdout))


def card(page: Page, label: str) -> str:
    metric = page.get_by_test_id("stMetric").filter(has=page.get_by_text(label, exact=True)).first
    return metric.get_by_test_id("stMetricValue").inner_text().strip()


@pytest.mark.parametrize(
    ("language", "paid", "placed"), [("zh", "支付金额", "下单金额"), ("en", "Paid amount", "Placed")]
)
def test_a_past_minute_shows_what_the_command_line_says(
    shop: Server,
    signed_in: Callable[..., Page],
    picture: Callable[..., object],
    language: str,
    paid: str,
    placed: str,
) -> None:
    page = signed_in("campaign_lead", language, path=f"/live?campaign={SHOP['campaign']}&{PAST}", shop=shop)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.wait_for_timeout(1500)
    picture(page, f"live-{language}", whole=True)
    said = command_line(shop)["totals"]
    assert card(page, paid) == format_compact(int(said["paid"]), language)
    assert card(page, placed) == format_compact(int(said["placed"]), language)
    wall = signed_in(
        "viewer",
        language,
        path=f"/wall?campaign={SHOP['campaign']}&{PAST}",
        shop=shop,
        width=1920,
        height=1080,
    )
    expect(wall.locator(".wall-big")).to_have_text(format_compact(int(said["paid"]), language))
    wall.wait_for_timeout(1500)
    picture(wall, f"wall-{language}")


def test_the_rehearsal_moves_without_flicker_and_a_revoked_session_stops(
    shop: Server, signed_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    page = signed_in("campaign_lead", path=f"/live?campaign={SHOP['drill']}", shop=shop)
    clock_of_the_drill = page.get_by_test_id("stSidebar").get_by_text("演练 · 距结束")
    expect(clock_of_the_drill).to_be_visible()
    left = page.get_by_test_id("stSidebar").get_by_role("timer").inner_text()
    assert left < "24:00:01", left  # the drill's night, not the weeks or years to the sale
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.wait_for_timeout(4000)
    page.evaluate(
        "() => { for (const q of ['[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg', '[data-testid=stDataFrame]'])"
        " document.querySelector(q).dataset.kept = 'yes' }"
    )
    before = card(page, "支付金额")
    page.wait_for_function("old => !document.body.innerText.includes(old)", arg=before, timeout=60_000)
    kept = page.evaluate("() => document.querySelectorAll('[data-kept=yes]').length")
    picture(page, "live-drill", whole=True)
    assert kept == 2, "the chart or the table was mounted anew"
    with shop.database.writing() as connection:
        connection.execute(sessions.session.delete())
    expect(page.get_by_label("密码")).to_be_visible()


def test_a_phone_shows_the_picture(
    shop: Server, signed_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    page = signed_in(
        "viewer", path=f"/live?campaign={SHOP['campaign']}&{PAST}", shop=shop, width=390, height=844
    )
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.wait_for_timeout(1500)
    picture(page, "live-phone", whole=True)
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth + 1")


def test_the_wall_hides_money_and_says_when_the_connection_is_lost(
    shop: Server, signed_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    page = signed_in(
        "viewer", path=f"/wall?campaign={SHOP['drill']}&money=hidden", shop=shop, width=1920, height=1080
    )
    expect(page.locator(".wall-big")).to_have_text(re.compile(r"%$"))
    assert "¥" not in page.locator("[data-testid=stMainBlockContainer]").inner_text()
    drawn = page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first
    expect(drawn).to_be_visible()
    page.wait_for_timeout(4000)
    drawn.evaluate("one => { one.dataset.kept = 'yes' }")
    before = page.locator(".wall-big").inner_text()
    page.wait_for_function(
        "old => document.querySelector('.wall-big').innerText !== old", arg=before, timeout=60_000
    )
    assert page.evaluate("() => document.querySelectorAll('[data-kept=yes]').length") == 1, (
        "the curve was mounted anew"
    )
    expect(page.get_by_text("演练 · 距结束")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text(re.compile("连接中断"))).to_be_visible(timeout=40_000)
    picture(page, "wall-lost")
