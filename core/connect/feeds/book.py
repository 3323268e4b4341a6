"""The books of the feeds: each source, each kind that is read of it, and what every row has come to. Inside the
caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, TextClause, func, select

from core.connect.feeds.database.reader import Cursor
from core.connect.feeds.derive import Pair, Sums
from core.connect.feeds.mapping import Layout
from core.connect.tables import OPEN, connect_feed, connect_source, connect_stream, feed_line
from core.database import keyed
from core.database.rows import find, merge
from core.database.types import Values
from core.errors import ShopError
from core.live.intake import sources

OUTSIDE = "live.no_campaign"
PENDING = "connect.level_pending"  # told, and compared with our stock within a minute
QUIET = (OUTSIDE, PENDING)  # nobody has to do anything about these
_SUMS = (
    "ordered",
    "ordered_fen",
    "cancelled",
    "cancelled_fen",
    "paid",
    "paid_fen",
    "refunded",
    "refunded_fen",
)
_LINE = ("order_id", "sku_code", "campaign_id", *_SUMS, "step", "digest", "code", "changed", "gone")


class Line(NamedTuple):
    """What is known of a row."""

    order_id: str
    sku_code: str
    campaign_id: str
    sums: Sums
    step: int
    digest: str
    code: str
    changed: int
    gone: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """A source as it is kept; `sealed` is never shown."""

    source: str
    system: str
    sealed: str
    sealed_before: str
    before_until: datetime | None
    dialect: str
    timezone: str
    settings: Values
    taken: int
    last_arrival: datetime | None
    lag_ms: int | None


@dataclass(frozen=True, slots=True)
class Stream:
    """A kind that is read of a database: how, and up to where. `sweep` is the cursor of the second look."""

    source: str
    layout: Layout
    shape: Mapping[str, str]
    position: Cursor
    sweep: Cursor
    swept_at: datetime | None
    digest: str


@dataclass(slots=True)
class Look:
    """What a look came to: rows that count now, rows refused, rows found gone."""

    rows: int = 0
    refused: int = 0
    gone: int = 0
    code: str = ""


def feed(connection: Connection, source: str) -> Feed:
    """The source of that name. ShopError("connect.unknown_source")."""
    for one in feeds(connection, source):
        return one
    raise ShopError("connect.unknown_source", source=source)


def feeds(connection: Connection, source: str = "") -> list[Feed]:
    """Every source by name, or the one of that name."""
    query = select(*(connect_feed.c[name] for name in Feed.__slots__)).order_by(connect_feed.c.source)
    if source:
        query = query.where(connect_feed.c.source == source)
    return [Feed(**row) for row in connection.execute(query).mappings()]


def require_free(connection: Connection, source: str) -> None:
    """ShopError("connect.source_exists") for a name that another source has, one that sends events too: their sums
    would be one."""
    if feeds(connection, source) or sources.find(connection, source) is not None:
        raise ShopError("connect.source_exists", source=source)


def streams(connection: Connection, source: str) -> list[Stream]:
    """The kinds that are read of a source, by name."""
    query = select(connect_stream).where(connect_stream.c.source == source).order_by(connect_stream.c.kind)
    return [
        Stream(
            source,
            Layout(**row["mapping"]),
            row["shape"],
            _cursor(row["position"]),
            _cursor(row["sweep"]),
            row["swept_at"],
            row["digest"],
        )
        for row in connection.execute(query).mappings()
    ]


def keep_stream(connection: Connection, stream: Stream) -> None:
    """Writes down how a kind is read and up to where."""
    values = {
        "mapping": asdict(stream.layout),
        "shape": dict(stream.shape),
        "position": _plain(stream.position),
        "sweep": _plain(stream.sweep),
        "swept_at": stream.swept_at,
        "digest": stream.digest,
    }
    key = {"source": stream.source, "kind": stream.layout.kind}
    where = (connect_stream.c.source == stream.source, connect_stream.c.kind == stream.layout.kind)
    if connection.execute(connect_stream.update().where(*where).values(**values)).rowcount == 0:
        connection.execute(connect_stream.insert().values(**key, **values))


def change(connection: Connection, source: str, **values: object) -> None:
    """Writes columns of a source's row."""
    connection.execute(connect_feed.update().where(connect_feed.c.source == source).values(**values))


def arrived(connection: Connection, source: str, rows: int, lag_ms: int | None, now: datetime) -> None:
    """Counts rows that came in."""
    values = {"taken": connect_feed.c.taken + rows, "last_arrival": now}
    if lag_ms is not None:
        values["lag_ms"] = lag_ms
    change(connection, source, **values)


def lines(connection: Connection, source: str, kind: str, keys: Iterable[str]) -> dict[str, Line]:
    """What is known of these rows, by key."""
    rows = find(
        connection,
        feed_line,
        ("row_key", *_LINE),
        {"source": source, "kind": kind},
        "row_key",
        sorted(set(keys)),
    )
    return {row[0]: _line(row[1:]) for row in rows}


def between(connection: Connection, source: str, kind: str, first: int, last: int) -> dict[str, Line]:
    """What is known of the rows whose watermark lies within the two, both included, and that are not gone."""
    c = feed_line.c
    return _where(connection, source, kind, c.changed >= first, c.changed <= last, c.gone == 0)


def orders_since(connection: Connection, source: str, codes: Iterable[str], since: int) -> set[str]:
    """The orders with a line or a refund of these merchant codes that changed after a watermark."""
    c = feed_line.c
    of_orders = (c.source == source, c.kind.in_(("orders", "refunds")), c.changed > since)
    return set(connection.scalars(select(c.order_id).where(*of_orders, keyed(c.sku_code, codes, connection))))


def coded(connection: Connection, source: str, kind: str, *codes: str) -> dict[str, Line]:
    """The rows that do not count as they stand, for one of these reasons; for any where none is named."""
    c = feed_line.c
    why = c.code.in_(codes) if codes else c.code != ""
    return _where(connection, source, kind, OPEN, why)


def beginning(connection: Connection, source: str, kind: str, start: str) -> dict[str, Line]:
    """The rows whose key begins so. Looks at every row of the kind: for what happens seldom."""
    return _where(connection, source, kind, feed_line.c.row_key.startswith(start, autoescape=True))


def every(connection: Connection, source: str, kind: str) -> dict[str, Line]:
    """All rows of a kind that are known."""
    return _where(connection, source, kind)


def of_goods(connection: Connection, source: str, kind: str, codes: Iterable[str]) -> dict[str, Line]:
    """The rows of these merchant codes, as `beginning`."""
    return _where(connection, source, kind, keyed(feed_line.c.sku_code, codes, connection))


def _where(
    connection: Connection, source: str, kind: str, *where: ColumnElement[bool] | TextClause
) -> dict[str, Line]:
    c = feed_line.c
    query = select(c.row_key, *(c[name] for name in _LINE)).where(c.source == source, c.kind == kind, *where)
    return {row[0]: _line(tuple(row[1:])) for row in connection.execute(query)}


def gone(connection: Connection, source: str, kind: str, limit: int = 5_000) -> dict[str, Line]:
    """The rows that wait for somebody to say what their disappearance means."""
    c = feed_line.c
    query = select(c.row_key, *(c[name] for name in _LINE)).where(c.source == source, OPEN, c.gone == 1)
    mine = query.where(c.kind == kind).limit(limit)
    return {row[0]: _line(tuple(row[1:])) for row in connection.execute(mine)}


def mark_order_gone(connection: Connection, source: str, order_id: str) -> int:
    """Marks the lines of an order that its shop system has deleted; how many."""
    c = feed_line.c
    where = (c.source == source, c.kind == "orders", c.order_id == order_id, c.gone == 0)
    return connection.execute(feed_line.update().where(*where).values(gone=1)).rowcount


def lines_of_order(connection: Connection, source: str, order_id: str) -> dict[str, Line]:
    """What is known of the lines of an order."""
    return _where(connection, source, "orders", feed_line.c.order_id == order_id)


def extent(connection: Connection, source: str, kind: str) -> tuple[int, int]:
    """(the smallest watermark, rows) that are known of a kind, without those that are gone."""
    c = feed_line.c
    query = select(func.min(c.changed), func.count()).where(c.source == source, c.kind == kind, c.gone == 0)
    first, rows = connection.execute(query).one()
    return int(first or 0), int(rows)


def keep_lines(connection: Connection, source: str, kind: str, known: Mapping[str, Line]) -> None:
    """Writes down what rows have come to."""
    rows = [(key, *one[:3], *one.sums.order, *one.sums.pay, *one[4:]) for key, one in sorted(known.items())]
    merge(
        connection,
        feed_line,
        rows,
        put=_LINE,
        columns=("row_key", *_LINE),
        fixed={"source": source, "kind": kind},
    )


def _line(row: Sequence[Any]) -> Line:
    sums = Sums(Pair(*row[3:7]), Pair(*row[7:11]))
    return Line(row[0], row[1], row[2], sums, *row[11:])


class Open(NamedTuple):
    """Rows that do not count as they stand: of a moment without a sale, refused, gone from their source."""

    outside: int = 0
    refused: int = 0
    gone: int = 0


def open_rows(connection: Connection, source: str) -> Open:
    """How many rows of a source do not count as they stand."""
    c = feed_line.c
    query = select(c.code, c.gone, func.count()).where(c.source == source, OPEN).group_by(c.code, c.gone)
    sums = {"outside": 0, "refused": 0, "gone": 0}
    for code, gone, number in connection.execute(query):
        if gone == 1 or code != PENDING:
            sums["gone" if gone == 1 else "outside" if code == OUTSIDE else "refused"] += number
    return Open(**sums)


def forget_open(connection: Connection, source: str, kind: str) -> None:
    """Forgets that rows were refused, so that they are tried again. What counts of them stays known."""
    c = feed_line.c
    where = (c.source == source, c.kind == kind, c.code != "")
    connection.execute(feed_line.update().where(*where).values(digest="", code=""))


def remove(connection: Connection, source: str) -> None:
    """Takes a source out of the books; its rows stay known, so that the same name reads nothing twice."""
    for table in (connect_stream, connect_source, connect_feed):
        connection.execute(table.delete().where(table.c.source == source))


def _plain(cursor: Cursor) -> dict[str, object]:
    """A cursor as JSON, with what its watermark is."""
    return {"changed": _tagged(cursor.changed), "key": _tagged(cursor.key)}


def _tagged(value: object) -> list[object] | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        return ["moment", value.isoformat()]
    if isinstance(value, Decimal):
        return ["number", str(value)]
    return ["plain", value] if isinstance(value, int | float | str) else ["plain", str(value)]


def _cursor(kept: Values) -> Cursor:
    return Cursor(_untagged(kept.get("changed")), _untagged(kept.get("key")))


def _untagged(kept: list[Any] | None) -> Any:
    if kept is None:
        return None
    kind, value = kept
    if kind == "moment":
        return datetime.fromisoformat(value)
    return Decimal(value) if kind == "number" else value


def epoch_ms(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return round(moment.astimezone(UTC).timestamp() * 1000)
