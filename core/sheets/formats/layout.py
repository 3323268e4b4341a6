"""A sheet's text columns as they are handed over: without the blank rows below, with the texts that people
see.

Runs in the reading child only.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

# what no cell can mean and no database can hold: controls, raw or in a workbook's own spelling
_CONTROLS = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]|_x00(?:0[0-8BCEFbcef]|1[0-9A-Fa-f]|7[Ff])_"
_RAW = bytes((*range(9), 11, 12, *range(14, 32), 127))
_QUOTED = r'^\s*=\s*["“”]((?:[^"]|"")*)["“”]\s*$'


def tidied(cells: pa.Table) -> pa.Table:
    """With `="001"` of Excel's csv unwrapped and characters that nobody can see or store taken out, in every
    column."""
    for place, column in enumerate(cells.columns):
        if column.type != pa.string() or column.null_count == len(column):
            continue
        mended = _unwrapped(_without_controls(column))
        if mended is not column:
            blank = pc.equal(pc.utf8_trim_whitespace(mended), "")
            cells = cells.set_column(place, cells.column_names[place], pc.if_else(blank, None, mended))
    return cells


def _without_controls(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not any(_holds_controls(chunk) for chunk in column.chunks):
        return column
    return pc.replace_substring_regex(column, _CONTROLS, "")


def _holds_controls(chunk: pa.Array) -> bool:
    """A look at the bytes of all cells at once."""
    text = chunk.buffers()[2]
    if not text:
        return False
    said = text.to_pybytes()
    return b"_x00" in said or len(said.translate(None, _RAW)) < len(said)


def _unwrapped(column: pa.ChunkedArray) -> pa.ChunkedArray:
    wrapped = pc.starts_with(column, "=")
    if not pc.any(wrapped).as_py():
        return column
    bare = pc.replace_substring_regex(column, _QUOTED, r"\1")
    return pc.if_else(wrapped, pc.replace_substring(bare, '""', '"'), column)


def trimmed(cells: pa.Table, last_flaw: int) -> pa.Table:
    """Without the blank rows at the end (a row with a flawed cell is not blank); an entirely blank column
    takes no room."""
    last, rows = last_flaw, max(cells.num_rows, last_flaw)
    columns = []
    for column in cells.columns:
        blank = column.null_count == len(column)
        below = pa.nulls(rows - len(column), pa.string())
        columns.append(
            pa.nulls(rows) if blank else pa.chunked_array([*column.chunks, below]) if len(below) else column
        )
        if not blank and last < len(column):
            last = max(last, pc.indices_nonzero(column.is_valid())[-1].as_py() + 1)
    return pa.table(columns, names=[str(place) for place in range(len(columns))]).slice(0, last)


def with_shown(cells: pa.Table, first: int, shown: list[tuple[int, int, str]]) -> pa.Table:
    """With the texts that people see in place of the numbers behind them: a code with its zeros, a rate of
    120 %."""
    by_column: dict[int, dict[int, str]] = {}
    for row, column, text in shown:
        if row <= cells.num_rows and first <= column < first + cells.num_columns:
            by_column.setdefault(column - first, {})[row - 1] = text
    for index, texts in by_column.items():
        mask = [row in texts for row in range(cells.num_rows)]
        column = pc.replace_with_mask(
            cells.column(index).combine_chunks(),
            pa.array(mask),
            pa.array([texts[row] for row in sorted(texts)]),
        )
        cells = cells.set_column(index, cells.column_names[index], column)
    return cells
