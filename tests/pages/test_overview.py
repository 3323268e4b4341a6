"""The overview of a shop that is being set up: the demo in it, or beside it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.database import Database
from core.settings import ROOT
from pages.parts.overview.first_steps import BESIDE
from pages.parts.shell import menu
from tests import shops
from tests.pages.visiting import sign_in_as


@pytest.fixture
def overview() -> AppTest:
    entry = next(entry for entry in menu.MENU if entry.page == "overview")
    return AppTest.from_file(str(Path(entry.file)), default_timeout=60)


def _demo_words(page: AppTest) -> tuple[bool, bool]:
    """Whether the demo is offered into the shop, and beside it."""
    labels = [str(button.label) for button in page.button]
    return any("演示" in label or "demo" in label for label in labels), BESIDE in [
        str(block.value) for block in page.code
    ]


def test_the_demo_is_offered_into_an_empty_shop_and_beside_one_of_its_own(
    overview: AppTest, sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, sqlite, admin)
    overview.run()
    assert not overview.exception
    assert _demo_words(overview) == (True, False)
    with sqlite.writing() as connection:
        shops.goods(connection, pd.DataFrame({"sku_code": ["A"], "name": ["甲"], "list_price": 9_900}), now)
        shops.on_hand(connection, {"A": 5}, now)
    overview.run()
    assert not overview.exception
    assert _demo_words(overview) == (False, True)


def test_the_readme_names_the_same_line() -> None:
    assert BESIDE in (ROOT / "README.md").read_text(encoding="utf-8")
