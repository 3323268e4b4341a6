"""What is being tried on each factor of the target, and what has been learnt about it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.campaign.target import FACTORS
from core.experiments import hypotheses as service
from core.experiments.hypotheses import Tried
from pages.parts.components.states import tone, word
from pages.parts.components.text import literal, money_short, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell import learnt
from pages.parts.shell.links import go, may_go

MOST = 4  # lines of each sort a factor


def tried(page: PageContext) -> None:
    """A column a factor: hypotheses with their worth, learnings with their effect; nothing where there are none."""
    attempts = service.tried(page.database, page.actor, page.campaign_id, page.now)
    if attempts.hypotheses.empty and attempts.learnings.empty:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{t('experiments.on_factors')}**", width="content")
        if may_go("experiments") and st.button(
            t("experiments.to_page"), type="tertiary", icon=":material/science:"
        ):
            go("experiments")
    with st.grid(len(FACTORS), min_column_width=260):
        for factor in FACTORS:
            with st.container(border=True, gap="xsmall"):
                _factor(attempts, factor)


def _factor(attempts: Tried, factor: str) -> None:
    st.markdown(f"**{plain(f'plan.{factor}_word')}**")
    mine = attempts.hypotheses[attempts.hypotheses["factor"] == factor]
    lessons = attempts.learnings[attempts.learnings["factor"] == factor]
    for row in mine.head(MOST).to_dict("records"):
        worth = (
            "" if pd.isna(row["worth"]) else f" → **{literal(money_short(int(row['worth']), sign=True))}**"
        )
        st.markdown(
            f":{tone(row['state'])}-badge[{word(row['state'], 'test_state')}] {literal(row['title'])} → "
            f"{literal(_change(factor, row['change']))}{worth}"
        )
    for row in lessons.head(MOST).to_dict("records"):
        learnt.line(row)
    if mine.empty and lessons.empty:
        st.caption(t("experiments.nothing_tried"))


def _change(factor: str, value: float) -> str:
    if factor == "visitors":
        return percent(value, 1, sign=True)
    return learnt.effect("aov" if factor == "aov" else "conversion_rate", value)
