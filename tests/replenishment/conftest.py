"""A small shop three weeks before its sale: eight SKUs of two suppliers, eight weeks of reports, one past
sale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert, upsert
from core.goods.tables import campaign_sku, sku, supplier
from core.signals.tables import daily_signal
from core.stock import service as stock

OPENS, CLOSES = datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 11, 15, 59, tzinfo=UTC)
CODES = [f"{number:05d}" for number in range(1, 9)]
TODAY = date(2026, 10, 20)
PAST = (date(2026, 9, 15), date(2026, 9, 16))


@dataclass(frozen=True)
class Shop:
    """The database, the campaign's id, and the moment."""

    db: Database
    campaign_id: str
    now: datetime
    stock: Callable[..., None]


def goods(now: datetime) -> pd.DataFrame:
    """Codes with leading zeros; the last SKU is new, the last but one cannot arrive in time, one has no
    cost."""
    return pd.DataFrame(
        {
            "sku_code": CODES,
            "name": [f"=款{code}" for code in CODES],
            "category": ["护肤"] * 4 + ["彩妆"] * 4,
            "supplier": ["甲厂"] * 5 + ["乙厂"] * 3,
            "unit_cost": pd.array([2000, 3000, 1500, 4000, 2500, None, 5000, 2000], "Int64"),
            "list_price": [9900, 12900, 5900, 15900, 8900, 6900, 19900, 9900],
            "lead_time_days": [10, 10, 10, 10, 7, 7, 40, 7],
            "moq": [0, 0, 50, 0, 0, 0, 0, 0],
            "pack_size": [12, 1, 12, 6, 1, 1, 1, 6],
            "updated_at": now,
        }
    )


def reports() -> pd.DataFrame:
    """Sixty days of seven SKUs (the eighth is new), five times as much on the past sale's two days; carts in
    the last fortnight."""
    random = np.random.default_rng(20261111)
    days = [TODAY - timedelta(days=back) for back in range(1, 61)]
    rate = np.array([12.0, 8, 5, 3, 9, 4, 6])
    rows = [(code, day, at) for day in days for at, code in enumerate(CODES[:7])]
    frame = pd.DataFrame(rows, columns=["sku_code", "day", "at"])
    times = np.where(frame["day"].isin(PAST), 5, 1)
    units = random.poisson(rate[frame["at"]] * times)
    return frame.drop(columns="at").assign(
        channel="",
        units_paid=units,
        visitors=units * 20,
        add_to_cart=units * 2,
        favourites=units,
        page_views=units * 40,
        import_id="t",
        updated_at=datetime(2026, 10, 20, tzinfo=UTC),
    )


@pytest.fixture
def shop(database: Database, now: datetime, admin: Actor) -> Shop:
    """The shop on both databases."""
    return filled(database, admin, now)


def filled(database: Database, admin: Actor, now: datetime) -> Shop:
    """The shop with 40 units of every SKU but the new one on hand."""
    campaign_id = campaigns.add_sale(database, admin, NewSale("双11", OPENS, CLOSES), now=now)
    past = datetime(2026, 9, 14, 16, tzinfo=UTC)
    campaigns.add_sale(database, admin, NewSale("九月会员日", past, past + timedelta(days=2)), now=now)

    def post(state: str, units: dict[str, int], expected_on: str = "", cause: str = "import") -> None:
        moves = pd.DataFrame(
            {
                "sku_code": list(units),
                "state": state,
                "quantity": list(units.values()),
                "expected_on": expected_on,
            }
        )
        with database.writing() as connection:
            stock.post(
                connection, moves, admin, source_id=f"{cause}-{state}-{expected_on}", cause=cause, now=now
            )

    with database.writing() as connection:
        upsert(
            connection,
            supplier,
            pd.DataFrame(
                {
                    "name": ["甲厂", "乙厂"],
                    "minimum_amount": [None, 100_00],
                    "capacity_units": [None, None],
                    "updated_at": now,
                }
            ),
        )
        insert(connection, sku, goods(now))
        tiers = ["pre_hot", "main_push", "regular", "regular", "main_push", "regular", "regular", "regular"]
        lines = pd.DataFrame(
            {
                "campaign_id": campaign_id,
                "sku_code": CODES,
                "tier": tiers,
                "sale_price": goods(now)["list_price"] * 8 // 10,
                "updated_at": now,
            }
        )
        insert(connection, campaign_sku, lines)
        insert(connection, daily_signal, reports())
    post("on_hand", dict.fromkeys(CODES[:7], 40))
    return Shop(database, campaign_id, now, post)
