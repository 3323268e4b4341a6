"""Reading: a query's rows as a DataFrame with the dtypes of its columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import pandas as pd
from pandas.api.extensions import ExtensionArray
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    ColumnElement,
    Connection,
    CursorResult,
    DateTime,
    Dialect,
    Float,
    Integer,
    Select,
    String,
    bindparam,
    func,
    select,
)
from sqlalchemy.types import TypeDecorator, TypeEngine

from core.database.types import Facts, Moment


def _dtype(kind: TypeEngine[object]) -> str:
    if isinstance(kind, Facts):
        return "object"
    base = kind.impl_instance if isinstance(kind, TypeDecorator) else kind
    if isinstance(base, Boolean):
        return "boolean"
    if isinstance(base, BigInteger | Integer):
        return "Int64"
    if isinstance(base, Float):
        return "Float64"
    if isinstance(base, DateTime):
        return "datetime64[us, UTC]"
    if isinstance(base, String):
        return "str"
    return "object"


def read(connection: Connection, query: Select[object]) -> pd.DataFrame:
    """The rows of a query, shape (rows, selected columns).

    dtypes by column type: integers `int64` (`Int64` where one is missing), `bool`, `float64`, text `str`,
    moments `datetime64[us, UTC]`, dates and JSON as objects.
    """
    result = connection.execute(query)
    names, codes = list(result.keys()), [column[1] for column in result.cursor.description]
    rows = _raw(result)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    types = [column.type for column in query.selected_columns]
    return pd.DataFrame(
        {
            name: _series(_values(values, kind, connection.dialect, code), _dtype(kind))
            for name, values, kind, code in zip(names, columns, types, codes, strict=True)
        }
    )


def _raw(result: CursorResult[Any]) -> list[tuple[Any, ...]]:
    """The rows as the driver gives them: `_values` turns a column at a time into what it means."""
    rows = result.cursor.fetchall()
    result.close()
    return list(rows)


def _values(
    values: Sequence[Any], kind: TypeEngine[Any], dialect: Dialect, code: Any
) -> Sequence[Any] | ExtensionArray:
    """A column's values as its type reads them; moments at once: 100,000 calls cost more than the query."""
    if isinstance(kind, Moment):
        return pd.to_datetime(pd.Series(values, dtype=object), utc=True, format="ISO8601").array
    process = kind.dialect_impl(dialect).result_processor(dialect, code)
    return values if process is None else [process(value) for value in values]


_FULL = {
    "Int64": "int64",
    "boolean": "bool",
    "Float64": "float64",
}  # what a column becomes where nothing is missing


def _series(values: Iterable[object] | ExtensionArray, dtype: str) -> pd.Series:
    values = values if isinstance(values, ExtensionArray) else list(values)
    series = pd.Series(values, dtype=dtype if dtype != "object" else object)
    if dtype in _FULL and not series.isna().any():
        return pd.Series(series, dtype=_FULL[dtype])
    return series


def one(connection: Connection, query: Select[object]) -> dict[str, Any] | None:
    """The first row of a query as a dict, or None."""
    row = connection.execute(query.limit(1)).mappings().first()
    return dict(row) if row is not None else None


def keyed(column: ColumnElement[str], keys: Iterable[str], connection: Connection) -> ColumnElement[bool]:
    """The condition "column is one of these text keys", for any number of keys: one bound JSON array or
    PostgreSQL array."""
    wanted = sorted({str(key) for key in keys})
    if connection.dialect.name == "sqlite":
        rows = func.json_each(orjson.dumps(wanted).decode()).table_valued("value")
        return column.in_(select(rows.c.value))
    return column == func.any(bindparam(None, wanted, type_=ARRAY(String)))
