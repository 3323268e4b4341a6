"""A ladder of terms as horizontal bars, and its smallest steps folded into one."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from pages.parts.components.charts.bars import FIGURE
from pages.parts.components.charts.look import ROOM, Look, Spec, axis, look, names
from pages.parts.components.charts.spans import AXIS
from pages.parts.components.text import plain

MOST_STEPS = 12  # bars of a waterfall; more are folded into one


def folded(steps: pd.DataFrame, most: int = MOST_STEPS) -> tuple[pd.DataFrame, pd.DataFrame]:
    """(a waterfall of at most `most` bars, the steps that were folded into one): the smallest steps that are no totals
    become one bar, where the last of them stood.

    `steps`: label, start, end, kind ("total" | "rise" | "fall"), figure; `figure` of the folded bar is their sum.
    """
    size = (steps["end"] - steps["start"]).abs().where(steps["kind"] != "total")
    spare = len(steps) - most + 1
    if spare < 2:
        return steps, steps.iloc[:0]
    small = steps.loc[size.nsmallest(spare).index.sort_values()]
    change = float((small["end"] - small["start"]).sum())
    last = small.index[-1]
    one = pd.DataFrame(
        {
            "label": [plain("common.folded", n=len(small))],
            "start": [0.0],
            "end": [change],
            "kind": ["rise" if change > 0 else "fall"],
            "figure": [f"{change:+,.2f}"],
        },
        index=[last],
    )
    kept = pd.concat([steps.drop(small.index), one]).sort_index()
    return _stacked(kept), small


def _stacked(steps: pd.DataFrame) -> pd.DataFrame:
    """The steps one upon the other again, from each total to the next."""
    total = (steps["kind"] == "total").to_numpy()
    change = np.where(total, 0.0, (steps["end"] - steps["start"]).to_numpy(float))
    level = pd.Series(np.where(total, steps["end"].to_numpy(float), np.nan), index=steps.index).ffill()
    since = pd.Series(change, index=steps.index).groupby(total.cumsum()).cumsum()
    end = np.where(total, steps["end"], level + since)
    return steps.assign(start=np.where(total, 0.0, end - change), end=end)


def waterfall(*, value_title: str, rows: int = 8, row: int = 26) -> Spec:
    """A ladder of terms, from above to below, names on the left. Frame in order: `label`, `start`, `end` (yuan), `kind`
    ("total" | "rise" | "fall"), `figure` (text)."""
    return _waterfall(value_title, rows * row + AXIS, look())


@lru_cache(maxsize=64)
def _waterfall(value_title: str, height: int, look: Look) -> Spec:
    hues = look.hues
    down = {"field": "label", "type": "ordinal", "sort": None, "title": None, "axis": names(220)}
    kinds = {"domain": ["total", "rise", "fall"], "range": [hues["gray"], hues["blue"], hues["amber"]]}
    far = {"calculate": "max(datum.start, datum.end)", "as": "far"}
    return {
        "height": height,
        "padding": {**ROOM, "right": FIGURE},
        "layer": [
            {
                "mark": {"type": "bar", "cornerRadius": 1, "height": {"band": 0.66}},
                "encoding": {
                    "y": down,
                    "x": {
                        "field": "start",
                        "type": "quantitative",
                        "title": plain(value_title),
                        "axis": axis(False, look),
                    },
                    "x2": {"field": "end"},
                    "color": {"field": "kind", "type": "nominal", "legend": None, "scale": kinds},
                    "tooltip": [
                        {"field": "label", "title": "·"},
                        {"field": "figure", "title": plain(value_title)},
                    ],
                },
            },
            {
                "transform": [far],
                "mark": {"type": "text", "align": "left", "dx": 5, "color": hues["ink"]},
                "encoding": {
                    "y": down,
                    "x": {"field": "far", "type": "quantitative"},
                    "text": {"field": "figure"},
                },
            },
        ],
    }
