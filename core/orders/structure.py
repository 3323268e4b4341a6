"""Which rows of an export belong to one order, and what the first of them says for the others. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

ALWAYS_ORDER = ("buyer", "order_time", "pay_time", "channel", "currency")  # an order has only one of each
_OPENING = (
    "order_status",
    "order_time",
    "pay_time",
    "buyer",
)  # where all are blank, a row continues an order


@dataclass(frozen=True, slots=True)
class Ordered:
    """An export with its order cells carried down: `rows` like the export's; `orphans`, bool by row: a row that
    continues an order whose first row is not there; `carried`, how many rows got cells of the row above."""

    rows: pd.DataFrame
    orphans: pd.Series
    carried: int


def carried(sheet: pd.DataFrame) -> Ordered:
    """Rows below the first of an order with what only the first one says.

    `sheet`: row (the sheet's), order_id, sku_code, name, buyer, order_status, channel, currency ("" = blank),
    order_time, pay_time (NaT = blank), in the order of the sheet. A row without an order number continues the
    row directly above it where its order cells are blank or the same; one that cannot, because the row above
    was refused, is an orphan and never lent to another order. The state is carried where a row has no order
    cell at all. Amounts are not carried.
    """
    rows = sheet.copy()
    own = rows["order_id"] != ""
    goods = (rows["sku_code"] != "") | (rows["name"] != "")
    rows, orphans, followed = (
        _numbered(rows, own, goods) if own.any() else (rows, ~goods & goods, ~goods & goods)
    )
    first = rows.groupby("order_id", sort=False).transform("first")
    below = (rows["order_id"] != "") & rows["order_id"].duplicated()
    continues = below & pd.concat([_blank(rows[name]) for name in _OPENING], axis=1).all(axis=1)
    filled = pd.Series(False, index=rows.index)
    for name in (*ALWAYS_ORDER, "order_status"):
        gap = _blank(rows[name]) & ~_blank(first[name]) & (continues if name == "order_status" else below)
        rows[name] = rows[name].mask(gap, first[name])
        filled |= gap
    return Ordered(rows, orphans, int((filled | followed).sum()))


def _numbered(
    rows: pd.DataFrame, own: pd.Series, goods: pd.Series
) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    """Rows with the order number of the row that they continue, the orphans, and which rows got a number."""
    base = pd.Series(range(len(rows)), index=rows.index).where(own).ffill()
    leading = base.isna()
    at = base.fillna(0).astype("int64").to_numpy()
    position = pd.Series(range(len(rows)), index=rows.index)
    row = rows["row"].astype("int64")
    unbroken = (row - row.to_numpy()[at]) == (position - at)
    agrees = pd.Series(True, index=rows.index)
    blank = pd.Series(True, index=rows.index)
    for name in (*_OPENING, "currency"):
        above = pd.Series(rows[name].to_numpy()[at], index=rows.index)
        nothing = _blank(rows[name])
        agrees &= nothing | (rows[name] == above).fillna(False).astype(bool)
        blank &= nothing
    continues = ~own & goods & ~leading & unbroken & agrees
    orphans = ~own & goods & blank & ~continues
    numbers = pd.Series(rows["order_id"].to_numpy()[at], index=rows.index)
    return rows.assign(order_id=rows["order_id"].mask(continues, numbers)), orphans, continues


def _blank(column: pd.Series) -> pd.Series:
    return (column.isna() | (column.astype(object) == "")).astype(bool)
