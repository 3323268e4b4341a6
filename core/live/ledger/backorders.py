"""Lines that were sold beyond the stock get their units as soon as there are some: returned by another sale,
counted or received. A sale that closed long ago gets none: its lines were shipped or cancelled since, and the stock
sheets know it, so units of today must not be held for the events of last year."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, func, select

from core.campaign.tables import campaign
from core.database import Database, keyed, new_id
from core.database.locks import one_at_a_time
from core.live.ledger.ledger import settle
from core.live.ledger.order_lines import Demand
from core.live.tables import sale_sku
from core.stock import reserve
from core.stock.tables import free_units, stock_position

_ACCOUNT = "scheduler"
_s, _p = sale_sku.c, stock_position.c
OPEN_FOR = timedelta(days=30)  # after its close a sale still waits for units so long


def _fillable(now: datetime) -> Select[str, str]:
    """Sale and SKU of the lines that are short where there are free units, the older sale first."""
    return (
        select(_s.campaign_id, _s.sku_code)
        .join(campaign, campaign.c.campaign_id == _s.campaign_id)
        .join(stock_position, _p.sku_code == _s.sku_code)
        .where(campaign.c.rehearsal_of == "", campaign.c.closes_at > now - OPEN_FOR, _s.need > _s.held)
        .where(free_units() > 0)
        .order_by(campaign.c.opens_at, _s.campaign_id)
    )


def short(connection: Connection, codes: Sequence[str], now: datetime) -> dict[str, int]:
    """SKU -> units that open lines ask for and nobody keeps for them, of sales that still wait for units."""
    query = (
        select(_s.sku_code, func.sum(_s.need - _s.held))
        .join(campaign, campaign.c.campaign_id == _s.campaign_id)
        .where(campaign.c.rehearsal_of == "", campaign.c.closes_at > now - OPEN_FOR, _s.need > _s.held)
        .where(keyed(_s.sku_code, codes, connection))
        .group_by(_s.sku_code)
    )
    return {code: int(units) for code, units in connection.execute(query)}


def fill(db: Database, now: datetime) -> int:
    """Keeps free units for the open lines that are short of them, the older sale first; returns the units."""
    with db.reading() as connection:  # nearly always nothing: that costs no write lock
        if connection.execute(_fillable(now).limit(1)).first() is None:
            return 0
    with db.writing() as connection:
        one_at_a_time(connection, "events")
        wanted: dict[str, list[str]] = {}
        for campaign_id, sku_code in connection.execute(_fillable(now)):
            wanted.setdefault(campaign_id, []).append(sku_code)
        return sum(_fill(connection, campaign_id, codes, now) for campaign_id, codes in wanted.items())


def _fill(connection: Connection, campaign_id: str, codes: list[str], now: datetime) -> int:
    unchanged = {code: Demand() for code in codes}
    changes = settle(connection, campaign_id, unchanged, reserve.free(connection, codes))
    reserve.post(connection, changes, new_id(), _ACCOUNT, now)
    return sum(change.reserved for change in changes)
