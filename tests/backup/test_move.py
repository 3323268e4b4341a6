"""A shop moves from one database to the other and back: to the row and the sum, with its audit chain, going on where it
was cut short, and not while anybody writes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

import pandas as pd
import psycopg
import pytest
from sqlalchemy import delete, func, null, select

from core.access import Actor, audit, service
from core.access.accounts import NewAccount
from core.access.tables import account
from core.backup import move as moving
from core.backup.checks import broken, check
from core.backup.move import move
from core.database import Database
from core.database.rows import duplicate_key
from core.database.types import load_tables
from core.errors import ShopError
from core.goods.tables import sku, sku_picture
from core.imports.tables import import_change
from core.stock import ledger
from tests.backup.test_backup import settle


@pytest.fixture
def shop(database: Database, admin: Actor, now: datetime) -> Database:
    """Accounts, goods with a picture, stock in the ledger, and an import whose rows had nothing before them."""
    settle(database, admin, now)
    with database.writing() as connection:
        rows = [{"sku_code": f"00{n:04d}", "name": "面霜 'x' 🧴", "updated_at": now} for n in range(120)]
        connection.execute(sku.insert(), rows)
        connection.execute(
            sku_picture.insert(), {"sku_code": "000001", "digest": "d", "image": b"\x00RIFF\xff", "at": now}
        )
        ledger.post(
            connection, _movements(rows), ledger.Posting(source_id="i1", cause="import", account="t", now=now)
        )
    return database


def _movements(rows: list[dict[str, object]]) -> pd.DataFrame:
    codes = [str(row["sku_code"]) for row in rows]
    return pd.DataFrame(
        {"sku_code": codes, "state": "on_hand", "quantity": range(1, len(codes) + 1), "expected_on": ""}
    )


@pytest.fixture
def other(database: Database, request: pytest.FixtureRequest) -> Database:
    """An empty database of the other kind."""
    return request.getfixturevalue("postgres" if database.embedded else "sqlite")


def counts(db: Database) -> dict[str, int]:
    with db.reading() as connection:
        tables = load_tables().sorted_tables
        return {t.name: connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables}


def test_a_shop_moves_there_and_back(shop: Database, other: Database, admin: Actor, now: datetime) -> None:
    before = counts(shop)
    done = move(shop, other, admin, now)
    assert (done.ok, done.rows, done.kept) == (True, sum(before.values()), [])
    after = counts(other)
    assert after | {"audit": before["audit"]} == before
    with other.reading() as connection:
        assert broken(check(connection)) == {}
        assert connection.scalar(select(sku_picture.c.image)) == b"\x00RIFF\xff"
        newest = audit.search(connection, limit=1).iloc[0]
    assert (newest["action"], newest["after"]["rows"]) == ("database.move", done.rows)
    service.add_account(
        other, admin, NewAccount("after", "viewer", word="lantern-of-the-shop"), now
    )  # and it lives on
    with pytest.raises(ShopError, match=r"move\.not_empty"):
        move(shop, other, admin, now)


def test_a_move_cut_short_goes_on(
    shop: Database, other: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy, cut = moving._copy, []

    def until_the_ledger(source, target, table) -> None:  # type: ignore[no-untyped-def]
        copy(source, target, table)
        if table.name == "stock_movement" and not cut:
            cut.append(table.name)
            raise KeyboardInterrupt

    monkeypatch.setattr(moving, "_copy", until_the_ledger)
    with pytest.raises(KeyboardInterrupt):
        move(shop, other, admin, now)
    half = counts(other)
    assert half["sku"] == 120
    assert half["stock_movement"] == 0, "a table is whole or not there"
    done = move(shop, other, admin, now)
    assert {"account", "sku"} <= set(done.kept)
    assert counts(other)["stock_movement"] == 120


def test_what_does_not_agree_is_not_kept(
    shop: Database, other: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy: Callable[..., None] = moving._copy

    def loses(source, target, table) -> None:  # type: ignore[no-untyped-def]
        copy(source, target, table)
        if table.name == "sku_picture":
            target.execute(delete(sku_picture))

    monkeypatch.setattr(moving, "_copy", loses)
    with pytest.raises(ShopError, match=r"move\.differs"):
        move(shop, other, admin, now)
    assert counts(other)["sku_picture"] == 0


def test_a_json_value_that_is_missing_stays_missing(
    shop: Database, other: Database, admin: Actor, now: datetime
) -> None:
    with shop.writing() as connection:
        connection.execute(import_change.insert(), {"import_id": "i1", "key": "a"})
    move(shop, other, admin, now)
    with other.reading() as connection:
        assert connection.scalar(select(import_change.c.before.is_(null()))) in (True, 1)


def test_nothing_moves_while_somebody_writes(
    sqlite: Database, postgres: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(sqlite, admin, now)
    monkeypatch.setattr(moving, "QUIET_S", 3.0)
    stop = threading.Event()

    def busy() -> None:
        n = 0
        while not stop.wait(0.05):
            service.add_account(
                sqlite, admin, NewAccount(f"busy-{n}", "viewer", word="lantern-of-the-shop"), now
            )
            n += 1

    writer = threading.Thread(target=busy)
    writer.start()
    try:
        with pytest.raises(ShopError, match=r"move\.writes"):
            move(sqlite, postgres, admin, now)
    finally:
        stop.set()
        writer.join()
    assert counts(postgres)["account"] == 0
    with pytest.raises(ShopError, match=r"move\.same"):
        move(sqlite, sqlite, admin, now)


def test_a_writer_of_postgresql_is_waited_for_and_then_refused(
    postgres: Database, sqlite: Database, admin: Actor, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(postgres, admin, now)
    monkeypatch.setattr(moving, "PATIENCE_MS", 200)
    with postgres.writing() as connection:
        connection.execute(account.update().values(department="x"))
        with pytest.raises(ShopError, match=r"move\.writes"):
            move(postgres, sqlite, admin, now)


class Told(psycopg.Error):
    """An error with a state and a message, as a server tells them."""

    def __init__(self, state: str, message: str) -> None:
        super().__init__(message)
        self.sqlstate = state


@pytest.mark.parametrize(
    ("state", "message", "duplicate"),
    [
        ("23505", "duplicate key value violates unique constraint", True),
        ("XX000", 'duplicate key value violates unique constraint "pk_event_102008"', True),
        ("XX000", "could not read block of duplicate key", False),
        ("40001", "duplicate key value violates unique constraint", False),
    ],
)
def test_a_key_that_exists_is_known_whoever_reports_it(state: str, message: str, duplicate: bool) -> None:
    assert duplicate_key(Told(state, message)) is duplicate
