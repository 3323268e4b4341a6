"""Somebody closes the browser in the middle of writing: a sheet is in it whole or not at all, and who comes back
brings it to its end."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import func, select

from core.backup.checks import check
from core.database import Database
from core.imports.tables import import_run
from core.stock.tables import stock_position
from tests.browser.conftest import Server, settled
from tests.browser.test_stock import choose_file

ROWS = 20_000
SHEET = ("商品编码,商品名称,实物库存\n" + "".join(f"N{n:05},杯子{n},7\n" for n in range(ROWS))).encode()


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve()


def written(database: Database) -> tuple[int, int]:
    """(positions, imports) as everybody else sees them."""
    with database.reading() as connection:
        return (
            connection.scalar(select(func.count()).select_from(stock_position)) or 0,
            connection.scalar(select(func.count()).select_from(import_run)) or 0,
        )


def at_the_commit(signed_in: Callable[..., Page], shop: Server) -> Page:
    """The page of somebody who has read the control sums of the sheet and has only to write it."""
    page = signed_in("merchandiser", path="/stock", shop=shop)
    page.get_by_text("上传库存表").click()
    choose_file(page, "库存.csv", SHEET)
    expect(page.locator(".st-key-control_sums")).to_be_visible()
    settled(page)
    return page


def test_a_browser_closed_in_the_middle_leaves_nothing_half(
    shop: Server, signed_in: Callable[..., Page]
) -> None:
    page = at_the_commit(signed_in, shop)
    page.get_by_role("button", name="写入").click()
    page.context.close()
    page = at_the_commit(signed_in, shop)  # all the while it goes on to its end, or has ended
    if written(shop.database) == (0, 0):
        page.get_by_role("button", name="写入").click()
    until = time.monotonic() + 120
    while (now := written(shop.database)) != (ROWS, 1) and time.monotonic() < until:
        assert now == (0, 0)
    assert now == (ROWS, 1)
    with shop.database.reading() as connection:
        assert not any(check(connection).values())
