"""A machine with another key writes nothing, and a chain whose end was cut off is not extended over the cut."""

from __future__ import annotations

from datetime import datetime

import pytest
from sqlalchemy import func, select, text

from core.access import Actor, audit, keys, service
from core.access.accounts import NewAccount
from core.access.tables import account
from core.commands.terminal.run import require_own_key
from core.database import Database
from core.database.types import load_tables
from core.errors import ShopError
from core.live.intake import sources
from core.settings import settings
from core.web import scheduler
from tests.web.conftest import client


def test_another_key_is_refused_and_nothing_is_written(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.add_account(database, admin, NewAccount("mei", "viewer", word="lantern-of-the-shop"), now)
    monkeypatch.setattr(keys, "derived", lambda purpose: b"another shop's key")
    with pytest.raises(ShopError, match="access.other_key"):
        service.add_account(database, admin, NewAccount("eve", "admin", word="lantern-of-the-shop"), now)
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(account)) == 1
        with pytest.raises(ShopError, match="access.other_key"):
            audit.require_own_key(connection)


def test_a_server_with_another_key_takes_nothing_in_and_runs_no_job(
    database: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its first write: no event, no job, no migration; who balances the load hears of it."""
    sources.add_source(database, admin, "shop", now)
    monkeypatch.setattr(settings(), "database_url", database.url)
    house = client()
    before = _rows(database)
    monkeypatch.setattr(keys, "derived", lambda purpose: b"another shop's key")
    assert house.post("/api/v1/events", content=b"{}").json()["code"] == "access.other_key"
    health = house.get("/healthz")
    assert (health.status_code, health.json()["code"]) == (503, "access.other_key")
    with pytest.raises(ShopError, match="access.other_key"):
        scheduler.Scheduler(database.url)._lead(database)
    with pytest.raises(ShopError, match="access.other_key"):
        require_own_key(database)
    assert _rows(database) == before


def _rows(database: Database) -> dict[str, int]:
    with database.reading() as connection:
        return {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0
            for table in load_tables().sorted_tables
        }


def test_a_cut_is_not_healed_by_the_next_row(database: Database, admin: Actor, now: datetime) -> None:
    for name in ("mei", "eve"):
        service.add_account(database, admin, NewAccount(name, "viewer", word="lantern-of-the-shop"), now)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM audit WHERE number = 2"))
    with pytest.raises(ShopError, match="access.seal_broken"):
        service.add_account(database, admin, NewAccount("mallory", "viewer", word="lantern-of-the-shop"), now)
