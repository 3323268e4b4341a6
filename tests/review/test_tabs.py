"""Tabs of the review that open something: a good down to an hour, what was tried, the rule of fast refunds."""

from __future__ import annotations

import io

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.review import drill, service
from core.review.after_sales import refund_rule
from core.review.bridge import FACTORS
from pages.parts.components.text import plain
from pages.parts.entry.context import Chosen, PageContext
from pages.parts.review import report
from tests.live.conftest import Shop
from tests.review.test_report import CLOSED
from tests.review.test_report import shop as shop


def _tabs(url, campaign_id, at, good, hour):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    from datetime import datetime

    import streamlit as st

    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.review import after_sale, judged, landing

    moment = datetime.fromisoformat(at)
    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", moment, moment)
    page = PageContext(connect(url), Actor("a", "admin"), moment, chosen)
    st.session_state.setdefault("review_behind_good", good)
    st.session_state.setdefault("review_hour_goods", hour)
    st.session_state.setdefault("fast_order", "nobody")
    seen = landing.landing(page)
    landing.goods(page, seen)
    judged.tab(page, seen)
    after_sale._fast_refund(page)


@pytest.mark.parametrize("times", [1, 5])
def test_tabs_open_down_to_order_lines_and_judge_a_refund(shop: Shop, admin: Actor, times: int) -> None:
    first = drill.hours_of_good(shop.db, admin, shop.campaign_id, "S37", CLOSED)["hour"].iloc[0]
    hour = f"{first:%Y-%m-%dT%H:%M%z}"
    page = AppTest.from_function(
        _tabs, args=(shop.db.url, shop.campaign_id, CLOSED.isoformat(), "S37", hour), default_timeout=90
    ).run()
    assert not page.exception
    frames = [one.value for one in page.dataframe]
    assert any("order_id" in one and set(one["sku_code"]) == {"S37"} for one in frames), "its order lines"
    kept = [button for button in page.button if button.label and "规则" in button.label]
    assert kept == [], "the rule in force stands in the boxes: nothing to keep"
    page.number_input(key="fast_times").set_value(times).run()
    assert not page.exception
    kept = [button for button in page.button if button.label and "规则" in button.label]
    assert len(kept) == 1
    kept[0].click().run()
    assert not page.exception
    assert refund_rule.in_force(shop.db, admin).rule.times == times


def _bars(url, campaign_id, at):  # type: ignore[no-untyped-def]  # AppTest takes its text alone
    from datetime import datetime

    from core.access import Actor
    from core.database import connect
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.review import landing

    moment = datetime.fromisoformat(at)
    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", moment, moment)
    page = PageContext(connect(url), Actor("a", "admin"), moment, chosen)
    landing.bridge(page, landing.landing(page))


def test_any_bar_opens_down_to_the_hours_of_its_largest_part(shop: Shop, admin: Actor) -> None:
    seen = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    page = AppTest.from_function(
        _bars, args=(shop.db.url, shop.campaign_id, CLOSED.isoformat()), default_timeout=90
    ).run()
    assert not page.exception
    for bar in FACTORS:
        page.button_group(key="review_bar").set_value(bar).run()
        assert not page.exception
        parts = page.dataframe[0].value
        assert [name for name in FACTORS if name in parts] == [bar]
        sizes = seen.channels[bar].abs().sort_values(ascending=False)
        assert len(parts) == len(sizes)
        largest = next(box for box in page.selectbox if box.label == plain("review.behind"))
        assert largest.value == sizes.index[0], "its largest part is open"
        behind = drill.lines(shop.db, admin, shop.campaign_id, "channels", str(sizes.index[0]), CLOSED)
        if len(behind.hours):
            shown = next(
                one.value for one in page.dataframe if "visitors" in one.value and "hour" in one.value
            )
            assert len(shown) == len(behind.hours), "with its hours"


def test_the_workbook_has_what_was_judged(shop: Shop, admin: Actor) -> None:
    page = PageContext(
        shop.db, admin, CLOSED, Chosen(shop.campaign_id, "11.11", "Asia/Shanghai", CLOSED, CLOSED)
    )
    sheets = pd.read_excel(io.BytesIO(report._book(page)), sheet_name=None)
    judged = sheets[plain("review.tab_judged")]
    landing = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    assert len(judged) == len(landing.judged)
    assert set(judged[plain("review.area")]) == {
        plain(f"review.area_{area}") for area in landing.judged["area"]
    }
