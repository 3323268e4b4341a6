"""What the overview is made of: the clock, the figures, the risks, my tasks, what changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from core.live.snapshot.snapshot import Picture
from core.overview.service import Overview
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import ago, known, money_short, number, number_short, percent, plain, t
from pages.parts.shell.links import link, may_go

TASKS = (
    Column("title", "overview.task_title"),
    Column("department", "overview.department"),
    Column("due_on", "overview.due", "day"),
    Column("mark", "overview.mark", "state", words="task_state"),
)
INSTEAD = {
    "replenishment": "stock",
    "pricing": "goods",
}  # where the same may be looked at by who has not that page
SELLING = 50  # a day that carries less than this part of the target is no selling day
ENOUGH = 0.9  # of the stock or the warm-up that should be there: below it, the card is marked
ICONS = {
    "setup": "flag",
    "stock": "inventory_2",
    "price": "sell",
    "task": "assignment_late",
    "data": "update",
}


def over(view: Overview) -> None:
    """That the sale is over; the countdown to its clocks stands in the sidebar."""
    if view.upcoming is None:
        st.markdown(t("overview.over"))


def figures(view: Overview) -> None:
    """Target and course, readiness, stock, prices, warm-up."""
    whole, due = plain("overview.due_whole"), view.ready_due or 0.0
    cards(
        _course(view),
        _share("ready", view.ready, due, plain("overview.ready_due", due=due)),
        _share("covered", view.covered, ENOUGH, whole),
        *_unsafe(view),
        _share("warmth", view.warmth, ENOUGH, whole),
    )


def _share(name: str, share: float | None, least: float, due: str) -> Card:
    """A share of what should be there, with a mark where it is below `least`; why there is none, where
    nothing can be said."""
    label, meaning = f"overview.{name}", f"overview.{name}_help"
    if share is None:
        return Card(label, "—", against=plain(f"overview.{name}_none"), help=meaning)
    return Card(label, percent(share), against=due, alarm=share < least, help=meaning)


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
        return Card(
            "overview.target", money_short(view.plan.target.gmv), against=plain("overview.not_yet"), age=age
        )
    gap = view.done - view.planned_by_now
    against = plain("overview.done_of", planned=view.planned_by_now)
    return Card(
        "plan.card_done",
        money_short(view.done),
        change=float(gap),
        good=gap >= 0,
        change_text=money_short(gap, sign=True),
        against=against,
        age=age,
        help="plan.card_done_help",
    )


def _unsafe(view: Overview) -> list[Card]:
    if view.unsafe is None:
        return []
    of = plain("overview.unsafe_of", n=view.skus) if view.skus else plain("overview.unsafe_none")
    value = number(view.unsafe) if view.skus else "—"
    return [Card("overview.unsafe", value, against=of, alarm=view.unsafe > 0, help="overview.unsafe_help")]


def selling(picture: Picture) -> None:
    """The live summary while the sale is open."""
    gap = money_short(abs(picture.ahead))
    against = plain("overview.ahead", gap=gap) if picture.ahead >= 0 else plain("overview.behind", gap=gap)
    close = money_short(picture.forecast.close) if picture.forecast.close is not None else "—"
    cards(
        Card("live.paid", money_short(picture.paid), against=against, help="live.paid_help"),
        Card("live.pace", percent(picture.pace) if picture.pace is not None else "—", help="live.pace_help"),
        Card("live.forecast", close, help="live.forecast_help"),
        Card("live.visitors", number_short(picture.visitors), help="live.visitors_help"),
    )
    link("live", t("overview.live_to"))


def curve(view: Overview) -> None:
    """The plan by day."""
    if view.plan is None:
        return
    st.markdown(f"**{t('overview.plan_curve')}**")
    days = view.plan.part("day")
    selling = days["gmv"] * SELLING >= view.plan.target.gmv
    days = days[selling.shift(-1, fill_value=False).cumsum() > 0]  # from the eve of the first day that sells
    shown = pd.DataFrame({"day": days["part"].str[5:], "yuan": charts.yuan(days["gmv"])})
    charts.draw(
        shown,
        charts.Columns("day", "yuan", y_title="plan.daily", height=190).spec(),
        key="overview_plan",
        alt=plain("overview.plan_alt"),
    )


def risks(view: Overview) -> None:
    """The largest risks as sentences, each with the way to its page."""
    st.subheader(t("overview.risks"), anchor=False)
    if view.risks.empty:
        st.markdown(f":material/check_circle: {t('overview.risks_none')}")
    for n, row in enumerate(view.risks.to_dict("records")):
        with st.container(
            horizontal=True, vertical_alignment="center", border=True, key=f"overview_risk_{n}"
        ):
            st.markdown(f":material/{ICONS[row['kind']]}: {_sentence(row)}", width="stretch")
            link(
                row["page"] if may_go(row["page"]) else INSTEAD.get(row["page"], row["page"]),
                t("overview.go"),
            )


def _sentence(row: dict[object, Any]) -> str:
    key = {"data_none": "data_none_risk"}.get(row["code"], str(row["code"]))
    if key == "task_blocked" and not row["days"]:
        key = "task_stuck"  # blocked, and not late yet
    amounts = {name: 0 if pd.isna(row[name]) else int(row[name]) for name in ("amount", "units", "days")}
    sku = plain("overview.sku", name=row["name"], code=row["subject"]) if row["name"] else row["subject"]
    return t(f"overview.{key}", name=row["name"], sku=sku, **amounts)


def tasks(view: Overview, *, own: bool) -> None:
    """Open tasks: one's department's and one's `own`, or everybody's."""
    st.markdown(f"**{t('overview.tasks' if own else 'overview.tasks_all')}**")
    if view.tasks.empty:
        st.caption(t("overview.tasks_none"))
        return
    words = view.tasks.assign(
        department=view.tasks["department"].map(
            lambda name: plain(f"department.{name}") if known(f"department.{name}") else name
        )
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
            "action": [
                plain(f"changed.{code}") if known(f"changed.{code}") else code for code in frame["action"]
            ],
            "account": frame["account"],
            "count": frame["count"],
            "at": [ago(moment, now) for moment in frame["at"]],
        }
    )
    columns = (
        Column("action", "overview.action", pinned=True),
        Column("account", "overview.account", "person"),
        Column("count", "overview.count", "integer"),
        Column("at", "overview.at"),
    )
    draw(shown, columns, key="overview_changes", height=330)
