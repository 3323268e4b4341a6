"""A sheet's text columns as they are handed over: without the blank rows below, with the texts that people see.

Runs in the reading child only.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc


def trimmed(cells: pa.Table, last_flaw: int) -> pa.Table:
    """Without the blank rows at the end (a row with a flawed cell is not blank); an entirely blank column takes no room."""
    last, rows = last_flaw, max(cells.num_rows, last_flaw)
    columns = []
    for column in cells.columns:
        blank = column.null_count == len(column)
        below = pa.nulls(rows - len(column), pa.string())
        columns.append(pa.nulls(rows) if blank else pa.chunked_array([*column.chunks, below]) if len(below) else column)
        if not blank and last < len(column):
            last = max(last, pc.indices_nonzero(column.is_valid())[-1].as_py() + 1)
    return pa.table(columns, names=[str(place) for place in range(len(columns))]).slice(0, last)


def with_shown(cells: pa.Table, first: int, shown: list[tuple[int, int, str]]) -> pa.Table:
    """With the texts that people see in place of the numbers behind them: a code with its zeros, a rate of 120 %."""
    by_column: dict[int, dict[int, str]] = {}
    for row, column, text in shown:
        if row <= cells.num_rows and first <= column < first + cells.num_columns:
            by_column.setdefault(column - first, {})[row - 1] = text
    for index, texts in by_column.items():
        mask = [row in texts for row in range(cells.num_rows)]
        column = pc.replace_with_mask(
            cells.column(index).combine_chunks(), pa.array(mask), pa.array([texts[row] for row in sorted(texts)])
        )
        cells = cells.set_column(index, cells.column_names[index], column)
    return cells
