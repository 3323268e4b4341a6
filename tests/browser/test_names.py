"""A product's name is data: whatever somebody typed is shown letter by letter, on every page, and does
nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign.service import NewSale, add_sale, campaigns
from core.database import Database
from core.goods import structure
from core.goods.tables import sku
from core.live.intake.files import EventFile, import_events
from pages.parts.shell import menu
from tests.browser.conftest import Server, into_view
from tests.demo_shop import Demo

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
TIPS: list[str] = []  # what charts have said under the mouse
SALES: dict[str, str] = {}  # ids: the demo's campaign, and the sale under way
NAMED = (
    "overview",
    "goods",
    "pricing",
    "stock",
    "replenishment",
    "live",
    "wall",
)  # pages whose first sight shows products
INVISIBLE = dict.fromkeys(
    map(ord, "\u2060\u200b")
)  # what keeps letters apart that would else be read as one mark


def seed(database: Database) -> None:
    """The demo shop with a sale under way, every product under a name that tries to be something else."""
    with database.writing() as connection:
        codes = sorted(connection.scalars(select(sku.c.sku_code)))
        for place, name in enumerate(HOSTILE):
            mine = sku.c.sku_code.in_(codes[place :: len(HOSTILE)])
            connection.execute(sku.update().where(mine).values(name=name, spec=name, brand=name))
    now = clock.now()
    known = campaigns(database, ADMIN)
    SALES["demo"] = str(known.loc[known["closes_at"] > now, "campaign_id"].iloc[0])
    SALES["running"] = add_sale(
        database, ADMIN, NewSale("正在进行", now - timedelta(hours=1), now + timedelta(hours=5)), now=now
    )
    structure.enter(database, ADMIN, SALES["running"], codes[:30], now=now)
    sold = [
        {
            "event_id": f"e{n}",
            "kind": "pay",
            "at": (now - timedelta(minutes=n % 50)).isoformat(),
            "sku_code": codes[n % 30],
            "user_key": f"u{n}",
            "order_id": f"o{n}",
            "quantity": 1,
            "amount_fen": 9900,
            "channel": "search",
        }
        for n in range(300)
    ]
    import_events(
        database,
        ADMIN,
        EventFile(b"\n".join(map(orjson.dumps, sold)), "sale.ndjson", timezone=clock.SHANGHAI),
        now,
        campaign_id=SALES["running"],
    )


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server], demo: Demo) -> Server:
    """A shop that sells nothing but trouble."""
    return serve(seed, demo=demo)


def tooltips(page: Page) -> list[str]:
    """What the charts of the page say where the mouse stands still over them."""
    found: set[str] = set()
    charts = page.get_by_test_id("stVegaLiteChart")
    for place in range(min(charts.count(), 3)):
        into_view(charts.nth(place))
        box = charts.nth(place).bounding_box()
        for n in range(24 if box else 0):
            page.mouse.move(
                box["x"] + box["width"] * (0.12 + 0.13 * (n % 6)),
                box["y"] + box["height"] * (0.15 + 0.2 * (n // 6)),
            )
            page.wait_for_timeout(40)
            tip = page.locator("#vg-tooltip-element.visible")
            if tip.count():
                harmless(page)
                expect(tip.locator("img, script, a")).to_have_count(0)
                found.add(tip.inner_text())
    return sorted(found)


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
def test_hostile_names_do_nothing_on_any_page(
    entry: menu.Entry, shop: Server, signed_in: Callable[..., Page]
) -> None:
    sale = SALES["running" if entry.page in {"live", "wall"} else "demo"]
    page = signed_in("admin", path=f"/{entry.page}?campaign={sale}", shop=shop)
    page.wait_for_timeout(1500)
    until = time.monotonic() + 30
    while entry.page in NAMED and not said(page) and time.monotonic() < until:
        page.wait_for_timeout(500)
    assert bool(said(page)) or entry.page not in NAMED
    harmless(page)
    TIPS.extend(tooltips(page))
    harmless(page)


def test_charts_have_said_something_under_the_mouse() -> None:
    assert TIPS


def test_hostile_names_are_read_letter_by_letter(shop: Server, signed_in: Callable[..., Page]) -> None:
    """Each found by its code in the stock table, the search coming from the address."""
    with shop.database.reading() as connection:
        codes = sorted(connection.scalars(select(sku.c.sku_code)))
    page = signed_in("merchandiser", path="/stock", shop=shop)
    for code, name in zip(codes, HOSTILE, strict=False):
        page.goto(f"{shop.url}/stock?stock_find={code}")
        expect(page.get_by_test_id("glide-cell-1-0").first).to_have_text(code)
        expect(page.get_by_test_id("glide-cell-3-0").first).to_have_text(name)  # the picture stands between
        harmless(page)
    page.hover("[data-testid=stDataFrame]")
    expect(page.get_by_role("button", name="Search").first).to_be_visible()
    expect(page.get_by_role("button", name="Download as CSV")).to_have_count(0)
