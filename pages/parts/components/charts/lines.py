"""Lines over time with an optional band and now-line; the last value of each line carries its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pages.parts.components.charts.look import HEIGHT, ROOM, Hue, Look, Spec, axis, look
from pages.parts.components.text import plain

BAND = 0.18
_MIDNIGHT = "hours(datum.value) + minutes(datum.value) ? timeFormat(datum.value, '%H:%M') : timeFormat(datum.value, '%m-%d')"


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a part: its name in the frame, the key of its word, its hue; a plan is dashed."""

    name: str
    title: str
    hue: Hue = "red"
    dashed: bool = False


@dataclass(frozen=True, slots=True)
class Lines:
    """A long frame's columns `x` (naive moments), `y` and `series`, drawn as one line a series; without `titled` the
    axis has no name of its own, as what stands over the chart says it."""

    x: str
    y: str
    series: tuple[Series, ...]
    y_title: str
    percent: bool = False
    titled: bool = True
    clock: str = "%m-%d %H:%M"
    height: int = HEIGHT

    def spec(self) -> Spec:
        """The chart as the reader sees it."""
        return _lines(self, look())


@lru_cache(maxsize=256)
def _lines(chart: Lines, look: Look) -> Spec:
    layers = [_band(chart, look), _strokes(chart, look), *_names(chart, look), _now_line(chart, look)]
    return {"height": chart.height, "padding": ROOM, "layer": layers}


def _band(chart: Lines, look: Look) -> Spec:
    """The area from `low` to `high` where the frame has one."""
    return {
        "transform": [_known(chart), {"filter": "isValid(datum.low)"}],
        "mark": {"type": "area", "opacity": BAND},
        "encoding": {
            "x": _across(chart),
            "y": {"field": "low", "type": "quantitative"},
            "y2": {"field": "high"},
            "color": _colour(chart, look),
        },
    }


def _strokes(chart: Lines, look: Look) -> Spec:
    title = plain(chart.y_title)
    return {
        "transform": [_known(chart), {"filter": f"isValid(datum['{chart.y}'])"}],
        "mark": {"type": "line", "strokeWidth": 2},
        "encoding": {
            "x": _across(chart),
            "y": {
                "field": chart.y,
                "type": "quantitative",
                "title": title if chart.titled else None,
                "axis": axis(chart.percent, look),
            },
            "color": _colour(chart, look),
            "strokeDash": _by_series(chart, [[5, 4] if one.dashed else [1, 0] for one in chart.series]),
            "tooltip": _tooltip(chart, title),
        },
    }


def _tooltip(chart: Lines, title: str) -> list[Spec]:
    moment = "%m-%d %H:%M" if chart.clock == "%H:%M" else chart.clock
    return [
        {"field": chart.x, "type": "temporal", "title": "·", "format": moment},
        {
            "field": chart.y,
            "type": "quantitative",
            "title": title,
            "format": ".1%" if chart.percent else ",.0f",
        },
    ]


def _names(chart: Lines, look: Look) -> tuple[Spec, Spec]:
    """Each line's name at its end, over an edge of the page's ground: no line crosses a name."""
    early = (
        f"scale('x', datum.end['{chart.x}']) < 80"  # to the left of its line's end it would stand on the axis
    )
    above_axis = "scale('y', datum.tall) + 13 * datum.place < height - 6"  # below it would stand on the axis
    name: Spec = {
        "transform": _line_ends(chart),
        "mark": {
            "type": "text",
            "align": {"expr": f"{early} ? 'left' : 'right'"},
            "dx": {"expr": f"{early} ? 3 : -2"},
            "dy": {"expr": f"!datum.below ? -10 : {above_axis} ? 13 * datum.place : -10 - 13 * datum.place"},
            "fontWeight": 600,
        },
        "encoding": {
            "x": {"field": f"end['{chart.x}']", "type": "temporal"},
            "y": {"field": f"end['{chart.y}']", "type": "quantitative"},
            "text": {"field": "word"},
            "color": _colour(chart, look),
        },
    }
    edge = {**name["mark"], "stroke": look.hues["ground"], "strokeWidth": 4}
    return {**name, "mark": edge}, name


def _line_ends(chart: Lines) -> list[Spec]:
    """The last point of every line that has two; dashed ones are named below their lines, the lower one lower
    still, and above the other names where the axis is too near: names do not meet."""
    dashed = [one.name for one in chart.series if one.dashed]
    words = {one.name: plain(one.title) for one in chart.series}
    ends = [{"op": "argmax", "field": chart.x, "as": "end"}, {"op": "count", "as": "points"}]
    return [
        _known(chart),
        {"filter": f"isValid(datum['{chart.y}'])"},
        {"aggregate": ends, "groupby": ["series"]},
        {"filter": "datum.points > 1"},  # a single point is no line to name
        {"calculate": _switch("datum.series", words), "as": "word"},
        {"calculate": f"datum.end['{chart.y}']", "as": "tall"},
        {"calculate": f"indexof({dashed!r}, datum.series) < 0 ? 0 : 1", "as": "below"},
        {
            "window": [{"op": "row_number", "as": "place"}],
            "groupby": ["below"],
            "sort": [{"field": "tall", "order": "descending"}],
        },
    ]


def _now_line(chart: Lines, look: Look) -> Spec:
    return {
        "transform": [{"filter": "datum.series == 'now'"}],
        "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.7, "color": look.hues["ink"]},
        "encoding": {"x": _across(chart)},
    }


def _known(chart: Lines) -> Spec:
    return {"filter": {"field": "series", "oneOf": [one.name for one in chart.series]}}


def _across(chart: Lines) -> Spec:
    days = {"labelExpr": _MIDNIGHT} if chart.clock == "%H:%M" else {"format": chart.clock}
    return {
        "field": chart.x,
        "type": "temporal",
        "title": None,
        "axis": {**days, "grid": False, "labelOverlap": True},
    }


def _colour(chart: Lines, look: Look) -> Spec:
    return _by_series(chart, [look.hues[one.hue] for one in chart.series])


def _by_series(chart: Lines, values: list[str] | list[list[int]]) -> Spec:
    scale = {"domain": [one.name for one in chart.series], "range": values}
    return {"field": "series", "type": "nominal", "legend": None, "scale": scale}


def _switch(field: str, words: Mapping[str, str]) -> str:
    """A Vega expression: the word of a name."""
    return "".join(f"{field} == {name!r} ? {word!r} : " for name, word in words.items()) + "''"
