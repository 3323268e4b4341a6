"""One look for every chart. A spec is built once from plain arguments, the frame alone moves; drawn by
st.vega_lite_chart.

    chart = Lines("minute", "yuan", (Series("actual", "live.actual", "red"), Series("plan", "live.plan",
    "gray", dashed=True)), y_title="live.gmv")
    draw(frame, chart.spec(), key="pace", alt=plain("live.pace_alt"))

`Lines` takes a long frame: x, y, `series` (the name), and optionally `low`/`high` for a band. A row with
series "now" draws the thin now-line at its x; it is data, so the spec stays the same and nothing flickers.
Moments come naive, on the campaign's clock (`core.clock.local_naive`); money comes in yuan (`yuan`). Hues:
red blue gray amber green.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from pages.parts.components.charts.bars import Bars, Columns
from pages.parts.components.charts.lines import Lines, Series
from pages.parts.components.charts.look import HEIGHT, ROOM, Hue, Spec, appearance, hue, hues, names
from pages.parts.components.charts.spans import timeline

__all__ = [
    "HEIGHT",
    "ROOM",
    "Bars",
    "Columns",
    "Hue",
    "Lines",
    "Series",
    "Spec",
    "appearance",
    "draw",
    "hue",
    "hues",
    "names",
    "timeline",
    "yuan",
]


def draw(frame: pd.DataFrame, spec: Spec, *, key: str, alt: str = "", pick: bool = False) -> Any:
    """Draws the frame by its spec; with `pick` the selection state (the spec needs a parameter named
    "pick"). `alt` says what the picture shows; the marks stay silent, as they would be read out one by one, without names."""
    config = spec.get("config", {})
    return st.vega_lite_chart(
        frame,
        spec | {"config": {**config, "mark": {**config.get("mark", {}), "aria": False}}},
        key=key,
        alt=alt or None,
        on_select="rerun" if pick else "ignore",
        selection_mode="pick" if pick else None,
    )


def yuan(fen: pd.Series) -> pd.Series:
    """An amount in fen as yuan for an axis."""
    return fen.astype("float64") / 100
