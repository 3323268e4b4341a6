"""What to tell of a settled order export: returns, blanks, cells carried down, order amounts that were shared. Pure."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from core.orders import returns, states


def line_remarks(netted: returns.Netted, carried: int) -> list[Mapping[str, object]]:
    """What to tell of returns, blank quantities and carried cells."""
    remarks: list[Mapping[str, object]] = []
    if netted.rows:
        facts = {"rows": netted.rows, "units": netted.units, "amount": netted.amount}
        remarks.append({"code": "orders.returns", **facts})
    blank = int(netted.lines["quantity"].isna().sum())
    if blank:
        remarks.append({"code": "orders.quantity_assumed", "rows": blank})
    if carried:
        remarks.append({"code": "orders.carried", "rows": carried})
    words = netted.lines["order_status"] + " " + netted.lines["after_sale"]
    unsaid = states.partly_refunded(words) & (netted.lines["refund_amount"].fillna(0) == 0)
    if unsaid.any():
        remarks.append({"code": "orders.refund_unsaid", "rows": int(unsaid.sum())})
    above = netted.lines["refund_amount"].fillna(0) - netted.lines["amount"].fillna(0)
    if (above > 0).any():
        facts = {"rows": int((above > 0).sum()), "amount": int(above.clip(lower=0).sum())}
        remarks.append({"code": "orders.refund_above_paid", **facts})
    return remarks


def sharing_remark(orders: pd.DataFrame, lines: int) -> dict[str, object]:
    """Orders of several lines whose amount was shared, with the freight and the discount between the worth of
    their goods and what was paid."""
    known = orders[orders["known"]]
    over = (known["amount"] - known["worth"]).clip(lower=0)
    freight = known["freight"].fillna(over)
    discount = (known["worth"] + freight - known["amount"]).clip(lower=0)
    return {
        "code": "orders.order_amounts",
        "orders": len(orders),
        "lines": lines,
        "amount": int(orders["amount"].sum()),
        "freight": int(freight.sum()),
        "discount": int(discount.sum()),
    }
