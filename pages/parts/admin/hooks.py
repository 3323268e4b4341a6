"""Shop systems that call: a new one, its address for the other side, what its bodies mean, and what came."""

from __future__ import annotations

import streamlit as st

from core.connect.feeds import hooks
from core.connect.feeds.service import Card
from core.connect.feeds.setup import Layout
from core.errors import ShopError
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, flash, refusals
from pages.parts.components.tables import table
from pages.parts.components.text import error_text, plain, t
from pages.parts.entry.context import PageContext

DELIVERIES = (
    Column("at", "connect.at", "moment"),
    Column("topic", "connect.topic", "text"),
    Column("state", "connect.state", "state", words="delivery_state"),
    Column("rows", "connect.rows", "integer"),
    Column("refused", "connect.refused", "integer"),
    Column("why", "connect.why", "text", width="large"),
    Column("delivery_id", "connect.delivery_id", "code", shown=False),
)


def new_hook(page: PageContext, known: int) -> None:
    """The form; its secret is forgotten with the source that it led to."""
    st.caption(t("connect.new_hook_note"))
    with st.form("new_hook", border=False):
        name = st.text_input(t("connect.name"), value="shopify", max_chars=64, help=t("connect.name_help"))
        system = st.selectbox(
            t("connect.system"), list(hooks.SYSTEMS), format_func=lambda one: plain(f"feed_system.{one}")
        )
        secret = st.text_input(
            t("connect.secret"), type="password", key=f"secret_{known}", help=t("connect.secret_help")
        )
        if st.form_submit_button(t("connect.add"), type="primary"):
            with refusals():
                ours = hooks.add(page.database, page.actor, name.strip(), str(system), secret, page.now)
                if ours:
                    flash(t("connect.our_secret", secret=ours), "warning")
                st.rerun()


def hook(page: PageContext, card: Card) -> None:
    """What the other side is told, what its bodies mean, and what came from it."""
    st.caption(t(f"connect.hook_how.{card.system}"))
    st.code(hooks.door(card.source), language=None)
    _secret(page, card)
    if card.system == "generic" and st.toggle(t("connect.what"), key=f"what_{card.source}"):
        _mapping(page, card)
    if card.system == "shopify" and st.toggle(t("connect.teach"), key=f"teach_{card.source}"):
        _teach(page, card)
    frame = hooks.deliveries(page.database, page.actor, card.source)
    if frame.empty:
        return
    frame["why"] = [
        error_text(ShopError(code, rows=rows)) if code else ""
        for code, rows in zip(frame["code"], frame["rows"], strict=True)
    ]
    table(frame, DELIVERIES, key=f"deliveries_{card.source}", search=("topic", "why"), export="deliveries")


def _secret(page: PageContext, card: Card) -> None:
    """A new signing secret, beside the one before it for a week."""
    until = hooks.both_until(page.database, page.actor, card.source, page.now)
    if until is not None:
        st.caption(t("connect.both_count", until=until))
        if st.button(t("connect.retire"), key=f"retire_{card.source}"):
            attempt(
                lambda: hooks.retire(page.database, page.actor, card.source, page.now), t("connect.saved")
            )
    with (
        st.popover(t("connect.rotate"), icon=":material/key:"),
        st.form(f"rotate_{card.source}", border=False, clear_on_submit=True),
    ):
        st.caption(t("connect.rotate_note"))
        secret = ""
        if card.system != "generic":
            secret = st.text_input(t("connect.secret"), type="password", help=t("connect.secret_help"))
        if st.form_submit_button(t("connect.rotate"), type="primary"):
            with refusals():
                ours = hooks.rotate(page.database, page.actor, card.source, secret, page.now)
                flash(t("connect.our_secret", secret=ours) if ours else t("connect.saved"), "warning")
                st.rerun()


def _teach(page: PageContext, card: Card) -> None:
    """What a shop system's numbers of places and items are called here."""
    with st.form(f"names_{card.source}", border=False):
        st.caption(t("connect.teach_note"))
        named = hooks.places(page.database, page.actor, card.source)
        places = st.text_area(t("connect.places"), value=named, height=100, placeholder="655441491 上海仓")
        items = st.text_area(t("connect.items"), height=100, placeholder="49148385 S01")
        if st.form_submit_button(t("common.save"), type="primary"):
            attempt(
                lambda: hooks.teach(page.database, page.actor, card.source, places, items, page.now),
                lambda n: t("connect.taught", n=n),
            )


def _mapping(page: PageContext, card: Card) -> None:
    """From one sample body to what every body means."""
    shipped = st.pills(
        t("connect.shipped_sample"),
        list(hooks.SAMPLES),
        format_func=lambda one: plain(f"feed_system.{one}"),
        key=f"shipped_{card.source}",
    )
    usual, known, mark = "", None, card.source
    if shipped:
        mark = f"{card.source}_{shipped}"
        usual, known = hooks.shipped_sample(page.actor, str(shipped))
        st.caption(t(f"connect.hook_how.{shipped}"))
    text = st.text_area(t("connect.sample_body"), value=usual, key=f"sample_{mark}", height=160)
    if not text.strip():
        return
    with refusals():
        lists = ["", *hooks.sample_of(page.actor, text).lists]
        lines = st.selectbox(
            t("connect.lines"),
            lists,
            index=min(1, len(lists) - 1),
            format_func=lambda one: one or plain("connect.no_list"),
            key=f"lines_{card.source}",
        )
        sample = hooks.sample_of(page.actor, text, str(lines or ""))
        likely = known.usual if known is not None and lines == known.lines else sample.usual
        chosen: dict[str, str] = {}
        with st.grid(4, min_column_width=170):
            for one in (*hooks.REQUIRED["orders"], *hooks.OPTIONAL["orders"]):
                best = likely.get(one)
                picked = st.selectbox(
                    t(f"feed_field.{one}"),
                    sample.paths,
                    index=sample.paths.index(best) if best in sample.paths else None,
                    key=f"path_{mark}_{lines}_{one}",
                    placeholder=plain("connect.no_column"),
                )
                chosen |= {one: picked} if picked else {}
        unit = st.segmented_control(
            t("connect.unit"),
            ["yuan", "fen"],
            default="yuan",
            required=True,
            format_func=lambda one: plain(f"connect.unit_{one}"),
            key=f"unit_{card.source}",
        )
        layout = Layout("orders", chosen, unit=str(unit))
        if st.button(t("common.save"), type="primary", key=f"map_{card.source}"):
            attempt(
                lambda: hooks.map_body(
                    page.database, page.actor, card.source, layout, str(lines or ""), text, page.now
                ),
                lambda rows: t("connect.mapped", n=rows),
            )
