"""The encore: goods by the profit that is likely to be kept, what it adds to the coming days, and the one click that
makes it."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st

from core import clock
from core.campaign import service as campaigns
from core.review.encores import comeback as service
from core.review.encores.comeback import Arranged, Load, Wanted
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw, table
from pages.parts.components.text import money_short, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.links import link

GOODS = (
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.name"),
    Column("tier", "review.tier", "state", words="tier"),
    Column("why", "review.why", "state", words="encore_why"),
    Column("value", "review.encore_value", "money", help="review.encore_value_help"),
    Column("leftover", "review.leftover", "integer"),
    Column("expected_units", "review.encore_units", "integer", help="review.encore_units_help"),
    Column("carted", "review.carted", "integer", help="review.carted_help"),
    Column("sale_price", "review.encore_sale_price", "price"),
    Column("price", "review.encore_price", "price", help="review.encore_price_help"),
    Column("check", "review.encore_check"),
    Column("price_base", "review.encore_base", "price", help="review.encore_base_help"),
    Column("floor", "review.encore_floor", "price"),
    Column("margin", "review.encore_margin", "price", help="review.encore_margin_help"),
    Column("return_rate", "review.return_rate", "percent"),
    Column("missing", "review.encore_missing", "integer", help="review.encore_missing_help"),
    Column("moq", "review.encore_moq", "integer"),
)
SWAPS = (
    Column("sku_code", "review.sku_code", "code"),
    Column("name", "review.swap_out"),
    Column("why", "review.why", "state", words="encore_why"),
    Column("sold", "review.swap_sold", "integer"),
    Column("in_code", "review.sku_code", "code"),
    Column("in_name", "review.swap_in"),
)
HOURS = 62  # of an encore that nobody has timed: from ten in the morning to midnight two days later


def encore(page: PageContext) -> None:
    """The list, what it adds to the coming days, and the phase."""
    offer = service.offer(page.database, page.actor, page.campaign_id, page.moment)
    goods = offer.goods
    chosen = goods[goods["why"] == ""]
    units = number(round(float(chosen["expected_units"].sum())))
    words = [t("review.encore_sum", n=len(chosen), units=units, carted=int(chosen["carted"].sum()))]
    if "value" in chosen:
        words.append(t("review.encore_keeps", value=money_short(round(float(chosen["value"].sum())))))
    st.markdown(" ".join(words))
    if len(chosen):
        st.caption(_load(offer.load))
    if page.may("review.edit") and len(chosen):
        _arrange(page, int(chosen["above_base"].sum()))
    shown = goods.assign(check=[plain("review.encore_above") if one else "" for one in goods["above_base"]])
    table(
        shown.reset_index().set_index("sku_code", drop=False),
        [column for column in GOODS if column.name in {*shown.columns, "sku_code"}],
        key="review_encore",
        search=("sku_code", "name"),
        export="encore",
    )
    if len(offer.swaps):
        st.markdown(f"**{t('review.swaps')}**")
        st.caption(t("review.swaps_note"))
        draw(offer.swaps.assign(sold=offer.swaps["sold"].round().astype("int64")), SWAPS, key="review_swaps")


def _load(load: Load) -> str:
    """What an encore adds to each of its days."""
    stages = " · ".join(f"{plain(f'stage.{name}')} {number(hours, 1)}" for name, hours in load.hours.items())
    return t(
        "review.encore_load",
        orders=number(round(load.orders)),
        stages=stages,
        contacts=number(round(load.contacts)),
        agents=number(load.agent_hours, 1),
        back=number(round(load.returned)),
    )


def _arrange(page: PageContext, doubtful: int) -> None:
    """One form, one click: the phase, its prices, labels and tasks."""
    mine = campaigns.load(page.database, page.actor, page.campaign_id)
    if any(phase.kind == service.PHASE and phase.ends_at > page.moment for phase in mine.phases):
        link("pricing", t("review.encore_stands"))
        return
    own = clock.zone(mine.timezone)
    local = max(page.moment, mine.closes_at).astimezone(own)
    start = local.replace(hour=10, minute=0, second=0, microsecond=0, tzinfo=None) + timedelta(days=1)
    with st.form("review_arrange", border=True), st.container(horizontal=True, vertical_alignment="bottom"):
        opens = st.datetime_input(t("review.encore_opens"), start, key="encore_opens")
        closes = st.datetime_input(
            t("review.encore_closes"), start + timedelta(hours=HOURS), key="encore_closes"
        )
        limit = st.number_input(
            t("review.encore_limit"), 0, 999, 0, key="encore_limit", help=t("review.encore_limit_help")
        )
        pressed = st.form_submit_button(t("review.encore_make"), type="primary", icon=":material/replay:")
    st.caption(t("review.encore_form_note", n=doubtful))
    if pressed:
        clocks = [clock.utc(moment.replace(tzinfo=own)) for moment in (opens, closes)]
        _make(page, clocks, int(limit), mine.version)


def _make(page: PageContext, clocks: list[datetime], limit: int, version: int) -> None:
    wanted = Wanted(
        clocks[0],
        clocks[1],
        {key: plain(key) for key, _ in service.TASKS},
        version,
        plain("review.encore_reason"),
        limit=limit or None,
    )
    attempt(
        lambda: service.arrange(page.database, page.actor, page.campaign_id, wanted, now=page.now),
        _said,
        "success",
    )


def _said(result: Arranged) -> str:
    facts = {"n": len(result.priced), "waiting": len(result.waiting), "asked": result.asked}
    words = [t("review.encore_made", **facts)]
    if result.waiting:
        words.append(t("review.encore_asked", **facts))
    if result.refused:
        words.append(t("review.encore_refused", codes=list(result.refused)))
    return " ".join(words)
