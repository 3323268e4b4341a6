"""What the watch and the desk read beside the picture: rollups of one window of one campaign, as small
frames. Never raw events."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection, case, func, select

from core.campaign.pace import BIN
from core.database import read
from core.goods.tables import campaign_sku
from core.live.ledger.events import EXPOSURE
from core.live.ledger.order_lines import EXCESS
from core.live.ledger.series import SKU_MINUTE
from core.live.tables import IN_QUEUE, event, intake_refusal, sale_line, sale_minute, sale_minute_kind

_SUMS = {"events", "quantity", "amount_fen", "visitors", "buyers", "bin"}


def channel_kinds(connection: Connection, campaign_id: str, first: int, last: int) -> pd.DataFrame:
    """Sums of [first, last] in epoch minutes: channel, kind, events, quantity, amount_fen (int64)."""
    t = sale_minute_kind.c
    sums = [func.sum(t[name]).label(name) for name in ("events", "quantity", "amount_fen")]
    query = select(t.channel, t.kind, *sums).where(
        t.campaign_id == campaign_id, t.minute.between(first, last), t.kind != EXPOSURE
    )
    return _whole(read(connection, query.group_by(t.channel, t.kind)))


def people(connection: Connection, campaign_id: str, first: int, last: int) -> pd.DataFrame:
    """Visitors and buyers of the window: channel, visitors, buyers (int64); each person once a
    sale."""
    t = sale_minute.c
    sums = [func.sum(t.visitors).label("visitors"), func.sum(t.buyers).label("buyers")]
    query = (
        select(t.channel, *sums)
        .where(t.campaign_id == campaign_id, t.minute.between(first, last))
        .group_by(t.channel)
    )
    return _whole(read(connection, query))


def curve(connection: Connection, campaign_id: str, first: int, last: int, width: int = BIN) -> pd.DataFrame:
    """What was paid per bin of `width` minutes since `first`: bin, quantity, amount_fen (int64); bins without
    anything are left out."""
    t = sale_minute_kind.c
    bin_number = (t.minute - first) // width
    sums = [func.sum(t.quantity).label("quantity"), func.sum(t.amount_fen).label("amount_fen")]
    query = select(bin_number.label("bin"), *sums).where(
        t.campaign_id == campaign_id, t.kind == "pay", t.minute.between(first, last)
    )
    return _whole(read(connection, query.group_by(bin_number).order_by(bin_number)))


def lately(
    connection: Connection, campaign_id: str, first: int, last: int, kind: str = "pay"
) -> pd.DataFrame:
    """One kind by SKU in a short window: sku_code, quantity, amount_fen."""
    t = SKU_MINUTE.c
    sums = [func.sum(t.quantity).label("quantity"), func.sum(t.amount_fen).label("amount_fen")]
    query = select(t.sku_code, *sums).where(
        t.campaign_id == campaign_id, t.kind == kind, t.minute.between(first, last)
    )
    return _whole(read(connection, query.group_by(t.sku_code)))


def attach(connection: Connection, campaign_id: str, base_id: str) -> tuple[int, int]:
    """(paid orders with main-push goods, those of them that carry other goods too); tiers are those of
    `base_id`."""
    tier = campaign_sku.c
    push = (
        (tier.campaign_id == base_id) & (tier.tier == "main_push") & (tier.sku_code == sale_line.c.sku_code)
    )
    hero = func.max(case((tier.sku_code.is_not(None), 1), else_=0)).label("hero")
    other = func.max(case((tier.sku_code.is_(None), 1), else_=0)).label("other")
    orders = (
        select(hero, other)
        .select_from(sale_line.outerjoin(campaign_sku, push))
        .where(sale_line.c.campaign_id == campaign_id, sale_line.c.paid > 0)
        .group_by(sale_line.c.order_id)
        .subquery()
    )
    row = connection.execute(
        select(
            func.coalesce(func.sum(orders.c.hero), 0),
            func.coalesce(func.sum(orders.c.hero * orders.c.other), 0),
        )
    ).one()
    return int(row[0]), int(row[1])


def queue(connection: Connection, campaign_id: str, limit: int = 200) -> pd.DataFrame:
    """Waiting events, oldest first: source, event_id, kind, at_ms, sku_code, order_id, quantity, amount_fen,
    waits_for."""
    names = (
        "source",
        "event_id",
        "kind",
        "at_ms",
        "sku_code",
        "order_id",
        "quantity",
        "amount_fen",
        "waits_for",
    )
    query = select(*(event.c[name] for name in names)).where(IN_QUEUE, event.c.campaign_id == campaign_id)
    return read(connection, query.order_by(event.c.at_ms).limit(limit))


def excess(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Events in the queue that are more than was ordered or paid, by source, most first: source, events,
    amount_fen (int64)."""
    t = event.c
    sums = [func.count().label("events"), func.sum(t.amount_fen).label("amount_fen")]
    more = (IN_QUEUE, t.campaign_id == campaign_id, t.waits_for.in_(sorted(EXCESS)))
    query = select(t.source, *sums).where(*more)
    return _whole(read(connection, query.group_by(t.source).order_by(func.count().desc(), t.source)))


def refusals(connection: Connection, since: int) -> pd.DataFrame:
    """Refused lines since an epoch minute: source, code, events, sample (the last one)."""
    t = intake_refusal.c
    query = select(t.source, t.code, func.sum(t.events).label("events"), func.max(t.sample).label("sample"))
    return read(
        connection,
        query.where(t.minute >= since).group_by(t.source, t.code).order_by(func.sum(t.events).desc()),
    )


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """SQL sums come as decimals on PostgreSQL: whole numbers again."""
    sums = [name for name in frame.columns if name in _SUMS and frame[name].dtype != "int64"]
    return frame.astype(dict.fromkeys(sums, "int64")) if sums else frame
