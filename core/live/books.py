"""What the live rooms read: rollups of one window of one campaign, as small frames. Never raw events."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, case, func, select

from core.campaign.pace import BIN
from core.database import read
from core.goods.tables import campaign_sku
from core.live.tables import event, intake_refusal, intake_tally, live_recount, sale_line, sale_minute, sale_minute_kind, sale_sku
from core.live.tables import sale_sku_kind as by_sku
from core.live.tables import sale_sku_minute as by_sku_minute

MONEY_KINDS = ("deposit", "order", "pay", "refund", "cancel")
_SUMS = {"events", "quantity", "amount_fen", "visitors", "buyers", "bin"}


def channel_kinds(connection: Connection, campaign_id: str, first: int, last: int) -> pd.DataFrame:
    """Sums of the window [first, last] in epoch minutes: channel, kind, events, quantity, amount_fen (int64)."""
    t = sale_minute_kind.c
    sums = [func.sum(t[name]).label(name) for name in ("events", "quantity", "amount_fen")]
    query = select(t.channel, t.kind, *sums).where(t.campaign_id == campaign_id, t.minute.between(first, last))
    return _whole(read(connection, query.group_by(t.channel, t.kind)))


def people(connection: Connection, campaign_id: str, first: int, last: int) -> pd.DataFrame:
    """Visitors and buyers of the window: channel, visitors, buyers (int64); each person once a business day."""
    t = sale_minute.c
    sums = [func.sum(t.visitors).label("visitors"), func.sum(t.buyers).label("buyers")]
    query = select(t.channel, *sums).where(t.campaign_id == campaign_id, t.minute.between(first, last)).group_by(t.channel)
    return _whole(read(connection, query))


def curve(connection: Connection, campaign_id: str, first: int, last: int, kind: str = "pay", width: int = BIN) -> pd.DataFrame:
    """What came in per bin of `width` minutes since `first`: bin, quantity, amount_fen (int64); bins without anything are left out."""
    t = sale_minute_kind.c
    place = (t.minute - first) // width
    sums = [func.sum(t.quantity).label("quantity"), func.sum(t.amount_fen).label("amount_fen")]
    query = select(place.label("bin"), *sums).where(t.campaign_id == campaign_id, t.kind == kind, t.minute.between(first, last))
    return _whole(read(connection, query.group_by(place).order_by(place)))


def last_minute(connection: Connection, campaign_id: str, until: int) -> int | None:
    """The latest epoch minute up to `until` that has an event."""
    t = sale_minute_kind.c
    return connection.scalar(select(func.max(t.minute)).where(t.campaign_id == campaign_id, t.minute <= until))


def sku_sums(connection: Connection, campaign_id: str, first: int, last: int) -> pd.DataFrame:
    """Money kinds by SKU in the window, indexed by sku_code: <kind> (units) and <kind>_fen for each of MONEY_KINDS (int64).

    The whole sale's sums less what lies outside the window, or the window's own sums, whichever is less to read.
    """
    t = by_sku_minute.c
    ends = select(func.min(t.minute), func.max(t.minute)).where(t.campaign_id == campaign_id, t.kind == "pay")
    begun, ended = connection.execute(ends).one()
    outside = max(0, first - (begun or first)) + max(0, (ended or last) - last)
    inside = max(0, min(last, ended or last) - max(first, begun or first))
    window = t.minute.between(first, last)
    if inside <= outside:
        return _pivot(_sku_minutes(connection, campaign_id, window))
    sums = ("quantity", "amount_fen")
    query = select(by_sku.c.sku_code, by_sku.c.kind, *(by_sku.c[name] for name in sums))
    whole = read(connection, query.where(by_sku.c.campaign_id == campaign_id, by_sku.c.kind.in_(MONEY_KINDS)))
    if outside:
        rest = pd.concat(
            [_sku_minutes(connection, campaign_id, t.minute < first), _sku_minutes(connection, campaign_id, t.minute > last)]
        )
        whole = pd.concat([whole, rest.assign(**{name: -rest[name] for name in sums})])
        whole = whole.groupby(["sku_code", "kind"], as_index=False).sum()
    return _pivot(whole)


def _sku_minutes(connection: Connection, campaign_id: str, window: Any, kinds: Sequence[str] = MONEY_KINDS) -> pd.DataFrame:
    t = by_sku_minute.c
    sums = [func.sum(t.quantity).label("quantity"), func.sum(t.amount_fen).label("amount_fen")]
    query = select(t.sku_code, t.kind, *sums).where(t.campaign_id == campaign_id, t.kind.in_(kinds), window)
    return _whole(read(connection, query.group_by(t.sku_code, t.kind)))


def lately(connection: Connection, campaign_id: str, first: int, last: int, kind: str = "pay") -> pd.DataFrame:
    """One kind by SKU in a short window: sku_code, quantity, amount_fen."""
    return _sku_minutes(connection, campaign_id, by_sku_minute.c.minute.between(first, last), (kind,)).drop(columns="kind")


def _pivot(sums: pd.DataFrame) -> pd.DataFrame:
    """Long sums as one row a SKU; zeros where nothing happened."""
    rows, codes = pd.factorize(sums["sku_code"], sort=True)
    columns = pd.Index(MONEY_KINDS).get_indexer(pd.Index(sums["kind"]))
    table = np.zeros((len(codes), 2 * len(MONEY_KINDS)), dtype="int64")
    table[rows, columns] = sums["quantity"].to_numpy()
    table[rows, columns + len(MONEY_KINDS)] = sums["amount_fen"].to_numpy()
    names = [*MONEY_KINDS, *(f"{kind}_fen" for kind in MONEY_KINDS)]
    return pd.DataFrame(table, columns=names, index=pd.Index(codes, name="sku_code"))


def calls(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """What the sale asks of stock now, indexed by sku_code: need, presale, shipped, held, presale_held (int64)."""
    query = select(sale_sku).where(sale_sku.c.campaign_id == campaign_id)
    return read(connection, query).drop(columns="campaign_id").set_index("sku_code")


def sku_sums_after(connection: Connection, campaign_id: str, last: int) -> pd.DataFrame:
    """As `sku_sums`, for what came after a minute."""
    return _pivot(_sku_minutes(connection, campaign_id, by_sku_minute.c.minute > last))


def attach(connection: Connection, campaign_id: str, base_id: str) -> tuple[int, int]:
    """(paid orders with main-push goods, those of them that carry other goods too); tiers are those of `base_id`."""
    tier = campaign_sku.c
    push = (tier.campaign_id == base_id) & (tier.tier == "main_push") & (tier.sku_code == sale_line.c.sku_code)
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
        select(func.coalesce(func.sum(orders.c.hero), 0), func.coalesce(func.sum(orders.c.hero * orders.c.other), 0))
    ).one()
    return int(row[0]), int(row[1])


def queue(connection: Connection, campaign_id: str, limit: int = 200) -> pd.DataFrame:
    """Waiting events, oldest first: source, event_id, kind, at_ms, sku_code, order_id, quantity, amount_fen, waits_for."""
    names = ("source", "event_id", "kind", "at_ms", "sku_code", "order_id", "quantity", "amount_fen", "waits_for")
    query = select(*(event.c[name] for name in names)).where(event.c.waits_for != "", event.c.campaign_id == campaign_id)
    return read(connection, query.order_by(event.c.at_ms).limit(limit))


def waiting(connection: Connection, campaign_id: str) -> int:
    """How many events wait."""
    query = select(func.count()).select_from(event).where(event.c.waits_for != "", event.c.campaign_id == campaign_id)
    return int(connection.scalar(query) or 0)


def tally(connection: Connection) -> dict[str, Any]:
    """The intake's sums over all sources, and when the last request came (None without one)."""
    t = intake_tally.c
    names = ("received", "applied", "duplicate", "waiting", "rejected")
    query = select(
        *(func.coalesce(func.sum(t[name]), 0).label(name) for name in names), func.max(t.last_received_at).label("last")
    )
    row = dict(connection.execute(query).mappings().one())
    return {name: int(row[name]) for name in names} | {"last_received_at": row["last"]}


def refusals(connection: Connection, since: int) -> pd.DataFrame:
    """Refused lines since an epoch minute: source, code, events, sample (the last one)."""
    t = intake_refusal.c
    query = select(t.source, t.code, func.sum(t.events).label("events"), func.max(t.sample).label("sample"))
    return read(connection, query.where(t.minute >= since).group_by(t.source, t.code).order_by(func.sum(t.events).desc()))


def recounted(connection: Connection, campaign_id: str) -> tuple[datetime | None, int]:
    """(when the books were last recounted, how many faults that found)."""
    query = select(live_recount.c.at, live_recount.c.faults).where(live_recount.c.campaign_id == campaign_id)
    row = connection.execute(query).first()
    return (row.at, sum(map(len, row.faults.values()))) if row else (None, 0)


def _whole(frame: pd.DataFrame) -> pd.DataFrame:
    """SQL sums come as decimals on PostgreSQL: whole numbers again."""
    sums = [name for name in frame.columns if name in _SUMS and frame[name].dtype != "int64"]
    return frame.astype(dict.fromkeys(sums, "int64")) if sums else frame
