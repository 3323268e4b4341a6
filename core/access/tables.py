"""Tables of accounts, sessions and the audit trail."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, String, Table

from core.database.types import Moment, schema

audit = Table(
    "audit",
    schema,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 .. without a gap
    Column("at", Moment, nullable=False),
    Column("account", String, nullable=False),
    Column("role", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("address", String, nullable=False),
    Column("action", String, nullable=False, index=True),
    Column("subject", String, nullable=False, index=True),
    Column("before", JSON),
    Column("after", JSON),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    info={"place": "local"},
)
