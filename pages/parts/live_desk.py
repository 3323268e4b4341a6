"""Below the picture: what to do, what was done, the rules, the intake's books, rehearsals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core import clock
from core.access import Actor, allowed
from core.database import Database
from core.errors import ShopError
from core.live import acts, alerts, decisions, intake_books, rehearsal, service, watch
from core.live.changes import Act
from pages.parts.columns import Column
from pages.parts.links import link
from pages.parts.picker import Chosen
from pages.parts.tables import draw as draw_table
from pages.parts.tables import row_of
from pages.parts.text import error_text, literal, money, money_short, number, plain, t, time, who

ADVICE = (
    Column("sku_code", "live.sku_code", "code", pinned=True),
    Column("name", "live.name", "text", pinned=True),
    Column("problem", "live.problem", "state"),
    Column("act", "live.act", "state", words="act"),
    Column("units", "live.units", "integer"),
    Column("margin_effect", "live.margin_effect", "money", help="live.margin_effect_help"),
    Column("stock_effect", "live.stock_effect", "integer"),
    Column("partner", "live.partner"),
    Column("price", "live.price", "price"),
)
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
        ("source", "text"), ("received", "integer"), ("applied", "integer"), ("duplicate", "integer"), ("waiting_events", "integer"),
        ("rejected", "integer"), ("last_received_at", "moment"),
    )
)  # fmt: skip
REFUSED = (
    Column("source", "live.source", "text"),
    Column("code", "live.reason", "state", words="errors"),
    Column("events", "live.events", "integer"),
    Column("sample", "live.sample", "text"),
)
SPEEDS = (10, 60, 240)
MANY = 4  # decisions in force that stand without a scroll bar of their own


def before(db: Database, user: Actor, chosen: Chosen, moment: datetime, now: datetime) -> None:
    """Until the opening: that the sale has not begun, and the rehearsal one click away; goes to one that runs already."""
    if moment >= chosen.opens_at:
        return
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="live_before"):
        st.markdown(f":material/hourglass_top: {t('live.not_begun', at=time(chosen.opens_at, chosen.timezone))}", width="stretch")
        running = rehearsal.running(db, user)
        mine = running[running["rehearsal_of"] == chosen.campaign_id]
        if len(mine):
            st.button(t("live.see_rehearsal"), icon=":material/play_circle:", on_click=look, args=(mine["campaign_id"].iloc[0],))
        elif allowed(user, "live.act") and st.button(t("live.rehearse_now"), type="primary", icon=":material/play_arrow:"):
            _tried(lambda: look(rehearsal.start(db, user, chosen.campaign_id, now)), "live.started")


def tabs(db: Database, user: Actor, chosen: Chosen, at: datetime, now: datetime) -> None:
    """The desk's tabs."""
    names = ("advice", "log", "rules", "books", "rehearsal")
    places = st.tabs([t(f"live.tab_{name}") for name in names])
    for name, place in zip(names, places, strict=True):
        with place:
            {"advice": _advice, "log": _log, "rules": _rules, "books": _books, "rehearsal": _rehearsal}[name](
                db, user, chosen, at, now
            )


def _tried(work: object, said: str) -> None:
    """Runs an act and says what became of it."""
    try:
        work()  # type: ignore[operator]
    except ShopError as error:
        st.error(error_text(error))
    else:
        st.toast(t(said), icon=":material/check:")
        st.rerun()


def _may(user: Actor, chosen: Chosen, name: str) -> dict[str, Any]:
    """What a button of an act says of who may press it."""
    may = decisions.may(user, name, drill=chosen.drill is not None)
    return {"disabled": not may, "help": None if may else t("live.not_yours")}


def _detail(row: Mapping[Any, Any]) -> str:
    """What a decision set, in figures: a price before and after, the goods shown instead, units."""
    name, figures = row["act"], row["figures"]
    set_to = figures.get("set", {}).get(row["sku_code"])
    if name in ("raise_price", "cut_price", "price_back") and set_to is not None:
        before = figures["was"][row["sku_code"]]
        return f"{'—' if before is None else money(before)} → {money(set_to)}"
    if name == "swap":
        return f"→ {figures['partner']}"
    if name == acts.DONE:
        return plain(f"act.{figures['act']}")
    return plain("live.detail_units", n=number(figures["units"])) if name in ("release", "restock") else ""


def _in_force(db: Database, user: Actor, chosen: Chosen, now: datetime) -> None:
    """What stands as somebody set it in the sale, the newest first, each with the button that takes it back."""
    rows = decisions.in_force(db, user, chosen.campaign_id, chosen.moment(now))
    if not rows:
        return
    with st.container(border=True, key="in_force", height=250 if len(rows) > MANY else "content"):
        st.markdown(f"**{t('live.in_force', n=len(rows))}**", help=t("live.in_force_help"))
        for row in rows:
            code, note = literal(row["sku_code"]), literal(row["note"])
            said = f":orange-badge[{t('act.' + row['act'])}] **{code}** {literal(row['name'])} {literal(_detail(row))}"
            by = " · ".join(filter(None, (literal(who(row["account"])), time(row["at"], chosen.timezone), note)))
            with st.container(horizontal=True, vertical_alignment="center", key=f"in_force_{row['decision_id']}"):
                st.markdown(f"{said}  \n:small[:gray[{by}]]", width="stretch")
                if st.button(
                    t("act." + row["back"]),
                    key=f"back_{row['decision_id']}",
                    icon=":material/undo:",
                    **_may(user, chosen, row["act"]),
                ):
                    _tried(lambda one=row["decision_id"]: _take_back(db, user, chosen, one, now), "live.taken_back")


def _take_back(db: Database, user: Actor, chosen: Chosen, decision_id: str, now: datetime) -> None:
    decisions.take_back(db, user, chosen.campaign_id, decision_id, now, chosen.moment(now))


def _advice(db: Database, user: Actor, chosen: Chosen, at: datetime, now: datetime) -> None:
    _in_force(db, user, chosen, now)
    if at >= chosen.closes_at:
        st.caption(t("live.over_no_advice"))
        return
    found = decisions.advice(db, user, chosen.campaign_id, at)
    if found.empty:
        st.caption(t("live.no_advice"))
        return
    acts_here = allowed(user, "live.act")
    st.caption(t("live.advice_note" if acts_here else "live.advice_look"))
    times = st.session_state.setdefault("live_acts", 0)  # a table of its own after each act: the next row is not picked by itself
    columns = [column for column in ADVICE if column.name in found.columns]  # margins are not everybody's
    picked = draw_table(found, columns, key=f"live_advice_{times}", pick=acts_here, height=360)
    if picked is None:
        return
    row = row_of(found, picked)
    worth = row.get("margin_effect")
    facts = {
        "act": plain(f"act.{row['act']}"),
        "sku": row["sku_code"],
        "detail": f"→ {row['partner']}" if row["partner"] else "" if pd.isna(row["price"]) else f"→ {money(int(row['price']))}",
        "units": number(int(row["units"])),
        "worth": "—" if worth is None or pd.isna(worth) else money_short(int(worth), sign=True),
        "stock": f"{int(row['stock_effect']):+,}",
    }
    with st.container(border=True):
        st.markdown(t("live.act_sentence", **facts))
        st.caption(t(f"act.{row['act']}_does"))
        one = f"{row['act']}_{row['sku_code']}"  # the row that was looked at: another one under the same place is not acted upon
        note = st.text_input(t("live.note"), key=f"live_note_{one}")
        if st.button(t("live.do"), key=f"live_do_{one}", type="primary", **_may(user, chosen, row["act"])):
            _tried(lambda: _act(db, user, chosen, decisions.as_record(row.to_dict(), note), now), "live.done")


def _act(db: Database, user: Actor, chosen: Chosen, one: Act, now: datetime) -> None:
    """Does it now, whatever past minute is looked at."""
    decisions.act(db, user, chosen.campaign_id, one, now, chosen.moment(now))
    st.session_state["live_acts"] += 1


def _log(db: Database, user: Actor, chosen: Chosen, at: datetime, now: datetime) -> None:
    """What is still to be done by hand, with its tick; then everything that was decided."""
    made = decisions.decisions(db, user, chosen.campaign_id, at)
    if made.empty:
        st.caption(t("live.no_decisions"))
        return
    left = decisions.to_do(made.to_dict("records"))
    st.markdown(f"**{t('live.to_do')}**")
    st.caption(t("live.to_do_note") if left else t("live.to_do_none"))
    for row in left:
        with st.container(horizontal=True, vertical_alignment="center", key=f"to_do_{row['decision_id']}"):
            place = t(f"live.place_{row['to_do']}")
            said = f":orange-badge[{place}] **{t('act.' + row['act'])}** {literal(row['sku_code'])} {literal(_detail(row))} {literal(row['note'])}"
            st.markdown(said, width="stretch")
            if row["to_do"] == "replenishment":
                link("replenishment", t("live.to_replenishment"), {"replenishment_find": row["sku_code"]})
            if st.button(t("live.tick"), key=f"tick_{row['decision_id']}", disabled=not allowed(user, "live.act")):
                _tried(lambda one=row["decision_id"]: decisions.tick(db, user, chosen.campaign_id, one, now), "live.ticked")
    told = made.assign(detail=[_detail(row) for row in made.to_dict("records")])
    draw_table(told, LOG, key="live_log", height=300)


def _rules(db: Database, user: Actor, chosen: Chosen, _at: datetime, now: datetime) -> None:
    st.caption(t("live.rules_note"))
    standing = watch.current_rules(db, user, chosen.campaign_id)
    may = allowed(user, "live.act")
    for kind, rule in standing.items():
        usual = alerts.RULES[kind]
        off = "" if rule else f" · {t('live.rule_off')}"
        with st.expander(t(f"alert.{kind}") + off):
            st.markdown(t(f"alert.{kind}_help"))
            with st.form(f"rule_{kind}", border=False):
                limits = dict((rule or usual).limits)
                on = st.toggle(t("live.rule_on"), rule is not None, disabled=not may)
                given = {
                    name: st.number_input(plain(f"limit.{name}"), value=float(value), disabled=not may)
                    for name, value in limits.items()
                }
                if st.form_submit_button(t("common.save"), disabled=not may, help=None if may else t("live.not_yours")):
                    _tried(
                        lambda k=kind, g=given, o=on: watch.set_rule(db, user, chosen.campaign_id, k, g, now, enabled=o),
                        "live.saved",
                    )


def _books(db: Database, user: Actor, chosen: Chosen, _at: datetime, now: datetime) -> None:
    """Received = applied + duplicate + waiting + rejected, what waits, what was refused, and the recount."""
    books = intake_books.books(db, user, chosen.campaign_id, now)
    if allowed(user, "live.act") and st.button(t("live.recount"), icon=":material/rule:"):
        found = service.recount_books(db, user, chosen.campaign_id, now)
        wrong = sum(map(len, found.values()))
        (st.error if wrong else st.success)(t("live.recount_faults" if wrong else "live.recount_right", n=wrong))
    st.markdown(f"**{t('live.sources')}**")
    draw_table(books.sources.rename(columns={"waiting": "waiting_events"}), SOURCES, key="live_sources")
    st.markdown(f"**{t('live.queue')}**")
    if books.queue.empty:
        st.caption(t("live.queue_empty"))
    else:
        draw_table(books.queue, QUEUE, key="live_queue", height=260)
    st.markdown(f"**{t('live.refused')}**")
    if books.refused.empty:
        st.caption(t("live.refused_none"))
    else:
        draw_table(books.refused, REFUSED, key="live_refused", height=200)


def _rehearsal(db: Database, user: Actor, chosen: Chosen, _at: datetime, now: datetime) -> None:
    """Start one, or throw the running one away."""
    st.caption(t("live.rehearsal_note"))
    running = rehearsal.running(db, user)
    may = allowed(user, "live.act")
    for row in running.to_dict("records"):
        with st.container(horizontal=True, vertical_alignment="center", key=f"rehearsal_{row['campaign_id']}"):
            st.markdown(f"{t('live.drill')} **{literal(row['name'])}** · {row['speed']:g}×", width="stretch")
            if row["campaign_id"] != chosen.campaign_id:
                st.button(t("live.look"), key=f"look_{row['campaign_id']}", on_click=look, args=(row["campaign_id"],))
            if may and st.button(t("live.end_rehearsal"), key=f"end_{row['campaign_id']}"):
                look(row["rehearsal_of"])
                _tried(lambda one=row["campaign_id"]: rehearsal.drop(db, user, one, clock.now()), "live.ended")
    if not may:
        return
    with st.form("rehearse", border=True):
        left, right = st.columns(2)
        speed = left.select_slider(t("live.speed"), SPEEDS, 60, format_func=lambda value: f"{value}×")
        course = right.slider(t("live.course"), 0.4, 1.4, 1.0, 0.05, format="percent")
        if st.form_submit_button(t("live.start_rehearsal"), type="primary", icon=":material/play_arrow:"):
            _tried(lambda: look(rehearsal.start(db, user, chosen.campaign_id, now, speed=speed, course=course)), "live.started")


def look(campaign_id: str) -> None:
    """Turns the screens to that campaign with the next run: by the address, for the picker is drawn already."""
    st.query_params["campaign"] = campaign_id
