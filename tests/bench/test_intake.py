"""Intake with all rollups against the barest thing that could work: insert-or-ignore of the same rows, a thousand at a time."""

from __future__ import annotations

import gc
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Connection

from core.campaign.tables import campaign, campaign_phase
from core.database import Database, insert, new_id
from core.live.events import Event
from core.live.ledger import post
from core.live.tables import event
from core.stock.tables import stock_position

pytestmark = pytest.mark.bench
BATCHES, SIZE, SKUS, PEOPLE = 40, 1000, 2000, 30_000
NOW = datetime(2026, 11, 11, tzinfo=UTC)
OPENS = 1_794_326_400_000


def stream(batches: int, size: int, seed: int = 11) -> list[list[Event]]:
    """A sale's mix: of 100 events 78 views, 8 carts, 4 favourites, 3 coupons, 3 orders, 3 payments, 1 refund or shipment."""
    dice = random.Random(seed)
    channels = ("search", "recommend", "live", "ads")
    codes = [f"SKU{n:06d}" for n in range(SKUS)]
    weights = [1 / (n + 5) for n in range(SKUS)]
    kinds = (
        ["view"] * 78 + ["add_to_cart"] * 8 + ["favourite"] * 4 + ["coupon_claim"] * 3 + ["order"] * 3 + ["pay"] * 3 + ["refund"]
    )
    unpaid: list[Event] = []
    paid: list[Event] = []
    out = []
    for b in range(batches):
        batch = []
        for n, code in enumerate(dice.choices(codes, weights, k=size)):
            kind = dice.choice(kinds)
            at = OPENS + (b * size + n) * 40
            name = f"{dice.getrandbits(128):032x}"  # platforms send random ids: the index has no warm end
            made = Event("shop", name, kind, at, code, f"u{dice.randrange(PEOPLE)}", "", 1, 0, dice.choice(channels), "c")
            if kind == "order":
                made = made._replace(order_id=f"o{b}-{n}", amount_fen=9900)
                unpaid.append(made)
            elif kind == "pay":
                if not unpaid:
                    continue
                made = unpaid.pop()._replace(event_id=name, kind="pay", at_ms=at)
                paid.append(made)
            elif kind == "refund":
                if not paid:
                    continue
                made = paid.pop()._replace(event_id=name, kind="refund", at_ms=at)
            batch.append(made)
        out.append(batch)
    return out


def bare_sqlite(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    names = ", ".join(column.name for column in event.columns)
    connection.exec_driver_sql(f"INSERT OR IGNORE INTO event ({names}) VALUES ({', '.join('?' * len(event.columns))})", rows)


def bare_postgres(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    names = ", ".join(column.name for column in event.columns)
    connection.exec_driver_sql("CREATE TEMP TABLE incoming (LIKE event) ON COMMIT DROP")
    with connection.connection.driver_connection.cursor().copy(f"COPY incoming ({names}) FROM STDIN") as copy:  # type: ignore[union-attr]
        copy.write("".join(["\t".join(map(str, row)) + "\n" for row in rows]))
    connection.exec_driver_sql(f"INSERT INTO event ({names}) SELECT {names} FROM incoming ON CONFLICT DO NOTHING")


def timed(database: Database, work: Callable[[Connection, list[Event]], None], batches: list[list[Event]]) -> list[float]:
    seconds = []
    for batch in batches:
        begun = time.perf_counter()
        with database.writing() as connection:
            work(connection, batch)
        seconds.append(time.perf_counter() - begun)
    return seconds


@pytest.mark.parametrize(("name", "promise"), [("sqlite", 0.45), ("postgres", 0.6)])
def test_intake_ratio(request: pytest.FixtureRequest, name: str, promise: float) -> None:
    database: Database = request.getfixturevalue(name)
    bare = bare_sqlite if name == "sqlite" else bare_postgres
    with database.writing() as connection:
        span = {"campaign_id": "c", "opens_at": NOW - timedelta(days=1), "closes_at": NOW + timedelta(days=2)}
        row = span | {"name": "11.11", "timezone": "Asia/Shanghai", "created_at": NOW, "account": "bench"}
        insert(connection, campaign, pd.DataFrame([row]))
        phase = {"campaign_id": "c", "phase_id": "p", "kind": "live", "name": ""}
        phase |= {"starts_at": span["opens_at"], "ends_at": span["closes_at"]}
        insert(connection, campaign_phase, pd.DataFrame([phase]))
        codes = [f"SKU{n:06d}" for n in range(SKUS)]
        insert(connection, stock_position, pd.DataFrame({"sku_code": codes, "on_hand": 500, "updated_at": NOW}))
    batches = stream(2 * BATCHES, SIZE)
    gc.collect()
    gc.freeze()  # the prepared stream is not the product's heap
    # Interleaved, so that both meet the same neighbours on the machine; the bare half under another source.
    plain = [[(*e._replace(source="bare"), 0, "") for e in batch] for batch in batches[BATCHES:]]
    ours: list[float] = []
    floor: list[float] = []
    for mine, theirs in zip(batches[:BATCHES], plain, strict=True):
        ours += timed(database, lambda c, b: post(c, "shop", b, NOW, "bench", new_id()) and None, [mine])
        floor += timed(database, bare, [theirs])  # type: ignore[arg-type,list-item]
    gc.unfreeze()
    half = BATCHES // 2
    bare_ms, ours_ms = (1000 * sorted(times)[half] for times in (floor, ours))
    ratio = bare_ms / ours_ms
    print(
        f"\nintake {name}: {ratio:.2f} of a bare insert-or-ignore (promise {promise}), {bare_ms:.1f} -> {ours_ms:.1f} ms for {SIZE} events"
    )
    assert ratio >= promise
