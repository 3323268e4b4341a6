"""Looking ahead and looking now: price methods side by side, what-if, the paid price against the expected
one."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.live.snapshot import service as live_service
from core.pricing import service, what_if
from core.pricing.service import Picture
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw, table
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext
from pages.parts.pricing import charts

METHODS = (
    Column("sku_code", "pricing.sku_code", "code"),
    Column("name", "pricing.name", pinned=True),
    Column("list_price", "pricing.list_price", "price"),
    Column("sale_price", "pricing.sale_price", "price"),
    Column("suggested", "pricing.suggested", "price"),
    Column("cost", "pricing.method_cost", "price", help="pricing.method_cost_help"),
    Column("perceived", "pricing.method_perceived", "price", help="pricing.method_perceived_help"),
    Column("brand", "pricing.method_brand", "price", help="pricing.method_brand_help"),
    Column("band_low", "pricing.band_low", "price"),
    Column("band_high", "pricing.band_high", "price"),
    Column("threshold", "pricing.threshold", "price", help="pricing.threshold_help"),
)
WHAT_IF = (
    Column("tier", "pricing.tier"),
    Column("skus", "pricing.simulate_skus", "integer"),
    Column("contribution", "pricing.simulate_contribution", "money"),
    Column("contribution_then", "pricing.then_word", "money"),
    Column("losing", "pricing.simulate_losing", "integer"),
    Column("losing_then", "pricing.then_word", "integer"),
    Column("below_floor", "pricing.simulate_below", "integer"),
    Column("below_floor_then", "pricing.then_word", "integer"),
)
LIVE = (
    Column("sku_code", "pricing.sku_code", "code"),
    Column("alarm", "pricing.live_alarm", "state", words="price_alarm"),
    Column("ratio", "pricing.live_ratio", "percent"),
    Column("average", "pricing.live_average", "price"),
    Column("landed_price", "pricing.landed_price", "price"),
    Column("worst_landed_price", "pricing.worst_landed", "price"),
    Column("units", "pricing.live_units", "integer"),
)


def methods(page: PageContext, picture: Picture) -> None:
    """The price methods side by side."""
    st.caption(t("pricing.methods_note"))
    suggested = what_if.suggest(page.database, page.actor, page.campaign_id, picture.rules.phase)
    frame = (
        picture.prices[["name", "list_price", "sale_price"]]
        .join(suggested)
        .reset_index()
        .set_index("sku_code", drop=False)
    )
    table(frame, METHODS, key="pricing_methods", search=("sku_code", "name"), export="price_methods")


def simulate(page: PageContext, picture: Picture) -> None:
    """What if ads cost 20% more and 30% came back?"""
    st.caption(t("pricing.simulate_note"))
    with st.container(horizontal=True):
        changes = {
            name: st.number_input(
                t(f"pricing.simulate_{word}"), value=0.0, step=5.0, width=190, key=f"pricing_what_{name}"
            )
            for name, word in (("advertising", "ads"), ("product", "product"), ("express", "express"))
        }
        returns = st.number_input(
            t("pricing.simulate_returns"),
            value=None,
            min_value=0.0,
            max_value=100.0,
            step=5.0,
            width=190,
            placeholder=plain("pricing.simulate_keep"),
            key="pricing_what_returns",
        )
    times = {name: round(10_000 + 100 * change) for name, change in changes.items() if change}
    to = {"return_rate": round(returns * 100)} if returns is not None else {}
    outcomes = what_if.simulate(
        page.database, page.actor, page.campaign_id, what_if.OtherCosts(times, to), picture.rules.phase
    )
    outcomes = outcomes.sort_values("tier", key=lambda tiers: tiers.map([*charts.TIERS, ""].index))
    words = [
        plain(f"price_tier.{tier}") if tier else plain("pricing.simulate_all") for tier in outcomes["tier"]
    ]
    draw(outcomes.assign(tier=words), WHAT_IF, key="pricing_what_if")


def live(page: PageContext, picture: Picture) -> None:
    """Average paid price over expected landed price, worst first."""
    st.caption(t("pricing.live_note"))
    goods = live_service.load(page.database, page.actor, page.campaign_id, page.now, live=True).goods
    paid = pd.DataFrame(
        {
            "sku_code": goods.index,
            "units": goods["paid_units"].to_numpy(),
            "paid_amount": goods["amount"].to_numpy(),
        }
    )
    if not paid["units"].sum():
        paid = service.paid_so_far(page.database, page.actor, page.campaign_id)
    feed = (
        service.alarm_feed(page.database, page.actor, page.campaign_id, paid, picture.rules.phase)
        if len(paid)
        else paid
    )
    if feed.empty:
        st.info(t("pricing.live_none"), icon=":material/monitoring:")
        return
    table(
        feed.set_index("sku_code", drop=False),
        LIVE,
        key="pricing_live",
        search=("sku_code",),
        export="paid_prices",
    )
