"""Spans of time under each other."""

from __future__ import annotations

from functools import lru_cache

from pages.parts.components.charts.look import ROOM, Look, Spec, look, names, toned

AXIS = 34  # the height of a time axis, which is part of a chart's own


def timeline(*, rows: int, row: int = 26, clock: str = "%m-%d") -> Spec:
    """Spans with a now-line. Frame: `name`, `start`, `end` (naive), `tone` (a hue), `word`; a row with name
    "now" is the line."""
    return _timeline(rows * row + AXIS, clock, look())


@lru_cache(maxsize=64)
def _timeline(height: int, clock: str, look: Look) -> Spec:
    hues = look.hues
    across = {
        "field": "start",
        "type": "temporal",
        "title": None,
        "axis": {"format": clock, "labelOverlap": True},
    }
    down = {"field": "name", "type": "nominal", "sort": None, "title": None, "axis": names()}
    span, now = {"filter": "datum.name != 'now'"}, {"filter": "datum.name == 'now'"}
    tooltip = [
        {"field": "name", "title": "·"},
        {"field": "word", "title": " "},
        *(
            {"field": end, "type": "temporal", "format": "%m-%d %H:%M", "title": mark}
            for end, mark in (("start", "→"), ("end", "⇥"))
        ),
    ]
    return {
        "height": height,
        "padding": ROOM,
        "layer": [
            {
                "transform": [span],
                "mark": {"type": "bar", "height": {"band": 0.6}, "cornerRadius": 3},
                "encoding": {
                    "x": across,
                    "x2": {"field": "end"},
                    "y": down,
                    "color": toned("tone", look),
                    "tooltip": tooltip,
                },
            },
            {
                "transform": [now],
                "mark": {"type": "rule", "color": hues["ink"], "strokeWidth": 1},
                "encoding": {"x": across},
            },
        ],
    }
