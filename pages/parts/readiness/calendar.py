"""Weeks as a calendar sheet: a row a week from Monday, a cell a day, an entry a line. On a phone the list
below it says the same.

weeks([Entry(date(2026, 11, 10), "red", "Prices approved", "finance")], today, marked={opening: "T−0"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape

import streamlit as st

from pages.parts.components.states import HUES
from pages.parts.components.text import day, weekday

_STYLE = """
<style>
.weeks { display: grid; grid-template-columns: repeat(7, minmax(0, 1fr)); gap: 1px; font-size: 0.8rem; line-height: 1.3 }
.weeks > div { border: 1px solid rgba(128, 128, 128, 0.25); border-radius: 4px; padding: 0.25rem 0.4rem; min-height: 4.2rem; overflow: hidden }
.weeks > .name { min-height: 0; border: 0; opacity: 0.65 }
.weeks > .past { opacity: 0.6 }
.weeks > .today { border-color: #C8102E; border-width: 2px }
.weeks b { font-weight: 600; opacity: 0.8 } .weeks b em { font-style: normal; float: right }
.weeks p { margin: 0.15rem 0 0; font-size: inherit; padding-left: 0.4rem; border-left: 3px solid; overflow-wrap: anywhere }
.weeks small { opacity: 0.65 }
@media (max-width: 768px) { .weeks { display: none } }
</style>
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """What stands in a day's cell: its tone (a name of `states.HUES`), its words, and small print."""

    on: date
    tone: str
    title: str
    note: str = ""


def weeks(entries: Sequence[Entry], today: date, marked: Mapping[date, str]) -> None:
    """The weeks from the first entry or today to the last entry or marked day."""
    first = min([today, *(entry.on for entry in entries)])
    last = max([today, *marked, *(entry.on for entry in entries)])
    monday = first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=n) for n in range(((last - monday).days // 7 + 1) * 7)]
    names = "".join(f'<div class="name">{escape(weekday(one))}</div>' for one in days[:7])
    cells = "".join(
        _cell(one, [entry for entry in entries if entry.on == one], today, marked.get(one, ""))
        for one in days
    )
    st.html(f'{_STYLE}<div class="weeks">{names}{cells}</div>')


def _cell(one: date, entries: Sequence[Entry], today: date, mark: str) -> str:
    when = "today" if one == today else "past" if one < today and not entries else ""
    lines = "".join(
        f'<p style="border-color: {HUES[entry.tone]}">{escape(entry.title)} <small>{escape(entry.note)}</small></p>'
        for entry in entries
    )
    return f'<div class="{when}" title="{escape(day(one))}"><b>{one:%m-%d}<em>{escape(mark)}</em></b>{lines}</div>'
