"""What people bought during a test, from the live events and from the order lines."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, func, select

from core.database import read
from core.live.tables import A_PAYMENT, OF_AN_ORDER, event
from core.orders.states import BOUGHT
from core.orders.tables import order_line

PURCHASE = ("unit", "order_id", "sku_code", "at_ms", "units", "paid", "refunded")


def payments(connection: Connection, campaign_id: str, begins: int, until: int) -> pd.DataFrame:
    """Payments of a stretch by known people, by person, order and SKU: PURCHASE. What went back is spread over an
    order's payments of one SKU by money."""
    e = event.c
    sums = (
        func.min(e.at_ms).label("at_ms"),
        func.sum(e.quantity).label("units"),
        func.sum(e.amount_fen).label("paid"),
    )
    mine = (e.campaign_id == campaign_id, e.waits_for == "")
    query = (
        select(e.user_key.label("unit"), e.order_id, e.sku_code, *sums)
        .where(A_PAYMENT, *mine, e.user_key != "", e.at_ms >= begins, e.at_ms < until)
        .group_by(e.user_key, e.order_id, e.sku_code)
    )
    paid = read(connection, query).astype({"units": "int64", "paid": "int64"})
    back_query = (
        select(
            e.order_id,
            e.sku_code,
            func.sum(e.quantity).label("units_back"),
            func.sum(e.amount_fen).label("refunded"),
        )
        .where(OF_AN_ORDER, *mine, e.kind == "refund", e.at_ms < until)
        .group_by(e.order_id, e.sku_code)
    )
    back = read(connection, back_query)
    joined = paid.merge(back, on=["order_id", "sku_code"], how="left").fillna(
        {"units_back": 0, "refunded": 0}
    )
    share = joined["paid"] / joined.groupby(["order_id", "sku_code"])["paid"].transform("sum").clip(lower=1)
    return joined.assign(
        refunded=(joined["refunded"].astype("float64") * share).round().astype("int64"),
        units=(joined["units"] - joined["units_back"].astype("float64") * share)
        .clip(lower=0)
        .round()
        .astype("int64"),
    )[list(PURCHASE)]


def order_lines(connection: Connection, until: int) -> pd.DataFrame:
    """Bought lines of known buyers until a moment, PURCHASE; of a line that went back in part the units stay."""
    names = ("buyer_key", "order_id", "sku_code", "paid_at", "quantity", "amount", "refund_amount")
    c = order_line.c
    query = select(*(c[name] for name in names)).where(
        c.buyer_key != "", c.state.in_(BOUGHT), c.paid_at.is_not(None)
    )
    frame = read(connection, query)
    at_ms = frame["paid_at"].astype("int64") // 1000
    frame = frame.assign(
        unit=frame["buyer_key"],
        at_ms=at_ms,
        units=frame["quantity"],
        paid=frame["amount"],
        refunded=frame["refund_amount"],
    )
    return frame.loc[frame["at_ms"] < until, list(PURCHASE)]
