"""A small shop in a sale: forty goods with stock and prices, a plan, and an hour of events."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import Target
from core.database import Database
from core.live.intake import batches
from core.live.snapshot import service
from tests import shops

OPENS = datetime(2026, 11, 10, 16, tzinfo=UTC)  # 11-11 00:00 in Shanghai
CHANNELS = ("search", "recommend", "live")


@dataclass(frozen=True)
class Shop:
    """The database, its campaign, and a way to send decoded events."""

    db: Database
    campaign_id: str
    send: Callable[..., dict[str, Any]]


def event(n: int, kind: str, minute: float, **facts: Any) -> dict[str, Any]:
    at = (OPENS + timedelta(minutes=minute)).isoformat()
    return {
        "event_id": f"{kind}{n}",
        "kind": kind,
        "at": at,
        "sku_code": "S01",
        "user_key": f"u{n}",
        "channel": "search",
    } | facts


def hour(orders: int = 300, minutes: int = 60, seed: int = 5) -> list[dict[str, Any]]:
    """Views, orders and payments over the first hour, ten views an order, prices as on the page."""
    dice = random.Random(seed)
    out = []
    for n in range(orders):
        at, code, channel = (
            dice.random() * minutes,
            f"S{min(39, int(dice.expovariate(0.2))):02d}",
            dice.choice(CHANNELS),
        )
        facts = {"sku_code": code, "channel": channel}
        out += [event(n * 10 + k, "view", at, **facts, user_key=f"u{n}-{k}") for k in range(10)]
        line = facts | {"order_id": f"o{n}", "amount_fen": 9_900, "user_key": f"u{n}-0"}
        out.append(event(n, "order", at, **line))
        if n % 10:
            out.append(event(n, "pay", min(at + 1, minutes - 0.01), **line))
    return out


@pytest.fixture
def shop(database: Database, admin: Actor) -> Shop:
    """The shop on both databases."""
    return opened(database, admin)


@pytest.fixture
def small_shop(sqlite: Database, admin: Actor) -> Shop:
    """The shop on SQLite alone."""
    return opened(sqlite, admin)


def opened(database: Database, admin: Actor, opens: datetime = OPENS) -> Shop:
    service.forget()
    before = opens - timedelta(days=20)
    campaign_id = campaigns.add_sale(
        database, admin, NewSale("11.11", opens, opens + timedelta(days=1)), now=before
    )
    codes = [f"S{n:02d}" for n in range(40)]
    with database.writing() as connection:
        rows = {
            "sku_code": codes,
            "name": [f"货{n}" for n in range(40)],
            "unit_cost": 4_000,
            "list_price": 19_900,
        }
        shops.goods(connection, pd.DataFrame(rows), before)
        tiers = ["main_push"] * 5 + ["regular"] * 35
        line = {
            "campaign_id": campaign_id,
            "sku_code": codes,
            "tier": tiers,
            "sale_price": 9_900,
            "planned_units": 50,
        }
        shops.lines(connection, pd.DataFrame(line), before)
        shops.on_hand(connection, dict.fromkeys(codes, 40), before)
    shops.planned(database, admin, campaign_id, before, target=Target(10_000_000, 10_000, 0.1, 10_000))

    def send(events: list[dict[str, Any]], source: str = "shop") -> dict[str, Any]:
        return batches.added(
            [batches.take(database, admin, source, batch, opens) for batch in batches.in_batches(events)]
        )

    return Shop(database, campaign_id, send)
