"""Horizontal bars with their figures beside them, and upright ones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from pages.parts.components.charts.look import SHORT, Look, Spec, axis, look, names, toned
from pages.parts.components.text import plain

FIGURE = 52  # pixels for the figure beside the longest bar
BOTH = 96  # for a figure and its mark's


@dataclass(frozen=True, slots=True)
class Bars:
    """Horizontal bars with their figures beside them, in the frame's order; `tone` names a column of hues,
    `target` one of marks; with marks, the figures read "done / due". Percentages stand on a whole axis, 0 to
    100%; shares are written alike on an axis as long as the largest.

    `signed`: bars to either side of nothing, each figure at its own bar's end. `row`: pixels a bar.
    """

    label: str
    value: str
    value_title: str
    tone: str = ""
    percent: bool = False
    share: bool = False
    target: str = ""
    row: int = 28
    rows: int = 8
    signed: bool = False

    def spec(self) -> Spec:
        """The chart as the reader sees it."""
        return _bars(self, look())


@lru_cache(maxsize=256)
def _bars(chart: Bars, look: Look) -> Spec:
    down, across = _down(chart), _across(chart)
    tooltip = [
        {"field": chart.label, "type": "nominal", "title": "·"},
        {
            "field": chart.value,
            "title": plain(chart.value_title),
            "format": ".1%" if chart.percent or chart.share else ",.2~f",
        },
    ]
    bar: Spec = {
        "mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.66}},
        "encoding": {"y": down, "x": across, "color": toned(chart.tone, look), "tooltip": tooltip},
    }
    layers = [bar, _figures(chart, look, down, across)]
    if chart.target:
        tick = {"type": "tick", "thickness": 2, "color": look.hues["ink"]}
        mark = {"field": chart.target, "type": "quantitative"}
        layers.append({"mark": tick, "encoding": {"y": down, "x": mark}})
    return {"height": chart.row * chart.rows, "layer": layers}


def _down(chart: Bars) -> Spec:
    return {"field": chart.label, "type": "nominal", "sort": None, "title": None, "axis": names()}


def _across(chart: Bars) -> Spec:
    beside = BOTH if chart.target else FIGURE
    room: Spec = {"range": [FIGURE if chart.signed else 0, {"expr": f"max(width - {beside}, 0)"}]}
    if chart.percent:
        room["domain"] = [0, 1]
    return {"field": chart.value, "type": "quantitative", "title": None, "axis": None, "scale": room}


def _figures(chart: Bars, look: Look, down: Spec, across: Spec) -> Spec:
    """The figures beside the bars, none under its mark."""
    mark: Spec = {"type": "text", "align": "left", "dx": 5, "color": look.hues["ink"]}
    if chart.signed:
        left = f"datum['{chart.value}'] < 0"
        mark |= {"align": {"expr": f"{left} ? 'right' : 'left'"}, "dx": {"expr": f"{left} ? -5 : 5"}}
    written = "format(datum.value, '.1%')" if chart.percent or chart.share else SHORT[look.tongue]
    fields = [f"datum['{name}']" for name in (chart.value, chart.target) if name]
    figure = " + ' / ' + ".join(f"({written.replace('datum.value', field)})" for field in fields)
    end = f"max({', '.join(fields)})" if chart.target else fields[0]
    return {
        "transform": [{"calculate": figure, "as": "figure"}, {"calculate": end, "as": "end"}],
        "mark": mark,
        "encoding": {"y": down, "x": {**across, "field": "end"}, "text": {"field": "figure"}},
    }


@dataclass(frozen=True, slots=True)
class Columns:
    """Upright bars in the frame's order: a histogram of ready-made bins, or figures by day; `tone` names a
    column of hues."""

    x: str
    y: str
    y_title: str
    tone: str = ""
    x_title: str = ""
    percent: bool = False
    height: int = 200

    def spec(self) -> Spec:
        """The chart as the reader sees it."""
        return _columns(self, look())


@lru_cache(maxsize=256)
def _columns(chart: Columns, look: Look) -> Spec:
    across, up = plain(chart.x_title) if chart.x_title else None, plain(chart.y_title)
    labels = {"labelAngle": 0, "labelOverlap": True}
    return {
        "height": chart.height,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": {"field": chart.x, "type": "ordinal", "sort": None, "title": across, "axis": labels},
            "y": {"field": chart.y, "type": "quantitative", "title": up, "axis": axis(chart.percent, look)},
            "color": toned(chart.tone, look),
            "tooltip": [
                {"field": chart.x, "title": across or "·"},
                {"field": chart.y, "title": up, "format": ",.2~f"},
            ],
        },
    }
