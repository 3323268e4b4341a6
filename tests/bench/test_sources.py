"""What the watched folder costs beside a plain import of the same file, in the same run; how late a shop's own
database is read at a thousand orders a second."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.connect import service
from core.connect.feeds import service as feeds
from core.connect.feeds import setup
from core.connect.kinds import kind
from core.connect.tables import feed_line
from core.database import Database, connect
from core.imports import service as imports
from tests.conftest import create
from tests.connect import shops
from tests.connect.conftest import inbox as inbox
from tests.connect.test_inbox import drop, orders

ROWS, PROMISED, RUNS = 50_000, 1.3, 3
RATE, SECONDS, LATEST_S, POLL_S = 1_000, 20, 3.0, 1.0
pytestmark = pytest.mark.bench


def _cpu() -> float:
    """Seconds of this process and of the readers that it has waited for."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _fresh(path: Path) -> Database:
    database = connect(f"sqlite:///{path}")
    create(database)
    return database


def test_a_file_of_the_folder_costs_what_an_import_costs(
    tmp_path: Path, inbox: Path, admin: Actor, now: datetime
) -> None:
    text = orders(range(ROWS))
    plain, watched = [], []
    for run in range(RUNS):
        database = _fresh(tmp_path / f"plain{run}.db")
        begun = _cpu()
        read = imports.inspect(database, admin, kind("orders"), text.encode(), "a.csv")
        imports.commit(database, admin, imports.check(read), now=now)
        plain.append(_cpu() - begun)
        database = _fresh(tmp_path / f"watched{run}.db")
        drop(inbox, "a.csv", text, age_s=time.time() % 60 + 60)
        begun = _cpu()
        (outcome,) = service.collect(database, admin, now)
        watched.append(_cpu() - begun)
        assert outcome.figures["added"] == ROWS
    ratio = min(watched) / min(plain)
    print(f"\nwatched folder, {ROWS:,} orders: {ratio:.2f} x the plain import ({min(plain):.2f} s CPU)")
    assert ratio <= PROMISED


def test_a_thousand_orders_a_second_are_here_within_three_seconds(tmp_path: Path, admin: Actor) -> None:
    now, hour = clock.now(), timedelta(hours=1)
    database = _fresh(tmp_path / "shop.db")
    campaigns.add_sale(database, admin, NewSale("sale", now - hour, now + 24 * hour), now=now - hour)
    shop = shops.on_sqlite(tmp_path)
    shop.write("CREATE INDEX by_change ON orders (updated_at, line_id)")
    shop.place(10**9, now)
    setup.add(database, admin, "erp", shop.address, now)
    setup.put(database, admin, "erp", shops.layout(), now, since=now)
    selling = threading.Thread(target=_sell, args=(shop,))
    selling.start()
    late: dict[str, float] = {}
    read = float("-inf")
    while selling.is_alive() or len(late) < RATE * SECONDS:
        feeds.gather(database, clock.now())
        at = clock.now().timestamp()
        with database.reading() as connection:
            c = feed_line.c
            query = select(c.row_key, c.changed).where(c.changed >= max(read, 0))
            for key, changed in connection.execute(query):
                late.setdefault(key, at - changed / 1e6)
                read = max(read, changed)
        time.sleep(POLL_S)
    lags = sorted(late.values())
    middle, p95 = lags[len(lags) // 2], lags[int(len(lags) * 0.95)]
    print(f"\n{RATE:,} orders a second out of a database: lag p50 {middle:.2f} s, p95 {p95:.2f} s")
    assert p95 <= LATEST_S


def _sell(shop: shops.Shop) -> None:
    """Order lines at the promised rate, in four commits a second."""
    begun, n, piece = time.monotonic(), 0, RATE // 4
    while n < RATE * SECONDS:
        if n <= (time.monotonic() - begun) * RATE:
            shop.place_many(n, piece, clock.now())
            n += piece
        else:
            time.sleep(0.01)
