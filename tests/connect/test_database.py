"""A shop's own database: each row once, whatever it does while it is read; an account that may write is refused."""

from __future__ import annotations

import multiprocessing
import os
import random
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text

from core.access import Actor
from core.audience.people.tables import person
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect import turning
from core.connect.feeds import address, looking, open_rows, service, setup
from core.connect.feeds.database import reader
from core.connect.kinds import kind
from core.connect.tables import connect_feed
from core.database import Database, connect, new_id
from core.database.types import schema
from core.errors import ShopError
from core.goods.tables import sku
from core.imports import service as imports
from core.live.intake import sources
from core.settings import settings
from tests.connect import shops
from tests.connect.shops import OPENS, Mariadb, Shop, events, layout, ours

NOON = OPENS + timedelta(hours=12)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def shop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shop]:
    """A shop's database on SQLite and on a real PostgreSQL."""
    if request.param == "sqlite":
        yield shops.on_sqlite(tmp_path)
        return
    with shops.on_postgres(request.getfixturevalue("postgres_server"), f"erp_{new_id()}") as opened:
        yield opened


@pytest.fixture
def small_shop(tmp_path: Path) -> Shop:
    """A shop's database on SQLite."""
    return shops.on_sqlite(tmp_path)


def set_up(db: Database, admin: Actor, shop: Shop, **how: object) -> None:
    """A sale that runs, and the shop as a source of its orders."""
    campaigns.add_sale(
        db, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS - timedelta(days=20)
    )
    setup.add(db, admin, "erp", shop.address, NOON)
    setup.put(db, admin, "erp", layout(**how), NOON, since=OPENS - timedelta(days=20))


def looks(db: Database, admin: Actor, start: datetime, seconds: int = 40) -> datetime:
    """Two looks, far enough apart for a whole second look; the moment of the last."""
    service.collect(db, admin, "erp", start)
    last = start + timedelta(seconds=seconds)
    service.collect(db, admin, "erp", last)
    service.collect(db, admin, "erp", last + timedelta(seconds=1))
    return last


def test_each_row_comes_in_once_whatever_it_does(database: Database, admin: Actor, shop: Shop) -> None:
    set_up(database, admin, shop, batch=7)
    for n in range(30):
        shop.place(n, NOON + timedelta(seconds=n), paid=n % 5 > 0)
    at = looks(database, admin, NOON + timedelta(minutes=1))
    assert ours(database) == shop.sums()
    first = events(database)
    at = looks(database, admin, at + timedelta(seconds=40))
    assert events(database) == first, "nothing twice"
    shop.edit(3, at, qty=1, amount="19.90")
    shop.edit(4, at, refunded_quantity=1, refunded_amount="19.90")
    shop.edit(6, at, refunded_amount="5.00")
    shop.edit(5, at, paid_at=at)
    shop.edit(10, at, cancelled_at=at)
    shop.place(100, at - timedelta(seconds=200))  # committed late, with an older time
    looks(database, admin, at + timedelta(seconds=40))
    assert ours(database) == shop.sums()
    (card,) = service.cards(database, admin, at + timedelta(seconds=90))
    assert (card.state, card.rows, card.open.refused) == ("good", 31, 0)
    assert card.lag_s is not None


def test_rows_that_are_gone_are_asked_about(database: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(database, admin, small_shop)
    for n in range(10):
        small_shop.place(n, NOON + timedelta(seconds=n))
    at = looks(database, admin, NOON + timedelta(minutes=1))
    small_shop.write("DELETE FROM orders WHERE line_id IN (2, 3)")
    at = looks(database, admin, at + timedelta(seconds=40))
    (card,) = service.cards(database, admin, at)
    assert (card.state, card.open.gone) == ("waiting", 2)
    assert ours(database)[1] == 20, "they count until somebody has said what it means"
    assert list(open_rows.open_lines(database, admin, "erp")["row_key"]) == ["2", "3"]
    assert open_rows.settle_gone(database, admin, "erp", at, withdraw=True) == 2
    assert ours(database)[:3] == small_shop.sums()[:3]
    small_shop.write("DELETE FROM orders WHERE line_id = 4")
    at = looks(database, admin, at + timedelta(seconds=40))
    assert open_rows.settle_gone(database, admin, "erp", at, withdraw=False) == 1
    looks(database, admin, at + timedelta(seconds=40))
    (card,) = service.cards(database, admin, at + timedelta(seconds=90))
    assert (card.state, card.open.gone, ours(database)[1]) == ("good", 0, 16)


def test_an_account_that_may_write_is_refused(sqlite: Database, admin: Actor, postgres_server: str) -> None:
    with shops.on_postgres(postgres_server, f"erp_{new_id()}") as shop:
        owner = shop.engine.url.render_as_string(hide_password=False)
        with pytest.raises(ShopError, match=r"connect\.may_write"):
            setup.add(sqlite, admin, "erp", owner, NOON)
        set_up(sqlite, admin, shop)
        shop.place(1, NOON)
        shop.write(f"GRANT UPDATE ON orders TO {shop.engine.url.database}")
        service.collect(sqlite, admin, "erp", NOON + timedelta(seconds=1))
        with pytest.raises(ShopError, match=r"connect\.may_write"):
            looks(sqlite, admin, NOON + timedelta(minutes=1))
        (card,) = service.cards(sqlite, admin, NOON + timedelta(minutes=3))
        assert (card.state, card.used.fault) == ("red", "connect.may_write")
        assert "UPDATE public.orders" in str(card.used.facts["rights"])


def test_what_is_read_cannot_be_written(shop: Shop) -> None:
    sealed = address.sealed(shop.address)
    with pytest.raises(ShopError), reader.reading(sealed, 5) as remote:
        remote.execute(text("DELETE FROM orders"))
    for select_ in ("DELETE FROM orders", "SELECT 1; DELETE FROM orders"):
        with pytest.raises(ShopError, match=r"connect\.not_a_select"), reader.reading(sealed, 5) as remote:
            reader.columns(remote, layout(table="", select=select_))


def test_a_statement_that_takes_too_long_is_ended(shop: Shop) -> None:
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000000) SELECT sum(i) FROM n"
    begun = time.monotonic()
    with (
        pytest.raises(ShopError, match=r"connect\.too_slow"),
        reader.reading(address.sealed(shop.address), 1) as remote,
    ):
        remote.execute(text(slow))
    assert time.monotonic() - begun < 20


def test_a_changed_table_is_refused_and_told_once(
    sqlite: Database, admin: Actor, shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(sqlite, admin, shop)
    shop.place(1, NOON)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1))
    shop.write("ALTER TABLE orders RENAME COLUMN amount TO price")
    for n in range(2):
        with pytest.raises(ShopError, match=r"connect\.schema_changed"):
            looks(sqlite, admin, at + timedelta(minutes=1 + n))
    (card,) = service.cards(sqlite, admin, at + timedelta(minutes=3))
    assert (card.state, card.used.fault) == ("red", "connect.schema_changed")
    shop.write("ALTER TABLE orders RENAME COLUMN price TO amount")
    looks(sqlite, admin, at + timedelta(minutes=4))
    assert service.cards(sqlite, admin, at + timedelta(minutes=5))[0].state == "good"


def test_rows_that_no_event_can_say_are_refused_alone(
    sqlite: Database, admin: Actor, small_shop: Shop
) -> None:
    set_up(sqlite, admin, small_shop)
    for n in range(6):
        small_shop.place(n, NOON)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1))
    small_shop.edit(1, at, amount="50.00")  # paid more for as many
    small_shop.edit(2, at, sku="S99")
    small_shop.edit(3, at, qty="两件")
    small_shop.place(8, at, yuan="1e9999")
    small_shop.place(9, OPENS - timedelta(days=60))
    small_shop.edit(9, at)
    at = looks(sqlite, admin, at + timedelta(seconds=40))
    (card,) = service.cards(sqlite, admin, at)
    assert (card.open.refused, card.open.outside, card.rows) == (4, 1, 6)
    codes = dict(open_rows.open_lines(sqlite, admin, "erp")[["row_key", "code"]].itertuples(index=False))
    assert codes == {
        "1": "connect.price_edited",
        "2": "connect.key_reused",
        "3": "connect.cell.quantity",
        "8": "connect.cell.amount",
    }
    small_shop.edit(1, at, amount="39.80")
    small_shop.edit(3, at, qty=2)
    looks(sqlite, admin, at + timedelta(seconds=40))
    assert service.cards(sqlite, admin, at)[0].open.refused == 2


def test_set_up_refuses_what_cannot_be_read(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    setup.add(sqlite, admin, "erp", small_shop.address, NOON)
    small_shop.place(1, NOON)
    wrong = {
        "connect.unmapped": layout(columns={"key": "line_id"}),
        "connect.schema_changed": layout(columns=layout().columns | {"amount": "no_such"}),
        "connect.sample": layout(columns=layout().columns | {"at": "sku"}),
        "connect.bad_limits": layout(batch=0),
    }
    for code, how in wrong.items():
        with pytest.raises(ShopError, match=code):
            setup.put(sqlite, admin, "erp", how, NOON)
    small_shop.write("UPDATE orders SET updated_at = NULL")
    with pytest.raises(ShopError, match=r"connect\.watermark_empty"):
        setup.put(sqlite, admin, "erp", layout(), NOON)
    for text_, code in (
        ("oracle://a:b@127.0.0.1/x", "no_driver"),
        ("nonsense", "bad_address"),
        ("sqlite:////no/such/file.db", "no_file"),
        ("postgresql://a:b@127.0.0.1:1/x", "unreachable"),
    ):
        with pytest.raises(ShopError, match=code):
            setup.add(sqlite, admin, "other", text_, NOON)


def test_our_own_database_is_no_source(
    sqlite: Database, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    with pytest.raises(ShopError, match=r"connect\.own_database"):
        setup.add(sqlite, admin, "erp", sqlite.url, NOON)
    settings.cache_clear()


def test_the_address_is_kept_sealed(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    with sqlite.reading() as connection:
        row = connection.execute(select(connect_feed)).mappings().one()
    assert small_shop.address not in str(dict(row))
    assert address.opened(row["sealed"]) == small_shop.address
    assert small_shop.address not in str(service.cards(sqlite, admin, NOON))


def test_payments_refunds_stock_and_goods(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    small_shop.write(
        "CREATE TABLE pays (id int, tid text, sku text, num int, payment numeric, pay_time text, mtime text)"
    )
    small_shop.write("CREATE TABLE stock (sku text, name text, stock_num int, locked int, mtime text)")
    for n in range(4):
        small_shop.place(n, NOON, paid=False)
        small_shop.write(f"INSERT INTO pays VALUES ({n}, 'N{n}', 'S{n:02d}', 2, 39.8, :at, :at)", at=NOON)
        small_shop.write(f"INSERT INTO stock VALUES ('S{n:02d}', '货{n}', {50 + n}, 1, :at)", at=NOON)
    pays = {"key": "id", "order_id": "tid", "sku_code": "sku", "quantity": "num", "amount": "payment"}
    pays |= {"at": "pay_time", "changed": "mtime"}
    stock = {
        "sku_code": "sku",
        "name": "name",
        "on_hand": "stock_num",
        "reserved": "locked",
        "changed": "mtime",
    }
    for how in (
        layout("payments", columns=pays, table="", select="SELECT * FROM pays WHERE num > 0"),
        layout("stock", columns=stock, table="stock"),
    ):
        setup.put(sqlite, admin, "erp", how, NOON, since=OPENS)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1), seconds=61)
    assert ours(sqlite) == (8, 8, 4 * 3980, 4)
    assert _on_hand(sqlite) == 50 + 51 + 52 + 53
    small_shop.write("UPDATE stock SET stock_num = 48, mtime = :at WHERE sku = 'S00'", at=at)
    at = looks(sqlite, admin, at + timedelta(minutes=2), seconds=61)
    assert _on_hand(sqlite) == 48 + 51 + 52 + 53
    tried = {one.kind: one for one in service.test(sqlite, admin, "erp")}
    assert (tried["orders"].there, tried["orders"].known) == (4, 4)
    small_shop.write("UPDATE stock SET stock_num = 99999, mtime = :at WHERE sku = 'S00'", at=at)
    small_shop.place(7, at + timedelta(minutes=2), paid=False)
    for n in range(2):
        with pytest.raises(ShopError, match=r"connect\.sheet_waits"):
            service.collect(sqlite, admin, "erp", at + timedelta(minutes=2, seconds=n))
    assert _on_hand(sqlite) == 48 + 51 + 52 + 53
    assert ours(sqlite)[0] == 10, "orders come in all the same"
    assert service.cards(sqlite, admin, at + timedelta(minutes=2))[0].state == "waiting"
    kind_name, sheet = open_rows.waiting_sheet(sqlite, admin, "erp", at + timedelta(minutes=2))
    draft = imports.check(imports.inspect(sqlite, admin, kind(kind_name), sheet, "a.csv"))
    assert imports.commit(sqlite, admin, draft, now=at + timedelta(minutes=2)).committed
    service.collect(sqlite, admin, "erp", at + timedelta(minutes=4))
    assert _on_hand(sqlite) == 99_999 + 51 + 52 + 53
    assert service.cards(sqlite, admin, at + timedelta(minutes=4))[0].state == "good"


def test_stock_that_did_not_change_lately_is_read_too(
    sqlite: Database, admin: Actor, small_shop: Shop
) -> None:
    set_up(sqlite, admin, small_shop)
    small_shop.write("CREATE TABLE stock (sku text, name text, stock_num int, mtime text)")
    for n, days in enumerate((400, 40, 0)):
        long_ago = NOON - timedelta(days=days)
        small_shop.write(f"INSERT INTO stock VALUES ('S{n:02d}', '货{n}', {50 + n}, :at)", at=long_ago)
    columns = {"sku_code": "sku", "name": "name", "on_hand": "stock_num", "changed": "mtime"}
    setup.put(sqlite, admin, "erp", layout("stock", columns=columns, table="stock"), NOON)
    service.collect(sqlite, admin, "erp", NOON + timedelta(minutes=1))
    assert _on_hand(sqlite) == 50 + 51 + 52


def test_a_list_price_in_fen_stays_what_it_is(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    small_shop.write("CREATE TABLE sku (code text, name text, tag_price int, mtime text)")
    small_shop.write("INSERT INTO sku VALUES ('S01', '面霜', 19990, :at)", at=NOON)
    columns = {"sku_code": "code", "name": "name", "list_price": "tag_price", "changed": "mtime"}
    setup.put(
        sqlite, admin, "erp", layout("goods", columns=columns, table="sku", select="", unit="fen"), NOON
    )
    service.collect(sqlite, admin, "erp", NOON + timedelta(minutes=1))
    with sqlite.reading() as connection:
        assert connection.scalar(select(sku.c.list_price).where(sku.c.sku_code == "S01")) == 19_990


def test_people_come_in_without_their_ids(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    small_shop.write("CREATE TABLE member (openid text, gender text, province text, mtime text)")
    for n in range(30):
        who = {"sex": "女" if n % 3 else "男", "at": NOON - timedelta(days=n)}
        small_shop.write(f"INSERT INTO member VALUES ('wx-{n}', :sex, '浙江', :at)", **who)
    known = setup.guessed("people", ["openid", "gender", "province", "mtime"])
    assert known == {"person": "openid", "sex": "gender", "province": "province", "changed": "mtime"}
    setup.put(sqlite, admin, "erp", layout("people", columns=known, table="member"), NOON)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1), seconds=61)
    small_shop.write("UPDATE member SET gender = '男', mtime = :at WHERE openid = 'wx-1'", at=at)
    looks(sqlite, admin, at + timedelta(minutes=2), seconds=61)
    with sqlite.reading() as connection:
        rows = connection.execute(select(person.c.person_key, person.c.sex)).all()
        assert sorted(row.sex for row in rows) == ["female"] * 19 + ["male"] * 11
        kept = [str(connection.execute(select(one)).all()) for one in schema.sorted_tables]
    assert not [one for one in kept if "wx-" in one], "an id of the shop's stands nowhere"


def _on_hand(db: Database) -> int:
    from sqlalchemy import func

    from core.stock.tables import stock_position

    with db.reading() as connection:
        return int(connection.scalar(select(func.sum(stock_position.c.on_hand))) or 0)


def test_two_sources_know_nothing_of_each_other(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    setup.add(sqlite, admin, "other", small_shop.address, NOON)
    setup.put(sqlite, admin, "other", layout(), NOON, since=OPENS)
    for n in range(4):
        small_shop.place(n, NOON)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1))
    small_shop.edit(1, at, amount="50.00")
    small_shop.write("DELETE FROM orders WHERE line_id = 2")
    looks(sqlite, admin, at + timedelta(seconds=40))
    cards = {card.source: card for card in service.cards(sqlite, admin, at)}
    assert (cards["erp"].open.gone, cards["erp"].open.refused) == (1, 1)
    assert (cards["other"].open.gone, cards["other"].open.refused, cards["other"].rows) == (0, 0, 0)
    assert open_rows.settle_gone(sqlite, admin, "other", at, withdraw=True) == 0
    setup.readdress(sqlite, admin, "erp", small_shop.address, at)
    sources.add_source(sqlite, admin, "sender", at)
    with pytest.raises(ShopError, match=r"connect\.source_exists"):
        setup.add(sqlite, admin, "sender", small_shop.address, at)


def test_paused_sources_are_left_alone(sqlite: Database, admin: Actor, small_shop: Shop) -> None:
    set_up(sqlite, admin, small_shop)
    small_shop.place(1, NOON)
    turning.change(sqlite, admin, "erp", NOON, paused=True, silent_after=30)
    assert service.collect(sqlite, admin, "erp", NOON).rows == 0
    assert service.cards(sqlite, admin, NOON)[0].state == "paused"
    turning.change(sqlite, admin, "erp", NOON, paused=False)
    assert service.gather(sqlite, NOON) == 1
    setup.remove(sqlite, admin, "erp", NOON)
    assert service.cards(sqlite, admin, NOON) == []


@pytest.mark.postgres
def test_a_server_that_is_restarted_in_the_middle(
    sqlite: Database, admin: Actor, postgres_server: str
) -> None:
    with shops.on_postgres(postgres_server, f"erp_{new_id()}") as shop:
        set_up(sqlite, admin, shop)
        shop.place(1, NOON)
        service.collect(sqlite, admin, "erp", NOON)
        root = create_engine(shop.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        name = shop.engine.url.database
        with root.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
            connection.execute(
                text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :n"), {"n": name}
            )
        with pytest.raises(ShopError, match=r"connect\.(unreachable|unreadable)"):
            service.collect(sqlite, admin, "erp", NOON + timedelta(seconds=5))
        assert service.cards(sqlite, admin, NOON)[0].state == "red"
        with root.connect() as connection:
            connection.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        shop.engine.dispose()
        shop.place(2, NOON + timedelta(seconds=6))
        service.collect(sqlite, admin, "erp", NOON + timedelta(seconds=10))
        assert ours(sqlite) == shop.sums()


@pytest.fixture
def mariadb() -> Iterator[tuple[Shop, Mariadb]]:
    """A shop on a real MariaDB; skipped where none is installed, except in continuous integration."""
    if shutil.which("mariadbd") is None and os.environ.get("CI") != "true":
        pytest.skip("no MariaDB found: apt-get install mariadb-server")
    folder = Path(tempfile.mkdtemp(prefix="bigsale-maria-", dir="/tmp"))
    try:
        with shops.on_mariadb(folder) as opened:
            yield opened
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_a_mariadb_with_all_that_happens_to_it(
    sqlite: Database, admin: Actor, mariadb: tuple[Shop, Mariadb]
) -> None:
    shop, server = mariadb
    with pytest.raises(ShopError, match=r"connect\.may_write"):
        setup.add(sqlite, admin, "erp", server.address("root"), NOON)
    with pytest.raises(ShopError, match=r"connect\.denied"):
        setup.add(sqlite, admin, "erp", server.address("reader:other"), NOON)
    set_up(sqlite, admin, shop, batch=7)
    for n in range(30):
        shop.place(n, NOON + timedelta(seconds=n // 10), paid=n % 5 > 0)
    at = looks(sqlite, admin, NOON + timedelta(minutes=1))
    assert ours(sqlite) == shop.sums()
    shop.edit(3, at, qty=1, amount="19.90")
    shop.edit(4, at, refunded_quantity=1, refunded_amount="19.90")
    shop.edit(10, at, cancelled_at=at)
    shop.place(100, at - timedelta(seconds=200))
    server.stop()
    with pytest.raises(ShopError, match=r"connect\.unreachable"):
        service.collect(sqlite, admin, "erp", at + timedelta(seconds=5))
    server.start()
    at = looks(sqlite, admin, at + timedelta(seconds=40))
    assert ours(sqlite) == shop.sums()
    shop.write("DELETE FROM orders WHERE line_id = 5")
    at = looks(sqlite, admin, at + timedelta(seconds=40))
    assert service.cards(sqlite, admin, at)[0].open.gone == 1
    begun = time.monotonic()
    slow = "SELECT sum(a.seq) FROM seq_1_to_1000000 a, seq_1_to_1000000 b"
    with (
        pytest.raises(ShopError, match=r"connect\.too_slow"),
        reader.reading(address.sealed(shop.address), 1) as remote,
    ):
        remote.execute(text(slow))
    assert time.monotonic() - begun < 20
    with pytest.raises(ShopError), reader.reading(address.sealed(shop.address), 5) as remote:
        remote.execute(text("DELETE FROM orders"))
    shop.write("GRANT INSERT ON erp.orders TO reader@'127.0.0.1'")
    with pytest.raises(ShopError, match=r"connect\.may_write"):
        looks(sqlite, admin, at + timedelta(minutes=2))


def _polling(url: str, seed: int) -> None:
    """The child: looks again and again, with engines of its own, until it is killed."""
    database, at = connect.__wrapped__(url), NOON + timedelta(minutes=seed)
    while True:
        at += timedelta(seconds=31)
        looking.look(database, "erp", at)


def assert_whole_though_killed(db: Database, admin: Actor, shop: Shop, kills: int) -> None:
    fork, dice = multiprocessing.get_context("fork"), random.Random(11)
    set_up(db, admin, shop, batch=40)
    db.dispose()
    shop.engine.dispose()
    number = 0
    for kill in range(kills):
        child = fork.Process(target=_polling, args=(db.url, kill))
        child.start()
        until = time.monotonic() + dice.uniform(0.05, 0.4)
        while time.monotonic() < until:
            at = NOON + timedelta(seconds=kill * 60 + dice.uniform(0, 59))
            shop.place(number, at - timedelta(seconds=dice.choice((0, 0, 30, 120))), paid=dice.random() < 0.8)
            if number > 3:
                _something_happens(shop, dice, number, at)
            number += 1
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL, "it was at work until it was killed"
    after = NOON + timedelta(hours=8)
    setup.put(db, admin, "erp", layout(overlap=20_000), after, since=OPENS)
    for n in range(12):
        service.collect(db, admin, "erp", after + timedelta(seconds=31 * n))
    assert ours(db)[:3] == shop.sums()[:3]
    assert service.cards(db, admin, after)[0].open.refused == 0


def _something_happens(shop: Shop, dice: random.Random, number: int, at: datetime) -> None:
    n = dice.randrange(number)
    match dice.randrange(4):
        case 0:
            shop.write(
                "UPDATE orders SET paid_at = coalesce(paid_at, :at), updated_at = :at WHERE line_id = :n",
                n=n,
                at=at,
            )
        case 1:
            shop.write(
                "UPDATE orders SET refunded_quantity = 1, refunded_amount = 19.90, updated_at = :at"
                " WHERE line_id = :n AND paid_at IS NOT NULL",
                n=n,
                at=at,
            )
        case 2:
            shop.write(
                "UPDATE orders SET cancelled_at = :at, updated_at = :at WHERE line_id = :n AND paid_at IS NULL",
                n=n,
                at=at,
            )


@pytest.mark.fault
@pytest.mark.parametrize(
    ("system", "kills"), [("sqlite", 8), pytest.param("postgres", 4, marks=pytest.mark.postgres)]
)
def test_killed_at_any_point_the_sums_are_the_shops(
    system: str, kills: int, request: pytest.FixtureRequest, admin: Actor, small_shop: Shop
) -> None:
    assert_whole_though_killed(request.getfixturevalue(system), admin, small_shop, kills)


@pytest.mark.soak
@pytest.mark.fault
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("system", ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def test_killed_a_hundred_times_the_sums_are_the_shops(
    system: str, request: pytest.FixtureRequest, admin: Actor, shop: Shop
) -> None:
    assert_whole_though_killed(request.getfixturevalue(system), admin, shop, 100)
