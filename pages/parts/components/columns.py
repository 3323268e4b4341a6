"""What a table shows, declared: one Column a column of the frame. Core's units go in, the reader's units come
out.

COLUMNS = (
    Column("sku_code", "stock.sku_code", "code"),
    Column("on_hand", "stock.on_hand", "integer", help="stock.on_hand_help"),
    Column("value", "stock.value", "money"),
    Column("state", "stock.state", "state", words="stock_state"),
    Column("barcode", "stock.barcode", shown=False),          # until the reader chooses it
)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd
import streamlit as st

from core.clock import local_naive
from core.settings import settings
from pages.parts.components.states import HUES, tone, word
from pages.parts.components.text import plain, t, who

Kind = Literal[
    "code",
    "text",
    "integer",
    "decimal",
    "money",
    "price",
    "percent",
    "share",
    "points",
    "day",
    "moment",
    "state",
    "flag",
    "list",
    "person",
    "picture",
]
# code: text with its zeros, pinned left · money: fen as whole yuan · price: fen as yuan with fen · percent: a
# rate · share: a rate as a bar · points: the difference of two rates · day: datetime64 or date · moment: aware UTC, shown on the campaign's clock ·
# state: a code with its word and colour · list: words · person: an account's name ·
# picture: its address


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its name in the frame, the key of its title, its kind, the key of its definition, and how it
    first appears."""

    name: str
    title: str
    kind: Kind = "text"
    help: str = ""
    pinned: bool = False
    shown: bool = True
    words: str = "state"
    width: Literal["small", "medium", "large"] | None = None
    zone: str = ""

    def heading(self) -> str:
        """The title with its unit."""
        unit = " (¥)" if self.kind in {"money", "price"} else ""
        if self.kind == "points":
            unit = f" ({plain('common.points_unit')})"
        return plain(self.title) + unit


def displayed(frame: pd.DataFrame, columns: Sequence[Column]) -> pd.DataFrame:
    """The frame in the reader's units, one column a declared one; the index stays."""
    return pd.DataFrame(
        {column.name: _values(frame[column.name], column) for column in columns}, index=frame.index
    )


def _values(series: pd.Series, column: Column) -> pd.Series:
    match column.kind:
        case "money" | "price":
            return series.astype("Float64") / 100
        case "percent" | "share" | "points":
            return series.astype("Float64") * 100
        case "state":
            words = {code: [word(code, column.words)] for code in _codes(series)}
            return series.map(words.get).astype(object)
        case "moment":
            aware = pd.to_datetime(series, utc=True)
            return local_naive(aware, column.zone or settings().timezone)
        case "person":
            return series.map(who).astype(object)
        case "code" | "text":
            return series.astype("object").where(series.notna(), "").astype(str)
        case _:
            return series


def _codes(series: pd.Series) -> list[object]:
    """The states of a column; no word is no state, and gets an empty cell instead of an empty pill."""
    return [code for code in series.dropna().unique() if code != ""]


def settled(frame: pd.DataFrame, columns: Sequence[Column], editable: Sequence[str] = ()) -> dict[str, Any]:
    """Streamlit's column settings of a declared table."""
    return {column.name: _setting(frame, column, column.name in editable) for column in columns}


def _setting(frame: pd.DataFrame, column: Column, editable: bool) -> object:
    shared: dict[str, Any] = {
        "label": column.heading(),
        "help": t(column.help) if column.help else None,
        "pinned": True if column.pinned or column.kind == "code" else None,
        "width": column.width,
        "disabled": not editable,
    }
    config = st.column_config
    match column.kind:
        case "integer":
            return config.NumberColumn(format="%,d", step=1, **shared)
        case "decimal":
            return config.NumberColumn(format="%,.1f", **shared)
        case "money":
            return config.NumberColumn(format="%,.0f", **shared)
        case "price":
            return config.NumberColumn(format="%,.2f", step=0.01, **shared)
        case "percent":
            return config.NumberColumn(format="%.1f%%", **shared)
        case "points":
            return config.NumberColumn(format="%+.1f", **shared)
        case "share":
            del shared["disabled"]
            return config.ProgressColumn(format="%.0f%%", min_value=0, max_value=100, **shared)
        case "day":
            return config.DateColumn(format="YYYY-MM-DD", **shared)
        case "moment":
            return config.DatetimeColumn(format="MM-DD HH:mm", **shared)
        case "flag":
            return config.CheckboxColumn(**shared)
        case "state":
            codes = _codes(frame[column.name])
            return config.MultiselectColumn(
                options=[word(code, column.words) for code in codes],
                color=[HUES[tone(code)] for code in codes] or None,
                **shared,
            )
        case "list":
            return config.ListColumn(**shared)
        case "picture":
            del shared["disabled"]
            return config.ImageColumn(**shared)
        case _:
            return config.TextColumn(**shared)
