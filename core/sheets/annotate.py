"""The user's own workbook back, with what is wrong written beside the cells."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import PurePath

import pandas as pd
import pyarrow as pa
import rustpy_xlsxwriter

from core.sheets.columns import fold
from core.sheets.formats.container import column_number
from core.sheets.reader import Grid, ReadLimits, mark_workbook, read_workbook, shop_limits
from core.sheets.writer import sheet_title, words

_MOST_CELLS = 5  # sentences a row: the sixth fault of one row helps nobody


def annotate(
    content: bytes,
    filename: str,
    sheet: str,
    header_row: int,
    rejected: pd.DataFrame,
    sentences: Mapping[str, str],
    language: str = "zh",
    limits: ReadLimits | None = None,
) -> tuple[bytes, str]:
    """(workbook, its file name): a last column says what is wrong in each refused row, and the wrong cells
    are filled light red.

    `rejected` as `clean` gives it, `sentences` code -> sentence. An xlsx or xlsm keeps everything else it
    holds; other formats come back as xlsx with their cells as text. An earlier remark column is written anew,
    so that a corrected sheet can be sent round again. Refusals as of `read_workbook`.
    """
    workbook = read_workbook(content, filename, sheet=sheet, limits=limits)
    grid = workbook.grid(sheet)
    title = str(words(language)["problem"])
    own = content.startswith(b"PK") and PurePath(filename).suffix.lower() in {".xlsx", ".xlsm"}
    remarks = {
        "column": _remark_column(grid, header_row),
        "title": title,
        "header_row": header_row,
        "texts": _texts(rejected, sentences),
        "wrong": _wrong(rejected),
    }
    stem = PurePath(filename.replace("\\", "/")).stem
    suffix = PurePath(filename).suffix.lower() if own else ".xlsx"
    marked = mark_workbook(
        content if own else as_xlsx(grid, sheet),
        sheet if own else sheet_title(sheet),
        remarks,
        limits or shop_limits(),
    )
    return marked, f"{stem}-{title}{suffix}"


def _remark_column(grid: Grid, header_row: int) -> int:
    """The column of an earlier remark, or the first one after the last that holds something."""
    titles = {fold(words(language)["problem"]) for language in ("zh", "en")}
    for place, text in enumerate(grid.row_texts(header_row)):
        if fold(text) in titles:
            return grid.first_column + place
    after_last: int = grid.first_column + grid.cells.num_columns
    return after_last


def _texts(rejected: pd.DataFrame, sentences: Mapping[str, str]) -> dict[int, str]:
    if rejected.empty:
        return {}
    said = rejected["cell"] + "：" + rejected["code"].map(lambda code: sentences.get(code, code))
    shown = said[rejected.groupby("row").cumcount() < _MOST_CELLS]
    return {int(row): "；".join(parts) for row, parts in shown.groupby(rejected["row"])}


def _wrong(rejected: pd.DataFrame) -> dict[int, list[int]]:
    columns = (
        rejected["cell"].str.extract(r"^([A-Z]+)", expand=False).map(column_number)
        if len(rejected)
        else pd.Series(dtype=int)
    )
    return {int(row): [int(column) for column in group] for row, group in columns.groupby(rejected["row"])}


def as_xlsx(grid: Grid, sheet: str) -> bytes:
    """A grid's cells as the text cells of an xlsx sheet, at their own addresses."""
    rows = grid.cells.num_rows
    blanks = [pa.nulls(rows, pa.string())] * (grid.first_column - 1)
    columns = [*blanks, *(column.cast(pa.string()) for column in grid.cells.columns)]
    table = pa.table(columns, names=[""] * len(columns))
    names = [column[0].as_py() or "" for column in columns] if rows else []
    buffer = io.BytesIO()
    # the writer puts the names into row 1, so the first row is given as names
    rustpy_xlsxwriter.write_worksheet(
        table.slice(1).rename_columns(names), buffer, sheet_name=sheet_title(sheet)
    )
    return buffer.getvalue()
