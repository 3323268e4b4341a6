"""The content calendar: what goes out when, to whom, for how much, and what came of it."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pandas as pd
import streamlit as st

from core import clock
from core.audience.touches import service
from core.audience.touches.calendar import KINDS, LONGEST_HOURS, Rule, Touch
from core.audience.touches.service import Calendar
from core.versions import Version
from pages.parts.audience.growth import channel_word
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.tables import Filter, row_of, table
from pages.parts.components.text import literal, money_short, number, plain, t
from pages.parts.entry.context import PageContext

VIEWS = tuple(
    Filter(name, f"touches.view_{name}", keeps)
    for name, keeps in (
        ("planned", lambda rows: rows["state"] == "planned"),
        ("over", lambda rows: rows["state"] == "measured"),
    )
)


def _columns(zone: str) -> tuple[Column, ...]:
    return (
        Column("starts_at", "touches.starts_at", "moment", zone=zone, pinned=True),
        Column("kind_word", "touches.kind"),
        Column("title", "touches.title", width="medium"),
        Column("channel_word", "growth.channel"),
        Column("audience_word", "touches.audience"),
        Column("people", "touches.people", "integer"),
        Column("budget", "touches.budget", "money"),
        Column("state", "touches.state", "state", words="touch_state"),
        Column("views", "touches.views", "integer"),
        Column("more_views", "touches.more_views", "integer", help="touches.more_help"),
        Column("carts", "touches.carts", "integer"),
        Column("more_carts", "touches.more_carts", "integer", help="touches.more_help"),
        Column("orders", "touches.orders", "integer"),
        Column("more_orders", "touches.more_orders", "integer", help="touches.more_help"),
        Column("paid", "touches.paid", "money"),
        Column("shares", "touches.shares", "integer", help="touches.shares_help"),
    )


def load(page: PageContext) -> None:
    """The tab."""
    shown = service.calendar(page.database, page.actor, page.campaign_id, now=page.moment)
    _answer(shown)
    _warn(shown)
    if page.may("audience.edit"):
        with st.container(horizontal=True):
            _new(page)
            _rule(page, shown.rule)
    if shown.touches.empty:
        st.info(t("touches.none"), icon=":material/event:")
        return
    rows = _worded(shown.touches)
    picked = table(
        rows,
        _columns(page.sale.timezone),
        key="touches",
        filters=VIEWS,
        search=("title",),
        export="touches",
        pick=True,
    )
    st.caption(t("touches.note"))
    if picked.picked is not None and page.may("audience.edit"):
        _take_out(page, row_of(rows, picked.picked))


def _answer(shown: Calendar) -> None:
    planned = int((shown.touches["state"] == "planned").sum()) if len(shown.touches) else 0
    rule = shown.rule
    begins, ends = (f"{minute // 60:02d}:{minute % 60:02d}" for minute in (rule.quiet_from, rule.quiet_to))
    cards(
        Card("touches.all", number(len(shown.touches)), against=plain("touches.planned", n=planned)),
        Card("touches.budget", money_short(shown.budget)),
        Card(
            "touches.cap", number(rule.most_a_week), against=plain("touches.cap_of"), help="touches.cap_help"
        ),
        Card("touches.quiet", begins, against=plain("touches.until", end=ends), help="touches.quiet_help"),
        strip=True,
    )


def _warn(shown: Calendar) -> None:
    """Entries that stood before the rule, or that it forbids now."""
    for audience, most in shown.often.items():
        st.warning(
            t("touches.often", audience=audience or plain("touches.everybody"), n=most),
            icon=":material/warning:",
        )
    late = shown.touches[shown.touches["quiet"]] if len(shown.touches) else shown.touches
    for title in late["title"] if len(late) else ():
        st.warning(t("touches.in_quiet", title=title), icon=":material/bedtime:")


def _worded(touches: pd.DataFrame) -> pd.DataFrame:
    more = {
        f"more_{name}": touches[name] - touches[f"{name}_before"] for name in ("views", "carts", "orders")
    }
    return touches.assign(
        kind_word=[plain(f"touch_kind.{name}") for name in touches["kind"]],
        channel_word=[channel_word(name) for name in touches["channel"]],
        audience_word=touches["audience"].replace("", plain("touches.everybody")),
        state=touches["state"].replace("over", "measured"),
        **more,
    ).set_index("touch_id", drop=False)


def _new(page: PageContext) -> None:
    with st.popover(t("touches.new"), icon=":material/add:"), st.form("touch_new", clear_on_submit=False):
        kind = st.selectbox(t("touches.kind"), KINDS, format_func=lambda name: plain(f"touch_kind.{name}"))
        title = st.text_input(t("touches.title"))
        channel = st.text_input(t("growth.channel"), help=t("touches.channel_help"))
        audience = st.text_input(t("touches.audience"), help=t("touches.audience_help"))
        people = st.number_input(t("touches.people"), min_value=1, value=None)
        yuan = st.number_input(t("touches.budget_yuan"), min_value=0.0, value=0.0)
        local = page.now.astimezone(clock.zone(page.sale.timezone)) + timedelta(days=1)
        day = st.date_input(t("touches.day"), local.date())
        at = st.time_input(t("touches.time"), time(10, 0))
        hours = st.number_input(t("touches.window"), 1, LONGEST_HOURS, 24)
        if st.form_submit_button(t("touches.save"), type="primary"):
            starts = datetime.combine(day, at, clock.zone(page.sale.timezone))
            entry = Touch(
                kind, channel, title, starts, audience.strip(), people, round(yuan * 100), int(hours)
            )
            attempt(
                lambda: service.put(page.database, page.actor, page.campaign_id, entry, now=page.now),
                t("touches.saved", title=title),
            )


def _rule(page: PageContext, rule: Rule) -> None:
    with st.popover(t("touches.rule"), icon=":material/do_not_disturb_on:"), st.form("touch_rule"):
        most = st.number_input(t("touches.cap"), 1, 50, rule.most_a_week)
        begins = st.time_input(t("touches.quiet_from"), time(*divmod(rule.quiet_from, 60)))
        ends = st.time_input(t("touches.quiet_to"), time(*divmod(rule.quiet_to, 60)))
        if st.form_submit_button(t("touches.save"), type="primary"):
            minutes = [moment.hour * 60 + moment.minute for moment in (begins, ends)]
            new = Rule(int(most), minutes[0], minutes[1], rule.version)
            attempt(
                lambda: service.set_rule(page.database, page.actor, page.campaign_id, new, now=page.now),
                t("touches.rule_saved"),
            )


def _take_out(page: PageContext, row: pd.Series) -> None:
    if st.button(
        t("touches.take_out", title=literal(row["title"])), key="touch_take_out", icon=":material/delete:"
    ):
        attempt(
            lambda: service.take_out(
                page.database,
                page.actor,
                page.campaign_id,
                Version(str(row["touch_id"]), int(row["version"])),
                now=page.now,
            ),
            t("touches.taken_out"),
        )
