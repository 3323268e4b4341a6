"""What people bought, by one key: from the order exports, and from live events where no export has the order yet."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Connection, case, func, select

from core.campaign.tables import campaign
from core.database import keyed, read
from core.live.tables import A_PAYMENT, OF_AN_ORDER, event
from core.orders.states import BOUGHT, OrderState
from core.orders.tables import order_line

PURCHASE = ("unit", "order_id", "at_ms", "paid", "refunded")


def purchases(
    connection: Connection, since: datetime | None, until: datetime, keys: Sequence[str] | None = None
) -> pd.DataFrame:
    """Orders that known people paid within [since, until), PURCHASE (fen), of those people alone where given; an
    order that both the export and the events know is the export's."""
    by_orders = _exported(connection, since, until, keys)
    live = _live(connection, since, until, keys)
    if len(live):
        query = select(order_line.c.order_id).where(
            keyed(order_line.c.order_id, live["order_id"].unique().tolist(), connection)
        )
        live = live[~live["order_id"].isin(set(connection.scalars(query)))]
    return pd.concat([by_orders, live], ignore_index=True)[list(PURCHASE)]


def _exported(
    connection: Connection, since: datetime | None, until: datetime, keys: Sequence[str] | None
) -> pd.DataFrame:
    o = order_line.c
    counted = o.state.in_((*BOUGHT, OrderState.REFUNDED))
    back = case((o.state == OrderState.REFUNDED, o.amount), else_=o.refund_amount)
    query = (
        select(
            o.buyer_key.label("unit"),
            o.order_id,
            func.max(o.paid_at).label("at"),
            func.sum(o.amount).label("paid"),
            func.sum(back).label("refunded"),
        )
        .where(o.buyer_key != "", counted, o.paid_at.is_not(None), o.paid_at < until)
        .group_by(o.buyer_key, o.order_id)
    )
    if since is not None:
        query = query.where(o.paid_at >= since)
    if keys is not None:
        query = query.where(keyed(o.buyer_key, keys, connection))
    frame = read(connection, query)
    moments = pd.to_datetime(frame["at"], utc=True).astype("datetime64[us, UTC]").astype("int64") // 1000
    return frame.assign(at_ms=moments).astype({"paid": "int64", "refunded": "int64"})


def _live(
    connection: Connection, since: datetime | None, until: datetime, keys: Sequence[str] | None
) -> pd.DataFrame:
    e, drills = event.c, select(campaign.c.campaign_id).where(campaign.c.rehearsal_of != "")
    mine: list[ColumnElement[bool]] = [e.campaign_id.not_in(drills), e.waits_for == ""]
    span = [e.at_ms < _ms(until)] + ([e.at_ms >= _ms(since)] if since is not None else [])
    wanted = [keyed(e.user_key, keys, connection)] if keys is not None else []
    query = (
        select(
            e.user_key.label("unit"),
            e.order_id,
            func.max(e.at_ms).label("at_ms"),
            func.sum(e.amount_fen).label("paid"),
        )
        .where(A_PAYMENT, *mine, *span, *wanted, e.user_key != "")
        .group_by(e.user_key, e.order_id)
    )
    paid = read(connection, query)
    orders = paid["order_id"].unique().tolist()
    back = select(e.order_id, func.sum(e.amount_fen).label("refunded")).where(
        OF_AN_ORDER, *mine, e.kind == "refund", e.at_ms < _ms(until), keyed(e.order_id, orders, connection)
    )
    refunded = read(connection, back.group_by(e.order_id)).set_index("order_id")["refunded"]
    given_back = paid["order_id"].map(refunded).fillna(0).astype("int64")
    return paid.assign(refunded=np.minimum(given_back, paid["paid"].astype("int64"))).astype(
        {"paid": "int64"}
    )


def pairs(connection: Connection, until: datetime, keys: Sequence[str]) -> pd.DataFrame:
    """Which SKUs these people have ever bought before that moment: buyer_key, sku_code."""
    o, e = order_line.c, event.c
    exported = select(o.buyer_key, o.sku_code).where(
        keyed(o.buyer_key, keys, connection), o.state.in_(BOUGHT), o.paid_at < until
    )
    live = select(e.user_key.label("buyer_key"), e.sku_code).where(
        A_PAYMENT, keyed(e.user_key, keys, connection), e.waits_for == "", e.at_ms < _ms(until)
    )
    return pd.concat(
        [read(connection, exported), read(connection, live)], ignore_index=True
    ).drop_duplicates()


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
