"""A sale that is over, and a past minute of one that runs: both pages show what was, keep what is picked, and
offer nothing that came too late."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.database import Database
from core.live.rehearsal import rehearsal
from tests.browser.conftest import Server, settled
from tests.live.conftest import OPENS, hour, opened

ADMIN = Actor("admin", "admin", "cli")
SHOP: dict[str, str] = {}


def seed(database: Database) -> None:
    """A sale that closed yesterday, and a running rehearsal of it."""
    opens = clock.now().replace(minute=0, second=0, microsecond=0) - timedelta(days=2)
    shop = opened(database, ADMIN, opens)
    moved = opens - OPENS
    shop.send(
        [one | {"at": (datetime.fromisoformat(one["at"]) + moved).isoformat()} for one in hour(orders=60)]
    )
    SHOP["closed"] = shop.campaign_id
    SHOP["drill"] = rehearsal.start(
        database, ADMIN, shop.campaign_id, clock.now() - timedelta(minutes=2), play=rehearsal.Play(speed=60)
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


def minute(page: Page) -> datetime:
    """The minute in the address."""
    found = re.search(r"at=(\d{4}-\d\d-\d\dT\d\d(?::|%3A)\d\d)", page.url)
    assert found is not None, page.url
    return datetime.fromisoformat(found[1].replace("%3A", ":"))


@pytest.mark.parametrize("room", ["live", "wall"])
def test_the_slider_of_a_running_sale_keeps_every_step(
    shop: Server, signed_in: Callable[..., Page], room: str
) -> None:
    page = signed_in("campaign_lead", path=f"/{room}?campaign={SHOP['drill']}", shop=shop)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
    page.get_by_role("radio", name="回放").click()
    knob = page.get_by_role("slider")
    expect(knob).to_be_visible()
    settled(page)
    first = minute(page)
    for step in range(1, 6):
        knob.press("ArrowLeft")
        said = f"{first - timedelta(minutes=step):%Y-%m-%dT%H:%M}"
        page.wait_for_function("said => decodeURIComponent(location.href).includes(said)", arg=said)
        settled(page)
    expect(knob).to_be_focused()
    if room == "wall":
        expect(page.locator(".pulse")).to_have_text(re.compile("^回放 · 演练 · "))
    page.reload()
    settled(page)
    assert minute(page) == first - timedelta(minutes=5)
    expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()


@pytest.mark.parametrize(
    ("language", "final", "note", "none"),
    [
        ("zh", "收盘", "已收盘", "已经收盘，没有要做的"),
        ("en", "At the close", "Closed ", "nothing is left to do"),
    ],
)
def test_a_closed_sale_shows_its_result_and_forecasts_nothing(
    shop: Server,
    signed_in: Callable[..., Page],
    picture: Callable[..., object],
    language: str,
    final: str,
    note: str,
    none: str,
) -> None:
    page = signed_in("campaign_lead", language, path=f"/live?campaign={SHOP['closed']}", shop=shop)
    expect(page.get_by_text(final, exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(note)).last).to_be_visible()
    expect(page.get_by_text(re.compile(none))).to_be_visible()
    said = page.locator("[data-testid=stMainBlockContainer]").inner_text()
    assert not re.search("八成把握|8 in 10|预计收盘|Forecast to close", said)
    picture(page, f"live-closed-{language}", whole=True)
    wall = signed_in(
        "viewer", language, path=f"/wall?campaign={SHOP['closed']}", shop=shop, width=1920, height=1080
    )
    expect(wall.get_by_text(final, exact=True)).to_be_visible()
    expect(wall.locator(".pulse")).to_have_text(
        re.compile(r"^\d\d-\d\d \d\d:00:00$")
    )  # the moment of the close


def test_a_viewer_is_offered_nothing_that_is_refused(shop: Server, signed_in: Callable[..., Page]) -> None:
    page = signed_in("viewer", path=f"/live?campaign={SHOP['drill']}", shop=shop)
    expect(page.get_by_text(re.compile("执行由活动负责人来做|此刻没有要处理的商品"))).to_be_visible()
    expect(page.get_by_role("button", name="我来处理")).to_have_count(0)
    page.get_by_role("tab", name="演练").click()
    expect(page.get_by_text("演练是活动的一份临时副本")).to_be_visible()
    for name in ("开始演练", "结束并删除"):
        expect(page.get_by_role("button", name=name)).to_have_count(0)
