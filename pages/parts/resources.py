"""Bought advertising on the readiness page: places, budget, expected visitors, cost per visitor against the plan."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pandas as pd
import streamlit as st

from core.access import Actor, allowed
from core.clock import local_naive, parse_local
from core.database import Database
from core.errors import ShopError
from core.money import from_yuan
from core.readiness import advertising
from pages.parts.cards import Card, cards
from pages.parts.columns import Column
from pages.parts.empty import empty
from pages.parts.picker import Chosen
from pages.parts.tables import draw, table
from pages.parts.text import error_text, known, money, money_short, number_short, percent, plain, t

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
    Column("planned_visitors", "readiness.planned_visitors", "integer", help="readiness.planned_visitors_help"),
    Column("expected_visitors", "readiness.expected_visitors", "integer"),
    Column("missing_visitors", "readiness.missing_visitors", "integer", help="readiness.missing_visitors_help"),
    Column("budget", "readiness.budget", "money"),
    Column("cost_per_visitor", "readiness.cost_per_visitor", "price", help="readiness.cost_per_visitor_help"),
    Column("planned_cost", "readiness.planned_cost", "price", help="readiness.planned_cost_help"),
)


def plan(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """The places with their sum, and the form for another one."""
    frame = advertising.resources(db, user, chosen.campaign_id)
    places, whole = frame.iloc[:-1], frame.iloc[-1]
    if places.empty:
        empty("readiness.no_resources")
    else:
        cards(
            Card("readiness.budget", money_short(int(whole["budget"]))),
            Card("readiness.expected_visitors", number_short(int(whole["expected_visitors"]))),
            Card("readiness.cost_per_visitor", money(int(whole["cost_per_visitor"])), help="readiness.cost_per_visitor_help"),
            Card("readiness.share_of_plan", percent(float(whole["share_of_plan"])), help="readiness.share_of_plan_help"),
        )
        _against_plan(db, user, chosen)
        shown = table(
            places.assign(channel=places["channel"].map(_channel)).set_index("resource_id", drop=False),
            PLACES,
            key="readiness_places",
            search=("name", "channel"),
            export="advertising",
            pick=True,
        )
        if shown.picked is not None and allowed(user, "readiness.edit"):
            _drop(db, user, chosen, str(shown.picked), now)
    if allowed(user, "readiness.edit"):
        _add(db, user, chosen, now)


def _against_plan(db: Database, user: Actor, chosen: Chosen) -> None:
    """Channel by channel: visitors bought of those that the plan wants, and what one costs beside the plan's price."""
    frame = advertising.against_plan(db, user, chosen.campaign_id)
    st.markdown(f"**{t('readiness.against_plan_by_channel')}**")
    draw(frame.assign(channel=frame["channel"].map(_channel)), AGAINST, key="readiness_against_plan", pick=False)


def _channel(code: str) -> str:
    return plain(f"channel.{code}") if known(f"channel.{code}") else code


def _drop(db: Database, user: Actor, chosen: Chosen, resource_id: str, now: datetime) -> None:
    if st.button(t("readiness.drop_place"), icon=":material/delete:"):
        advertising.drop_resource(db, user, chosen.campaign_id, resource_id, now)
        st.rerun()


def _add(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    opening = local_naive(pd.Series([pd.Timestamp(chosen.opens_at)]), chosen.timezone).iloc[0]
    with st.expander(t("readiness.add_place"), icon=":material/add:"), st.form("readiness_place", clear_on_submit=True):
        name = st.text_input(t("readiness.place"))
        channel = st.selectbox(
            t("readiness.channel"), CHANNELS, format_func=lambda code: t(f"channel.{code}"), accept_new_options=True
        )
        first, second = st.columns(2)
        span = first.date_input(t("readiness.span"), (opening.date() - timedelta(days=7), opening.date()))
        budget = second.number_input(t("readiness.budget_yuan"), 0, 10**9, 0, step=1000)
        visitors = second.number_input(t("readiness.expected_visitors"), 0, 10**9, 0, step=1000)
        if st.form_submit_button(t("readiness.add_place"), type="primary"):
            try:
                days = list(span) if isinstance(span, tuple) else [span]
                start, end = (
                    parse_local(datetime.combine(one, time()).isoformat(), chosen.timezone)
                    for one in (days[0], days[-1] + timedelta(days=1))
                )
                advertising.put_resource(
                    db, user, chosen.campaign_id, name, str(channel or ""), start, end, from_yuan(int(budget)), int(visitors), now
                )
                st.rerun()
            except ShopError as error:
                st.error(error_text(error))
