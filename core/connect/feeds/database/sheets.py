"""Stock, goods and people of a shop's database, through the same import as an upload: what changed since the last look is one
sheet, checked, compared and committed whole; what needs a person waits and is told."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection

from core.connect.feeds import book
from core.connect.feeds.book import Feed, Stream
from core.connect.feeds.database import drift, reader, watermark
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.mapping import Layout
from core.connect.feeds.sheets import imported, kept_waiting, rests, written
from core.connect.kinds import kind as kind_named
from core.database import Database
from core.errors import ShopError

EVERY = timedelta(seconds=60)
MOST_PAGES = 400
MONEY = frozenset({"list_price"})


def take(db: Database, remote: Connection, feed: Feed, stream: Stream, now: datetime) -> int:
    """Rows that were imported; 0 where nothing changed or a minute has not gone by.
    ShopError("connect.sheet_waits") where a person is needed: said again until it is answered."""
    if rests(stream, stream.layout.kind, EVERY, now):
        return 0
    drift.require_readable(remote, stream)
    page = changed_rows(remote, stream)
    if not page:
        return 0
    content = sheet_of(stream, page)
    digest = hashlib.sha256(content).hexdigest()
    # the watermark alone: the next look begins before it anyway, and somebody's id is kept nowhere
    after = replace(stream, position=Cursor(page[-1]["changed"]), digest=digest, swept_at=now)
    if digest == stream.digest:
        with db.writing() as connection:
            book.keep_stream(connection, after)
        return 0
    with kept_waiting(db, stream, now):
        rows = imported(db, feed.source, stream.layout.kind, content, now)
    with db.writing() as connection:
        book.keep_stream(connection, after)
        book.arrived(connection, feed.source, rows, None, now)
    return rows


def changed_rows(remote: Connection, stream: Stream) -> list[Mapping[str, object]]:
    """Everything from the last look's watermark on, less the overlap."""
    at = stream.position
    if at.changed is not None:
        at = Cursor(watermark.back(at.changed, stream.layout.overlap))
    rows: list[Mapping[str, object]] = []
    for number in range(MOST_PAGES):
        page = reader.rows(remote, stream.layout, at, inclusive=number == 0)
        rows += page
        if len(page) < stream.layout.batch:
            return rows
        at = Cursor(page[-1]["changed"], page[-1][stream.layout.key])
    raise ShopError("connect.too_many_rows", most=MOST_PAGES * stream.layout.batch)


def sheet_of(stream: Stream, rows: Sequence[Mapping[str, object]]) -> bytes:
    """The rows as the csv that a person would have uploaded: one a key, its newest; money in yuan."""
    layout, spec = stream.layout, kind_named(stream.layout.kind).spec
    newest = {str(row[layout.key]): row for row in rows}
    fields = [field.name for field in spec.fields if field.name in layout.columns]
    return written(
        layout.kind,
        fields,
        ([_in_yuan(layout, name, row[name]) for name in fields] for _, row in sorted(newest.items())),
    )


def _in_yuan(layout: Layout, name: str, value: object) -> object:
    """A sheet states money in yuan, whatever the database counts it in."""
    if name not in MONEY or layout.unit != "fen" or value is None:
        return value
    return Decimal(str(value)) / 100
