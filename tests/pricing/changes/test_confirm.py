"""What the pricing page shows: a change before it is saved, margins where there are some, requests that have
moved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor
from core.database import insert
from core.orders.tables import order_line
from core.pricing import approvals, service
from core.pricing.changes import costs
from pages.parts.components import tables
from pages.parts.pricing import judged_table
from tests.conftest import NOW
from tests.pages.visiting import sign_in_as
from tests.pricing.conftest import Shop
from tests.pricing.test_approval import LOW, set_price


def screen(url: str, campaign_id: str) -> None:
    """保存 after A001 was edited to 150 yuan, the dialog open."""
    import pandas as pd
    import streamlit as st

    from core import clock
    from core.access import Actor
    from core.database import connect
    from core.pricing import service
    from pages.parts.components.editing import Edited
    from pages.parts.entry.context import Chosen
    from pages.parts.entry.guarded import admitted, on_campaign
    from pages.parts.pricing import change

    db, user = connect(url), Actor("finance-1", "finance")
    prices = service.load(db, user, campaign_id).prices
    if st.checkbox("edited", key="edited"):
        changes = pd.DataFrame(
            {"key": ["A001"], "field": ["sale_price"], "before": [19900], "after": [15000]}, dtype=object
        )
        chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", clock.now(), clock.now())
        change.confirm(on_campaign(admitted("price.view", user), chosen), "live", Edited(changes, prices))


def test_price_protection_is_told_before_the_cut(
    shop: Shop, finance: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, shop.db, finance)
    row = {
        "sku_code": "A001",
        "order_id": "o1",
        "line": "1",
        "state": "paid",
        "paid_at": clock.now() - timedelta(days=3),
    }
    with shop.db.writing() as connection:
        insert(
            connection,
            order_line,
            pd.DataFrame([row | {"quantity": 10, "amount": 180_000, "import_id": "t"}]),
        )
    app = AppTest.from_function(
        screen, kwargs={"url": str(shop.db.url), "campaign_id": shop.campaign_id}, default_timeout=60
    ).run()
    app.checkbox(key="edited").check().run()
    assert not app.exception
    assert "450" in app.markdown[0].value  # ten units at 180.00, now 135.00 landed
    assert service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "sale_price"] == 19900
    app.button(key="pricing_confirm").click().run()
    assert service.load(shop.db, finance, shop.campaign_id).prices.loc["A001", "sale_price"] == 15000


def priced(url: str, campaign_id: str) -> None:
    """The table of prices as finance sees it."""
    from core import clock
    from core.access import Actor
    from core.database import connect
    from core.pricing import service
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.pricing import judged_table

    db, user = connect(url), Actor("finance-1", "finance")
    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", clock.now(), clock.now())
    page = PageContext(db, user, clock.now(), chosen)
    judged_table.price_table(page, service.load(db, user, campaign_id))


def test_editing_keeps_the_search_and_shows_floor_and_margin_beside_the_price(
    shop: Shop, finance: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in_as(monkeypatch, shop.db, finance)
    app = AppTest.from_function(
        priced, kwargs={"url": str(shop.db.url), "campaign_id": shop.campaign_id}, default_timeout=60
    ).run()
    app.text_input(key="pricing_find").input("A00").run()
    assert app.dataframe[0].value["sku_code"].tolist() == ["A001", "A002"]
    app.toggle(key="pricing_edit").set_value(True).run()
    assert not app.exception
    assert app.text_input(key="pricing_find").value == "A00"
    rows = app.dataframe[0].value
    assert sorted(rows["sku_code"]) == ["A001", "A002"]
    shown = [name for name in rows.columns if name in judged_table.BESIDE]
    assert shown[2:6] == ["verdict", "sale_price", "floor_price", "worst_landed_price"]
    assert "worst_margin" in shown


def margins(url: str, campaign_id: str) -> None:
    """The histograms of the page."""
    from core.access import Actor
    from core.database import connect
    from core.pricing import service
    from pages.parts.pricing import charts

    picture = service.load(connect(url), Actor("finance-1", "finance"), campaign_id)
    charts.distribution(picture.prices, picture.limits)


def test_a_histogram_only_where_a_margin_is_known(shop: Shop, finance: Actor) -> None:
    def captions() -> int:
        app = AppTest.from_function(
            margins, kwargs={"url": str(shop.db.url), "campaign_id": shop.campaign_id}, default_timeout=60
        )
        return len(app.run().caption)

    assert captions() == 4
    codes = [
        "A001",
        "A002",
        "B001",
        "B002",
    ]  # main push, regular and clearance; the pre-hot one keeps its cost
    blank = pd.DataFrame({"product": pd.array([pd.NA] * 4, "Int64"), "version": 1}, index=codes)
    costs.edit_cards(shop.db, finance, shop.campaign_id, blank, now=NOW)
    assert captions() == 1
    costs.edit_cards(shop.db, finance, shop.campaign_id, blank.iloc[:1].set_axis(["C001"]), now=NOW)
    assert captions() == 0


def answers(app: AppTest) -> list[str]:
    """The buttons that decide, without the one that takes the ticks away."""
    return [button.label for button in app.button if button.key != "pricing_requests_bulk_clear"]


def waiting(url: str, campaign_id: str, name: str, role: str) -> None:
    """The approvals tab as somebody sees it."""
    from core import clock
    from core.access import Actor
    from core.database import connect
    from core.pricing.approvals import requests
    from pages.parts.entry.context import Chosen, PageContext
    from pages.parts.pricing.approvals import approvals

    chosen = Chosen(campaign_id, "11.11", "Asia/Shanghai", clock.now(), clock.now())
    page = PageContext(connect(url), Actor(name, role), clock.now(), chosen)
    approvals(page, requests(page.database, page.actor, campaign_id))


def test_a_request_that_moved_is_asked_for_anew_by_its_asker(
    shop: Shop, merchandiser: Actor, finance: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    def seen_by(who: Actor, batch: str = "", *, tick: bool = False) -> AppTest:
        monkeypatch.setattr(tables, "ticked", lambda frame, *_, **__: frame if tick else frame.iloc[:0])
        kwargs = {
            "url": str(shop.db.url),
            "campaign_id": shop.campaign_id,
            "name": who.name,
            "role": who.role,
        }
        app = AppTest.from_function(waiting, kwargs=kwargs, default_timeout=60)
        if batch:
            app.session_state["pricing_risk"] = batch
        return app.run()

    set_price(shop, merchandiser, LOW)
    approvals.ask_for_prices(
        shop.db, merchandiser, shop.campaign_id, approvals.PricesAsked(["A001"], "引流"), now=NOW
    )
    assert not seen_by(finance).button, "nothing is chosen, nothing is decided"
    risk = str(approvals.requests(shop.db, finance, shop.campaign_id).loc[0, "risk"])
    assert not seen_by(finance, risk).button, "a class of risk lists its requests and decides none"
    assert answers(seen_by(finance, risk, tick=True)) == ["同意", "拒绝"]
    set_price(shop, merchandiser, LOW - 1)
    asked = seen_by(finance)
    assert not asked.button, "nothing that finance could agree to, and nothing to ask for in its own name"
    assert "1 个申请" in asked.markdown[0].value
    app = seen_by(merchandiser)
    app.button(key="pricing_renew").click().run()
    assert not app.exception
    assert answers(seen_by(finance, risk, tick=True)) == ["同意", "拒绝"]
