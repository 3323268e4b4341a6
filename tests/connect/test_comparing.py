"""The night's comparison with a shop's own database: what was edited without its time of change moving, and what is gone
behind the reach of the second look, is named; what events can say comes in."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core.access import Actor
from core.connect.feeds import nightly, open_rows, service, setup
from core.database import Database, new_id
from core.notify.tables import message
from core.settings import settings
from tests.connect import shops
from tests.connect.shops import Shop, events, layout, ours
from tests.connect.test_database import NOON, _on_hand, looks, set_up
from tests.connect.test_feed_page import _sources as _page
from tests.pages import visiting

STOCK = {"sku_code": "sku", "name": "name", "on_hand": "stock_num", "changed": "mtime"}


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgres", marks=pytest.mark.postgres),
        pytest.param(
            "mariadb",
            marks=pytest.mark.skipif(shutil.which("mariadbd") is None, reason="no MariaDB on this machine"),
        ),
    ]
)
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop's database on SQLite, and on a real PostgreSQL and MariaDB."""
    if request.param == "sqlite":
        yield shops.on_sqlite(tmp_path)
    elif request.param == "postgres":
        with shops.on_postgres(request.getfixturevalue("postgres_server"), f"erp_{new_id()}") as opened:
            yield opened
    else:
        with tempfile.TemporaryDirectory() as folder, shops.on_mariadb(Path(folder)) as (opened, _):
            yield opened


def told(db: Database) -> list[str]:
    with db.reading() as connection:
        return list(connection.scalars(select(message.c.title).order_by(message.c.id)))


def test_days_that_differ_are_named_and_read_again(
    sqlite: Database, admin: Actor, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGSALE_CHANNELS", '{"ops": "json://127.0.0.1"}')
    settings.cache_clear()
    set_up(sqlite, admin, shop, overlap=60, batch=7)
    for n in range(30):
        shop.place(n, NOON - timedelta(hours=n % 10, seconds=n))
    at = looks(sqlite, admin, NOON + timedelta(minutes=1))
    assert nightly.compare_all(sqlite, at) == 0
    (card,) = service.cards(sqlite, admin, at)
    assert card.compared["days"] == []
    shop.write("UPDATE orders SET refunded_quantity = 1, refunded_amount = 19.90 WHERE line_id = 4")
    shop.write("DELETE FROM orders WHERE line_id = 5")
    late = NOON - timedelta(hours=3)
    shop.place(91, late)
    at = looks(sqlite, admin, at + timedelta(seconds=40))
    assert ours(sqlite) != shop.sums(), "nobody has noticed"
    assert nightly.compare(sqlite, admin, "erp", at) == 1
    (card,) = service.cards(sqlite, admin, at)
    (day,) = card.compared["days"]
    assert day == {
        "kind": "orders",
        "day": "2026-11-11",
        "there": 27,  # those of the last minute are the second look's
        "known": 27,
        "there_units": 27 * 4 - 1,
        "known_units": 27 * 4,
        "there_fen": 27 * 3980 - 1990,
        "known_fen": 27 * 3980,
        "edited": 1,
    }
    assert len(told(sqlite)) == 1
    at = looks(sqlite, admin, at + timedelta(seconds=40))
    (card,) = service.cards(sqlite, admin, at)
    assert (card.open.gone, card.rows) == (1, 31)
    assert open_rows.settle_gone(sqlite, admin, "erp", at, withdraw=True) == 1
    assert ours(sqlite)[:3] == shop.sums()[:3]
    before = events(sqlite)
    at = looks(sqlite, admin, at + timedelta(minutes=2))
    assert (nightly.compare(sqlite, admin, "erp", at), events(sqlite)) == (0, before)
    settings.cache_clear()


def test_stock_that_is_gone_or_changed_in_silence_is_named(
    sqlite: Database, admin: Actor, shop: Shop
) -> None:
    set_up(sqlite, admin, shop)
    kind = "timestamptz" if shop.aware else "datetime" if shop.engine.dialect.name == "mysql" else "text"
    charset = " CHARSET utf8mb4" if shop.engine.dialect.name == "mysql" else ""
    shop.write(
        f"CREATE TABLE stock (sku varchar(40), name varchar(40), stock_num int, mtime {kind}){charset}"
    )
    if shop.aware:
        shop.write(f"GRANT SELECT ON stock TO {shop.engine.url.database}")
    for n in range(5):
        long_ago = NOON - timedelta(days=n * 20)
        shop.write(f"INSERT INTO stock VALUES ('S{n:02d}', '货{n}', {50 + n}, :at)", at=long_ago)
    setup.put(sqlite, admin, "erp", layout("stock", columns=STOCK, table="stock", batch=2), NOON)
    at = NOON + timedelta(minutes=1)
    service.collect(sqlite, admin, "erp", at)
    assert nightly.compare_all(sqlite, at) == 0, "the first comparison remembers"
    shop.write("DELETE FROM stock WHERE sku = 'S03'")
    shop.write("UPDATE stock SET stock_num = 7 WHERE sku = 'S02'")
    shop.write("INSERT INTO stock VALUES ('S09', '货9', 9, :at)", at=NOON - timedelta(days=3))
    shop.write("UPDATE stock SET stock_num = 41, mtime = :at WHERE sku = 'S01'", at=at)
    at += timedelta(minutes=2)
    service.collect(sqlite, admin, "erp", at)
    assert _on_hand(sqlite) == 50 + 41 + 52 + 53 + 54
    assert nightly.compare(sqlite, admin, "erp", at) == 3
    (card,) = service.cards(sqlite, admin, at)
    assert (card.state, card.open.gone, card.open.refused) == ("waiting", 1, 2)
    rows = open_rows.open_lines(sqlite, admin, "erp")
    assert dict(rows[["row_key", "code"]].itertuples(index=False)) == {
        "S03": "",
        "S02": "connect.silent_edit",
        "S09": "connect.silent_edit",
    }
    assert nightly.compare(sqlite, admin, "erp", at) == 0, "told once"
    assert _on_hand(sqlite) == 50 + 41 + 52 + 53 + 54, "neither kept in silence nor zeroed: asked"
    assert open_rows.settle_gone(sqlite, admin, "erp", at, withdraw=True) == 0, "no event says that"
    assert open_rows.settle_gone(sqlite, admin, "erp", at, withdraw=False) == 1
    setup.put(sqlite, admin, "erp", layout("stock", columns=STOCK, table="stock", batch=2), at)
    at += timedelta(minutes=2)
    service.collect(sqlite, admin, "erp", at)
    assert _on_hand(sqlite) == 50 + 41 + 7 + 53 + 54 + 9
    assert nightly.compare(sqlite, admin, "erp", at) == 0
    shop.write("INSERT INTO stock VALUES ('S03', '货3', 3, :at)", at=at)
    service.collect(sqlite, admin, "erp", at + timedelta(minutes=2))
    assert nightly.compare(sqlite, admin, "erp", at + timedelta(minutes=2)) == 0, "it is back"
    assert service.cards(sqlite, admin, at + timedelta(minutes=2))[0].state == "good"


def test_the_card_names_the_days(
    sqlite: Database, admin: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit.testing.v1 import AppTest

    small = shops.on_sqlite(tmp_path)
    set_up(sqlite, admin, small, overlap=60)
    for n in range(3):
        small.place(n, NOON - timedelta(hours=1))
    small.place(9, NOON)
    service.collect(sqlite, admin, "erp", NOON)
    small.write("UPDATE orders SET qty = 1, amount = 19.90 WHERE line_id = 2")
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(_page, default_timeout=60).run()
    page.button(key="compare_erp").click().run()
    assert not page.exception
    page.run()
    (warning,) = [one.value for one in page.warning]
    assert "119.40" in warning
    assert "99.50" in warning
