"""Engines and transactions: SQLite in WAL with BEGIN IMMEDIATE, PostgreSQL through psycopg 3. Chosen by the
address alone."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from core.database.driver import either_errors, postgres_errors
from core.database.types import to_json
from core.errors import ShopError
from core.plain_text import printable, require_storable

BUSY_TIMEOUT_MS = 60_000
PRAGMAS: tuple[str, ...] = (
    "journal_mode=WAL",
    "synchronous=FULL",  # an acknowledged import or event survives a power cut
    "foreign_keys=ON",
    f"busy_timeout={BUSY_TIMEOUT_MS}",
    "cache_size=-65536",
    "temp_store=MEMORY",
    "wal_autocheckpoint=16000",
)
POSTGRES_OPTIONS = (
    "-c citus.multi_shard_modify_mode=sequential"  # plain PostgreSQL takes it as a name of nobody's
)
_BUSY_STATES = ("40001", "40P01", "55P03")  # could not serialize, deadlock, lock not available
_FULL_STATE = "53100"  # no room left on the server's disk
_UNSTORABLE_STATES = ("22021", "22P05")  # no character of the encoding, no character that text can hold
_LOST_CLASSES = ("08", "57")  # connection lost; shut down or cancelled by the administrator


@dataclass(frozen=True, slots=True)
class Database:
    """One database: an engine that writes and one that only reads (on SQLite they begin differently)."""

    url: str
    writer: Engine
    reader: Engine

    @property
    def embedded(self) -> bool:
        """True for SQLite."""
        return self.writer.dialect.name == "sqlite"

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that may write; committed at the end, rolled back on any error. Never nested."""
        with _translated("written"), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot to read from."""
        with _translated("read"), self.reader.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Closes every pooled connection."""
        self.writer.dispose()
        self.reader.dispose()


@contextmanager
def _translated(outcome: str) -> Iterator[None]:
    """A database that cannot be reached or is too busy, and text that none can hold, as the shop's own error;
    the bulk writers speak to the driver itself. `outcome`: what has not been done then, "read" or "written"."""
    try:
        yield
    except either_errors(DBAPIError, sqlite3.OperationalError) as error:
        code = _code_of(error.orig if isinstance(error, DBAPIError) else error)
        if code == "text.unstorable":
            raise ShopError(code, value="\\x00") from error
        if code:
            raise ShopError(code, outcome=outcome) from error
        raise
    except UnicodeEncodeError as error:
        raise ShopError("text.unstorable", value=printable(error.object)) from error


def _storable(engine: Engine) -> None:
    """No statement carries text that the other database would refuse. Rows in bulk are not looked at: they
    come from the reading child and the intake, which have taken such text out."""

    @event.listens_for(engine, "before_cursor_execute")
    def _look(
        _connection: object, _cursor: object, _sql: str, given: Any, _context: object, many: bool
    ) -> None:
        if not many:
            require_storable(given.values() if isinstance(given, Mapping) else given)


def _code_of(error: BaseException | None) -> str:
    """ "database.busy", "database.full", "database.unreachable", "text.unstorable", or "" for a fault of ours: by the error's
    number, never by words in its text (a column may be called "locked")."""
    if isinstance(error, sqlite3.OperationalError):
        number = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
        return _SQLITE_CODES.get(number, "")
    if isinstance(error, postgres_errors()):
        state = error.sqlstate
        if isinstance(error, postgres_errors("DataError")) and state in _UNSTORABLE_STATES:
            return "text.unstorable"
        if state is None:  # not a word from the server: the connection itself
            return "database.unreachable" if isinstance(error, postgres_errors("OperationalError")) else ""
        if state in _BUSY_STATES:
            return "database.busy"
        if state == _FULL_STATE:
            return "database.full"
        return "database.unreachable" if state.startswith(_LOST_CLASSES) or state == "53300" else ""
    return ""


_SQLITE_CODES = {
    sqlite3.SQLITE_BUSY: "database.busy",
    sqlite3.SQLITE_LOCKED: "database.busy",
    sqlite3.SQLITE_CANTOPEN: "database.unreachable",
    sqlite3.SQLITE_IOERR: "database.unreachable",
    sqlite3.SQLITE_NOTADB: "database.unreachable",
    sqlite3.SQLITE_FULL: "database.full",
    sqlite3.SQLITE_READONLY: "database.unreachable",
}


def _sqlite(url: str, begin: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(
        url, json_serializer=to_json, json_deserializer=orjson.loads, pool_size=16, max_overflow=48
    )

    @event.listens_for(engine, "do_connect")
    def _its_owners_alone(_dialect: object, _record: object, _words: object, _named: object) -> None:
        if path and path != ":memory:":
            private(Path(path))

    @event.listens_for(engine, "connect")
    def _prepare(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # SQLAlchemy's documented way: the driver must not begin on its own
        for pragma in PRAGMAS:
            driver.execute(f"PRAGMA {pragma}")

    _storable(engine)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def private(path: Path) -> None:
    """The file exists and is its owner's alone; SQLite gives its journals the same mode."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with suppress(PermissionError):  # somebody else's file that we may use: its owner has decided
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _postgres(url: str, isolation: str, read_only: bool) -> Engine:
    address = make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        connect_args={"options": f"{address.query.get('options', '')} {POSTGRES_OPTIONS}".strip()},
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        isolation_level=isolation,
        pool_size=16,
        max_overflow=48,
        pool_pre_ping=True,
    )
    _storable(engine)
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


@lru_cache(maxsize=8)
def connect(url: str) -> Database:
    """The one database of this process at `url`. ShopError("database.unsupported") for other systems."""
    name = make_url(url).drivername
    if name.startswith("sqlite"):
        return Database(url, _sqlite(url, "BEGIN IMMEDIATE"), _sqlite(url, "BEGIN"))
    if name.startswith("postgres"):
        return Database(url, _postgres(url, "READ COMMITTED", False), _postgres(url, "REPEATABLE READ", True))
    raise ShopError("database.unsupported", driver=name)
