"""What the overview is made of: the clock, the figures, the risks, my tasks, what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.campaign.phases import Phase
from core.live.picture import Picture
from core.overview.service import Overview
from pages.parts import charts
from pages.parts.cards import Card, cards
from pages.parts.columns import Column
from pages.parts.countdown import countdown
from pages.parts.links import link, may_go
from pages.parts.tables import draw
from pages.parts.text import ago, known, money_short, number, number_short, percent, plain, t

TASKS = (
    Column("title", "overview.task_title"),
    Column("department", "overview.department"),
    Column("due_on", "overview.due", "day"),
    Column("mark", "overview.mark", "state", words="task_state"),
)
INSTEAD = {"replenishment": "stock", "pricing": "goods"}  # where the same may be looked at by who has not that page
ICONS = {"stock": "inventory_2", "price": "sell", "task": "assignment_late", "data": "update"}


def clock(view: Overview, now: datetime) -> None:
    """The countdown to the next phase, and which phase it is now."""
    left, right = st.columns([2, 3], vertical_alignment="center")
    with left:
        if view.upcoming is not None:
            countdown(
                view.upcoming.starts_at,
                now,
                key="overview_next",
                label=plain("overview.until", phase=_name(view.upcoming)),
                size="large",
            )
        else:
            st.markdown(t("overview.over"))
    with right:
        st.markdown(t("overview.now_in", phase=_name(view.phase)) if view.phase else t("overview.between"))
        if view.plan is None:
            link("plan", t("overview.to_plan"))


def _name(phase: Phase) -> str:
    return phase.name or plain(f"phase.{phase.kind}")


def figures(view: Overview) -> None:
    """Target and course, readiness, stock, prices, warm-up."""
    cards(_course(view), _ready(view), _covered(view), *_unsafe(view), _warmth(view))


def _course(view: Overview) -> Card:
    age = (
        plain("overview.data_none")
        if view.data_age is None
        else plain("overview.data_fresh")
        if view.data_age <= 1
        else plain("overview.data_age", n=view.data_age)
    )
    if view.plan is None:
        return Card("overview.target", "—", against=plain("overview.target_none"), age=age)
    if not view.planned_by_now:
        return Card("overview.target", money_short(view.plan.target.gmv), against=plain("overview.not_yet"), age=age)
    gap = view.done - view.planned_by_now
    against = plain("overview.done_of", planned=view.planned_by_now)
    return Card(
        "overview.done",
        money_short(view.done),
        change=float(gap),
        change_text=money_short(gap, sign=True),
        against=against,
        age=age,
    )


def _ready(view: Overview) -> Card:
    if view.ready is None:
        return Card("overview.ready", "—", against=plain("overview.ready_none"), help="overview.ready_help")
    late = view.ready_due is not None and view.ready < view.ready_due
    return Card(
        "overview.ready",
        percent(view.ready),
        against=plain("overview.ready_due", due=view.ready_due or 0.0),
        alarm=late,
        help="overview.ready_help",
    )


def _covered(view: Overview) -> Card:
    if view.covered is None:
        return Card("overview.covered", "—", against=plain("overview.covered_none"), help="overview.covered_help")
    return Card(
        "overview.covered",
        percent(view.covered),
        against=plain("overview.due_whole"),
        alarm=view.covered < 0.9,
        help="overview.covered_help",
    )


def _unsafe(view: Overview) -> list[Card]:
    if view.unsafe is None:
        return []
    return [
        Card(
            "overview.unsafe",
            number(view.unsafe),
            against=plain("overview.unsafe_of", n=view.skus),
            alarm=view.unsafe > 0,
            help="overview.unsafe_help",
        )
    ]


def _warmth(view: Overview) -> Card:
    if view.warmth is None:
        return Card("overview.warmth", "—", against=plain("overview.warmth_none"), help="overview.warmth_help")
    return Card(
        "overview.warmth",
        percent(view.warmth),
        against=plain("overview.due_whole"),
        alarm=view.warmth < 0.9,
        help="overview.warmth_help",
    )


def selling(picture: Picture) -> None:
    """The live summary while the sale is open."""
    gap = money_short(abs(picture.ahead))
    against = plain("overview.ahead", gap=gap) if picture.ahead >= 0 else plain("overview.behind", gap=gap)
    close = money_short(picture.forecast.close) if picture.forecast.close is not None else "—"
    cards(
        Card("overview.live_paid", money_short(picture.paid), against=against, help="overview.live_paid_help"),
        Card("overview.live_pace", percent(picture.pace) if picture.pace is not None else "—"),
        Card("overview.live_forecast", close),
        Card("overview.live_visitors", number_short(picture.visitors)),
    )
    link("live", t("overview.live_to"))


def curve(view: Overview) -> None:
    """The plan by day."""
    if view.plan is None:
        return
    st.markdown(f"**{t('overview.plan_curve')}**")
    days = view.plan.part("day")
    shown = pd.DataFrame({"day": days["part"].str[5:], "yuan": charts.yuan(days["gmv"])})
    charts.draw(
        shown,
        charts.columns("day", "yuan", y_title="plan.daily", height=190),
        key="overview_plan",
        alt=plain("overview.plan_alt"),
    )


def risks(view: Overview) -> None:
    """The largest risks as sentences, each with the way to its page."""
    st.subheader(t("overview.risks"), anchor=False)
    if view.risks.empty:
        st.markdown(f":material/check_circle: {t('overview.risks_none')}")
    for n, row in enumerate(view.risks.to_dict("records")):
        with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"overview_risk_{n}"):
            st.markdown(f":material/{ICONS[row['kind']]}: {_sentence(row)}", width="stretch")
            link(row["page"] if may_go(row["page"]) else INSTEAD.get(row["page"], row["page"]), t("overview.go"))


def _sentence(row: dict[Any, Any]) -> str:
    key = "data_none_risk" if row["code"] == "data_none" else str(row["code"])
    amounts = {name: 0 if pd.isna(row[name]) else int(row[name]) for name in ("amount", "units", "days")}
    return t(f"overview.{key}", name=row["name"], subject=row["subject"], **amounts)


def tasks(view: Overview) -> None:
    """My open tasks."""
    st.markdown(f"**{t('overview.tasks')}**")
    if view.tasks.empty:
        st.caption(t("overview.tasks_none"))
        return
    words = view.tasks.assign(
        department=view.tasks["department"].map(lambda name: plain(f"department.{name}") if known(f"department.{name}") else name)
    )
    draw(words, TASKS, key="overview_tasks", height=330)


def changes(view: Overview, now: datetime) -> None:
    """What was changed since yesterday, and by whom."""
    st.markdown(f"**{t('overview.changes')}**")
    if view.changes.empty:
        st.caption(t("overview.changes_none"))
        return
    frame = view.changes
    shown = pd.DataFrame(
        {
            "action": [plain(f"changed.{code}") if known(f"changed.{code}") else code for code in frame["action"]],
            "account": frame["account"],
            "count": frame["count"],
            "at": [ago(moment, now) for moment in frame["at"]],
        }
    )
    columns = (
        Column("action", "overview.action", pinned=True), Column("account", "overview.account", "person"), Column("count", "overview.count", "integer"),
        Column("at", "overview.at"),
    )  # fmt: skip
    draw(shown, columns, key="overview_changes", height=330)
