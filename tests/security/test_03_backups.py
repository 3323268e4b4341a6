"""A doctored backup does not pass: the shop signs what it writes, and the tables are compared before a row is
written."""

from __future__ import annotations

import stat
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from core.access import Actor, audit, service
from core.access.accounts import NewAccount
from core.backup import Trust, backup, dump, restore, signature
from core.database import Database, connect
from core.errors import ShopError
from tests.backup.conftest import *  # noqa: F403 - the fixture of empty places

TRIGGER = {
    "sqlite": [
        "CREATE TRIGGER planted AFTER INSERT ON audit BEGIN UPDATE account SET role = 'admin' WHERE name = 'eve'; END"
    ],
    "postgresql": [
        "CREATE FUNCTION planted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN UPDATE account SET role = 'admin'"
        " WHERE name = 'eve'; RETURN NEW; END $$",
        "CREATE TRIGGER planted AFTER INSERT ON audit FOR EACH ROW EXECUTE FUNCTION planted()",
    ],
}
PLANTED = {
    "trigger": TRIGGER,
    "table": {name: ["CREATE TABLE planted (a text)"] for name in TRIGGER},
    "view": {name: ["CREATE VIEW planted AS SELECT name FROM account"] for name in TRIGGER},
    "index": {name: ["CREATE INDEX planted ON account (role)"] for name in TRIGGER},
    "no index": {name: ["DROP INDEX ix_audit_subject"] for name in TRIGGER},
    "column": {name: ["ALTER TABLE account ADD COLUMN planted text"] for name in TRIGGER},
    "default": {
        "postgresql": ["ALTER TABLE account ALTER COLUMN role SET DEFAULT 'admin'"],
        "sqlite": ["ALTER TABLE account ADD COLUMN extra text DEFAULT 'admin'"],
    },
    "rule": {
        "postgresql": ["CREATE RULE planted AS ON DELETE TO audit DO INSTEAD NOTHING"],
        "sqlite": ["CREATE VIEW z AS SELECT 1"],
    },
}


def plant(database: Database, what: str) -> None:
    with database.writing() as connection:
        for statement in PLANTED[what][connection.dialect.name]:
            connection.execute(text(statement))


def written(database: Database, path: Path, *, signed: bool = True) -> Path:
    """A file as the program writes it, or as somebody else does."""
    path.touch(0o600)
    dump.write(database, path)
    if signed:
        signature.sign(path)
    return path


@pytest.fixture
def shop(database: Database, admin: Actor, now: datetime) -> Database:
    service.add_account(database, admin, NewAccount("eve", "viewer", word="lantern-of-the-shop"), now)
    return database


@pytest.mark.parametrize("what", list(PLANTED))
def test_what_the_migrations_do_not_make_is_not_restored(
    shop: Database, nowhere, admin: Actor, now: datetime, tmp_path: Path, what: str
) -> None:
    plant(shop, what)
    path = written(shop, tmp_path / "doctored.backup")
    empty = nowhere()
    with pytest.raises(ShopError) as refused:
        restore(empty, admin, path, now)
    assert refused.value.code == "backup.other_schema", refused.value.facts
    with empty.reading() as connection:
        assert not connection.dialect.has_table(connection, "account")
        assert not connection.dialect.has_table(connection, "planted")


def test_an_unsigned_file_needs_the_operators_word_and_the_trail_says_so(
    shop: Database, nowhere, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    path = written(shop, tmp_path / "foreign.backup", signed=False)
    empty = nowhere()
    with pytest.raises(ShopError, match="backup.unsigned"):
        restore(empty, admin, path, now)
    restore(empty, admin, path, now, trust=Trust(unsigned=True))
    with empty.reading() as connection:
        newest = audit.search(connection, limit=1).iloc[0]
    assert newest["after"]["signature"] == "none"


def test_one_changed_byte_is_another_file(
    shop: Database, nowhere, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    path = Path(backup(shop, admin, tmp_path / "shop.backup", now).file)
    raw = bytearray(path.read_bytes())
    at = raw.rfind(b"viewer") if shop.embedded else len(raw) - signature.LENGTH - 1
    assert at > 0
    raw[at] ^= 1
    path.write_bytes(raw)
    with pytest.raises(ShopError) as refused:
        restore(nowhere(), admin, path, now, trust=Trust(unsigned=True))
    assert refused.value.code in {"backup.other_key", "backup.unreadable"}, (
        "unsigned is no word for a wrong signature"
    )


@pytest.mark.parametrize(
    "name", ["a#b.backup", "a?mode=rwc.backup", "50%20.backup", "大促 备份.backup", "a'b\".backup"]
)
def test_any_name_is_a_name(
    shop: Database, nowhere, admin: Actor, now: datetime, tmp_path: Path, name: str
) -> None:
    made = backup(shop, admin, tmp_path / name, now)
    assert Path(made.file) == tmp_path / name
    assert restore(nowhere(), admin, Path(made.file), now).rows["account"] == 1
    assert sorted(path.name for path in tmp_path.glob("*.part")) == []


def test_nobody_else_reads_database_or_backup(
    sqlite: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch
) -> None:
    import os

    former = os.umask(0)
    try:
        service.add_account(sqlite, admin, NewAccount("eve", "viewer", word="lantern-of-the-shop"), now)
        made = Path(backup(sqlite, admin, tmp_path / "shop.backup", now).file)
        seen_modes: set[int] = set()
        inner = dump.copy_unsigned
        monkeypatch.setattr(
            dump,
            "copy_unsigned",
            lambda source, target: (seen_modes.add(target.stat().st_mode), inner(source, target)),
        )
        empty = connect(f"sqlite:///{tmp_path / 'new.db'}")
        restore(empty, admin, made, now)
    finally:
        os.umask(former)
    files = [Path(str(db.writer.url.database)) for db in (sqlite, empty)]
    for path in [made, *files, *(path.with_name(f"{path.name}-wal") for path in files if path.exists())]:
        if path.exists():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
    assert {stat.S_IMODE(mode) for mode in seen_modes} == {0o600}
