"""Segments by recency, frequency and money. Pure.

`buyers` is a frame indexed by buyer_key with recency (whole days, Int64; missing without a counted order), frequency
(counted orders) and amount (fen, refunds off).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import ShopError

Method = Literal["median", "mean", "own"]

SEGMENTS = {  # recency, frequency, money high = 1; the four important ones first
    "111": "important_value",
    "101": "important_develop",
    "011": "important_keep",
    "001": "important_win_back",
    "110": "general_value",
    "100": "general_develop",
    "010": "general_keep",
    "000": "general_win_back",
}
NO_NET, UNKNOWN = "no_net", "unknown"
LEAST_FREQUENCY = 2  # one order is no frequency, whatever the median says


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where high begins: recency in days (at most), frequency in orders (at least), amount in fen (at least)."""

    recency: float
    frequency: float
    amount: float
    method: Method = "own"


def cuts(buyers: pd.DataFrame, method: str) -> Cuts:
    """Median or mean of the buyers that have a counted order, or own cuts as "R,F,M" (days, orders, fen).

    ShopError("audience.cut") for anything else.
    """
    if method in ("median", "mean"):
        counted = buyers[buyers["frequency"] > 0]
        recency, frequency, amount = (_middle(counted[name], method) for name in _RFM)
        return Cuts(recency, frequency, amount, "median" if method == "median" else "mean")
    try:
        recency, frequency, amount = (float(part) for part in method.split(","))
    except ValueError as error:
        raise ShopError("audience.cut", cut=method) from error
    if not all(np.isfinite(part) and part >= 0 for part in (recency, frequency, amount)):
        raise ShopError("audience.cut", cut=method)
    return Cuts(recency, frequency, amount)


_RFM = ("recency", "frequency", "amount")


def _middle(figures: pd.Series, method: str) -> float:
    values = figures.to_numpy(dtype=float)
    if not len(values):
        return 0.0
    return float(np.median(values) if method == "median" else np.mean(values))


def segments(buyers: pd.DataFrame, at: Cuts) -> pd.Series:
    """The segment's code of each buyer, indexed alike; NO_NET without a counted order."""
    recent = (buyers["recency"].astype("Float64") <= at.recency).fillna(False).to_numpy(dtype=bool)
    frequency = buyers["frequency"].to_numpy(dtype=float)
    often = (frequency >= at.frequency) & (frequency >= LEAST_FREQUENCY)
    rich = buyers["amount"].to_numpy(dtype=float) >= at.amount
    codes = np.array([f"{code:03b}" for code in range(8)], dtype=object)[recent * 4 + often * 2 + rich * 1]
    return pd.Series(np.where(frequency > 0, codes, NO_NET), index=buyers.index, dtype="str")


def ties(buyers: pd.DataFrame, at: Cuts) -> dict[str, int]:
    """How many buyers stand exactly on each cut: there the cut decides, not the buyer."""
    counted = buyers[buyers["frequency"] > 0]
    limits = {"recency": at.recency, "frequency": max(at.frequency, LEAST_FREQUENCY), "amount": at.amount}
    return {name: int((counted[name].astype("float64") == limit).sum()) for name, limit in limits.items()}


def table(buyers: pd.DataFrame, codes: pd.Series, unknown: tuple[int, int]) -> pd.DataFrame:
    """The ten lines: eight segments, buyers without net purchase, unknown buyers (`unknown`: orders, fen).

    Columns: segment, name, buyers (Int64; missing for the unknown, who cannot be counted), orders, amount (fen),
    buyer_share, amount_share, median_recency, median_frequency, median_amount. Shares of a whole sum to 1.
    """
    grouped = buyers.assign(segment=codes).groupby("segment")
    order = [*SEGMENTS, NO_NET]
    sums = grouped[["frequency", "amount"]].sum().reindex(order, fill_value=0)
    medians = grouped[list(_RFM)].median().reindex(order)
    size = grouped.size().reindex(order, fill_value=0)
    rows = pd.DataFrame(
        {
            "segment": order,
            "name": [SEGMENTS.get(code, code) for code in order],
            "buyers": size.to_numpy(),
            "orders": sums["frequency"].to_numpy(),
            "amount": sums["amount"].to_numpy(),
            **{f"median_{name}": medians[name].astype("Float64").to_numpy() for name in _RFM},
        }
    ).astype({"buyers": "Int64", "orders": "int64", "amount": "int64"})
    last = pd.DataFrame([{"segment": UNKNOWN, "name": UNKNOWN, "orders": unknown[0], "amount": unknown[1]}])
    rows = pd.concat([rows, last.astype({"orders": "int64", "amount": "int64"})], ignore_index=True)
    people, whole = int(size.sum()), int(rows["amount"].sum())
    rows["buyer_share"] = rows["buyers"].astype("Float64") / people if people else np.nan
    rows["amount_share"] = rows["amount"] / whole if whole else np.nan
    return rows


def moves(before: pd.Series, after: pd.Series) -> pd.DataFrame:
    """Who went from which segment to which: from, to, buyers; "" for whoever was not there."""
    both = before.index.union(after.index)
    pair = pd.DataFrame({"from": before.reindex(both).fillna(""), "to": after.reindex(both).fillna("")})
    counted = pair[pair["from"] != pair["to"]].groupby(["from", "to"]).size().rename("buyers").reset_index()
    return counted.sort_values(["buyers", "from", "to"], ascending=[False, True, True], ignore_index=True)


def net_moves(moved: pd.DataFrame) -> pd.Series:
    """Buyers that each segment has won less those that it has lost."""
    order = [*SEGMENTS, NO_NET]
    won = moved.groupby("to")["buyers"].sum().reindex(order, fill_value=0)
    return (won - moved.groupby("from")["buyers"].sum().reindex(order, fill_value=0)).astype("int64")
