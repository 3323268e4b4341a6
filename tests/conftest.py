"""Shared fixtures: a clean database on SQLite and on a real PostgreSQL, and the acting people."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from alembic import command

from core.access import Actor
from core.database import Database, connect
from core.database.migrate import migration_config
from core.database.types import load_tables
from core.settings import settings
from tests import cheaply, dashboards, demo_shop, servers

SHARED = Path(__file__).resolve().parents[2] / "shared"
NOW = datetime(2026, 10, 20, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, three weeks before Double-11

os.environ.setdefault("BIGSALE_SECRET", "one-key-for-tests-and-the-servers-that-they-start")
os.environ.setdefault("BIGSALE_DATA_DIR", tempfile.mkdtemp(prefix="bigsale-test-"))
settings.cache_clear()
hypothesis.settings.register_profile(
    "house", deadline=None
)  # a busy machine is no defect of the rule under test
hypothesis.settings.load_profile("house")


def pytest_configure(config: pytest.Config) -> None:
    """Benches measure the product as it is; all others need not wait for its disk and its passwords."""
    benches = str(config.getoption("markexpr")) == "bench"
    if benches:
        cheaply.be_dear()
        dashboards.start_cold()
    else:
        cheaply.be_cheap()


def pytest_sessionfinish() -> None:
    """Nothing that was started for the tests outlives them."""
    dashboards.end()


def create(database: Database) -> None:
    """The schema as the tables say it; that migrations lead to the same is
    tests/database/test_migrations.py's business."""
    with database.writing() as connection:
        load_tables().create_all(connection)
        command.stamp(migration_config(connection), "head")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever needs the demo may be the one that loads it, or waits while another process does."""
    for item in items:
        if "demo" in getattr(item, "fixturenames", ()) and not item.get_closest_marker("timeout"):
            item.add_marker(pytest.mark.timeout(1_500))


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
    demo_shop.into_one_file(database)
    return path


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> demo_shop.Demo:
    """The demo, loaded once for all processes of this run: its file to copy, and what loading it counted."""
    own = tmp_path_factory.getbasetemp()
    return demo_shop.loaded(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own, create)


@pytest.fixture(scope="session")
def postgres_here() -> Iterator[servers.Server]:
    """A real PostgreSQL: the one that BIGSALE_TEST_DATABASE names, else the embedded wheel's."""
    address = os.environ.get("BIGSALE_TEST_DATABASE", "")
    with ExitStack() as stack:
        address = address or stack.enter_context(servers.embedded())
        yield stack.enter_context(servers.prepared(address, create))


@pytest.fixture(scope="session")
def postgres_server(postgres_here: servers.Server) -> str:
    """The address of that PostgreSQL, where tests make databases of their own."""
    return postgres_here.address


@pytest.fixture
def sqlite(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database of this test alone."""
    path = tmp_path / "shop.db"
    shutil.copy(sqlite_template, path)
    database = connect(f"sqlite:///{path}")
    yield database
    database.dispose()


@pytest.fixture
def postgres(postgres_here: servers.Server) -> Iterator[Database]:
    """An empty, migrated PostgreSQL database of this test alone; on Citus its tables are placed."""
    with servers.fresh(postgres_here, create) as database:
        yield database


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> Database:
    """The same test on both databases."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def now() -> datetime:
    """The moment at which tests take place unless they say otherwise."""
    return NOW


def together(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step of two threads, held until both have come to it, or half a second long where one has to wait
    for the other."""
    both = threading.Barrier(2)

    def met(*given: Any, **named: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return step(*given, **named)

    return met


def forked(work: Callable[..., None], *given: Any) -> BaseProcess:
    """A process of its own that does the work, with the imports of this one and none of its connections."""

    def alone() -> None:
        connect.cache_clear()
        work(*given)

    process = multiprocessing.get_context("fork").Process(target=alone, daemon=True)
    process.start()
    return process


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
    from core.commands.terminal import run

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
