"""What was learnt before, beside the form where it applies: on prices, labels, or an idea of the same words."""

from __future__ import annotations

from collections.abc import Hashable, Mapping

import pandas as pd
import streamlit as st

from core.experiments import learnings
from pages.parts.components.states import tone, word
from pages.parts.components.text import literal, money, plain, t
from pages.parts.entry.context import PageContext

MOST = 3
MONEY = ("visitor_value", "aov", "cuped")


def on(page: PageContext, topic: str) -> None:
    """What still holds about the subject of a form (core.experiments.finding.TOPICS); nothing where there is none, or
    for who may not read reviews."""
    if page.may("review.view"):
        _lines(learnings.about(page.database, page.actor, topic, page.now))


def like(page: PageContext, words: str) -> None:
    """What was learnt about the same words."""
    _lines(learnings.search(page.database, page.actor, words))


def effect(metric: str, value: float) -> str:
    """`+0.35 个百分点` of a share, `+¥1.20` of money."""
    if metric in MONEY:
        return money(round(value), sign=True)
    return plain("common.points", n=f"{value * 100:+.2f}")


def line(row: Mapping[Hashable, object]) -> None:
    """One learning with its verdict, effect and where it was learnt: a row of `learnings.search`."""
    size = row["effect"]
    measured = (
        f" {literal(effect(str(row['metric']), size))}" if isinstance(size, float) and size == size else ""
    )
    verdict = str(row["verdict"])
    st.markdown(
        f":material/school: {literal(row['title'])} :{tone(verdict)}-badge[{word(verdict, 'verdict')}]"
        f"{measured} :gray[{literal(row['campaign'])}]"
    )


def _lines(frame: pd.DataFrame) -> None:
    if frame.empty:
        return
    with st.container(gap="xxsmall"):
        st.caption(t("experiments.learnt_before"))
        for row in frame.head(MOST).to_dict("records"):
            line(row)
        if len(frame) > MOST:
            st.caption(t("experiments.more_learnt", n=len(frame) - MOST))
