"""The bulk door for small, frequent batches: tuples in, tuples out, without the fixed cost of a DataFrame.

Rows are tuples in the order of `columns` (default: the table's own), of plain integers, texts and moments. SQLite takes them by
executemany; PostgreSQL takes one JSON parameter, which it unfolds itself, or a COPY where no conflict can happen.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC
from functools import lru_cache
from typing import Any

import orjson
from sqlalchemy import Column, Connection, Integer, Table

from core.database.types import Moment

Row = tuple[Any, ...]


def append(connection: Connection, table: Table, rows: Sequence[Row], columns: Sequence[str] = ()) -> None:
    """Adds rows that cannot exist yet (the caller holds the lock and has looked)."""
    if not rows:
        return
    named = tuple(columns) or tuple(table.columns.keys())
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert(table, named), _moments(table, named, rows, True))
        return
    driver = connection.connection.driver_connection
    with driver.cursor().copy(f'COPY "{table.name}" ({_quoted(named)}) FROM STDIN') as copy:  # type: ignore[union-attr]
        copy.write("".join(["\t".join([_escaped(value) for value in row]) + "\n" for row in _moments(table, named, rows, False)]))


def merge(
    connection: Connection,
    table: Table,
    rows: Sequence[Row],
    add: Sequence[str] = (),
    put: Sequence[str] = (),
    columns: Sequence[str] = (),
) -> None:
    """Adds rows or, where the primary key exists, sums the `add` columns onto the stored ones and sets the `put` columns.

    Keys are unique within `rows`; sorted rows touch the tree once from left to right and lock in one order everywhere.
    """
    if not rows:
        return
    named = tuple(columns) or tuple(table.columns.keys())
    conflict = _conflict(table, tuple(add), tuple(put))
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(_insert(table, named) + conflict, _moments(table, named, rows, True))
        return
    body = orjson.dumps(_moments(table, named, rows, False)).decode()
    connection.exec_driver_sql(_unfold(table, named) + conflict, (body,))


def find(
    connection: Connection,
    table: Table,
    columns: Sequence[str],
    fixed: Mapping[str, str | int],
    column: str,
    keys: Collection[str],
) -> list[Row]:
    """The rows whose `fixed` columns have those values and whose text `column` is one of `keys`: the named columns, as tuples."""
    if not keys:
        return []
    sqlite = connection.dialect.name == "sqlite"
    sql = _find(sqlite, table, tuple(columns), tuple(fixed), column)
    wanted: Any = orjson.dumps(list(keys)).decode() if sqlite else list(keys)
    return [tuple(row) for row in connection.exec_driver_sql(sql, (*fixed.values(), wanted)).fetchall()]


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


@lru_cache(maxsize=64)
def _insert(table: Table, columns: tuple[str, ...]) -> str:
    return f'INSERT INTO "{table.name}" ({_quoted(columns)}) VALUES ({", ".join("?" * len(columns))})'  # noqa: S608 - names come from metadata


@lru_cache(maxsize=64)
def _unfold(table: Table, columns: tuple[str, ...]) -> str:
    picked = ", ".join(f"(r->>{i}){_cast(table.columns[name])}" for i, name in enumerate(columns))
    return f'INSERT INTO "{table.name}" ({_quoted(columns)}) SELECT {picked} FROM json_array_elements(%s::json) AS r'  # noqa: S608


@lru_cache(maxsize=64)
def _conflict(table: Table, add: tuple[str, ...], put: tuple[str, ...]) -> str:
    key = ", ".join(f'"{column.name}"' for column in table.primary_key)
    sets = [f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in add] + [f'"{n}" = excluded."{n}"' for n in put]
    return f" ON CONFLICT ({key}) DO UPDATE SET {', '.join(sets)}"


@lru_cache(maxsize=64)
def _find(sqlite: bool, table: Table, columns: tuple[str, ...], fixed: tuple[str, ...], column: str) -> str:
    mark = "?" if sqlite else "%s"
    names = ", ".join(f'"{name}"' for name in columns)
    where = "".join(f'"{name}" = {mark} AND ' for name in fixed)
    any_of = "IN (SELECT value FROM json_each(?))" if sqlite else "= ANY(%s)"
    return f'SELECT {names} FROM "{table.name}" WHERE {where}"{column}" {any_of}'  # noqa: S608


def _escaped(value: Any) -> str:
    """One value in COPY's text format."""
    if type(value) is int:
        return str(value)
    text = str(value)
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return text.replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")


def _cast(column: Column[Any]) -> str:
    if isinstance(column.type, Integer):  # BigInteger is one
        return "::bigint"
    return "::timestamptz" if isinstance(column.type, Moment) else ""


@lru_cache(maxsize=64)
def _moment_at(table: Table, columns: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(i for i, name in enumerate(columns) if isinstance(table.columns[name].type, Moment))


def _moments(table: Table, columns: tuple[str, ...], rows: Sequence[Row], sqlite: bool) -> list[Row]:
    """The rows with aware moments as the driver's text; most tables here have none."""
    places = _moment_at(table, columns)
    if not places:
        return list(rows)
    shape = "%Y-%m-%d %H:%M:%S.%f" + ("" if sqlite else "+00:00")
    return [tuple(v.astimezone(UTC).strftime(shape) if i in places else v for i, v in enumerate(row)) for row in rows]
