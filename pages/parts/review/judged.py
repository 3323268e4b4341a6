"""评判: each thing that was decided, against what came, area by area; what has no data says what is missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from core.overview import tried as service
from core.review.book import Leaf
from core.review.service import Landing
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import money, money_short, number, percent, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.learnt import effect

AREA = Column("area", "review.area")
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
    _tried("lists", lists_shown(tried.lists), LISTS)
    _tried("tests", tests_shown(tried.tests), TESTS)


def leaves(page: PageContext, landing: Landing) -> list[Leaf]:
    """The same tables as sheets of the workbook."""
    tried = service.tried(page.database, page.actor, page.campaign_id, now=page.moment)
    measures = service.with_increment(landing.judged, tried)
    by_area = [
        lines(rows).assign(area=plain(f"review.area_{area}"))
        for area, rows in measures.groupby("area", sort=False)
    ]
    tables = (
        ("review.tab_judged", pd.concat(by_area) if by_area else lines(measures), (AREA, *LINES)),
        ("review.area_lists", lists_shown(tried.lists), LISTS),
        ("review.area_tests", tests_shown(tried.tests), TESTS),
    )
    return [_leaf(title, frame, columns) for title, frame, columns in tables if len(frame)]


def _leaf(title: str, frame: pd.DataFrame, columns: Sequence[Column]) -> Leaf:
    """A table as the screen shows it: codes as words, money in yuan."""
    rows = [[_cell(column, row[column.name]) for column in columns] for row in frame.to_dict("records")]
    return Leaf(plain(title), [plain(column.title) for column in columns], rows)


def _cell(column: Column, value: Any) -> str | float | int | None:
    if pd.isna(value):
        return None
    if column.kind == "state":
        return plain(f"{column.words}.{value}")
    return round(float(value) / 100, 2) if column.kind == "money" else value


def _tried(name: str, shown: pd.DataFrame, columns: Sequence[Column]) -> None:
    st.markdown(f"**{t(f'review.area_{name}')}**")
    if shown.empty:
        st.caption(t(f"review.{name}_none"))
    else:
        draw(shown, columns, key=f"review_judged_{name}")


def lists_shown(lists: pd.DataFrame) -> pd.DataFrame:
    """Lists with their interval in words."""
    ends = zip(lists["low"], lists["high"], strict=True)
    spans = [_span(low, high, lambda fen: money_short(round(fen), sign=True)) for low, high in ends]
    return lists.assign(range=spans, over=_over(lists))


def tests_shown(tests: pd.DataFrame) -> pd.DataFrame:
    """Tests with effect and interval in the metric's own units."""
    rows = tests.to_dict("records")
    return tests.assign(
        effect=["—" if pd.isna(row["effect"]) else effect(row["metric"], row["effect"]) for row in rows],
        range=[_span(row["low"], row["high"], partial(effect, row["metric"])) for row in rows],
        over=_over(tests),
    )


def _span(low: float, high: float, words: Callable[[float], str]) -> str:
    return "—" if pd.isna(low) or pd.isna(high) else f"{words(low)} … {words(high)}"


def _over(frame: pd.DataFrame) -> list[str]:
    return [plain("review.tried_final" if one else "review.tried_runs") for one in frame["final"]]


def judged(frame: pd.DataFrame) -> None:
    """A table an area."""
    for area, rows in frame.groupby("area", sort=False):
        st.markdown(f"**{t(f'review.area_{area}')}**")
        draw(lines(rows), LINES, key=f"review_judged_{area}")


def lines(rows: pd.DataFrame) -> pd.DataFrame:
    """Measures in words: LINES."""
    words = [
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
    return pd.DataFrame(words, columns=[column.name for column in LINES])


def figure(value: float, unit: str) -> str:
    """A measure in the reader's units; "" where there is none."""
    if pd.isna(value):
        return ""
    if unit == "fen":
        return money(round(value))
    return percent(value) if unit == "rate" else number(value)
