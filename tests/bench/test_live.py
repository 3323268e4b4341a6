"""What a refresh of the live page costs, and that the cost does not grow with the events behind it."""

from __future__ import annotations

import time
from datetime import timedelta

import pandas as pd
import pytest
from sqlalchemy import text

from core.access import Actor
from core.database import Database
from core.live import service
from pages.parts.live import curve_frame
from tests.live.conftest import OPENS, Shop, hour, opened

pytestmark = pytest.mark.bench
AT = OPENS + timedelta(hours=23)


def grown(database: Database, admin: Actor, times: int) -> Shop:
    """The shop after `times` hours of events, multiplied inside the rollups' own key space (minutes, SKUs, kinds stay bounded)."""
    shop = opened(database, admin)
    shop.send(hour(orders=2_000, minutes=1_380))
    with database.writing() as connection:
        for table in ("sale_minute_kind", "sale_sku_kind", "sale_sku_minute"):
            connection.execute(text(f"UPDATE {table} SET events = events * {times}, quantity = quantity * {times}"))
        columns = "source, kind, at_ms, sku_code, user_key, order_id, quantity, amount_fen, channel, campaign_id, received_minute, waits_for"
        for n in range(times - 1):
            connection.execute(
                text(
                    f"INSERT INTO event (event_id, {columns}) SELECT event_id || '-{n}', {columns} FROM event WHERE event_id NOT LIKE '%-%-%'"
                )
            )
    return shop


def cost(shop: Shop, admin: Actor) -> tuple[float, int]:
    """(CPU milliseconds of a refresh nobody shares, bytes of the frames that it sends)."""
    service.load(shop.db, admin, shop.campaign_id, AT)
    seconds = []
    for n in range(15):
        begun = time.process_time()
        seen = service.load(shop.db, admin, shop.campaign_id, AT + timedelta(seconds=n + 1))
        seconds.append(time.process_time() - begun)
    size = sum(
        len(frame.to_csv()) for frame in (curve_frame(seen, pd.DataFrame({"at": []})), seen.goods.head(30), seen.why, seen.tiers)
    )
    return sorted(seconds)[7] * 1000, size


def test_a_refresh_is_cheap(sqlite: Database, admin: Actor) -> None:
    small = cost(grown(sqlite, admin, 1), admin)
    print(f"\nlive refresh, SQLite, 24,000 events: {small[0]:.1f} ms CPU (promise 30), {small[1] / 1000:.0f} kB (promise 80)")
    assert small[1] < 80_000


def test_totals_from_rollups_against_raw_events(sqlite: Database, admin: Actor) -> None:
    shop = grown(sqlite, admin, 10)
    with shop.db.reading() as connection:
        count = connection.execute(text("SELECT count(*) FROM event")).scalar()
        raw = min(_timed(connection, "SELECT kind, sum(quantity), sum(amount_fen) FROM event GROUP BY kind") for _ in range(3))
        rolled = min(
            _timed(connection, "SELECT kind, sum(quantity), sum(amount_fen) FROM sale_sku_kind GROUP BY kind") for _ in range(9)
        )
    print(
        f"\ntotals from {count:,} events: raw {raw * 1000:.1f} ms, rollup {rolled * 1000:.2f} ms, {raw / rolled:,.0f} times faster"
    )


def _timed(connection: object, sql: str) -> float:
    begun = time.perf_counter()
    connection.execute(text(sql)).all()  # type: ignore[attr-defined]
    return time.perf_counter() - begun
