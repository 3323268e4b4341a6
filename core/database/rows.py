"""The bulk writer for small, frequent batches: tuples in, tuples out, without the fixed cost of a DataFrame.

Rows are tuples in the order of `columns` (default: the table's own), of plain integers, texts and moments;
columns that have one value for all rows may be `fixed` instead. They go to the driver itself, past
SQLAlchemy: SQLite takes many of them a statement (a call for each row costs as much as the row, and each
value half as much as the row's place in the tree); PostgreSQL takes a column as one JSON array, which it
unfolds itself (a list parameter costs the client six times more), or a COPY where no conflict can happen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import orjson
from sqlalchemy import Column, Connection, Integer, Table

from core.database.driver import postgres_errors
from core.database.types import Moment

if TYPE_CHECKING:
    from psycopg import Error

Row = tuple[Any, ...]
_NOTHING: Mapping[str, object] = MappingProxyType({})
_AT_ONCE = 50  # rows a statement on SQLite: measured, more gains nothing
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def append(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    columns: Sequence[str] = (),
    fixed: Mapping[str, object] = _NOTHING,
) -> None:
    """Adds rows that cannot exist yet (the caller holds the lock and has looked)."""
    if not rows:
        return
    named = _named(table, columns, fixed)
    if _sqlite(connection):
        _many(_driver(connection), table, named, "", rows, fixed)
        return
    same = tuple(_spelled(value, False) for value in fixed.values())
    with (
        _driver(connection)
        .cursor()
        .copy(f'COPY "{table.name}" ({_quoted((*fixed, *named))}) FROM STDIN') as copy
    ):
        copy.write(_copied([same + row for row in _moments(table, named, rows, False)]))


def append_new(
    connection: Connection, table: Table, rows: Sequence[Row], fixed: Mapping[str, object] = _NOTHING
) -> bool:
    """Adds all the rows, or none of them and answers False where a key of them exists already (or comes
    twice).

    On SQLite the table has row ids: a savepoint would copy every page that it touches.
    """
    driver = _driver(connection)
    if _sqlite(connection):
        last = driver.execute(f'SELECT coalesce(max(rowid), 0) FROM "{table.name}"').fetchone()[0]  # noqa: S608
        if _many(driver, table, _named(table, (), fixed), " ON CONFLICT DO NOTHING", rows, fixed) < len(rows):
            driver.execute(f'DELETE FROM "{table.name}" WHERE rowid > ?', (last,))  # noqa: S608
            return False
        return True
    driver.execute("SAVEPOINT rows_are_new")
    try:
        append(connection, table, rows, fixed=fixed)
    except postgres_errors() as error:
        if not duplicate_key(error):
            raise
        driver.execute("ROLLBACK TO SAVEPOINT rows_are_new")
        return False
    driver.execute("RELEASE SAVEPOINT rows_are_new")
    return True


def duplicate_key(error: Error) -> bool:
    """Whether a key exists already. A worker of Citus hands its unique violation on under XX000 when the rows came by a
    distributed COPY; its message is the server's own, which names no column of ours before the colon."""
    if error.sqlstate == "23505":
        return True
    said = str(error.diag.message_primary or error)
    return error.sqlstate == "XX000" and said.startswith("duplicate key value violates unique constraint")


def merge(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    add: Sequence[str] = (),
    put: Sequence[str] = (),
    columns: Sequence[str] = (),
    fixed: Mapping[str, object] = _NOTHING,
) -> None:
    """Adds rows or, where the primary key exists, sums the `add` columns onto the stored ones and sets the
    `put` columns.

    Keys are unique within `rows`.
    """
    if not rows:
        return
    named = _named(table, columns, fixed)
    conflict = _conflict(table, tuple(add), tuple(put))
    if _sqlite(connection):
        _many(_driver(connection), table, named, conflict, rows, fixed)
        return
    arrays = [
        orjson.dumps(values).decode() for values in zip(*_moments(table, named, rows, False), strict=True)
    ]
    same = [_spelled(value, False) for value in fixed.values()]
    _driver(connection).execute(_unfold(table, tuple(fixed), named) + conflict, [*same, *arrays])


@contextmanager
def together(connection: Connection) -> Iterator[None]:
    """Sends what is merged inside without waiting for each answer (PostgreSQL's pipeline); a fault shows at
    the end."""
    if _sqlite(connection):
        yield
        return
    with _driver(connection).pipeline():
        yield


def find(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    fixed: Mapping[str, str | int],
    column: str,
    keys: Collection[str],
) -> list[Row]:
    """The rows whose `fixed` columns have those values and whose text `column` is one of `keys` (each given
    once): the named columns, as tuples.
    """
    if not keys:
        return []
    sql = _find(_sqlite(connection), table, tuple(columns), tuple(fixed), column)
    wanted = orjson.dumps(list(keys)).decode()
    matches: list[Row] = _driver(connection).execute(sql, (wanted, *fixed.values())).fetchall()
    return matches


def _sqlite(connection: Connection) -> bool:
    return connection.dialect.name == "sqlite"


def _driver(connection: Connection) -> Any:
    """The driver's own connection, inside the running transaction."""
    return connection.connection.driver_connection


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _named(table: Table, columns: Sequence[str], fixed: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(columns) or tuple(name for name in table.columns.keys() if name not in fixed)  # noqa: SIM118 - names, not columns


def _many(
    driver: Any,
    table: Table,
    named: tuple[str, ...],
    conflict: str,
    rows: Sequence[Row],
    fixed: Mapping[str, object],
) -> int:
    same = {name: _spelled(value, True) for name, value in fixed.items()}
    return many(driver, table, named, conflict, _moments(table, named, rows, True), same)


def many(
    driver: Any,
    table: Table,
    named: tuple[str, ...],
    conflict: str,
    rows: Sequence[Row],
    fixed: Mapping[str, object],
) -> int:
    """SQLite: writes rows of the driver's own values (`fixed`: those of columns that have one for all rows), many a
    statement; returns how many it wrote."""
    same = tuple(fixed.values())
    whole, written = len(rows) // _AT_ONCE * _AT_ONCE, 0
    statement = _insert(table, tuple(fixed), named, _AT_ONCE) + conflict
    for start in range(0, whole, _AT_ONCE):
        written += driver.execute(
            statement, [*same, *chain.from_iterable(rows[start : start + _AT_ONCE])]
        ).rowcount
    if whole < len(rows):
        statement = _insert(table, tuple(fixed), named, 1) + conflict
        written += driver.executemany(statement, [same + row for row in rows[whole:]]).rowcount
    return written


@lru_cache(maxsize=128)
def _insert(table: Table, fixed: tuple[str, ...], named: tuple[str, ...], rows: int) -> str:
    same, width = len(fixed), len(named)
    first = [f"?{n + 1}" for n in range(same)]
    each = [
        ", ".join([*first, *(f"?{same + row * width + n + 1}" for n in range(width))]) for row in range(rows)
    ]
    return f'INSERT INTO "{table.name}" ({_quoted((*fixed, *named))}) VALUES ({"), (".join(each)})'  # noqa: S608 - names come from metadata


@lru_cache(maxsize=64)
def _unfold(table: Table, fixed: tuple[str, ...], named: tuple[str, ...]) -> str:
    same = [f"%s{_cast(table.columns[name]) or '::text'}" for name in fixed]
    lists = [f"json_array_elements_text(%s::json){_cast(table.columns[name])}" for name in named]
    return f'INSERT INTO "{table.name}" ({_quoted((*fixed, *named))}) SELECT {", ".join([*same, *lists])}'


@lru_cache(maxsize=64)
def _conflict(table: Table, add: tuple[str, ...], put: tuple[str, ...]) -> str:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    sets = [f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in add] + [
        f'"{n}" = excluded."{n}"' for n in put
    ]
    return f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(sets)}"


@lru_cache(maxsize=64)
def _find(sqlite: bool, table: Table, columns: tuple[str, ...], fixed: tuple[str, ...], column: str) -> str:
    names, mark = _quoted(columns), "?" if sqlite else "%s"
    where = "".join(f' AND "{name}" = {mark}' for name in fixed)
    if sqlite:  # the keys lead: an IN would first sort them into a tree of its own
        return f'SELECT {names} FROM json_each(?) AS k CROSS JOIN "{table.name}" WHERE "{column}" = k.value{where}'  # noqa: S608
    any_of = "ARRAY(SELECT json_array_elements_text(%s::json))"
    return f'SELECT {names} FROM "{table.name}" WHERE "{column}" = ANY ({any_of}){where}'  # noqa: S608


def _copied(rows: Sequence[Row]) -> str:
    """The rows in COPY's text format. Values hold none of its marks as a rule; that is seen on the whole, at
    a tenth of the cost."""
    text = "\n".join(["\t".join(map(str, row)) for row in rows])
    if (
        "\\" in text
        or "\r" in text
        or text.count("\n") >= len(rows)
        or text.count("\t") > len(rows) * (len(rows[0]) - 1)
    ):
        text = "\n".join(["\t".join([str(value).translate(_ESCAPES) for value in row]) for row in rows])
    return text + "\n"


def _cast(column: Column[object]) -> str:
    if isinstance(column.type, Integer):  # BigInteger is one
        return "::bigint"
    return "::timestamptz" if isinstance(column.type, Moment) else ""


@lru_cache(maxsize=64)
def _moment_at(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(columns) if isinstance(table.columns[name].type, Moment))


def _moments(table: Table, columns: tuple[str, ...], rows: Sequence[Row], sqlite: bool) -> Sequence[Row]:
    """The rows with aware moments as the driver's text; most tables here have none."""
    places = _moment_at(table, columns)
    if not places:
        return rows
    return [tuple([_spelled(v, sqlite) if i in places else v for i, v in enumerate(row)]) for row in rows]


def _spelled(value: object, sqlite: bool) -> object:
    return _moment(value, sqlite) if isinstance(value, datetime) else value


@lru_cache(maxsize=64)
def _moment(moment: datetime, sqlite: bool) -> str:
    """A batch holds the same moment many times."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f" + ("" if sqlite else "+00:00"))
