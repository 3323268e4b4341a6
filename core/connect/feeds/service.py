"""The sources that bring rows, as the screen and the scheduler see them: their cards, a look now, a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from core.access import Actor, allow
from core.connect import journal, rules
from core.connect.feeds import book, looking
from core.connect.feeds.book import Feed, Look, Open, Stream
from core.connect.feeds.database import drift, reader, watermark
from core.connect.feeds.mapping import number_of
from core.connect.feeds.setup import DATABASE
from core.connect.rules import Used
from core.database import Database
from core.errors import ShopError


@dataclass(frozen=True, slots=True)
class Card:
    """One source as the screen shows it: never its address. `lag_s`: from the newest row's change to its being
    written, the last time. `compared`: what the night's comparison came to, {"at": ISO moment, "days": [comparing.Day
    by name]}; {} where there was none."""

    source: str
    system: str
    dialect: str
    state: str
    used: Used
    rows: int
    open: Open
    lag_s: float | None
    kinds: tuple[str, ...] = ()
    compared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tried:
    """A kind of a source beside our books: rows that the shop's database has from the beginning of reading on, rows
    that we know of it, and rows that nobody reads because their watermark is empty."""

    kind: str
    there: int
    known: int
    blank: int


def gather(db: Database, now: datetime) -> int:
    """One look at every source, by the house's own scheduler; rows that came in. A source's fault is on its card
    and hinders no other."""
    with db.reading() as connection:
        names = [one.source for one in book.feeds(connection)]
    rows = 0
    for name in names:
        try:
            done = looking.look(db, name, now)
        except ShopError as error:
            if error.code.startswith("database."):
                raise
            continue
        rows += done.rows if done else 0
    return rows


def collect(db: Database, actor: Actor, source: str, now: datetime) -> Look:
    """One look at a source now; nothing where it is paused or another process is at it."""
    allow(actor, "settings.manage")
    return looking.look(db, source, now) or Look()


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
    return Card(
        feed.source,
        feed.system,
        feed.dialect,
        state,
        used,
        feed.taken,
        open_now,
        lag,
        kinds,
        dict(feed.settings.get("compared", {})),
    )


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
