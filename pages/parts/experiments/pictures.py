"""The pictures of the experiments page: forest plot, looks with their bounds, tree of factors."""

from __future__ import annotations

import pandas as pd

from pages.parts.components.charts import Spec, hue, names
from pages.parts.components.text import plain

ROW = 46


def forest(rows: int, title: str) -> Spec:
    """Estimates with their fixed interval thin and the one that may be read at this look thick; zero solid, the
    minimum effect dashed. Frame: name, difference, low, high, look_low, look_high, minimum."""
    down = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": names(220)}

    def across(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "title": title, "scale": {"padding": 16}}

    tooltip = [{"field": "name", "title": "·"}] + [
        {"field": field, "type": "quantitative", "title": plain(f"experiments.{field}"), "format": ".3~f"}
        for field in ("difference", "low", "high")
    ]
    wide = {"type": "rule", "strokeWidth": 7, "opacity": 0.28, "color": hue("blue")}
    thin = {"type": "rule", "strokeWidth": 2, "color": hue("blue")}
    dashed = {"type": "rule", "strokeDash": [5, 4], "color": hue("amber")}
    return {
        "height": max(90, rows * ROW),
        "layer": [
            {
                "mark": {"type": "rule", "color": hue("ink")},
                "encoding": {"x": {"datum": 0, "type": "quantitative"}},
            },
            {"mark": dashed, "encoding": {"x": across("minimum")}},
            {"mark": wide, "encoding": {"y": down, "x": across("look_low"), "x2": {"field": "look_high"}}},
            {"mark": thin, "encoding": {"y": down, "x": across("low"), "x2": {"field": "high"}}},
            {
                "mark": {"type": "point", "filled": True, "size": 90, "color": hue("blue"), "opacity": 1},
                "encoding": {"y": down, "x": across("difference"), "tooltip": tooltip},
            },
        ],
    }


def peeking() -> Spec:
    """z by look between the bounds of both sides; beyond them the test is decided. Frame: day, z, bound, low_bound,
    people."""
    day = {"field": "day", "type": "temporal", "title": None, "axis": {"format": "%m-%d", "grid": False}}

    def up(field: str) -> Spec:
        return {"field": field, "type": "quantitative", "title": plain("experiments.z")}

    limit = {"type": "line", "strokeDash": [5, 4], "color": hue("amber"), "interpolate": "step-after"}
    tooltip = [
        {"field": "day", "type": "temporal", "title": "·", "format": "%m-%d"},
        {"field": "z", "type": "quantitative", "title": "z", "format": "+.2f"},
        {"field": "bound", "type": "quantitative", "title": plain("experiments.bound"), "format": ".2f"},
        {"field": "people", "type": "quantitative", "title": plain("experiments.people"), "format": ",d"},
    ]
    return {
        "height": 240,
        "layer": [
            {"mark": limit, "encoding": {"x": day, "y": up("bound")}},
            {"mark": limit, "encoding": {"x": day, "y": up("low_bound")}},
            {
                "mark": {
                    "type": "line",
                    "color": hue("blue"),
                    "strokeWidth": 2,
                    "point": {"filled": True, "size": 55, "color": hue("blue")},
                },
                "encoding": {"x": day, "y": up("z"), "tooltip": tooltip},
            },
        ],
    }


def tree(hypotheses: pd.DataFrame, factors: dict[str, str], root: str) -> tuple[pd.DataFrame, Spec]:
    """The target, its factors, and the hypotheses on each: nodes and edges in one frame, and the spec for it.

    `hypotheses`: factor, label, tone. `factors`: code -> word.
    """
    rows: list[dict[str, object]] = []
    line = 0
    middle: dict[str, float] = {}
    for code, word in factors.items():
        mine = hypotheses[hypotheses["factor"] == code]
        first = line
        for label, tone in zip(mine["label"], mine["tone"], strict=True):
            rows.append({"kind": "leaf", "x": 2.0, "y": line, "label": label, "tone": tone, "factor": code})
            line += 1
        line += mine.empty
        middle[code] = (first + line - 1) / 2
        rows.append(
            {"kind": "factor", "x": 1.0, "y": middle[code], "label": word, "tone": "ink", "factor": code}
        )
    centre = sum(middle.values()) / len(middle)
    rows.append({"kind": "root", "x": 0.0, "y": centre, "label": root, "tone": "ink", "factor": ""})
    edges = [
        {"kind": "edge", "x": row["x"], "y": row["y"], "x2": 0.0, "y2": centre}
        if row["kind"] == "factor"
        else {"kind": "edge", "x": row["x"], "y": row["y"], "x2": 1.0, "y2": middle[str(row["factor"])]}
        for row in rows
        if row["kind"] != "root"
    ]
    return pd.concat([pd.DataFrame(rows), pd.DataFrame(edges)], ignore_index=True), _tree_spec(line)


def _tree_spec(lines: int) -> Spec:
    def at(field: str, domain: list[float]) -> Spec:
        """A channel without an axis over a fixed domain."""
        return {
            "field": field,
            "type": "quantitative",
            "axis": None,
            "scale": {"domain": domain, "nice": False},
        }

    wide, tall = [-0.05, 4.2], [lines - 0.4, -0.6]
    tones = ["ink", "green", "red", "amber", "gray", "blue"]
    colour = {
        "field": "tone",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": tones, "range": [hue(tone) for tone in tones]},
    }
    ends = {"x2": {"field": "x2"}, "y2": {"field": "y2"}}
    return {
        "height": max(120, 34 * lines),
        "layer": [
            {
                "transform": [{"filter": "datum.kind == 'edge'"}],
                "mark": {"type": "rule", "color": hue("line"), "strokeWidth": 1.5},
                "encoding": {"x": at("x", wide), "y": at("y", tall), **ends},
            },
            {
                "transform": [{"filter": "datum.kind != 'edge'"}],
                "mark": {"type": "point", "filled": True, "size": 70, "opacity": 1},
                "encoding": {"x": at("x", wide), "y": at("y", tall), "color": colour},
            },
            {
                "transform": [{"filter": "datum.kind != 'edge'"}],
                "mark": {
                    "type": "text",
                    "align": "left",
                    "dx": 8,
                    "dy": -8,
                    "limit": {"expr": "max(40, width - scale('x', datum.x) - 12)"},
                    "color": hue("ink"),
                },
                "encoding": {
                    "x": at("x", wide),
                    "y": at("y", tall),
                    "text": {"field": "label"},
                    "tooltip": [{"field": "label", "title": "·"}],
                },
            },
        ],
    }
