"""The night itself: viewers, operators who change prices, events that pour in and a sheet that is taken in, all at once,
on one server. Nothing fails, nothing gets lost, and in the long form everybody is answered in time."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
from sqlalchemy import func, select

from core import clock
from core.access import Actor, api_keys
from core.database import Database, read
from core.goods.tables import campaign_sku, sku
from core.live.intake import sources
from core.live.tables import event
from core.pricing.changes import prices
from tests.aside import answered
from tests.bench.big_sale import big_sale
from tests.bench.viewers import ROOT, Refresh, Screens, Viewer, served

PAGES = ("stock", "pricing", "goods", "plan", "readiness")
BATCH = 500
EVERY_S = 2.0
ADMIN = Actor("admin", "admin", "cli")


@dataclass(frozen=True, slots=True)
class Night:
    """How much of everything."""

    before: int  # events that the sale has already
    viewers: int
    rate: int  # events a second
    rows: int  # of the sheet
    seconds: float


SHORT = Night(before=20_000, viewers=8, rate=250, rows=2_000, seconds=12)
LONG = Night(before=1_000_000, viewers=60, rate=2_000, rows=50_000, seconds=1_800)


@dataclass(slots=True)
class Told:
    """What everybody saw: refreshes of viewers, failures by where, events sent, prices changed, memory of the server
    (MiB) by the second."""

    refreshes: list[Refresh] = field(default_factory=list)
    failures: Counter[str] = field(default_factory=Counter)
    sent: int = 0
    prices: int = 0
    memory: list[float] = field(default_factory=list)


def test_the_night_at_once(sqlite: Database, tmp_path: Path) -> None:
    told = _lived(sqlite, tmp_path, SHORT)
    assert len(told.refreshes) >= SHORT.viewers


@pytest.mark.soak
@pytest.mark.timeout(4_000)
def test_the_night_for_half_an_hour(sqlite: Database, tmp_path: Path) -> None:
    told = _lived(sqlite, tmp_path, LONG)
    late = float(np.percentile([each.seconds for each in told.refreshes], 95)) * 1000
    early, end = (float(np.median(part)) for part in (told.memory[120:300], told.memory[-180:]))
    print(
        f"\n{LONG.viewers} viewers, {told.sent / LONG.seconds:.0f} events/s, {told.prices} prices, {LONG.rows} rows: p95 of "
        f"{len(told.refreshes)} refreshes {late:.0f} ms (promise 500), memory {early:.0f} -> {end:.0f} MiB"
    )
    assert told.sent >= LONG.rate * LONG.seconds * 0.98
    assert late <= 500
    assert end <= early * 1.1


def _lived(database: Database, folder: Path, night: Night) -> Told:
    """Lives through it and asserts that nothing failed and everything is there."""
    campaign_id = big_sale(database, ADMIN, night.before, clock.now())
    sources.add_source(
        database,
        ADMIN,
        sources.USUAL,
        clock.now(),
        terms=sources.Terms(events_per_minute=60 * night.rate * 4),
    )
    token = api_keys.make(database, ADMIN, "load", ["events"], clock.now()).token
    told, ending = Told(), threading.Event()
    with served(database) as screens:
        at_work = [
            threading.Thread(target=_send, args=(screens, token, night, told, ending)),
            threading.Thread(target=_change_prices, args=(database, campaign_id, told, ending)),
            threading.Thread(target=_measure, args=(screens, told, ending)),
        ]
        sheet = _import(database, folder, night.rows)
        for thread in at_work:
            thread.start()
        try:
            answered(_look(screens, campaign_id, night, told))
        finally:
            ending.set()
            for thread in at_work:
                thread.join()
        said, _ = sheet.communicate(timeout=600)
    _assert_nothing_failed(told)
    assert sheet.returncode == 0, said
    with database.reading() as connection:
        mine = select(func.count()).select_from(event).where(event.c.source == sources.USUAL)
        assert connection.scalar(mine) == told.sent > 0, "each event that was taken is stored, once"
        rows = select(func.count()).select_from(sku).where(sku.c.sku_code.like("N%"))
        assert connection.scalar(rows) == night.rows
        changed = read(
            connection, select(campaign_sku.c.version).where(campaign_sku.c.campaign_id == campaign_id)
        )
    assert int((changed["version"] - 1).sum()) == told.prices > 0
    return told


def _assert_nothing_failed(told: Told) -> None:
    assert not told.failures, told.failures


async def _look(screens: Screens, campaign_id: str, night: Night, told: Told) -> None:
    """Viewers of the live page who refresh by its timer, and one operator a page who clicks."""
    query = f"campaign={campaign_id}"
    viewers = [await Viewer.open(screens, "live", query) for _ in range(night.viewers)]
    operators = [await Viewer.open(screens, page, query) for page in PAGES]
    until = time.monotonic() + night.seconds
    await asyncio.gather(
        *(_refresh(viewer, n * EVERY_S / len(viewers), until, told) for n, viewer in enumerate(viewers)),
        *(_click(operator, until, told) for operator in operators),
    )
    for viewer in (*viewers, *operators):
        await viewer.close()


async def _refresh(viewer: Viewer, later: float, until: float, told: Told) -> None:
    await asyncio.sleep(later)
    while True:
        due = time.monotonic() + EVERY_S
        told.refreshes.append(await viewer.tick())
        _note(viewer, told)
        if time.monotonic() >= until:
            return
        await asyncio.sleep(max(0.0, due - time.monotonic()))


async def _click(operator: Viewer, until: float, told: Told) -> None:
    while True:
        await operator.press()
        _note(operator, told)
        if time.monotonic() >= until:
            return
        await asyncio.sleep(3.0)


def _note(viewer: Viewer, told: Told) -> None:
    """An exception on the screen is a failure, whatever it says."""
    for message in viewer.shown:
        if (
            message.WhichOneof("type") == "delta"
            and message.delta.new_element.WhichOneof("type") == "exception"
        ):
            told.failures[f"{viewer.page}: {message.delta.new_element.exception.type}"] += 1


def _send(screens: Screens, token: str, night: Night, told: Told, ending: threading.Event) -> None:
    """Events at their rate; what the server cannot take now is sent again, as every sender must."""
    headers, pause = {"Authorization": f"Bearer {token}"}, BATCH / night.rate
    due = time.monotonic()
    with httpx.Client(base_url=f"http://127.0.0.1:{screens.port}", headers=headers, timeout=60) as client:
        for body in _batches():
            while True:
                answer = client.post("/api/v1/events", content=body)
                if answer.status_code == 202:
                    break
                if answer.status_code not in (429, 503):
                    told.failures[f"events: {answer.status_code} {answer.text[:80]}"] += 1
                    return
                time.sleep(float(answer.headers.get("Retry-After", 1)))
            rejected = answer.json()["rejected"]
            if rejected:
                told.failures[f"events: {rejected[0]}"] += len(rejected)
            told.sent += BATCH
            if ending.is_set():
                return
            due += pause
            time.sleep(max(0.0, due - time.monotonic()))


def _batches() -> Iterator[bytes]:
    number = 0
    while True:
        at = clock.now().isoformat()
        lines = []
        for _ in range(BATCH):
            number += 1
            line = {"event_id": f"n{number}", "kind": "view" if number % 5 else "add_to_cart", "at": at}
            line |= {
                "sku_code": f"S{number % 300:05d}",
                "user_key": f"w{number % 9_000}",
                "channel": "search",
            }
            lines.append(json.dumps(line | ({} if number % 5 else {"quantity": 1})))
        yield "\n".join(lines).encode()


def _change_prices(database: Database, campaign_id: str, told: Told, ending: threading.Event) -> None:
    """One price a second, each by what its editor last saw."""
    versions: Counter[str] = Counter()
    while not ending.wait(1.0):
        code = f"S{told.prices % 20:05d}"
        row = pd.DataFrame(
            {"sale_price": pd.array([9_000 + told.prices], "Int64"), "version": versions[code] + 1},
            index=[code],
        )
        try:
            prices.set_prices(database, ADMIN, campaign_id, row, now=clock.now())
        except Exception as error:  # whatever it is, it is what the test is about
            told.failures[f"prices: {error!r}"] += 1
            return
        versions[code] += 1
        told.prices += 1


def _measure(screens: Screens, told: Told, ending: threading.Event) -> None:
    while not ending.wait(1.0):
        pages = int(Path(f"/proc/{screens.pid}/statm").read_text().split()[1])
        told.memory.append(pages * os.sysconf("SC_PAGE_SIZE") / 2**20)


def _import(database: Database, folder: Path, rows: int) -> subprocess.Popen[str]:
    """The sheet of new goods, taken in by the command line on the same database."""
    codes = [f"N{n:06d}" for n in range(rows)]
    sheet = pd.DataFrame({"商品编码": codes, "商品名称": [f"新品 {code}" for code in codes], "吊牌价": 199})
    path = folder / "goods.csv"
    sheet.to_csv(path, index=False, encoding="utf-8-sig")
    environment = os.environ | {"DATABASE_URL": database.url, "BIGSALE_DATA_DIR": str(folder)}
    command = [sys.executable, "-m", "core", "import", "goods", str(path), "--json"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
