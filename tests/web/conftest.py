"""The HTTP side on a test's own database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from core import web
from core.database import Database
from core.settings import settings


@pytest.fixture
def house(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of the HTTP side on this test's database, at its own address; a page of ours unless a header
    says otherwise."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()
    yield client()
    monkeypatch.undo()
    settings.cache_clear()


def client() -> TestClient:
    """Another browser."""
    return TestClient(
        web.app,
        base_url="http://127.0.0.1:8501",
        headers={"Origin": "http://127.0.0.1:8501"},
        client=("127.0.0.1", 50000),
    )
