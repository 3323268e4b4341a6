"""The intake is killed again and again while events pour in; buyers in many processes fight for ten units."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, connect, insert, new_id, read
from core.live.ledger import recount
from core.live.ledger.events import Event
from core.live.ledger.ledger import post
from core.live.ledger.series import SKU_KIND
from core.live.rehearsal.replay import Course, replay
from core.live.tables import event, sale_sku
from core.settings import settings
from core.stock.tables import stock_position
from tests.servers import await_port

ROOT = Path(__file__).resolve().parents[2]
OPENS = datetime(2026, 11, 10, 16, tzinfo=UTC)
pytestmark = pytest.mark.fault


class Intake:
    """`python -m core intake` on one port, killed and started again at will."""

    def __init__(self, url: str) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self._environment = os.environ | {"DATABASE_URL": url, "BIGSALE_DATA_DIR": str(settings().data_dir)}
        self.kills = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "core", "intake", "--port", str(self.port)]
        self._process = subprocess.Popen(command, cwd=ROOT, env=self._environment, stderr=subprocess.DEVNULL)

    def await_door(self) -> None:
        await_port(self.port, 240)

    def kill(self) -> None:
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self.kills += 1


def events(count: int) -> list[dict[str, Any]]:
    """Order stories with 1% late refunds, shuffled, a tenth of them twice."""
    dice = random.Random(9)
    out: list[dict[str, Any]] = []
    while len(out) < count * 10 // 11:
        n = len(out)
        at = OPENS + timedelta(seconds=dice.randrange(3_600))
        facts = {"sku_code": f"S{dice.randrange(50)}", "user_key": f"u{n}", "channel": "live"}
        line = facts | {"order_id": f"o{n}", "amount_fen": dice.randrange(100, 99_999)}
        story = [("view", facts), ("order", line), ("pay", line)] + (
            [("refund", line)] if dice.random() < 0.03 else []
        )
        out += [
            {"event_id": f"{kind}{n}", "kind": kind, "at": at.isoformat(), **body} for kind, body in story
        ]
    out += dice.sample(out, count - len(out))
    dice.shuffle(out)
    return out


def assert_nothing_lost(database: Database, admin: Actor, count: int, kills: int) -> None:
    campaign_id = campaigns.add_sale(
        database, admin, NewSale("11.11", OPENS, OPENS + timedelta(days=1)), now=OPENS
    )
    server = Intake(database.url)
    server.await_door()
    given = events(count)
    done: dict[str, Any] = {}

    def feed() -> None:
        for start in range(
            0, len(given), 1_000
        ):  # the replay sorts each piece by time, the pieces stay shuffled
            part = replay(
                database,
                admin,
                given[start : start + 1_000],
                OPENS,
                Course(campaign_id=campaign_id, speed=0, url=f"http://127.0.0.1:{server.port}"),
            )
            for name in ("accepted", "waiting", "duplicate"):
                done[name] = done.get(name, 0) + part[name]

    feeding = threading.Thread(target=feed)
    feeding.start()
    dice = random.Random(4)
    while feeding.is_alive() and server.kills < kills:
        time.sleep(dice.uniform(0.1, 2.5))
        server.kill()
        server.start()
        server.await_door()
    feeding.join()
    server.kill()
    unique = {each["event_id"]: each for each in given}
    with database.reading() as connection:
        assert not any(recount.faults(connection).values())
        stored = read(connection, select(event.c.event_id, event.c.waits_for))
        paid = read(connection, select(SKU_KIND.c.amount_fen).where(SKU_KIND.c.kind == "pay"))[
            "amount_fen"
        ].sum()
    assert set(stored["event_id"]) == set(unique)
    assert (stored["waits_for"] == "").all()
    assert paid == sum(each["amount_fen"] for each in unique.values() if each["kind"] == "pay")
    assert server.kills >= min(kills, 2)


def test_nothing_is_lost_when_the_intake_is_killed(sqlite: Database, admin: Actor) -> None:
    assert_nothing_lost(sqlite, admin, 6_000, 3)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
def test_fifty_thousand_events_and_twenty_kills(sqlite: Database, admin: Actor) -> None:
    assert_nothing_lost(sqlite, admin, 50_000, 20)


def buy(url: str, rounds: list[str], buyers: range, gate: Any) -> None:
    connect.cache_clear()
    database = connect(url)
    for sku in rounds:
        gate.wait()
        for buyer in buyers:
            order = Event(
                "shop",
                f"{sku}-{buyer}",
                "order",
                1_794_326_400_000,
                sku,
                f"u{buyer}",
                f"{sku}-{buyer}",
                1,
                100,
                "",
                "c",
            )
            with database.writing() as connection:
                post(connection, "shop", [order], OPENS, "buyer", new_id())
    database.dispose()


def assert_ten_of_ten_sold(database: Database, processes: int, rounds: int) -> None:
    """Each round 200 buyers want one of 10 units: exactly 10 are kept, 190 are named as oversold."""
    skus = [f"R{n:04d}" for n in range(rounds)]
    with database.writing() as connection:
        insert(
            connection, stock_position, pd.DataFrame({"sku_code": skus, "on_hand": 10, "updated_at": OPENS})
        )
    database.dispose()
    context = multiprocessing.get_context("fork")
    gate = context.Barrier(processes)
    edges = [round(200 * n / processes) for n in range(processes + 1)]
    people = [
        context.Process(target=buy, args=(database.url, skus, range(edges[n], edges[n + 1]), gate))
        for n in range(processes)
    ]
    for each in people:
        each.start()
    for each in people:
        each.join()
    assert [each.exitcode for each in people] == [0] * processes
    with database.reading() as connection:
        stock = read(connection, select(stock_position)).set_index("sku_code").loc[skus]
        asked = read(connection, select(sale_sku)).set_index("sku_code").loc[skus]
        assert (stock["reserved"] == 10).all()
        assert (asked["held"] == 10).all()
        assert (asked["need"] == 200).all()
        assert not any(recount.faults(connection).values())


def test_ten_units_are_sold_ten_times(database: Database) -> None:
    assert_ten_of_ten_sold(database, 4, 2)


@pytest.mark.soak
@pytest.mark.timeout(7_200)
def test_ten_units_are_sold_ten_times_in_a_thousand_rounds(postgres: Database) -> None:
    assert_ten_of_ten_sold(postgres, 16, 1_000)
