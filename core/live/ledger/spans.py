"""Over which stretch of time people count once: a selling phase as a whole, else the business day.

A sale from 20:00 to the next midnight is one evening and one day, and one crowd: who buys on both sides of
midnight is one buyer. Outside the selling phases a business day is the stretch.
"""

from __future__ import annotations

from datetime import timedelta
from functools import lru_cache

from sqlalchemy import Connection, select

from core import clock
from core.campaign.tables import campaign_phase

SELLING = ("live", "encore")  # kinds of phases with a pace and a crowd of their own
Stretches = tuple[tuple[int, int], ...]  # epoch ms, end excluded, in order


@lru_cache(maxsize=8192)
def span_of(minute: int, zone: str, running: Stretches) -> int:
    """The number of the stretch that an epoch minute belongs to: the business day's ordinal, or, below zero,
    the minute at which its selling phase opened. A phase that is just one business day has that day's number."""
    for start, end in running:
        if start <= minute * 60_000 < end:
            return number_of(start, end, zone)
    return clock.business_day(clock.from_epoch_minute(minute), zone).toordinal()


def number_of(start: int, end: int, zone: str) -> int:
    """The number of a selling phase, given its ends in epoch ms."""
    opened = clock.business_day(clock.from_epoch_minute(start // 60_000), zone)
    whole = clock.day_start(opened, zone), clock.day_start(opened + timedelta(days=1), zone)
    exact = (start, end) == tuple(round(moment.timestamp() * 1000) for moment in whole)
    return opened.toordinal() if exact else -(start // 60_000)


def stretches(connection: Connection) -> dict[str, Stretches]:
    """The selling phases of every campaign."""
    p = campaign_phase.c
    query = select(p.campaign_id, p.starts_at, p.ends_at).where(p.kind.in_(SELLING)).order_by(p.starts_at)
    by_campaign: dict[str, list[tuple[int, int]]] = {}
    for campaign_id, starts_at, ends_at in connection.execute(query):
        ends = (round(starts_at.timestamp() * 1000), round(ends_at.timestamp() * 1000))
        by_campaign.setdefault(campaign_id, []).append(ends)
    return {campaign_id: tuple(ends) for campaign_id, ends in by_campaign.items()}
