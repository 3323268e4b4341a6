"""Life cycle: when a buyer counts as lapsed, how many stand where; and who came back month by month."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from core.audience import service
from core.audience.service import Lives
from core.overview import stickiness
from pages.parts.audience.remembered import remembered, remembered_today
from pages.parts.components import charts
from pages.parts.components.charts import Spec, hue
from pages.parts.components.columns import Column
from pages.parts.components.tables import draw
from pages.parts.components.text import plain, t
from pages.parts.entry.context import PageContext
from pages.parts.shell.empty import empty

STAGES = (
    Column("stage", "audience.stage", pinned=True),
    Column("buyers", "audience.buyers", "integer"),
    Column("share", "audience.share", "percent"),
    Column("amount", "audience.amount", "money"),
)
ROW = 26  # pixels a cohort
CELL = 27  # pixels of width that a cell's number needs


def load(page: PageContext) -> None:
    """The tab; an empty shop is told what to import."""
    shown = remembered_today(page, "lives", lambda one: service.lives(one.database, one.actor, now=one.now))
    if shown is None:
        empty("audience.empty", button="warmup.import_orders", page="goods")
        return
    st.caption(_limits(shown))
    words = shown.stages.assign(stage=[plain(f"life_stage.{name}") for name in shown.stages["stage"]])
    draw(words, STAGES, key="audience_stages")
    _stickiness(page)
    _retention(shown)


def _stickiness(page: PageContext) -> None:
    """How often those come who come at all; without events a sentence says so."""
    known = remembered(
        page, "stickiness", lambda one: stickiness.stickiness(one.database, one.actor, now=one.now)
    )
    if known is None:
        st.caption(t("audience.no_stickiness"))
        return
    facts = {
        "people": known.people,
        "day": known.last_day,
        "rate": known.rate,
        "days": round(30 * known.rate, 1),
    }
    st.caption(t("audience.stickiness", **facts))


def _limits(shown: Lives) -> str:
    if math.isnan(shown.half):
        return t("audience.limits_open")
    if math.isnan(shown.most):
        return t("audience.limits_half", half=round(shown.half))
    return t("audience.limits", half=round(shown.half), most=round(shown.most))


def _retention(shown: Lives) -> None:
    curve = shown.curve[shown.curve["age"] > 0]
    if len(curve):
        charts.draw(curve, _curve(), key="audience_curve", alt=plain("audience.curve_alt"))
        st.caption(t("audience.curve_note"))
    cells = _cells(shown.cells)
    rows = cells["cohort"].nunique()
    charts.draw(
        cells,
        _triangle(rows, cells["age"].nunique()),
        key="audience_cohorts",
        alt=plain("audience.cohort_alt"),
    )
    st.caption(t("audience.cohort_note"))


def _cells(cells: pd.DataFrame) -> pd.DataFrame:
    """Cells with their share and text; the first cohort is marked."""
    first = cells["cohort"].min()
    rate = cells["buyers"] / cells["size"]
    named = cells["cohort"].where(cells["cohort"] != first, cells["cohort"] + "*")
    label = named + " · " + cells["size"].map("{:,}".format)
    text = [f"{100 * share:.0f}%" for share in rate]
    return cells.assign(cohort=label, rate=rate, text=text, hatched=cells["partial"].astype(bool))[
        cells["age"] > 0
    ]


def _curve() -> Spec:
    age = {
        "field": "age",
        "type": "quantitative",
        "title": plain("audience.age"),
        "axis": {"tickMinStep": 1, "grid": False},
    }
    rate = {
        "field": "rate",
        "type": "quantitative",
        "title": plain("audience.rate"),
        "axis": {"format": ".0%"},
    }
    return {
        "height": 180,
        "mark": {
            "type": "line",
            "point": {"color": hue("blue"), "filled": True},
            "strokeWidth": 2,
            "color": hue("blue"),
        },
        "encoding": {"x": age, "y": rate},
    }


def _triangle(rows: int, ages: int) -> Spec:
    """Rows of cohorts; the running month is hatched with a dash across its cell."""
    age = {
        "field": "age",
        "type": "ordinal",
        "title": plain("audience.age"),
        "axis": {"orient": "top", "labelAngle": 0, "ticks": False, "domain": False},
    }
    cohort = {"field": "cohort", "type": "ordinal", "title": None, "axis": {"ticks": False, "domain": False}}
    tooltip = [
        {"field": "cohort", "type": "nominal", "title": plain("audience.cohort")},
        {"field": "age", "type": "quantitative", "title": plain("audience.age")},
        {"field": "buyers", "type": "quantitative", "title": plain("audience.buyers"), "format": ","},
        {"field": "rate", "type": "quantitative", "title": plain("audience.rate"), "format": ".1%"},
    ]
    shade = {"field": "rate", "type": "quantitative", "scale": {"range": [0.06, 0.6]}, "legend": None}
    axes = {"x": age, "y": cohort}
    cell: Spec = {
        "transform": [{"filter": "!datum.hatched"}],
        "mark": {"type": "rect", "color": hue("blue"), "stroke": hue("ground")},
        "encoding": {**axes, "opacity": shade, "tooltip": tooltip},
    }
    running: Spec = {
        "transform": [{"filter": "datum.hatched"}],
        "mark": {"type": "rect", "fill": _hatch(), "stroke": hue("ground")},
        "encoding": {**axes, "tooltip": tooltip},
    }
    text: Spec = {
        "mark": {
            "type": "text",
            "fontSize": 11,
            "color": hue("ink"),
            "opacity": {"expr": f"width < {CELL * ages} ? 0 : 1"},  # numbers would print over one another
        },
        "encoding": {**axes, "text": {"field": "text"}},
    }
    return {"height": ROW * rows + 30, "layer": [cell, running, text]}


def _hatch() -> Spec:
    """Hard stripes as a gradient: the canvas has no pattern of its own."""
    stripe, ground = hue("line"), hue("ground")
    stops = []
    for number in range(6):
        stops += [
            (number / 6, stripe),
            (number / 6 + 0.08, stripe),
            (number / 6 + 0.08, ground),
            ((number + 1) / 6, ground),
        ]
    return {
        "gradient": "linear",
        "x1": 0,
        "y1": 0,
        "x2": 1,
        "y2": 1,
        "stops": [{"offset": round(offset, 3), "color": colour} for offset, colour in stops],
    }
