"""Headers of two and three rows: which rows belong together, and one text a column out of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from core.sheets.columns import JOINT, fold
from core.sheets.matching import aliases
from core.sheets.reader import Grid

MOST_ROWS = 3
_FIGURE = re.compile(r"[-+]?[\d,.]*\d[\d,.]*%?")


@dataclass(frozen=True, slots=True)
class _Merge:
    """A merged range of cells (1-based, of the sheet, both ends included)."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int

    def crosses(self, row: int) -> bool:
        """Whether the range holds cells of that row."""
        return self.first_row <= row <= self.last_row

    @property
    def columns(self) -> range:
        """The sheet's columns that it covers."""
        return range(self.first_column, self.last_column + 1)

    @property
    def wide(self) -> bool:
        """Whether it covers several columns: the title of a group."""
        return self.last_column > self.first_column


def header_rows(grid: Grid, row: int) -> tuple[int, int]:
    """(first, last) row of the header around one of its rows (Excel rows): merged cells tie rows together,
    else group titles that stand over blanks."""
    merges = _around(grid, row)
    first = last = row
    while last - first + 1 < MOST_ROWS and _tied(grid, merges, last):
        last += 1
    while last - first + 1 < MOST_ROWS and first > grid.first_row and _tied(grid, merges, first - 1):
        first -= 1
    return first, last


def _around(grid: Grid, row: int) -> list[_Merge]:
    """The merged ranges near a row."""
    near = (grid.merges[:, 0] <= row + MOST_ROWS) & (grid.merges[:, 2] >= row - MOST_ROWS)
    return [_Merge(*map(int, merge)) for merge in grid.merges[near]]


def _tied(grid: Grid, merges: Sequence[_Merge], above: int) -> bool:
    """Whether the row `above` and the one below it are levels of one header."""
    upper, lower = grid.row_texts(above), grid.row_texts(above + 1)
    filled = [at for at, text in enumerate(lower) if text]
    if not any(upper) or len(filled) < 2 or _is_title(grid, merges, above, filled):
        return False
    if any(
        merge.crosses(above) and merge.crosses(above + 1) and merge.first_row <= above for merge in merges
    ):
        return sum(map(bool, upper)) > 1
    if any(_FIGURE.fullmatch(lower[at].strip()) for at in filled):
        return False
    if len(grid.merges):
        return any(_is_group(grid, merge, filled) for merge in merges if merge.wide and merge.crosses(above))
    return _fills_blanks(upper, lower, filled)


def _is_title(grid: Grid, merges: Sequence[_Merge], above: int, filled: Sequence[int]) -> bool:
    """Whether the row `above` is the sheet's title: one text, merged from the first column of the header over more
    than half of it, that names no column together with what stands below. A group of columns stands further right,
    beside other groups, is narrower, or completes the names below it (商品 > 编码)."""
    upper, lower = grid.row_texts(above), grid.row_texts(above + 1)
    alone = [at for at, text in enumerate(upper) if text]
    over = [merge for merge in merges if merge.wide and merge.first_row == above]
    if len(alone) != 1 or len(over) != 1 or alone[0] > filled[0]:
        return False
    under = [at for at in filled if at + grid.first_column in over[0].columns]
    named = any(
        fold(upper[alone[0]] + lower[at]) in aliases() and fold(lower[at]) not in aliases() for at in under
    )
    return len(under) * 2 > len(filled) and not named


def _is_group(grid: Grid, merge: _Merge, filled: Sequence[int]) -> bool:
    """Whether a merged title stands over several filled cells, and not over the whole row as a sheet's title
    does."""
    under = [at for at in filled if at + grid.first_column in merge.columns]
    return len(under) == len(merge.columns) and (
        len(filled) == len(under) or under[0] > filled[0] or len(filled) - len(under) > 1
    )


def _fills_blanks(upper: Sequence[str], lower: Sequence[str], filled: Sequence[int]) -> bool:
    """Without merges: the lower row is filled under group titles and the blanks right of them, and the columns
    before the first group have nothing below."""
    starts = [at for at in filled if upper[at]]
    gaps = [at for at in filled if not upper[at]]
    rest = [at for at, text in enumerate(upper) if text and not lower[at]]
    titled = (any(start < gap and not any(upper[start + 1 : gap + 1]) for start in starts) for gap in gaps)
    return bool(starts and gaps and rest) and all(titled)


def joined(grid: Grid, first: int, last: int) -> list[str]:
    """One text a column: the texts of its levels, a group's title over all of its columns, each said once."""
    if first == last:
        return grid.row_texts(first)
    merges = _around(grid, first)
    levels = [_spread(grid, merges, row, lowest=row == last) for row in range(first, last + 1)]
    columns = zip(*levels, strict=True)
    return [JOINT.join(dict.fromkeys(text for text in column if text)) for column in columns]


def _spread(grid: Grid, merges: Sequence[_Merge], row: int, *, lowest: bool) -> list[str]:
    """A level's texts with merged titles repeated over their columns; without merges a title reaches over the
    blanks right of it."""
    texts = grid.row_texts(row)
    for merge in merges:
        if merge.crosses(row) and merge.wide:
            title = grid.row_texts(merge.first_row)[merge.first_column - grid.first_column]
            for at in (column - grid.first_column for column in merge.columns):
                if 0 <= at < len(texts):
                    texts[at] = texts[at] or title
    if lowest or len(grid.merges):
        return texts
    below = grid.row_texts(row + 1)
    for at in range(1, len(texts)):
        if not texts[at] and below[at] and below[at - 1]:
            texts[at] = texts[at - 1]
    return texts
