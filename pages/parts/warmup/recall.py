"""Old customers on the warm-up page: whom to call back, with which coupon, at what cost; cards for the
parcels."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.money import from_yuan
from core.warmup import customers, settings
from core.warmup.recall import RecallPlan
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import Filter, draw, table
from pages.parts.components.text import money_short, number, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

SHORT = 8  # letters of a key that tell two people of a list apart by eye
BUYERS = (
    Column("buyer", "warmup.buyer", "code"),
    Column("buyer_key", "warmup.buyer_key", "text", shown=False),
    Column("group", "warmup.group", "state", words="recall_group"),
    Column("silent_days", "warmup.silent_days", "integer"),
    Column("orders", "warmup.buyer_orders", "integer"),
    Column("amount", "warmup.buyer_amount", "money"),
    Column("last_paid_at", "warmup.last_paid_at", "moment"),
)
COUPONS = (
    Column("group", "warmup.group", "state", words="recall_group"),
    Column("buyers", "warmup.buyers", "integer"),
    Column("threshold", "warmup.threshold", "price"),
    Column("value", "warmup.value", "price"),
    Column("redeemed", "warmup.redeemed", "integer", help="warmup.redeemed_help"),
    Column("coupon_cost", "warmup.coupon_cost", "money"),
    Column("message_cost", "warmup.message_cost", "price"),
    Column("cost", "warmup.cost", "money"),
    Column("least_revenue", "warmup.least_revenue", "money", help="warmup.least_revenue_help"),
)
VIEWS = (
    Filter("about_to_lapse", "recall_group.about_to_lapse", lambda frame: frame["group"] == "about_to_lapse"),
    Filter("lapsed", "recall_group.lapsed", lambda frame: frame["group"] == "lapsed"),
)


def recall(page: PageContext) -> None:
    """The list, its coupons, its cost, the cards; and the plan behind them."""
    plan = customers.recall(page.database, page.actor, page.campaign_id, page.now)
    if plan.called.empty:
        empty("warmup.no_recall", button="warmup.import_orders", page="goods")
    else:
        cost = int(plan.coupons["cost"].sum())
        cards(
            Card("warmup.to_call", number(len(plan.called)), t("warmup.people")),
            Card("warmup.cost", money_short(cost), help="warmup.cost_help"),
            Card(
                "warmup.least_revenue",
                money_short(int(plan.coupons["least_revenue"].sum())),
                help="warmup.least_revenue_help",
            ),
            Card(
                "warmup.cards",
                number(plan.cards),
                against=t("warmup.parcels", n=plan.parcels),
                help="warmup.cards_help",
            ),
        )
        draw(plan.coupons, COUPONS, key="warmup_coupons")
        table(
            plan.called.assign(buyer=plan.called["buyer_key"].str[:SHORT]).set_index("buyer_key", drop=False),
            BUYERS,
            key="warmup_recall",
            filters=VIEWS,
            search=("buyer_key",),
            export="recall",
        )
    if page.may("warmup.edit"):
        _plan(page)


def _plan(page: PageContext) -> None:
    _, _, plan = settings.beliefs(page.database, page.actor, page.campaign_id)
    with st.expander(t("warmup.recall_settings"), icon=":material/tune:"), st.form("warmup_recall_form"):
        with st.grid(3, min_column_width=170):
            about = int(st.number_input(t("warmup.about_days"), 1, 1000, plan.about_days))
            lapsed = int(st.number_input(t("warmup.lapsed_days"), 1, 2000, plan.lapsed_days))
            lost = int(st.number_input(t("warmup.lost_days"), 1, 4000, plan.lost_days))
        wanted = replace(plan, about_days=about, lapsed_days=lapsed, lost_days=lost)
        for group in ("about", "lapsed"):
            wanted = _coupon(wanted, group)
        if st.form_submit_button(t("common.save"), type="primary"):
            with refusals():
                settings.set_recall(page.database, page.actor, page.campaign_id, wanted, page.now)
                st.rerun()


def _coupon(plan: RecallPlan, group: str) -> RecallPlan:
    """The coupon of one group: threshold, value, share redeemed."""
    with st.grid(3, min_column_width=170):
        threshold = st.number_input(
            t(f"warmup.{group}_threshold"), 0, 100_000, getattr(plan, f"{group}_threshold") // 100
        )
        value = st.number_input(
            t(f"warmup.{group}_value"), 0, 100_000, getattr(plan, f"{group}_value") // 100
        )
        share = st.number_input(
            t(f"warmup.{group}_redeemed"), 0, 100, round(getattr(plan, f"{group}_redeemed") * 100)
        )
    fen = {f"{group}_threshold": from_yuan(int(threshold)), f"{group}_value": from_yuan(int(value))}
    return replace(plan, **fen, **{f"{group}_redeemed": share / 100})
