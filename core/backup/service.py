"""Backup while everybody works, and restore into an empty place; a restore counts only when every check passes."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import func, inspect, select

from core.access import Actor, allow, audit
from core.backup import dump
from core.backup.checks import broken, check
from core.database import Database, connect
from core.database.migrate import current, upgrade
from core.database.types import load_tables
from core.errors import ShopError


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: its file, size and digest, the schema, and where the audit chain stood (worth noting elsewhere)."""

    file: str
    bytes: int
    sha256: str
    schema: str
    audit_head: dict[str, Any]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class Restored:
    """A finished restore: what it came from, the migrations that followed, the checks that passed, rows by table."""

    file: str
    migrated: int
    checks: list[str]
    rows: dict[str, int]


def backup(db: Database, actor: Actor, target: Path, now: datetime, keep: int = 0) -> Backup:
    """Writes one consistent state to a file, with writers at work; into a folder under a dated name, keeping the newest `keep`.

    With `keep` the target is a folder, made where it is not there yet.

    The file appears under its name only when it is complete and readable. ShopError("backup.exists" | "backup.failed" | ..).
    """
    allow(actor, "backup.run")
    if keep and not target.exists():
        target.mkdir(parents=True)
    path = target / f"bigsale-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup" if target.is_dir() else target
    if path.exists():
        raise ShopError("backup.exists", file=path.name)
    with _part_of(path) as part:
        dump.write(db, part)
        dump.require_readable(db, part)
        size, digest = part.stat().st_size, _sha256(part)
        _sync(part)
        part.rename(path)
    with db.writing() as connection:
        at = audit.head(connection)
        audit.record(connection, actor, now, "backup.run", path.name, None, {"bytes": size, "sha256": digest})
    return Backup(str(path), size, digest, current(db) or "", at, _thin_out(target, keep) if target.is_dir() and keep else [])


def restore(db: Database, actor: Actor, source: Path, now: datetime, *, new_key: bool = False) -> Restored:
    """Brings a backup back into an empty database, migrates it, and runs every check; a state with a fault is thrown away again.

    `new_key`: the shop's key was lost or changed, so the audit trail's head is sealed anew (recorded) if the chain itself is whole.
    ShopError("backup.not_found" | "backup.not_empty" | "backup.other_kind" | "backup.unreadable" | "backup.other_key" |
    "backup.not_whole" | "database.newer").
    """
    allow(actor, "backup.run")
    if not source.is_file():
        raise ShopError("backup.not_found", file=source.name)
    require_empty(db)
    dump.require_readable(db, source)
    with dump.reading_back(db, source) as restored:
        steps = upgrade(restored)
        passed = _require_whole(restored, actor, now, new_key)
        with restored.writing() as connection:
            audit.record(connection, actor, now, "backup.restore", source.name, None, {"sha256": _sha256(source)})
        rows = _rows(restored)
    return Restored(str(source), len(steps), passed, rows)


def restore_beside(db: Database, actor: Actor, source: Path, place: str, now: datetime) -> Restored:
    """`restore` into another, empty place (a database address) while this one goes on working; refuses as `restore` does."""
    allow(actor, "backup.run")
    if place == db.url:
        raise ShopError("backup.not_empty", tables=place.rsplit("/", 1)[-1])
    return restore(connect(place), actor, source, now)


def checked(db: Database, actor: Actor) -> dict[str, list[Any]]:
    """The invariants of every room, faults by name; a state is whole when every list is empty."""
    allow(actor, "check.run")
    with db.reading() as connection:
        return check(connection)


def require_empty(db: Database) -> None:
    """ShopError("backup.not_empty") if any table of the database has a row."""
    filled = [name for name, rows in _rows(db).items() if rows]
    if filled:
        raise ShopError("backup.not_empty", tables=", ".join(filled[:5]))


def _rows(db: Database) -> dict[str, int]:
    with db.reading() as connection:
        there = set(inspect(connection).get_table_names())
        tables = [table for table in load_tables().sorted_tables if table.name in there]
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def _require_whole(db: Database, actor: Actor, now: datetime, new_key: bool) -> list[str]:
    with db.reading() as connection:
        found = check(connection)
    faults = broken(found)
    if [fault["fault"] for fault in faults.get("access.audit", [])] == ["unsealed"]:
        if not new_key:
            raise ShopError("backup.other_key")
        with db.writing() as connection:
            audit.seal_anew(connection)
            audit.record(connection, actor, now, "audit.seal_anew", "audit")
        faults.pop("access.audit")
    if faults:
        raise ShopError("backup.not_whole", faults={name: rows[:5] for name, rows in faults.items()})
    return list(found)


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """An empty file beside the target, its owner's alone before anything stands in it; gone afterwards, whatever happens."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    part.touch(0o600, exist_ok=False)
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _thin_out(folder: Path, keep: int) -> list[str]:
    """Removes the oldest of our own dated backups beyond `keep`."""
    surplus = sorted(folder.glob("bigsale-????????T??????Z.backup"))[:-keep]
    for path in surplus:
        path.unlink()
    return [path.name for path in surplus]
