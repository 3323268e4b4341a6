"""A product's name is data: whatever somebody typed is shown letter by letter, on every page, and does nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign.service import add_sale, campaigns
from core.database import Database
from core.goods import structure
from core.goods.tables import sku
from core.live.files import import_events
from pages.parts import menu
from tests.browser.conftest import ROOT, Server

HOSTILE = (
    "<img src=x onerror=\"document.body.id='taken'\"><script>document.body.id='taken'</script>",
    "'; DROP TABLE sku; --",
    "**粗** _斜_ ~~删~~ `码` [链](http://evil.example) ![图](http://evil.example/x.png)",
    "$E = mc^2$ 面霜 $$x$$",
    ":material/home: :red[红] :smile: :streamlit:",
    '=HYPERLINK("http://evil.example")',
    "www.evil.example me@evil.example A -> B -- C >= D",
)
ADMIN = Actor("admin", "admin", "cli")
SALES: dict[str, str] = {}  # ids: the demo's campaign, and the sale under way
NAMED = ("overview", "goods", "pricing", "stock", "replenishment", "live", "wall")  # pages whose first sight shows products
INVISIBLE = dict.fromkeys(map(ord, "\u2060\u200b"))  # what keeps letters apart that would else be read as one mark


def seed(database: Database) -> None:
    """The demo shop with a sale under way, every product under a name that tries to be something else."""
    environment = os.environ | {"DATABASE_URL": database.url}
    subprocess.run([sys.executable, "-m", "core", "demo", "--json"], cwd=ROOT, env=environment, check=True, capture_output=True)
    with database.writing() as connection:
        codes = sorted(connection.scalars(select(sku.c.sku_code)))
        for place, name in enumerate(HOSTILE):
            mine = sku.c.sku_code.in_(codes[place :: len(HOSTILE)])
            connection.execute(sku.update().where(mine).values(name=name, spec=name, brand=name))
    now = clock.now()
    known = campaigns(database, ADMIN)
    SALES["demo"] = str(known.loc[known["closes_at"] > now, "campaign_id"].iloc[0])
    SALES["running"] = add_sale(database, ADMIN, "正在进行", now - timedelta(hours=1), now + timedelta(hours=5), now=now)
    structure.enter(database, ADMIN, SALES["running"], codes[:30], now=now)
    sold = [
        {
            "event_id": f"e{n}", "kind": "pay", "at": (now - timedelta(minutes=n % 50)).isoformat(), "sku_code": codes[n % 30], "user_key": f"u{n}",
            "order_id": f"o{n}", "quantity": 1, "amount_fen": 9900, "channel": "search",
        } for n in range(300)
    ]  # fmt: skip
    import_events(
        database,
        ADMIN,
        b"\n".join(map(orjson.dumps, sold)),
        "sale.ndjson",
        now,
        campaign_id=SALES["running"],
        timezone=clock.SHANGHAI,
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    """A shop that sells nothing but trouble."""
    return serve(seed)


def harmless(page: Page) -> None:
    """Nothing of a name has become part of the page."""
    expect(page.locator("body#taken")).to_have_count(0)
    for selector in ("img[src='x']", "a[href*='evil.example']", "img[src*='evil.example']", ".katex"):
        expect(page.locator(selector)).to_have_count(0)


def said(page: Page) -> list[str]:
    """The names that stand on the page letter by letter."""
    text = " ".join((page.text_content("[data-testid=stMain]") or "").translate(INVISIBLE).split())
    return [name for name in HOSTILE if name in text]


@pytest.mark.parametrize("entry", menu.standing(), ids=lambda entry: entry.page)
def test_hostile_names_do_nothing_on_any_page(entry: menu.Entry, shop: Server, signed_in: Callable[..., Page]) -> None:
    sale = SALES["running" if entry.page in {"live", "wall"} else "demo"]
    page = signed_in("admin", path=f"/{entry.page}?campaign={sale}", shop=shop)
    page.wait_for_timeout(1500)
    until = time.monotonic() + 30
    while entry.page in NAMED and not said(page) and time.monotonic() < until:
        page.wait_for_timeout(500)
    assert bool(said(page)) or entry.page not in NAMED
    harmless(page)


def test_hostile_names_are_read_letter_by_letter(shop: Server, signed_in: Callable[..., Page]) -> None:
    """Each found by its code in the stock table, the search coming from the address."""
    with shop.database.reading() as connection:
        codes = sorted(connection.scalars(select(sku.c.sku_code)))
    page = signed_in("merchandiser", path="/stock", shop=shop)
    for code, name in zip(codes, HOSTILE, strict=False):
        page.goto(f"{shop.url}/stock?stock_find={code}")
        expect(page.get_by_test_id("glide-cell-1-0").first).to_have_text(code)
        expect(page.get_by_test_id("glide-cell-2-0").first).to_have_text(name)
        harmless(page)
