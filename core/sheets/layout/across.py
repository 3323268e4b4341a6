"""Columns of a count that are places: what each is called, and which of them a total adds up."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd

from core.sheets.columns import JOINT, without_unit
from core.sheets.layout.flat import bare_counts, is_size, names_level, parts_among
from core.sheets.layout.titles import NOT_FOR_SALE
from core.sheets.reader import Grid
from core.sheets.values import cells
from core.sheets.values.places import is_place


def place_names(headers: Sequence[str], columns: Sequence[int], *, certain: bool = False) -> dict[int, str]:
    """Column -> its place, of columns that a count adds up; nothing for a single one, for sizes, and for levels of one
    stock (可用 + 锁定). `certain`: they are known to be places, whatever they are called.

    >>> place_names(["编码", "上海仓库存", "残次仓（件）"], [1, 2]), place_names(["Main", "Annex"], [0, 1])
    ({1: '上海仓', 2: '残次仓'}, {0: 'Main', 1: 'Annex'})
    >>> place_names(["S", "M"], [0, 1]), place_names(["可用库存", "锁定库存"], [0, 1])
    ({}, {})
    """
    if len(columns) < 2 or any(is_size(headers[at].split(JOINT)[-1]) for at in columns):
        return {}
    named = next(
        (names for names in _spelled([headers[at] for at in columns]) if len(set(names)) == len(names)), []
    )
    said = any(is_place(name) or NOT_FOR_SALE.search(name) for name in named)
    if certain or said or not any(names_level(name) for name in named):
        return dict(zip(columns, named, strict=True)) if named else {}
    return {}


def _spelled(headers: Sequence[str]) -> Iterator[list[str]]:
    """What columns may be called: by the last level of their headers, by the first, by all of them."""
    yield [_name(header.split(JOINT)[-1]) for header in headers]
    yield [_name(header.split(JOINT)[0]) for header in headers]
    yield [header.replace(JOINT, " ") for header in headers]


def _name(header: str) -> str:
    """A header without its unit and the word for the count.

    >>> [_name(text) for text in ("上海仓库存", "库存（北京）", "库存", "Main stock")]
    ['上海仓', '北京', '库存', 'Main']
    """
    text = without_unit(header)
    words = "|".join(map(re.escape, bare_counts()))
    ends = re.fullmatch(rf"(.+?)[-_ :]*(?:{words})", text, re.IGNORECASE)
    begins = re.fullmatch(rf"(?:{words})\s*[(\[【](.{{1,12}})[)\]】]", text, re.IGNORECASE)
    named = begins or ends
    return named[1].strip() if named else text


def parts_of(
    grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str], whole: int
) -> tuple[int, ...]:
    """The columns of places that add up to the column `whole` in every row; none where a cell of theirs is no
    count."""
    parts = tuple(at for at in parts_among(grid, row, headers, mapping) if at != whole)
    start = max(row - grid.first_row + 1, 0)
    readings = {at: cells.read_integers(grid.cells.column(at).slice(start)) for at in (*parts, whole)}
    if len(parts) < 2 or any(bool(np.any(reading.faults)) for reading in readings.values()):
        return ()
    figures = pd.DataFrame({at: pd.array(one.values, dtype="Int64") for at, one in readings.items()})
    agree = figures[list(parts)].sum(axis=1) == figures[whole].fillna(0)
    return parts if bool(agree.all()) else ()
