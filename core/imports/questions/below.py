"""A warehouse that is written on the first of several rows only: do the blanks below it mean the same? A merge would
say so; without one only the operator knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from core.errors import ShopError
from core.imports.kinds import Kind
from core.sheets.clean import Cleaned
from core.sheets.columns import columns_named
from core.sheets.detect import Header
from core.sheets.formats.container import column_letters
from core.sheets.layout.rows import merged_from
from core.sheets.matching import fields_named
from core.sheets.reader import Grid
from core.sheets.values import cells

PLACE = "location"


def filled(grid: Grid, header: Header, below: Mapping[str, bool]) -> Grid:
    """The grid with the blanks of some columns (`below`: header -> whether they mean the cell above) filled, in rows
    that hold anything."""
    names = [name for name, same in below.items() if same]
    start = max(header.row - grid.first_row + 1, 0)
    table = grid.cells
    for at in (column for name in names for column in columns_named(header.headers, name)[:1]):
        head, body = table.slice(0, start), table.slice(start)
        held = np.zeros(body.num_rows, bool)
        for other in body.columns:
            held |= np.asarray(cells.as_text(other).is_valid().to_numpy(zero_copy_only=False), bool)
        texts = cells.as_text(body.column(at))
        carried = pc.if_else(pa.array(held), pc.fill_null_forward(texts), pa.scalar(None, texts.type))
        column = pa.chunked_array([cells.as_text(head.column(at)), carried], texts.type)
        table = table.set_column(at, table.column_names[at], column)
    return replace(grid, cells=table)


def question(grid: Grid, header: Header, cleaned: Cleaned, kind: Kind) -> ShopError | None:
    """The question about a place that stands on the first row of each of its blocks alone: whether the units below
    lie there decides which of them are for sale, and which rows are parts."""
    places = _places(header, kind)
    read = pd.concat([cleaned.frame["row"], cleaned.rejected["row"]]) if places else pd.Series(dtype="int64")
    rows = np.unique(read.to_numpy(np.int64))
    for at in places if len(rows) else ():
        texts = _texts(grid, rows, at)
        blank = texts.isna().to_numpy()
        if blank.all() or not blank.any() or blank[0] or _repeated(texts):
            continue
        first = int(np.flatnonzero(blank)[0])
        return ShopError(
            "import.below_question",
            header=header.headers[at],
            rows=int(blank.sum()),
            cell=f"{column_letters(at + grid.first_column)}{rows[first]}",
            above=str(texts.ffill().iloc[first]),
        )
    return None


def _places(header: Header, kind: Kind) -> list[int]:
    if PLACE not in kind.spec.parts:
        return []
    return [
        at
        for at, name in header.mapping.items()
        if name == PLACE and PLACE in fields_named(header.headers[at])
    ]


def _texts(grid: Grid, rows: np.ndarray, at: int) -> pd.Series:
    """The texts of some rows in a column, merged cells in each of theirs."""
    source = merged_from(grid.merges, at + grid.first_column, rows)
    places = pa.array(rows[source] - grid.first_row)
    return pd.Series(cells.as_text(grid.cells.column(at).take(places)).to_pandas(), dtype=object)


def _repeated(texts: pd.Series) -> bool:
    """Whether a row says the same as the one above: then each row says what holds for it."""
    return bool((texts.notna() & (texts == texts.shift())).any())
