"""How a backup is written and read: SQLite's backup interface, PostgreSQL's pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.database import Database, connect, new_id
from core.database.types import load_tables
from core.errors import ShopError
from core.logs import clean
from core.settings import settings

_SQLITE, _POSTGRES = b"SQLite format 3\x00", b"PGDMP"


def write(db: Database, part: Path) -> None:
    """One consistent state into a fresh file. ShopError("backup.no_tool" | "backup.failed")."""
    if not db.embedded:
        _run(db, "pg_dump", "--format=custom", f"--file={part}")
        return
    with closing(sqlite3.connect(_file(db), timeout=60)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)  # one step within one snapshot: in WAL no writer waits for it
        target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file


def require_readable(db: Database, path: Path) -> None:
    """ShopError("backup.unreadable") for a damaged file, ShopError("backup.other_kind") for one of the other database."""
    with path.open("rb") as file:
        begin = file.read(16)
    if begin.startswith(_POSTGRES if db.embedded else _SQLITE):
        raise ShopError("backup.other_kind", file=path.name)
    if not begin.startswith(_SQLITE if db.embedded else _POSTGRES):
        raise ShopError("backup.unreadable", file=path.name)
    if not db.embedded:
        _run(db, "pg_restore", "--file=/dev/null", str(path), dbname=False, code="backup.unreadable")
        return
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as copy:
            damaged = copy.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    except sqlite3.DatabaseError:
        damaged = True
    if damaged:
        raise ShopError("backup.unreadable", file=path.name)


@contextmanager
def reading_back(db: Database, source: Path) -> Iterator[Database]:
    """The backup's state to be checked; it takes its place when the block ends well and is gone when it does not.

    On SQLite that is a file beside the target, moved over it at the end; on PostgreSQL the empty database itself.
    """
    yield from _into_file(db, source) if db.embedded else _into_server(db, source)


def _into_file(db: Database, source: Path) -> Iterator[Database]:
    target = Path(_file(db))
    part = target.with_name(f".{target.name}.{new_id()}.part")
    shutil.copyfile(source, part)
    restored = connect(f"sqlite:///{part}")
    try:
        yield restored
        restored.dispose()
        with closing(sqlite3.connect(part)) as whole:
            whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        db.dispose()
        _forget_journals(target)
        part.replace(target)
    finally:
        restored.dispose()
        part.unlink(missing_ok=True)
        _forget_journals(part)


def _forget_journals(path: Path) -> None:
    for ending in ("-wal", "-shm"):
        path.with_name(path.name + ending).unlink(missing_ok=True)


def _into_server(db: Database, source: Path) -> Iterator[Database]:
    db.dispose()
    _drop_everything(db)  # only empty tables: the place was found empty
    try:
        _run(db, "pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error", str(source))
        yield db
    except BaseException:
        _drop_everything(db)
        raise


def _drop_everything(db: Database) -> None:
    with db.writing() as connection:
        load_tables().drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _file(db: Database) -> str:
    return make_url(db.url).database or ""


def _run(db: Database, tool: str, *arguments: str, dbname: bool = True, code: str = "backup.failed") -> None:
    """One of PostgreSQL's tools. The password goes by the environment: arguments are seen by everybody on the machine."""
    given = {key: str(value) for key, value in db.writer.dialect.create_connect_args(db.writer.url)[1].items()}
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
        "sslmode": "PGSSLMODE",
    }
    environment = os.environ | {names[key]: value for key, value in given.items() if key in names}
    command = [_tool(tool), *arguments, *([f"--dbname={given.get('dbname', '')}"] if dbname and tool == "pg_restore" else [])]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    if done.returncode:
        said = clean((done.stderr.strip().splitlines() or [""])[-1])
        raise ShopError(code, tool=tool, said=said[:300], file=Path(arguments[-1]).name)


def _tool(name: str) -> str:
    """Where the tool is: `BIGSALE_PG_BIN`, else the PATH. It must be of the server's version or newer. ShopError("backup.no_tool")."""
    folder = settings().pg_bin
    found = shutil.which(name, path=str(folder)) if folder else shutil.which(name)
    if found is None:
        raise ShopError("backup.no_tool", tool=name)
    return found
