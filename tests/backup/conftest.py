"""PostgreSQL's tools of the embedded wheel, and accounts that cost nothing to make."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import text
from sqlalchemy.engine import make_url

from core.access import passwords
from core.database import Database, connect, new_id
from core.settings import settings
from tests.conftest import embedded_postgres


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass over 64 KiB."""
    monkeypatch.setattr(passwords, "_argon2", PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),)))


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the server's own version."""
    folder = Path(embedded_postgres().__file__ or "").parent
    monkeypatch.setattr(settings(), "pg_bin", folder / "pginstall" / "bin")


@pytest.fixture
def nowhere(database: Database, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Callable[[], Database]]:
    """Makes a database of the same kind with nothing in it, not even tables."""
    made: list[Database] = []

    def make() -> Database:
        if database.embedded:
            made.append(connect(f"sqlite:///{tmp_path / new_id()}.db"))
            return made[-1]
        name = f"empty_{new_id()}"
        with connect(database.url).writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        made.append(connect(make_url(database.url).set(database=name).render_as_string(hide_password=False)))
        return made[-1]

    yield make
    for db in made:
        db.dispose()
        if not db.embedded:
            with connect(database.url).writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(f"DROP DATABASE {make_url(db.url).database} WITH (FORCE)"))
