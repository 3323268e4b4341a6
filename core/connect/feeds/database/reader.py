"""A shop's own database, read and never written: its tables, its columns, and rows from a watermark on.

Three things keep us from writing: an account that may not (`rights.py`), a transaction that only reads, and no
statement but SELECT.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import URL, Connection, Engine, FromClause, create_engine, event, inspect
from sqlalchemy.exc import DBAPIError, NoSuchTableError, OperationalError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from core.connect.feeds import address
from core.connect.feeds.mapping import Layout
from core.database.types import Record, Values
from core.errors import ShopError

CONNECT_S = 8
_ONE_SELECT = re.compile(r"\s*(?:select|with)\b", re.IGNORECASE)
MOST_KEYS = 1_000  # of one question: SQL Server takes 2,100 parameters
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


class Cursor(NamedTuple):
    """Up to where rows were read: the watermark and, among equal ones, the key; None: from the beginning."""

    changed: Any = None
    key: Any = None


@contextmanager
def reading(sealed: str, timeout_s: int) -> Iterator[Connection]:
    """A transaction on the shop's database that can only read and whose statements end after `timeout_s` seconds.
    ShopError("connect.unreachable" | "connect.too_slow" | "connect.schema_changed" | "connect.denied")."""
    url = address.address_of(address.opened(sealed))
    engine = _engine(url, timeout_s)
    try:
        with engine.connect() as connection, connection.begin():
            yield connection
    except SQLAlchemyError as error:
        raise _refusal(error) from error
    finally:
        engine.dispose()


def _engine(url: URL, timeout_s: int) -> Engine:
    system = url.get_backend_name()
    if system == "sqlite":
        return _sqlite(url, timeout_s)
    if system == "mssql":
        return _sql_server(url, timeout_s)
    if system == "postgresql":
        options = f"-c default_transaction_read_only=on -c statement_timeout={timeout_s * 1000} -c lock_timeout=5000"
        return create_engine(
            url,
            poolclass=NullPool,
            connect_args={"options": options, "connect_timeout": CONNECT_S, "application_name": "bigsale"},
        )
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "connect_timeout": CONNECT_S,
            "read_timeout": timeout_s + 5,
            "charset": "utf8mb4",
            "init_command": "SET SESSION TRANSACTION READ ONLY",
        },
    )

    @event.listens_for(engine, "connect")
    def _limit(driver: Any, _record: object) -> None:
        maria = "mariadb" in driver.get_server_info().lower()
        limit = f"max_statement_time={timeout_s}" if maria else f"max_execution_time={timeout_s * 1000}"
        with driver.cursor() as cursor:
            cursor.execute(f"SET SESSION {limit}")

    return engine


def _sql_server(url: URL, timeout_s: int) -> Engine:
    """SQL Server knows no transaction that only reads: the account's rights and our SELECT alone keep us from writing.
    Its readers wait for nobody longer than five seconds."""
    engine = create_engine(
        url,
        poolclass=NullPool,
        connect_args={
            "login_timeout": CONNECT_S,
            "timeout": timeout_s,
            "appname": "bigsale",
            "charset": "UTF-8",
        },
    )

    @event.listens_for(engine, "connect")
    def _limit(driver: Any, _record: object) -> None:
        with driver.cursor() as cursor:
            cursor.execute("SET LOCK_TIMEOUT 5000")

    return engine


def _sqlite(url: URL, timeout_s: int) -> Engine:
    """The file opened for reading alone."""
    engine = create_engine(
        url.set(database=f"file:{url.database}", query={"mode": "ro", "uri": "true"}), poolclass=NullPool
    )

    @event.listens_for(engine, "connect")
    def _limit(driver: Any, _record: object) -> None:
        driver.execute("PRAGMA query_only=ON")
        until = time.monotonic() + timeout_s
        driver.set_progress_handler(lambda: int(time.monotonic() > until), _STEPS)

    return engine


def _refusal(error: SQLAlchemyError) -> ShopError:
    """The driver's fault as ours: what it says is cut down to a word that carries no address."""
    if isinstance(error, NoSuchTableError):
        return ShopError("connect.schema_changed", what=str(error)[:80])
    if not isinstance(error, DBAPIError):
        return ShopError("connect.unreadable", fault=type(error).__name__)
    origin: Any = error.orig
    state = str(getattr(origin, "sqlstate", "") or "")
    number = origin.args[0] if origin is not None and origin.args else ""
    said = str(origin)
    if state == "57014" or number in (1969, 3024) or number in (1222, 20003) or said == "interrupted":
        return ShopError("connect.too_slow")
    if state in {"42501", "28000", "28P01"} or number in (229, 1044, 1045, 1142, 1143, 4060, 18456):
        return ShopError("connect.denied")
    if (
        state in {"42P01", "42703", "3F000"}
        or number in (207, 208, 1054, 1146)
        or said.startswith("no such ")
    ):
        return ShopError("connect.schema_changed", what=_name_in(said))
    if state.startswith("42") or number in (102, 156, 1064) or "syntax error" in said:
        return ShopError("connect.bad_select", fault=_name_in(said))
    if isinstance(error, OperationalError) or error.connection_invalidated or state[:2] in {"08", "57"}:
        return ShopError("connect.unreachable")
    return ShopError("connect.unreadable", fault=type(origin).__name__)


def _name_in(said: str) -> str:
    """The first line of a driver's sentence, cut."""
    return said.strip().partition("\n")[0].replace('"', "")[:120]


def tables(connection: Connection) -> list[str]:
    """Every table and view that the account sees, as `schema.table`, without the schema where it is the usual one."""
    looked = inspect(connection)
    schemas: list[str | None] = [None]
    if connection.dialect.name == "postgresql":
        own = {looked.default_schema_name, "information_schema"}
        schemas += [one for one in looked.get_schema_names() if one not in own]
    if connection.dialect.name == "mssql":
        own = {looked.default_schema_name, "sys", "guest", "INFORMATION_SCHEMA"}
        names = [
            one for one in looked.get_schema_names() if not one.startswith("db_")
        ]  # those are its roles'
        schemas += [one for one in names if one not in own]
    return sorted(
        f"{one}.{name}" if one else name
        for one in schemas
        for name in (*looked.get_table_names(one), *looked.get_view_names(one))
    )


def columns(connection: Connection, layout: Layout) -> dict[str, str]:
    """Column -> type, as the database names it, of a table or of a SELECT's answer (there "" for a type that the
    driver does not say). ShopError("connect.not_a_select")."""
    if layout.select:
        answer = connection.execute(sa.select(sa.text("*")).select_from(_source(layout)).limit(0))
        described = answer.cursor.description if answer.cursor is not None else ()
        return {str(one[0]): "" if one[1] is None else str(one[1]) for one in described or ()}
    schema, _, name = layout.table.rpartition(".")
    return {
        str(one["name"]): str(one["type"]) for one in inspect(connection).get_columns(name, schema or None)
    }


def _source(layout: Layout) -> FromClause:
    """The table or the SELECT as something to select from."""
    if layout.select:
        if not _ONE_SELECT.match(layout.select) or ";" in layout.select.strip().rstrip(";"):
            raise ShopError("connect.not_a_select")
        plain = layout.select.strip().rstrip(";").replace(":", r"\:")
        names: list[sa.ColumnClause[object]] = [
            sa.column(name) for name in dict.fromkeys(layout.columns.values())
        ]
        return sa.text(plain).columns(*names).subquery("feed")
    schema, _, name = layout.table.rpartition(".")
    return sa.table(
        name, *(sa.column(one) for one in dict.fromkeys(layout.columns.values())), schema=schema or None
    )


def rows(connection: Connection, layout: Layout, after: Cursor, *, inclusive: bool = False) -> list[Record]:
    """At most `layout.batch` rows behind the cursor, in the order of watermark and key: field -> value.
    `inclusive`: from the cursor's watermark on, its own rows too."""
    names = tuple(layout.columns)
    query = _page(layout, after, inclusive=inclusive)
    return [dict(zip(names, row, strict=True)) for row in connection.execute(query)]


def _page(layout: Layout, after: Cursor, *, inclusive: bool) -> sa.Select[object]:
    """The question for a page of rows."""
    source = _source(layout)
    by_field = {name: source.c[column] for name, column in layout.columns.items()}
    changed, key = by_field["changed"], by_field[layout.key]
    query = sa.select(*(column.label(f"f_{name}") for name, column in by_field.items()))
    if after.changed is not None:
        query = query.where(changed >= after.changed)
        if not inclusive and after.key is not None:
            query = query.where(sa.or_(changed > after.changed, key > after.key))
    return query.where(changed.is_not(None)).order_by(changed, key).limit(layout.batch)


def present(connection: Connection, layout: Layout, keys: Sequence[str]) -> set[str]:
    """Which of these keys are still there."""
    still: set[str] = set()
    for first in range(0, len(keys), MOST_KEYS):
        query = _keys(layout, keys[first : first + MOST_KEYS], connection.dialect.name)
        still |= {str(row[0]) for row in connection.execute(query)}
    return still


def _keys(layout: Layout, keys: Sequence[str], system: str) -> sa.Select[object]:
    """The question which of some keys are there, as texts of any script."""
    source = _source(layout)
    text = sa.Unicode(255) if system == "mssql" else sa.String(255)
    key = sa.cast(source.c[layout.columns["key"]], text)
    return sa.select(key).where(key.in_(list(keys)))


def counted(connection: Connection, layout: Layout, since: Any) -> tuple[int, int]:
    """(rows from a watermark on, rows without a watermark: these are never read)."""
    source = _source(layout)
    changed = source.c[layout.columns["changed"]]
    rows = sa.select(sa.func.count()).select_from(source)
    later = rows if since is None else rows.where(changed >= since)
    blank = rows.where(changed.is_(None))
    return int(connection.scalar(later) or 0), int(connection.scalar(blank) or 0)


def newest(connection: Connection, layout: Layout) -> Values | None:
    """The row with the largest watermark: its fields; None of an empty table."""
    source = _source(layout)
    by_field = {name: source.c[column] for name, column in layout.columns.items()}
    query = sa.select(*(column.label(f"f_{name}") for name, column in by_field.items()))
    query = query.where(by_field["changed"].is_not(None)).order_by(by_field["changed"].desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else dict(zip(by_field, row, strict=True))
