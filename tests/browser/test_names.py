"""A product's name is data: whatever somebody typed is shown letter by letter, on every page, and does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.database import Database
from core.goods.sheet import GOODS
from core.imports import service
from core.sheets.writer import as_columns, export
from core.stock.sheet import STOCK
from pages.parts import menu

HOSTILE = (
    "<img src=x onerror=\"document.body.id='taken'\"><script>document.body.id='taken'</script>",
    "'; DROP TABLE sku; --",
    "**粗** _斜_ ~~删~~ `码` [链](http://evil.example) ![图](http://evil.example/x.png)",
    "$E = mc^2$ 面霜 $$x$$",
    ":material/home: :red[红] :smile: :streamlit:",
    '=HYPERLINK("http://evil.example")',
    "www.evil.example me@evil.example A -> B -- C >= D",
)


def _bring(db: Database, kind: Any, frame: pd.DataFrame) -> None:
    user, now = Actor("merchandiser", "merchandiser"), clock.now()
    book = export(frame, as_columns(kind.spec, list(frame.columns), "zh"), "表", "zh")
    draft = service.check(service.inspect(db, user, kind, book, f"{kind.name}.xlsx"))
    assert service.commit(db, user, draft, now=now).committed


def seed(db: Database) -> None:
    """Goods with hostile names, sold out, so that they come first wherever risks are listed."""
    codes = [f"00{number:02d}" for number in range(len(HOSTILE))]
    _bring(db, GOODS, pd.DataFrame({"sku_code": codes, "name": HOSTILE, "brand": HOSTILE}))
    _bring(db, STOCK, pd.DataFrame({"sku_code": codes, "on_hand": 0}))


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Any]) -> Any:
    """A shop that sells nothing but trouble."""
    return serve(seed)


def harmless(page: Page) -> None:
    """Nothing of a name has become part of the page."""
    expect(page.locator("body#taken")).to_have_count(0)
    for selector in ("img[src='x']", "a[href*='evil.example']", "img[src*='evil.example']", ".katex"):
        expect(page.locator(selector)).to_have_count(0)


@pytest.mark.parametrize("entry", menu.standing(), ids=lambda entry: entry.page)
def test_hostile_names_do_nothing_on_any_page(entry: menu.Entry, shop: Any, signed_in: Callable[..., Page]) -> None:
    page = signed_in("admin", path=f"/{entry.page}", shop=shop)
    harmless(page)


def test_hostile_names_are_read_letter_by_letter(shop: Any, signed_in: Callable[..., Page]) -> None:
    """Each found by its code in the stock table, the search coming from the address."""
    page = signed_in("merchandiser", path="/stock", shop=shop)
    for number, name in enumerate(HOSTILE):
        page.goto(f"{shop.url}/stock?stock_find=00{number:02d}")
        expect(page.get_by_test_id("glide-cell-1-0").first).to_have_text(f"00{number:02d}")
        expect(page.get_by_test_id("glide-cell-2-0").first).to_have_text(name)
        harmless(page)
