"""Backup and restore on both databases: under load, damaged, faked, misplaced."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from core.access import Actor, audit, keys, service
from core.access.accounts import NewAccount
from core.access.tables import account
from core.access.tables import audit as audit_table
from core.backup import Trust, backup, check, dump, restore, signature
from core.backup.checks import broken
from core.backup.service import restore_beside
from core.database import Database, connect
from core.database.migrate import current
from core.errors import ShopError
from core.settings import settings

Nowhere = Callable[[], Database]


def settle(database: Database, admin: Actor, now: datetime, people: int = 5) -> None:
    """A house with somebody in it."""
    for n in range(people):
        service.add_account(
            database,
            admin,
            NewAccount(f"person-{n}", "viewer" if n else "admin", word="lantern-of-the-shop"),
            now,
        )


def names(database: Database) -> list[str]:
    with database.reading() as connection:
        return sorted(connection.scalars(select(account.c.name)))


def test_an_unfinished_backup_is_for_the_operators_eyes_too(
    database: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []

    def written(db: Database, part: Path, write: Callable[[Database, Path], None] = dump.write) -> None:
        write(db, part)
        seen.append(part.stat().st_mode & 0o077)

    monkeypatch.setattr(dump, "write", written)
    backup(database, admin, tmp_path / "shop.backup", now)
    assert seen == [0]


def test_what_is_backed_up_comes_back(
    database: Database, nowhere: Nowhere, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    settle(database, admin, now)
    made = backup(database, admin, tmp_path / "shop.backup", now)
    path = Path(made.file)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == made.sha256
    assert path.stat().st_mode & 0o077 == 0, "for the operator's eyes alone"
    assert [p.name for p in tmp_path.iterdir() if "backup" in p.name] == ["shop.backup"], (
        "nothing unfinished lies about"
    )
    empty = nowhere()
    done = restore(empty, admin, path, now + timedelta(hours=1))
    assert names(empty) == names(database)
    assert done.rows["account"] == 5
    assert "access.audit" in done.checks
    with empty.reading() as connection:
        assert broken(check(connection)) == {}
        newest = audit.search(connection, limit=1).iloc[0]
    assert (newest["action"], newest["after"]) == (
        "backup.restore",
        {"sha256": made.sha256, "signature": "ours"},
    )
    service.add_account(
        empty, admin, NewAccount("after", "viewer", word="lantern-of-the-shop"), now
    )  # and it lives on


def test_a_restore_beside_leaves_the_running_shop_alone(
    sqlite: Database, admin: Actor, finance: Actor, now: datetime, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setattr(settings(), "data_dir", tmp_path)
    settle(sqlite, admin, now)
    made = backup(sqlite, admin, tmp_path / "shop.backup", now)
    done = restore_beside(sqlite, admin, Path(made.file), "beside.db", now)
    assert done.rows["account"] == 5
    assert names(connect(f"sqlite:///{tmp_path / 'beside.db'}")) == names(sqlite)
    for taken in ("beside.db", "shop.db"):
        with pytest.raises(ShopError, match="not_empty"):
            restore_beside(sqlite, admin, Path(made.file), taken, now)
    with pytest.raises(ShopError, match="denied"):
        restore_beside(sqlite, finance, Path(made.file), "another.db", now)


def test_a_backup_under_load_is_one_whole_state(
    database: Database, nowhere: Nowhere, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    settle(database, admin, now, 1)
    ending, faults, written = threading.Event(), [], [0] * 3

    def write(n: int) -> None:
        try:
            while not ending.is_set():
                service.add_account(
                    database,
                    admin,
                    NewAccount(f"w{n}-{written[n]}", "viewer", word="lantern-of-the-shop"),
                    now,
                )
                written[n] += 1
        except Exception as error:
            faults.append(error)

    writers = [threading.Thread(target=write, args=(n,)) for n in range(3)]
    for writer in writers:
        writer.start()
    while min(written) < 3:
        ending.wait(0.01)
    files = [Path(backup(database, admin, tmp_path / f"{n}.backup", now).file) for n in range(2)]
    before = list(written)
    while all(w == b for w, b in zip(written, before, strict=True)):
        ending.wait(0.01)  # the writers still get on
    ending.set()
    for writer in writers:
        writer.join()
    assert faults == []
    for path in files:
        empty = nowhere()
        restore(empty, admin, path, now)
        with empty.reading() as connection:
            people = connection.scalar(select(func.count()).select_from(account))
            told = connection.scalar(select(func.count()).where(audit_table.c.action == "account.add"))
        assert people == told, "every account of the copy has its audit row and the other way round"


def test_a_place_that_is_not_empty_is_left_alone(
    database: Database, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    settle(database, admin, now)
    path = Path(backup(database, admin, tmp_path / "shop.backup", now).file)
    with pytest.raises(ShopError, match="backup.not_empty"):
        restore(database, admin, path, now)
    assert len(names(database)) == 5
    with pytest.raises(ShopError, match="backup.exists"):
        backup(database, admin, path, now)


@pytest.mark.parametrize("harm", ["cut", "noise", "text", "nothing"])
def test_a_damaged_file_is_refused_and_leaves_nothing(
    database: Database, nowhere: Nowhere, admin: Actor, now: datetime, tmp_path: Path, harm: str
) -> None:
    settle(database, admin, now)
    path = Path(backup(database, admin, tmp_path / "shop.backup", now).file)
    raw = path.read_bytes()
    middle = len(raw) // 2
    harmed = {
        "cut": raw[:middle],
        "noise": raw[:200] + b"\x5a" * (len(raw) - 200),
        "text": b"hello",
        "nothing": b"",
    }[harm]
    path.write_bytes(harmed)
    empty = nowhere()
    with pytest.raises(ShopError) as caught:
        restore(empty, admin, path, now)
    assert caught.value.code in {"backup.unreadable", "backup.failed"}
    assert current(empty) is None
    with empty.reading() as connection:
        assert not connection.dialect.has_table(connection, "account")


@pytest.mark.parametrize(
    "fake",
    [
        "UPDATE audit SET account = 'x' WHERE number = 2",
        "DELETE FROM audit WHERE number = 3",
        "DELETE FROM audit WHERE number = 5",
    ],
)
def test_a_state_with_a_fault_does_not_count(
    database: Database, nowhere: Nowhere, admin: Actor, now: datetime, tmp_path: Path, fake: str
) -> None:
    settle(database, admin, now)
    with database.writing() as connection:
        connection.execute(text(fake))
    path = tmp_path / "shop.backup"  # `backup` would not sign it: its own audit row finds the broken seal
    path.touch(0o600)
    dump.write(database, path)
    signature.sign(path)
    empty = nowhere()
    with pytest.raises(ShopError) as caught:
        restore(empty, admin, path, now)
    assert caught.value.code == "backup.not_whole"
    assert "access.audit" in caught.value.facts["faults"]  # type: ignore[operator]
    with empty.reading() as connection:
        assert not connection.dialect.has_table(connection, "account"), "thrown away again"


def test_a_lost_key_needs_the_operators_word(
    database: Database, nowhere: Nowhere, admin: Actor, now: datetime, tmp_path: Path, monkeypatch
) -> None:
    settle(database, admin, now)
    path = Path(backup(database, admin, tmp_path / "shop.backup", now).file)
    monkeypatch.setattr(keys, "derived", lambda purpose: b"another shop's key")
    empty = nowhere()
    with pytest.raises(ShopError, match="backup.other_key"):
        restore(empty, admin, path, now)
    restore(empty, admin, path, now, trust=Trust(new_key=True))
    with empty.reading() as connection:
        assert broken(check(connection)) == {}
        assert audit.search(connection)["action"].tolist()[:2] == ["backup.restore", "audit.seal_anew"]


def test_the_other_databases_backup_is_refused(
    sqlite: Database, postgres: Database, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    first = Path(backup(sqlite, admin, tmp_path / "lite.backup", now).file)
    second = Path(backup(postgres, admin, tmp_path / "post.backup", now).file)
    for db, path in ((sqlite, second), (postgres, first)):
        with db.writing() as connection:
            for table in ("audit", "audit_head"):
                connection.execute(text(f"DELETE FROM {table}"))
        with pytest.raises(ShopError, match="backup.other_kind"):
            restore(db, admin, path, now)


def test_a_folder_gets_dated_files_and_keeps_the_newest(
    sqlite: Database, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "other.backup").write_text("not ours")
    for n in range(5):
        made = backup(sqlite, admin, folder, now + timedelta(days=n), keep=2)
    assert sorted(p.name for p in folder.iterdir()) == [
        "bigsale-20261023T020000Z.backup",
        "bigsale-20261024T020000Z.backup",
        "other.backup",
    ]
    assert made.removed == ["bigsale-20261022T020000Z.backup"]


def test_only_the_administrator(sqlite: Database, finance: Actor, now: datetime, tmp_path: Path) -> None:
    for act in (
        lambda: backup(sqlite, finance, tmp_path / "x", now),
        lambda: restore(sqlite, finance, tmp_path / "x", now),
    ):
        with pytest.raises(ShopError, match="access.denied"):
            act()


def test_a_missing_tool_says_so(
    postgres: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch
) -> None:
    from core.settings import settings

    monkeypatch.setattr(settings(), "pg_bin", tmp_path)
    with pytest.raises(ShopError) as caught:
        backup(postgres, admin, tmp_path / "x.backup", now)
    assert caught.value.code == "backup.no_tool"
    assert list(tmp_path.glob(".x*")) == []
