"""Whom a list is about, by what people did: wanted and did not buy, reserved and did not come back, missed a round,
bought once. Inside the caller's transaction, as of a moment; nothing that came later counts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.audience import rules as segments
from core.audience.people.tables import invite
from core.audience.population import people as population
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.campaign.tables import campaign
from core.database import keyed, read
from core.lists.purchases import pairs, purchases
from core.orders.tables import buyer
from core.settings import settings
from core.warmup import touches
from core.warmup.tables import flash_session, warmup_touch

FAVOURITE, CART, RESERVED = 1, 2, touches.RESERVED
LOOKED_BACK = timedelta(days=180)  # what somebody wanted earlier than that is forgotten
LATELY = timedelta(days=30)  # who was there since then can be reached in the app
WEEKS_BEFORE = timedelta(days=42)
WANTED = ("buyer_key", "sku_code")


def wished(connection: Connection, sale: Campaign, now: datetime, waited: int) -> pd.DataFrame:  # noqa: ARG001 - one signature for all kinds
    """WANTED pairs favourited or carted for the first time at least `waited` days ago and never bought."""
    rows = _touched(connection, now - LOOKED_BACK, now, (FAVOURITE, CART))
    old = rows[rows["slot"] <= _slot(now - timedelta(days=waited))]
    return _without(connection, old[list(WANTED)], now)


def reserved(connection: Connection, sale: Campaign, now: datetime, waited: int) -> pd.DataFrame:  # noqa: ARG001
    """WANTED pairs ("" for the venue) of people who reserved for this sale and were not back on a later day, nor have
    paid since."""
    until = min(now, sale.opens_at)
    booked, last = touches.reserved(connection, sale.campaign_id, until, sale.timezone)
    if booked.empty:
        return pd.DataFrame(columns=list(WANTED), dtype="str")
    first = booked.groupby("user_key")["day"].transform("min")
    away = booked["user_key"].map(last) <= first
    keys = booked["user_key"].unique().tolist()
    bought = set(purchases(connection, _announced(sale), now, keys)["unit"])
    mine = booked[away & ~booked["user_key"].isin(bought)]
    return mine.rename(columns={"user_key": "buyer_key"})[list(WANTED)].drop_duplicates(ignore_index=True)


def missed(connection: Connection, sale: Campaign, now: datetime, waited: int) -> pd.DataFrame:  # noqa: ARG001
    """WANTED pairs of people who wanted the goods of a round of this sale before it ended, and went without."""
    f = flash_session.c
    query = select(f.sku_code, func.max(f.ends_at).label("ends_at")).where(
        f.campaign_id == sale.campaign_id, f.ends_at <= now
    )
    rounds = read(connection, query.group_by(f.sku_code)).set_index("sku_code")["ends_at"]
    if rounds.empty:
        return pd.DataFrame(columns=list(WANTED), dtype="str")
    rows = _touched(connection, _announced(sale), now, (FAVOURITE, CART, RESERVED))
    ends = rows["sku_code"].map(pd.to_datetime(rounds, utc=True))
    before = ends.notna() & (pd.to_datetime(rows["slot"] * touches.SLOT_MS, unit="ms", utc=True) < ends)
    return _without(connection, rows.loc[before, list(WANTED)], now)


def shared(connection: Connection, sale: Campaign, now: datetime, waited: int) -> pd.DataFrame:  # noqa: ARG001
    """Who has invited somebody since the sale was announced, and has not bought in it: buyer_key, worth (fen kept so
    far)."""
    i, begins = invite.c, _announced(sale)
    span = (i.sent_minute >= int(begins.timestamp()) // 60, i.sent_minute < int(now.timestamp()) // 60)
    inviters = list(connection.scalars(select(i.inviter_key).where(i.inviter_key != "", *span).distinct()))
    bought = set(purchases(connection, begins, now, inviters)["unit"])
    left = pd.DataFrame({"buyer_key": sorted(set(inviters) - bought)}, dtype="str")
    b = buyer.c
    query = select(b.buyer_key, b.net_amount).where(keyed(b.buyer_key, left["buyer_key"], connection))
    kept = read(connection, query).set_index("buyer_key")["net_amount"]
    return left.assign(worth=left["buyer_key"].map(kept).fillna(0).astype("int64"))


def second(connection: Connection, sale: Campaign, now: datetime, waited: int) -> pd.DataFrame:  # noqa: ARG001
    """New buyers of the last sale (this one, once it has opened) without a second order: buyer_key, worth (fen
    kept)."""
    last = sale if sale.opens_at < now else _last_sale(connection, sale, now)
    if last is None:
        return pd.DataFrame(columns=["buyer_key", "worth"])
    inside = purchases(connection, last.opens_at, min(now, last.closes_at))
    every = purchases(connection, None, now, inside["unit"].unique().tolist())
    kept = every.assign(net=every["paid"] - every["refunded"]).query("net > 0")
    grouped = kept.groupby("unit")
    by = pd.DataFrame(
        {
            "orders": grouped["order_id"].nunique(),
            "first": grouped["at_ms"].min(),
            "worth": grouped["net"].sum(),
        }
    )
    once = by[(by["orders"] == 1) & (by["first"] >= int(last.opens_at.timestamp() * 1000))]
    return once["worth"].rename_axis("buyer_key").reset_index()


def segmented(connection: Connection, now: datetime) -> pd.DataFrame:
    """Every known buyer with the segment by medians as of the day, by buyer_key: worth (fen kept so far), segment."""
    buyers, _ = population(connection, clock.business_day(now, settings().timezone))
    codes = segments.segments(buyers, segments.cuts(buyers, "median"))
    return pd.DataFrame({"worth": buyers["amount"], "segment": codes})


def in_app(connection: Connection, now: datetime) -> set[str]:
    """Who was there as a known user lately."""
    w = warmup_touch.c
    query = select(w.user_key).where(w.slot >= _slot(now - LATELY), w.slot < _slot(now), w.user_key != "")
    return set(connection.scalars(query.distinct()))


def _touched(
    connection: Connection, since: datetime, until: datetime, depths: tuple[int, ...]
) -> pd.DataFrame:
    """First touches of those depths within [since, until): buyer_key, sku_code, slot; goods alone, no rehearsal."""
    w, drills = warmup_touch.c, select(campaign.c.campaign_id).where(campaign.c.rehearsal_of != "")
    query = (
        select(w.user_key.label("buyer_key"), w.sku_code, func.min(w.slot).label("slot"))
        .where(w.slot >= _slot(since), w.slot < _slot(until), w.depth.in_(depths), w.sku_code != "")
        .where(w.campaign_id.not_in(drills))
        .group_by(w.user_key, w.sku_code)
    )
    return read(connection, query)


def _without(connection: Connection, wanted: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The pairs that were never bought."""
    bought = pairs(connection, now, wanted["buyer_key"].unique().tolist())
    both = wanted.drop_duplicates().merge(bought, on=list(WANTED), how="left", indicator=True)
    return both.loc[both["_merge"] == "left_only", list(WANTED)].reset_index(drop=True)


def _last_sale(connection: Connection, sale: Campaign, now: datetime) -> Campaign | None:
    c = campaign.c
    query = select(c.campaign_id).where(
        c.closes_at <= now, c.rehearsal_of == "", c.archived.is_(False), c.campaign_id != sale.campaign_id
    )
    last = connection.scalar(query.order_by(c.closes_at.desc()).limit(1))
    return None if last is None else campaigns.standing(connection, last)


def _announced(sale: Campaign) -> datetime:
    """Since when people can have meant this sale: its first phase, or some weeks before its opening."""
    return min(sale.phases[0].starts_at, sale.opens_at - WEEKS_BEFORE)


def _slot(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) // touches.SLOT_MS


Finder = Callable[[Connection, Campaign, datetime, int], pd.DataFrame]
FINDERS: dict[str, Finder] = {
    "wished": wished,
    "reserved": reserved,
    "missed": missed,
    "shared": shared,
    "second": second,
}
