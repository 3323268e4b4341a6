"""售后: what comes back and what it asks of people, refunds before the goods are back, and the cases of the service desk."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.review.after_sales import cases as desk
from core.review.after_sales import refund_rule
from core.review.after_sales import returns as service
from core.review.after_sales.fast_refund import Cost, FastRefund
from core.review.after_sales.returns import Returns
from core.review.sheet import SERVICE
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.charts import Series
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw
from pages.parts.components.text import money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.upload.flow import upload

LOAD = (
    Column("day", "review.day"),
    Column("expected", "review.load_expected", "decimal"),
    Column("low", "review.load_low", "decimal"),
    Column("high", "review.load_high", "decimal"),
    Column("known", "review.load_known", "integer"),
    Column("tickets", "review.load_tickets", "decimal", help="review.load_tickets_help"),
    Column("parcel_hours", "review.load_parcels", "decimal", help="review.load_parcels_help"),
    Column("agent_hours", "review.load_agents", "decimal", help="review.load_agents_help"),
)
REASONS = (
    Column("reason", "review.case_reason"),
    Column("cases", "review.cases", "integer"),
    Column("share", "review.case_share", "percent"),
    Column("hours", "review.case_hours", "decimal", help="review.case_hours_help"),
)
GOODS = (
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.name"),
    Column("cases", "review.cases", "integer"),
    Column("rate", "review.case_rate", "percent", help="review.case_rate_help"),
    Column("reason", "review.case_reason"),
)
ASKED = (
    Column("order_id", "review.order_id", "code"),
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.name"),
    Column("amount", "review.amount", "money"),
    Column("word", "review.fast_word"),
)
AGEING = (
    Column("age", "review.case_age", "state", words="case_age"),
    Column("cases", "review.case_open", "integer"),
)


def load(page: PageContext) -> None:
    """The coming load, the fast-refund rule, the cases."""
    _load(service.returns(page.database, page.actor, page.campaign_id, page.moment))
    _fast_refund(page)
    _cases(page)


def _load(returns: Returns) -> None:
    """The load by day with its band, and the curve behind it."""
    st.markdown(f"**{t('review.load')}**")
    if returns.load.empty:
        st.info(t("review.no_returns"), icon=":material/assignment_return:")
        return
    days = pd.to_datetime(returns.load["day"])
    band = returns.load[["low", "high"]]
    expected = pd.DataFrame({"at": days, "units": returns.load["expected"], "series": "expected"}).join(band)
    known = pd.DataFrame({"at": days, "units": returns.load["known"], "series": "known"}).dropna(
        subset=["units"]
    )
    spec = charts.Lines(
        "at",
        "units",
        (
            Series("known", "review.load_known", "red"),
            Series("expected", "review.load_expected", "gray", dashed=True),
        ),
        y_title="review.units_unit",
        clock="%m-%d",
    ).spec()
    charts.draw(pd.concat([expected, known]), spec, key="review_load", alt=plain("review.load_alt"))
    st.caption(t(f"review.load_by_{returns.source}") + " " + t("review.load_note"))
    st.caption(t("review.rate_counted" if returns.measured else "review.rate_set", rate=number(returns.rate)))
    draw(returns.load, LOAD, key="review_load_table")


def _fast_refund(page: PageContext) -> None:
    """The rule in boxes, what it would have done over the past half year, and what the one in force says of orders."""
    st.markdown(f"**{t('review.fast')}**")
    st.caption(t("review.fast_note"))
    current = refund_rule.in_force(page.database, page.actor)
    shipped = current.rule
    first, second, third, fourth = st.columns(4)
    most = first.number_input(t("review.fast_most"), 0, 100_000, shipped.most // 100, key="fast_most")
    orders = second.number_input(t("review.fast_orders"), 0, 100, shipped.orders, key="fast_orders")
    times = third.number_input(t("review.fast_times"), 1, 100, shipped.times, key="fast_times")
    loss = fourth.number_input(
        t("review.fast_loss"),
        0.0,
        100.0,
        shipped.loss * 100,
        key="fast_loss",
        help=t("review.fast_loss_help"),
    )
    kept_back = frozenset(st.session_state.get("fast_goods", shipped.kept_back))
    rule = FastRefund(int(most) * 100, kept_back, int(orders), shipped.share, int(times), float(loss) / 100)
    cost, categories = service.fast_refunds(page.database, page.actor, page.campaign_id, rule, page.moment)
    st.multiselect(
        t("review.fast_goods"),
        sorted({*(name for name in categories if name), *shipped.kept_back}),
        sorted(shipped.kept_back),
        key="fast_goods",
        placeholder=plain("review.fast_goods_none"),
    )
    _cost(cost)
    if (
        page.may("review.edit")
        and rule != shipped
        and st.button(t("review.fast_keep"), icon=":material/gavel:")
    ):
        attempt(
            lambda: refund_rule.set_rule(page.database, page.actor, rule, current.version, now=page.now),
            t("review.fast_kept"),
            "success",
        )
    _asked(page)


def _asked(page: PageContext) -> None:
    """What the rule in force says of an order, and of those that open tickets name."""
    order = st.text_input(t("review.fast_order"), key="fast_order", max_chars=128)
    if order.strip():
        rows = refund_rule.judge(page.database, page.actor, page.campaign_id, [order], now=page.moment)
        if rows.empty:
            st.info(t("review.fast_unknown"), icon=":material/search_off:")
        else:
            draw(_worded(rows), ASKED, key="review_fast_order")
    rows = refund_rule.judge_open(page.database, page.actor, page.campaign_id, now=page.moment)
    if len(rows):
        st.caption(t("review.fast_open", n=len(rows), fast=int((rows["why"] == "").sum())))
        draw(_worded(rows), ASKED, key="review_fast_open", height=280)


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(word=[plain(f"fast_why.{why}" if why else "review.fast_go") for why in rows["why"]])


def _cost(cost: Cost) -> None:
    if not cost.refunds:
        st.info(t("review.fast_none"), icon=":material/payments:")
        return
    share = percent(cost.fast / cost.refunds, 0)
    spared = "—" if pd.isna(cost.days_spared) else number(cost.days_spared, 1)
    cards(
        Card(
            "review.fast_through",
            number(cost.fast),
            against=plain("review.fast_of", n=cost.refunds, share=share),
        ),
        Card("review.fast_advanced", money_short(cost.advanced)),
        Card("review.fast_lost", money_short(cost.lost), help="review.fast_lost_help"),
        Card("review.fast_spared", spared, t("review.fast_days")),
    )
    if cost.held:
        words = " · ".join(f"{plain(f'fast_why.{name}')} {n}" for name, n in cost.held.items())
        st.caption(t("review.fast_held", why=words))


def _cases(page: PageContext) -> None:
    """Complaints by reason and good, satisfaction, and the age of what is open; the way to import them."""
    st.markdown(f"**{t('review.desk')}**")
    if page.may(SERVICE.action):
        with st.expander(t("review.desk_upload"), icon=":material/upload_file:"):
            upload(page, SERVICE, key="service_upload")
    summed = desk.cases(page.database, page.actor, page.campaign_id, page.moment)
    if not (summed.count or summed.rated or summed.open):
        st.info(t("review.desk_none"), icon=":material/support_agent:")
        return
    rating = "—" if pd.isna(summed.rating) else number(summed.rating, 2)
    cards(
        Card("review.cases", number(summed.count)),
        Card("review.case_open", number(summed.open)),
        Card("review.rating", rating, against=plain("review.rated", n=summed.rated)),
    )
    left, right = st.columns(2)
    with left:
        draw(summed.reasons, REASONS, key="review_reasons")
    with right:
        draw(summed.ageing, AGEING, key="review_ageing")
    draw(summed.goods.head(20), GOODS, key="review_case_goods")
