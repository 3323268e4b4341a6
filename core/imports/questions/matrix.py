"""Sizes as columns (款号, 颜色, S, M, L): each size is a product of its own, or the style is one; laid out, a cell is a
row."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa

from core.errors import ShopError
from core.imports.inspection import PLUS, Inspection
from core.imports.kinds import Kind
from core.imports.questions.same_key import spec_columns
from core.sheets.columns import JOINT, columns_named
from core.sheets.detect import Header
from core.sheets.formats.container import column_letters
from core.sheets.layout.aside import Notice
from core.sheets.layout.flat import COUNTS, names_sizes, size_columns
from core.sheets.layout.rows import merged_from
from core.sheets.reader import Grid
from core.sheets.values import cells

SIZE = "尺码"
_CELL = re.compile(r"([A-Z]+)(\d+)")


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the rows of a laid-out sheet come from. `first`: the first row under the header, `height`: rows of the
    sheet under it, `sizes`: the columns (1-based, of the sheet) whose cells became rows, one size after the other;
    `added`: the names of the columns that the sheet has not."""

    first: int
    height: int
    sizes: tuple[int, ...]
    added: tuple[str, ...]

    def addressed(self, rejected: pd.DataFrame) -> pd.DataFrame:
        """Refused cells with the row and the cell of the sheet as it is."""
        part, row = np.divmod(rejected["row"].to_numpy(np.int64) - self.first, self.height)
        rows = row + self.first
        letters = [self._letters(str(cell), at) for cell, at in zip(rejected["cell"], part, strict=True)]
        named = [f"{text}{number}" if text else "" for text, number in zip(letters, rows, strict=True)]
        return rejected.assign(row=rows, cell=named)

    def _letters(self, cell: str, part: int) -> str:
        match = _CELL.fullmatch(cell)
        if match is None:
            return ""
        return column_letters(self.sizes[part]) if match[1] in self.added else match[1]


def asked(inspection: Inspection, grid: Grid, header: Header) -> tuple[int, ...]:
    """The columns of sizes that are to be laid out as rows; none where the sheet has none, or the style is one product.

    ShopError("import.matrix_question") where nobody has said which of the two.
    """
    kind = inspection.kind
    sizes = size_columns(grid, header.row, header.headers)
    code = [at for at, name in header.mapping.items() if name == "sku_code"]
    if not kind.spec.parts or len(sizes) < 2 or not code:
        return ()
    if any(names_sizes(text) and not columns_named(header.headers, text) for text in inspection.key):
        return tuple(sizes)
    if inspection.key or _count_of(kind) in inspection.named:
        return ()
    naming = [at for at in dict.fromkeys((*code, *spec_columns(header))) if at not in sizes]
    key, names = [header.headers[at] for at in naming], [header.headers[at].split(JOINT)[-1] for at in sizes]
    raise ShopError(
        "import.matrix_question",
        names=names,
        key=PLUS.join([*key, SIZE]),
        header=PLUS.join(key),
        example="-".join([*_first_row(grid, header, naming), names[0]]),
    )


def _first_row(grid: Grid, header: Header, columns: list[int]) -> list[str]:
    texts = grid.row_texts(header.row + 1) or [""] * len(header.headers)
    return [texts[at] for at in columns]


def _count_of(kind: Kind) -> str:
    return next(name for name in COUNTS if any(entry.name == name for entry in kind.spec.fields))


def laid_out(
    grid: Grid, header: Header, sizes: tuple[int, ...], kind: Kind
) -> tuple[Grid, Header, Layout, Notice]:
    """(the sheet with a row for each size that has a cell, its header, the way back, what is said about it): codes and
    texts are repeated, other figures of the style are left out, since nobody can say whose they are."""
    start = max(header.row - grid.first_row + 1, 0)
    height = grid.cells.num_rows - start
    held = _held(grid, sizes, start)
    columns = {
        str(at): _column(grid, at, start, held) for at in range(grid.cells.num_columns) if at not in sizes
    }
    names = np.repeat([header.headers[at].split(JOINT)[-1] for at in sizes], height)
    counts = pa.concat_arrays(
        [cells.as_text(grid.cells.column(at).slice(start)).cast(pa.string()) for at in sizes]
    )
    blank = pa.nulls(start, pa.string())
    columns |= {str(at): pa.nulls(start + len(held), pa.string()) for at in sizes}
    columns["size"] = pa.concat_arrays([blank, pa.array(names, pa.string(), mask=~held)])
    columns["count"] = pa.concat_arrays([blank, counts])
    width = grid.cells.num_columns
    table = pa.table({name: columns[name] for name in (*map(str, range(width)), "size", "count")})
    figures = {entry.name for entry in kind.spec.fields if entry.adds}
    mapping = {at: name for at, name in header.mapping.items() if name not in figures and at not in sizes}
    left = [header.headers[at] for at, name in header.mapping.items() if name in figures and at not in sizes]
    laid = replace(
        header,
        mapping={**mapping, width: "sku_code", width + 1: _count_of(kind)},
        headers=[*header.headers, SIZE, _count_of(kind)],
        candidates=(),
    )
    added = tuple(column_letters(at + grid.first_column) for at in (width, width + 1))
    layout = Layout(header.row + 1, height, tuple(at + grid.first_column for at in sizes), added)
    facts = {
        "names": [header.headers[at].split(JOINT)[-1] for at in sizes],
        "rows": int(held.sum()),
        "left": left,
    }
    return (
        _moved(grid, table, sizes, height, header.row),
        laid,
        layout,
        Notice("import.sizes_laid_out", facts),
    )


def _held(grid: Grid, sizes: tuple[int, ...], start: int) -> np.ndarray:
    """Which cells of the sizes are rows (bool, one size after the other): those that hold something, or should."""
    flaws = set(zip(grid.flaws["row"], grid.flaws["column"], strict=True))
    parts = []
    for at in sizes:
        texts = cells.as_text(grid.cells.column(at).slice(start))
        held = np.asarray(texts.is_valid().to_numpy(zero_copy_only=False), bool).copy()
        first = grid.first_row + start
        for row, column in flaws:
            if column == at + grid.first_column and first <= row < first + len(held):
                held[row - first] = True
        parts.append(held)
    return np.concatenate(parts)


def _column(grid: Grid, at: int, start: int, held: np.ndarray) -> pa.Array:
    """A column repeated for each size, a merged cell on all of its rows, blank where the size has no cell."""
    texts = cells.as_text(grid.cells.column(at)).cast(pa.string())
    body = texts.slice(start)
    numbers = np.arange(grid.first_row + start, grid.first_row + start + len(body))
    source = merged_from(grid.merges, at + grid.first_column, numbers)
    places = np.tile(source, len(held) // max(len(body), 1))
    repeated = body.take(pa.array(np.where(held, places, 0), mask=~held))
    return pa.concat_arrays([texts.slice(0, start), repeated])


def _moved(grid: Grid, table: pa.Table, sizes: tuple[int, ...], height: int, header_row: int) -> Grid:
    """The grid of the laid-out cells, with hidden rows, flaws and merged figures where they belong now."""
    count = grid.first_column + table.num_columns - 1
    below, hidden = (
        grid.merges[grid.merges[:, 0] > header_row],
        grid.hidden_rows[grid.hidden_rows > header_row],
    )
    sized = [size + grid.first_column for size in sizes]
    flaws, merges = [], [grid.merges[grid.merges[:, 0] <= header_row]]
    for n, size in enumerate(sized):
        own = grid.flaws["column"] == size
        part = grid.flaws[(own | ~grid.flaws["column"].isin(sized)) & (grid.flaws["row"] > header_row)]
        flaws.append(part.assign(row=part["row"] + n * height, column=part["column"].mask(own, count)))
        merged = below[(below[:, 1] == size) & (below[:, 3] == size)]
        merges.append(merged + np.array([n * height, count - size, n * height, count - size]))
    return replace(
        grid,
        cells=table,
        merges=np.concatenate(merges),
        hidden_rows=np.concatenate([hidden + n * height for n in range(len(sizes))]),
        flaws=pd.concat(flaws, ignore_index=True),
    )


def in_force(header: Header, sizes: tuple[int, ...], kind: Kind) -> Header:
    """The sheet's own header with all sizes as the count."""
    count = _count_of(kind)
    kept = {at: name for at, name in header.mapping.items() if name != count and at not in sizes}
    return replace(header, mapping={**kept, **dict.fromkeys(sizes, count)})
