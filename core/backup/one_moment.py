"""One moment of the whole shop. A snapshot of SQLite or PostgreSQL is one; the machines of a Citus cluster have no
snapshot in common, so there the writers wait."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import OperationalError

from core.database import Database, place
from core.database.locks import keep_writers_out
from core.errors import ShopError

PATIENCE_MS = 10_000  # for what is being written: an event batch takes milliseconds, a large import seconds
LOCK_NOT_AVAILABLE = "55P03"


@contextmanager
def one_moment(db: Database) -> Iterator[None]:
    """On Citus every writer is kept out until the block ends; elsewhere nothing happens.
    ShopError("backup.writes") where a writer does not come to its end: the intake is to be stopped first."""
    with db.reading() as connection:
        spread = place.on_citus(connection)
    if not spread:
        yield
        return
    with db.writing() as connection:
        try:
            keep_writers_out(connection, PATIENCE_MS)
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
                raise
            raise ShopError("backup.writes", seconds=PATIENCE_MS // 1_000) from error
        yield
