"""What a screen, a command or the scheduler may ask of the sources that bring rows: set up, look, pause, decide."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign_phase
from core.connect import journal, rules, turning
from core.connect.feeds import address, book, drift, polling, posting, reader, sheets, watermark
from core.connect.feeds.aliases import likely_table as likely_table
from core.connect.feeds.book import Feed, Open, Stream
from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import EVENT_KINDS as EVENT_KINDS
from core.connect.feeds.mapping import KINDS as KINDS
from core.connect.feeds.mapping import OPTIONAL as OPTIONAL
from core.connect.feeds.mapping import REQUIRED as REQUIRED
from core.connect.feeds.mapping import UNITS as UNITS
from core.connect.feeds.mapping import Bad, number_of
from core.connect.feeds.mapping import Layout as Layout
from core.connect.feeds.mapping import guessed as guessed
from core.connect.feeds.polling import Look
from core.connect.feeds.reader import Cursor
from core.connect.rules import Used
from core.connect.tables import connect_feed, connect_stream, feed_line
from core.connect.turning import Turn
from core.database import Database, read
from core.errors import ShopError
from core.settings import settings

DATABASE = "database"
RECENT = timedelta(days=7)  # what is read at first where no sale is under way
SAMPLE = 50  # rows that are tried before a kind is kept
LONGEST_OVERLAP, MOST_BATCH, LONGEST_STATEMENT_S = 1_000_000, 5_000, 120
NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Card:
    """One source as the screen shows it: never its address. `lag_s`: from the newest row's change to its being
    written, the last time."""

    source: str
    system: str
    dialect: str
    state: str
    used: Used
    rows: int
    open: Open
    lag_s: float | None
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What lies behind an address: the system, and the tables that the account sees."""

    dialect: str
    tables: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Tried:
    """A kind of a source beside our books: rows that the shop's database has from the beginning of reading on, rows
    that we know of it, and rows that nobody reads because their watermark is empty."""

    kind: str
    there: int
    known: int
    blank: int


def gather(db: Database, now: datetime) -> int:
    """One look at every database, by the house's own scheduler; rows that came in. A source's fault is on its card
    and hinders no other."""
    with db.reading() as connection:
        names = [one.source for one in book.feeds(connection) if one.system == DATABASE]
    rows = 0
    for name in names:
        try:
            done = polling.look(db, name, now)
        except ShopError as error:
            if error.code.startswith("database."):
                raise
            continue
        rows += done.rows if done else 0
    return rows


def collect(db: Database, actor: Actor, source: str, now: datetime) -> Look:
    """One look at a source now; nothing where it is paused or another process is at it."""
    allow(actor, "settings.manage")
    return polling.look(db, source, now) or Look()


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
        values = {"sealed": address.sealed(text), "dialect": looked.dialect}
        connection.execute(connect_feed.update().where(connect_feed.c.source == source).values(**values))
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
    """From when rows are read unless somebody says so: the first phase of a sale that has not ended, else some days
    ago."""
    c = campaign_phase.c
    running = select(c.campaign_id).where(c.ends_at > now)
    first = connection.scalar(
        select(c.starts_at).where(c.campaign_id.in_(running)).order_by(c.starts_at).limit(1)
    )
    return min(first, now) if first is not None else now - RECENT


def test(db: Database, actor: Actor, source: str) -> list[Tried]:
    """Looks whether a source can be read, and counts its rows beside ours."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        feed, streams = book.feed(connection, source), book.streams(connection, source)
    out: list[Tried] = []
    timeout = max((one.layout.timeout_s for one in streams), default=20)
    with reader.reading(feed.sealed, timeout) as remote:
        drift.require_no_writing(remote)
        for stream in streams:
            drift.require_readable(remote, stream)
            out.append(_beside(db, remote, feed, stream))
    return out


def _beside(db: Database, remote: Connection, feed: Feed, stream: Stream) -> Tried:
    """A kind of the source beside our books, over the stretch that our books cover."""
    kind = stream.layout.kind
    with db.reading() as connection:
        first, known = book.extent(connection, feed.source, kind)
    since = watermark.back(stream.position.changed, 0) if stream.position.changed is not None else None
    if known and since is not None:
        since = watermark.back(since, _distance(number_of(since, feed.timezone), first, since))
    there, blank = reader.counted(remote, stream.layout, since)
    return Tried(kind, there, known, blank)


def _distance(last: int, first: int, value: object) -> int:
    """How far the first known row lies behind the place of reading, in the watermark's own measure."""
    return last - first if isinstance(value, int) else (last - first) // 1_000_000 + 1


def cards(db: Database, actor: Actor, now: datetime) -> list[Card]:
    """Every source that brings rows, by name."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        return [_card(connection, one, now) for one in book.feeds(connection)]


def _card(connection: Connection, feed: Feed, now: datetime) -> Card:
    open_now = book.open_rows(connection, feed.source)
    kinds = tuple(one.layout.kind for one in book.streams(connection, feed.source))
    used = replace(
        journal.kept(connection, feed.source),
        last_arrival=feed.last_arrival,
        waiting=open_now.gone,
        refused=open_now.refused,
    )
    if feed.system != DATABASE:
        used = replace(used, looked_at=now)  # nobody looks: it calls
    state = rules.state_of(used, now) if kinds or feed.system != DATABASE else "empty"
    if state == "red" and used.fault == "connect.sheet_waits":
        state = "waiting"
    lag = None if feed.lag_ms is None else feed.lag_ms / 1000
    return Card(feed.source, feed.system, feed.dialect, state, used, feed.taken, open_now, lag, kinds)


def waiting_sheet(db: Database, actor: Actor, source: str, now: datetime) -> tuple[str, bytes]:
    """(kind, csv) of what a source's stock, goods or people have changed, for somebody who uploads it on its own page
    and answers there; that it was taken out is written down. ShopError("connect.not_waiting") where none waits."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        feed, streams = book.feed(connection, source), book.streams(connection, source)
        kind = str(journal.kept(connection, source).facts.get("kind", ""))
    for stream in streams:
        if stream.layout.kind == kind:
            with reader.reading(feed.sealed, stream.layout.timeout_s) as remote:
                sheet = sheets.sheet_of(stream, sheets.changed_rows(remote, stream))
            with db.writing() as connection:
                audit.record(connection, actor, now, "source.sheet", source, None, {"kind": kind})
            return kind, sheet
    raise ShopError("connect.not_waiting")


def layouts(db: Database, actor: Actor, source: str) -> list[Layout]:
    """How each kind of a source is read."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        return [one.layout for one in book.streams(connection, source)]


def change(
    db: Database,
    actor: Actor,
    source: str,
    now: datetime,
    *,
    paused: bool | None = None,
    silent_after: int | None = None,
) -> None:
    """Pauses a source or takes it up again; sets after how many minutes silence is told (0: never).
    ShopError("connect.bad_silence" | "connect.unknown_source")."""
    allow(actor, "settings.manage")
    wanted = Turn(paused, silent_after).require()
    with db.writing() as connection:
        book.feed(connection, source)
        turning.turn(connection, actor, source, wanted, now)


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


def open_lines(db: Database, actor: Actor, source: str, limit: int = 200) -> pd.DataFrame:
    """Rows of a source that do not count as they stand, the gone ones first: kind, row_key, order_id, sku_code, code,
    gone."""
    allow(actor, "settings.manage")
    c = feed_line.c
    names = ("kind", "row_key", "order_id", "sku_code", "code", "gone")
    query = select(*(c[name] for name in names)).where(
        c.source == source, (c.gone == 1) | ((c.code != "") & (c.code != book.OUTSIDE))
    )
    with db.reading() as connection:
        return read(connection, query.order_by(c.gone.desc(), c.kind, c.row_key).limit(limit))


def settle_gone(db: Database, actor: Actor, source: str, now: datetime, *, withdraw: bool) -> int:
    """Decides on the rows that are gone from the shop's database: they keep counting, or what they said is cancelled
    and refunded. Rows whose refund is gone cannot be withdrawn and stay. How many were settled."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        book.feed(connection, source)
        settled = sum(
            _settle(connection, actor, source, kind, now, withdraw=withdraw) for kind in EVENT_KINDS
        )
        facts = {"rows": settled, "withdraw": withdraw}
        audit.record(connection, actor, now, "source.gone", source, None, facts)
    return settled


def _settle(
    connection: Connection, actor: Actor, source: str, kind: str, now: datetime, *, withdraw: bool
) -> int:
    lines = book.gone(connection, source, kind)
    if not withdraw:
        book.keep_lines(connection, source, kind, {key: line._replace(gone=2) for key, line in lines.items()})
        return len(lines)
    batch = posting.Batch(source, kind, actor.name, now)
    try:
        return posting.withdraw(connection, batch, lines)
    except Unsayable as fault:
        raise ShopError(fault.code) from fault
