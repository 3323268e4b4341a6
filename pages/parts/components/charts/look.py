"""What all charts share: hues by appearance, axes, the look that a spec is built for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, get_args

import streamlit as st

from pages.parts.components.text import language

Hue = Literal["red", "blue", "gray", "amber", "green"]
Spec = dict[str, Any]
HEIGHT = 300
ROOM = {"top": 16, "bottom": 4, "left": 4, "right": 4}  # above the highest figure, for its name

_HUES: Mapping[str, Mapping[str, str]] = {
    "light": {
        "red": "#C8102E",
        "blue": "#2458C5",
        "gray": "#737A86",
        "amber": "#B7791F",
        "green": "#0F7B3E",
        "ink": "#18191C",
        "line": "#E3E4E7",
        "ground": "#FFFFFF",
    },
    "dark": {
        "red": "#FF5A5F",
        "blue": "#6C9BFF",
        "gray": "#9AA1AC",
        "amber": "#E5B93C",
        "green": "#3DBE7A",
        "ink": "#ECEDF0",
        "line": "#2E3138",
        "ground": "#121317",
    },
}
SHORT = {
    "zh": "abs(datum.value) >= 1e8 ? format(datum.value / 1e8, ',.2~f') + '亿' : "
    "abs(datum.value) >= 1e4 ? format(datum.value / 1e4, ',.2~f') + '万' : format(datum.value, ',.2~f')",
    "en": "abs(datum.value) >= 1e9 ? format(datum.value / 1e9, ',.2~f') + 'B' : abs(datum.value) >= 1e6 ? "
    "format(datum.value / 1e6, ',.2~f') + 'M' : abs(datum.value) >= 1e4 ? format(datum.value / 1e3, ',.2~f') + 'K' : format(datum.value, ',.2~f')",
}


class Look(NamedTuple):
    """What the reader's browser decides: `light` or `dark`, and the language."""

    mode: str
    tongue: str

    @property
    def hues(self) -> Mapping[str, str]:
        """The colour codes by name; `ink` is the text's, `line` the rules', `ground` the page's."""
        return _HUES[self.mode]


def look() -> Look:
    """As the reader sees the page now."""
    return Look(appearance(), language())


def hue(name: str) -> str:
    """The colour of a hue in the present appearance; `ink` is the text's, `line` the rules', `ground` the
    page's."""
    return _HUES[appearance()][name]


def hues(mode: Literal["light", "dark"]) -> Mapping[str, str]:
    """All hues of an appearance."""
    return _HUES[mode]


def appearance() -> str:
    """`light` or `dark`, as the reader sees the page."""
    return "dark" if st.context.theme.type == "dark" else "light"


def axis(percent: bool, look: Look) -> Spec:
    """A quantity's axis: percentages, or short numbers in the reader's language."""
    return {"format": ".0%"} if percent else {"labelExpr": SHORT[look.tongue]}


def names(limit: int = 160) -> Spec:
    """An axis of names: every one stands where its row is; none is left out, none is moved to the edge."""
    return {"labelLimit": limit, "labelOverlap": False, "labelFlush": False, "ticks": False, "domain": False}


def toned(column: str, look: Look) -> Spec:
    """The colour by a column of hue names; blue where no column is given."""
    hues = {name: code for name, code in look.hues.items() if name in get_args(Hue)}
    scale = {"domain": list(hues), "range": list(hues.values())}
    if not column:
        return {"value": hues["blue"]}
    return {"field": column, "type": "nominal", "legend": None, "scale": scale}
