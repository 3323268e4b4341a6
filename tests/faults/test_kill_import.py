"""kill -9 in the middle of imports: what was acknowledged is there, nothing is half there, every invariant
holds."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
from datetime import datetime

import pandas as pd
import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.backup.checks import broken, check
from core.database import Database, connect, read
from core.imports import service
from core.imports.tables import import_run
from core.sheets import writer
from core.stock import service as stock
from core.stock.sheet import STOCK
from core.stock.tables import stock_movement

SKUS = 150
pytestmark = pytest.mark.fault


def draft(database: Database, actor: Actor, quantity: int) -> service.Draft:
    """A checked stock sheet that sets every SKU to one quantity."""
    frame = pd.DataFrame(
        {"sku_code": [f"{n:04d}" for n in range(SKUS)], "on_hand": quantity, "reserved": quantity % 7}
    )
    content = writer.export(
        frame,
        [
            ("sku_code", "商品编码", "code"),
            ("on_hand", "实物库存", "integer"),
            ("reserved", "占用库存", "integer"),
        ],
        "stock",
        "zh",
    )
    return service.check(service.inspect(database, actor, STOCK, content, f"{quantity}.xlsx"))


def importing(
    url: str, drafts: list[service.Draft], actor: Actor, now: datetime, said: int, seed: int
) -> None:
    """The child: commits sheets in a random order until it is killed, saying each import's id after it was
    acknowledged."""
    database = connect.__wrapped__(url)  # engines of its own: connections must not cross a fork
    order = random.Random(seed)
    while True:
        report = service.commit(database, actor, order.choice(drafts), now=now)
        os.write(said, f"{report.import_id}\n".encode())


@pytest.mark.parametrize(
    ("system", "kills"),
    [
        ("sqlite", 40),
        pytest.param("postgres", 20, marks=pytest.mark.postgres),
        pytest.param("sqlite", 200, marks=[pytest.mark.soak, pytest.mark.timeout(1_800)]),
        pytest.param(
            "postgres", 100, marks=[pytest.mark.soak, pytest.mark.postgres, pytest.mark.timeout(1_800)]
        ),
    ],
)
def test_killed_imports(
    system: str, kills: int, request: pytest.FixtureRequest, merchandiser: Actor, now: datetime
) -> None:
    database: Database = request.getfixturevalue(system)
    drafts = [draft(database, merchandiser, quantity) for quantity in (0, 5, 40, 41)]
    fork, chance = multiprocessing.get_context("fork"), random.Random(11)
    begun = time.perf_counter()
    service.commit(database, merchandiser, drafts[1], now=now)
    one_import = time.perf_counter() - begun  # on this machine, as busy as it is
    database.dispose()
    acknowledged: set[str] = set()
    for kill in range(kills):
        heard, said = os.pipe()
        child = fork.Process(target=importing, args=(database.url, drafts, merchandiser, now, said, kill))
        child.start()
        os.close(said)
        with os.fdopen(heard) as pipe:
            lines = [pipe.readline() for _ in range(chance.choice((0, 0, 1)))]
            time.sleep(chance.uniform(0, 1.2 * one_import))
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            assert child.exitcode == -signal.SIGKILL, "it was at work until it was killed"
            acknowledged |= {line.strip() for line in (*lines, *pipe) if line.endswith("\n")}
        if kill % 10 == 9:
            assert_whole(database, acknowledged)
    assert len(acknowledged) > kills / 10
    assert_whole(database, acknowledged)
    with database.reading() as connection:
        assert broken(check(connection)) == {}, (
            "`check` passes: every room's invariants, the audit chain, the database's own pages"
        )


def assert_whole(database: Database, acknowledged: set[str]) -> None:
    """Every acknowledged import stands, each run moved all or nothing, and the room's invariants hold."""
    with database.reading() as connection:
        runs = set(connection.scalars(select(import_run.c.import_id)))
        m = stock_movement.c
        moved = read(connection, select(m.source_id, func.count().label("n")).group_by(m.source_id))
        assert acknowledged <= runs
        assert set(moved["source_id"]) <= runs
        assert set(moved["n"]) <= {SKUS}
        assert not any(stock.check(connection).values())
