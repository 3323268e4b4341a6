"""One writer at a time for a named thing, held to the end of the transaction."""

from __future__ import annotations

import hashlib

from sqlalchemy import Connection, text


def one_at_a_time(connection: Connection, what: str) -> None:
    """Waits until no other transaction works on `what`. On SQLite every writing transaction is alone already."""
    if connection.dialect.name == "postgresql":
        key = int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})
