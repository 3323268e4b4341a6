"""Opening the replenishment page with 20,000 lines: the server's time from the browser's request until the
last message of the run is sent.

A real server in a process of its own, a signed-in viewer on its websocket; CPU seconds of the server's
process, all threads: the page's run, the database, the table's serialising and the sending are in it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert
from core.goods.tables import campaign_sku, sku
from core.replenishment import service
from core.signals.tables import daily_signal
from core.stock import service as stock
from tests.aside import answered
from tests.bench.viewers import Screens, Viewer, served

LINES = 20_000
NOW = datetime(2026, 10, 20, 2, tzinfo=UTC)


def seeded(database: Database, actor: Actor) -> str:
    """Twenty thousand SKUs with stock and four weeks of reports, and one run."""
    random = np.random.default_rng(20)
    opens = datetime(2026, 11, 10, 12, tzinfo=UTC)
    campaign_id = campaigns.add_sale(
        database, actor, NewSale("双11", opens, opens + timedelta(days=1)), now=NOW
    )
    codes = np.char.add("S", np.char.zfill(np.arange(LINES).astype(str), 6))
    goods = pd.DataFrame(
        {
            "sku_code": codes,
            "name": codes,
            "category": random.choice(list("ABCDEF"), LINES),
            "supplier": random.choice(list("甲乙丙丁"), LINES),
            "unit_cost": 2_000,
            "list_price": 9_900,
            "lead_time_days": 7,
            "moq": 0,
            "pack_size": 6,
            "updated_at": NOW,
        }
    )
    lines = pd.DataFrame(
        {
            "campaign_id": campaign_id,
            "sku_code": codes,
            "tier": "regular",
            "sale_price": 7_900,
            "updated_at": NOW,
        }
    )
    days = [NOW.date() - timedelta(days=back) for back in range(1, 29)]
    units = random.poisson(3, LINES * 7)
    reports = pd.DataFrame(
        {
            "sku_code": np.tile(codes, 7),
            "day": np.repeat(days[::4], LINES),
            "channel": "",
            "units_paid": units,
            "visitors": units * 20,
        }
    )
    with database.writing() as connection:
        insert(connection, sku, goods)
        insert(connection, campaign_sku, lines)
        insert(connection, daily_signal, reports.assign(import_id="bench", updated_at=NOW))
        held = pd.DataFrame({"sku_code": codes, "state": "on_hand", "quantity": 10, "expected_on": ""})
        stock.post(connection, held, actor, source_id="bench", cause="import", now=NOW)
    service.replenish(database, actor, campaign_id, {}, now=NOW)
    return campaign_id


@pytest.mark.bench
@pytest.mark.timeout(300)
def test_opening_the_page_with_twenty_thousand_lines(sqlite: Database, admin: Actor) -> None:
    """The first visit after the server's start and four after it, each in a session of its own."""
    query = f"campaign={seeded(sqlite, admin)}"
    with served(sqlite, "merchandiser") as screens:
        visits = [answered(visit(screens, query)) for _ in range(5)]
    seconds, sizes = zip(*visits, strict=True)
    print(
        f"\nreplenishment page, {LINES:,} lines, server CPU: first visit {seconds[0]:.2f} s, then "
        + ", ".join(f"{took:.2f}" for took in seconds[1:])
        + f" s (promised 2); {sizes[-1] / 2**20:.1f} MiB sent"
    )
    assert min(sizes) > 100 * LINES  # the lines themselves are in it
    assert max(seconds) <= 2


async def visit(screens: Screens, query: str) -> tuple[float, int]:
    """CPU seconds of the server until the page stood, and the bytes sent."""
    before = screens.cpu()
    viewer = await Viewer.open(screens, "replenishment", query)
    spent, size = screens.cpu() - before, sum(message.ByteSize() for message in viewer.shown)
    await viewer.close()
    return spent, size
