"""What prices rest on, for who may read it and who may change it."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.pricing.changes import costs
from pages.parts.shell import menu
from tests.pages.visiting import sign_in_as
from tests.pricing.conftest import Shop
from tests.pricing.conftest import shop as shop


def test_who_may_see_costs_but_not_change_them_reads_the_cards(
    shop: Shop, finance: Actor, merchandiser: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs.edit_default(
        shop.db, finance, shop.campaign_id, costs.CategoryCard("护肤", {"express": 900}), now=now
    )
    sign_in_as(monkeypatch, shop.db, merchandiser)
    entry = next(entry for entry in menu.MENU if entry.page == "pricing")
    page = AppTest.from_file(str(Path(entry.file)), default_timeout=60)
    page.query_params["pricing_tab"] = "costs"
    page.run()
    assert not page.exception
    assert any("护肤" in str(one.value) and "9" in str(one.value) for one in page.markdown)
    card = next(table.value for table in page.dataframe if "product" in table.value.columns)
    assert card.set_index("sku_code").loc["A001", "product"] == 50
