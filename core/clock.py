"""The only place that reads a clock, and the rules between UTC, a business day and an epoch minute."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import pandas as pd

from core.errors import ShopError

SHANGHAI = "Asia/Shanghai"


def now() -> datetime:
    """The present moment, aware, in UTC. Called at the edges (page, command line, HTTP) and passed on from
    there."""
    return datetime.now(UTC)


def zone(name: str) -> ZoneInfo:
    """The named time zone; ShopError("time.unknown_zone") if there is none of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ShopError("time.unknown_zone", zone=name) from error


def utc(moment: datetime) -> datetime:
    """An aware moment in UTC; ShopError("time.naive") for one without an offset, which nobody may guess."""
    if moment.tzinfo is None:
        raise ShopError("time.naive", value=moment.isoformat())
    return moment.astimezone(UTC)


def on_the_clock(moment: datetime, zone_name: str = SHANGHAI) -> datetime:
    """A moment as its reader's clock shows it: one that carries a zone of its own (a campaign's) keeps it,
    one in UTC goes to the named zone."""
    return (
        moment
        if isinstance(moment.tzinfo, ZoneInfo) and moment.tzinfo.key != "UTC"
        else utc(moment).astimezone(zone(zone_name))
    )


def parse_moment(text: str) -> datetime:
    """ISO 8601 with an offset (or Z), in UTC. ShopError("time.unreadable" | "time.naive")."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ShopError("time.unreadable", value=text) from error
    return utc(moment)


def parse_local(text: str, zone_name: str) -> datetime:
    """ISO 8601 in UTC; a moment without an offset is a wall-clock time of the named zone (a campaign's)."""
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError as error:
        raise ShopError("time.unreadable", value=text) from error
    return utc(moment if moment.tzinfo else moment.replace(tzinfo=zone(zone_name)))


def parse_end(text: str, zone_name: str) -> datetime:
    """`parse_local` for a moment at which something ends: a day without a clock is the end of that day.

    >>> parse_end("2026-11-11", SHANGHAI).isoformat(), parse_end("2026-11-11T00:00", SHANGHAI).isoformat()
    ('2026-11-11T16:00:00+00:00', '2026-11-10T16:00:00+00:00')
    """
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return parse_local(text, zone_name)
    return day_start(day + timedelta(days=1), zone_name)


def business_day(moment: datetime, zone_name: str = SHANGHAI) -> date:
    """The calendar day on which the moment falls in the campaign's zone (00:30 in Beijing is not
    yesterday)."""
    return utc(moment).astimezone(zone(zone_name)).date()


def day_start(day: date, zone_name: str = SHANGHAI) -> datetime:
    """The first moment of a business day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone(zone_name)).astimezone(UTC)


def epoch_minute(moment: datetime) -> int:
    """Whole minutes since 1970-01-01T00:00Z, rounded down: the key of the minute rollups."""
    return int(utc(moment).timestamp() // 60)


def from_epoch_minute(minute: int) -> datetime:
    """The start of an epoch minute, in UTC."""
    return datetime.fromtimestamp(minute * 60, UTC)


def local_naive(moments: pd.Series, zone_name: str = SHANGHAI) -> pd.Series:
    """Aware moments (datetime64[*, UTC]) as naive wall-clock times of the zone: what charts are given."""
    naive: pd.Series = moments.dt.tz_convert(zone(zone_name)).dt.tz_localize(None)
    return naive
