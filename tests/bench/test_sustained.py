"""Ten million events behind it, the intake goes on while eight viewers look: events a second, and what a look
costs."""

from __future__ import annotations

import multiprocessing
import random
import time
from datetime import timedelta
from typing import Any

import numpy as np
import orjson
import pytest
from sqlalchemy import text

from core.access import Actor
from core.database import Database, connect
from core.live.intake import batches as feed
from core.live.ledger import recount
from core.live.snapshot import service
from tests.bench.ten_million import HOURS, PEOPLE, SKUS, built
from tests.live.conftest import OPENS

pytestmark = pytest.mark.bench
EVENTS, READERS, POLL_S, SECONDS, RATE = 10_000_000, 8, 2.0, 30, 20_000
_NOW = OPENS + timedelta(hours=HOURS)
_ADMIN = Actor("admin", "admin", "cli")


def bodies(batches: int) -> list[bytes]:
    """Requests of 1,000 NDJSON events each, RATE events a second of sale time, ids as random as platforms
    make them."""
    dice = random.Random(7)
    kinds = (
        ["view"] * 78
        + ["add_to_cart"] * 8
        + ["favourite"] * 4
        + ["coupon_claim"] * 4
        + ["order"] * 3
        + ["pay"] * 3
    )
    out = []
    for batch in range(batches):
        lines = []
        for n in range(1_000):
            kind, name = dice.choice(kinds), f"{dice.getrandbits(128):032x}"
            made: dict[str, Any] = {
                "event_id": name,
                "kind": kind,
                "sku_code": f"S{int(SKUS * dice.random() ** 2):02d}",
            }
            made["at"] = (_NOW + timedelta(seconds=(batch * 1_000 + n) / RATE)).isoformat()
            made |= {
                "user_key": f"u{dice.randrange(PEOPLE)}",
                "channel": dice.choice(("search", "recommend", "live", "ads")),
            }
            if kind in ("order", "pay"):
                made |= {"order_id": name[:12], "amount_fen": 9_900}
            lines.append(orjson.dumps(made))
        out.append(b"\n".join(lines))
    return out


def write(url: str, campaign_id: str, gate: Any, done: Any) -> None:
    """The intake from the body of a request to the commit, as fast as it goes, for SECONDS."""
    database, given, times = connect(url), bodies(SECONDS * 40), []
    gate.wait()
    begun, cpu = time.perf_counter(), time.process_time()
    for body in given:
        started = time.perf_counter()
        if started - begun > SECONDS:
            break
        assert (
            feed.take(database, _ADMIN, "shop", feed.parse(body), _NOW, campaign_id=campaign_id).applied
            == 1_000
        )
        times.append(time.perf_counter() - started)
    done.put(("writer", time.perf_counter() - begun, time.process_time() - cpu, times))


def look(url: str, campaign_id: str, gate: Any, done: Any, place: int) -> None:
    """A viewer: the running minute's picture every POLL_S seconds, as the page loads it."""
    database, times = connect(url), []
    service.load(database, _ADMIN, campaign_id, _NOW, live=True)
    gate.wait()
    begun = time.perf_counter()
    for turn in range(int(SECONDS / POLL_S)):
        time.sleep(max(0.0, begun + (turn + place / READERS) * POLL_S - time.perf_counter()))
        started, cpu = time.perf_counter(), time.process_time()
        service.load(database, _ADMIN, campaign_id, _NOW + timedelta(seconds=started - begun), live=True)
        times.append((time.perf_counter() - started, time.process_time() - cpu))
    done.put(("reader", time.perf_counter() - begun, 0.0, times))


@pytest.mark.timeout(1_800)
def test_intake_goes_on_while_eight_look_at_ten_million_events(sqlite: Database, admin: Actor) -> None:
    begun = time.perf_counter()
    shop = built(sqlite, admin, EVENTS)
    print(f"\n{EVENTS:,} events and their rollups in {time.perf_counter() - begun:.0f} s")
    ratio = totals(sqlite)
    context = multiprocessing.get_context("spawn")
    gate, done = context.Barrier(READERS + 1), context.Queue()
    people = [context.Process(target=write, args=(sqlite.url, shop.campaign_id, gate, done))]
    people += [
        context.Process(target=look, args=(sqlite.url, shop.campaign_id, gate, done, n))
        for n in range(READERS)
    ]
    for each in people:
        each.start()
    found = [done.get(timeout=600) for _ in people]
    for each in people:
        each.join()
    ((_, seconds, cpu, batches),) = [each for each in found if each[0] == "writer"]
    looks = (
        np.array([took for each in found if each[0] == "reader" for took in each[3]]) * 1_000
    )  # wall and CPU
    rate, p95 = 1_000 * len(batches) / seconds, float(np.percentile(looks[:, 0], 95))
    print(
        f"sustained {rate:,.0f} events/s (promise {RATE:,}; {1_000 * len(batches) / cpu:,.0f} a CPU second), slowest batch"
        f" {1_000 * max(batches):.0f} ms; {len(looks)} looks of {READERS} viewers every {POLL_S:.0f} s:"
        f" p50 {np.percentile(looks[:, 0], 50):.0f} ms, p95 {p95:.0f} ms (promise 100; CPU p95 {np.percentile(looks[:, 1], 95):.0f} ms)"
    )
    assert ratio >= 1_000
    assert rate >= RATE
    assert p95 <= 100


def totals(database: Database) -> float:
    """How many times faster the sale's totals come from their rollup than from the events; both give the
    same."""
    raw = "SELECT kind, sum(quantity), sum(amount_fen) FROM event GROUP BY kind ORDER BY kind"
    rolled = "SELECT kind, sum(quantity), sum(amount_fen) FROM sale_sku_kind JOIN sale_series USING (series_id) GROUP BY kind ORDER BY kind"
    with database.reading() as connection:

        def timed(sql: str, times: int) -> tuple[float, list[Any]]:
            seconds = []
            for _ in range(times):
                begun = time.perf_counter()
                rows = connection.execute(text(sql)).all()
                seconds.append(time.perf_counter() - begun)
            return min(seconds), list(rows)

        slow, expected = timed(raw, 2)
        fast, got = timed(rolled, 20)
    assert got == expected
    print(
        f"totals: raw {slow:.2f} s, rollup {1_000 * fast:.2f} ms, {slow / fast:,.0f} times faster (promise 1,000)"
    )
    return slow / fast


def test_the_bulk_shop_is_consistent(sqlite: Database, admin: Actor) -> None:
    shop = built(sqlite, admin, 50_000)
    feed.take(sqlite, admin, "shop", feed.parse(bodies(1)[0]), _NOW, campaign_id=shop.campaign_id)
    with sqlite.reading() as connection:
        assert not any(recount.faults(connection).values())
