"""Sources that bring rows by themselves: a card each, what is read of it, and the way to a new one."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial

import streamlit as st

from core.connect import turning
from core.connect.feeds import nightly, open_rows, service, setup
from core.connect.feeds.service import Card as Source
from core.connect.feeds.setup import Layout
from core.errors import ShopError
from pages.parts.admin import use
from pages.parts.admin.hooks import hook, new_hook
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.feedback import attempt, flash, refusals
from pages.parts.components.tables import table
from pages.parts.components.text import ago, error_text, literal, number, plain, t
from pages.parts.entry.context import PageContext

OWN_SELECT = "\x01select"
OPEN_ROWS = (
    Column("kind", "connect.kind", "state", words="feed_kind"),
    Column("row_key", "connect.row_key", "code", pinned=True),
    Column("order_id", "connect.order_id", "code"),
    Column("sku_code", "goods.sku_code", "code"),
    Column("why", "connect.why", "text", width="large"),
)
ALARMS = {"red", "silent"}


def feeds(page: PageContext) -> int:
    """Every such source with its state and its buttons; how many there are."""
    shown = service.cards(page.database, page.actor, page.now)
    for card in shown:
        with st.container(border=True, key=f"source_{card.source}"):
            _source(page, card)
    return len(shown)


def new(page: PageContext, known: int) -> None:
    """The way to a new source: open where none is `known`, else behind a button."""
    if known:
        with st.popover(t("connect.add"), icon=":material/add_link:"):
            _new_database(page, known)
    else:
        _new_database(page, known)
    _new_hook(page, known)


def _new_hook(page: PageContext, known: int) -> None:
    with st.popover(t("connect.new_hook"), icon=":material/webhook:"):
        new_hook(page, known)


def _new_database(page: PageContext, known: int) -> None:
    """The form; its address is forgotten with the source that it led to."""
    st.subheader(t("connect.new_database"), anchor=False)
    st.caption(t("connect.new_database_note"))
    with st.form("new_database", border=False):
        name = st.text_input(t("connect.name"), value="erp", max_chars=64, help=t("connect.name_help"))
        address = st.text_input(
            t("connect.address"),
            type="password",
            placeholder="postgresql://reader:password@10.0.0.8:5432/shop",
            help=t("connect.address_help"),
            key=f"address_{known}",
        )
        if st.form_submit_button(t("connect.connect"), type="primary", icon=":material/link:"):
            attempt(
                lambda: setup.add(page.database, page.actor, name.strip(), address, page.now),
                lambda looked: t("connect.connected", n=len(looked.tables)),
            )


def _source(page: PageContext, card: Source) -> None:
    st.subheader(literal(card.source), anchor=False)
    st.caption(
        t("connect.feed_note", system=plain(f"feed_system.{card.system}"), dialect=literal(card.dialect))
    )
    _figures(page, card)
    say = {"red": st.error, "silent": st.warning, "waiting": st.warning}.get(card.state, st.caption)
    say(t(f"connect.feed_do.{card.state}"))
    if card.used.fault:
        st.caption(error_text(ShopError(card.used.fault, **card.used.facts)))
    if card.used.fault == "connect.sheet_waits":
        name = card.source
        download(
            Button(t("connect.sheet"), key=f"sheet_{name}"),
            File(f"{name}.csv", "text/csv"),
            lambda fresh: open_rows.waiting_sheet(fresh.database, fresh.actor, name, fresh.now)[1],
            action="settings.manage",
        )
    _compared(card)
    _open_rows(page, card)
    _buttons(page, card)
    if card.system != setup.DATABASE:
        hook(page, card)
        _remove(page, card)
    elif card.state == "empty" or st.toggle(t("connect.what"), key=f"what_{card.source}"):
        _kind(page, card)


def _compared(card: Source) -> None:
    """What the night's comparison with the shop's database came to."""
    if not card.compared:
        return
    days = card.compared["days"]
    at = datetime.fromisoformat(card.compared["at"])
    if not days:
        st.caption(t("connect.compared_same", at=at))
        return
    lines = [
        t("connect.compared_day", **(one | {"kind": f"@feed_kind.{one['kind']}", "day": one["day"] or "—"}))
        for one in days
    ]
    st.warning("\n".join([t("connect.compared_differs", at=at), *(f"- {line}" for line in lines)]))


def _figures(page: PageContext, card: Source) -> None:
    used = card.used
    last = ago(used.last_arrival, page.now) if used.last_arrival else plain("connect.never")
    lag = "—" if card.lag_s is None else number(card.lag_s, 1)
    unit = "" if card.lag_s is None else plain("connect.seconds")
    rows = plain("connect.rows_unit")
    cards(
        Card("connect.state", plain(f"source_state.{card.state}"), alarm=card.state in ALARMS),
        Card("connect.last_arrival", last),
        Card("connect.rows", number(card.rows), help="connect.feed_rows_help"),
        Card("connect.lag", lag, unit=unit, help="connect.feed_lag_help"),
        Card("connect.refused", number(card.open.refused), unit=rows, help="connect.feed_refused_help"),
        Card("connect.waiting", number(card.open.gone), unit=rows, help="connect.feed_waiting_help"),
    )
    if card.open.outside:
        st.caption(t("connect.outside", n=card.open.outside))


def _buttons(page: PageContext, card: Source) -> None:
    name = card.source
    with st.container(horizontal=True, vertical_alignment="bottom"):
        polled = card.system == setup.DATABASE
        look = polled and st.button(t("connect.look"), icon=":material/refresh:", key=f"look_{name}")
        test = polled and st.button(t("connect.test"), icon=":material/network_check:", key=f"test_{name}")
        beside = polled and st.button(
            t("connect.compare"), icon=":material/compare_arrows:", key=f"compare_{name}"
        )
        pressed = use.controls(card.used, f"feed_{name}", "connect.feed_silent_after")
    if look:
        attempt(
            lambda: service.collect(page.database, page.actor, name, page.now),
            lambda done: t("connect.feed_looked", rows=done.rows, refused=done.refused),
        )
    if test:
        _test(page, name)
    if beside:
        attempt(
            lambda: nightly.compare(page.database, page.actor, name, page.now),
            lambda n: t("connect.compared_done", n=n),
        )
    use.obey(
        pressed,
        card.used,
        partial(turning.change, page.database, page.actor, name, page.now),
        "connect.feed_paused",
    )


def _test(page: PageContext, name: str) -> None:
    with refusals():
        tried = service.test(page.database, page.actor, name)
        for one in tried:
            differs = one.kind in setup.EVENT_KINDS and (one.there != one.known or one.blank)
            sentence = t(
                "connect.beside",
                kind=f"@feed_kind.{one.kind}",
                there=one.there,
                known=one.known,
                blank=one.blank,
            )
            (st.warning if differs else st.success)(sentence)
        if not tried:
            st.success(t("connect.reachable"))


def _open_rows(page: PageContext, card: Source) -> None:
    """Rows that do not count as they stand, and the two answers about those that are gone."""
    if not card.open.refused and not card.open.gone:
        return
    frame = open_rows.open_lines(page.database, page.actor, card.source)
    sheets = (
        frame["kind"].isin(["stock", "goods"]).map({True: "connect.goods_gone", False: "connect.row_gone"})
    )
    codes = frame["code"].where(frame["gone"] != 1, sheets)
    frame = frame.assign(why=[error_text(ShopError(code)) for code in codes])
    frame = frame.set_index(frame["kind"] + ":" + frame["row_key"], drop=False)
    table(frame, OPEN_ROWS, key=f"open_{card.source}", search=("row_key", "order_id"), export="source_rows")
    if not card.open.gone:
        return
    st.markdown(t("connect.gone_question", n=card.open.gone))
    with st.container(horizontal=True):
        back = st.button(t("connect.gone_withdraw"), key=f"withdraw_{card.source}")
        keep = st.button(t("connect.gone_keep"), key=f"keep_{card.source}")
    if back or keep:
        attempt(
            lambda: open_rows.settle_gone(page.database, page.actor, card.source, page.now, withdraw=back),
            lambda rows: t("connect.gone_settled", n=rows),
        )


def _kind(page: PageContext, card: Source) -> None:
    """What is read of a source: the kind, its table, which column says what."""
    with refusals():
        known = {one.kind: one for one in setup.layouts(page.database, page.actor, card.source)}
        kind = st.segmented_control(
            t("connect.kind"),
            setup.KINDS,
            default="orders",
            required=True,
            format_func=lambda one: plain(f"feed_kind.{one}"),
            key=f"kind_{card.source}",
        )
        chosen = str(kind or "orders")
        asked = _asked(page, card, known.get(chosen, Layout(chosen, {})))
        columns = setup.columns(page.database, page.actor, card.source, asked)
        layout = replace(asked, columns=_mapped(card, asked, columns))
        _keep(page, card, layout, is_known=chosen in known)


def _asked(page: PageContext, card: Source, known: Layout) -> Layout:
    """The table or the SELECT."""
    name = f"{card.source}_{known.kind}"
    tables = setup.tables(page.database, page.actor, card.source).tables
    usual = OWN_SELECT if known.select else known.table or setup.likely_table(known.kind, tables)
    options = [*tables, OWN_SELECT]
    source = st.selectbox(
        t("connect.table"),
        options,
        index=options.index(usual) if usual in options else 0,
        format_func=lambda one: plain("connect.own_select") if one == OWN_SELECT else one,
        key=f"table_{name}",
    )
    if source != OWN_SELECT:
        return replace(known, table=str(source), select="")
    text = st.text_area("SELECT", value=known.select or "SELECT * FROM …", key=f"select_{name}")
    return replace(known, table="", select=text)


def _mapped(card: Source, layout: Layout, columns: list[str]) -> dict[str, str]:
    """field -> column as it is chosen now; guessed from the columns' names at first."""
    usual = setup.guessed(layout.kind, columns) | {
        name: column for name, column in layout.columns.items() if column in columns
    }
    name = f"{card.source}_{layout.kind}_{layout.table}"
    missing = [one for one in setup.REQUIRED[layout.kind] if one not in usual]
    chosen: dict[str, str] = {}
    with st.expander(t("connect.columns", n=len(usual)), expanded=bool(missing)):
        for row in (setup.REQUIRED[layout.kind], setup.OPTIONAL[layout.kind]):
            with st.grid(4, min_column_width=170):
                for one in row:
                    picked = st.selectbox(
                        t(f"feed_field.{one}"),
                        columns,
                        index=columns.index(usual[one]) if one in usual else None,
                        key=f"column_{name}_{one}",
                        placeholder=plain("connect.no_column"),
                    )
                    chosen |= {one: picked} if picked else {}
    return chosen


def _keep(page: PageContext, card: Source, layout: Layout, *, is_known: bool) -> None:
    name = f"{card.source}_{layout.kind}"
    with st.expander(t("connect.more")), st.grid(4, min_column_width=170):
        unit = st.selectbox(
            t("connect.unit"),
            setup.UNITS,
            index=setup.UNITS.index(layout.unit),
            format_func=lambda one: plain(f"connect.unit_{one}"),
            key=f"unit_{name}",
        )
        overlap = st.number_input(
            t("connect.overlap"),
            0,
            1_000_000,
            layout.overlap,
            help=t("connect.overlap_help"),
            key=f"over_{name}",
        )
        batch = st.number_input(t("connect.batch"), 1, 5_000, layout.batch, key=f"batch_{name}")
        seconds = st.number_input(t("connect.timeout"), 1, 120, layout.timeout_s, key=f"limit_{name}")
    whole = replace(layout, unit=str(unit), overlap=int(overlap), batch=int(batch), timeout_s=int(seconds))
    with st.container(horizontal=True):
        start = st.button(
            t("connect.again" if is_known else "connect.start"),
            type="primary",
            icon=":material/play_arrow:",
            key=f"start_{name}",
        )
        _readdress(page, card)
        stop = is_known and st.button(t("connect.drop"), key=f"drop_{name}")
        _remove(page, card)
    if start:
        _start(page, card, whole)
    if stop:
        attempt(lambda: setup.drop(page.database, page.actor, card.source, layout.kind, page.now))


def _readdress(page: PageContext, card: Source) -> None:
    """Another address: a new password, a server that moved."""
    with (
        st.popover(t("connect.readdress"), icon=":material/key:"),
        st.form(f"readdress_{card.source}", border=False, clear_on_submit=True),
    ):
        address = st.text_input(t("connect.address"), type="password", help=t("connect.address_help"))
        if st.form_submit_button(t("connect.connect"), type="primary"):
            attempt(
                lambda: setup.readdress(page.database, page.actor, card.source, address, page.now),
                t("connect.saved"),
            )


def _remove(page: PageContext, card: Source) -> None:
    if st.button(t("connect.remove"), icon=":material/delete:", key=f"remove_{card.source}"):
        attempt(lambda: setup.remove(page.database, page.actor, card.source, page.now), t("connect.removed"))


def _start(page: PageContext, card: Source, layout: Layout) -> None:
    """Keeps the kind and takes the first look at once, so that somebody sees figures."""
    with refusals():
        setup.put(page.database, page.actor, card.source, layout, page.now)
        done = service.collect(page.database, page.actor, card.source, page.now)
        flash(t("connect.feed_looked", rows=done.rows, refused=done.refused))
        st.rerun()
