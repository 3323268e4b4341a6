"""The night's comparison of a shop's database with what was taken of it: rows that were edited without their time of
change moving, or are gone, behind the reach of the second look. Only read; what differs is named, and read again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import Connection

from core import clock
from core.connect.feeds import book, posting
from core.connect.feeds.book import Feed, Line, Stream
from core.connect.feeds.database import polling, reader, sheets, watermark
from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.derive import Sums
from core.connect.feeds.mapping import Bad, Row, number_of
from core.database import Database

DAYS = 7
COUNTED = 100_000  # numbers that are compared of a watermark that counts
SHEETS = ("stock", "goods")  # of people nothing is kept that could be compared
SILENT = "connect.silent_edit"


@dataclass(slots=True)
class Day:
    """A day of a kind (ISO day of the watermark, "" of one that counts): rows, units and fen (paid less refunded) that
    the source has, and that our books have; rows that say something else. Rows that are open already are in none."""

    kind: str
    day: str
    there: int = 0
    known: int = 0
    there_units: int = 0
    known_units: int = 0
    there_fen: int = 0
    known_fen: int = 0
    edited: int = 0

    def add(self, row: Row | None, line: Line | None) -> None:
        """Counts a row of the source and what is known of it."""
        self.there += row is not None
        self.known += line is not None
        if row is not None:
            self.there_units, self.there_fen = _more(self.there_units, self.there_fen, row.sums)
        if line is not None:
            self.known_units, self.known_fen = _more(self.known_units, self.known_fen, line.sums)
        self.edited += row is not None and line is not None and line.digest != posting.digest_of(row)

    @property
    def differs(self) -> bool:
        """Whether the two sides are not the same."""
        ours = (self.known, self.known_units, self.known_fen)
        return self.edited > 0 or (self.there, self.there_units, self.there_fen) != ours


def _more(units: int, fen: int, sums: Sums) -> tuple[int, int]:
    order, pay = sums
    return units + (order.up - order.down) + (pay.up - pay.down), fen + pay.up_fen - pay.down_fen


def compare(
    db: Database, remote: Connection, feed: Feed, stream: Stream, *, days: int = DAYS
) -> list[dict[str, object]]:
    """The days of orders, payments or refunds on which the source is not what was taken, as `Day` by name."""
    if stream.position.changed is None:
        return []
    upto = number_of(watermark.back(stream.position.changed, stream.layout.overlap), feed.timezone)
    at, inclusive = Cursor(start_of(stream, days)), True
    tally: dict[str, Day] = {}
    while True:
        page = reader.rows(remote, stream.layout, at, inclusive=inclusive)
        ended = len(page) < stream.layout.batch
        first = number_of(at.changed, feed.timezone)
        last = upto if ended else min(upto, number_of(page[-1]["changed"], feed.timezone) - 1)
        rows = [row for row in polling.rows_of(feed, stream, page) if row.changed <= upto]
        _count(db, remote, feed, stream, rows, (first, last), tally)
        if ended or last == upto:
            return [asdict(one) for _, one in sorted(tally.items()) if one.differs]
        at, inclusive = Cursor(page[-1]["changed"], page[-1]["key"]), False


def start_of(stream: Stream, days: int = DAYS) -> object:
    """The watermark at which a comparison begins."""
    counts = isinstance(watermark.back(stream.position.changed, 0), int)
    return watermark.back(stream.position.changed, COUNTED if counts else days * 86_400)


def _count(
    db: Database,
    remote: Connection,
    feed: Feed,
    stream: Stream,
    rows: Sequence[Row | Bad],
    span: tuple[int, int],
    tally: dict[str, Day],
) -> None:
    """A page's rows and what is known of them, and of others within its span, into their days."""
    kind, there = stream.layout.kind, {row.key: row for row in rows}
    with db.reading() as connection:
        within = book.between(connection, feed.source, kind, *span)
        known = book.lines(connection, feed.source, kind, there) | within
    missing = sorted(within.keys() - there.keys())
    moved = reader.present(remote, stream.layout, missing) if missing else set()
    for key in sorted(there.keys() | known.keys() - moved):
        row, line = there.get(key), known.get(key)
        if isinstance(row, Bad) or (line is not None and (line.code or line.gone)):
            continue
        day = _day(row.changed if row is not None else line.changed if line is not None else 0, feed, stream)
        tally.setdefault(day, Day(kind, day)).add(row, line)


def _day(changed: int, feed: Feed, stream: Stream) -> str:
    if isinstance(stream.position.changed, int):
        return ""
    moment = datetime.fromtimestamp(changed / 1_000_000, UTC)
    return moment.astimezone(clock.zone(feed.timezone)).date().isoformat()


def compare_sheet(db: Database, remote: Connection, feed: Feed, stream: Stream) -> tuple[int, int]:
    """(rows gone, rows edited without their time of change moving) of stock or goods since the last comparison; each is
    a line of the source that is open until somebody has said what it means. The first comparison only remembers."""
    if stream.position.changed is None:
        return 0, 0
    kind, upto = stream.layout.kind, number_of(stream.position.changed, feed.timezone)
    rows = {
        str(row[stream.layout.key]): (number_of(row["changed"], feed.timezone), row)
        for row in sheets.changed_rows(remote, replace(stream, position=Cursor()))
    }
    with db.reading() as connection:
        known = book.every(connection, feed.source, kind)
    newest = max((line.changed for line in known.values()), default=upto)
    kept = {
        key: _compared(key, known.get(key), changed, _digest(row), newest=newest, first=not known)
        for key, (changed, row) in rows.items()
        if changed <= upto
    }
    kept |= {key: line._replace(gone=1) for key, line in known.items() if key not in rows and not line.gone}
    news = {key: line for key, line in kept.items() if line != known.get(key)}
    with db.writing() as connection:
        book.keep_lines(connection, feed.source, kind, news)
    gone = sum(line.gone == 1 for line in news.values())
    return gone, sum(line.code == SILENT for line in news.values())


def _compared(key: str, line: Line | None, changed: int, digest: str, *, newest: int, first: bool) -> Line:
    """What is known of a row from now on. What was never read keeps its old digest until it was."""
    if line is None:
        unread = not first and changed <= newest
        return Line("", key, "", Sums(), 0, "" if unread else digest, SILENT if unread else "", changed)
    if line.changed == changed and (line.code == SILENT or line.digest not in ("", digest)):
        return line._replace(code=SILENT, gone=0)
    return line._replace(digest=digest, code="", changed=changed, gone=0)


def _digest(row: Mapping[str, object]) -> str:
    """What a row of a sheet says, without its watermark."""
    facts = sorted((name, str(value)) for name, value in row.items() if name != "changed")
    return posting.digest_of_facts(facts)
