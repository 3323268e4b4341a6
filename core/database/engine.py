"""Engines and transactions: SQLite in WAL with BEGIN IMMEDIATE, PostgreSQL through psycopg 3. Chosen by the address alone."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from core.database.types import to_json
from core.errors import ShopError

BUSY_TIMEOUT_MS = 60_000


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
        with _translated(), self.writer.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent snapshot to read from."""
        with _translated(), self.reader.connect() as connection, connection.begin():
            yield connection

    def dispose(self) -> None:
        """Closes every pooled connection."""
        self.writer.dispose()
        self.reader.dispose()


@contextmanager
def _translated() -> Iterator[None]:
    """A database that cannot be reached or is too busy, as the shop's own error; the bulk doors speak to the driver itself."""
    try:
        yield
    except (OperationalError, sqlite3.OperationalError, psycopg.OperationalError) as error:
        busy = any(word in str(error) for word in ("locked", "deadlock", "could not serialize"))
        code = "database.busy" if busy else "database.unreachable"
        raise ShopError(code) from error


def _sqlite(url: str, begin: str) -> Engine:
    path = make_url(url).database
    if path and path != ":memory:":
        Path(path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    engine = create_engine(url, json_serializer=to_json, json_deserializer=orjson.loads, pool_size=16, max_overflow=48)

    @event.listens_for(engine, "connect")
    def _prepare(driver: Any, _record: object) -> None:
        driver.isolation_level = None  # SQLAlchemy's documented way: the driver must not begin on its own
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"busy_timeout={BUSY_TIMEOUT_MS}",
            "cache_size=-65536",
            "temp_store=MEMORY",
            "wal_autocheckpoint=16000",
        ):
            driver.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


def _postgres(url: str, isolation: str, read_only: bool) -> Engine:
    address = make_url(url)
    if address.drivername in {"postgres", "postgresql"}:
        address = address.set(drivername="postgresql+psycopg")
    engine = create_engine(
        address,
        json_serializer=to_json,
        json_deserializer=orjson.loads,
        isolation_level=isolation,
        pool_size=16,
        max_overflow=48,
        pool_pre_ping=True,
    )
    return engine.execution_options(postgresql_readonly=True) if read_only else engine


@lru_cache(maxsize=8)
def connect(url: str) -> Database:
    """The database at `url` (one per process and address). ShopError("database.unsupported") for other systems."""
    name = make_url(url).drivername
    if name.startswith("sqlite"):
        return Database(url, _sqlite(url, "BEGIN IMMEDIATE"), _sqlite(url, "BEGIN"))
    if name.startswith("postgres"):
        return Database(url, _postgres(url, "READ COMMITTED", False), _postgres(url, "REPEATABLE READ", True))
    raise ShopError("database.unsupported", driver=name)
