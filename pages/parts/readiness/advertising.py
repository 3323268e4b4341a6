"""Bought advertising on the readiness page: places, budget, expected visitors, cost per visitor against the
plan."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pandas as pd
import streamlit as st

from core.clock import local_naive, parse_local
from core.money import from_yuan
from core.readiness import advertising
from core.readiness.advertising import NewResource
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import refusals
from pages.parts.components.tables import draw, table
from pages.parts.components.text import known, money, money_short, number_short, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

CHANNELS = ("search", "recommendation", "live_room", "paid")
PLACES = (
    Column("name", "readiness.place", pinned=True, width="medium"),
    Column("channel", "readiness.channel"),
    Column("starts_at", "readiness.starts_at", "moment"),
    Column("ends_at", "readiness.ends_at", "moment"),
    Column("budget", "readiness.budget", "money"),
    Column("expected_visitors", "readiness.expected_visitors", "integer"),
    Column("cost_per_visitor", "readiness.cost_per_visitor", "price", help="readiness.cost_per_visitor_help"),
    Column("share_of_plan", "readiness.share_of_plan", "percent", help="readiness.share_of_plan_help"),
)


AGAINST = (
    Column("channel", "readiness.channel", pinned=True),
    Column(
        "planned_visitors", "readiness.planned_visitors", "integer", help="readiness.planned_visitors_help"
    ),
    Column("expected_visitors", "readiness.expected_visitors", "integer"),
    Column(
        "missing_visitors", "readiness.missing_visitors", "integer", help="readiness.missing_visitors_help"
    ),
    Column("budget", "readiness.budget", "money"),
    Column("cost_per_visitor", "readiness.cost_per_visitor", "price", help="readiness.cost_per_visitor_help"),
    Column("planned_cost", "readiness.planned_cost", "price", help="readiness.planned_cost_help"),
)


def plan(page: PageContext) -> None:
    """The places with their sum, and the form for another one."""
    frame = advertising.resources(page.database, page.actor, page.campaign_id)
    places, whole = frame.iloc[:-1], frame.iloc[-1]
    if places.empty:
        empty("readiness.no_resources")
    else:
        cards(
            Card("readiness.budget", money_short(int(whole["budget"]))),
            Card("readiness.expected_visitors", number_short(int(whole["expected_visitors"]))),
            Card(
                "readiness.cost_per_visitor",
                money(int(whole["cost_per_visitor"])),
                help="readiness.cost_per_visitor_help",
            ),
            Card(
                "readiness.share_of_plan",
                percent(float(whole["share_of_plan"])),
                help="readiness.share_of_plan_help",
            ),
        )
        _against_plan(page)
        shown = table(
            places.assign(channel=places["channel"].map(_channel)).set_index("resource_id", drop=False),
            PLACES,
            key="readiness_places",
            search=("name", "channel"),
            export="advertising",
            pick=True,
        )
        if shown.picked is not None and page.may("readiness.edit"):
            _drop(page, str(shown.picked))
    if page.may("readiness.edit"):
        _add(page)


def _against_plan(page: PageContext) -> None:
    """Channel by channel: visitors bought of those that the plan wants, and what one costs beside the plan's
    price."""
    frame = advertising.against_plan(page.database, page.actor, page.campaign_id)
    st.markdown(f"**{t('readiness.against_plan_by_channel')}**")
    draw(
        frame.assign(channel=frame["channel"].map(_channel)),
        AGAINST,
        key="readiness_against_plan",
        pick=False,
    )


def _channel(code: str) -> str:
    return plain(f"channel.{code}") if known(f"channel.{code}") else code


def _drop(page: PageContext, resource_id: str) -> None:
    if st.button(t("readiness.drop_place"), icon=":material/delete:"):
        advertising.drop_resource(page.database, page.actor, page.campaign_id, resource_id, page.now)
        st.rerun()


def _add(page: PageContext) -> None:
    opening = local_naive(pd.Series([pd.Timestamp(page.sale.opens_at)]), page.sale.timezone).iloc[0]
    with (
        st.expander(t("readiness.add_place"), icon=":material/add:"),
        st.form("readiness_place", clear_on_submit=True),
    ):
        name = st.text_input(t("readiness.place"))
        channel = st.selectbox(
            t("readiness.channel"),
            CHANNELS,
            format_func=lambda code: t(f"channel.{code}"),
            accept_new_options=True,
        )
        first, second = st.columns(2)
        span = first.date_input(t("readiness.span"), (opening.date() - timedelta(days=7), opening.date()))
        budget = second.number_input(t("readiness.budget_yuan"), 0, 10**9, 0, step=1000)
        visitors = second.number_input(t("readiness.expected_visitors"), 0, 10**9, 0, step=1000)
        if st.form_submit_button(t("readiness.add_place"), type="primary"):
            with refusals():
                days = list(span) if isinstance(span, tuple) else [span]
                start, end = (
                    parse_local(datetime.combine(one, time()).isoformat(), page.sale.timezone)
                    for one in (days[0], days[-1] + timedelta(days=1))
                )
                advertising.put_resource(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    NewResource(name, str(channel or ""), start, end, from_yuan(int(budget)), int(visitors)),
                    page.now,
                )
                st.rerun()
