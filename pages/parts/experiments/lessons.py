"""Learnings: found by words, Chinese too, with their effect and how long they hold; kept by hand where nothing was
measured."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.campaign.target import FACTORS
from core.experiments import learnings as service
from core.experiments.learnings import Lesson
from core.experiments.statistics.verdict import VERDICTS
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.states import word
from pages.parts.components.tables import table
from pages.parts.components.text import known, plain, t
from pages.parts.components.url_state import kept
from pages.parts.entry.context import PageContext
from pages.parts.experiments.figures import change, interval

LEARNINGS = (
    Column("title", "experiments.learning", width="large"),
    Column("verdict", "experiments.verdict", "state", words="verdict"),
    Column("effect_name", "experiments.effect", help="experiments.effect_help"),
    Column("interval_name", "experiments.interval"),
    Column("factor_name", "experiments.factor"),
    Column("scope", "experiments.scope"),
    Column("campaign", "experiments.campaign"),
    Column("tags", "experiments.tags", "list"),
    Column("valid_until", "experiments.valid_until"),
    Column("detail", "experiments.detail", width="large"),
)


def lessons(page: PageContext) -> None:
    """The search, the list, and one to keep by hand."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        with kept("learnings_find", ""):
            query = st.text_input(
                t("common.search"),
                key="learnings_find",
                type="search",
                placeholder=plain("experiments.find_learning"),
                icon=":material/search:",
                label_visibility="collapsed",
                width=320,
            )
        if page.may("experiment.edit"):
            _keep(page)
    frame = service.search(page.database, page.actor, str(query or ""))
    if frame.empty:
        st.info(t("experiments.no_learnings"), icon=":material/school:")
        return
    table(shown(frame), LEARNINGS, key="learnings", export="learnings")


def shown(frame: pd.DataFrame) -> pd.DataFrame:
    """Learnings as the table shows them."""
    measured = frame["effect"].notna()
    rows = list(zip(frame["metric"], frame["effect"], frame["low"], frame["high"], measured, strict=True))
    return frame.assign(
        effect_name=[change(metric, effect) if some else "—" for metric, effect, _, _, some in rows],
        interval_name=[interval(metric, low, high) if some else "" for metric, _, low, high, some in rows],
        scope=frame["scope"].map(_tag),
        tags=frame["tags"].map(lambda tags: [_tag(one) for one in tags]),
        factor_name=frame["factor"].map(lambda code: plain(f"plan.{code}_word")),
    ).set_index("learning_id", drop=False)


def _tag(written: str) -> str:
    """What somebody wrote, or the word of what a list writes of itself."""
    key = f"list_kind.{written}"
    return plain(key) if known(key) else written


def _keep(page: PageContext) -> None:
    with (
        st.popover(t("experiments.keep_learning"), icon=":material/add:"),
        st.form("learning_new", clear_on_submit=True),
    ):
        title = st.text_input(t("experiments.learning"))
        detail = st.text_area(t("experiments.detail"))
        factor = st.selectbox(
            t("experiments.factor"), FACTORS, index=1, format_func=lambda code: plain(f"plan.{code}_word")
        )
        verdict = st.selectbox(
            t("experiments.verdict"), VERDICTS, format_func=lambda code: word(code, "verdict")
        )
        scope = st.text_input(t("experiments.scope"), help=t("experiments.scope_help"))
        tags = st.text_input(t("experiments.tags"), help=t("experiments.tags_help"))
        until = st.date_input(t("experiments.valid_until"), None)
        if st.form_submit_button(t("experiments.keep_learning"), type="primary"):
            lesson = Lesson(
                title, str(factor), str(verdict), detail, scope, valid_until=until, tags=tuple(tags.split())
            )
            attempt(
                lambda: service.keep(page.database, page.actor, page.campaign_id, lesson, page.now),
                t("experiments.kept"),
            )
