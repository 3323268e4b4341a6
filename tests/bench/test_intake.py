"""Intake with all rollups, a thousand events at a time, against the barest things that could work on the same
rows.

On SQLite that is a bare insert-or-ignore: exactly once, and nothing else. On PostgreSQL the floor is the
barest statement that keeps the ledger's promise there: COPY into a temporary table, then one statement that
inserts what is new and adds it to the three sums by minute and kind, SKU and kind, minute, SKU and kind. (No
people, no order lines, no stock, no refusals, no queue: those are ours.) How that compares with a bare
insert-or-ignore is printed beside it. Batches of the rivals alternate, so that they meet the same neighbours.
"""

from __future__ import annotations

import gc
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from sqlalchemy import Connection

from core.campaign.tables import campaign, campaign_phase
from core.database import Database, insert, new_id
from core.live.ledger.events import KINDS, Event
from core.live.ledger.ledger import Sale, post
from core.live.ledger.series import numbers
from core.live.tables import event
from core.stock.tables import stock_position

pytestmark = pytest.mark.bench
BATCHES, SIZE, SKUS, PEOPLE = 40, 1000, 2000, 30_000
NOW = datetime(2026, 11, 11, tzinfo=UTC)
OPENS = 1_794_326_400_000
CAMPAIGN = new_id()
SALES = {CAMPAIGN: Sale(running=((OPENS - 86_400_000, OPENS + 2 * 86_400_000),))}


def stream(batches: int, size: int, seed: int = 11) -> list[list[Event]]:
    """A sale's mix: of 100 events 78 views, 8 carts, 4 favourites, 3 coupons, 3 orders, 3 payments, 1 refund
    or shipment."""
    dice = random.Random(seed)
    channels = ("search", "recommend", "live", "ads")
    codes = [f"SKU{n:06d}" for n in range(SKUS)]
    weights = [1 / (n + 5) for n in range(SKUS)]
    kinds = (
        ["view"] * 78
        + ["add_to_cart"] * 8
        + ["favourite"] * 4
        + ["coupon_claim"] * 3
        + ["order"] * 3
        + ["pay"] * 3
        + ["refund"]
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
            made = Event(
                "shop",
                name,
                kind,
                at,
                code,
                f"u{dice.randrange(PEOPLE)}",
                "",
                1,
                0,
                dice.choice(channels),
                CAMPAIGN,
            )
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
    connection.exec_driver_sql(
        f"INSERT OR IGNORE INTO event ({names}) VALUES ({', '.join('?' * len(event.columns))})", rows
    )


def copied(connection: Connection, names: str, rows: list[tuple[object, ...]]) -> None:
    connection.exec_driver_sql("CREATE TEMP TABLE incoming (LIKE event) ON COMMIT DROP")
    with connection.connection.driver_connection.cursor().copy(f"COPY incoming ({names}) FROM STDIN") as copy:  # type: ignore[union-attr]
        copy.write("".join(["\t".join(map(str, row)) + "\n" for row in rows]))


def bare_postgres(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    names = ", ".join(column.name for column in event.columns)
    copied(connection, names, rows)
    connection.exec_driver_sql(
        f"INSERT INTO event ({names}) SELECT {names} FROM incoming ON CONFLICT DO NOTHING"
    )


_ROLLED = {
    "sale_minute_kind": "campaign_id, at_ms / 60000, channel, kind",
    "sale_sku_kind": "series_id, sku_code",
    "sale_sku_minute": "series_id, at_ms / 60000, sku_code",
}


def floor_postgres(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    def summed(table: str, keys: str) -> str:
        names = keys.replace("at_ms / 60000", "minute")
        sets = ", ".join(
            f"{name} = {table}.{name} + excluded.{name}" for name in ("events", "quantity", "amount_fen")
        )
        return (
            f"INSERT INTO {table} ({names}, events, quantity, amount_fen) SELECT {keys}, count(*), sum(quantity), sum(amount_fen)"
            f" FROM fresh JOIN sale_series USING (campaign_id, kind) GROUP BY {keys} ON CONFLICT ({names}) DO UPDATE SET {sets}"
        )

    names = ", ".join(column.name for column in event.columns)
    copied(connection, names, rows)
    parts = "".join(f", in_{table} AS ({summed(table, keys)})" for table, keys in _ROLLED.items())
    fresh = f"INSERT INTO event ({names}) SELECT {names} FROM incoming ON CONFLICT DO NOTHING RETURNING *"
    connection.exec_driver_sql(f"WITH fresh AS ({fresh}){parts} SELECT count(*) FROM fresh")


Work = Callable[[Connection, list[tuple[object, ...]]], object]


def timed(database: Database, work: Work, batch: list[tuple[object, ...]]) -> float:
    begun = time.perf_counter()
    with database.writing() as connection:
        work(connection, batch)
    return 1_000 * (time.perf_counter() - begun)


def shop(database: Database) -> None:
    """One campaign on sale, and goods in stock."""
    with database.writing() as connection:
        span: dict[str, object] = {
            "campaign_id": CAMPAIGN,
            "opens_at": NOW - timedelta(days=1),
            "closes_at": NOW + timedelta(days=2),
        }
        row = span | {"name": "11.11", "timezone": "Asia/Shanghai", "created_at": NOW, "account": "bench"}
        insert(connection, campaign, pd.DataFrame([row]))
        phase: dict[str, object] = {"campaign_id": CAMPAIGN, "phase_id": "p", "kind": "live", "name": ""}
        phase |= {"starts_at": span["opens_at"], "ends_at": span["closes_at"]}
        insert(connection, campaign_phase, pd.DataFrame([phase]))
        codes = [f"SKU{n:06d}" for n in range(SKUS)]
        insert(
            connection, stock_position, pd.DataFrame({"sku_code": codes, "on_hand": 500, "updated_at": NOW})
        )


def _width(name: str) -> str:
    """A rival's campaign, as long as ours."""
    return name.ljust(len(CAMPAIGN), "-")


def race(database: Database, rivals: dict[str, Work]) -> dict[str, float]:
    """Median milliseconds a batch: "ours" the ledger's, and each rival's, in turns."""
    batches = stream(BATCHES, SIZE)
    with database.writing() as connection:
        for name in rivals:
            numbers(connection, _width(name), [(kind, 0) for kind in KINDS])
    gc.collect()
    gc.freeze()  # the prepared stream is not the product's heap
    times: dict[str, list[float]] = {name: [] for name in ("ours", *rivals)}
    for batch in batches:
        times["ours"].append(
            timed(database, lambda c, b: post(c, "shop", b, NOW, "bench", new_id(), SALES), batch)
        )  # type: ignore[arg-type]
        for name, work in rivals.items():
            rows: list[tuple[object, ...]] = [
                (*e._replace(source=name, campaign_id=_width(name)), 0, "") for e in batch
            ]
            times[name].append(timed(database, work, rows))
    gc.unfreeze()
    return {name: statistics.median(each) for name, each in times.items()}


def test_intake_on_sqlite(sqlite: Database) -> None:
    shop(sqlite)
    ms = race(sqlite, {"bare": bare_sqlite})
    ratio = ms["bare"] / ms["ours"]
    print(
        f"\nintake, SQLite: {ratio:.2f} of a bare insert-or-ignore (promise 0.45), {ms['bare']:.1f} -> {ms['ours']:.1f} ms for {SIZE} events"
    )
    assert ratio >= 0.45


def test_intake_on_postgres(postgres: Database) -> None:
    shop(postgres)
    ms = race(postgres, {"bare": bare_postgres, "floor": floor_postgres})
    ratio = ms["floor"] / ms["ours"]
    print(
        f"\nintake, PostgreSQL: {ratio:.2f} of its floor (promise 0.6), {ms['floor']:.1f} -> {ms['ours']:.1f} ms for {SIZE} events;"
        f" {ms['bare'] / ms['ours']:.2f} of a bare insert-or-ignore ({ms['bare']:.1f} ms)"
    )
    assert ratio >= 0.6
