"""The night's comparison of shops' own databases with what was taken of them: named on the card, told, read again."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from core import logs
from core.access import Actor, allow
from core.connect import journal, ringing
from core.connect.feeds import book
from core.connect.feeds.book import Feed
from core.connect.feeds.database import comparing, drift, reader
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.mapping import EVENT_KINDS
from core.connect.feeds.setup import DATABASE
from core.database import Database
from core.database.locks import alone
from core.errors import ShopError

TRIES, PAUSE_S = 100, 0.2  # for the turn of the second look, which takes a moment


def compare_all(db: Database, now: datetime) -> int:
    """Every database that is not paused, by the house's own scheduler; days and rows that differ. A source's fault is
    told by the looks at it, and hinders no other."""
    with db.reading() as connection:
        names = [one.source for one in book.feeds(connection) if one.system == DATABASE]
        names = [name for name in names if not journal.kept(connection, name).paused]
    differing = 0
    for name in names:
        try:
            differing += _compare(db, name, now)
        except ShopError as error:
            if error.code.startswith("database."):
                raise
            logs.log("bigsale.connect").warning("connect.not_compared", source=name, code=error.code)
    return differing


def compare(db: Database, actor: Actor, source: str, now: datetime) -> int:
    """The same for one database, now. ShopError("connect.unknown_source") and those of `drift` and `reader.reading`."""
    allow(actor, "settings.manage")
    return _compare(db, source, now)


def _compare(db: Database, source: str, now: datetime) -> int:
    with db.reading() as connection:
        feed, streams = book.feed(connection, source), book.streams(connection, source)
    days: list[dict[str, object]] = []
    gone, edited = 0, 0
    timeout = max((one.layout.timeout_s for one in streams), default=20)
    with reader.reading(feed.sealed, timeout) as remote:
        for stream in streams:
            drift.require_readable(remote, stream)
            if stream.layout.kind in EVENT_KINDS:
                days += comparing.compare(db, remote, feed, stream)
            elif stream.layout.kind in comparing.SHEETS:
                rows = comparing.compare_sheet(db, remote, feed, stream)
                gone, edited = gone + rows[0], edited + rows[1]
    with db.writing() as connection:
        _keep(connection, feed, days, now)
        _ring(connection, feed, len(days), gone, edited, now)
    _again(db, source, {str(one["kind"]) for one in days})
    return len(days) + gone + edited


def _keep(connection: Connection, feed: Feed, days: Sequence[dict[str, object]], now: datetime) -> None:
    """What the comparison came to, for the card."""
    settings = {
        **book.feed(connection, feed.source).settings,
        "compared": {"at": now.isoformat(), "days": list(days)},
    }
    book.change(connection, feed.source, settings=settings)


def _ring(connection: Connection, feed: Feed, days: int, gone: int, edited: int, now: datetime) -> None:
    for rows, kind, code in (
        (days, "feed_differs", "connect.differs"),
        (gone, "feed_gone", "connect.gone"),
        (edited, "feed_rows", comparing.SILENT),
    ):
        if rows:
            ringing.ring_feed(connection, feed.source, kind, ShopError(code, rows=rows), now)


def _again(db: Database, source: str, kinds: set[str]) -> None:
    """Lets the second look at these kinds begin where the comparison did: what can be said by events comes in, what is
    gone is asked about. Left to the next night where the turn does not come."""
    for _ in range(TRIES if kinds else 0):
        with alone(db, f"connect-{source}") as held:
            if held:
                with db.writing() as connection:
                    for stream in book.streams(connection, source):
                        if stream.layout.kind in kinds:
                            start = Cursor(comparing.start_of(stream))
                            book.keep_stream(connection, replace(stream, sweep=start))
                return
        time.sleep(PAUSE_S)
