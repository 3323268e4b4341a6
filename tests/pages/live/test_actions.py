"""The action area: one card a cause, opened for its goods; the figure for those who see margins, a word for the
rest."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from tests.live.conftest import Shop, event
from tests.live.conftest import shop as shop
from tests.live.conftest import small_shop as small_shop


def screen(url, campaign_id, actor, minutes, opened):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    """The action area of one reader."""
    from datetime import timedelta

    import streamlit as st

    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.live import actions
    from tests.live.conftest import OPENS

    st.session_state.setdefault(actions.OPENED, opened)
    now = OPENS + timedelta(minutes=minutes)
    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", OPENS, OPENS + timedelta(days=1))
    actions._area(PageContext(connect(url), Actor(*actor), now, chosen), None)


def area(shop: Shop, actor: Actor, minutes: float = 46, opened: str = "") -> AppTest:
    facts: dict[str, Any] = {"url": str(shop.db.url), "campaign_id": shop.campaign_id}
    facts |= {"actor": (actor.name, actor.role), "minutes": minutes, "opened": opened}
    app = AppTest.from_function(screen, kwargs=facts, default_timeout=60).run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    return "\n".join(str(one.value) for one in app.markdown)


@pytest.fixture
def short(small_shop: Shop) -> Shop:
    """Two main-push goods of which all but a few units are sold."""
    small_shop.send(
        [
            event(
                100 * good + n, kind, 1 + n, sku_code=f"S0{good}", order_id=f"o{good}-{n}", amount_fen=9_900
            )
            for good in (1, 2)
            for n in range(37)
            for kind in ("order", "pay")
        ]
    )
    return small_shop


def test_goods_of_one_cause_stand_on_one_card(short: Shop, admin: Actor, viewer: Actor) -> None:
    told = said(area(short, admin))
    assert "2 个主推款 1 小时内断货" in told
    assert "每分钟约 ¥" in told
    hidden = said(area(short, viewer))
    assert "2 个主推款 1 小时内断货" in hidden
    assert "¥" not in hidden
    assert "立刻" in hidden


def test_a_card_opens_for_its_goods(short: Shop, admin: Actor) -> None:
    assert len(area(short, admin).dataframe) == 0
    app = area(short, admin, opened="hour_main_push")
    assert set(app.dataframe[0].value["sku_code"]) == {"S01", "S02"}
    assert [button.label for button in app.button if button.key == "open_hour_main_push"] == ["收起"]


@pytest.mark.parametrize("minutes", [-10, 1_440, 5])
def test_nothing_is_shown_before_and_after_the_sale_and_without_cause(
    small_shop: Shop, admin: Actor, minutes: float
) -> None:
    app = area(small_shop, admin, minutes)
    assert not app.button
    assert said(app) == ""
