"""Where the shop's figures come from by themselves: a card a source, what to do when it is red, and its files."""

from __future__ import annotations

from collections import Counter
from functools import partial

import pandas as pd
import streamlit as st

from core.connect import service, turning
from core.errors import ShopError
from pages.parts.admin import feeds, use
from pages.parts.admin.stream import stream
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, flash, refusals
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import ago, error_text, literal, number, plain, t
from pages.parts.entry.context import PageContext

FILES = (
    Column("path", "connect.file", "text", pinned=True, width="medium"),
    Column("state", "connect.state", "state", words="inbox_state"),
    Column("kind", "connect.kind", "state", words="kind"),
    Column("why", "connect.why", "text", width="large"),
    Column("rows", "connect.rows", "integer"),
    Column("added", "connect.added", "integer"),
    Column("changed", "connect.changed", "integer"),
    Column("rejected", "connect.rejected", "integer"),
    Column("arrived_at", "connect.arrived_at", "moment"),
    Column("at", "connect.at", "moment", shown=False),
)
FILTERED = ("waiting", "refused", "taken", "repeated")


def sources(page: PageContext) -> None:
    """Every source with its state, its buttons and its files."""
    shown = service.cards(page.database, page.actor, page.now)
    known = feeds.feeds(page)
    with st.container(border=not known, key="source_new"):
        feeds.new(page, known)
    stream(page)
    if not shown:
        st.caption(t("connect.none"))
        return
    for card in shown:
        with st.container(border=True, key=f"source_{card.source}"):
            _source(page, card)
    _files(page)


def _source(page: PageContext, card: service.Card) -> None:
    st.subheader(t(f"connect.{card.source}"), anchor=False)
    st.caption(t("connect.note", kinds=" / ".join(service.KINDS)))
    st.code(card.address, language=None)
    used = card.used
    last = ago(used.last_arrival, page.now) if used.last_arrival else plain("connect.never")
    lag = "—" if card.lag_s is None else number(card.lag_s, 1)
    cards(
        Card("connect.state", plain(f"source_state.{card.state}"), alarm=card.state in {"red", "silent"}),
        Card("connect.last_arrival", last),
        Card("connect.rows", number(card.rows), help="connect.rows_help"),
        Card(
            "connect.lag",
            lag,
            unit=plain("connect.seconds") if card.lag_s is not None else "",
            help="connect.lag_help",
        ),
        Card(
            "connect.refused", number(used.refused), unit=plain("connect.files"), help="connect.refused_help"
        ),
        Card(
            "connect.waiting", number(used.waiting), unit=plain("connect.files"), help="connect.waiting_help"
        ),
    )
    say = {"red": st.error, "silent": st.warning, "waiting": st.warning}.get(card.state, st.caption)
    say(t(f"connect.do.{card.state}"))
    if used.fault:
        st.caption(error_text(ShopError(used.fault, folder=card.address, file="…")))
    _buttons(page, card)


def _buttons(page: PageContext, card: service.Card) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        look = st.button(t("connect.look"), icon=":material/refresh:", type="primary", key="inbox_look")
        test = st.button(t("connect.test"), icon=":material/network_check:", key="inbox_test")
        pressed = use.controls(card.used, "inbox", "connect.silent_after")
    if look:
        _look(page)
    if test:
        with refusals():
            st.success(t("connect.tested", n=service.reach(page.actor)))
    use.obey(
        pressed,
        card.used,
        partial(turning.change, page.database, page.actor, service.INBOX, page.now),
        "connect.paused",
    )


def _look(page: PageContext) -> None:
    with refusals():
        states = Counter(one.state for one in service.collect(page.database, page.actor, page.now))
        counts = {name: states[name] for name in ("taken", "waiting", "refused")}
        flash(t("connect.looked", **counts))
        st.rerun()


def _files(page: PageContext) -> None:
    frame = service.files(page.database, page.actor)
    if frame.empty:
        st.caption(t("connect.empty"))
        return
    frame["why"] = [
        error_text(ShopError(code, **facts)) if code else ""
        for code, facts in zip(frame["code"], frame["facts"], strict=True)
    ]
    frame = frame.set_index("file_id", drop=False)
    filters = tuple(Filter(name, f"inbox_state.{name}", partial(_in_state, name)) for name in FILTERED)
    shown = table(
        frame, FILES, key="inbox_files", filters=filters, search=("path", "why"), export="inbox", pick=True
    )
    if shown.picked is not None:
        _file(page, row_of(frame, shown.picked))


def _in_state(state: str, rows: pd.DataFrame) -> pd.Series:
    return rows["state"] == state


def _file(page: PageContext, row: pd.Series) -> None:
    """One file: why it waits, and what somebody can do about it."""
    if row["state"] != "waiting":
        return
    with st.container(border=True, key="inbox_file"):
        st.subheader(literal(row["path"]), anchor=False)
        st.markdown(literal(row["why"]))
        unknown = row["code"] == "connect.unrecognised" or not row["kind"]
        how = (
            t("connect.waits_unknown", kinds=" / ".join(service.KINDS))
            if unknown
            else t("connect.waits_how", kind=row["kind"])
        )
        st.caption(how)
        if st.button(t("connect.refuse"), icon=":material/block:", key="inbox_refuse"):
            file_id = str(row["file_id"])
            attempt(
                lambda: service.refuse(page.database, page.actor, file_id, page.now), t("connect.was_refused")
            )
