"""Outlines in one column (上海仓 15, below it A01 10, B02 5): a group's own row holds the sum of the rows below it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from core.sheets.layout.rows import Body, matches, valid
from core.sheets.values.places import is_place

_CODE = "sku_code"
_MOST_GROUPS = 2_000  # more rows without a digit are goods that are called so


def heads(body: Body, figures: Mapping[str, np.ndarray]) -> np.ndarray:
    """Rows (mask) of a stock sheet or a count that are groups: every code without a digit, from the first row on, stands
    alone in its row, or holds in all its figures the sum of the codes below it, down to some other group or to the end. `figures`: field ->
    float64, NaN where blank; the values of one unit add up to nothing and are left out."""
    none = np.zeros(len(body.numbers), bool)
    counts = [column for name, column in figures.items() if not body.spec.field(name).each]
    if not body.spec.parts or _CODE not in body.columns or not counts:
        return none
    text = body.text(_CODE)
    head: np.ndarray = valid(text) & ~matches(text, r"\d")
    groups = np.flatnonzero(head)
    if not len(groups) or not head[0] or head.all() or len(groups) > _MOST_GROUPS:
        return none
    if not any(body.filled(name)[groups].any() for name in body.columns if name != _CODE):
        return head  # headings that say nothing but what the group is called
    table = np.column_stack(counts)
    below = np.cumsum(np.where(head[:, None], 0, np.nan_to_num(table)), axis=0)
    sizes = []
    for at in groups:
        sizes.append(_rows_below(table[at], below, head, int(at)))
        if not sizes[-1]:
            return none
    places = all(is_place(str(text[int(at)].as_py())) for at in groups)
    several = len(groups) > 1 and max(sizes) > 1
    return head if (places or several) and bool(np.nansum(np.abs(table[groups]))) else none


def _rows_below(figures: np.ndarray, below: np.ndarray, head: np.ndarray, at: int) -> int:
    """How many codes below the group in row `at` add up to its figures, down to the next group at which they do; 0
    where they never do. `below`: the running sums of the codes."""
    stated = ~np.isnan(figures)
    ends = np.append(at + 1 + np.flatnonzero(head[at + 1 :]), len(head))
    sums = below[ends - 1] - below[at]
    fits = (
        ends[(ends > at + 1) & (sums[:, stated] == figures[stated]).all(axis=1)] if stated.any() else ends[:0]
    )
    return int((~head[at + 1 : fits[0]]).sum()) if len(fits) else 0
