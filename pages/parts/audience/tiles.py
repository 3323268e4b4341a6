"""The tile map of segments: area is buyers, colour is net a buyer; the important ones on top."""

from __future__ import annotations

import pandas as pd

from core.audience.rules import SEGMENTS
from pages.parts.components.charts import Spec, hue, yuan
from pages.parts.components.text import number, plain

WIDE, NARROW = 13, 7  # pixels of a Chinese letter and of another
ROOM_FOR_NAME = 16.0, 9.0  # per cent of width and height below which a tile has no room for its name


def frame(rows: pd.DataFrame) -> pd.DataFrame:
    """One tile a segment with buyers: x, x2, y, y2 (per cent of the map), name, buyers, per_buyer (yuan), label."""
    mine = rows[rows["segment"].isin(list(SEGMENTS)) & rows["buyers"].gt(0)]
    people = int(mine["buyers"].sum())
    if not people:
        return pd.DataFrame(
            columns=["x", "x2", "y", "y2", "name", "buyers", "per_buyer", "label", "figure", "room"]
        )
    row = mine["segment"].str[2].map({"1": 0, "0": 1})
    size = mine["buyers"].astype("float64")
    whole = size.groupby(row).transform("sum")
    height = whole / people * 100
    x = (size.groupby(row).cumsum() - size) / whole * 100
    y = row * (100 - height)
    tiles = pd.DataFrame({"x": x, "x2": x + size / whole * 100, "y": y, "y2": y + height})
    tiles["name"], tiles["buyers"] = mine["name"], size
    tiles["per_buyer"] = yuan(mine["amount"]) / size
    wide = (tiles["x2"] - tiles["x"] >= ROOM_FOR_NAME[0]) & (height >= ROOM_FOR_NAME[1])
    tiles["label"] = tiles["name"].where(wide, "")
    tiles["figure"] = [_figure(n, net) for n, net in zip(mine["buyers"], mine["net"], strict=True)]
    tiles["figure"] = tiles["figure"].where(wide, "")
    tiles["room"] = [
        max(_breadth(name), _breadth(said))
        for name, said in zip(tiles["label"], tiles["figure"], strict=True)
    ]
    return tiles


def _breadth(text: str) -> int:
    """About how many pixels a text needs, with the room on both sides."""
    return sum(WIDE if ord(letter) > 0x2E7F else NARROW for letter in text) + 16


def _figure(buyers: int, net: int | None) -> str:
    if pd.isna(net) or net == 0:
        return number(int(buyers))
    return f"{number(int(buyers))} {'↑' if net > 0 else '↓'}{number(abs(int(net)))}"


def spec() -> Spec:
    """Rectangles, names and figures; ink stays readable because the fill is never full."""
    x = {"field": "x", "type": "quantitative", "axis": None, "scale": {"domain": [0, 100], "nice": False}}
    y = {"field": "y", "type": "quantitative", "axis": None, "scale": {"domain": [100, 0], "nice": False}}
    shade = {
        "field": "per_buyer",
        "type": "quantitative",
        "title": plain("audience.per_buyer"),
        "scale": {"range": [0.12, 0.6]},
        "legend": None,
    }
    tooltip = [
        {"field": "name", "type": "nominal", "title": plain("audience.name")},
        {"field": "buyers", "type": "quantitative", "title": plain("audience.buyers"), "format": ",.0f"},
        {
            "field": "per_buyer",
            "type": "quantitative",
            "title": plain("audience.per_buyer"),
            "format": ",.0f",
        },
    ]
    rectangle: Spec = {
        "mark": {"type": "rect", "fill": hue("blue"), "stroke": hue("ground"), "strokeWidth": 2},
        "encoding": {
            "x": x,
            "x2": {"field": "x2"},
            "y": y,
            "y2": {"field": "y2"},
            "fillOpacity": shade,
            "tooltip": tooltip,
        },
    }
    words: list[Spec] = [
        {
            "mark": {
                "type": "text",
                "align": "left",
                "baseline": "top",
                "dx": 8,
                "dy": down,
                "fontWeight": weight,
                "color": hue("ink"),
                "opacity": {"expr": "(datum.x2 - datum.x) / 100 * width < datum.room ? 0 : 1"},
            },
            "encoding": {"x": x, "y": y, "text": {"field": name}},
        }
        for name, down, weight in (("label", 8, 600), ("figure", 26, 400))
    ]
    return {"height": 260, "layer": [rectangle, *words], "padding": 0}
