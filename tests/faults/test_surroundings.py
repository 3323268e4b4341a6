"""What surrounds the program fails: no room on the disk, a database that somebody holds, a server that restarts under whoever is in it,
a machine in another time zone, a clock that jumps. Nothing is lost, nothing is half, the sentence says what it is, and the same act done
again is enough.

Elsewhere: killed processes (the other files of this folder), message endpoints that are down or slow (tests/notify), a database that is
away under viewers (tests/browser/test_live_lost.py), slow and broken uploads (tests/security/test_12_slow_clients.py).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection, event, text

from core.access import accounts, sessions
from core.access.accounts import NewAccount
from core.backup.checks import broken, check
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, engine
from core.errors import ShopError
from core.live.intake import batches
from core.settings import settings
from core.translations import sentences
from tests.conftest import NOW, actor
from tests.faults.test_every_statement import rows
from tests.faults.write_paths import ADMIN, LEAD, PATHS, Act, an_event_batch
from tests.live.conftest import OPENS, hour, opened

pytestmark = pytest.mark.fault
HERE = [name for name in PATHS if name != "a_restore"]  # that one writes into another file


def assert_refused(db: Database, act: Act, code: str) -> None:
    """The act is refused with that code and a sentence in both languages, and left no trace."""
    before = rows(db)
    with pytest.raises(ShopError) as error:
        act(db)
    assert error.value.code == code
    assert all(f"errors.{code}" in sentences(language) for language in ("zh", "en"))
    assert rows(db) == before


def assert_whole(db: Database) -> None:
    with db.reading() as connection:
        assert broken(check(connection)) == {}


@contextmanager
def without_room(db: Database) -> Iterator[None]:
    """A disk on which the database can grow no page more."""

    def limit(driver: object, _record: object) -> None:
        driver.execute("VACUUM")  # type: ignore[attr-defined]
        pages = driver.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        driver.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[attr-defined]

    event.listen(db.writer, "connect", limit)
    db.dispose()
    yield
    event.remove(db.writer, "connect", limit)
    db.dispose()


def test_a_full_disk_leaves_nothing_half_and_room_is_all_it_needs(sqlite: Database) -> None:
    act = an_event_batch(sqlite)
    with without_room(sqlite):
        assert_refused(sqlite, act, "database.full")
        assert_whole(sqlite)
    act(sqlite)
    assert_whole(sqlite)


@pytest.mark.postgres
@pytest.mark.parametrize("path", HERE)
def test_a_server_without_room_leaves_nothing_half(postgres: Database, path: str) -> None:
    """The server says so (SQLSTATE 53100) at the last statement of the act, its line in the audit trail."""
    act = PATHS[path](postgres)
    with postgres.writing() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION no_room() RETURNS trigger LANGUAGE plpgsql AS"
                " $$ BEGIN RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'; END $$"
            )
        )
        for table in ("audit", "event"):
            connection.execute(
                text(f"CREATE TRIGGER no_room BEFORE INSERT ON {table} EXECUTE FUNCTION no_room()")
            )
    assert_refused(postgres, act, "database.full")
    with postgres.writing() as connection:
        for table in ("audit", "event"):
            connection.execute(text(f"DROP TRIGGER no_room ON {table}"))
        connection.execute(text("DROP FUNCTION no_room"))
    act(postgres)
    assert_whole(postgres)


@pytest.mark.parametrize("path", HERE)
def test_who_waits_too_long_for_a_held_database_is_told_and_nothing_is_written(
    sqlite: Database, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    act = PATHS[path](sqlite)
    assert engine.BUSY_TIMEOUT_MS >= 2 * 30_000, (
        "the usual patience outlasts a database held for half a minute"
    )
    usual = f"busy_timeout={engine.BUSY_TIMEOUT_MS}"
    assert usual in engine.PRAGMAS
    monkeypatch.setattr(
        engine, "PRAGMAS", tuple(one.replace(usual, "busy_timeout=50") for one in engine.PRAGMAS)
    )
    held = engine._sqlite(sqlite.url, "BEGIN IMMEDIATE")
    impatient = Database(
        sqlite.url, engine._sqlite(sqlite.url, "BEGIN IMMEDIATE"), engine._sqlite(sqlite.url, "BEGIN")
    )
    with held.connect():
        pass
    with held.begin() as holding:
        holding.execute(text("SELECT 1"))
        assert_refused(impatient, act, "database.busy")
    act(impatient)
    impatient.dispose()
    held.dispose()
    assert_whole(sqlite)


@contextmanager
def restarting(db: Database, at: int) -> Iterator[None]:
    """The server ends every connection to this database at that statement of the writer, as a restart does."""
    count = iter(range(1, 1_000_000))
    name = db.url.rpartition("/")[2].partition("?")[0]
    other = engine._postgres(db.url.replace(f"/{name}", "/postgres"), "AUTOCOMMIT", False)

    def strike(_connection: Connection, *_given: object) -> None:
        if next(count) == at:
            with other.connect() as ending:
                ending.execute(
                    text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
                    {"name": name},
                )

    event.listen(db.writer, "before_cursor_execute", strike)
    yield
    event.remove(db.writer, "before_cursor_execute", strike)
    other.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("path", HERE)
def test_a_restart_of_the_server_in_the_middle_of_an_act(postgres: Database, path: str) -> None:
    act, before = PATHS[path](postgres), rows(postgres)
    with restarting(postgres, 3), pytest.raises(ShopError) as error:
        act(postgres)
    assert error.value.code == "database.unreachable"
    assert rows(postgres) == before, "and who looks is back without a hand"
    act(postgres)
    assert_whole(postgres)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
def test_the_machines_time_zone_moves_no_figure(sqlite: Database, zone: str) -> None:
    campaigns.add_sale(sqlite, LEAD, NewSale("双11", OPENS, OPENS + timedelta(days=1)), now=NOW)

    def said(where: str) -> bytes:
        return subprocess.run(
            [sys.executable, "-m", "core", "campaign", "list", "--json"],
            env=os.environ
            | {"DATABASE_URL": sqlite.url, "BIGSALE_DATA_DIR": str(settings().data_dir), "TZ": where},
            capture_output=True,
            check=True,
        ).stdout

    assert said(zone) == said("Asia/Shanghai") != b"[]\n"


def test_a_clock_that_jumps_back_counts_nothing_twice_and_loses_nothing(sqlite: Database) -> None:
    """The machine's clock is set back an hour between two batches, and a batch comes again: each event once."""
    opened(sqlite, ADMIN)
    first, second = (next(iter(batches.in_batches(hour(orders=n)))) for n in (40, 41))
    batches.take(sqlite, ADMIN, "shop", first, OPENS + timedelta(hours=1))
    batches.take(sqlite, ADMIN, "shop", second, OPENS)
    once = rows(sqlite)
    again = batches.take(sqlite, ADMIN, "shop", first, OPENS + timedelta(hours=1))
    assert again.applied == 0
    assert rows(sqlite)["event"] == once["event"]
    assert_whole(sqlite)


def test_a_clock_that_jumps_ahead_ends_sessions(sqlite: Database) -> None:
    person = actor("viewer")
    with sqlite.writing() as connection:
        accounts.create(
            connection, ADMIN, NewAccount(person.name, person.role, word="tall-river-47-lamp"), NOW
        )
        connection.execute(accounts.account.update().values(must_change=False))
        token = sessions.open_session(connection, person, "test", NOW).token
    assert sessions.who(sqlite, token, NOW - timedelta(hours=1)) is not None, (
        "set back an hour: nobody is thrown out"
    )
    assert sessions.who(sqlite, token, NOW) is not None
    assert sessions.who(sqlite, token, NOW + timedelta(days=400)) is None
