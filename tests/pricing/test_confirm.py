"""An edited price is shown with what it does, price protection included, before it is saved."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from streamlit.testing.v1 import AppTest

from core import clock
from core.access import Actor
from core.database import insert
from core.orders.tables import order_line
from core.pricing import service
from tests.pricing.conftest import Shop


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
