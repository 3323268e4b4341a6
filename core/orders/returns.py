"""Negative rows of an export are returns: what they give back belongs to the order that they name. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.money import split_each


@dataclass(frozen=True, slots=True)
class Netted:
    """Lines without their returns: `lines` with the refunds that the returns add; `faults`, the code of each
    return that belongs to no line (by its index); `rows`, `units` and `amount` (fen) of those that were netted."""

    lines: pd.DataFrame
    faults: pd.Series
    rows: int
    units: int
    amount: int


def is_return(lines: pd.DataFrame) -> pd.Series:
    """Rows with a negative quantity or amount: bool by row."""
    return (lines["quantity"].fillna(0) < 0) | (lines["amount"].fillna(0) < 0)


def netted(lines: pd.DataFrame) -> Netted:
    """Returns as refunds of the lines that they name.

    `lines`: order_id, sku_code, quantity, amount, refund_amount (Int64), refunded_at, paid_at, ordered_at. A return
    of a SKU goes to that SKU's lines of the order; one of another SKU, or of more than these lines have of a shared
    payment, to all lines of the order, by what was paid for them. Faults: "orders.return_without_order", "orders.return_above_paid" (more than was paid),
    "orders.return_twice" (the order also has a refund column with an amount: nobody can know whether it is the
    same money).
    """
    back = is_return(lines)
    kept = lines[~back].copy()
    if not back.any():
        return Netted(kept, pd.Series(dtype="str"), 0, 0, 0)
    gone = lines[back].assign(
        money=lines.loc[back, "amount"].fillna(0).abs(),
        units=-lines.loc[back, "quantity"].fillna(0).clip(upper=0),
    )
    own, whole = _targets(kept, by_sku=True), _targets(kept, by_sku=False)
    by_sku = gone["order_id"] + "\x1f" + gone["sku_code"]
    target = by_sku.where(by_sku.isin(own), "\x1f" + gone["order_id"])
    faults = pd.Series("", index=gone.index, dtype="str")
    faults = faults.mask(~target.isin(own) & ~target.isin(whole), "orders.return_without_order")
    faults = faults.mask((gone["order_id"] == ""), "orders.return_without_order")
    refunding = kept.groupby("order_id")["refund_amount"].sum()
    faults = faults.mask(
        (faults == "") & gone["order_id"].map(refunding).fillna(0).gt(0), "orders.return_twice"
    )
    asked = gone["money"].groupby(gone["order_id"]).transform("sum")
    paid = gone["order_id"].map(kept.groupby("order_id")["amount"].sum()).fillna(0)
    faults = faults.mask((faults == "") & (asked > paid), "orders.return_above_paid")
    room = target.map(kept["amount"].fillna(0).groupby(own).sum()).fillna(0)
    above = gone["money"].groupby(target).transform("sum") > room
    target = target.mask(above, "\x1f" + gone["order_id"])
    good = faults == ""
    for targets in (own, whole):  # those that name their SKU first, the others on what is left
        kept = _given_back(kept, targets, gone[good], target[good])
    taken = gone[good]
    return Netted(kept, faults[~good], int(good.sum()), int(taken["units"].sum()), int(taken["money"].sum()))


def _targets(lines: pd.DataFrame, *, by_sku: bool) -> pd.Series:
    return lines["order_id"] + "\x1f" + lines["sku_code"] if by_sku else "\x1f" + lines["order_id"]


def _given_back(
    lines: pd.DataFrame, targets: pd.Series, gone: pd.DataFrame, target: pd.Series
) -> pd.DataFrame:
    """The money of the returns that name these targets, over their lines by what of the payment is left."""
    money = gone["money"].groupby(target).sum()
    hit = targets.isin(money.index)
    if not hit.any():
        return lines
    codes, names = pd.factorize(targets[hit])
    left = (lines.loc[hit, "amount"].fillna(0) - lines.loc[hit, "refund_amount"].fillna(0)).clip(lower=0)
    parts = split_each(money.reindex(names).to_numpy(np.int64), left.to_numpy(np.int64), codes)
    when = gone["refunded_at"].fillna(gone["paid_at"]).fillna(gone["ordered_at"]).groupby(target).max()
    changed = lines.copy()
    changed.loc[hit, "refund_amount"] = (lines.loc[hit, "refund_amount"].fillna(0) + parts).astype("Int64")
    stamps = changed["refunded_at"].mask(hit, changed["refunded_at"].fillna(targets.map(when)))
    return changed.assign(refunded_at=stamps)
