"""The one door for bulk writes: SQLite by executemany with tuples, PostgreSQL by COPY into a temporary table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import pandas as pd
import psycopg
import pyarrow as pa
from pyarrow import csv
from sqlalchemy import Column, Connection, Table
from sqlalchemy.exc import IntegrityError
from sqlalchemy.types import JSON, Boolean, Date, DateTime, Integer, TypeDecorator

from core.database.types import new_id, plain, to_json


def insert(connection: Connection, table: Table, frame: pd.DataFrame) -> int:
    """Adds the frame's rows; its columns are column names of the table. Returns the number of rows.

    Values: integers, floats, str, bool, date, aware datetimes (or datetime64[*, UTC]), JSON as dict/list; missing values become NULL.
    A duplicate key raises SQLAlchemy's IntegrityError and the transaction is lost, as it should be.
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
    """Adds the rows or, where `key` (default: the primary key) exists, sets the `update` columns (default: all others of the frame).

    Columns in `add` are summed onto the stored value (rollups). `update=[]` without `add` means "insert or ignore". Keys must be
    unique within the frame. Returns the number of rows in the frame.
    """
    keys = list(key or [column.name for column in table.primary_key])
    changed = [
        name for name in (update if update is not None else [c for c in frame.columns if c not in keys]) if name not in add
    ]
    sets = [f'"{name}" = excluded."{name}"' for name in changed] + [
        f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in add
    ]
    target = ", ".join(f'"{name}"' for name in keys)
    return _write(
        connection, table, frame, f" ON CONFLICT ({target}) DO " + (f"UPDATE SET {', '.join(sets)}" if sets else "NOTHING")
    )


def _write(connection: Connection, table: Table, frame: pd.DataFrame, conflict: str) -> int:
    if frame.empty:
        return 0
    full = _with_defaults(table, frame)
    columns = [table.columns[name] for name in full.columns]
    values = [_values(column, full[column.name], connection) for column in columns]
    names = ", ".join(f'"{column.name}"' for column in columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        connection.exec_driver_sql(
            f'INSERT INTO "{table.name}" ({names}) VALUES ({marks}){conflict}', list(zip(*values, strict=True))
        )  # noqa: S608 - names come from metadata
    else:
        _copy(connection, table, columns, values, names, conflict)
    return len(full)


def _with_defaults(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Python-side scalar defaults of columns that the frame leaves out: SQLAlchemy is not there to fill them in."""
    missing = {
        c.name: c.default.arg
        for c in table.columns
        if c.name not in frame.columns and c.default is not None and c.default.is_scalar
    }
    return frame.assign(**missing) if missing else frame


def _values(column: Column[Any], series: pd.Series, connection: Connection) -> list[Any]:
    """The column's values as the driver takes them."""
    kind = column.type.impl_instance if isinstance(column.type, TypeDecorator) else column.type
    if isinstance(kind, DateTime):
        moments = pd.to_datetime(series, utc=True)
        text = "%Y-%m-%d %H:%M:%S.%f" + ("" if connection.dialect.name == "sqlite" else "+00:00")
        return [
            value if value is None else str(value)
            for value in moments.dt.strftime(text).astype(object).where(moments.notna(), None)
        ]
    if isinstance(kind, Boolean) and connection.dialect.name == "sqlite":
        return [None if plain(value) is None else int(value) for value in series]
    if isinstance(kind, Date):
        return [None if plain(value) is None else str(value)[:10] for value in series]
    if isinstance(kind, Integer):
        series = series.astype("Int64")  # whole numbers or an error: never 1.5 units
    values = series.astype(object).where(series.notna(), None).tolist() if series.hasnans else series.tolist()
    return [None if value is None else to_json(value) for value in values] if isinstance(kind, JSON) else values


def _copy(
    connection: Connection, table: Table, columns: Sequence[Column[Any]], values: Sequence[list[Any]], names: str, conflict: str
) -> None:
    """COPY into a temporary table of the same shape, then one INSERT .. SELECT; without a conflict clause straight into the table."""
    driver = connection.connection.driver_connection
    if driver is None:  # pragma: no cover - a live transaction always has one
        raise RuntimeError("no driver connection")
    target = f'"{table.name}"'
    if conflict:
        target = f'"bulk_{new_id()}"'
        connection.exec_driver_sql(
            f'CREATE TEMP TABLE {target} ON COMMIT DROP AS SELECT {names} FROM "{table.name}" WITH NO DATA'
        )  # noqa: S608
    table_text = pa.table({column.name: pa.array(value) for column, value in zip(columns, values, strict=True)})
    buffer = io.BytesIO()
    # every value in quotes: COPY then tells an empty text ("") from NULL (nothing), and no line break can end a row
    csv.write_csv(table_text, buffer, csv.WriteOptions(include_header=False, quoting_style="all_valid"))
    statement = f"COPY {target} ({names}) FROM STDIN (FORMAT csv)"
    try:
        with driver.cursor().copy(statement) as copy:
            copy.write(buffer.getbuffer())
    except psycopg.IntegrityError as error:  # past SQLAlchemy, so put into its words here: callers know one error only
        raise IntegrityError(statement, None, error) from error
    if conflict:
        connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) SELECT {names} FROM {target}{conflict}')  # noqa: S608
