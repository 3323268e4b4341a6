"""What a refresh of the live page costs, how many may look at once, and that the cost does not grow with the
events behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest

from core import clock
from core.access import Actor
from core.database import Database, connect
from core.database.types import load_tables
from core.live import live_view
from tests.aside import answered
from tests.bench.big_sale import big_sale
from tests.bench.viewers import Refresh, Screens, Viewer, served

pytestmark = pytest.mark.bench
ADMIN = Actor("admin", "admin", "cli")
LOOKERS, EVERY_S, LOOK_S = 60, 2.0, 30.0
ALONE, APART_S = (
    55,
    1.1,
)  # refreshes of one viewer, further apart than a picture is shared; a minute of them, as of idling: the rounds judge once in each


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> tuple[Database, str]:
    """A running sale with a million events, 300 SKUs, and its campaign."""
    return sale(tmp_path_factory.mktemp("big"), 1_000_000)


def sale(folder: Path, events: int) -> tuple[Database, str]:
    database = connect(f"sqlite:///{folder / 'shop.db'}")
    with database.writing() as connection:
        load_tables().create_all(connection)
    return database, big_sale(database, ADMIN, events, clock.now())


def unit() -> float:
    """CPU milliseconds of a fixed piece of plain Python: what this machine is worth at the moment."""
    begun = time.thread_time()
    sum(place * place for place in range(1_000_000))
    return (time.thread_time() - begun) * 1000


def looked_at(
    database: Database, work: Callable[[Screens], Awaitable[tuple[float, list[Refresh]]]]
) -> tuple[float, list[Refresh]]:
    with served(database) as screens:
        return answered(work(screens))  # type: ignore[arg-type]


@pytest.mark.timeout(600)
@pytest.mark.parametrize("page", ["live", "wall"])
def test_a_refresh_is_cheap(big: tuple[Database, str], page: str) -> None:
    """CPU of the script's thread from the fragment's first line to its last (guard, database, reckoning,
    drawing), for refreshes that share nothing with another: one viewer, further apart than pictures are kept;
    their median. Bytes are those on the websocket, uncompressed. What the server's event loop spends on
    sending is printed beside it: the whole process, a minute of idling taken off."""
    database, campaign_id = big
    scripts: list[float] = []
    pieces: list[float] = []

    async def alone(screens: Screens) -> tuple[float, list[Refresh]]:
        viewer = await Viewer.open(screens, page, f"campaign={campaign_id}")
        for _ in range(3):
            await viewer.tick()
        begun = screens.cpu()
        await asyncio.sleep(ALONE * APART_S)
        idle, begun = screens.cpu() - begun, screens.cpu()
        seen = [await _after(viewer, pieces) for _ in range(ALONE)]
        scripts.extend(float(line) for line in screens.times.read_text().split()[-ALONE:])
        return (screens.cpu() - begun - idle) / ALONE * 1000, seen

    whole, seen = looked_at(database, alone)
    size, piece, spent = max(each.size for each in seen), float(np.median(pieces)), float(np.median(scripts))
    print(
        f"\n{page}, a refresh nobody shares, 1,000,000 events: {spent / piece:.2f} units of CPU, {spent:.1f} ms (promise 30; a unit, 10^6 "
        f"squares in plain Python, took {piece:.0f} ms in between; the whole process {whole:.0f} ms) · {size / 1000:.0f} kB in "
        f"{seen[-1].messages} messages (promise 80)"
    )
    assert size <= 80_000


async def _after(viewer: Viewer, pieces: list[float]) -> Refresh:
    await asyncio.sleep(APART_S)
    seen = await viewer.tick()
    pieces.append(unit())
    return seen


@pytest.mark.timeout(600)
def test_sixty_viewers_at_two_seconds(big: tuple[Database, str]) -> None:
    """Sixty pages open on one process, each asking again two seconds after it asked; seconds from asking to
    the last message."""
    database, campaign_id = big

    async def crowd(screens: Screens) -> tuple[float, list[Refresh]]:
        viewers = [await Viewer.open(screens, "live", f"campaign={campaign_id}") for _ in range(LOOKERS)]
        begun = screens.cpu(), time.perf_counter()
        seen = await asyncio.gather(
            *(_look(viewer, n * EVERY_S / LOOKERS) for n, viewer in enumerate(viewers))
        )
        spent = (screens.cpu() - begun[0]) / (time.perf_counter() - begun[1])
        return spent, [each for mine in seen for each in mine]

    busy, seen = looked_at(database, crowd)
    waits = np.array([each.seconds for each in seen]) * 1000
    middle, late = np.percentile(waits, [50, 95])
    print(
        f"\n{LOOKERS} viewers every {EVERY_S:g} s on one process, {len(seen)} refreshes: p50 {middle:.0f} ms, p95 {late:.0f} ms (promise 250), "
        f"{busy:.0%} of a core"
    )
    assert len(seen) >= LOOKERS * (LOOK_S / EVERY_S - 2) * 0.9


async def _look(viewer: Viewer, later: float) -> list[Refresh]:
    await asyncio.sleep(later)
    seen, until = [], time.perf_counter() + LOOK_S
    while time.perf_counter() < until:
        due = time.perf_counter() + EVERY_S
        seen.append(await viewer.tick())
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
    return seen


@pytest.mark.timeout(1_800)  # ten million events take their time to be written
def test_the_cost_of_a_refresh_does_not_grow_with_the_events(tmp_path: Path) -> None:
    """CPU of reading and reckoning everything that a refresh shows, the same 1,200 minutes and 300 SKUs
    behind it."""
    cost = {}
    for events in (100_000, 1_000_000, 10_000_000):
        folder = tmp_path / str(events)
        folder.mkdir()
        database, campaign_id = sale(folder, events)
        cost[events] = reading(database, campaign_id)
        database.dispose()
        (folder / "shop.db").unlink()
    times = cost[10_000_000] / cost[100_000]
    print(
        "\na refresh's reading, SQLite: "
        + ", ".join(f"{n:,} events {ms:.1f} ms CPU" for n, ms in cost.items())
        + f" · {times:.2f} times"
    )
    assert times < 2


def reading(database: Database, campaign_id: str) -> float:
    """CPU milliseconds of a live view that nobody shares; the least of thirty."""
    spent = []
    for _ in range(30):
        live_view.forget()
        begun = time.process_time()
        live_view.live_view(database, ADMIN, campaign_id, clock.now())
        spent.append(time.process_time() - begun)
    return min(spent) * 1000
