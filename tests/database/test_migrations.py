"""Migrations lead to exactly the tables, up and down, on both databases; a newer schema is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from core.database import Database, connect, new_id
from core.database.migrate import current, downgrade, head, pending, require_current, upgrade
from core.database.types import load_tables
from core.errors import ShopError
from tests.conftest import named


@pytest.fixture
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    return connect(f"sqlite:///{tmp_path}/bare.db")


@pytest.fixture
def bare_postgres(postgres_server: str) -> Database:
    name = f"bare_{new_id()}"
    with connect(postgres_server).writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    return connect(named(postgres_server, name))


@pytest.mark.parametrize("system", ["bare", pytest.param("bare_postgres", marks=pytest.mark.postgres)])
def test_up_is_the_tables_and_down_is_nothing(system: str, request: pytest.FixtureRequest) -> None:
    database: Database = request.getfixturevalue(system)
    assert current(database) is None
    steps = upgrade(database)
    assert steps[-1] == head()
    assert pending(database) == []
    require_current(database)
    with database.reading() as connection:
        difference = compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), load_tables())
    assert difference == []
    downgrade(database)
    with database.reading() as connection:
        assert set(inspect(connection).get_table_names()) <= {"alembic_version"}
    assert upgrade(database) == steps
    database.dispose()


def test_a_newer_schema_is_refused(bare: Database) -> None:
    upgrade(bare)
    with bare.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(ShopError) as refused:
        require_current(bare)
    assert refused.value.code == "database.newer"


def test_an_older_schema_is_refused_too(bare: Database) -> None:
    with pytest.raises(ShopError) as refused:
        require_current(bare)
    assert refused.value.code == "database.older"
