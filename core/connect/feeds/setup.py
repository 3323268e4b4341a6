"""How a shop's own database becomes a source: its address tried and kept, what is read of it, and away with it again."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign_phase
from core.connect import journal
from core.connect.feeds import address, book
from core.connect.feeds.aliases import likely_table as likely_table
from core.connect.feeds.book import Feed, Stream
from core.connect.feeds.database import drift, polling, reader, watermark
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.mapping import EVENT_KINDS as EVENT_KINDS
from core.connect.feeds.mapping import KINDS as KINDS
from core.connect.feeds.mapping import OPTIONAL as OPTIONAL
from core.connect.feeds.mapping import REQUIRED as REQUIRED
from core.connect.feeds.mapping import UNITS as UNITS
from core.connect.feeds.mapping import Bad
from core.connect.feeds.mapping import Layout as Layout
from core.connect.feeds.mapping import guessed as guessed
from core.connect.tables import connect_feed, connect_stream
from core.database import Database
from core.errors import ShopError
from core.settings import settings

DATABASE = "database"
RECENT = timedelta(days=7)  # what is read at first where no sale is under way
SAMPLE = 50  # rows that are tried before a kind is kept
LONGEST_OVERLAP, MOST_BATCH, LONGEST_STATEMENT_S = 1_000_000, 5_000, 120
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Looked:
    """What lies behind an address: the system, and the tables that the account sees."""

    dialect: str
    tables: list[str] = field(default_factory=list)


def open_address(actor: Actor, text: str) -> Looked:
    """The tables behind an address that somebody is about to set up. ShopError("connect.may_write") where the account
    may change anything there, and whatever keeps us from reading."""
    allow(actor, "settings.manage")
    sealed = address.sealed(text)
    with reader.reading(sealed, 20) as remote:
        drift.require_no_writing(remote)
        return Looked(remote.dialect.name, reader.tables(remote))


def tables(db: Database, actor: Actor, source: str) -> Looked:
    """The tables of a source that is set up."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        feed = book.feed(connection, source)
    with reader.reading(feed.sealed, 20) as remote:
        return Looked(remote.dialect.name, reader.tables(remote))


def columns(db: Database, actor: Actor, source: str, layout: Layout) -> list[str]:
    """The columns of a source's table, or of a SELECT's answer."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        feed = book.feed(connection, source)
    with reader.reading(feed.sealed, layout.timeout_s) as remote:
        return list(reader.columns(remote, layout))


def layouts(db: Database, actor: Actor, source: str) -> list[Layout]:
    """How each kind of a source is read."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        return [one.layout for one in book.streams(connection, source)]


def add(db: Database, actor: Actor, source: str, text: str, now: datetime, *, timezone: str = "") -> Looked:
    """A new source: its address is tried, then kept sealed. ShopError("connect.bad_name" | "connect.source_exists")
    and those of `open_address`."""
    allow(actor, "settings.manage")
    if not NAME.fullmatch(source) or source in journal.OWN:
        raise ShopError("connect.bad_name", source=source)
    looked = open_address(actor, text)
    with db.writing() as connection:
        book.require_free(connection, source)
        row = {
            "source": source,
            "system": DATABASE,
            "sealed": address.sealed(text),
            "dialect": looked.dialect,
            "timezone": timezone or settings().timezone,
            "settings": {},
            "created_at": now,
            "account": actor.name,
        }
        connection.execute(connect_feed.insert().values(**row))
        journal.keep(connection, source, looked_at=now)
        facts = {"dialect": looked.dialect, "timezone": row["timezone"]}
        audit.record(connection, actor, now, "source.add", source, None, facts)
    return looked


def readdress(db: Database, actor: Actor, source: str, text: str, now: datetime) -> None:
    """Another address for the same source (a new password, a server that moved); its place of reading stays."""
    allow(actor, "settings.manage")
    looked = open_address(actor, text)
    with db.writing() as connection:
        book.feed(connection, source)
        book.change(connection, source, sealed=address.sealed(text), dialect=looked.dialect)
        audit.record(connection, actor, now, "source.readdress", source, None, {"dialect": looked.dialect})


def put(
    db: Database, actor: Actor, source: str, layout: Layout, now: datetime, *, since: datetime | None = None
) -> None:
    """A kind that is read of a source from now on, beginning with rows that changed at or after `since`; unless
    somebody says so, events from the running sale's first phase on, and sheets from their first row, as a good that did
    not change lately has stock too. The newest rows are tried first. ShopError("connect.unmapped" | "connect.bad_limits" | "connect.sample" |
    "connect.watermark_empty") and the reader's own."""
    allow(actor, "settings.manage")
    _require_whole(layout)
    with db.reading() as connection:
        feed = book.feed(connection, source)
        start = since or (_first_day(connection, now) if layout.kind in EVENT_KINDS else None)
    stream = _tried(feed, layout, start)
    with db.writing() as connection:
        book.keep_stream(connection, stream)
        book.forget_open(connection, source, layout.kind)
        facts = {
            "kind": layout.kind,
            "table": layout.table or "SELECT",
            "since": start.isoformat() if start else "",
        }
        audit.record(connection, actor, now, "source.put", source, None, facts)


def _require_whole(layout: Layout) -> None:
    """ShopError("connect.unmapped" | "connect.bad_limits")."""
    missing = [name for name in REQUIRED[layout.kind] if not layout.columns.get(name)]
    if missing or not (layout.table or layout.select):
        raise ShopError("connect.unmapped", fields=missing)
    good = (
        0 <= layout.overlap <= LONGEST_OVERLAP
        and 1 <= layout.batch <= MOST_BATCH
        and 1 <= layout.timeout_s <= LONGEST_STATEMENT_S
        and layout.unit in UNITS
    )
    if not good:
        raise ShopError("connect.bad_limits")


def _tried(feed: Feed, layout: Layout, since: datetime | None) -> Stream:
    """The kind as it will be read, after a look at its columns and its newest row."""
    with reader.reading(feed.sealed, layout.timeout_s) as remote:
        drift.require_no_writing(remote)
        shape = {
            name: kind
            for name, kind in reader.columns(remote, layout).items()
            if name in layout.columns.values()
        }
        absent = sorted(set(layout.columns.values()) - set(shape))
        if absent:
            raise ShopError("connect.schema_changed", what=", ".join(absent))
        newest = reader.newest(remote, layout)
        start = watermark.starting(newest["changed"], since, feed.timezone) if newest and since else None
        _, blank = reader.counted(remote, layout, start)
        if blank:
            raise ShopError("connect.watermark_empty", column=layout.columns["changed"], rows=blank)
        stream = Stream(feed.source, layout, shape, Cursor(start), Cursor(), None, "")
        sample = reader.rows(remote, replace(layout, batch=SAMPLE), Cursor(start), inclusive=True)
    if layout.kind in EVENT_KINDS and sample:
        _require_readable_rows(feed, stream, sample)
    return stream


def _require_readable_rows(feed: Feed, stream: Stream, sample: Sequence[dict[str, object]]) -> None:
    """ShopError("connect.sample") where not one row of the sample can be read."""
    rows = polling.rows_of(feed, stream, sample)
    bad = [row for row in rows if isinstance(row, Bad)]
    if len(bad) == len(rows):
        field_name = bad[0].code.rpartition(".")[2]
        column = stream.layout.columns.get(field_name, field_name)
        raise ShopError("connect.sample", column=column, value=bad[0].value, rows=len(rows))


def _first_day(connection: Connection, now: datetime) -> datetime:
    """From when rows are read by default: the first phase of a sale that has not ended, or some days ago."""
    c = campaign_phase.c
    running = select(c.campaign_id).where(c.ends_at > now)
    first = connection.scalar(
        select(c.starts_at).where(c.campaign_id.in_(running)).order_by(c.starts_at).limit(1)
    )
    return min(first, now) if first is not None else now - RECENT


def drop(db: Database, actor: Actor, source: str, kind: str, now: datetime) -> None:
    """Reads a kind no longer; what came of it stays."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        book.feed(connection, source)
        c = connect_stream.c
        connection.execute(connect_stream.delete().where(c.source == source, c.kind == kind))
        audit.record(connection, actor, now, "source.drop", source, {"kind": kind}, None)


def remove(db: Database, actor: Actor, source: str, now: datetime) -> None:
    """Takes a source away with its sealed address; what came of it stays in every book."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        feed = book.feed(connection, source)
        book.remove(connection, source)
        audit.record(connection, actor, now, "source.remove", source, {"dialect": feed.dialect}, None)
