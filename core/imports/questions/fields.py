"""Which column is a field's, where several fit or none does: the questions of an upload, each with the sums of its
columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from typing import NamedTuple

import pandas as pd
import pyarrow as pa

from core.imports.kinds import Kind
from core.sheets.columns import Field
from core.sheets.detect import Header
from core.sheets.matching import Candidates
from core.sheets.reader import Grid
from core.sheets.readings import read_column

_PARTED = frozenset({"reserved"})  # figures whose columns are parts even where they are equal
_UNITS = re.compile(r"数量|件数|个数|qty|quantity|units", re.IGNORECASE)
_OTHER_UNITS = re.compile(
    r"退|种|库存|赠|券|箱|包裹|发票|refund|return|cancel|stock|fulfil|ship", re.IGNORECASE
)


class Option(NamedTuple):
    """One column that fits a field: its header and the sum of its cells (units or fen; None for texts)."""

    header: str
    sum: int | None


@dataclass(frozen=True, slots=True)
class Question:
    """Columns that fit one field equally well. `parts`: the headers that may be added up, all but totals."""

    field: str
    options: tuple[Option, ...]
    parts: tuple[str, ...] = ()


def below(grid: Grid, header: Header, column: int) -> pa.ChunkedArray:
    """The cells of a column under its header."""
    return grid.cells.column(column).slice(max(header.row - grid.first_row + 1, 0))


def sum_of(column: pa.ChunkedArray, entry: Field) -> int | None:
    """The sum of a column read as that field (units, fen); None for a field that does not add up."""
    return int(pd.Series(read_column(column, entry).values).sum()) if entry.adds else None


def open_fields(grid: Grid, header: Header, kind: Kind, named: Set[str]) -> tuple[Question, ...]:
    """What the columns leave open; a field that the operator has `named` is no question."""
    fitting = (_fitting(grid, header, kind, rivals) for rivals in header.candidates)
    return (
        *_no_quantity(grid, header, kind, named),
        *(question for question in fitting if question is not None and question.field not in named),
    )


def _fitting(grid: Grid, header: Header, kind: Kind, rivals: Candidates) -> Question | None:
    """The columns that fit one field equally well and differ, with their sums, or the one that may be meant."""
    entry = kind.spec.field(rivals.field)
    free = [at for at in rivals.columns if header.mapping.get(at, entry.name) == entry.name]
    if not free or len(free) < min(len(rivals.columns), 2):
        return None
    texts = {at: below(grid, header, at) for at in free}
    options = [Option(header.headers[at], sum_of(text, entry)) for at, text in texts.items()]
    # unpaid and unsent: no copies
    apart = entry.name in _PARTED and any(option.sum for option in options)
    first, *others = texts.values()
    if others and all(first.equals(other) for other in others) and not apart:
        return None
    parts = tuple(header.headers[at] for at in free if at not in rivals.totals)
    return Question(entry.name, tuple(options), parts)


def _no_quantity(grid: Grid, header: Header, kind: Kind, named: Set[str]) -> Iterator[Question]:
    """The question about a list of orders in which no column is read as the units, and that has columns of numbers
    named after them: without one each line would be one unit."""
    if kind.spec.kind != "orders" or "quantity" in {*header.mapping.values(), *named}:
        return
    entry = kind.spec.field("quantity")
    sums = {
        text: sum_of(below(grid, header, at), entry)
        for at, text in enumerate(header.headers)
        if at not in header.mapping and _UNITS.search(text) and not _OTHER_UNITS.search(text)
    }
    options = tuple(Option(title, units) for title, units in sums.items() if units)
    if options:
        yield Question("quantity", options)
