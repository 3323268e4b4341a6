"""评判: each thing that was decided, against what came, area by area; what has no data says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pandas as pd
import streamlit as st

from core.overview import tried as service
from core.review.service import Landing
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import money, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.learnt import effect

LINES = (
    Column("measure", "review.measure", pinned=True),
    Column("value", "review.value"),
    Column("target", "review.expected"),
    Column("note", "review.note", width="large"),
)
LISTS = (
    Column("name", "lists.name", pinned=True),
    Column("kind", "lists.kind", "state", words="list_kind"),
    Column("word", "experiments.verdict", "state", words="verdict"),
    Column("people", "lists.called", "integer"),
    Column("net", "review.list_net", "money", help="review.list_net_help"),
    Column("range", "lists.interval"),
    Column("increment", "review.list_increment", "money", help="review.list_increment_help"),
    Column("over", "review.tried_over"),
)
TESTS = (
    Column("name", "lists.name", pinned=True),
    Column("metric", "experiments.metric", "state", words="metric"),
    Column("word", "experiments.verdict", "state", words="verdict"),
    Column("effect", "review.test_effect"),
    Column("range", "lists.interval"),
    Column("worth", "review.test_worth", "money", help="review.test_worth_help"),
    Column("over", "review.tried_over"),
)


def tab(page: PageContext, landing: Landing) -> None:
    """The measures by area, then what was tried with something held back."""
    tried = service.tried(page.database, page.actor, page.campaign_id, now=page.moment)
    judged(service.with_increment(landing.judged, tried))
    _lists(tried.lists)
    _tests(tried.tests)


def _lists(lists: pd.DataFrame) -> None:
    st.markdown(f"**{t('review.area_lists')}**")
    if lists.empty:
        st.caption(t("review.lists_none"))
        return
    ends = zip(lists["low"], lists["high"], strict=True)
    spans = [_span(low, high, lambda fen: money_short(round(fen), sign=True)) for low, high in ends]
    draw(lists.assign(range=spans, over=_over(lists)), LISTS, key="review_judged_lists")


def _tests(tests: pd.DataFrame) -> None:
    st.markdown(f"**{t('review.area_tests')}**")
    if tests.empty:
        st.caption(t("review.tests_none"))
        return
    rows = tests.to_dict("records")
    shown = tests.assign(
        effect=["—" if pd.isna(row["effect"]) else effect(row["metric"], row["effect"]) for row in rows],
        range=[_span(row["low"], row["high"], partial(effect, row["metric"])) for row in rows],
        over=_over(tests),
    )
    draw(shown, TESTS, key="review_judged_tests")


def _span(low: float, high: float, words: Callable[[float], str]) -> str:
    return "—" if pd.isna(low) or pd.isna(high) else f"{words(low)} … {words(high)}"


def _over(frame: pd.DataFrame) -> list[str]:
    return [plain("review.tried_final" if one else "review.tried_runs") for one in frame["final"]]


def judged(frame: pd.DataFrame) -> None:
    """A table an area."""
    for area, rows in frame.groupby("area", sort=False):
        st.markdown(f"**{t(f'review.area_{area}')}**")
        lines = [
            {
                "measure": plain(f"review.measure_{row['measure']}"),
                "value": figure(row["value"], row["unit"]) or plain("review.no_data"),
                "target": figure(row["target"], row["unit"]),
                "note": plain(f"review.missing_{row['missing']}")
                if row["missing"]
                else plain(f"review.measure_{row['measure']}_help"),
            }
            for row in rows.to_dict("records")
        ]
        draw(pd.DataFrame(lines), LINES, key=f"review_judged_{area}")


def figure(value: float, unit: str) -> str:
    """A measure in the reader's units; "" where there is none."""
    if pd.isna(value):
        return ""
    if unit == "fen":
        return money(round(value))
    return percent(value) if unit == "rate" else number(value)
