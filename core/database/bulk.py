"""The one way of bulk writes: SQLite by statements of many rows, PostgreSQL by COPY into a temporary
table."""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Column, Connection, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Float, Integer, TypeDecorator

from core.database.driver import either_errors
from core.database.rows import many
from core.database.types import Facts, new_id, to_json

_CHUNK = 2_000  # rows made Python objects at a time: small enough for the cache, measured
_FEW = 100  # rows that are not worth a look for constant columns, and statements of their own


def insert(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """Adds the frame's rows; its columns are column names of the table. Returns the number of rows.

    Values: integers, floats, str, bool, date, aware datetimes (or datetime64[*, UTC]), JSON as dict/list;
    missing values become NULL. A duplicate key raises SQLAlchemy's IntegrityError and the transaction is
    lost, as it should be.
    """
    return _write(connection, table, frame, "")


def upsert(
    connection: Connection,
    table: Table,
    frame: pd.DataFrame,
    *,
    key: Sequence[str] | None = None,
    update: Sequence[str] | None = None,
    add: Sequence[str] = (),
) -> int:
    """Adds the rows or, where `key` (default: the primary key) exists, sets the `update` columns (default:
    all others of the frame).

    Columns in `add` are summed onto the stored value (rollups). `update=[]` without `add` means "insert or
    ignore". Keys must be unique within the frame. Returns the number of rows in the frame.
    """
    keys = list(key or [column.name for column in table.primary_key])
    changed = [
        name
        for name in (update if update is not None else [c for c in frame.columns if c not in keys])
        if name not in add
    ]
    sets = [f'"{name}" = excluded."{name}"' for name in changed] + [
        f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in add
    ]
    target = ", ".join(f'"{name}"' for name in keys)
    return _write(
        connection,
        table,
        frame,
        f" ON CONFLICT ({target}) DO " + (f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING"),
    )


def _write(connection: Connection, table: Table, frame: pd.DataFrame, conflict: str) -> int:
    if frame.empty:
        return 0
    full = _with_defaults(table, frame)
    columns = [table.columns[name] for name in full.columns]
    values = [_values(column, full[column.name], connection) for column in columns]
    names = ", ".join(f'"{column.name}"' for column in columns)
    with _translated(f"{table.name} ({names})"):
        if connection.dialect.name == "sqlite":
            _by_chunks(_driver(connection), table, [column.name for column in columns], values, conflict)
        else:
            _copy(connection, table, columns, values, names, conflict)
    return len(full)


def _by_chunks(
    driver: Any, table: Table, names: Sequence[str], values: Sequence[pa.Array], conflict: str
) -> None:
    """Many rows a statement, a chunk at a time: never all rows as Python objects at once, and a constant
    column's value only once a statement."""
    rows, arrays = len(values[0]), dict(zip(names, values, strict=True))
    same = {name: array[0].as_py() for name, array in arrays.items() if rows > _FEW and _constant(array)}
    own = {name: array for name, array in arrays.items() if name not in same}
    for start in range(0, rows, _CHUNK):
        size = min(_CHUNK, rows - start)
        cells = [array.slice(start, size).to_pylist() for array in own.values()]
        many(
            driver, table, tuple(own), conflict, list(zip(*cells, strict=True)) if own else [()] * size, same
        )


def _constant(array: pa.Array) -> bool:
    """Whether every value is the first one (an import's moment, its id, its account), looked at closely only
    where the middle says maybe."""
    first, middle = array[0].as_py(), array[len(array) // 2].as_py()
    return bool(first == middle == array[-1].as_py() and len(array.unique()) == 1)


def _with_defaults(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Python-side scalar defaults of the columns left out: SQLAlchemy is not there to fill them in."""
    missing = {
        c.name: c.default.arg  # type: ignore[attr-defined]
        for c in table.columns
        if c.name not in frame.columns and c.default is not None and c.default.is_scalar
    }
    return frame.assign(**missing) if missing else frame


def _values(column: Column[object], series: pd.Series, connection: Connection) -> pa.Array:
    """The column's values as the driver takes them, missing ones null."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    sqlite = connection.dialect.name == "sqlite"
    if isinstance(kind, DateTime):
        form = "%Y-%m-%d %H:%M:%S.%f" + ("" if sqlite else "+00:00")
        return _spelled(pd.to_datetime(series, utc=True), lambda moment: moment.strftime(form))
    if isinstance(kind, Date):
        return _spelled(series, lambda day: str(day)[:10])
    if isinstance(kind, Boolean):
        flags = series.astype("boolean")
        return pa.array(flags.astype("Int64") if sqlite else flags, from_pandas=True)
    if isinstance(kind, Integer):
        return pa.array(
            series.astype("Int64"), from_pandas=True
        )  # whole numbers or an error: never 1.5 units
    if isinstance(kind, JSON) or isinstance(column.type, Facts):
        return pa.array(
            [
                None if value is None or value is pd.NA or value is pd.NaT else to_json(value)
                for value in series
            ],
            pa.large_string(),
        )
    return pa.array(series, pa.float64() if isinstance(kind, Float) else pa.large_string(), from_pandas=True)


def _spelled(series: pd.Series, spell: Callable[[Any], str]) -> pa.Array:
    """Each distinct value spelled once: a column of moments mostly holds one."""
    codes, distinct = pd.factorize(series)
    return pa.array([spell(value) for value in distinct], pa.string()).take(pa.array(codes, mask=codes < 0))


def _copy(
    connection: Connection,
    table: Table,
    columns: Sequence[Column[object]],
    values: Sequence[pa.Array],
    names: str,
    conflict: str,
) -> None:
    """COPY into a temporary table of the same shape, then one INSERT .. SELECT; without a conflict clause
    straight into the table."""
    target = f'"{table.name}"'
    if conflict:
        target = f'"bulk_{new_id()}"'
        shape = f'AS SELECT {names} FROM "{table.name}" WITH NO DATA'  # noqa: S608 - names come from metadata
        connection.exec_driver_sql(f"CREATE TEMP TABLE {target} ON COMMIT DROP {shape}")
    buffer = io.BytesIO()
    # every text in quotes: COPY then tells an empty one ("") from NULL (nothing), and no line break can end a
    # row
    # in one chunk: the writer fills an empty text of a column in several chunks with NUL bytes
    csv.write_csv(
        pa.table(list(values), [column.name for column in columns]).combine_chunks(),
        buffer,
        csv.WriteOptions(include_header=False, quoting_style="needed"),
    )
    with _driver(connection).cursor().copy(f"COPY {target} ({names}) FROM STDIN (FORMAT csv)") as copy:
        copy.write(buffer.getbuffer())
    if conflict:
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {target}{conflict}'  # noqa: S608
        )


def _driver(connection: Connection) -> Any:
    """The driver's own connection, inside the running transaction."""
    return connection.connection.driver_connection


@contextmanager
def _translated(statement: str) -> Iterator[None]:
    """The drivers' integrity errors in SQLAlchemy's words: callers know one error only."""
    try:
        yield
    except either_errors(sqlite3.IntegrityError, kind="IntegrityError") as error:
        raise IntegrityError(statement, None, error) from error
