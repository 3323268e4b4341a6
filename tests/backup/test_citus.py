"""Backup, restore and check where the tables stand on several machines (a stand-in notes the placement here), and tools
of PostgreSQL that do not fit the server or the file."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from core.access import Actor, service
from core.access.accounts import NewAccount
from core.access.tables import account
from core.backup import backup, one_moment, restore, tools
from core.backup.checks import place_faults
from core.backup.service import checked
from core.database import Database, connect, place
from core.errors import ShopError
from core.settings import settings
from tests import servers
from tests.backup.test_backup import names, settle
from tests.conftest import create

pytestmark = pytest.mark.postgres


@pytest.fixture
def cluster(postgres_here: servers.Server) -> Iterator[Database]:
    """A shop's database with its tables placed."""
    with servers.nothing(postgres_here.address, on_citus=True) as database:
        create(database)
        with database.writing() as connection:
            place.apply(connection)
        yield database


def test_a_restore_places_the_tables_before_it_checks(
    cluster: Database, postgres_here: servers.Server, admin: Actor, now: datetime, tmp_path: Path
) -> None:
    settle(cluster, admin, now)
    file = Path(backup(cluster, admin, tmp_path / "shop.backup", now).file)
    with servers.nothing(postgres_here.address, on_citus=True) as empty:
        done = restore(empty, admin, file, now)
        assert "database.place" in done.checks
        assert names(empty) == names(cluster)
        with empty.reading() as connection:
            assert place_faults(connection) == []
            assert place.placed(connection)["event"] == "event_id"
    with servers.nothing(postgres_here.address) as plain:
        assert restore(plain, admin, file, now).rows["account"] == 5, "and onto one machine, where it is"


def test_writers_wait_while_a_cluster_is_looked_at(
    cluster: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(cluster, admin, now)
    seen: list[int] = []
    done = threading.Event()

    def late() -> None:
        service.add_account(cluster, admin, NewAccount("late", "viewer", word="lantern-of-the-shop"), now)
        done.set()

    writer = threading.Thread(target=late)
    inner = tools.run

    def while_dumping(*words, **named) -> str:  # type: ignore[no-untyped-def]
        if "--format=custom" in words:
            writer.start()
            while not _waiting(cluster):
                pass
            seen.append(len(names(cluster)))
            assert not done.is_set()
        return inner(*words, **named)

    monkeypatch.setattr(tools, "run", while_dumping)
    backup(cluster, admin, tmp_path / "shop.backup", now)
    writer.join()
    assert seen == [5], "nobody wrote during the dump"
    assert "late" in names(cluster), "and who waited has written"


def _waiting(database: Database) -> bool:
    with database.reading() as connection:
        return bool(connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")))


def test_a_writer_that_does_not_end_is_named(
    cluster: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(cluster, admin, now)
    monkeypatch.setattr(one_moment, "PATIENCE_MS", 1_000)
    with cluster.writing() as connection:
        connection.execute(account.update().values(department="x"))
        for act in (
            lambda: checked(cluster, admin),
            lambda: backup(cluster, admin, tmp_path / "shop.backup", now),
        ):
            with pytest.raises(ShopError, match=r"backup\.writes"):
                act()
    assert list(tmp_path.iterdir()) == []


def test_plain_postgresql_keeps_nobody_out(postgres: Database, admin: Actor, now: datetime) -> None:
    settle(postgres, admin, now)
    with postgres.writing() as connection:
        connection.execute(account.update().values(department="x"))
        assert checked(postgres, admin)


def test_any_address_is_a_place_for_the_tests(
    postgres_here: servers.Server, admin: Actor, now: datetime
) -> None:
    """What BIGSALE_TEST_DATABASE does: on Citus the named database is placed once and emptied for each test."""
    with servers.administrating(postgres_here.address) as connection:
        connection.execute(text("CREATE DATABASE bigsale_test_cluster"))
    address = servers.named(postgres_here.address, "bigsale_test_cluster")
    with servers.administrating(address) as connection:
        connection.execute(text("CREATE EXTENSION citus"))
    with servers.prepared(address, create) as server:
        assert server.on_citus
        for _ in range(2):
            with servers.fresh(server, create) as database:
                assert names(database) == []
                settle(database, admin, now, 2)
                with database.reading() as connection:
                    assert place_faults(connection) == []
    servers.drop(postgres_here.address, connect(address))


def stub(folder: Path, name: str, says: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)


def test_tools_older_than_the_server_are_named_before_anything_is_done(
    postgres: Database, admin: Actor, now: datetime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stub(tmp_path, "pg_dump", "pg_dump (PostgreSQL) 12.22")
    monkeypatch.setattr(settings(), "pg_bin", tmp_path)
    with pytest.raises(ShopError) as refused:
        backup(postgres, admin, tmp_path / "new" / "x.backup", now)
    assert refused.value.code == "backup.old_tool"
    assert refused.value.facts["tool_version"] == "12"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("tool", "server", "archive", "dumped", "code"),
    [
        (15, 14, 16, 17, "old_reader"),
        (17, 16, 16, 16, "new_tool"),
        (16, 16, 15, 17, "old_server"),
        (18, 18, 16, 17, ""),
        (15, 15, 14, 15, ""),
    ],
)
def test_versions_that_do_not_fit_have_a_sentence(
    postgres: Database,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    tool: int,
    server: int,
    archive: int,
    dumped: int,
    code: str,
) -> None:
    file = tmp_path / "shop.backup"
    file.write_bytes(b"PGDMP" + bytes([1, archive]))
    (tmp_path / "pg_restore").write_text(
        f"#!/bin/sh\n[ $1 = --version ] && echo 'pg_restore {tool}.1' || echo ';  Dumped from database version: {dumped}.2'\n"
    )
    (tmp_path / "pg_restore").chmod(0o755)
    monkeypatch.setattr(settings(), "pg_bin", tmp_path)
    monkeypatch.setattr(tools, "_server", lambda db: server)
    if not code:
        tools.require_restoring(postgres, file)
        return
    with pytest.raises(ShopError, match=f"backup.{code}") as refused:
        tools.require_restoring(postgres, file)
    assert refused.value.facts
