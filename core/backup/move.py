"""A shop from one database to another, SQLite or PostgreSQL: nothing is written at the source meanwhile, a table is
whole in the target or not there, and the move counts only when rows, sums and every check agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Connection,
    Integer,
    Row,
    String,
    Table,
    cast,
    func,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import make_url

from core.access import Actor, allow, audit
from core.backup.checks import broken, check
from core.database import Database, shape
from core.database.locks import keep_writers_out
from core.database.migrate import require_current, upgrade
from core.database.types import load_tables
from core.errors import ShopError

CHUNK = 5_000  # rows at a time
QUIET_S = 1.0  # so long nothing may be written before a move begins
PATIENCE_MS = 3_000  # for a writer that is just finishing
_MODULUS = (
    1_000_003  # a prime: sums of remainders stay small on every database and still show a changed figure
)


@dataclass(frozen=True, slots=True)
class Moved:
    """A finished move: tables, rows, of these tables those that were there from a move cut short, and the checks that
    passed."""

    tables: int
    rows: int
    kept: list[str]
    checks: list[str]
    ok: bool = True


def move(source: Database, target: Database, actor: Actor, now: datetime) -> Moved:
    """Copies the whole shop, and takes up a move that was cut short. The target gets its schema where it has none.

    ShopError("move.same" | "move.writes" while anything writes at the source | "move.not_empty" for a target with rows
    of its own | "move.differs" | "move.not_whole" | "access.other_key" | "database.empty" | "database.older" | "database.newer").
    """
    allow(actor, "backup.run")
    if _name(source) == _name(target):
        raise ShopError("move.same", name=_name(source))
    require_current(source)
    _require_quiet(source)
    upgrade(target)
    with _alone(source) as connection:
        audit.require_own_key(connection)
        rows, kept = {}, []
        for table in load_tables().sorted_tables:
            rows[table.name], there = _table(connection, target, table)
            kept += [table.name] if there and rows[table.name] else []
        _number_on(target)
        passed = _require_whole(target)
        facts = {"from": _name(source), "to": _name(target), "rows": sum(rows.values())}
        with target.writing() as written:
            audit.record(written, actor, now, "database.move", _name(target), None, facts)
        audit.record(connection, actor, now, "database.move", _name(target), None, facts)
    return Moved(len(rows), sum(rows.values()), kept, passed)


def _name(db: Database) -> str:
    """Which database it is, without its password."""
    address = make_url(db.url)
    return f"{address.get_backend_name()}:{address.host or ''}{address.port or ''}/{address.database}"


def _require_quiet(source: Database) -> None:
    """ShopError("move.writes") where somebody writes right now: what is written after the move would be lost."""
    if not source.embedded:
        return
    with source.reader.connect() as connection:
        first = connection.exec_driver_sql("PRAGMA data_version").scalar()
        connection.rollback()
        time.sleep(QUIET_S)
        if connection.exec_driver_sql("PRAGMA data_version").scalar() != first:
            raise ShopError("move.writes")


@contextmanager
def _alone(source: Database) -> Iterator[Connection]:
    """The source, with every writer kept out until the end."""
    try:
        with source.writing() as connection:
            keep_writers_out(connection, PATIENCE_MS)
            yield connection
    except ShopError as error:
        if error.code == "database.busy":
            raise ShopError("move.writes") from error
        raise


def _table(source: Connection, target: Database, table: Table) -> tuple[int, bool]:
    """Copies a table in one transaction; (its rows, whether it was there already)."""
    wanted = _sums(source, table)
    with target.writing() as connection:
        present = _sums(connection, table)
        if present[0] and present != wanted:
            raise ShopError("move.not_empty", table=table.name)
        if not present[0]:
            _copy(source, connection, table)
            if _sums(connection, table) != wanted:
                raise ShopError("move.differs", table=table.name)
    return wanted[0], bool(present[0])


def _copy(source: Connection, target: Connection, table: Table) -> None:
    values = [column.name for column in table.columns if isinstance(column.type, JSON) and column.nullable]
    read = source.execute(select(table).execution_options(yield_per=CHUNK))
    names = [column.name for column in table.columns]
    for chunk in read.partitions(CHUNK):
        rows = [_named(names, row, values) for row in chunk]
        for _, alike in groupby(
            sorted(rows, key=len), key=len
        ):  # one statement has the same columns in each row
            target.execute(table.insert(), list(alike))


def _named(names: list[str], row: Row[object], values: list[str]) -> dict[str, object]:
    """The row by column; a JSON value that is missing is left out, since None would be written as the word null."""
    return {
        name: value for name, value in zip(names, row, strict=True) if not (value is None and name in values)
    }


def _sums(connection: Connection, table: Table) -> tuple[int, ...]:
    """Rows, and for each column of numbers and of text a sum that any changed row would change."""
    parts: list[Any] = [func.count()]
    for column in table.columns:
        if isinstance(column.type, Integer) and not isinstance(column.type, Boolean):
            parts.append(func.sum(cast(column, BigInteger) % _MODULUS))
        elif isinstance(column.type, String):
            parts.append(func.sum(func.length(column)))
    row = connection.execute(select(*parts).select_from(table)).one()
    return tuple(int(value or 0) for value in row)


def _number_on(target: Database) -> None:
    """New rows are numbered after the copied ones."""
    if target.embedded:
        return
    with target.writing() as connection:
        for sequence, where in shape.sequences().items():
            name, column = where.split(".")
            if inspect(connection).has_sequence(sequence):
                last = connection.scalar(text(f'SELECT max("{column}") FROM "{name}"'))  # noqa: S608 - our own names
                connection.execute(
                    text("SELECT setval(:sequence, :last, :used)"),
                    {"sequence": sequence, "last": last or 1, "used": last is not None},
                )


def _require_whole(target: Database) -> list[str]:
    with target.reading() as connection:
        checks = check(connection)
    if broken(checks):
        raise ShopError("move.not_whole", faults=sorted(broken(checks)))
    return sorted(checks)
