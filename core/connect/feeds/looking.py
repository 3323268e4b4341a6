"""A look at a source: one process at a time, its fault on the card and told once, its silence told too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from core.connect import journal, ringing
from core.connect.feeds import book
from core.connect.feeds.book import Feed, Look, Stream
from core.connect.feeds.database import polling
from core.connect.feeds.setup import DATABASE
from core.connect.feeds.webhooks import level_sheet
from core.database import Database
from core.database.locks import alone
from core.errors import ShopError

WRITTEN_EVERY = timedelta(seconds=30)


def look(db: Database, source: str, now: datetime) -> Look | None:
    """Reads what a source has; None where it is paused or another process is at it. A fault of the source is kept on
    its card, told once, and raised."""
    with alone(db, f"connect-{source}") as held:
        if not held:
            return None
        with db.reading() as connection:
            feed, streams = book.feed(connection, source), book.streams(connection, source)
            used = journal.kept(connection, source)
        if used.paused:
            return None
        try:
            done = _read(db, feed, streams, now)
        except ShopError as error:
            _went_red(db, source, error, now, already=used.fault == error.code)
            raise
        _ended(db, source, done, now, before=used.looked_at, fault=used.fault)
    return done


def _read(db: Database, feed: Feed, streams: Sequence[Stream], now: datetime) -> Look:
    """Rows of a database; of a system that calls, what its calls have said of stock."""
    if feed.system == DATABASE:
        return polling.read(db, feed, streams, now)
    return Look(level_sheet.take(db, feed, streams, now))


def _went_red(db: Database, source: str, error: ShopError, now: datetime, *, already: bool) -> None:
    """Keeps a fault on the card; told when it begins."""
    facts = {
        name: value if isinstance(value, int | str | list) else str(value)
        for name, value in error.facts.items()
    }
    with db.writing() as connection:
        journal.keep(connection, source, fault=error.code, facts=facts, looked_at=now)
        if not already:
            ringing.ring_feed(connection, source, "feed_red", error, now)


def _ended(
    db: Database, source: str, done: Look, now: datetime, *, before: datetime | None, fault: str
) -> None:
    """Writes down that a look came to its end: not each second, only where somebody can see a difference."""
    quiet = not fault and before is not None and now - before < WRITTEN_EVERY
    if quiet and not done.refused and not done.gone:
        return
    with db.writing() as connection:
        journal.keep(connection, source, fault="", facts={}, looked_at=now)
        feed = book.feed(connection, source)
        used = replace(journal.kept(connection, source), last_arrival=feed.last_arrival)
        ringing.ring_silence(connection, used, now, source)
        if done.refused:
            ringing.ring_feed(connection, source, "feed_rows", ShopError(done.code), now)
        if done.gone:
            ringing.ring_feed(connection, source, "feed_gone", ShopError("connect.gone", rows=done.gone), now)
