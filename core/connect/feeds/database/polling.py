"""One look at a shop's own database: what is new, then a piece of the second look at what came late, was edited or is
gone. Each page of rows is one transaction with its events, its books and the place where reading goes on: whoever ends
this in the middle finds nothing half done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Connection

from core.connect.feeds import book, posting
from core.connect.feeds.book import Feed, Look, Stream
from core.connect.feeds.database import drift, reader, sheets, watermark
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.derive import Unsayable
from core.connect.feeds.mapping import EVENT_KINDS, Bad, Row, number_of, row_of
from core.connect.feeds.posting import Batch, Tally
from core.database import Database
from core.database.types import Values
from core.errors import ShopError
from core.plain_text import printable

MOST_PAGES, MOST_SWEEP_PAGES = 20, 2  # of one look, so that other kinds have their turn
SWEEP_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a look works with: our database, the shop's, and the moment."""

    db: Database
    remote: Connection
    feed: Feed
    now: datetime

    def batch(self, kind: str) -> Batch:
        """Whose rows they are."""
        return Batch(self.feed.source, kind, f"source:{self.feed.source}", self.now)


def read(db: Database, feed: Feed, streams: Sequence[Stream], now: datetime) -> Look:
    """What a source has, as rows that count, rows refused and rows gone. The faults of `reader.reading` and
    ShopError("connect.sheet_waits")."""
    done, waits = Look(), list[ShopError]()
    timeout = max((one.layout.timeout_s for one in streams), default=20)
    with reader.reading(feed.sealed, timeout) as remote:
        desk = Desk(db, remote, feed, now)
        for stream in streams:
            if stream.layout.kind not in EVENT_KINDS:
                done.rows += _sheet(desk, stream, waits)
                continue
            if _is_due(stream, now):
                drift.require_readable(remote, stream)
            ahead = _forward(desk, stream, done)
            _sweep(desk, ahead, done)
    if waits:
        raise waits[0]
    return done


def _sheet(desk: Desk, stream: Stream, waits: list[ShopError]) -> int:
    """Rows of a sheet; one that waits for a person hinders no other kind."""
    try:
        return sheets.take(desk.db, desk.remote, desk.feed, stream, desk.now)
    except ShopError as error:
        if error.code != "connect.sheet_waits" and not error.code.startswith(
            ("import.", "sheet.", "stock.", "goods.", "audience.")
        ):
            raise
        waits.append(error)
        return 0


def _forward(desk: Desk, stream: Stream, done: Look) -> Stream:
    """Reads on from where the last look ended; the stream with its new place."""
    at, inclusive = stream.position, True
    for _ in range(MOST_PAGES):
        page = reader.rows(desk.remote, stream.layout, at, inclusive=inclusive)
        if not page:
            break
        at, inclusive = _last(page), False
        stream = _post(desk, stream, page, replace(stream, position=at), done)
        if len(page) < stream.layout.batch:
            break
    return stream


def _sweep(desk: Desk, stream: Stream, done: Look) -> None:
    """A piece of the second look, which reaches `overlap` back: late and edited rows, and rows that are gone."""
    if _is_due(stream, desk.now):
        start = watermark.back(stream.position.changed, stream.layout.overlap)
        stream = replace(stream, sweep=Cursor(start), swept_at=desk.now)
    for _ in range(MOST_SWEEP_PAGES):
        if stream.sweep.changed is None:
            return
        page = reader.rows(desk.remote, stream.layout, stream.sweep, inclusive=stream.sweep.key is None)
        ended = len(page) < stream.layout.batch
        first = number_of(stream.sweep.changed, desk.feed.timezone)
        upto = stream.position if ended else _last(page)
        last = number_of(upto.changed, desk.feed.timezone) - (not ended)
        after = replace(stream, sweep=Cursor() if ended else upto)
        stream = _post(desk, stream, page, after, done)
        done.gone += _mark_gone(desk, stream, {str(_key(row)) for row in page}, (first, last))


def _is_due(stream: Stream, now: datetime) -> bool:
    """Whether a second look begins now: the last one has ended and is some time ago, and there is something behind."""
    idle = stream.sweep.changed is None and stream.position.changed is not None
    return idle and (stream.swept_at is None or now - stream.swept_at >= SWEEP_EVERY)


def _post(
    desk: Desk, before: Stream, page: Sequence[Mapping[str, object]], after: Stream, done: Look
) -> Stream:
    """One page in one transaction, with the place where reading goes on."""
    rows = rows_of(desk.feed, before, page)
    if after == before and not _is_news(desk, before.layout.kind, rows):
        return after
    with desk.db.writing() as connection:
        campaign_id = str(desk.feed.settings.get("campaign_id", ""))
        tally = posting.post(connection, desk.batch(before.layout.kind), rows, campaign_id=campaign_id)
        book.keep_stream(connection, after)
        _arrived(connection, desk, tally)
    done.rows += tally.fresh + tally.changed
    done.refused += tally.refused
    done.code = next(iter(tally.codes), done.code)
    return after


def _is_news(desk: Desk, kind: str, rows: Sequence[Row | Bad]) -> bool:
    with desk.db.reading() as connection:
        return posting.has_news(connection, desk.feed.source, kind, rows)


def _arrived(connection: Connection, desk: Desk, tally: Tally) -> None:
    if not tally.fresh and not tally.changed:
        return
    lag = None
    if tally.newest is not None:
        lag = max(0, book.epoch_ms(desk.now) - book.epoch_ms(tally.newest))
    book.arrived(connection, desk.feed.source, tally.fresh, lag, desk.now)


def rows_of(feed: Feed, stream: Stream, page: Sequence[Mapping[str, object]]) -> list[Row | Bad]:
    """The rows of a page as they state themselves. ShopError("connect.key_empty" | "connect.key_twice") where the
    column that was named as the key is none."""
    out: list[Row | Bad] = []
    keys: set[str] = set()
    for values in page:
        key = str(_key(values)).strip() if _key(values) is not None else ""
        if not key:
            raise ShopError("connect.key_empty", column=stream.layout.columns["key"])
        if key in keys:
            raise ShopError("connect.key_twice", column=stream.layout.columns["key"], key=printable(key))
        keys.add(key)
        out.append(_row(feed, stream, key, values))
    return out


def _row(feed: Feed, stream: Stream, key: str, values: Values) -> Row | Bad:
    try:
        return row_of(stream.layout, values, feed.timezone)._replace(key=key)
    except Unsayable as fault:
        field = fault.code.rpartition(".")[2]
        return Bad(key, _number(values, feed.timezone), fault.code, printable(values.get(field)))


def _number(values: Mapping[str, object], zone_name: str) -> int:
    try:
        return number_of(values["changed"], zone_name)
    except Unsayable:
        return 0


def _mark_gone(desk: Desk, stream: Stream, keys: set[str], span: tuple[int, int]) -> int:
    """Marks the rows that our books have within a span of watermarks and the shop's database has no longer."""
    source, kind = desk.feed.source, stream.layout.kind
    with desk.db.reading() as connection:
        known = book.between(connection, source, kind, *span)
    missing = {key: line for key, line in known.items() if key not in keys}
    if missing:
        still = reader.present(desk.remote, stream.layout, sorted(missing))
        missing = {key: line._replace(gone=1) for key, line in missing.items() if key not in still}
    if missing:
        with desk.db.writing() as connection:
            book.keep_lines(connection, source, kind, missing)
    return len(missing)


def _key(values: Mapping[str, object]) -> object:
    return values["key"]


def _last(page: Sequence[Mapping[str, object]]) -> Cursor:
    return Cursor(page[-1]["changed"], _key(page[-1]))
