"""Names on an axis: with the longest Chinese and English ones none is left out and none prints over another, in every kind
of chart, from a whole page down to a phone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import TypedDict

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser import conftest
from tests.browser.every_chart import NAMES, ROWS

APP = Path(__file__).with_name("every_chart.py")
KINDS, NAMED, WIDTHS = (
    9,
    7,
    3,
)  # kinds of chart, those with a name a row, and how many widths each is drawn at
TEXTS = """
() => [...document.querySelectorAll("[data-testid=stVegaLiteChart] svg")].map(svg => Object.values(Object.fromEntries(
  [...svg.querySelectorAll("text")].filter(one => one.textContent.trim() && getComputedStyle(one).opacity > 0).map(one => {
    const { left, top, right, bottom } = one.getBoundingClientRect()
    const box = [left, top, right, bottom]
    return [`${one.textContent} ${box.map(Math.round)}`, { text: one.textContent, box }]
  }))))
"""  # a name with an edge of the page's ground is drawn twice at one place


class Text(TypedDict):
    """A text of a chart, and its box: left, top, right, bottom in pixels."""

    text: str
    box: tuple[float, float, float, float]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the program with the charts alone."""
    port, log = conftest._free_port(), tmp_path_factory.mktemp("charts") / "server.log"
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(port)]
    with log.open("wb") as out:
        process = subprocess.Popen(
            command,
            cwd=conftest.ROOT,
            env=os.environ | {"PYTHONPATH": str(conftest.ROOT)},
            stdout=out,
            stderr=out,
        )
    conftest._await(f"http://127.0.0.1:{port}/_stcore/health", process, log)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(10)


def meet(one: Text, other: Text) -> bool:
    """Whether two texts lie over one another by more than a pixel."""
    (left, top, right, bottom), (west, north, east, south) = one["box"], other["box"]
    return min(right, east) - max(left, west) > 1 and min(bottom, south) - max(top, north) > 1


@pytest.mark.parametrize("tongue", ["zh", "en"])
def test_no_name_is_left_out_and_none_prints_over_another(
    tongue: str, address: str, context: Callable[..., BrowserContext]
) -> None:
    opened = context(tongue, width=1440, height=9_000)
    page: Page = opened.new_page()
    page.goto(f"{address}/?lang={tongue}")
    conftest.settled(page)
    expect(page.locator("[data-testid=stVegaLiteChart] svg")).to_have_count(KINDS * WIDTHS)
    page.wait_for_timeout(1_500)  # charts are drawn again once their fonts and widths are known
    every: list[list[Text]] = page.evaluate(TEXTS)
    complete = 0
    for texts in every:
        clashing = [(one["text"], other["text"]) for one, other in combinations(texts, 2) if meet(one, other)]
        assert clashing == []
        named = [one for one in texts if one["text"][1:6] == NAMES[tongue][:5]]
        complete += len(named) == ROWS
    assert complete == NAMED * WIDTHS
