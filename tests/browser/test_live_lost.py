"""What the live page and the wall do when the server or its database is away: they say so, keep what they
had, and come back by themselves."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import text

from core import clock
from core.access import Actor
from core.database import Database
from core.live.rehearsal import rehearsal
from tests.browser.conftest import ROOT, Server, _await, _free_port
from tests.live.conftest import hour, opened

ADMIN = Actor("admin", "admin", "cli")
SHOP: dict[str, str] = {}
STRIP = "() => getComputedStyle(document.querySelector('[data-testid=stApp]'), '::before').content"


def seed(database: Database) -> None:
    """A sale, and a running rehearsal of it."""
    shop = opened(database, ADMIN)
    shop.send(hour(orders=30))
    SHOP["drill"] = rehearsal.start(
        database, ADMIN, shop.campaign_id, clock.now(), play=rehearsal.Play(speed=60)
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve(seed)


class Second:
    """A second server of the same shop, at an address of its own, that can be stopped and started again."""

    def __init__(self, shop: Server) -> None:
        self._shop, self._port = shop, _free_port()
        self.server = Server(
            f"http://127.0.0.1:{self._port}", shop.database, shop.log.with_name("second.log")
        )
        self.start()

    def start(self) -> None:
        """Starts it and waits until it answers."""
        folder = str(self._shop.log.parent)
        chosen = {"DATABASE_URL": self._shop.database.url, "BIGSALE_DATA_DIR": folder, "BIGSALE_LANGUAGE": ""}
        command = [sys.executable, "-m", "streamlit", "run", "dashboard.py", "--server.port", str(self._port)]
        with self.server.log.open("ab") as out:
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=os.environ | chosen, stdout=out, stderr=out
            )
        _await(f"{self.server.url}/healthz", self._process, self.server.log)

    def stop(self) -> None:
        """Ends it; whoever looks is cut off."""
        self._process.terminate()
        self._process.wait(20)
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{self.server.url}/healthz")


@pytest.fixture
def second(shop: Server) -> Iterator[Second]:
    """The second server, ended with the test."""
    one = Second(shop)
    yield one
    one._process.kill()


@contextmanager
def away(database: Database, table: str) -> Iterator[None]:
    """The database answers every question about that table with an error (of a number that nobody foresaw:
    a lost connection is told apart in tests/database)."""
    with database.writing() as connection:
        connection.execute(text(f"ALTER TABLE {table} RENAME TO hidden"))
    try:
        yield
    finally:
        with database.writing() as connection:
            connection.execute(text(f"ALTER TABLE hidden RENAME TO {table}"))


def moves(page: Page, figure: str) -> None:
    """Waits until that figure changes."""
    before = page.locator(figure).first.inner_text()
    page.wait_for_function(
        "([where, old]) => document.querySelector(where).innerText !== old",
        arg=[figure, before],
        timeout=60_000,
    )


def test_both_pages_say_that_the_server_is_gone_and_come_back_with_it(
    second: Second, signed_in: Callable[..., Page], picture: Callable[..., object]
) -> None:
    live = signed_in("campaign_lead", path=f"/live?campaign={SHOP['drill']}", shop=second.server)
    wall = signed_in(
        "viewer", "en", path=f"/wall?campaign={SHOP['drill']}", shop=second.server, width=1920, height=1080
    )
    moves(live, "[data-testid=stMetricValue]")
    moves(wall, ".wall-big")
    expect(live.get_by_text("连接中断")).to_be_hidden()
    assert "连接中断" not in live.evaluate(STRIP)
    second.stop()
    live.wait_for_function(f"() => ({STRIP})().includes('连接中断，正在重连')")
    expect(live.get_by_text(re.compile("连接中断 · 数据停在"))).to_be_visible()
    expect(wall.get_by_text(re.compile("Connection lost · data stops at"))).to_be_visible()
    for page in (live, wall):
        expect(page.get_by_text("Streamlit server is not responding")).to_be_hidden()
    picture(live, "live-lost")
    second.start()
    moves(live, "[data-testid=stMetricValue]")
    moves(wall, ".wall-big")
    expect(live.get_by_text(re.compile("连接中断"))).to_be_hidden()
    expect(wall.locator(".pulse.dead")).to_have_count(0)
    assert "连接中断" not in live.evaluate(STRIP)


@pytest.mark.parametrize("table", ["session", "sale_minute_kind"])
def test_without_the_database_the_last_picture_stays_and_says_so(
    shop: Server, signed_in: Callable[..., Page], table: str
) -> None:
    live = signed_in("campaign_lead", path=f"/live?campaign={SHOP['drill']}", shop=shop)
    wall = signed_in("viewer", path=f"/wall?campaign={SHOP['drill']}", shop=shop, width=1920, height=1080)
    moves(live, "[data-testid=stMetricValue]")
    moves(wall, ".wall-big")
    with away(shop.database, table):
        for page in (live, wall):
            expect(page.get_by_text(re.compile("连接中断 · 数据停在"))).to_be_visible()
            expect(page.get_by_test_id("stVegaLiteChart").first).to_be_visible()
        figure = wall.locator(".wall-big").inner_text()
        wall.wait_for_timeout(5_000)
        assert wall.locator(".wall-big").inner_text() == figure
    for page, figure in ((live, "[data-testid=stMetricValue]"), (wall, ".wall-big")):
        moves(page, figure)
        expect(page.get_by_text(re.compile("连接中断"))).to_be_hidden()


def test_a_wall_that_is_opened_without_the_database_comes_by_itself(
    shop: Server, signed_in: Callable[..., Page]
) -> None:
    page = signed_in("viewer", path=f"/wall?campaign={SHOP['drill']}", shop=shop)
    expect(page.locator(".wall-big")).to_be_visible()
    with away(shop.database, "session"):
        page.reload()
        expect(page.get_by_test_id("stAlert")).to_contain_text("出了意外，没有做成")
        expect(page.locator(".wall-big")).to_have_count(0)
    expect(page.locator(".wall-big")).to_be_visible()
