"""Structure of users: what people are like, and how the buyers of the sale differ from the rest."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.audience.people import service
from core.audience.people.service import Structure
from core.audience.people.sheet import PEOPLE
from core.settings import settings
from core.sheets.writer import template
from pages.parts.audience.bring import bring
from pages.parts.audience.remembered import remembered
from pages.parts.components import charts
from pages.parts.components.cards import Card, cards
from pages.parts.components.charts import Spec, hue, names
from pages.parts.components.columns import Column
from pages.parts.components.tables import Filter, table
from pages.parts.components.text import known, language, number, plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

COLUMNS = (
    Column("trait_word", "people.trait", pinned=True),
    Column("value_word", "people.value", pinned=True),
    Column("people", "people.people", "integer"),
    Column("share", "people.share", "share"),
    Column("buyer_share", "people.buyer_share", "percent"),
    Column("rest_share", "people.rest_share", "percent"),
    Column("difference", "people.difference", "points"),
    Column("low", "people.low", "points"),
    Column("high", "people.high", "points"),
    Column("verdict", "people.verdict", "state", words="share_verdict"),
)
VIEWS = (Filter("differs", "people.view_differs", lambda rows: rows["verdict"].isin(["more", "less"])),)
BARS, ROW = 12, 24  # differences drawn, pixels each


def load(page: PageContext) -> None:
    """The tab; without records it says so and offers the sheet."""
    shown = remembered(
        page,
        "structure",
        lambda one: service.people_structure(one.database, one.actor, one.campaign_id, now=one.now),
    )
    if not shown.people:
        name = f"{plain('kind.people')}.xlsx"
        empty("people.none", sample=(name, lambda: template(PEOPLE.spec, language())))
        _kept_for()
        bring(page, PEOPLE, "structure")
        return
    _answer(shown)
    rows = _worded(shown.shares)
    _picture(rows)
    table(
        rows,
        COLUMNS,
        key="people_shares",
        filters=VIEWS,
        search=("trait_word", "value_word"),
        export="structure",
    )
    st.caption(t("people.note"))
    _kept_for()
    bring(page, PEOPLE, "structure")


def _kept_for() -> None:
    """The retention period, where the shop has set one."""
    months = settings().person_retention_months
    if months:
        st.caption(t("people.retention", months=months))


def _answer(shown: Structure) -> None:
    sentence = (
        "people.no_sale" if not shown.sale else "people.sale_is" if shown.asked else "people.sale_is_last"
    )
    st.caption(t(sentence, sale=shown.sale))
    judged = shown.shares[shown.shares["verdict"] != ""]
    cards(
        Card("people.records", number(shown.people)),
        Card("people.sale_buyers", number(shown.buyers), against=shown.sale),
        Card("people.recorded", number(shown.recorded), help="people.recorded_help"),
        Card(
            "people.differs",
            number(int(judged["verdict"].isin(["more", "less"]).sum())),
            against=plain("people.differs_of", n=len(judged)),
        ),
        strip=True,
    )


def _worded(shares: pd.DataFrame) -> pd.DataFrame:
    traits = shares["trait"].map({name: plain(f"trait.{name}") for name in shares["trait"].unique()})
    values = [_value(trait, value) for trait, value in zip(shares["trait"], shares["value"], strict=True)]
    return shares.assign(trait_word=traits, value_word=values)


def _value(trait: str, value: str) -> str:
    """A value in words: what stands for nothing, a code that has a word, or the shop's own text."""
    if value.startswith("~"):
        return plain(f"people.{value[1:]}")
    return plain(f"{trait}.{value}") if trait in ("sex", "channel") and known(f"{trait}.{value}") else value


def _picture(rows: pd.DataFrame) -> None:
    """The largest differences that are none of chance, with their intervals."""
    differing = rows[rows["verdict"].isin(["more", "less"])]
    if differing.empty:
        return
    largest = differing.loc[differing["difference"].abs().sort_values(ascending=False).index].head(BARS)
    points = largest.assign(
        name=largest["trait_word"] + " · " + largest["value_word"],
        **{name: largest[name] * 100 for name in ("difference", "low", "high")},
    )[["name", "difference", "low", "high"]]
    charts.draw(points, _spec(len(points)), key="people_differences", alt=plain("people.picture_alt"))


def _spec(rows: int) -> Spec:
    across = {
        "type": "quantitative",
        "title": f"{plain('people.difference')} ({plain('common.points_unit')})",
    }
    down = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": names()}
    zero: Spec = {"mark": {"type": "rule", "color": hue("gray")}, "encoding": {"x": {"datum": 0}}}
    span: Spec = {
        "mark": {"type": "rule", "strokeWidth": 2, "color": hue("blue")},
        "encoding": {"y": down, "x": {"field": "low", **across}, "x2": {"field": "high"}},
    }
    point: Spec = {
        "mark": {"type": "point", "filled": True, "size": 60, "color": hue("blue")},
        "encoding": {"y": down, "x": {"field": "difference", **across}},
    }
    return {"height": ROW * rows, "layer": [zero, span, point]}
