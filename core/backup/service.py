"""Backup while everybody works, and restore into an empty place; a restore counts only when every check
passes."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from sqlalchemy import func, inspect, select

from core.access import Actor, allow, audit
from core.backup import dump, signature, tools
from core.backup.checks import broken, check
from core.backup.one_moment import one_moment
from core.backup.signature import Signature
from core.database import Database, connect, place, shape
from core.database.migrate import current, upgrade
from core.database.types import load_tables
from core.errors import ShopError
from core.settings import settings

_FILE_NAME = re.compile(r"[\w-][\w.-]{0,80}\.db")


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished backup: its file, size and digest, the schema, and where the audit chain stood (worth noting
    elsewhere)."""

    file: str
    bytes: int
    sha256: str
    schema: str
    audit_head: dict[str, object]
    removed: list[str]


@dataclass(frozen=True, slots=True)
class Restored:
    """A finished restore: what it came from, the migrations that followed, the checks that passed, rows by
    table."""

    file: str
    migrated: int
    checks: list[str]
    rows: dict[str, int]


def backup(db: Database, actor: Actor, target: Path, now: datetime, keep: int = 0) -> Backup:
    """Writes one consistent state to a file, with writers at work (on Citus they wait); into a folder under a
    dated name, keeping the newest `keep`.

    With `keep` the target is a folder, made where it is not there yet.

    The file appears under its name only when it is complete and readable. ShopError("backup.exists" |
    "backup.failed" | ..).
    """
    allow(actor, "backup.run")
    if keep and not target.exists():
        target.mkdir(parents=True)
    path = target / f"bigsale-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}.backup" if target.is_dir() else target
    if path.exists():
        raise ShopError("backup.exists", file=path.name)
    with db.reading() as connection:
        audit.require_own_key(connection)
    tools.require_dumping(db)
    with _part_of(path) as part:
        with one_moment(db):
            dump.write(db, part)
        dump.require_readable(db, part)
        signature.sign(part)
        size, digest = part.stat().st_size, _sha256(part)
        _sync(part)
        part.rename(path)
    with db.writing() as connection:
        at = audit.head(connection)
        audit.record(connection, actor, now, "backup.run", path.name, None, {"bytes": size, "sha256": digest})
    return Backup(
        str(path),
        size,
        digest,
        current(db) or "",
        at,
        _thin_out(target, keep) if target.is_dir() and keep else [],
    )


class Trust(NamedTuple):
    """What is taken on the administrator's word, and recorded. `new_key`: the shop's key was lost or changed, so the
    audit trail's head is sealed anew if the chain itself is whole. `unsigned`: a file without this program's
    signature is taken."""

    new_key: bool = False
    unsigned: bool = False


NO_TRUST = Trust()


class _Copy(NamedTuple):
    """A backup: the file, its bare copy, and whose signature it has."""

    source: Path
    bare: Path
    signed: Signature


def restore(db: Database, actor: Actor, source: Path, now: datetime, *, trust: Trust = NO_TRUST) -> Restored:
    """Brings a backup back into an empty database, migrates it, and runs every check; a state with a fault is
    thrown away again.

    Before a row is written, the tables are compared with those that the migrations make. ShopError("backup.not_found" |
    "backup.not_empty" | "backup.other_kind" | "backup.unreadable" | "backup.other_key" | "backup.unsigned" |
    "backup.other_schema" | "backup.not_whole" | "database.newer").
    """
    allow(actor, "backup.run")
    if not source.is_file():
        raise ShopError("backup.not_found", file=source.name)
    require_empty(db)
    with _bare_copy(source) as bare:
        dump.require_readable(db, bare)
        copy = _Copy(source, bare, _require_signed(source, trust))
        return _restored(db, actor, copy, now, new_key=trust.new_key)


def _restored(db: Database, actor: Actor, copy: _Copy, now: datetime, *, new_key: bool) -> Restored:
    source = copy.source
    with dump.reading_back(db, copy.bare) as restored:
        _require_our_schema(restored)
        steps = upgrade(restored)
        _require_our_schema(restored)
        _place(restored)
        passed = _require_whole(restored, actor, now, new_key)
        with restored.writing() as connection:
            audit.record(
                connection,
                actor,
                now,
                "backup.restore",
                source.name,
                None,
                {"sha256": _sha256(source), "signature": copy.signed.value},
            )
        rows = _rows(restored)
    return Restored(str(source), len(steps), passed, rows)


def restore_beside(db: Database, actor: Actor, source: Path, name: str, now: datetime) -> Restored:
    """`restore` into a new file of that name in the data folder, while this database goes on working; any
    other place is for the command line. ShopError("backup.command_line" | "backup.bad_place" |
    "backup.not_empty" | ..)."""
    allow(actor, "backup.run")
    if not db.embedded:
        raise ShopError("backup.command_line")
    if not _FILE_NAME.fullmatch(name):
        raise ShopError("backup.bad_place")
    target = settings().data_dir.resolve() / name
    if target.exists() or target.is_symlink():
        raise ShopError("backup.not_empty", tables=name)
    return restore(connect(f"sqlite:///{target}"), actor, source, now)


@contextmanager
def _bare_copy(source: Path) -> Iterator[Path]:
    """The backup without its signature, under a plain name in a folder of its owner's; gone afterwards."""
    with TemporaryDirectory(prefix="bigsale-restore-") as folder:
        bare = Path(folder) / "backup"
        bare.touch(0o600)
        signature.copy_unsigned(source, bare)
        yield bare


def _require_signed(source: Path, trust: Trust) -> Signature:
    new_key, unsigned = trust
    signed = signature.signature_of(source)
    if signed == Signature.NONE and not (unsigned or new_key):
        raise ShopError("backup.unsigned", file=source.name)
    if signed == Signature.ANOTHER_KEYS and not new_key:
        raise ShopError("backup.other_key")
    return signed


def _require_our_schema(db: Database) -> None:
    with db.reading() as connection:
        differing = shape.faults(connection)
    if differing:
        raise ShopError("backup.other_schema", faults=differing[:5])


def _place(db: Database) -> None:
    """On Citus the tables go where they belong before anybody checks them: a dump has them on one machine."""
    with db.writing() as connection:
        if place.on_citus(connection):
            place.apply(connection)


def checked(db: Database, actor: Actor) -> dict[str, list[object]]:
    """The invariants of every package, faults by name; a state is whole when every list is empty."""
    allow(actor, "check.run")
    with one_moment(db), db.reading() as connection:
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
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables
        }


def _require_whole(db: Database, actor: Actor, now: datetime, new_key: bool) -> list[str]:
    with db.reading() as connection:
        checks = check(connection)
    faults = broken(checks)
    if [fault["fault"] for fault in faults.get("access.audit", [])] == ["unsealed"]:
        if not new_key:
            raise ShopError("backup.other_key")
        with db.writing() as connection:
            audit.seal_anew(connection)
            audit.record(connection, actor, now, "audit.seal_anew", "audit")
        faults.pop("access.audit")
    if faults:
        raise ShopError("backup.not_whole", faults={name: rows[:5] for name, rows in faults.items()})
    return list(checks)


@contextmanager
def _part_of(path: Path) -> Iterator[Path]:
    """An empty file beside the target, its owner's alone before anything stands in it; gone afterwards,
    whatever happens."""
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
