"""Demo workbooks as other systems write them: title rows, totals, their own headers. Written with openpyxl,
cell by cell."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Font, PatternFill

from data.english.speaking import said


def sheet_bytes(
    frame: pd.DataFrame,
    *,
    sheet: str = "Sheet1",
    above: Sequence[Sequence[object]] = (),
    below: Sequence[Sequence[object]] = (),
) -> bytes:
    """One sheet: the rows `above`, the frame's columns as the header, its rows (missing values blank), the
    rows `below`."""
    return book_bytes({sheet: (above, frame, below)})


def book_bytes(
    sheets: Mapping[str, tuple[Sequence[Sequence[object]], pd.DataFrame, Sequence[Sequence[object]]]],
) -> bytes:
    """Several sheets, each (rows above, frame, rows below). Text cells are text: codes keep their zeros."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = datetime(2026, 1, 1)  # noqa: DTZ001 - a workbook's own stamp has no zone
    for name, (above, frame, below) in sheets.items():
        page = book.create_sheet(name)
        page.freeze_panes = f"A{len(above) + 2}"
        for number, column in enumerate(frame.columns):
            page.column_dimensions[chr(65 + number) if number < 26 else "A" + chr(39 + number)].width = (
                14 if column != "商品名称" else 30
            )
        for row in above:
            page.append(list(row))
        page.append([_head(page, title) for title in frame.columns])
        for row in frame.astype(object).where(frame.notna(), None).to_numpy().tolist():
            page.append([_text(page, value) for value in row])
        for row in below:
            page.append(list(row))
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def _head(page: object, title: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(page, value=title)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="FFF1E6E8")
    return cell


def _text(page: object, value: object) -> object:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(page, value=said(value))
    cell.data_type = "s"
    cell.number_format = "@"
    return cell
