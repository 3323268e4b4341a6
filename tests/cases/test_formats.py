"""The same sheets in other formats: what is read out of .xlsb and .ods is what the first format says, to the last cell."""

from __future__ import annotations

import csv
from html import escape
from pathlib import Path

import pytest
from openpyxl import load_workbook

from core.access import Actor
from core.connect.kinds import kind
from core.database import Database
from core.errors import ShopError
from core.imports import service
from core.imports.service import Choice
from tests.cases.test_cases import HERE
from tests.sheets.binary_books import xlsb
from tests.sheets.test_opendocument import book, number, row, sheet, text

Cells = list[list[object]]
CASES = {
    "count-two-bins": "count",
    "douyin-orders": "orders",
    "merged-code-cells": "stock",
    "order-amount-repeated-per-line": "orders",
    "orders-continuation": "orders",
    "orders-day-first": "orders",
    "orders-foreign-currency": "orders",
    "pdd-merchant-code": "orders",
    "status-words-refund": "orders",
    "stock-by-warehouse": "stock",
    "stock-colour-size-columns": "stock",
    "subtotal-words": "traffic",
    "title-is-a-header-word": "stock",
    "traffic-negative-returns": "traffic",
    "traffic-two-shops": "traffic",
    "two-candidates-stock": "stock",
    "two-row-header": "stock",
    "unit-column-box": "stock",
}


def cells(path: Path) -> tuple[Cells, list[tuple[int, int, int, int]]]:
    """The cells of the first sheet as numbers and texts, and its merged ranges."""
    if path.suffix == ".csv":
        content = path.read_text("utf-8-sig")
        return [list(line) for line in csv.reader(content.splitlines())], []
    page = load_workbook(path, data_only=True).worksheets[0]
    merges = [(m.min_row, m.min_col, m.max_row, m.max_col) for m in page.merged_cells.ranges]
    plain = [
        [one if isinstance(one, int | float | None) else str(one) for one in line]
        for line in page.iter_rows(values_only=True)
    ]
    return plain, merges


def ods(rows: Cells, merges: list[tuple[int, int, int, int]]) -> bytes:
    """An OpenDocument workbook of one sheet."""
    spans = {
        (
            m[0],
            m[1],
        ): f'table:number-rows-spanned="{m[2] - m[0] + 1}" table:number-columns-spanned="{m[3] - m[1] + 1}" '
        for m in merges
    }
    lines = []
    for at, line in enumerate(rows, start=1):
        written = [
            "<table:table-cell/>"
            if one in {None, ""}
            else number(one)
            if isinstance(one, int | float)
            else text(escape(str(one)))
            for one in line
        ]
        lines.append(
            row(
                *(
                    cell.replace("<table:table-cell ", f"<table:table-cell {spans.get((at, n), '')}", 1)
                    for n, cell in enumerate(written, start=1)
                )
            )
        )
    return book(sheet(*lines))


def outcome(db: Database, actor: Actor, name: str, content: bytes, file_name: str) -> object:
    """What a file comes to: the sums and the refused cells, or the question."""
    try:
        draft = service.check(service.inspect(db, actor, kind(name), content, file_name, Choice()))
    except ShopError as error:
        return error.code, error.facts.get("key"), error.facts.get("cell")
    cleaned = draft.cleaned
    sums = {field: tuple(tally) for field, tally in cleaned.tallies.items()}
    asked = [(question.field, question.options) for question in draft.inspection.questions]
    notices = {notice.code for notice in cleaned.notices}
    return (
        sums,
        cleaned.rows,
        cleaned.merged,
        cleaned.rejected[["cell", "code"]].values.tolist(),
        asked,
        notices,
    )


@pytest.mark.parametrize("case", CASES)
def test_other_formats_say_the_same(sqlite: Database, admin: Actor, case: str) -> None:
    path = next(path for path in sorted((HERE / case).iterdir()) if path.name.startswith("a."))
    rows, merges = cells(path)
    first = outcome(sqlite, admin, CASES[case], path.read_bytes(), path.name)
    width = max(map(len, rows))
    padded = [[*line, *[None] * (width - len(line))] for line in rows]
    blank = [[None if one == "" else one for one in line] for line in padded]
    assert outcome(sqlite, admin, CASES[case], xlsb(blank, merges=tuple(merges)), "a.xlsb") == first
    assert outcome(sqlite, admin, CASES[case], ods(blank, merges), "a.ods") == first
