"""What the pricing page shows: a change before it is saved, margins where there are some, requests that have moved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor
from core.database import insert
from core.orders.tables import order_line
from core.pricing import approving, costs, service
from tests.conftest import NOW
from tests.pricing.conftest import Shop
from tests.pricing.test_approval import LOW, set_price


def screen(url: str, campaign_id: str) -> None:
    """保存 after A001 was edited to 150 yuan, the dialog open."""
    from types import SimpleNamespace

    import pandas as pd
    import streamlit as st

    from core import clock
    from core.access import Actor
    from core.database import connect
    from core.pricing import service
    from pages.parts import pricing_change
    from pages.parts.editing import Edited

    db, user = connect(url), Actor("finance-1", "finance")
    prices = service.load(db, user, campaign_id).prices
    if st.checkbox("edited", key="edited"):
        changes = pd.DataFrame({"key": ["A001"], "field": ["sale_price"], "before": [19900], "after": [15000]}, dtype=object)
        chosen = SimpleNamespace(campaign_id=campaign_id, timezone="Asia/Shanghai")
        pricing_change.confirm(db, user, chosen, "live", Edited(changes, prices), clock.now())  # type: ignore[arg-type]


def test_price_protection_is_told_before_the_cut(shop: Shop, finance: Actor, now: datetime) -> None:
    row = {"sku_code": "A001", "order_id": "o1", "line": "1", "state": "paid", "paid_at": clock.now() - timedelta(days=3)}
    with shop.db.writing() as connection:
        insert(connection, order_line, pd.DataFrame([row | {"quantity": 10, "amount": 180_000, "import_id": "t"}]))
    app = AppTest.from_function(
        screen, kwargs={"url": str(shop.db.url), "campaign_id": shop.campaign_id}, default_timeout=60
    ).run()
    app.checkbox(key="edited").check().run()
    assert not app.exception
    assert "450" in app.markdown[0].value  # ten units at 180.00, now 135.00 landed
    assert service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "sale_price"] == 19900
    app.button(key="pricing_confirm").click().run()
    assert service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "sale_price"] == 15000


def margins(url: str, campaign_id: str) -> None:
    """The histograms of the page."""
    from core.access import Actor
    from core.database import connect
    from core.pricing import service
    from pages.parts import pricing_charts

    picture = service.load(connect(url), Actor("finance-1", "finance"), campaign_id)
    pricing_charts.distribution(picture.prices, picture.house)


def test_a_histogram_only_where_a_margin_is_known(shop: Shop, finance: Actor) -> None:
    def captions() -> int:
        app = AppTest.from_function(
            margins, kwargs={"url": str(shop.db.url), "campaign_id": shop.campaign_id}, default_timeout=60
        )
        return len(app.run().caption)

    assert captions() == 4
    codes = ["A001", "A002", "B001", "B002"]  # main push, regular and clearance; the pre-hot one keeps its cost
    blank = pd.DataFrame({"product": pd.array([pd.NA] * 4, "Int64"), "version": 1}, index=codes)
    costs.edit_cards(shop.db, finance, shop.campaign_id, blank, now=NOW)
    assert captions() == 1
    costs.edit_cards(shop.db, finance, shop.campaign_id, blank.iloc[:1].set_axis(["C001"]), now=NOW)
    assert captions() == 0


def waiting(url: str, campaign_id: str, name: str, role: str) -> None:
    """The approvals tab as somebody sees it."""
    from types import SimpleNamespace

    from core import clock
    from core.access import Actor
    from core.database import connect
    from pages.parts import pricing_change

    chosen = SimpleNamespace(campaign_id=campaign_id, timezone="Asia/Shanghai")
    pricing_change.approvals(connect(url), Actor(name, role), chosen, clock.now())  # type: ignore[arg-type]


def test_a_request_that_moved_is_asked_for_anew_by_its_asker(shop: Shop, merchandiser: Actor, finance: Actor) -> None:
    def seen_by(who: Actor) -> AppTest:
        kwargs = {"url": str(shop.db.url), "campaign_id": shop.campaign_id, "name": who.name, "role": who.role}
        return AppTest.from_function(waiting, kwargs=kwargs, default_timeout=60).run()

    set_price(shop, merchandiser, LOW)
    approving.ask_for_prices(shop.db, merchandiser, shop.campaign_id, ["A001"], "引流", now=NOW)
    assert [button.label for button in seen_by(finance).button] == ["同意", "拒绝"]
    set_price(shop, merchandiser, LOW - 1)
    asked = seen_by(finance)
    assert not asked.button, "nothing that finance could agree to, and nothing to ask for in its own name"
    assert "1 个申请" in asked.markdown[0].value
    app = seen_by(merchandiser)
    app.button(key="pricing_renew").click().run()
    assert not app.exception
    assert [button.label for button in seen_by(finance).button] == ["同意", "拒绝"]
