"""People recounted from the events: who was met first where, by stretch and by minute."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, case, func, literal, select

from core import clock
from core.campaign.tables import campaign
from core.live.ledger.differences import MOST_FAULTS, difference, of_campaign
from core.live.ledger.events import EXPOSURE
from core.live.ledger.series import PEOPLE
from core.live.ledger.spans import Stretches, number_of, stretches
from core.live.tables import event, sale_minute, sale_series


def _zones(connection: Connection) -> dict[str, str]:
    return {
        row.campaign_id: row.timezone
        for row in connection.execute(select(campaign.c.campaign_id, campaign.c.timezone))
    }


def _day(connection: Connection, campaign_id: str, zone: str) -> object:
    """Business day of an event as SQL: the ordinal of the first day plus the day starts that lie behind
    it."""
    span = select(func.min(event.c.at_ms), func.max(event.c.at_ms)).where(event.c.campaign_id == campaign_id)
    first, last = (
        clock.business_day(datetime.fromtimestamp((ms or 0) / 1000, UTC), zone)
        for ms in connection.execute(span).one()
    )
    starts = [clock.day_start(first + timedelta(days=n), zone) for n in range(1, (last - first).days + 1)]
    passed = [case((event.c.at_ms >= int(start.timestamp() * 1000), 1), else_=0) for start in starts]
    return sum(passed, literal(first.toordinal()))


def _span(connection: Connection, campaign_id: str, zone: str, running: Stretches) -> object:
    """The stretch of an event as SQL (see spans)."""
    day, at = _day(connection, campaign_id, zone), event.c.at_ms
    inside = [((at >= start) & (at < end), literal(number_of(start, end, zone))) for start, end in running]
    return case(*inside, else_=day) if inside else day


def people(connection: Connection, campaign_id: str) -> list[object]:
    """First sights: the earliest view or payment of each person in each stretch, ties by channel."""
    zones, running = _zones(connection), stretches(connection)
    known = (
        connection.execute(select(sale_series.c.campaign_id).union(select(event.c.campaign_id)))
        .scalars()
        .all()
    )
    differences = []
    for each in [campaign_id] if campaign_id else known:
        zone = zones.get(each, clock.SHANGHAI)
        differences += _people_of(connection, each, _span(connection, each, zone, running.get(each, ())))
    return differences[:MOST_FAULTS]


def _people_of(connection: Connection, campaign_id: str, day: object) -> list[object]:
    masked = literal("#") + event.c.order_id
    who = case(
        (event.c.kind == "view", event.c.user_key), (event.c.user_key != "", event.c.user_key), else_=masked
    )
    met = literal(f"{EXPOSURE} ") + event.c.channel
    role = case((event.c.kind == "view", "visitor"), (event.c.kind == EXPOSURE, met), else_="buyer")
    day = case((event.c.kind == EXPOSURE, 0), else_=day)
    bytewise = (
        event.c.channel if connection.dialect.name == "sqlite" else event.c.channel.collate("C")
    )  # as the fold compares
    first = func.row_number().over(partition_by=(role, day, who), order_by=(event.c.at_ms, bytewise))
    columns = (
        role.label("kind"),
        day.label("day"),
        who.label("user_key"),
        event.c.at_ms,
        event.c.channel,
        first.label("n"),
    )
    sights = (
        select(*columns)
        .where(
            event.c.campaign_id == campaign_id,
            event.c.waits_for == "",
            (event.c.kind == "pay")
            | (event.c.kind == EXPOSURE)
            | ((event.c.kind == "view") & (event.c.user_key != "")),
        )
        .subquery()
    )
    keys = ("kind", "day", "user_key", "channel")
    recount = select(*(sights.c[key] for key in keys), -sights.c.at_ms, literal(-1).label("n")).where(
        sights.c.n == 1
    )
    book = select(*(PEOPLE.c[key] for key in keys), PEOPLE.c.at_ms, literal(1).label("n"))
    return difference(connection, keys, book.where(PEOPLE.c.campaign_id == campaign_id), recount)


def minute_people(connection: Connection, campaign_id: str) -> list[object]:
    """Visitors and buyers a minute against the people's first sights."""
    keys = ("campaign_id", "minute", "channel")
    book = select(*(sale_minute.c[key] for key in keys), sale_minute.c.visitors, sale_minute.c.buyers)
    p = PEOPLE.c
    minute = p.at_ms // 60_000
    recount = select(
        p.campaign_id,
        minute.label("minute"),
        p.channel,
        (-func.sum(case((p.kind == "visitor", 1), else_=0))).label("visitors"),
        (-func.sum(case((p.kind == "buyer", 1), else_=0))).label("buyers"),
    ).group_by(p.campaign_id, minute, p.channel)
    return difference(
        connection,
        keys,
        of_campaign(book, sale_minute, campaign_id),
        of_campaign(recount, PEOPLE, campaign_id),
    )
