"""The audience page over 200,000 buyers and a million orders: the server's CPU seconds from the browser's request until
the last message of the run is sent, tab by tab; the first look of a day, for which nothing is kept yet, and the next."""

from __future__ import annotations

import time

import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from tests.aside import answered
from tests.bench.test_audience import NOW, filled, peer
from tests.bench.viewers import Screens, Viewer, served

TABS = ("segments", "lists", "life", "growth", "journey", "members", "structure", "partners", "touches")


@pytest.mark.bench
@pytest.mark.timeout(900)
def test_each_tab_of_the_audience(sqlite: Database, admin: Actor) -> None:
    filled(sqlite)
    opens = NOW.replace(day=10, hour=12)
    sale = campaigns.add_sale(sqlite, admin, NewSale("双11", opens, opens.replace(day=11)), now=NOW)
    first, later = dict[str, float](), dict[str, float]()
    with served(sqlite, "campaign_lead") as screens:
        answered(
            _visit(screens, f"campaign={sale}&audience_tab={TABS[-1]}")
        )  # what any first page of a server reads
        for times in (first, later):
            for tab in TABS:
                times[tab] = answered(_visit(screens, f"campaign={sale}&audience_tab={tab}"))
    started = time.process_time()
    peer(sqlite)
    beside = time.process_time() - started
    print(
        f"\naudience, 200,000 buyers, server CPU, first look / next; one pass over the lines {beside:.2f} s:"
    )
    for tab in TABS:
        print(f"  {tab}: {first[tab]:.2f} / {later[tab]:.2f} s")
    assert max(first.values()) <= 0.45 * beside
    assert max(later.values()) <= 1


async def _visit(screens: Screens, query: str) -> float:
    """CPU seconds of the server until the tab stood."""
    before = screens.cpu()
    viewer = await Viewer.open(screens, "audience", query)
    spent = screens.cpu() - before
    await viewer.close()
    return spent
