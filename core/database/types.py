"""The schema's shared metadata, column types and ids."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import orjson
import uuid_utils
from sqlalchemy import DateTime, Dialect, MetaData, Text
from sqlalchemy.types import TypeDecorator

Record = dict[str, Any]  # a row by its columns' names: what each holds, its table says
Values = Mapping[str, Any]  # the same, only read
Faults = dict[str, list[Any]]  # what a check of the books found, by its name

schema = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Moment(TypeDecorator[datetime]):
    """An instant: aware in Python, `timestamptz` on PostgreSQL, naive UTC text on SQLite. A naive value is
    refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware in, UTC out (without its zone on SQLite, which has none)."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs its offset")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Always aware, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Facts(TypeDecorator[object]):
    """A JSON value kept as the very text that was written (audit, approvals): SQLite's JSON columns turn a
    bare 1e16 or -0.0 into another number."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: object, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's signature
        """Canonical JSON; None is NULL."""
        return None if value is None else to_json(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> object:  # noqa: ARG002 - SQLAlchemy's signature
        """The value again."""
        return None if value is None else orjson.loads(value)


def new_id() -> str:
    """A time-ordered UUID (version 7) as 32 hex digits, made by the application."""
    return uuid_utils.uuid7().hex


def to_json(value: object) -> str:
    """Canonical JSON text (sorted keys) as stored in JSON columns."""
    return orjson.dumps(
        value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY
    ).decode()


def load_tables() -> MetaData:
    """The metadata with the tables of every package in it (each package's `tables.py` is imported)."""
    core = Path(__file__).parents[1]
    for path in sorted(core.rglob("tables.py")):
        import_module(".".join(("core", *path.relative_to(core).with_suffix("").parts)))
    return schema


def plain(value: object) -> object:
    """A NumPy or pandas scalar as the plain Python value that JSON takes; missing values become None."""
    if value is None or value != value:
        return None
    return value.item() if hasattr(value, "item") else value
