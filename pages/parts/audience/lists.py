"""Lists: whom one could reach, what the last lists have proven, and the lists that were made."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.lists import service
from core.lists.rules import Plan
from pages.parts.audience import list_made, list_making
from pages.parts.audience.remembered import remembered
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.tables import table
from pages.parts.components.text import money_short, number, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext

OFFERS = (
    Column("name", "lists.kind", pinned=True),
    Column("people", "lists.people", "integer"),
    Column("worth", "lists.worth", "money", help="lists.worth_help"),
    Column("advice", "lists.advice", "state", words="list_advice"),
    Column("proven", "lists.proven", "price", help="lists.proven_help"),
    Column("expected", "lists.expected", "money", help="lists.expected_help"),
    Column("most", "lists.most", "money", help="lists.most_help"),
    Column("in_app", "lists.in_app", "integer", help="lists.in_app_help"),
    Column("by_order", "lists.by_order", "integer", help="lists.by_order_help"),
    Column("offer", "audience.action"),
    Column("proven_in", "lists.proven_in"),
)
MADE = (
    Column("name", "lists.name", pinned=True),
    Column("kind_name", "lists.kind"),
    Column("state", "lists.state", "state", words="list_state"),
    Column("people", "lists.people", "integer"),
    Column("control", "lists.held", "integer"),
    Column("booked", "lists.booked", "money"),
    Column("sent_at", "lists.sent_at", "moment"),
    Column("campaign", "lists.campaign"),
    Column("account", "lists.account", "person"),
)


def load(page: PageContext) -> None:
    """The tab."""
    st.caption(t("lists.note"))
    all_lists = service.listed(page.database, page.actor)
    offers = remembered(
        page, "offers", lambda one: service.offers(one.database, one.actor, one.campaign_id, Plan(), one.now)
    )
    _answer(all_lists, offers)
    rows = offers.assign(
        name=[plain(f"list_kind.{kind}") for kind in offers["kind"]],
        offer=[plain(f"list_offer.{kind}") for kind in offers["kind"]],
        proven=offers["proven"].astype("Float64").round().astype("Int64"),
    )
    table(rows.set_index("kind"), OFFERS, key="list_offers", export="lists")
    if page.may("audience.edit"):
        list_making.form(page)
    if all_lists.empty:
        st.info(t("lists.none"), icon=":material/group:")
        return
    _made(page, all_lists)


def _answer(all_lists: pd.DataFrame, offers: pd.DataFrame) -> None:
    running = all_lists[all_lists["state"] != "judged"]
    proven = offers["proven"].notna()
    worth = (offers["proven"].astype("Float64") * offers["people"])[proven & (offers["advice"] == "call")]
    cards(
        Card("lists.running", number(len(running))),
        Card("lists.held", number(int(running["control"].sum())), help="lists.control_help"),
        Card("lists.booked_all", money_short(int(all_lists["booked"].sum())), help="lists.expected_help"),
        Card(
            "lists.proof_cards", money_short(round(float(worth.sum())), sign=True), help="lists.proven_help"
        ),
        strip=True,
    )


def _made(page: PageContext, all_lists: pd.DataFrame) -> None:
    st.subheader(t("lists.lists_made"))
    rows = all_lists.assign(kind_name=[plain(f"list_kind.{kind}") for kind in all_lists["kind"]])
    table(rows.set_index("list_id"), MADE, key="lists_made")
    names = dict(zip(all_lists["list_id"], all_lists["name"], strict=True))
    with kept("list", next(iter(names)), names):
        picked = st.selectbox(t("lists.picked"), list(names), key="list", format_func=lambda key: names[key])
    list_made.show(page, str(picked))
