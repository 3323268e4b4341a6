"""A stranger with nothing but the address of the shop's database: how many clicks to the first live figure?"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from tests.browser.conftest import Server, settled
from tests.connect import shops


def test_from_nothing_to_the_first_figure_of_a_database(
    tmp_path: Path, serve: Callable[..., Server], signed_in: Callable[..., Page]
) -> None:
    now = clock.now()

    def seed(database: Database) -> None:
        opens = now - timedelta(hours=2)
        campaigns.add_sale(
            database,
            Actor("root", "admin"),
            NewSale("大促", opens, opens + timedelta(days=1)),
            now=opens - timedelta(days=9),
        )

    shop, clicks = shops.on_sqlite(tmp_path), 0
    shop.write("CREATE TABLE goods (id int, name text)")
    for n in range(5):
        shop.place(n, now - timedelta(minutes=5), yuan="100.00")
    page = signed_in("admin", path="/", shop=serve(seed))

    def click(*, name: str, role: str = "button") -> None:
        nonlocal clicks
        page.get_by_role(role, name=name, exact=True).first.click()
        clicks += 1

    click(role="link", name="管理")
    expect(page.get_by_role("heading", name="管理")).to_be_visible()
    page.get_by_role("radio", name="数据来源").click()
    page.locator("input[aria-label='数据库地址']").fill(shop.address)
    clicks += 2
    click(name="连接")
    click(name="开始读")
    card = page.locator(".st-key-source_erp")
    expect(card.get_by_text("正常", exact=True)).to_be_visible()
    expect(card.get_by_text("5", exact=True).first).to_be_visible()
    assert shop.address not in page.content()
    click(role="link", name="大促实况")
    settled(page)
    expect(page.get_by_text("¥500").first).to_be_visible()
    assert clicks < 10
    shop.place(9, clock.now(), yuan="100.00")
    expect(page.get_by_text("¥600").first).to_be_visible()
