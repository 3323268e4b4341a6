"""Hypotheses on the factors of the target: the tree, each with what it would bring and how far its tests are."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.campaign.target import FACTORS
from core.experiments import hypotheses as service
from core.experiments import ideas
from core.experiments.hypotheses import NewHypothesis, Tried
from pages.parts.components import charts
from pages.parts.components.columns import Column
from pages.parts.components.feedback import attempt
from pages.parts.components.states import tone, word
from pages.parts.components.tables import draw
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext
from pages.parts.experiments import pictures
from pages.parts.experiments.figures import of_factor, worth

HYPOTHESES = (
    Column("factor_name", "experiments.factor"),
    Column("title", "experiments.hypothesis", width="large"),
    Column("change_name", "experiments.change"),
    Column("worth", "experiments.worth", "money", help="experiments.worth_help"),
    Column("state", "experiments.state", "state", words="test_state"),
    Column("tests", "experiments.tests", "integer"),
    Column("account", "experiments.created_by", "person", shown=False),
)
SCALE = {"visitors": 100, "conversion_rate": 100, "aov": 1 / 100}  # of a change, for the box
HUES = {"green": "green", "red": "red", "orange": "amber", "blue": "blue", "gray": "gray"}


def hypotheses(page: PageContext) -> None:
    """The tree, the list, and a new one."""
    tried = service.tried(page.database, page.actor, page.campaign_id, page.now)
    if page.may("experiment.edit"):
        _new(page)
    if tried.hypotheses.empty:
        st.info(t("experiments.no_hypotheses"), icon=":material/account_tree:")
        return
    tree(tried)
    st.caption(t("experiments.tree_note"))
    draw(listed(tried), HYPOTHESES, key="hypotheses")


def listed(tried: Tried) -> pd.DataFrame:
    """The hypotheses as the table shows them."""
    frame = tried.hypotheses
    return frame.assign(
        factor_name=frame["factor"].map(lambda code: plain(f"plan.{code}_word")),
        change_name=[of_factor(*pair) for pair in zip(frame["factor"], frame["change"], strict=True)],
    )


def label(title: str, factor: str, change: float, fen: int | None, state: str) -> str:
    """A hypothesis in one line: 详情页首屏改版 → +0.30 个百分点 → +¥150万 · 进行中."""
    parts = [title, of_factor(factor, change), worth(fen)]
    return " → ".join(parts) + f" · {word(state, 'test_state')}"


def tree(tried: Tried) -> None:
    """The target, its factors and what hangs on them."""
    frame = tried.hypotheses
    rows = zip(frame["title"], frame["factor"], frame["change"], frame["worth"], frame["state"], strict=True)
    labels = [
        label(title, factor, change, None if pd.isna(fen) else int(fen), state)
        for title, factor, change, fen, state in rows
    ]
    leaves = pd.DataFrame(
        {"factor": frame["factor"], "label": labels, "tone": [HUES[tone(code)] for code in frame["state"]]}
    )
    words = {code: plain(f"plan.{code}_word") for code in FACTORS}
    nodes, spec = pictures.tree(leaves, words, plain("plan.gmv_word"))
    charts.draw(nodes, spec, key="hypothesis_tree", alt=plain("experiments.tree_alt"))


def _new(page: PageContext) -> None:
    with st.popover(t("experiments.new_hypothesis"), icon=":material/add:"):
        factor = st.selectbox(
            t("experiments.factor"), FACTORS, index=1, format_func=lambda code: plain(f"plan.{code}_word")
        )
        title = st.text_input(t("experiments.hypothesis"), key="hypothesis_title")
        value = st.number_input(
            t(f"experiments.change_{factor}"), value=0.3 if factor == "conversion_rate" else 5.0, step=0.1
        )
        backlog = ideas.backlog(page.database, page.actor).ideas
        titles = dict(zip(backlog.index, backlog["title"], strict=True)) if len(backlog) else {}
        idea = st.selectbox(
            t("experiments.from_idea"), ["", *titles], format_func=lambda key: titles.get(key, "—")
        )
        if st.button(t("experiments.new_hypothesis"), type="primary", key="hypothesis_save"):
            change = value / SCALE[factor]
            attempt(
                lambda: service.pose(
                    page.database,
                    page.actor,
                    page.campaign_id,
                    NewHypothesis(factor, title, change, idea_id=str(idea or "")),
                    page.now,
                ),
                t("experiments.posed"),
            )
