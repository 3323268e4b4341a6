"""The audit trail: whatever single thing is done to it shows, and what it cannot show is known."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import Connection, delete, insert, select, update

from core.access import Actor, audit, keys, service
from core.access.tables import audit as table
from core.access.tables import audit_head
from core.database import Database
from tests import servers
from tests.conftest import create

ROWS = 6


@pytest.fixture
def told(database: Database, now, admin: Actor) -> Database:
    """Six rows: one per price change."""
    for n in range(ROWS):
        with database.writing() as connection:
            audit.record(
                connection,
                admin,
                now + timedelta(seconds=n),
                "price.edit",
                f"0012{n}",
                {"price": n},
                {"price": n + 1, "名": "面膜"},
            )
    return database


def faults(database: Database) -> list[tuple[int, str]]:
    with database.reading() as connection:
        return [(fault["number"], fault["fault"]) for fault in audit.faults(connection)]


def test_an_untouched_trail_is_whole(told: Database) -> None:
    assert faults(told) == []


@pytest.mark.parametrize(
    "column", [c.name for c in table.columns if c.name not in {"number", "previous", "digest"}]
)
def test_any_edited_field_shows(told: Database, now, column: str) -> None:
    value = {"at": now + timedelta(microseconds=1), "before": {"price": 99}, "after": None}.get(
        column, "someone else"
    )
    for number in (1, 3, ROWS):
        with told.writing() as connection:
            kept = connection.execute(select(table.c[column]).where(table.c.number == number)).scalar_one()
            connection.execute(update(table).where(table.c.number == number).values({column: value}))
        assert faults(told) == [(number, "edited")]
        with told.writing() as connection:
            connection.execute(update(table).where(table.c.number == number).values({column: kept}))
    assert faults(told) == []


def test_an_edit_with_a_recomputed_digest_breaks_the_next_link(told: Database) -> None:
    for number in (1, 3):
        _forge(told, number, account="x")
        assert (number + 1, "broken") in faults(told)
    _forge(told, ROWS, account="x")
    assert (ROWS, "cut") in faults(told), "the last row has no next link, but the head is sealed"


@pytest.mark.parametrize("number", range(1, ROWS + 1))
def test_any_deleted_row_shows(told: Database, number: int) -> None:
    with told.writing() as connection:
        connection.execute(delete(table).where(table.c.number == number))
    assert faults(told) != []


def test_a_deleted_row_shows_when_the_rest_is_renumbered_and_relinked(told: Database) -> None:
    _rewrite(told, [row for row in _rows(told) if row["number"] != 3])
    assert faults(told) == [(ROWS, "cut")]


def test_two_rows_changing_places_show(told: Database) -> None:
    with told.writing() as connection:
        for number, other in ((2, -4), (4, 2), (-4, 4)):
            connection.execute(update(table).where(table.c.number == number).values(number=other))
    found = faults(told)
    assert {(2, "edited"), (4, "edited"), (2, "broken"), (3, "broken"), (4, "broken"), (5, "broken")} == set(
        found
    )


def test_a_cut_tail_shows_even_with_the_head_moved(told: Database) -> None:
    with told.writing() as connection:
        connection.execute(delete(table).where(table.c.number > 4))
    assert faults(told) == [(ROWS, "cut")]
    with told.writing() as connection:
        last = connection.execute(select(table).where(table.c.number == 4)).one()
        connection.execute(update(audit_head).values(number=4, digest=last.digest))
    assert faults(told) == [(4, "unsealed")], "the seal needs the key, which is not in the database"
    with told.writing() as connection:
        connection.execute(delete(audit_head))
    assert faults(told) == [(4, "unsealed")]
    with told.writing() as connection:
        connection.execute(delete(table))
    assert faults(told) == [], (
        "an emptied database looks like a new one: the known limit, answered by a noted head or an export"
    )


def test_another_key_does_not_fit(told: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "derived", lambda purpose: b"x" * 32)
    assert faults(told) == [(ROWS, "unsealed")]


def test_a_rolled_back_change_leaves_no_row_and_no_gap(told: Database, admin: Actor, now) -> None:
    with pytest.raises(RuntimeError), told.writing() as connection:  # noqa: PT012 - the fault comes after the row
        audit.record(connection, admin, now, "price.edit", "x")
        raise RuntimeError
    with told.writing() as connection:
        assert audit.record(connection, admin, now, "price.edit", "x") == ROWS + 1
    assert faults(told) == []


def test_many_writers_make_one_chain(database: Database, admin: Actor, now) -> None:
    def write(n: int) -> int:
        with database.writing() as connection:
            return audit.record(connection, admin, now, "price.edit", str(n))

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(write, range(40)))
    assert numbers == list(range(1, 41))
    assert faults(database) == []


TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
NUMBER = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBER | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


@hypothesis_settings(max_examples=40, deadline=None)
@given(before=JSON, after=JSON, subject=TEXT)
def test_whatever_is_told_reads_back_to_its_digest(
    sqlite_once: Database, postgres_once: Database, before, after, subject: str
) -> None:
    from datetime import UTC, datetime

    for database in (sqlite_once, postgres_once):
        with database.writing() as connection:
            audit.record(
                connection,
                Actor("a", "admin"),
                datetime(2026, 11, 11, tzinfo=UTC),
                "x",
                subject,
                before,
                after,
            )
            assert audit.faults(connection) == []
            connection.rollback()


@pytest.fixture(scope="module")
def sqlite_once(sqlite_template, tmp_path_factory: pytest.TempPathFactory):
    import shutil

    from core.database import connect

    path = tmp_path_factory.mktemp("once") / "shop.db"
    shutil.copy(sqlite_template, path)
    return connect(f"sqlite:///{path}")


@pytest.fixture(scope="module")
def postgres_once(postgres_server: str):
    with servers.nothing(postgres_server) as database:
        create(database)
        yield database


def test_search_finds_by_everything(told: Database, admin: Actor, now) -> None:
    with told.writing() as connection:
        audit.record(
            connection,
            Actor("mei", "merchandiser", "page", "10.0.0.9"),
            now + timedelta(days=1),
            "stock.import",
            "100%_a",
            None,
            {"sum": Decimal("1.50")},
        )
    for wanted, numbers in (
        ({}, [7, 6, 5, 4, 3, 2, 1]),
        ({"limit": 2}, [7, 6]),
        ({"account": "mei"}, [7]),
        ({"action": "price."}, [6, 5, 4, 3, 2, 1]),
        ({"action": "price_"}, []),
        ({"subject": "00122"}, [3]),
        ({"text": "%_A"}, [7]),
        ({"text": "面膜", "limit": 1}, [6]),
        ({"since": now + timedelta(seconds=2), "until": now + timedelta(seconds=4)}, [4, 3]),
    ):
        limit = wanted.pop("limit", 500)
        frame = service.trail(told, admin, service.Wanted(**wanted), limit=limit)
        assert frame["number"].tolist() == numbers, wanted
    assert "digest" not in frame.columns


def test_an_export_can_be_checked_elsewhere_and_is_itself_told(told: Database, admin: Actor, now) -> None:
    frame = service.export_trail(told, admin, now)
    rows = frame.astype(object).to_dict("records")
    previous = audit.GENESIS
    for row in rows:
        assert row["previous"] == previous
        assert audit.seal(row | {"at": row["at"].to_pydatetime()}) == row["digest"]
        previous = row["digest"]
    assert service.trail(told, admin, limit=1)["action"].tolist() == ["audit.export"]


def _rows(database: Database) -> list[dict]:
    with database.reading() as connection:
        return [dict(row) for row in connection.execute(select(table).order_by(table.c.number)).mappings()]


def _forge(database: Database, number: int, **values: object) -> None:
    row = next(row for row in _rows(database) if row["number"] == number) | values
    with database.writing() as connection:
        connection.execute(
            update(table).where(table.c.number == number).values(**values, digest=audit.seal(row))
        )


def _rewrite(database: Database, rows: list[dict]) -> None:
    with database.writing() as connection:
        connection.execute(delete(table))
        _relink(connection, rows)


def _relink(connection: Connection, rows: list[dict]) -> None:
    previous = audit.GENESIS
    for number, row in enumerate(rows, 1):
        fresh = row | {"number": number, "previous": previous}
        previous = audit.seal(fresh)
        connection.execute(insert(table).values(**(fresh | {"digest": previous})))
