"""Rows of whole numbers, many at once: which are alike, how sums are split over them. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd


def alike(rows: np.ndarray) -> np.ndarray:
    """The number of each row of a matrix (n, k), the same for equal rows and counted from 0 in their order; shape (n,)."""
    if not rows.shape[1]:
        return np.zeros(len(rows), np.int64)
    packed = pd.DataFrame(np.packbits(rows, axis=1) if rows.dtype == bool else rows)
    return packed.groupby(list(packed.columns), sort=False).ngroup().to_numpy()


def split_rows(amount: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`core.money.split` for many rows at once: amounts (n,) over weights (n, lines), int64, by largest remainder, ties by line order.

    The amount is at most the sum of the weights, so that no part is above its line.
    """
    if weights.shape[1] == 1:
        return amount[:, None].copy()
    large = int(amount.max(initial=0)) * int(weights.max(initial=0)) >= 2**62
    exact, given = (weights.astype(object), amount.astype(object)) if large else (weights, amount)
    whole = np.maximum(exact.sum(axis=1), 1)[:, None]
    parts, rest = exact * given[:, None] // whole, exact * given[:, None] % whole
    missing = given - parts.sum(axis=1)
    rank = np.argsort(np.argsort(-rest, axis=1, kind="stable"), axis=1, kind="stable")
    return (parts + (rank < missing[:, None])).astype(np.int64)
