"""One look for every chart. A spec is built once from plain arguments, the frame alone moves; drawn by st.vega_lite_chart.

    spec = lines("minute", "yuan", (Series("actual", "live.actual", "red"), Series("plan", "live.plan", "gray", dashed=True)), y_title="live.gmv")
    draw(frame, spec, key="pace", alt=plain("live.pace_alt"))

`lines` takes a long frame: x, y, `series` (the name), and optionally `low`/`high` for a band. A row with series "now" draws
the thin now-line at its x; it is data, so the spec stays the same and nothing flickers. Moments come naive, on the
campaign's clock (`core.clock.local_naive`); money comes in yuan (`yuan`). Hues: red blue gray amber green.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, get_args

import pandas as pd
import streamlit as st

from pages.parts.text import language, plain

Hue = Literal["red", "blue", "gray", "amber", "green"]
Spec = dict[str, Any]
HEIGHT = 300
BAND = 0.18
ROOM = {"top": 16, "bottom": 4, "left": 4, "right": 4}  # above the highest figure, for its name
FIGURE = 52  # pixels for the figure beside the longest bar
BOTH = 96  # for a figure and its mark's
AXIS = 34  # the height of a time axis, which is part of a chart's own

_HUES: Mapping[str, Mapping[str, str]] = {
    "light": {"red": "#C8102E", "blue": "#2458C5", "gray": "#737A86", "amber": "#B7791F", "green": "#0F7B3E",
              "ink": "#18191C", "line": "#E3E4E7", "ground": "#FFFFFF"},
    "dark": {"red": "#FF5A5F", "blue": "#6C9BFF", "gray": "#9AA1AC", "amber": "#E5B93C", "green": "#3DBE7A",
             "ink": "#ECEDF0", "line": "#2E3138", "ground": "#121317"},
}  # fmt: skip
_MIDNIGHT = "hours(datum.value) + minutes(datum.value) ? timeFormat(datum.value, '%H:%M') : timeFormat(datum.value, '%m-%d')"
_SHORT = {
    "zh": "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',.2~f') + '亿' : "
    "abs(datum.value) >= 1e4 ? format(datum.value / 1e4, ',.2~f') + '万' : format(datum.value, ',.2~f')",
    "en": "abs(datum.value) >= 1e9 ? format(datum.value / 1e9, ',.2~f') + 'B' : abs(datum.value) >= 1e6 ? "
    "format(datum.value / 1e6, ',.2~f') + 'M' : abs(datum.value) >= 1e4 ? format(datum.value / 1e3, ',.2~f') + 'K' : format(datum.value, ',.2~f')",
}


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a part: its name in the frame, the key of its word, its hue; a plan is dashed."""

    name: str
    title: str
    hue: Hue = "red"
    dashed: bool = False


def draw(frame: pd.DataFrame, spec: Spec, *, key: str, alt: str = "", pick: bool = False) -> Any:
    """Draws the frame by its spec; with `pick` the selection state (the spec needs a parameter named "pick")."""
    return st.vega_lite_chart(
        frame, spec, key=key, alt=alt or None, on_select="rerun" if pick else "ignore", selection_mode="pick" if pick else None
    )


def hue(name: str) -> str:
    """The colour of a hue in the present appearance; `ink` is the text's, `line` the rules', `ground` the page's."""
    return _HUES[appearance()][name]


def hues(mode: Literal["light", "dark"]) -> Mapping[str, str]:
    """All hues of an appearance."""
    return _HUES[mode]


def appearance() -> str:
    """`light` or `dark`, as the reader sees the page."""
    return "dark" if st.context.theme.type == "dark" else "light"


def yuan(fen: pd.Series) -> pd.Series:
    """An amount in fen as yuan for an axis."""
    return fen.astype("float64") / 100


def lines(
    x: str,
    y: str,
    series: tuple[Series, ...],
    *,
    y_title: str,
    percent: bool = False,
    clock: str = "%m-%d %H:%M",
    height: int = HEIGHT,
) -> Spec:
    """Lines over time with an optional band and now-line; the last value of each line carries its name."""
    return _lines(x, y, series, y_title, percent, clock, height, appearance(), language())


@lru_cache(maxsize=256)
def _lines(
    x: str, y: str, series: tuple[Series, ...], y_title: str, percent: bool, clock: str, height: int, mode: str, tongue: str
) -> Spec:
    dashed = [one.name for one in series if one.dashed]  # named below their lines, the lower one lower still: names do not meet
    names, words = [one.name for one in series], {one.name: plain(one.title) for one in series}
    colour = {
        "field": "series",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": names, "range": [_HUES[mode][one.hue] for one in series]},
    }
    dash = {
        "field": "series",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": names, "range": [[5, 4] if one.dashed else [1, 0] for one in series]},
    }
    named_days = {"labelExpr": _MIDNIGHT} if clock == "%H:%M" else {"format": clock}
    across = {"field": x, "type": "temporal", "title": None, "axis": {**named_days, "grid": False, "labelOverlap": True}}
    up = {"field": y, "type": "quantitative", "title": plain(y_title), "axis": _axis(percent, tongue)}
    known = {"filter": {"field": "series", "oneOf": names}}
    last = {"aggregate": [{"op": "argmax", "field": x, "as": "end"}, {"op": "count", "as": "points"}], "groupby": ["series"]}
    begun = {"filter": "datum.points > 1"}  # a single point is no line to name
    named = {"calculate": _switch("datum.series", words), "as": "word"}
    tall = {"calculate": f"datum.end['{y}']", "as": "tall"}
    below = {"calculate": f"indexof({dashed!r}, datum.series) < 0 ? 0 : 1", "as": "below"}
    placed = {
        "window": [{"op": "row_number", "as": "place"}],
        "groupby": ["below"],
        "sort": [{"field": "tall", "order": "descending"}],
    }
    tooltip = [
        {"field": x, "type": "temporal", "title": "·", "format": "%m-%d %H:%M" if clock == "%H:%M" else clock},
        {"field": y, "type": "quantitative", "title": plain(y_title), "format": ".1%" if percent else ",.0f"},
    ]
    early = f"scale('x', datum.end['{x}']) < 80"  # a name to the left of its line's end would stand on the axis
    name: Spec = {
        "transform": [known, {"filter": f"isValid(datum['{y}'])"}, last, begun, named, tall, below, placed],
        "mark": {"type": "text", "align": {"expr": f"{early} ? 'left' : 'right'"}, "dx": {"expr": f"{early} ? 3 : -2"},
                 "dy": {"expr": "datum.below ? 13 * datum.place : -10"}, "fontWeight": 600},
        "encoding": {"x": {"field": f"end['{x}']", "type": "temporal"}, "y": {"field": f"end['{y}']", "type": "quantitative"},
                     "text": {"field": "word"}, "color": colour},
    }  # fmt: skip
    return {
        "height": height,
        "padding": ROOM,
        "layer": [
            {"transform": [known, {"filter": "isValid(datum.low)"}], "mark": {"type": "area", "opacity": BAND},
             "encoding": {"x": across, "y": {"field": "low", "type": "quantitative"}, "y2": {"field": "high"}, "color": colour}},
            {"transform": [known, {"filter": f"isValid(datum['{y}'])"}], "mark": {"type": "line", "strokeWidth": 2},
             "encoding": {"x": across, "y": up, "color": colour, "strokeDash": dash, "tooltip": tooltip}},
            {**name, "mark": {**name["mark"], "stroke": _HUES[mode]["ground"], "strokeWidth": 4}},  # no line crosses a name
            name,
            {"transform": [{"filter": "datum.series == 'now'"}], "mark": {"type": "rule", "strokeWidth": 1, "opacity": 0.7, "color": _HUES[mode]["ink"]},
             "encoding": {"x": across}},
        ],
    }  # fmt: skip


def bars(
    label: str,
    value: str,
    *,
    value_title: str,
    tone: str = "",
    percent: bool = False,
    target: str = "",
    row: int = 28,
    rows: int = 8,
    signed: bool = False,
) -> Spec:
    """Horizontal bars with their figures beside them, in the frame's order; `tone` names a column of hues, `target` one of marks;
    with marks, the figures read "done / due". Percentages stand on a whole axis, 0 to 100%.

    `signed`: bars to either side of nothing, each figure at its own bar's end.
    """
    return _bars(label, value, value_title, tone, percent, target, row * rows, signed, appearance(), language())


@lru_cache(maxsize=256)
def _bars(
    label: str,
    value: str,
    value_title: str,
    tone: str,
    percent: bool,
    target: str,
    height: int,
    signed: bool,
    mode: str,
    tongue: str,
) -> Spec:
    down = {
        "field": label,
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 160, "ticks": False, "domain": False},
    }
    beside = BOTH if target else FIGURE
    room: Spec = {"range": [FIGURE if signed else 0, {"expr": f"max(width - {beside}, 0)"}]}
    if percent:
        room["domain"] = [0, 1]
    figures = {"type": "text", "align": "left", "dx": 5, "color": _HUES[mode]["ink"]}
    if signed:
        figures |= {
            "align": {"expr": f"datum['{value}'] < 0 ? 'right' : 'left'"},
            "dx": {"expr": f"datum['{value}'] < 0 ? -5 : 5"},
        }
    across = {"field": value, "type": "quantitative", "title": None, "axis": None, "scale": room}
    written = "format(datum.value, '.1%')" if percent else _SHORT[tongue]
    fields = [f"datum['{name}']" for name in (value, target) if name]
    figure = " + ' / ' + ".join(f"({written.replace('datum.value', field)})" for field in fields)
    end = f"max(datum['{value}'], datum['{target}'])" if target else f"datum['{value}']"  # no figure under its mark
    tooltip = [
        {"field": label, "type": "nominal", "title": "·"},
        {"field": value, "title": plain(value_title), "format": ".1%" if percent else ",.2~f"},
    ]
    layers: list[Spec] = [
        {"mark": {"type": "bar", "cornerRadiusEnd": 2, "height": {"band": 0.66}},
         "encoding": {"y": down, "x": across, "color": _toned(tone, mode), "tooltip": tooltip}},
        {"transform": [{"calculate": figure, "as": "figure"}, {"calculate": end, "as": "end"}], "mark": figures,
         "encoding": {"y": down, "x": {**across, "field": "end"}, "text": {"field": "figure"}}},
    ]  # fmt: skip
    if target:
        tick = {"type": "tick", "thickness": 2, "color": _HUES[mode]["ink"]}
        layers.append({"mark": tick, "encoding": {"y": down, "x": {"field": target, "type": "quantitative"}}})
    return {"height": height, "layer": layers}


def columns(x: str, y: str, *, y_title: str, tone: str = "", x_title: str = "", percent: bool = False, height: int = 200) -> Spec:
    """Upright bars in the frame's order: a histogram of ready-made bins, or figures by day; `tone` names a column of hues."""
    return _columns(x, y, y_title, tone, x_title, percent, height, appearance(), language())


@lru_cache(maxsize=256)
def _columns(x: str, y: str, y_title: str, tone: str, x_title: str, percent: bool, height: int, mode: str, tongue: str) -> Spec:
    title = plain(x_title) if x_title else None
    across = {"field": x, "type": "ordinal", "sort": None, "title": title, "axis": {"labelAngle": 0, "labelOverlap": True}}
    return {
        "height": height,
        "mark": {"type": "bar", "cornerRadiusEnd": 2},
        "encoding": {
            "x": across,
            "y": {"field": y, "type": "quantitative", "title": plain(y_title), "axis": _axis(percent, tongue)},
            "color": _toned(tone, mode),
            "tooltip": [
                {"field": x, "title": plain(x_title) if x_title else "·"},
                {"field": y, "title": plain(y_title), "format": ",.2~f"},
            ],
        },
    }


def waterfall(*, value_title: str, height: int = HEIGHT) -> Spec:
    """A ladder of terms. Frame in order: `label`, `start`, `end` (yuan), `kind` ("total" | "rise" | "fall"), `figure` (text)."""
    return _waterfall(value_title, height, appearance(), language())


@lru_cache(maxsize=64)
def _waterfall(value_title: str, height: int, mode: str, tongue: str) -> Spec:
    hues = _HUES[mode]
    across = {
        "field": "label",
        "type": "ordinal",
        "sort": None,
        "title": None,
        "axis": {"labelAngle": 0, "labelLimit": 90, "labelOverlap": False},
    }
    kinds = {"domain": ["total", "rise", "fall"], "range": [hues["gray"], hues["blue"], hues["amber"]]}
    top = {"calculate": "max(datum.start, datum.end)", "as": "top"}
    return {
        "height": height,
        "padding": ROOM,
        "layer": [
            {"mark": {"type": "bar", "cornerRadius": 1},
             "encoding": {"x": across, "y": {"field": "start", "type": "quantitative", "title": plain(value_title), "axis": _axis(False, tongue)},
                          "y2": {"field": "end"}, "color": {"field": "kind", "type": "nominal", "legend": None, "scale": kinds},
                          "tooltip": [{"field": "label", "title": "·"}, {"field": "figure", "title": plain(value_title)}]}},
            {"transform": [top], "mark": {"type": "text", "dy": -7, "color": hues["ink"]},
             "encoding": {"x": across, "y": {"field": "top", "type": "quantitative"}, "text": {"field": "figure"}}},
        ],
    }  # fmt: skip


def timeline(*, rows: int, row: int = 26, clock: str = "%m-%d") -> Spec:
    """Spans with a now-line. Frame: `name`, `start`, `end` (naive), `tone` (a hue), `word`; a row with name "now" is the line."""
    return _timeline(rows * row + AXIS, clock, appearance())


@lru_cache(maxsize=64)
def _timeline(height: int, clock: str, mode: str) -> Spec:
    hues = _HUES[mode]
    across = {"field": "start", "type": "temporal", "title": None, "axis": {"format": clock, "labelOverlap": True}}
    down = {
        "field": "name",
        "type": "nominal",
        "sort": None,
        "title": None,
        "axis": {"labelLimit": 160, "ticks": False, "domain": False},
    }
    span, now = {"filter": "datum.name != 'now'"}, {"filter": "datum.name == 'now'"}
    tooltip = [{"field": "name", "title": "·"}, {"field": "word", "title": " "},
               *({"field": end, "type": "temporal", "format": "%m-%d %H:%M", "title": mark} for end, mark in (("start", "→"), ("end", "⇥")))]  # fmt: skip
    return {
        "height": height,
        "padding": ROOM,
        "layer": [
            {"transform": [span], "mark": {"type": "bar", "height": {"band": 0.6}, "cornerRadius": 3},
             "encoding": {"x": across, "x2": {"field": "end"}, "y": down, "color": _toned("tone", mode), "tooltip": tooltip}},
            {"transform": [now], "mark": {"type": "rule", "color": hues["ink"], "strokeWidth": 1}, "encoding": {"x": across}},
        ],
    }  # fmt: skip


def _axis(percent: bool, tongue: str) -> Spec:
    return {"format": ".0%"} if percent else {"labelExpr": _SHORT[tongue]}


def _switch(field: str, words: Mapping[str, str]) -> str:
    """A Vega expression: the word of a name."""
    return "".join(f"{field} == {name!r} ? {word!r} : " for name, word in words.items()) + "''"


def _toned(column: str, mode: str) -> Spec:
    """The colour by a column of hue names; blue where no column is given."""
    hues = {name: code for name, code in _HUES[mode].items() if name in get_args(Hue)}
    scale = {"domain": list(hues), "range": list(hues.values())}
    return {"field": column, "type": "nominal", "legend": None, "scale": scale} if column else {"value": hues["blue"]}
