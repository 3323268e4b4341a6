"""The shop's own stream of events: its card, with what waits at the other side."""

from __future__ import annotations

from functools import partial

import streamlit as st

from core.connect import turning
from core.connect.stream import service
from core.errors import ShopError
from pages.parts.admin import use
from pages.parts.components.cards import Card, cards
from pages.parts.components.feedback import refusals
from pages.parts.components.text import ago, error_text, literal, number, plain, t
from pages.parts.entry.context import PageContext


def stream(page: PageContext) -> None:
    """The card of the stream where one is set up; how one is set up where none is."""
    shown = service.cards(page.database, page.actor, page.now)
    if not shown:
        st.caption(t("connect.no_stream_yet"))
    for card in shown:
        with st.container(border=True, key="source_stream"):
            _card(page, card)


def _card(page: PageContext, card: service.Card) -> None:
    used = card.used
    st.subheader(t("connect.stream"), anchor=False)
    st.caption(t("connect.stream_note", stream=literal(card.stream), servers=literal(card.servers)))
    last = ago(used.last_arrival, page.now) if used.last_arrival else plain("connect.never")
    events = plain("connect.events")
    cards(
        Card("connect.state", plain(f"source_state.{card.state}"), alarm=card.state in {"red", "silent"}),
        Card("connect.last_arrival", last),
        Card("connect.rows", number(card.rows), unit=events, help="connect.stream_rows_help"),
        Card(
            "connect.pending",
            "—" if card.pending is None else number(card.pending),
            unit="" if card.pending is None else plain("connect.messages"),
            help="connect.pending_help",
        ),
        Card("connect.refused", number(card.refused), unit=events, help="connect.stream_refused_help"),
    )
    say = {"red": st.error, "silent": st.warning}.get(card.state, st.caption)
    say(t(f"connect.stream_do.{card.state}"))
    if used.fault:
        st.caption(error_text(ShopError(used.fault, **used.facts)))
    _buttons(page, card)


def _buttons(page: PageContext, card: service.Card) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        test = st.button(t("connect.test"), icon=":material/network_check:", key="stream_test")
        pressed = use.controls(card.used, "stream", "connect.stream_silent_after")
    if test:
        with refusals():
            reached = service.test(page.actor)
            st.success(t("connect.stream_reached", n=reached.messages, pending=reached.pending))
    use.obey(
        pressed,
        card.used,
        partial(turning.change, page.database, page.actor, service.NATS, page.now),
        "connect.stream_paused",
    )
