"""Migrations lead to exactly the tables, up and down, on both databases; a newer schema is refused."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.database import Database, connect, migrate
from core.database.migrate import current, downgrade, head, pending, require_current, upgrade
from core.database.types import load_tables
from core.errors import ShopError
from tests import servers
from tests.conftest import together


@pytest.fixture
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return connect(f"sqlite:///{tmp_path}/bare.db")


@pytest.fixture
def bare_postgres(postgres_server: str) -> Iterator[Database]:
    with servers.nothing(postgres_server) as database:
        yield database


@pytest.mark.parametrize("system", ["bare", pytest.param("bare_postgres", marks=pytest.mark.postgres)])
def test_up_is_the_tables_and_down_is_nothing(system: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(system)
    assert current(database) is None
    steps = upgrade(database)
    assert steps[-1] == head()
    assert pending(database) == []
    require_current(database)
    with database.reading() as connection:
        difference = compare_metadata(
            MigrationContext.configure(connection, opts={"compare_type": True}), load_tables()
        )
    assert difference == []
    downgrade(database)
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert upgrade(database) == steps
    database.dispose()


@pytest.mark.parametrize("system", ["bare", pytest.param("bare_postgres", marks=pytest.mark.postgres)])
def test_of_two_first_starts_at_once_one_migrates(
    system: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found an empty database before either begins; the second looks again inside."""
    database: Database = request.getfixturevalue(system)
    database.reader.connect().close()  # a first connection sets SQLite's journal up
    monkeypatch.setattr(migrate, "pending", together(migrate.pending))
    with ThreadPoolExecutor(2) as both:
        steps = [started.result() for started in [both.submit(upgrade, database) for _ in range(2)]]
    assert sorted(map(len, steps)) == [0, len(migrate.known_versions())]
    monkeypatch.undo()
    require_current(database)
    database.dispose()


def test_a_newer_schema_is_refused(bare: Database) -> None:
    upgrade(bare)
    with bare.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ShopError) as refused:
        require_current(bare)
    assert refused.value.code == "database.newer"


def test_an_older_schema_is_refused_too(bare: Database) -> None:
    upgrade(bare, "0001")
    with pytest.raises(ShopError) as refused:
        require_current(bare)
    assert (refused.value.code, refused.value.facts["schema"]) == ("database.older", "0001")


def test_an_empty_database_is_called_so(bare: Database) -> None:
    with pytest.raises(ShopError) as refused:
        require_current(bare)
    assert refused.value.code == "database.empty"
