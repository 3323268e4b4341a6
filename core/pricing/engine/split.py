"""Rows of whole numbers, many at once: which are alike, how sums are split over them. Pure."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd

_FEW = 6  # columns up to which a row is reckoned column by column


def alike(rows: np.ndarray) -> np.ndarray:
    """The number of each row of a matrix (n, k), the same for equal rows and counted from 0 in their order;
    shape (n,)."""
    if not rows.shape[1]:
        return np.zeros(len(rows), np.int64)
    packed = pd.DataFrame(np.packbits(rows, axis=1) if rows.dtype == bool else rows)
    return packed.groupby(list(packed.columns), sort=False).ngroup().to_numpy()


def row_sum(rows: np.ndarray) -> np.ndarray:
    """Sums over a matrix's few columns (n, k), shape (n,): by column, far faster than over a short axis."""
    if rows.shape[1] > _FEW:
        return np.asarray(rows.sum(axis=1))
    whole = np.zeros(len(rows), np.int64)
    for column in rows.T:
        whole += column
    return whole


def split_rows(amount: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`core.money.split` for many rows at once: amounts (n,) over weights (n, lines), int64, by largest
    remainder, ties by line order.

    The amount is at most the sum of the weights, so that no part is above its line.
    """
    if weights.shape[1] == 1:
        return amount[:, None].copy()
    large = int(amount.max(initial=0)) * int(weights.max(initial=0)) >= 2**62
    exact, totals = (weights.astype(object), amount.astype(object)) if large else (weights, amount)
    whole = np.maximum(exact.sum(axis=1) if large else row_sum(exact), 1)[:, None]
    product = exact * totals[:, None]
    parts = product // whole
    rest = product - parts * whole
    missing = totals - (parts.sum(axis=1) if large else row_sum(parts))
    shares: np.ndarray = (parts + (_rank(rest) < missing[:, None])).astype(np.int64)
    return shares


def _rank(rest: np.ndarray) -> np.ndarray:
    """The place of each remainder within its row, the largest first and of equals the first; shape (n, lines)."""
    lines = rest.shape[1]
    if lines > _FEW:
        return np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    rank = np.zeros(rest.shape, np.int64)
    for one, other in combinations(range(lines), 2):
        behind = rest[:, other] > rest[:, one]
        rank[:, one] += behind
        rank[:, other] += ~behind
    return rank
