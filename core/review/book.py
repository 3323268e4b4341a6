"""The review as a workbook with pictures: a sheet a question, charts of Excel's own over the same cells."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.chart import BarChart, Reference
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from core.review.bridge import FACTORS
from core.review.service import Landing
from core.translations import sentences

MONEY = "#,##0.00"
WIDE, NARROW = 34, 16
Row = Sequence[str | float | int | None]


@dataclass(frozen=True, slots=True)
class Leaf:
    """A sheet that is ready to be written: its name, its headings, its rows (money in yuan)."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Row]


def book(landing: Landing, lessons: Sequence[str], language: str, leaves: Sequence[Leaf] = ()) -> bytes:
    """The workbook. `lessons`: sentences in that language; amounts in yuan; costs as far as the landing has them.
    `leaves`: sheets behind its own."""
    words = sentences("en" if language == "en" else "zh")
    workbook = Workbook()
    for blank in workbook.worksheets:
        workbook.remove(blank)
    first = workbook.create_sheet(words["review.tab_report"])
    _summary(first, landing, lessons, words)
    _bridge(workbook.create_sheet(words["review.tab_bridge"]), landing, words)
    for name in ("channels", "phases", "days"):
        frame = getattr(landing, name).reset_index()
        _table(workbook.create_sheet(words[f"review.by_{name}"]), frame, ["part", *frame.columns[1:]], words)
    goods = landing.goods.reset_index()
    columns = [
        name
        for name in (
            "sku_code",
            "name",
            "planned",
            "amount",
            "gap",
            "planned_units",
            "units",
            "left",
            "left_at_cost",
        )
        if name in goods
    ]
    _table(workbook.create_sheet(words["review.tab_goods"]), goods, columns, words)
    for leaf in leaves:
        _leaf(workbook.create_sheet(leaf.title), leaf)
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def _leaf(sheet: Worksheet, leaf: Leaf) -> None:
    _put(sheet, 1, leaf.headings, bold=True)
    for number, row in enumerate(leaf.rows, 2):
        _put(sheet, number, row)
    sheet.freeze_panes = "B2"
    for letter in "ABCDEFGH":
        sheet.column_dimensions[letter].width = NARROW


def _yuan(fen: float) -> float:
    return round(float(fen) / 100, 2)


def _put(sheet: Worksheet, row: int, values: Row, *, bold: bool = False) -> None:
    """One row; texts are texts, whatever they begin with."""
    for column, value in enumerate(values, 1):
        if isinstance(value, str):
            value = ILLEGAL_CHARACTERS_RE.sub("", value)  # control characters that no workbook can hold
        cell = sheet.cell(row, column, value)
        if isinstance(value, str):
            cell.data_type = "s"
        elif isinstance(value, float):
            cell.number_format = MONEY
        cell.font = Font(bold=bold)


def _summary(sheet: Worksheet, landing: Landing, lessons: Sequence[str], words: Mapping[str, str]) -> None:
    """What management asks first."""
    rows: list[Row] = [
        (words["review.target"], _yuan(landing.target)),
        (words["review.paid"], _yuan(landing.paid)),
    ]
    if landing.profit is not None:
        rows.append((words["review.profit"], _yuan(landing.profit)))
    left = int(landing.goods["left"].fillna(0).clip(lower=0).sum())
    rows += [(words["review.left"], left), (words["review.customers"], landing.buyers)]
    rows += [(words["review.lessons"] if n == 0 else "", lesson) for n, lesson in enumerate(lessons)]
    _put(sheet, 1, (landing.name,), bold=True)
    for number, row in enumerate(rows, 2):
        _put(sheet, number, row)
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = NARROW, WIDE


def _bridge(sheet: Worksheet, landing: Landing, words: Mapping[str, str]) -> None:
    """The waterfall: a bar without colour below each step."""
    _put(sheet, 1, (words["review.what"], "", words["review.amount"], words["review.gap"]), bold=True)
    level, row = 0, 2
    for name, fen in [
        ("plan", landing.plan),
        *((n, int(landing.bridge[n])) for n in FACTORS),
        ("actual", landing.actual),
    ]:
        total = name in ("plan", "actual")
        start = 0 if total else level
        level = fen if total else level + fen
        low, high = min(start, level), max(start, level)
        _put(sheet, row, (words[f"review.{name}"], _yuan(low), _yuan(high - low), _yuan(fen)))
        row += 1
    chart = BarChart()
    chart.type, chart.grouping, chart.overlap, chart.legend = "bar", "stacked", 100, None
    chart.title = words["review.tab_bridge"]
    chart.add_data(Reference(sheet, min_col=2, max_col=3, min_row=1, max_row=row - 1), titles_from_data=True)
    chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=row - 1))
    chart.series[0].graphicalProperties.noFill = True
    chart.y_axis.delete = chart.x_axis.delete = False
    chart.x_axis.scaling.orientation = "maxMin"
    sheet.add_chart(chart, "F2")
    sheet.column_dimensions["A"].width = WIDE


AMOUNTS = {*FACTORS, "plan", "actual", "gap", "planned", "amount", "left_at_cost"}
TITLES = {"planned": "planned_amount", "amount": "paid"}


def _table(sheet: Worksheet, frame: pd.DataFrame, columns: Sequence[str], words: Mapping[str, str]) -> None:
    """A frame's columns with their titles, and planned beside actual as bars where it has both."""
    titles = [words[f"review.{TITLES.get(name, name)}"] for name in columns]
    _put(sheet, 1, titles, bold=True)
    for number, record in enumerate(frame[list(columns)].to_dict("records"), 2):
        values: list[str | float | int | None] = []
        for name in columns:
            value = record[name]
            if pd.isna(value):
                values.append(None)
            else:
                values.append(
                    _yuan(value) if name in AMOUNTS else value if isinstance(value, str) else int(value)
                )
        _put(sheet, number, values)
    sheet.freeze_panes = "B2"
    for letter in "AB":
        sheet.column_dimensions[letter].width = NARROW
    pair = ("plan", "actual")
    if all(name in columns for name in pair) and len(frame):
        chart = BarChart()
        chart.type, chart.title = "bar", sheet.title
        for name in pair:
            position = list(columns).index(name) + 1
            chart.add_data(
                Reference(sheet, min_col=position, min_row=1, max_row=len(frame) + 1), titles_from_data=True
            )
        chart.set_categories(Reference(sheet, min_col=1, min_row=2, max_row=len(frame) + 1))
        chart.y_axis.delete = chart.x_axis.delete = False
        sheet.add_chart(chart, f"A{len(frame) + 4}")
