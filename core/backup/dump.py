"""How a backup is written and read: SQLite's backup interface, PostgreSQL's pg_dump and pg_restore."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.backup import tools
from core.backup.signature import copy_unsigned
from core.database import Database, connect, new_id, shape
from core.database.types import load_tables
from core.errors import ShopError

_SQLITE, _POSTGRES = b"SQLite format 3\x00", b"PGDMP"


def write(db: Database, part: Path) -> None:
    """One consistent state into a fresh file. ShopError("backup.no_tool" | "backup.failed")."""
    if not db.embedded:
        tools.run(db, "pg_dump", "--format=custom", "--schema=public", f"--file={part}")
        return
    with closing(sqlite3.connect(_file(db), timeout=60)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)  # one step within one snapshot: in WAL no writer waits for it
        target.execute("PRAGMA journal_mode=DELETE")  # the copy is one file


def require_readable(db: Database, path: Path) -> None:
    """ShopError("backup.unreadable") for a damaged file, ShopError("backup.other_kind") for one of the other
    database."""
    with path.open("rb") as file:
        begin = file.read(16)
    if begin.startswith(_POSTGRES if db.embedded else _SQLITE):
        raise ShopError("backup.other_kind", file=path.name)
    if not begin.startswith(_SQLITE if db.embedded else _POSTGRES):
        raise ShopError("backup.unreadable", file=path.name)
    if not db.embedded:
        tools.require_restoring(db, path)
        tools.run(db, "pg_restore", "--file=/dev/null", str(path), dbname=False, code="backup.unreadable")
        return
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)) as copy:
            damaged = copy.execute("PRAGMA integrity_check").fetchone() != ("ok",)
    except sqlite3.DatabaseError:
        damaged = True
    if damaged:
        raise ShopError("backup.unreadable", file=path.name)


@contextmanager
def reading_back(db: Database, source: Path) -> Iterator[Database]:
    """The backup's state to be checked; it takes its place when the block ends well and is gone when it does
    not.

    On SQLite that is a file beside the target, moved over it at the end; on PostgreSQL the empty database
    itself.
    """
    yield from _into_file(db, source) if db.embedded else _into_server(db, source)


def _into_file(db: Database, source: Path) -> Iterator[Database]:
    target = Path(_file(db))
    part = target.with_name(f".{new_id()}.part")
    part.touch(0o600, exist_ok=False)
    copy_unsigned(source, part)
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
    _require_known_entries(db, source)
    db.dispose()
    _drop_everything(db)  # only empty tables: the place was found empty
    how = ("--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error")
    try:
        tools.run(db, "pg_restore", *how, f"--use-list={_list_without_schema(db, source)}", str(source))
        yield db
    except BaseException:
        _drop_everything(db)
        raise


_OF_TABLES = {"TABLE", "TABLE DATA", "CONSTRAINT", "FK CONSTRAINT", "DEFAULT"}
_OF_SEQUENCES = {"SEQUENCE", "SEQUENCE OWNED BY", "SEQUENCE SET"}
_NOT_RESTORED = {("SCHEMA", "public"), ("COMMENT", "SCHEMA public")}  # the schema itself is there already


def _entries(db: Database, source: Path) -> list[tuple[str, str, str]]:
    """What a dump says it holds: (line, kind, name)."""
    lines = tools.run(
        db, "pg_restore", "--list", str(source), dbname=False, code="backup.unreadable"
    ).splitlines()
    entries = []
    for line in lines:
        match = _ENTRY.match(line)
        if match:
            entries.append((line, match["kind"], match["name"]))
    return entries


_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<kind>[A-Z ]+) (?:public|-) (?P<name>.+) \S*$")


def _require_known_entries(db: Database, source: Path) -> None:
    """Nothing but the tables of this program, their rows, keys and indexes: all else would act while it is
    being restored. ShopError("backup.other_schema")."""
    odd = [
        f"{kind} {name}"[:100]
        for _, kind, name in _entries(db, source)
        if (kind, name) not in _NOT_RESTORED and not _known(kind, name)
    ]
    if odd:
        raise ShopError("backup.other_schema", faults=odd[:5])


def _known(kind: str, name: str) -> bool:
    tables = load_tables().tables
    if kind in _OF_TABLES:
        return name.split()[0] in tables or name.split()[0] == "alembic_version"
    if kind == "INDEX":
        return name in {str(index.name) for table in tables.values() for index in table.indexes}
    return kind in _OF_SEQUENCES and name in shape.sequences()


def _list_without_schema(db: Database, source: Path) -> Path:
    """The dump's list without the schema itself, which is there already; beside the dump's own copy."""
    listed = source.with_name(f"{source.name}.list")
    lines = [line for line, kind, name in _entries(db, source) if (kind, name) not in _NOT_RESTORED]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return listed


def _drop_everything(db: Database) -> None:
    with db.writing() as connection:
        load_tables().drop_all(connection)
        connection.execute(text("DROP TABLE IF EXISTS alembic_version"))


def _file(db: Database) -> str:
    return make_url(db.url).database or ""
