"""What of a stock count one person may post alone: its own differences, together with what their earlier counts have
moved of the same SKUs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, approvals
from core.access.agreement import agreed
from core.access.tables import approval
from core.database import keyed, read
from core.goods.tables import sku
from core.stock.tables import stock_count, stock_movement

APPROVAL = "stock_count"


def needs_approval(connection: Connection, actor: Actor, moves: pd.DataFrame, now: datetime) -> bool:
    """Whether the differences pass the threshold in units, or in money at unit cost, together with what this
    person's earlier counts have moved of the same SKUs: ten counts of -40 are one of -400."""
    approvals.ask_for_settings(connection, actor, now)
    most = {
        name: agreed.in_force(connection, name) for name in ("count_approval_units", "count_approval_yuan")
    }
    cost = read(
        connection,
        select(sku.c.sku_code, sku.c.unit_cost).where(keyed(sku.c.sku_code, moves.index, connection)),
    ).set_index("sku_code")
    since = now - timedelta(days=agreed.in_force(connection, "count_window_days"))
    units = moves["difference"].abs() + _moved_before(connection, actor, moves.index, since)
    value = int((units * cost["unit_cost"].reindex(moves.index).fillna(0)).sum())
    return int(units.sum()) > most["count_approval_units"] or value > most["count_approval_yuan"] * 100


def _moved_before(connection: Connection, actor: Actor, codes: pd.Index, since: datetime) -> pd.Series:
    """Units that this person's counts have moved of each SKU since then, without a second person and without
    being taken back (int64 on the codes)."""
    m = stock_movement.c
    alone = (
        select(stock_count.c.count_id)
        .outerjoin(
            approval,
            (approval.c.kind == APPROVAL)
            & (approval.c.subject == stock_count.c.count_id)
            & (approval.c.state == "approved"),
        )
        .where(stock_count.c.state == "adjusted", stock_count.c.adjusted_at > since, approval.c.id.is_(None))
    )
    counts = list(connection.scalars(alone))
    query = select(m.sku_code, func.sum(func.abs(m.on_hand)).label("units")).where(
        m.cause == "count",
        m.account == actor.name,
        keyed(m.source_id, counts, connection),
        keyed(m.sku_code, codes, connection),
    )
    moved = read(connection, query.group_by(m.sku_code)).set_index("sku_code")["units"]
    return moved.reindex(codes).fillna(0).astype("int64")
