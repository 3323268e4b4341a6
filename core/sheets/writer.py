"""Workbooks out: styled templates to fill in, and exports of many rows. No text that anybody typed becomes a
formula."""

from __future__ import annotations

import io
import re
import tomllib
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import rustpy_xlsxwriter
from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from core import clock
from core.sheets.columns import Field, SheetSpec

Words = dict[str, Any]  # a table of the translations

NUMBER_FORMATS = {
    "code": "@",
    "text": "@",
    "choice": "@",
    "integer": "#,##0",
    "money": "#,##0.00",
    "rate": "0.0%",
    "day": "yyyy-mm-dd",
    "moment": "yyyy-mm-dd hh:mm:ss",
    "end": "yyyy-mm-dd hh:mm:ss",
}
ACCENT, INK, MUTED, SOFT, LINE = "C8102E", "1F2328", "6B7280", "F3F4F6", "D9DCE1"
_WIDTH = {
    "code": 18,
    "text": 24,
    "choice": 14,
    "integer": 12,
    "money": 14,
    "rate": 10,
    "day": 13,
    "moment": 20,
    "end": 20,
}
_TEMPLATE_ROWS = 5_000
_UNWRITABLE = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]")


@lru_cache(maxsize=1)
def _all_words() -> Words:
    return tomllib.loads(Path(__file__).with_name("words.toml").read_text("utf-8"))


def words(language: str) -> Words:
    """The words that our workbooks carry, Chinese unless the language is "en"."""
    texts: dict[str, object] = _all_words()["en" if language == "en" else "zh"]
    return texts


def sheet_title(text: str) -> str:
    """A text as a sheet's name: at most 31 characters, without those that Excel refuses."""
    return re.sub(r"[\[\]:*?/\\']", " ", _UNWRITABLE.sub("", text)).strip()[:31] or "Sheet1"


def export(
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, str, str]],
    sheet_name: str,
    language: str = "zh",
    *,
    zone: str = clock.SHANGHAI,
    above: Sequence[str] = (),
) -> bytes:
    """The frame's rows as an xlsx workbook: frozen bold header, filter, widths, number formats.

    `columns`: (field, title, format) in order, format one of NUMBER_FORMATS' keys. Codes and texts are text
    cells, whatever they begin with; money comes as int fen and is shown in yuan; moments come aware and are
    shown in the zone's clock. `above`: sentences that stand over the header, one a row. `read_workbook` and `clean` give the same frame back. The language chooses the
    font.
    """
    data = {title: _written(frame[field], kind, zone) for field, title, kind in columns}
    table = pd.DataFrame(data, index=frame.index)
    style, font = rustpy_xlsxwriter.Format, "Microsoft YaHei" if language == "zh" else "Calibri"
    header = (
        style()
        .set_bold()
        .set_font_name(font)
        .set_background_color(f"#{SOFT}")
        .set_font_color(f"#{INK}")
        .set_border_bottom("thin")
    )
    formats = [style().set_font_name(font).set_num_format(NUMBER_FORMATS[kind]) for _, _, kind in columns]
    buffer = io.BytesIO()
    rustpy_xlsxwriter.write_worksheet(
        table,
        buffer,
        sheet_name=sheet_title(sheet_name),
        header_row=len(above),
        merge_ranges=[(row, 0, row, max(len(columns) - 1, 1), text) for row, text in enumerate(above)]
        or None,
        freeze_row=len(above) + 1,
        freeze_col=1,
        autofilter=True,
        header_format=header.set_border_bottom_color(f"#{LINE}"),
        column_formats=formats,
        column_widths=[max(_WIDTH[kind], min(2 + 2 * len(title), 40)) for _, title, kind in columns],
        ignore_errors=[title for _, title, kind in columns if kind in {"code", "text"}],
    )
    return buffer.getvalue()


def _written(series: pd.Series, kind: str, zone: str) -> pd.Series:
    """A column as the writer takes it."""
    if kind == "money":
        return (series.astype("Float64") / 100).round(2)
    if kind == "integer":
        return series.astype("Int64")
    if kind == "rate":
        rates = series.astype("Float64")
        # a bare 1.2 reads as 1.2 %: a column with rates above 100 % is written as text with its sign
        return (
            rates.map(lambda rate: f"{rate * 100:.10g}%", na_action="ignore").astype("str")
            if (rates.abs() > 1).any()
            else rates
        )
    if kind == "day":
        return pd.to_datetime(series).astype("datetime64[s]")
    if kind in {"moment", "end"}:
        return (
            pd.to_datetime(series, utc=True)
            .dt.tz_convert(clock.zone(zone))
            .dt.tz_localize(None)
            .dt.round("s")
        )
    text = series.astype("str")
    return (
        text.str.replace(_UNWRITABLE.pattern, "", regex=True)
        if text.str.contains(_UNWRITABLE.pattern, regex=True, na=False).any()
        else text
    )


def template(spec: SheetSpec, language: str = "zh") -> bytes:
    """An empty workbook to fill in: header, a row that explains each column with an example (skipped on
    import), checks on the cells, a guide sheet."""
    said = words(language)
    workbook = Workbook()
    sheet: Worksheet = workbook.active
    sheet.title = sheet_title(said["sheet"])
    for number, field in enumerate(spec.fields, start=1):
        _template_column(sheet, number, field, spec, language)
    sheet.row_dimensions[1].height, sheet.row_dimensions[2].height = 24, 34
    sheet.freeze_panes = "B3"
    _guide(workbook, spec, language)
    buffer = io.BytesIO()
    workbook.save(buffer)
    return buffer.getvalue()


def _style(cell: Cell, *, bold: bool = False, colour: str = INK, fill: str = "", size: int = 11) -> None:
    cell.font = Font(name="Microsoft YaHei", bold=bold, color=colour, size=size)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    cell.border = Border(bottom=Side("thin", LINE))
    if fill:
        cell.fill = PatternFill("solid", fill)


def _example(field: Field, language: str) -> tuple[str, str]:
    """(what to fill in, an example) of a field."""
    what, example = words(language)["kinds"][field.kind]
    if field.kind == "choice" and field.choices:
        example = next(iter(field.choices))
    return what, example


def _template_column(sheet: Worksheet, number: int, field: Field, spec: SheetSpec, language: str) -> None:
    said, letter = words(language), get_column_letter(number)
    needed = field.name in spec.required
    head, note = sheet.cell(1, number, field.title(language)), sheet.cell(2, number)
    _style(head, bold=True, colour="FFFFFF" if needed else INK, fill=ACCENT if needed else SOFT)
    what, example = _example(field, language)
    note.value = f"{said['required' if needed else 'optional']} · {what}" + (
        f" · {said['example']}{example}" if example else ""
    )
    note.data_type = "s"
    _style(note, colour=MUTED, size=9)
    sheet.column_dimensions[letter].width = max(_WIDTH[field.kind], 16)
    # what is typed as an end stays as it is typed: a day without a clock means the end of that day
    shown = "@" if field.kind == "end" else NUMBER_FORMATS[field.kind]
    sheet.column_dimensions[letter].number_format = shown
    check = _validation(field)
    if check:
        check.add(f"{letter}3:{letter}{_TEMPLATE_ROWS}")
        sheet.add_data_validation(check)


def _validation(field: Field) -> DataValidation | None:
    """What Excel itself can check while the sheet is filled in: choices as a list, whole numbers and days by
    type and bounds."""
    if field.kind == "choice" and field.choices:
        listed = ",".join(dict.fromkeys(spelling for spelling in field.choices if "," not in spelling))
        return DataValidation("list", formula1=f'"{listed}"', allow_blank=True) if len(listed) < 250 else None
    if field.kind == "integer":
        low, high = (
            field.minimum if field.minimum is not None else -(10**9),
            field.maximum if field.maximum is not None else 10**9,
        )
        return DataValidation(
            "whole", operator="between", formula1=str(low), formula2=str(high), allow_blank=True
        )
    if field.kind == "money" and field.minimum is not None:
        return DataValidation(
            "decimal", operator="greaterThanOrEqual", formula1=str(field.minimum / 100), allow_blank=True
        )
    if field.kind == "day":
        return DataValidation("date", operator="greaterThan", formula1="36526", allow_blank=True)
    return None


def _guide(workbook: Workbook, spec: SheetSpec, language: str) -> None:
    said = words(language)
    sheet = workbook.create_sheet(sheet_title(said["guide"]))
    for number, title in enumerate(said["guide_head"], start=1):
        _style(sheet.cell(1, number, title), bold=True, fill=SOFT)
    for row, field in enumerate(spec.fields, start=2):
        what, example = _example(field, language)
        if field.choices:
            what += f": {' / '.join(dict.fromkeys(field.choices))}"
        needed = said["required" if field.name in spec.required else "optional"]
        for number, text in enumerate((field.title(language), needed, what, example), start=1):
            _style(sheet.cell(row, number, text))
    for row, line in enumerate(said["guide_lines"], start=len(spec.fields) + 3):
        sheet.cell(row, 1, line).font = Font(name="Microsoft YaHei", color=MUTED, size=10)
    for letter, width in zip("ABCD", (22, 10, 40, 26), strict=True):
        sheet.column_dimensions[letter].width = width


def as_columns(spec: SheetSpec, names: Sequence[str], language: str) -> list[tuple[str, str, str]]:
    """The `columns` argument of `export` for some of a kind's fields, with the titles by which they are read
    back."""
    return [(name, spec.field(name).title(language), spec.field(name).kind) for name in names]
