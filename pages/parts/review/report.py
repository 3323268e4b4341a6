"""What management asks first, on one page of paper and in a workbook: target, done, profit, stock, customers, lessons."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.review import lessons as written
from core.review import service
from core.review.book import book
from core.review.service import Landing
from pages.parts.components.defaults import finding_words
from pages.parts.components.downloads import Button, File, download
from pages.parts.components.printing import Bar, bars, grid, listed, pair, paper, print_button, sheet
from pages.parts.components.text import day, language, money, number, percent, plain, t
from pages.parts.entry import goods_looks
from pages.parts.entry.context import PageContext
from pages.parts.review import judged
from pages.parts.review.rungs import rungs

LISTED = 8  # goods of each side on paper
LESSONS = 6


def report(page: PageContext, landing: Landing) -> None:
    """The page for the printer, what stands on it, and the workbook behind it."""
    with st.container(horizontal=True):
        print_button("review_print")
        download(
            Button(t("review.workbook"), key="review_book"), File(f"review-{page.campaign_id}.xlsx"), _book
        )
    st.caption(t("review.report_note"))
    heads, lessons = _heads(landing), _lessons(page, landing)
    paper(
        [
            sheet(
                f"{landing.name} · {plain('review.title')}",
                _leaf(landing, heads, lessons),
                note=_state(landing),
            )
        ]
    )
    for word, figure in heads:
        st.markdown(f"{word}　**{figure}**")
    st.markdown(f"**{t('review.lessons')}**")
    for sentence in lessons or [plain("review.lessons_none")]:
        st.text(sentence)


def _book(page: PageContext) -> bytes:
    landing = service.review(page.database, page.actor, page.campaign_id, page.moment)
    return book(landing, _lessons(page, landing), language(), judged.leaves(page, landing))


def _state(landing: Landing) -> str:
    return (
        plain("review.open_until", day=day(landing.open_until))
        if landing.closed
        else plain("review.still_selling")
    )


def _heads(landing: Landing) -> list[tuple[str, str]]:
    """目标 完成 利润 库存 客户."""
    done = f" ({percent(landing.paid / landing.target)})" if landing.target else ""
    left = int(landing.goods["left"].fillna(0).clip(lower=0).sum())
    rows = [
        (plain("review.target"), money(landing.target)),
        (plain("review.paid"), money(landing.paid) + done),
    ]
    if landing.profit is not None:
        rows.append((plain("review.profit"), money(landing.profit)))
    stock = f"{number(left)} {plain('review.units_unit')}"
    people = plain("review.customers_of", buyers=landing.buyers, visitors=landing.visitors)
    return [*rows, (plain("review.left"), stock), (plain("review.customers"), people)]


def _lessons(page: PageContext, landing: Landing) -> list[str]:
    rows = written.lessons(page.database, page.actor, page.campaign_id)
    return [*rows["text"].tolist(), *(finding_words(one.code, one.facts) for one in landing.findings)][
        :LESSONS
    ]


def _leaf(landing: Landing, heads: list[tuple[str, str]], lessons: list[str]) -> str:
    """The page: figures and lessons on top, the waterfall, goods of both ends."""
    top = grid([(word, word) for word, _ in heads], [dict(heads)], kind="words")
    waterfall = bars(_bars(landing)) if landing.planned else ""
    ends = pair(_goods(landing.goods.head(LISTED)), _goods(landing.goods.tail(LISTED).iloc[::-1]))
    return top + listed(plain("review.lessons"), lessons) + waterfall + ends


def _bars(landing: Landing) -> list[Bar]:
    steps = rungs(landing)
    widest = max(float(steps[["start", "end"]].max().max()), 1.0)
    return [
        Bar(row["label"], row["figure"], row["start"] / widest, row["end"] / widest, row["kind"])
        for row in steps.to_dict("records")
    ]


def _goods(goods: pd.DataFrame) -> str:
    columns = [
        ("name", plain("review.name")),
        ("planned", plain("review.planned_amount")),
        ("amount", plain("review.paid")),
        ("gap", plain("review.gap")),
    ]
    looks = goods_looks.current()
    specs = pd.Series("", goods.index) if looks is None else looks["spec"].reindex(goods.index).fillna("")
    rows = [
        {"name": f"{row['name']} {spec}".rstrip()}
        | {name: money(row[name], sign=name == "gap") for name in ("planned", "amount", "gap")}
        for row, spec in zip(goods.to_dict("records"), specs, strict=True)
    ]
    return grid(columns, rows, kind="dense")
