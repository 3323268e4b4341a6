"""The watched folder: what is dropped comes in once, by the same path as an upload; what needs a person waits."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import func, select
from streamlit.testing.v1 import AppTest

from core.access import Actor
from core.connect import folder, service, turning
from core.connect.journal import INBOX, Outcome
from core.database import Database, connect, read
from core.database.locks import alone
from core.errors import ShopError
from core.imports import service as imports
from core.imports.tables import import_run
from core.notify.tables import message
from core.orders.tables import order_line
from core.settings import settings
from core.stock.sheet import STOCK
from core.stock.tables import stock_position
from core.web import scheduler
from tests.pages import visiting

ORDERS = "主订单编号,子订单编号,选购商品,商家编码,商品数量,订单应付金额,订单提交时间,支付完成时间,订单状态\n"
STOCK_SHEET = "商品编码,商品名称,实物库存,占用库存\n"


def drop(where: Path, name: str, text: str, age_s: float = 60) -> Path:
    """A finished file in the folder, last changed some seconds ago."""
    path = where / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    then = time.time() - age_s
    os.utime(path, (then, then))
    return path


def orders(numbers: range, quantity: int = 2) -> str:
    """A Douyin export: one line an order, 19.90 each."""
    lines = [
        f"N{n},N{n}-1,毛巾,00{n % 3},{quantity},19.90,2026-10-19 10:00:00,2026-10-19 10:01:00,已支付\n"
        for n in numbers
    ]
    return ORDERS + "".join(lines)


def stocked(where: Path) -> None:
    """The goods of the orders, as a stock sheet that comes first."""
    drop(where, "stock/goods.csv", STOCK_SHEET + "000,枕头,9,0\n001,毛巾,9,0\n002,面霜,9,0\n", age_s=90_000)


def states(outcomes: list[Outcome]) -> dict[str, str]:
    """File -> what became of it."""
    return {one.file: one.state for one in outcomes}


def paid(db: Database) -> tuple[int, int]:
    """(orders, fen) that the shop holds."""
    with db.reading() as connection:
        row = connection.execute(
            select(func.count(func.distinct(order_line.c.order_id)), func.sum(order_line.c.amount))
        ).one()
    return int(row[0]), int(row[1] or 0)


def on_hand(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.scalar(select(func.sum(stock_position.c.on_hand))) or 0)


def test_what_is_dropped_comes_in_and_is_put_away(
    database: Database, admin: Actor, inbox: Path, now: datetime
) -> None:
    drop(inbox, "抖店订单.csv", orders(range(10)))
    drop(inbox, "stock/库存.csv", STOCK_SHEET + "001,毛巾,40,3\n002,面霜,2,0\n")
    done = service.collect(database, admin, now)
    assert states(done) == {"抖店订单.csv": "taken", "stock/库存.csv": "taken"}
    assert {one.kind for one in done} == {"orders", "stock"}
    assert paid(database) == (10, 19_900)
    assert on_hand(database) == 42
    assert len(list((inbox / "done").iterdir())) == 2
    assert not [path for path in inbox.rglob("*.csv") if "done" not in path.parts]
    assert service.collect(database, admin, now) == []


def test_the_same_file_twice_is_recognised(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime
) -> None:
    stocked(inbox)
    drop(inbox, "a.csv", orders(range(5)))
    service.collect(sqlite, admin, now)
    drop(inbox, "b.csv", orders(range(5)), age_s=30)
    assert states(service.collect(sqlite, admin, now + timedelta(minutes=1))) == {"b.csv": "repeated"}
    with sqlite.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(import_run)) == 2
    drop(inbox, "c.csv", orders(range(5, 8)), age_s=20)
    assert states(service.collect(sqlite, admin, now + timedelta(minutes=2))) == {"c.csv": "taken"}
    drop(inbox, "d.csv", orders(range(5)), age_s=10)
    (back,) = service.collect(sqlite, admin, now + timedelta(minutes=3))
    assert (back.state, back.code) == ("waiting", "connect.came_before")
    assert paid(sqlite) == (8, 8 * 1990)


def test_bad_rows_come_back_with_remarks(sqlite: Database, admin: Actor, inbox: Path, now: datetime) -> None:
    drop(inbox, "stock/a.csv", STOCK_SHEET + "001,毛巾,40,3\n002,面霜,很多,0\n")
    drop(inbox, "stock/b.csv", STOCK_SHEET + "001,毛巾,许多,0\n", age_s=30)
    done = service.collect(sqlite, admin, now)
    assert [(one.state, one.figures["rejected"]) for one in done] == [("taken", 1), ("refused", 1)]
    assert on_hand(sqlite) == 40
    back = sorted(path.name for path in (inbox / "refused").iterdir())
    assert len(back) == 3, "two copies with remarks and the file that was refused whole"
    marked = next(path for path in (inbox / "refused").iterdir() if path.name.startswith("a-"))
    said = imports.inspect(sqlite, admin, STOCK, marked.read_bytes(), marked.name).workbook
    assert "很多" in str(said.grids[said.sheets[0].name].cells.to_pylist())


def test_what_needs_a_person_waits_and_is_told_once(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGSALE_CHANNELS", '{"ops": "json://127.0.0.1"}')
    settings.cache_clear()
    drop(inbox, "谁知道.csv", "甲,乙\n1,2\n")
    drop(inbox, "other/a.csv", orders(range(3)))
    drop(inbox, "stock/a.csv", STOCK_SHEET + "001,毛巾,40,3\n")
    service.collect(sqlite, admin, now)
    drop(inbox, "stock/b.csv", STOCK_SHEET + "001,毛巾,4000,3\n")
    later = service.collect(sqlite, admin, now + timedelta(minutes=1))
    assert states(later) == {"谁知道.csv": "waiting", "stock/b.csv": "waiting"}
    assert next(one.code for one in later if one.file == "stock/b.csv") == "stock.leap"
    assert on_hand(sqlite) == 40
    service.collect(sqlite, admin, now + timedelta(minutes=2))
    with sqlite.reading() as connection:
        told = read(connection, select(message.c.title, message.c.body).order_by(message.c.id))
    assert len(told) == 3
    assert "other" in " ".join(told["body"])
    assert not told["body"].str.contains("{", regex=False).any()


def test_somebody_decides_on_a_waiting_file(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime
) -> None:
    drop(inbox, "谁知道.csv", "甲,乙\n1,2\n")
    path = drop(inbox, "stock/a.csv", STOCK_SHEET + "001,毛巾,40,3\n")
    service.collect(sqlite, admin, now)
    path = drop(inbox, "stock/b.csv", STOCK_SHEET + "001,毛巾,4000,3\n")
    service.collect(sqlite, admin, now)
    frame = service.files(sqlite, admin)
    assert frame["state"].tolist()[:2] == ["waiting", "waiting"]
    draft = imports.check(imports.inspect(sqlite, admin, STOCK, path.read_bytes(), path.name))
    imports.commit(sqlite, admin, draft, now=now + timedelta(minutes=1))
    assert states(service.collect(sqlite, admin, now + timedelta(minutes=2)))["stock/b.csv"] == "taken"
    unknown = frame.set_index("path").loc["谁知道.csv", "file_id"]
    service.refuse(sqlite, admin, str(unknown), now)
    assert [path.suffix for path in (inbox / "refused").iterdir()] == [".csv"]
    assert service.collect(sqlite, admin, now) == []
    with pytest.raises(ShopError, match="not_waiting"):
        service.refuse(sqlite, admin, str(unknown), now)


def test_half_written_files_wait(sqlite: Database, admin: Actor, inbox: Path, now: datetime) -> None:
    whole = drop(inbox, "a.xlsx", "x")
    whole.write_bytes(b"PK\x03\x04 the first half of a workbook")
    assert states(service.collect(sqlite, admin, now)) == {"a.xlsx": "unfinished"}
    whole.unlink()
    text = orders(range(40))
    growing = multiprocessing.get_context("fork").Process(target=_write_slowly, args=(inbox / "b.csv", text))
    growing.start()
    while not (inbox / "b.csv").exists():
        time.sleep(0.01)
    assert states(service.collect(sqlite, admin, now)) == {"b.csv": "unfinished"}
    growing.join()
    assert states(service.collect(sqlite, admin, now)) == {"b.csv": "taken"}
    assert paid(sqlite) == (40, 40 * 1990)


def _write_slowly(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        for at in range(0, len(text), len(text) // 12 + 1):
            file.write(text[at : at + len(text) // 12 + 1])
            file.flush()
            time.sleep(0.15)


def test_one_runner_among_several(database: Database, admin: Actor, inbox: Path, now: datetime) -> None:
    drop(inbox, "a.csv", orders(range(5)))
    with alone(database, service.LOCK) as held:
        assert held
        assert service.collect(database, admin, now) == []
        with alone(database, service.LOCK) as second:
            assert not second
    assert states(service.collect(database, admin, now)) == {"a.csv": "taken"}


def _collecting(url: str, seed: int, now: datetime) -> None:
    """The child: looks at the folder again and again, with engines of its own, until it is killed."""
    database = connect.__wrapped__(url)
    while True:
        service.gather(database, now + timedelta(seconds=seed))


@pytest.mark.fault
@pytest.mark.parametrize(
    ("system", "kills"),
    [
        pytest.param(
            "sqlite", 12, marks=pytest.mark.timeout(1_800)
        ),  # 30 s alone, ten times that on a full machine
        pytest.param("postgres", 6, marks=[pytest.mark.postgres, pytest.mark.timeout(1_800)]),
        pytest.param("sqlite", 60, marks=[pytest.mark.soak, pytest.mark.timeout(1_800)]),
        pytest.param(
            "postgres", 30, marks=[pytest.mark.soak, pytest.mark.postgres, pytest.mark.timeout(1_800)]
        ),
    ],
)
def test_killed_at_any_point_the_sums_are_the_senders(
    system: str, kills: int, request: pytest.FixtureRequest, admin: Actor, inbox: Path, now: datetime
) -> None:
    database: Database = request.getfixturevalue(system)
    fork, chance = multiprocessing.get_context("fork"), random.Random(7)
    stocked(inbox)
    service.collect(database, admin, now)
    database.dispose()
    for kill in range(kills):
        drop(inbox, f"{kill}.csv", orders(range(kill * 20, kill * 20 + 20)), age_s=1000 - kill)
        child = fork.Process(target=_collecting, args=(database.url, kill, now))
        child.start()
        time.sleep(chance.uniform(0.02, 0.6))
        os.kill(child.pid or 0, signal.SIGKILL)
        child.join()
        assert child.exitcode == -signal.SIGKILL, "it was at work until it was killed"
    until = time.monotonic() + 120
    while (
        list(inbox.glob("*.csv")) and time.monotonic() < until
    ):  # a reader may hold the turn until it is gone too
        if service.collect(database, admin, now + timedelta(hours=1)):
            until = time.monotonic() + 120
        time.sleep(0.1)
    assert paid(database) == (kills * 20, kills * 20 * 1990)
    with database.reading() as connection:
        runs = read(connection, select(import_run.c.content_digest, import_run.c.figures))
    assert len(runs) == kills + 1 == runs["content_digest"].nunique()
    assert sum(figures["rows"] for figures in runs["figures"]) == kills * 20 + 3
    assert len(list((inbox / "done").iterdir())) == kills + 1


def test_silence_is_told_once(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BIGSALE_CHANNELS", '{"ops": "json://127.0.0.1"}')
    settings.cache_clear()
    turning.change(sqlite, admin, INBOX, now, silent_after=30)
    drop(inbox, "a.csv", orders(range(5)))
    for minutes in (0, 20, 31, 32, 90):
        scheduler.once(sqlite, now + timedelta(minutes=minutes), ["collected"])
    with sqlite.reading() as connection:
        told = connection.scalars(select(message.c.title)).all()
    assert len(told) == 1
    assert "31" in told[0]
    (card,) = service.cards(sqlite, admin, now + timedelta(minutes=90))
    assert (card.state, card.rows, card.files) == ("silent", 5, 1)


def test_paused_and_broken_sources_say_so(sqlite: Database, admin: Actor, inbox: Path, now: datetime) -> None:
    drop(inbox, "a.csv", orders(range(5)))
    turning.change(sqlite, admin, INBOX, now, paused=True)
    assert service.collect(sqlite, admin, now) == []
    assert service.cards(sqlite, admin, now)[0].state == "paused"
    turning.change(sqlite, admin, INBOX, now, paused=False)
    assert service.reach(admin) == 1
    inbox.rename(inbox.with_name("gone"))
    with pytest.raises(ShopError, match=r"connect\.no_folder"):
        service.collect(sqlite, admin, now)
    assert service.cards(sqlite, admin, now)[0].state == "red"


def test_a_busy_machine_refuses_no_file_and_keeps_no_other_waiting(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file that was not read within the time is tried again: nothing is wrong with it."""
    late = drop(inbox, "抖店订单.csv", orders(range(10)), age_s=90)
    drop(inbox, "nobody/a.csv", "x\n1\n")
    stocked(inbox)
    monkeypatch.setenv("BIGSALE_READ_WALL_SECONDS", "0")
    settings.cache_clear()
    with pytest.raises(ShopError) as busy:
        service.collect(sqlite, admin, now)
    assert (busy.value.code, late.exists()) == ("sheet.overloaded", True)
    assert service.cards(sqlite, admin, now)[0].used.fault == "sheet.overloaded"
    assert [path.name[:2] for path in (inbox / "refused").iterdir()] == ["a-"]  # of no kind, said at once
    monkeypatch.delenv("BIGSALE_READ_WALL_SECONDS")
    settings.cache_clear()
    later = service.collect(sqlite, admin, now + timedelta(minutes=1))
    assert states(later) == {"stock/goods.csv": "taken", "抖店订单.csv": "taken"}


def test_a_file_that_changes_while_it_is_read_stays(inbox: Path) -> None:
    path = drop(inbox, "a.csv", "a,b\n")
    (one,) = folder.dropped(inbox)
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    assert folder.content_of(inbox, one) is None
    assert folder.put_away(inbox, one, "done", "0" * 64) == ""
    assert path.exists()


def _sources() -> None:
    from core.access import Actor
    from core.clock import now
    from pages.parts.admin.sources import sources
    from pages.parts.entry import visitor
    from pages.parts.entry.context import PageContext

    sources(PageContext(visitor.database(), Actor("root", "admin"), now()))


def test_the_page_shows_the_source_and_its_files(
    sqlite: Database, admin: Actor, inbox: Path, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    visiting.sign_in_as(monkeypatch, sqlite, admin)
    page = AppTest.from_function(_sources, default_timeout=60).run()
    assert not page.exception
    drop(inbox, "谁知道.csv", "甲,乙\n1,2\n")
    drop(inbox, "a.csv", orders(range(5)))
    page.button(key="inbox_look").click().run()
    assert not page.exception
    shown = page.dataframe[0].value
    assert set(shown["path"]) == {"谁知道.csv", "a.csv"}
    page.button(key="inbox_test").click().run()
    assert page.success
    page.button(key="inbox_pause").click().run()
    assert service.cards(sqlite, admin, now)[0].used.paused


def test_the_command_counts_by_file(
    sqlite: Database, inbox: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from core import __main__ as line
    from core.commands.terminal import run

    monkeypatch.setenv("DATABASE_URL", sqlite.url)
    settings.cache_clear()
    drop(inbox, "a.csv", orders(range(5)))
    assert run.main(line.build("inbox"), ["inbox", "--once", "--json"]) == 0
    (file,) = orjson.loads(capsys.readouterr().out)["files"]
    assert (file["file"], file["state"], file["rows"], file["added"]) == ("a.csv", "taken", 5, 5)
    drop(inbox, "b.csv", "甲,乙\n1,2\n")
    assert run.main(line.build("inbox"), ["inbox", "--once"]) == 1
    assert "b.csv" in capsys.readouterr().out
