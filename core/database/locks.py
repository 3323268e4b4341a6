"""One writer at a time for a named thing, held to the end of the transaction; one runner among all processes."""

from __future__ import annotations

import fcntl
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from core.database.engine import Database, private
from core.database.types import load_tables


def one_at_a_time(connection: Connection, what: str) -> None:
    """Waits until no other transaction works on `what`. On SQLite every writing transaction is alone
    already."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _key(what)})


def keep_writers_out(connection: Connection, patience_ms: int) -> None:
    """From here to the end of this writing transaction nobody else writes to any table; readers go on. On SQLite a
    writing transaction is alone already. ShopError("database.busy") where a writer does not end in that time."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{table.name}"' for table in load_tables().sorted_tables)
        connection.execute(text(f"SET LOCAL lock_timeout = {patience_ms}"))
        connection.execute(text(f"LOCK TABLE {names} IN SHARE ROW EXCLUSIVE MODE"))


@contextmanager
def alone(db: Database, what: str) -> Iterator[bool]:
    """Whether this runner is the only one to do `what` until the block ends; False where another one is at it.

    The hold ends with its process, however that ends: a lock of the session on PostgreSQL; beside the file of
    SQLite, which belongs to one machine, a locked file.
    """
    with leading(db, what) as still:
        yield still()


@contextmanager
def leading(db: Database, what: str) -> Iterator[Callable[[], bool]]:
    """As `alone`, for a hold of days: gives the question to be asked before each piece of work, whether the hold is
    still ours. A session of PostgreSQL may be lost on the way, and its lock with it."""
    with _locked_file(db, what) if db.embedded else _locked_session(db, what) as still:
        yield still


@contextmanager
def _locked_file(db: Database, what: str) -> Iterator[Callable[[], bool]]:
    path = Path(f"{make_url(db.url).database}.{what}.lock")
    private(path)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            held = False
        else:
            held = True
        yield lambda: held  # closing the file gives the lock back


@contextmanager
def _locked_session(db: Database, what: str) -> Iterator[Callable[[], bool]]:
    with db.writer.connect() as raw:
        connection = raw.execution_options(isolation_level="AUTOCOMMIT")
        named = {"key": _key(what)}
        took = text("SELECT pg_try_advisory_lock(:key) AS held, pg_backend_pid() AS session")
        hold = connection.execute(took, named).one()
        try:
            yield lambda: hold.held and _session(connection) == hold.session
        finally:
            if hold.held:
                with suppress(SQLAlchemyError):  # a session that is gone has given its lock back
                    connection.execute(text("SELECT pg_advisory_unlock(:key)"), named)


def _session(connection: Connection) -> int:
    """The server's number of this session; 0 where it is lost."""
    try:
        return int(connection.scalar(text("SELECT pg_backend_pid()")) or 0)
    except SQLAlchemyError:
        return 0


def _key(what: str) -> int:
    """The number of a name, as PostgreSQL's advisory locks take it."""
    return int.from_bytes(hashlib.sha256(what.encode()).digest()[:8], signed=True)
