"""What waits for somebody: rows that do not count as they stand, rows that are gone, a sheet with a doubt."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.connect import journal
from core.connect.feeds import book, posting
from core.connect.feeds.book import Feed, Stream
from core.connect.feeds.database import reader, sheets
from core.connect.feeds.database.comparing import SHEETS
from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import EVENT_KINDS
from core.connect.feeds.setup import DATABASE
from core.connect.feeds.webhooks import level_sheet
from core.connect.tables import feed_line
from core.database import Database, read
from core.errors import ShopError


def open_lines(db: Database, actor: Actor, source: str, limit: int = 200) -> pd.DataFrame:
    """Rows of a source that do not count as they stand, the gone ones first: kind, row_key, order_id, sku_code, code,
    gone."""
    allow(actor, "settings.manage")
    c = feed_line.c
    names = ("kind", "row_key", "order_id", "sku_code", "code", "gone")
    query = select(*(c[name] for name in names)).where(
        c.source == source, (c.gone == 1) | ((c.code != "") & c.code.not_in(book.QUIET))
    )
    with db.reading() as connection:
        return read(connection, query.order_by(c.gone.desc(), c.kind, c.row_key).limit(limit))


def settle_gone(db: Database, actor: Actor, source: str, now: datetime, *, withdraw: bool) -> int:
    """Decides on the rows that are gone from the shop's database: they keep counting, or what they said is cancelled
    and refunded. Rows whose refund is gone cannot be withdrawn and stay; so do stock and goods, of which no event says
    that they are nothing. How many were settled."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        book.feed(connection, source)
        settled = sum(
            _settle(connection, actor, source, kind, now, withdraw=withdraw)
            for kind in (*EVENT_KINDS, *(() if withdraw else SHEETS))
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


def waiting_sheet(db: Database, actor: Actor, source: str, now: datetime) -> tuple[str, bytes]:
    """(kind, csv) of what a source's stock, goods or people have changed, for somebody who uploads it on its own page
    and answers there; that it was taken out is written down. ShopError("connect.not_waiting") where none waits."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        feed, streams = book.feed(connection, source), book.streams(connection, source)
        kind = str(journal.kept(connection, source).facts.get("kind", ""))
    for stream in streams:
        if stream.layout.kind == kind:
            sheet = _sheet(db, feed, stream, now)
            with db.writing() as connection:
                audit.record(connection, actor, now, "source.sheet", source, None, {"kind": kind})
            return kind, sheet
    raise ShopError("connect.not_waiting")


def _sheet(db: Database, feed: Feed, stream: Stream, now: datetime) -> bytes:
    """The rows that wait, from the shop's database or from what its system has told."""
    if feed.system != DATABASE:
        with db.reading() as connection:
            return level_sheet.sheet(level_sheet.compared(connection, feed, now))
    with reader.reading(feed.sealed, stream.layout.timeout_s) as remote:
        return sheets.sheet_of(stream, sheets.changed_rows(remote, stream))
