"""The administrator makes a backup and brings it back into an empty place, while the shop goes on."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, expect

from core.settings import settings
from tests.browser.conftest import Server


def test_a_backup_comes_back_beside_the_running_shop(
    serve: Callable[..., Server], signed_in: Callable[..., Page]
) -> None:
    folder = settings().data_dir  # the key that sealed the audit of the accounts made here
    shop = serve(BIGSALE_DATA_DIR=str(folder))
    page = signed_in("admin", path="/admin?admin=backup", shop=shop)
    page.get_by_role("button", name="立即备份").click()
    expect(page.get_by_text(".backup").first).to_be_visible()
    expect(page.get_by_role("button", name="恢复到空处并检查")).to_be_visible()
    page.get_by_role("button", name="恢复到空处并检查").click()
    expect(page.get_by_text("项检查全部通过")).to_be_visible()
    assert list(folder.glob("restored-*.db"))
