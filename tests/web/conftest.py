"""The HTTP side on a test's own database, and Argon2 with its smallest cost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient

from core import web
from core.access import passwords
from core.database import Database
from core.settings import settings

CHEAP = PasswordHash((Argon2Hasher(time_cost=1, memory_cost=64, parallelism=1),))


@pytest.fixture(autouse=True)
def cheap_argon2(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pass over 64 KiB instead of three over 64 MiB."""
    monkeypatch.setattr(passwords, "_argon2", CHEAP)


@pytest.fixture
def house(database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    """A client of the HTTP side on this test's database, at its own address; a page of ours unless a header says otherwise."""
    monkeypatch.setenv("DATABASE_URL", database.url)
    settings.cache_clear()
    yield client()
    monkeypatch.undo()
    settings.cache_clear()


def client() -> TestClient:
    """Another browser."""
    return TestClient(
        web.app, base_url="http://127.0.0.1:8501", headers={"Origin": "http://127.0.0.1:8501"}, client=("127.0.0.1", 50000)
    )
