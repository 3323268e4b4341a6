"""The retention period: whoever has left no trace since goes, in the way of an erasure on request."""

from __future__ import annotations

import time
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from itertools import islice
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, Connection, and_, case, except_, func, or_, select, union

from core.access import Actor, allow, audit
from core.audience.people.tables import invite, member, person
from core.audience.tables import segment_member, segment_run
from core.clock import business_day, day_start, epoch_minute
from core.database import Database, keyed
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.imports.tables import LOCK, import_run
from core.lists.tables import audience_list, list_member
from core.live.ledger.events import INVITE
from core.live.tables import event, person_seen
from core.orders.tables import order_line
from core.overview.erasure import MARK, Forgotten, erased, located
from core.settings import settings
from core.warmup.tables import warmup_touch

BATCH = 300  # people a transaction: nobody who writes waits longer than a moment
PAUSE_S = 0.2  # between two of them, so that whoever waits to write comes first
A_NIGHT = 12_000  # people: what is left over goes the next night
ACTOR = Actor("scheduler", "admin", "http")


@dataclass(frozen=True, slots=True)
class Lapsed:
    """`months`: the period; `before`: the day before which the last trace lies; `people`: who would go, or went."""

    months: int
    before: str
    people: int


class _Trace(NamedTuple):
    """Where people leave a trace: their key, the moments of a row, and the first moment that still keeps them."""

    key: ColumnElement[str]
    moments: tuple[ColumnElement[Any], ...]
    since: Any

    def earlier(self) -> ColumnElement[bool]:
        return or_(*(moment < self.since for moment in self.moments))

    def later(self) -> ColumnElement[bool]:
        return or_(*(moment >= self.since for moment in self.moments))


def lapsed(db: Database, actor: Actor, *, now: datetime) -> Lapsed:
    """How many people would go now; nobody is named and nothing is written. ShopError("person.no_period")."""
    allow(actor, "person.forget")
    day = _first_day(now)
    with db.reading() as connection:
        return _answer(day, len(_gone(connection, day)))


def erase(db: Database, actor: Actor, *, now: datetime, most: int | None = None) -> Lapsed:
    """Erases everybody whose last trace lies before the period (`most` of them), some hundred a transaction, each asked
    for anew in it: somebody may have come back meanwhile. The audit trail has one row a run, also of one that broke
    off: how many, never whom. ShopError("person.no_period"): without a period nobody goes."""
    allow(actor, "person.forget")
    day = _first_day(now)
    with db.reading() as connection:
        keys = _gone(connection, day)[:most]
    count, done = 0, Forgotten(0, 0, 0, 0, 0)
    try:
        for batch in _batches(keys):
            with db.writing() as connection:
                one_at_a_time(connection, LOCK)
                rows = located(connection, batch)
                names = sorted(set(batch) - _back(connection, day, batch, rows))
                freed = erased(connection, names, rows)
            count, done = count + len(names), done + freed
            time.sleep(PAUSE_S)
    finally:
        if count:
            facts = asdict(_answer(day, count)) | asdict(done)
            with db.writing() as connection:
                audit.record(connection, actor, now, "person.lapsed", "", after=facts)
    return _answer(day, count)


def _first_day(now: datetime) -> date:
    """The first day of the period that ends with today. ShopError("person.no_period")."""
    months = settings().person_retention_months
    if not months:
        raise ShopError("person.no_period")
    today = pd.Timestamp(business_day(now, settings().timezone))
    return (today - pd.DateOffset(months=months)).date()


def _answer(day: date, people: int) -> Lapsed:
    return Lapsed(settings().person_retention_months, day.isoformat(), people)


def _batches(keys: list[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while batch := list(islice(left, BATCH)):
        yield batch


def _gone(connection: Connection, day: date) -> list[str]:
    """Whoever has a trace, and none since."""
    by_shop = (
        select(segment_member.c.buyer_key.label("key"))
        .join(segment_run, segment_run.c.run_id == segment_member.c.run_id)
        .where(segment_run.c.as_of < day),
        select(list_member.c.buyer_key.label("key"))
        .join(audience_list, audience_list.c.list_id == list_member.c.list_id)
        .where(audience_list.c.as_of < day),
    )
    own = (select(one.key.label("key")).where(one.earlier()) for one in _traces(day))
    before = union(*own, *by_shop).subquery()
    since = union(*(_since(day))).subquery()
    keys = connection.scalars(except_(select(before.c.key), select(since.c.key)))
    return sorted(key for key in keys if key and not key.startswith(MARK))


def _back(
    connection: Connection, day: date, keys: Iterable[str], rows: Mapping[str, pd.DataFrame]
) -> set[str]:
    """Those of the people who have left a trace in the period. `rows`: theirs, as `located`: what has no index by person is
    not read a second time."""
    wanted, since = list(keys), epoch_minute(day_start(day, settings().timezone))
    parts = [part.where(keyed(part.selected_columns.key, wanted, connection)) for part in _since(day, rows)]
    here = [frame.loc[_minutes(name, frame) >= since, "user_key"] for name, frame in rows.items()]
    return set(connection.scalars(union(*parts))).union(*here)


def _minutes(table: str, rows: pd.DataFrame) -> pd.Series:
    """The epoch minute of each row; of a half hour its last."""
    return rows["slot"] * 30 + 29 if table == warmup_touch.name else rows["at_ms"] // 60_000


def _since(day: date, read_already: Container[str] = ()) -> list[Any]:
    """Keys of people with a trace in the period. A list made in it that is still to be judged keeps its people until
    then: who bought has a trace and the others would go, and the list would seem to pay better than it did."""
    waiting = (audience_list.c.state != "judged") & (audience_list.c.as_of >= day)
    listed = (
        select(list_member.c.buyer_key.label("key"))
        .join(audience_list, audience_list.c.list_id == list_member.c.list_id)
        .where(waiting)
    )
    asked = [one for one in _traces(day) if getattr(one.key, "table", person).name not in read_already]
    return [*(select(one.key.label("key")).where(one.later()) for one in asked), listed]


def _traces(day: date) -> list[_Trace]:
    """Every table in which people leave something of their own. What bears no day counts from when it was taken in."""
    start, text = day_start(day, settings().timezone), day.isoformat()
    minute = epoch_minute(start)
    line, known, joined, asked = order_line.c, person.c, member.c, invite.c
    taken = select(import_run.c.at).where(import_run.c.import_id == line.import_id).scalar_subquery()
    days = (line.ordered_at, line.paid_at, line.refunded_at)
    undated = case((and_(*(moment.is_(None) for moment in days)), taken))
    invited = (asked.sent_minute, asked.joined_minute)
    return [
        _Trace(line.buyer_key, (*days, undated), start),
        _Trace(event.c.user_key, (event.c.at_ms,), minute * 60_000),
        _Trace(case((event.c.kind == INVITE, event.c.order_id)), (event.c.at_ms,), minute * 60_000),
        _Trace(person_seen.c.user_key, (person_seen.c.at_ms,), minute * 60_000),
        _Trace(
            warmup_touch.c.user_key, (warmup_touch.c.slot * 30 + 29,), minute
        ),  # its half hour's last minute
        _Trace(known.person_key, (func.nullif(known.first_day, ""),), text),
        _Trace(known.person_key, (case((known.first_day == "", known.updated_at)),), start),
        _Trace(joined.person_key, (func.nullif(joined.joined_day, ""),), text),
        _Trace(joined.person_key, (case((joined.joined_day == "", joined.updated_at)),), start),
        _Trace(asked.inviter_key, invited, minute),
        _Trace(asked.invited_key, invited, minute),
    ]
