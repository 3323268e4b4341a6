"""A new shop: how many actions it takes from nothing to the first useful answer, and to the first approved order."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.replenishment import service as replenishment
from tests.browser.conftest import Server, settled
from tests.journey.shop_files import FULL_CARD

FIRST_ANSWER, FIRST_ORDER = 10, 28  # actions at most: clicks, files chosen, fields filled
CODES = [f"00{n:02d}" for n in range(1, 13)]
ADMIN = Actor("admin", "admin", "cli")


@dataclass(slots=True)
class Hand:
    """A person at the page who counts what they do."""

    page: Page
    done: list[str] = field(default_factory=list)

    def click(self, what: Locator, name: str) -> None:
        what.click()
        self.done.append(f"click {name}")
        settled(self.page)

    def fill(self, label: str, value: str) -> None:
        box = self.page.get_by_label(label, exact=True)
        box.fill(value)
        box.press("Enter")
        self.done.append(f"fill {label}")
        settled(self.page)

    def bring(self, opener: str, name: str, content: bytes) -> None:
        """A file into the upload behind that line: opened, chosen, read, written."""
        main = self.page.get_by_test_id("stMain")
        self.click(main.get_by_text(opener), opener)
        main.locator('input[type="file"]').first.set_input_files(
            {"name": name, "mimeType": "text/csv", "buffer": content}
        )
        self.done.append(f"choose {name}")
        expect(main.get_by_text("将写入").first).to_be_visible()
        settled(self.page)
        self.click(main.get_by_role("button", name="写入").first, f"write {name}")
        expect(main.get_by_text("已写入").first).to_be_visible()

    def step(self, number: int) -> None:
        """From the checklist of the overview to the first step that is open."""
        self.click(self.page.get_by_test_id("stSidebar").get_by_role("link", name="总览"), "overview")
        expect(self.page.get_by_text(f"开张清单：做完 {number} / 7 步")).to_be_visible()
        self.click(self.page.get_by_role("link", name="去做").first, f"step {number}")


def sheet(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> bytes:
    """A CSV as Excel writes it."""
    out = io.StringIO()
    csv.writer(out).writerows([head, *rows])
    return ("\ufeff" + out.getvalue()).encode()


def stock() -> bytes:
    head = ("商家编码", "商品名称", "供应商", "成本价", "吊牌价", "采购周期", "起订量", "箱规", "实物库存")
    return sheet(head, [(code, f"面霜 {code}", "甲", 20, 99, 5, 10, 5, 60) for code in CODES])


def reports() -> bytes:
    """Four weeks of each SKU's days, until yesterday."""
    head = ("统计日期", "商家编码", "商品访客数", "支付买家数", "支付件数", "支付金额")
    today = clock.business_day(clock.now(), clock.SHANGHAI)
    days = [(today - timedelta(days=n)).isoformat() for n in range(28, 0, -1)]
    return sheet(head, [(day, code, 300, 14, 15, 1_335) for day in days for code in CODES])


def costs() -> bytes:
    """Full cards: what one more unit costs, in yuan and in shares of the price."""
    parts = (20, 0.2, 0.8, 0.1, 0.1, 0.3, 3.5, 0.2, 0.1, 0, 0)
    return sheet(FULL_CARD, [(code, *parts, "0%", "5%", "0.6%", "0%", "8%", "90%") for code in CODES])


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Server]) -> Server:
    return serve()


def test_from_nothing_to_the_first_approved_order(shop: Server, signed_in: Callable[..., Page]) -> None:
    hand = Hand(signed_in("admin", path="/overview", shop=shop))
    page = hand.page
    main = page.get_by_test_id("stMain")
    expect(page.get_by_text("开张清单：做完 0 / 7 步")).to_be_visible()
    hand.click(page.get_by_role("link", name="去做").first, "step 0")
    hand.bring("上传库存表", "库存.csv", stock())
    expect(main.get_by_text("720").first).to_be_visible()  # what is on hand: the first answer
    assert len(hand.done) <= FIRST_ANSWER, hand.done
    hand.step(1)
    hand.click(main.get_by_role("button", name="新建活动"), "new campaign")
    hand.click(page.get_by_role("dialog").get_by_role("button", name="建立").first, "make it")
    expect(main.get_by_text("还没有目标")).to_be_visible()
    hand.step(2)
    hand.fill("访客数", "40000")
    hand.click(main.get_by_role("button", name="定下目标").first, "save the target")
    expect(main.get_by_text("第 1 版").first).to_be_visible()
    hand.step(3)
    hand.click(main.get_by_role("button", name="放入全部在售 SKU"), "put all in")
    expect(main.get_by_role("tab", name="商品表")).to_be_visible()
    hand.step(4)
    hand.bring("商品日报", "日报.csv", reports())
    hand.step(5)
    hand.bring("导入成本卡", "成本卡.csv", costs())
    hand.click(page.get_by_test_id("stSidebar").get_by_role("link", name="补货单"), "replenishment")
    hand.click(main.get_by_role("button", name="计算补货单").first, "compute")
    expect(page.get_by_text("补货单已重新计算")).to_be_visible()
    hand.click(main.get_by_role("button", name="通过这版补货单").first, "approve")
    expect(page.get_by_text("补货单已通过")).to_be_visible()
    print(f"{len(hand.done)} actions from an empty shop to the first approved order")
    assert len(hand.done) <= FIRST_ORDER, hand.done
    sale = str(campaigns.campaigns(shop.database, ADMIN)["campaign_id"].iloc[0])
    run_id = replenishment.newest(shop.database, ADMIN, sale)
    assert run_id is not None
    approved = replenishment.sheet(shop.database, ADMIN, run_id)
    assert approved.run.totals["units"] > 0
