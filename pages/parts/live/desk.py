"""Below the picture: what to do, what was done, the rules, the intake's books, rehearsals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.live.actions import decisions
from core.live.alerts import monitor
from core.live.intake import tally
from core.live.rehearsal import rehearsal
from core.live.snapshot import service
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import draw as draw_table
from pages.parts.components.tabs import Tab, tabbed
from pages.parts.components.text import literal, money, number, plain, t, time, who
from pages.parts.entry.context import PageContext
from pages.parts.live import actions, debrief
from pages.parts.shell.links import link

LOG = (
    Column("at", "live.when", "moment"),
    Column("account", "live.who", "person"),
    Column("act", "live.act", "state", words="act"),
    Column("sku_code", "live.sku_code", "code"),
    Column("detail", "live.detail", "text"),
    Column("note", "live.note", "text"),
)
QUEUE = (
    Column("at", "live.when", "moment"),
    Column("kind", "live.kind", "state", words="event"),
    Column("waits_for", "live.waits_for", "state", words="event"),
    Column("order_id", "live.order_id", "code"),
    Column("sku_code", "live.sku_code", "code"),
    Column("quantity", "live.units", "integer"),
    Column("amount_fen", "live.amount", "price"),
    Column("source", "live.source", "text"),
)
SOURCES = tuple(
    Column(name, f"live.{name}", kind)  # type: ignore[arg-type]
    for name, kind in (
        ("source", "text"),
        ("received", "integer"),
        ("applied", "integer"),
        ("duplicate", "integer"),
        ("waiting_events", "integer"),
        ("rejected", "integer"),
        ("last_received_at", "moment"),
    )
)
REFUSED = (
    Column("source", "live.source", "text"),
    Column("code", "live.reason", "state", words="errors"),
    Column("events", "live.events", "integer"),
    Column("sample", "live.sample", "text"),
)
SPEEDS = (10, 60, 240)
MANY = 4  # decisions in force that stand without a scroll bar of their own


def before(page: PageContext) -> None:
    """Until the opening: that the sale has not begun, and the rehearsal one click away; goes to one that runs
    already."""
    if page.moment >= page.sale.opens_at:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="live_before"):
        st.markdown(
            f":material/hourglass_top: {t('live.not_begun', at=time(page.sale.opens_at, page.sale.timezone))}",
            width="stretch",
        )
        running = rehearsal.running(page.database, page.actor)
        mine = running[running["rehearsal_of"] == page.campaign_id]
        if len(mine):
            st.button(
                t("live.see_rehearsal"),
                icon=":material/play_circle:",
                on_click=look,
                args=(mine["campaign_id"].iloc[0],),
            )
        elif page.may("live.act") and st.button(
            t("live.rehearse_now"), type="primary", icon=":material/play_arrow:"
        ):
            attempt(
                lambda: look(rehearsal.start(page.database, page.actor, page.campaign_id, page.now)),
                t("live.started"),
            )


def tabs(page: PageContext, at: datetime) -> None:
    """The desk's tabs; only the open one is drawn."""
    tabbed("live_tab", drawers(page, at))


def drawers(page: PageContext, at: datetime) -> dict[str, Tab]:
    """What each tab draws."""
    parts = {"advice": _advice, "log": _log, "rules": _rules, "books": _books, "rehearsal": _rehearsal}
    return {name: (t(f"live.tab_{name}"), partial(draw, page, at)) for name, draw in parts.items()}


def _detail(row: Mapping[Any, Any]) -> str:
    """What a decision set, in figures: a price before and after, the goods shown instead, units."""
    name, figures = row["act"], row["figures"]
    set_to = figures.get("set", {}).get(row["sku_code"])
    if name in ("raise_price", "cut_price", "price_back") and set_to is not None:
        before = figures["was"][row["sku_code"]]
        return f"{'—' if before is None else money(before)} → {money(set_to)}"
    if name == "swap":
        return f"→ {figures['partner']}"
    if name == decisions.DONE:
        return plain(f"act.{figures['act']}")
    return plain("live.detail_units", n=number(figures["units"])) if name in ("release", "restock") else ""


def _in_force(page: PageContext) -> None:
    """What stands as somebody set it in the sale, the newest first, each with the button that takes it
    back."""
    rows = decisions.in_force(page.database, page.actor, page.campaign_id, page.moment)
    if not rows:
        return
    with st.container(border=True, key="in_force", height=250 if len(rows) > MANY else "content"):
        st.markdown(f"**{t('live.in_force', n=len(rows))}**", help=t("live.in_force_help"))
        for row in rows:
            code, note = literal(row["sku_code"]), literal(row["note"])
            said = f":orange-badge[{t('act.' + row['act'])}] **{code}** {literal(row['name'])} {literal(_detail(row))}"
            by = " · ".join(
                filter(None, (literal(who(row["account"])), time(row["at"], page.sale.timezone), note))
            )
            with st.container(
                horizontal=True, vertical_alignment="center", key=f"in_force_{row['decision_id']}"
            ):
                st.markdown(f"{said}  \n:small[:gray[{by}]]", width="stretch")
                if st.button(
                    t("act." + row["back"]),
                    key=f"back_{row['decision_id']}",
                    icon=":material/undo:",
                    **actions.allowed(page, row["act"]),
                ):
                    attempt(partial(_take_back, page, row["decision_id"]), t("live.taken_back"))


def _take_back(page: PageContext, decision_id: str) -> None:
    decisions.take_back(page.database, page.actor, page.campaign_id, decision_id, page.now, page.moment)


def _advice(page: PageContext, at: datetime) -> None:
    _in_force(page)
    if at >= page.sale.closes_at:
        st.caption(t("live.over_no_advice"))
        return
    advised = decisions.advice(page.database, page.actor, page.campaign_id, at)
    if advised.empty:
        st.caption(actions.nothing(page, at))
        return
    st.caption(t("live.advice_note" if page.may("live.act") else "live.advice_look"))
    actions.choose(page, advised, "live_advice", 360)


def _log(page: PageContext, at: datetime) -> None:
    """What is still to be done by hand, with its tick; then everything that was decided."""
    log = decisions.decisions(page.database, page.actor, page.campaign_id, at)
    if log.empty:
        st.caption(t("live.no_decisions"))
        return
    left = decisions.to_do(log.to_dict("records"))
    st.markdown(f"**{t('live.to_do')}**")
    st.caption(t("live.to_do_note") if left else t("live.to_do_none"))
    for row in left:
        with st.container(horizontal=True, vertical_alignment="center", key=f"to_do_{row['decision_id']}"):
            state = t(f"live.place_{row['to_do']}")
            said = f":orange-badge[{state}] **{t('act.' + row['act'])}** {literal(row['sku_code'])} {literal(_detail(row))} {literal(row['note'])}"
            st.markdown(said, width="stretch")
            if row["to_do"] == "replenishment":
                link("replenishment", t("live.to_replenishment"), {"replenishment_find": row["sku_code"]})
            if st.button(t("live.tick"), key=f"tick_{row['decision_id']}", disabled=not page.may("live.act")):
                tick = partial(decisions.tick, page.database, page.actor, page.campaign_id)
                attempt(partial(tick, row["decision_id"], page.now), t("live.ticked"))
    detailed = log.assign(detail=[_detail(row) for row in log.to_dict("records")])
    draw_table(detailed, LOG, key="live_log", height=300)


def _rules(page: PageContext, _at: datetime) -> None:
    st.caption(t("live.rules_note"))
    in_force = monitor.current_rules(page.database, page.actor, page.campaign_id)
    may = page.may("live.act")
    for kind, rule in in_force.items():
        usual = monitor.RULES[kind]
        off = "" if rule else f" · {t('live.rule_off')}"
        with st.expander(t(f"alert.{kind}") + off):
            st.markdown(t(f"alert.{kind}_help"))
            with st.form(f"rule_{kind}", border=False):
                limits = dict((rule or usual).limits)
                on = st.toggle(t("live.rule_on"), rule is not None, disabled=not may)
                entered = {
                    name: st.number_input(plain(f"limit.{name}"), value=float(value), disabled=not may)
                    for name, value in limits.items()
                }
                if st.form_submit_button(
                    t("common.save"), disabled=not may, help=None if may else t("live.not_yours")
                ):
                    change = partial(monitor.set_rule, page.database, page.actor, page.campaign_id)
                    setting = monitor.RuleSetting(kind, entered, on)
                    attempt(partial(change, setting, page.now), t("live.saved"))


def _books(page: PageContext, _at: datetime) -> None:
    """Received = applied + duplicate + waiting + rejected, what waits, what was refused, and the recount."""
    books = tally.books(page.database, page.actor, page.campaign_id, page.now)
    if page.may("live.act") and st.button(t("live.recount"), icon=":material/rule:"):
        differences = service.recount_books(page.database, page.actor, page.campaign_id, page.now)
        wrong = sum(map(len, differences.values()))
        (st.error if wrong else st.success)(
            t("live.recount_faults" if wrong else "live.recount_right", n=wrong)
        )
    st.markdown(f"**{t('live.sources')}**")
    sources = books.sources.rename(columns={"waiting": "waiting_events"})
    draw_table(_worded(sources), SOURCES, key="live_sources")
    st.markdown(f"**{t('live.queue')}**")
    if books.queue.empty:
        st.caption(t("live.queue_empty"))
    else:
        draw_table(_worded(books.queue), QUEUE, key="live_queue", height=260)
    st.markdown(f"**{t('live.refused')}**")
    if books.refused.empty:
        st.caption(t("live.refused_none"))
    else:
        draw_table(_worded(books.refused), REFUSED, key="live_refused", height=200)


def _worded(rows: pd.DataFrame) -> pd.DataFrame:
    """Sources bear the names that the shop gave them; what came by a file bears none."""
    return rows.replace({"source": {tally.FROM_FILE: plain("live.from_file")}})


def _rehearsal(page: PageContext, _at: datetime) -> None:
    """Start one, or throw the running one away."""
    st.caption(t("live.rehearsal_note"))
    running = rehearsal.running(page.database, page.actor)
    may = page.may("live.act")
    for row in running.to_dict("records"):
        with st.container(
            horizontal=True, vertical_alignment="center", key=f"rehearsal_{row['campaign_id']}"
        ):
            st.markdown(f"{t('live.drill')} **{literal(row['name'])}** · {row['speed']:g}×", width="stretch")
            if row["campaign_id"] != page.campaign_id:
                st.button(
                    t("live.look"),
                    key=f"look_{row['campaign_id']}",
                    on_click=look,
                    args=(row["campaign_id"],),
                )
            if may and st.button(t("live.end_rehearsal"), key=f"end_{row['campaign_id']}"):
                debrief.ask(row["campaign_id"])
    debrief.earlier(page, _real(page))
    if not may:
        return
    with st.form("rehearse", border=True):
        left, right = st.columns(2)
        speed = left.select_slider(t("live.speed"), SPEEDS, 60, format_func=lambda value: f"{value}×")
        course = right.slider(t("live.course"), 0.4, 1.4, 1.0, 0.05, format="percent")
        if st.form_submit_button(t("live.start_rehearsal"), type="primary", icon=":material/play_arrow:"):
            attempt(
                lambda: look(
                    rehearsal.start(
                        page.database,
                        page.actor,
                        page.campaign_id,
                        page.now,
                        play=rehearsal.Play(speed=speed, course=course),
                    )
                ),
                t("live.started"),
            )


def _real(page: PageContext) -> str:
    """The real sale's id, also while one of its rehearsals is looked at."""
    running = rehearsal.running(page.database, page.actor)
    base = running.loc[running["campaign_id"] == page.campaign_id, "rehearsal_of"]
    return str(base.iloc[0]) if len(base) else page.campaign_id


def look(campaign_id: str) -> None:
    """Turns the screens to that campaign with the next run: by the address, for the picker is drawn
    already."""
    st.query_params["campaign"] = campaign_id
