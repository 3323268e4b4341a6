"""The book of the watched folder: one row a file that was read, with what became of it. Inside the caller's
transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import Connection, func, select

from core.connect.folder import Dropped
from core.connect.rules import Used
from core.connect.tables import connect_source, inbox_file
from core.database import new_id
from core.database.types import Values
from core.imports.tables import import_run

INBOX, NATS = "inbox", "nats"
OWN = frozenset({INBOX, NATS})  # names that no other source may have


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a file: "taken" | "repeated" | "waiting" (for a person) | "refused" | "unfinished"; the code
    and facts of the reason, and the import's counts."""

    file: str
    state: str
    kind: str = ""
    code: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    figures: Mapping[str, int] = field(default_factory=dict)
    import_id: str = ""


def begin(connection: Connection, one: Dropped, digest: str, now: datetime) -> Values:
    """The row of this file as it lies there now: the one that an earlier look began, else a new one."""
    book = inbox_file.c
    same = (book.path == str(one.path), book.digest == digest, book.changed_ns == one.changed_ns)
    query = select(inbox_file).where(*same, book.moved_to == "").order_by(book.file_id.desc()).limit(1)
    row = connection.execute(query).mappings().first()
    if row is not None:
        return dict(row)
    fresh = {
        "file_id": new_id(),
        "path": str(one.path),
        "digest": digest,
        "size": one.size,
        "changed_ns": one.changed_ns,
        "state": "reading",
        "facts": {},
        "figures": {},
        "arrived_at": now,
        "at": now,
    }
    connection.execute(inbox_file.insert().values(**fresh))
    return fresh


def waits_unchanged(connection: Connection, one: Dropped) -> str:
    """The digest of a file that waits for a person and has not changed since; "" for any other."""
    book = inbox_file.c
    same = (book.path == str(one.path), book.size == one.size, book.changed_ns == one.changed_ns)
    query = select(book.digest).where(*same, book.state == "waiting", book.moved_to == "")
    return str(connection.scalar(query.order_by(book.file_id.desc()).limit(1)) or "")


def imported(connection: Connection, digest: str) -> Values | None:
    """The newest standing import of the same content: import_id, kind, at, figures, file_name, and `later`:
    whether another one of its kind came after it."""
    run = import_run.c
    query = select(run.import_id, run.kind, run.at, run.figures, run.file_name)
    mine = (
        query.where(run.content_digest == digest, run.state == "committed").order_by(run.at.desc()).limit(1)
    )
    row = connection.execute(mine).mappings().first()
    if row is None:
        return None
    after = select(func.count()).where(run.kind == row["kind"], run.at > row["at"], run.state == "committed")
    return {**row, "later": bool(connection.scalar(after))}


def finish(connection: Connection, file_id: str, outcome: Outcome, now: datetime) -> None:
    """Writes down what became of a file."""
    values = {
        "kind": outcome.kind,
        "state": outcome.state,
        "code": outcome.code,
        "facts": dict(outcome.facts),
        "figures": dict(outcome.figures),
        "import_id": outcome.import_id,
        "at": now,
    }
    connection.execute(inbox_file.update().where(inbox_file.c.file_id == file_id).values(**values))


def moved(connection: Connection, file_id: str, place: str) -> None:
    """Writes down where a file was put away."""
    connection.execute(inbox_file.update().where(inbox_file.c.file_id == file_id).values(moved_to=place))


def used(connection: Connection) -> Used:
    """How the watched folder is used, and what was last heard of it."""
    book = inbox_file.c
    last = connection.scalar(select(func.max(book.arrived_at)))
    states = select(book.state, func.count().label("n")).where(book.moved_to == "").group_by(book.state)
    open_now = {one.state: one.n for one in connection.execute(states)}
    ever = connection.scalar(select(func.count()).where(book.state == "refused")) or 0
    return replace(kept(connection), last_arrival=last, waiting=open_now.get("waiting", 0), refused=int(ever))


def kept(connection: Connection, source: str = INBOX) -> Used:
    """How a source is used, as people have set it, and how its last look ended."""
    where = connect_source.c.source == source
    row = connection.execute(select(connect_source).where(where)).mappings().first()
    if row is None:
        return Used()
    names = ("paused", "silent_after", "looked_at", "fault", "pending")
    return Used(**{name: row[name] for name in names}, facts=row["facts"] or {})


def keep(connection: Connection, source: str = INBOX, **values: object) -> None:
    """Changes how a source is used, or what its last look came to."""
    where = connect_source.c.source == source
    if connection.execute(connect_source.update().where(where).values(**values)).rowcount == 0:
        usual = {"source": source, "paused": False, "silent_after": 0, "fault": ""}
        connection.execute(connect_source.insert().values(**(usual | values)))
