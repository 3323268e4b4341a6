"""Whose an amount in an order export is, the line's or the whole order's, and an order's amount over its lines.
Pure.

Exports repeat the amount of an order on each of its lines, or write it on the first line alone, or give each
line its own. Nothing in the header says which, so the figures must; where they cannot, the export is a question.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import pandas as pd

from core.money import split_each

Level = Literal["line", "order", "unclear"]


def level(lines: pd.DataFrame) -> Level:
    """Whether `amount` is each line's own or the whole order's, by every order of several lines at once.

    `lines`, one row a line in the order of the sheet: order (any label), amount (Int64 fen, <NA> = blank cell),
    worth (Int64 fen, what the line's goods cost by the sheet, <NA> unknown), freight (Int64 fen, <NA> unknown).

    Amounts that differ within an order are lines' amounts. An amount on the first line alone, or one above the
    worth and freight of a single line, is the order's. "line" where no order has several lines, or where each
    amount is exactly its line's worth; "unclear" where every order repeats one amount and nothing tells.
    """
    several = lines[lines.groupby("order", sort=False)["order"].transform("size") > 1]
    orders = _orders(several)
    orders = orders[orders["largest"] > 0]
    if not len(orders):
        return "line"
    alone = orders["filled"].eq(1) & orders["first"].gt(0)
    zeros = orders["first"].gt(0) & orders["rest"].eq(0) & orders["filled"].eq(orders["size"])
    equal = orders["smallest"].eq(orders["largest"]) & orders["filled"].eq(orders["size"])
    if (~alone & ~zeros & ~equal).any():
        return "line"
    above_first = orders["first"] > orders["first_worth"] + orders["first_freight"]
    above_one = orders["largest"] > orders["least_worth"] + orders["first_freight"]
    if (alone | (zeros & above_first) | (equal & above_one)).any():
        return "order"
    if (zeros | (equal & orders["exact"])).all():
        return "line"
    return "unclear"


def _orders(lines: pd.DataFrame) -> pd.DataFrame:
    """One row an order: size, filled, first, rest (what stands below the first line), smallest, largest, the
    first and least worth, the first freight, and whether each amount is its line's worth."""
    amount, worth = lines["amount"].astype("Int64"), lines["worth"].astype("Int64")
    frame = pd.DataFrame(
        {
            "order": lines["order"],
            "amount": amount,
            "worth": worth,
            "freight": lines["freight"].astype("Int64").fillna(0),
            "exact": (amount == worth).fillna(False).astype(bool),
            "known": worth.notna(),
        }
    )
    group = frame.groupby("order", sort=False)
    first = frame[~frame["order"].duplicated()].set_index("order")
    orders = pd.DataFrame(
        {
            "size": group["amount"].size(),
            "filled": group["amount"].count(),
            "smallest": group["amount"].min(),
            "largest": group["amount"].max(),
            "total": group["amount"].sum(),
            "exact": group["exact"].all(),
            "known": group["known"].all(),
            "least_worth": group["worth"].min(),
        }
    )
    orders["first"] = first["amount"].reindex(orders.index).fillna(0)
    orders["rest"] = orders["total"] - orders["first"]
    orders["first_freight"] = first["freight"].reindex(orders.index)
    unknown = np.iinfo(np.int64).max // 4  # what nobody knows is never exceeded
    orders["first_worth"] = first["worth"].reindex(orders.index).fillna(unknown)
    orders["least_worth"] = orders["least_worth"].where(orders["known"]).fillna(unknown)
    return orders.fillna({"smallest": 0, "largest": 0})


def shared(lines: pd.DataFrame) -> pd.Series:
    """Each order's amount over its lines by their worth, largest remainder: Int64 fen, <NA> where the order has
    none.

    `lines`: order, amount (the order's: the first that is given counts once), worth, quantity (Int64). Where a
    line's worth is unknown, all lines of its order are weighed by their units.
    """
    group = lines.groupby("order", sort=False)
    whole = group["amount"].transform("first").astype("Int64")
    weighed = group["worth"].transform("count").eq(group["worth"].transform("size"))
    units = lines["quantity"].astype("Int64").fillna(1)
    weight = lines["worth"].astype("Int64").where(weighed, units).fillna(0).clip(lower=0)
    codes = group.ngroup().to_numpy()
    totals = whole.fillna(0).to_numpy(np.int64)
    firsts = np.zeros(codes.max(initial=-1) + 1, np.int64)
    firsts[codes] = totals
    parts = pd.Series(split_each(firsts, weight.to_numpy(np.int64), codes), index=lines.index).astype("Int64")
    return parts.mask(whole.isna())
