"""The end of a rehearsal: it asks, and says what the night taught before everything is thrown away."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.live.alerts import monitor
from core.live.rehearsal import debrief
from core.live.rehearsal.debrief import Debrief
from pages.parts.components.cards import Card, cards
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt, refusals
from pages.parts.components.tables import draw as draw_table
from pages.parts.components.text import literal, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.entry.guarded import Frame, dialog

NOTICED = (
    Column("kind", "live.alert_kind", "state", words="alert"),
    Column("subject", "live.sku_code", "code"),
    Column("name", "live.name", "text"),
    Column("fired_at", "live.fired_at", "moment"),
    Column("minutes", "live.minutes_to_notice", "decimal", help="live.minutes_to_notice_help"),
)
GOODS = (
    Column("sku_code", "live.sku_code", "code"),
    Column("name", "live.name", "text"),
    Column("act", "live.best_act", "state", words="act"),
    Column("done", "live.acted", "flag"),
    Column("kept", "live.kept", "money"),
    Column("lost", "live.lost_money", "money"),
)
PAST = (
    Column("at", "live.when", "moment"),
    Column("account", "live.who", "person"),
    Column("course", "live.course_short", "percent"),
    Column("minutes", "live.minutes_to_notice", "decimal"),
    Column("missed", "live.unnoticed", "integer"),
    Column("acts", "live.acts_taken", "integer"),
    Column("kept", "live.kept", "money"),
    Column("lost", "live.lost_money", "money"),
    Column("tasks", "live.tasks_made", "integer"),
    Column("learnings", "live.learnings", "list"),
)
OWNERS = {"silence": "technology", "rejected": "technology", "refund": "customer_service"}  # else operations


def ask(campaign_id: str) -> None:
    """Opens the dialog that ends a rehearsal."""
    dialog(Frame(plain("live.debrief"), "large"), "live.act", _ask, campaign_id)


def _ask(page: PageContext, campaign_id: str) -> None:
    with refusals():
        summary = debrief.debrief(page.database, page.actor, campaign_id, page.now)
        _figures(summary)
        if len(summary.alerts):
            draw_table(summary.alerts, NOTICED, key="debrief_alerts", height=180)
        if len(summary.goods):
            st.markdown(f"**{t('live.against_best')}**")
            shown = [column for column in GOODS if column.name in (*summary.goods.columns, "sku_code")]
            draw_table(
                summary.goods.reset_index().head(debrief.SHOWN), shown, key="debrief_goods", height=220
            )
        st.markdown(f"**{t('live.to_tasks')}**")
        ticked = [
            one
            for n, one in enumerate(proposals(summary))
            if st.checkbox(literal(one[0]), key=f"debrief_task_{n}")
        ]
        if st.button(t("live.end_for_good"), type="primary", key="debrief_end"):
            attempt(lambda: _end(page, campaign_id, ticked, learnings(summary)), t("live.ended"))


def _end(page: PageContext, campaign_id: str, tasks: list[tuple[str, str]], said: list[str]) -> None:
    """Ends it and turns the screens to the real sale."""
    base = debrief.finish(page.database, page.actor, campaign_id, debrief.Lessons(tasks, said), page.now)
    st.query_params["campaign"] = base


def _figures(summary: Debrief) -> None:
    """Minutes to notice, acts taken, and the money kept or lost against the best course."""
    money = (
        ()
        if summary.kept is None or summary.lost is None
        else (
            Card("live.kept", money_short(summary.kept), help="live.kept_help"),
            Card("live.lost_money", money_short(summary.lost), good=summary.lost == 0, help="live.lost_help"),
        )
    )
    cards(
        Card(
            "live.minutes_to_notice",
            "—" if summary.minutes is None else number(round(summary.minutes)),
            against=plain("live.unnoticed_of", n=summary.missed, of=len(summary.alerts)),
            help="live.minutes_to_notice_help",
        ),
        Card("live.acts_taken", number(summary.acts)),
        Card("live.reached", "—" if summary.reached is None else percent(summary.reached)),
        *money,
    )


def proposals(summary: Debrief) -> list[tuple[str, str]]:
    """Tasks that the night suggests: (title, department)."""
    late = [
        (plain("live.task_notice", kind=plain(f"alert.{kind}")), OWNERS.get(kind, "operations"))
        for kind in summary.late
        if kind in monitor.RULES
    ]
    idle = summary.goods[~summary.goods["done"].astype(bool)] if len(summary.goods) else summary.goods
    ready = [
        (
            plain("live.task_ready", sku=f"{code} {row['name']}".strip(), act=plain(f"act.{row['act']}")),
            "operations",
        )
        for code, row in idle.head(debrief.SHOWN).iterrows()
    ]
    return late + ready


def learnings(summary: Debrief) -> list[str]:
    """What is kept of the night, in sentences."""
    said = [plain("live.learnt_notice", n=len(summary.alerts), missed=summary.missed)]
    if summary.minutes is not None:
        said.append(plain("live.learnt_minutes", n=number(round(summary.minutes))))
    if len(summary.goods):
        worst = summary.goods.iloc[0]
        facts = {
            "sku": f"{summary.goods.index[0]} {worst['name']}".strip(),
            "act": plain(f"act.{worst['act']}"),
        }
        said.append(plain("live.learnt_goods", n=int((~summary.goods["done"].astype(bool)).sum()), **facts))
    return said


def earlier(page: PageContext, campaign_id: str) -> None:
    """The debriefs of the sale's earlier rehearsals."""
    summary: pd.DataFrame = debrief.past(page.database, page.actor, campaign_id)
    if summary.empty:
        return
    st.markdown(f"**{t('live.debriefs')}**")
    columns = [column for column in PAST if column.name in summary.columns]
    draw_table(summary, columns, key="debriefs", height=240)
