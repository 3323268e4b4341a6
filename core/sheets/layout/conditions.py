"""Columns that say, row by row, that goods are damaged, returned or no longer for sale, whatever the column is called."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from core.sheets.reader import Grid
from core.sheets.values import cells

_LOOK_ROWS = 2_000
_MOST_STATES = 12  # a column of more texts than these is no column of states
_NOT_FOR_SALE = (
    r"(?i)^\s*(?:(?:残次?|次|不良|瑕疵|破损|损坏|退货|退回|报废|待检|过期|样)(?:品|货|商品|库存|仓|区)?"
    r"|unsellable|not sellable|unfulfillable|(?:(?:customer|carrier|warehouse|distributor)[ _-]?)?(?:damaged?|defective|returned)"
    r"|expired|scrap(?:ped)?|quarantined?)\s*$"
)


def condition_columns(grid: Grid, row: int, headers: Sequence[str], mapping: Mapping[int, str]) -> list[int]:
    """The columns that nobody reads, with a text in at least half of the rows, few different ones, of which one is a
    word for goods that are not for sale and nothing else."""
    start = max(row - grid.first_row + 1, 0)
    return [
        at
        for at, header in enumerate(headers)
        if header
        and at not in mapping
        and _says_so(cells.as_text(grid.cells.column(at).slice(start, _LOOK_ROWS)))
    ]


def _says_so(text: pa.Array) -> bool:
    if text.null_count * 2 > len(text) or text.null_count == len(text):
        return False
    states = pc.unique(pc.drop_null(text))
    return len(states) <= _MOST_STATES and bool(
        pc.any(pc.match_substring_regex(states, _NOT_FOR_SALE)).as_py()
    )
