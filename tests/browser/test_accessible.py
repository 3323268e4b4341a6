"""Accessible to everybody: axe-core in the real Chromium over every page, in both languages, light and dark; charts say what they show; the
keyboard reaches what the mouse does.

axe-core 4.14.1 lies in tests/browser/axe as its makers publish it (npm, MPL-2.0); it is no part of the product.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from pages.parts.shell import menu
from tests.browser.conftest import drawn, settled
from tests.demo_shop import Demo

AXE = Path(__file__).parent / "axe" / "axe.min.js"
MAIN = "[data-testid=stMainBlockContainer]"
GRAVE = ("serious", "critical")
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice")
FIND = """
async rules => {
  const found = await axe.run(document, { ...rules, resultTypes: ['violations'] });
  return found.violations.map(({ id, impact, nodes }) => ({
    id, impact, nodes: nodes.map(node => `${node.target.join(' ')} ${node.html.slice(0, 160)} ${node.any.map(one => one.message).join('; ')}`),
  }));
}
"""


def findings(page: Page, rules: dict[str, Any]) -> list[str]:
    """What axe finds grave on the page as it is drawn, each with the places."""
    page.wait_for_function(
        "() => !document.querySelector('[data-stale=true]')"
    )  # what is drawn anew is dimmed
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return [
        f"{found['impact']} {found['id']}: {node}"
        for found in page.evaluate(FIND, rules)
        if found["impact"] in GRAVE
        for node in found["nodes"]
    ]


def in_both_lights(page: Page) -> list[str]:
    """Everything in the light appearance, the contrast in the dark one."""
    light = findings(page, {"runOnly": {"type": "tag", "values": list(RULES)}})
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("() => matchMedia('(prefers-color-scheme: dark)').matches")
    dark = findings(page, {"runOnly": {"type": "rule", "values": ["color-contrast"]}})
    page.emulate_media(color_scheme="light")
    return [*light, *(f"dark {one}" for one in dark)]


@pytest.fixture(scope="module")
def shop(serve: Callable[..., Any], demo: Demo) -> Any:
    """The demo."""
    return serve(demo=demo)


@pytest.fixture
def page_of(context: Callable[..., Any]) -> Callable[[str], Page]:
    """A page with nothing but this text."""

    def draw(text: str) -> Page:
        page: Page = context().new_page()
        page.set_content(text)
        return page

    return draw


PAGES = [entry.page for entry in menu.standing()]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_page_has_a_grave_finding(shop: Any, signed_in: Callable[..., Page], language: str) -> None:
    page = signed_in("admin", language, shop=shop)
    grave: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto(f"{shop.url}/{name}")
        settled(page)
        expect(page.locator(f"{MAIN} [data-testid=stVerticalBlock] > *").first).to_be_visible()
        grave[name] = in_both_lights(page)
    assert {name: found for name, found in grave.items() if found} == {}


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_no_tab_has_a_grave_finding(shop: Any, signed_in: Callable[..., Page], language: str) -> None:
    page = signed_in("admin", language, shop=shop)
    grave: dict[str, list[str]] = {}
    for name in PAGES:
        page.goto(f"{shop.url}/{name}")
        settled(page)
        lists = page.locator(f"{MAIN} [role=tablist]")
        for place in range(1, lists.first.get_by_role("tab").count()) if lists.count() else ():
            tab = lists.first.get_by_role("tab").nth(place)
            tab.click()
            expect(tab).to_have_attribute("aria-selected", "true")
            settled(page)
            grave[f"{name} / {tab.inner_text()}"] = in_both_lights(page)
    assert {name: found for name, found in grave.items() if found} == {}


def test_axe_finds_what_is_wrong(page_of: Callable[[str], Page]) -> None:
    """The test of the test: a control without a name and grey on grey are found."""
    page = page_of(
        "<html lang=en><title>x</title><main><button></button><p style='color:#999;background:#fff'>pale</p></main></html>"
    )
    found = {one.split(":")[0] for one in findings(page, {"runOnly": {"type": "tag", "values": list(RULES)}})}
    assert {"critical button-name", "serious color-contrast"} <= found


def test_every_chart_says_what_it_shows(shop: Any, signed_in: Callable[..., Page]) -> None:
    page = signed_in("admin", shop=shop)
    charts = page.get_by_test_id("stVegaLiteChart")
    sales = campaigns.campaigns(shop.database, Actor("admin", "admin", "cli"))
    closed = sales.loc[sales["closes_at"] <= clock.now(), "campaign_id"].iloc[0]
    for path in ("plan", "goods?goods_tab=shape", "warmup", "live", f"review?campaign={closed}"):
        page.goto(f"{shop.url}/{path}")
        settled(page)
        charts.first.wait_for()
        drawn(page)
        for place in range(charts.count()):
            named = charts.nth(place).evaluate(
                "node => [node, ...node.querySelectorAll('[aria-label]')].some(one => (one.getAttribute('aria-label') || '').length > 5)"
            )
            assert named, f"{path}: chart {place + 1}"


def test_the_keyboard_reaches_menu_tabs_and_controls(shop: Any, signed_in: Callable[..., Page]) -> None:
    page = signed_in("admin", path="/stock", shop=shop)
    wanted, reached = {"menu", "tab", "filter", "field"}, set[str]()
    for _ in range(300):  # round the whole page, wherever the first press begins
        if wanted <= reached:
            break
        page.keyboard.press("Tab")
        reached |= set(
            page.evaluate(
                """() => {
                  const node = document.activeElement;
                  return [node.closest('[data-testid=stSidebar] a') && 'menu', node.getAttribute('role') === 'tab' && 'tab',
                    node.closest('[data-testid=stButtonGroup]') && 'filter', node.matches('input') && 'field',
                    node.closest('[data-testid=stDataFrame]') && 'table'].filter(Boolean);
                }"""
            )
        )
    assert wanted <= reached
    tab = page.locator(f"{MAIN} [role=tablist]").first.get_by_role("tab")
    tab.first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(tab.nth(1)).to_have_attribute("aria-selected", "true")
