"""The audit trail: append-only, each row sealed by the digest of the row before, written in the transaction of the change."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import Any

import orjson
from sqlalchemy import Connection, func, select, text

from core.access.rules import Actor
from core.access.tables import audit
from core.database import read

GENESIS = "0" * 64
_LOCK = 0x618_1111  # PostgreSQL advisory lock: the chain has one writer at a time


def record(
    connection: Connection, actor: Actor, now: datetime, action: str, subject: str, before: Any = None, after: Any = None
) -> int:
    """Appends one row in the running transaction and returns its number.

    `before` and `after` are plain JSON values (no secrets, no masses: counts for an import, not its rows).
    """
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = connection.execute(select(audit.c.number, audit.c.digest).order_by(audit.c.number.desc()).limit(1)).first()
    number, previous = (last.number + 1, last.digest) if last else (1, GENESIS)
    row = {
        "number": number, "at": now.astimezone(UTC), "account": actor.name, "role": actor.role, "origin": actor.origin, "address": actor.address,
        "action": action, "subject": subject, "before": _plain(before), "after": _plain(after), "previous": previous,
    }  # fmt: skip
    connection.execute(audit.insert().values(**row, digest=seal(row)))
    return number


def seal(row: dict[str, Any]) -> str:
    """SHA-256 over the row's canonical JSON (sorted keys, UTC moment to the microsecond), `previous` included, `digest` not."""
    body = {key: value for key, value in row.items() if key != "digest"}
    body["at"] = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    return hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()


def faults(connection: Connection) -> list[dict[str, Any]]:
    """Every row that was edited, deleted or moved: [{"number", "fault": "edited" | "broken" | "missing"}], empty when the chain is whole."""
    found: list[dict[str, Any]] = []
    previous, expected = GENESIS, 1
    for row in connection.execute(select(audit).order_by(audit.c.number)).mappings():
        if row["number"] != expected:
            found.append({"number": expected, "fault": "missing"})
        if row["previous"] != previous:
            found.append({"number": row["number"], "fault": "broken"})
        if seal(dict(row)) != row["digest"]:
            found.append({"number": row["number"], "fault": "edited"})
        previous, expected = row["digest"], row["number"] + 1
    return found


def trail(connection: Connection, limit: int = 500) -> Any:
    """The newest rows as a frame, newest first: the columns of the table without the digests."""
    columns = [column for column in audit.columns if column.name not in {"previous", "digest"}]
    return read(connection, select(*columns).order_by(audit.c.number.desc()).limit(limit))


def length(connection: Connection) -> int:
    """How many rows the trail has."""
    return connection.scalar(select(func.count()).select_from(audit)) or 0


def _plain(value: Any) -> Any:
    """As it will come back from JSON, so that the seal is the same before and after storing."""
    return (
        None
        if value is None
        else orjson.loads(orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY))
    )
