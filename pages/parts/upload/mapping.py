"""The second step of an import: which sheet, which row is the header, which column is what; guessed, and the
reader's to correct."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from core.imports.service import PLUS, Choice, Inspection
from pages.parts.components.text import language, literal, plain, t

BEFORE, AFTER = 3, 6  # preview rows around the header
LOOK = 40


def choose(inspection: Inspection, choice: Choice, *, key: str, needed: bool) -> Choice:
    """Preview with the header highlighted, sheet and header row, and a select over every column; open when
    something is missing."""
    header = inspection.header
    mapped = len(header.mapping)
    with st.expander(
        t("upload.map_title", sheet=inspection.sheet, row=header.row, n=mapped),
        expanded=needed,
        icon=":material/table_view:",
    ):
        sheet, row = _where(inspection, key)
        if (sheet, row) != (inspection.sheet, header.row):
            return Choice((sheet,), row if sheet == inspection.sheet else 0, options=choice.options)
        _preview(inspection)
        mapping = _columns(inspection, key)
    return replace(choice, mapping=mapping, key=()) if mapping is not None else choice


def letter(column: int) -> str:
    """Excel's name of a column, 1-based.

    >>> letter(1), letter(28)
    ('A', 'AB')
    """
    name = ""
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


def _where(inspection: Inspection, key: str) -> tuple[str, int]:
    names = [info.name for info in inspection.workbook.sheets]
    rows = {info.name: info.rows for info in inspection.workbook.sheets}
    hidden = {info.name for info in inspection.workbook.sheets if info.hidden}
    left, right = st.columns(2)
    sheet = left.selectbox(
        t("upload.sheet"),
        names,
        index=names.index(inspection.sheet),
        key=f"{key}_sheet",
        format_func=lambda name: plain(
            "upload.sheet_hidden" if name in hidden else "upload.sheet_rows", name=name, n=rows[name]
        ),
    )
    grid = inspection.workbook.grid(inspection.sheet)
    numbers = [grid.first_row + at for at, texts in enumerate(grid.head(LOOK)) if any(texts)]
    texts = {number: " | ".join(text for text in grid.row_texts(number) if text)[:60] for number in numbers}
    at = numbers.index(inspection.header.row) if inspection.header.row in numbers else 0
    row = right.selectbox(
        t("upload.header_row"),
        numbers,
        index=at,
        key=f"{key}_row_{inspection.sheet}",
        format_func=lambda number: f"{number} · {texts[number]}",
    )
    return sheet, row


def _preview(inspection: Inspection) -> None:
    """The rows around the header as the sheet has them, the header highlighted."""
    grid, header = inspection.workbook.grid(inspection.sheet), inspection.header.row
    first = max(grid.first_row, header - BEFORE)
    rows = {number: grid.row_texts(number) for number in range(first, header + AFTER + 1)}
    shown = {number: texts for number, texts in rows.items() if texts}
    names = [letter(grid.first_column + at) for at in range(grid.cells.num_columns)]
    frame = pd.DataFrame(list(shown.values()), index=list(shown), columns=names)
    lit = frame.style.apply(
        lambda row: (
            ["background-color: rgba(200, 16, 46, .14); font-weight: 600" if row.name == header else ""]
            * len(row)
        ),
        axis=1,
    )
    st.dataframe(lit, height="content", alt=plain("upload.preview_alt"))


def _columns(inspection: Inspection, key: str) -> dict[str, str] | None:
    """The reader's whole mapping (field -> header text, "" = do not read) once it differs from what is in
    force; None while it does not."""
    grid, header, spec = inspection.workbook.grid(inspection.sheet), inspection.header, inspection.kind.spec
    titles = {"": plain("upload.not_read")} | {
        field.name: field.title(language()) + ("*" if field.name in spec.required else "")
        for field in spec.fields
    }
    sample = grid.row_texts(header.row + 1) or [""] * len(header.headers)
    chosen: dict[int, str] = {}
    with st.grid("auto", min_column_width=170, gap="small"):
        for at, text in enumerate(header.headers):
            if not text.strip():
                continue
            now = header.mapping.get(at, "")
            chosen[at] = st.selectbox(
                f"{letter(grid.first_column + at)} · {literal(text)}",
                list(titles),
                index=list(titles).index(now),
                format_func=titles.__getitem__,
                key=f"{key}_{inspection.sheet}_{header.row}_{at}_{now}",
                help=t("upload.first_value", value=sample[at]) if sample[at] else None,
            )
    if all(chosen[at] == header.mapping.get(at, "") for at in chosen):
        return None
    texts: dict[str, list[str]] = {}
    for at, name in chosen.items():
        if name:
            texts.setdefault(name, []).append(header.headers[at])
    dropped = {name: "" for name in header.mapping.values() if name not in texts}
    return {name: PLUS.join(headers) for name, headers in texts.items()} | dropped
