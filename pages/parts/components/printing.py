"""What goes on paper: sheets that no screen shows, and the button that prints them. On paper there is nothing
else of the page.

print_button("rota_print"); paper([sheet("双十一 · 排班表 · 12月12日", grid(columns, rows))])
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import streamlit as st

from pages.parts.components.text import number, plain

_STYLE = """
<style>
.paper { display: none }
@media print {
  @page { size: A4 landscape; margin: 12mm }
  :has(.paper) { position: static !important; overflow: visible !important; height: auto !important; min-height: 0 !important;
    margin: 0 !important; padding: 0 !important; background: white !important; color: black !important; border: 0 !important }
  body:has(.paper) :not(:has(.paper)):not(.paper):not(.paper *) { display: none !important }
  .paper { display: block; color: black; font-size: 11pt; line-height: 1.25 }
  .paper section { break-after: page }
  .paper section:last-child { break-after: auto }
  .paper h2 { color: black; font-size: 16pt; margin: 0 0 2mm }
  .paper table { border-collapse: collapse; width: 100%; margin: 3mm 0; font-variant-numeric: tabular-nums }
  .paper tr { break-inside: avoid }
  .paper th, .paper td { border: 0.3mm solid #555; padding: 1mm 2mm; text-align: right; color: black }
  .paper th:first-child, .paper td:first-child, .paper .words th, .paper .words td { text-align: left }
  .paper th:first-child, .paper td:first-child { white-space: nowrap }
  .paper .sign { width: 32%; min-width: 40mm; text-align: left }
  .paper .words { font-size: 9pt; line-height: 1.15 } .paper .words th, .paper .words td { padding: 0.5mm 2mm } .paper .words .sign { width: 16% }
  .paper .dense { font-size: 8pt; line-height: 1.1 } .paper .dense th, .paper .dense td { padding: 0.3mm 2mm }
  .paper .bars td { border: 0; padding: 0.6mm 2mm } .paper .bars td:nth-child(2) { width: 62% }
  .paper .bar { height: 0; border-top: 4mm solid #888; min-width: 0.4mm } .paper .rise { border-top-color: #2457c5 } .paper .fall { border-top-color: #b4771f }
  .paper .pair { display: grid; grid-template-columns: 1fr 1fr; gap: 6mm } .paper ul { margin: 1mm 0; padding-left: 5mm; font-size: 9pt }
  .paper p { font-size: 9pt; margin: 0; color: black }
}
</style>
"""
_BUTTON = st.components.v2.component(
    "print_button",
    html='<button type="button"></button>',
    css="""button { font: inherit; font-family: var(--st-font); color: var(--st-text-color); background: transparent; cursor: pointer; padding: 0.4rem 0.9rem;
      border: 1px solid var(--st-border-color); border-radius: var(--st-button-radius, 0.4rem); white-space: nowrap }
      button:hover, button:focus-visible { border-color: var(--st-primary-color); color: var(--st-primary-color) }""",
    js="""export default function ({ parentElement, data }) {
      const button = parentElement.querySelector("button")
      button.textContent = data.label
      button.onclick = () => window.print()
    }""",
)


Kind = Literal["", "dense", "words"]  # figures · many figures · sentences, set to the left


def print_button(key: str) -> None:
    """Opens the browser's print, as Ctrl+P does."""
    _BUTTON(key=key, data={"label": plain("common.print")}, width="content")


def paper(sheets: Sequence[str]) -> None:
    """The sheets of this page, each from `sheet`. One call a page."""
    st.html(f'{_STYLE}<div class="paper">{"".join(sheets)}</div>')


def sheet(title: str, *grids: str, note: str = "") -> str:
    """One sheet (as many leaves as it takes): a title, tables, a line in small print."""
    return f"<section><h2>{escape(title)}</h2>{''.join(grids)}<p>{escape(note)}</p></section>"


def grid(
    columns: Sequence[tuple[str, str]],
    rows: Iterable[Mapping[str, object]],
    *,
    kind: Kind = "",
    sign: str = "",
) -> str:
    """A table: (field, title) by column; `sign` heads an empty column to write in."""
    head = "".join(f"<th>{escape(title)}</th>" for _, title in columns) + (
        f'<th class="sign">{escape(sign)}</th>' if sign else ""
    )
    blank = "<td></td>" if sign else ""
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_cell(row[field]))}</td>' for field, _ in columns)}{blank}</tr>"
        for row in rows
    )
    return f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def _cell(value: object) -> str:
    """A number as people read it, nothing for nought."""
    if isinstance(value, str):
        return value
    amount = float(value)  # type: ignore[arg-type]
    return number(round(amount, 1) if isinstance(value, float) else int(amount)) if round(amount, 1) else ""


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a printed waterfall: its words, where it begins and ends (0 to 1 of the width), and its kind ("total" | "rise" |
    "fall")."""

    label: str
    figure: str
    start: float
    end: float
    kind: str


def bars(rows: Iterable[Bar]) -> str:
    """A waterfall on paper: borders, which every printer draws, instead of backgrounds."""
    cells = [
        f"<tr><td>{escape(one.label)}</td><td>"
        f'<div class="bar {one.kind}" style="margin-left:{100 * min(one.start, one.end):.2f}%;'
        f'width:{100 * abs(one.end - one.start):.2f}%"></div></td><td>{escape(one.figure)}</td></tr>'
        for one in rows
    ]
    return f'<table class="bars"><tbody>{"".join(cells)}</tbody></table>'


def listed(title: str, sentences: Iterable[str]) -> str:
    """Sentences as a list below a title."""
    return f"<p><b>{escape(title)}</b></p><ul>{''.join(f'<li>{escape(one)}</li>' for one in sentences)}</ul>"


def pair(left: str, right: str) -> str:
    """Two parts side by side."""
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>'
