"""The answer of a page: three to five figures of one height, each with unit, comparison, age and its
definition on hover.

cards(Card("stock.on_hand", number(8_120), unit=t("stock.units"), change=-120, change_text=…,
help="stock.on_hand_help")) empty("stock.empty", sample=("stock.xlsx", make_sample), button="stock.upload")
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Literal

import streamlit as st

from pages.parts.components.text import letters, literal, plain, rise_is_red, t


@dataclass(frozen=True, slots=True)
class Card:
    """A figure: key of its label, the figure as text, and what it is measured against.

    `change` decides the arrow (its sign), `change_text` says it in words; `good` colours a status (True
    green, False red, in every language), without it a rise has the colour of price movements; `against` names the comparison; `alarm` adds the
    warning mark.
    """

    label: str
    value: str
    unit: str = ""
    change: float | None = None
    change_text: str = ""
    good: bool | None = None
    against: str = ""
    age: str = ""
    help: str = ""
    alarm: bool = False
    spark: Sequence[float] = field(default=())

    def colour(self) -> Literal["green", "red", "inverse", "normal"]:
        """Streamlit's colour of the change."""
        if self.good is not None:
            return "green" if self.good else "red"
        return "inverse" if rise_is_red() else "normal"


def cards(*figures: Card, strip: bool = False) -> None:
    """The figures in one row of equal height; on a phone two a row, then one. `strip`: in one low line, each with its
    comparison and its definition on hover."""
    if strip:
        st.html(f'<dl class="ladder">{"".join(map(_cell, figures))}</dl>')
        return
    with st.grid(len(figures), min_column_width=150, row_height="content"):
        for figure in figures:
            _card(figure)


def _cell(figure: Card) -> str:
    """A figure of a strip."""
    described = letters(" · ".join(part for part in (figure.change_text, figure.against, figure.age) if part))
    hover = " · ".join(part for part in (plain(figure.help) if figure.help else "", described) if part)
    mark = "⚠ " if figure.alarm else ""
    return (
        f'<div title="{escape(hover)}"><dt>{escape(plain(figure.label))}</dt>'
        f"<dd>{mark}{escape(figure.value)} <i>{escape(figure.unit)}</i>"
        f"<small>{escape(described)}</small></dd></div>"
    )


def _card(figure: Card) -> None:
    described = " · ".join(part for part in (figure.against, figure.age) if part)
    moved = figure.change is not None and figure.change != 0
    said = figure.change_text or (f"{figure.change:+,}" if moved else "")
    value = literal(figure.value)
    st.metric(
        t(figure.label),
        f"{value} :small[{literal(figure.unit)}]" if figure.unit else value,
        delta=said or described or None,
        delta_color=figure.colour() if moved else "off",
        delta_arrow="off" if not moved else "up" if (figure.change or 0) > 0 else "down",
        delta_description=described if said and described else None,
        help=t(figure.help) if figure.help else None,
        icon=":material/warning:" if figure.alarm else None,
        border=True,
        height="stretch",
        chart_data=list(figure.spark) or None,
    )
