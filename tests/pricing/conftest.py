"""A small shop with a campaign, five SKUs, their cards and an ordinary rule set."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database, insert
from core.goods.tables import campaign_sku, sku
from core.pricing.changes import costs, promotions

OPENS, CLOSES = datetime(2026, 11, 10, 12, tzinfo=UTC), datetime(2026, 11, 11, 16, tzinfo=UTC)
SKUS = (  # code, category, tier, list, sale, product cost
    ("A001", "护肤", "main_push", 29900, 19900, 5000),
    ("A002", "护肤", "regular", 39900, 32900, 9000),
    ("B001", "彩妆", "regular", 9900, 7900, 1500),
    ("B002", "彩妆", "clearance", 9900, 3900, 3500),
    ("C001", "家清", "pre_hot", 4900, 3900, 1200),
)
CUT = {"rule_id": "cut", "kind": "official_cut", "value": 1000, "level": "item", "base": "running"}
CROSS = {
    "rule_id": "cross",
    "kind": "every_full",
    "value": 5000,
    "threshold": 30000,
    "scope": "cross_shop",
    "merchant_share": 10000,
}
COUPON = {
    "rule_id": "coupon",
    "kind": "amount_off",
    "value": 2000,
    "threshold": 29900,
    "reach": "claimed",
    "name": "满299减20",
}


@dataclass(frozen=True, slots=True)
class Shop:
    """A database with a campaign in it."""

    db: Database
    campaign_id: str


@pytest.fixture
def shop(sqlite: Database, lead: Actor, finance: Actor, now: datetime) -> Shop:
    """Five SKUs, cards by edit, 10% official cut, 300-50 cross-shop, a 299-20 coupon."""
    return make_shop(sqlite, lead, finance, now)


@pytest.fixture
def either(database: Database, lead: Actor, finance: Actor, now: datetime) -> Shop:
    """The same shop, on SQLite and on PostgreSQL: for tests that ask more of the database than reading."""
    return make_shop(database, lead, finance, now)


def make_shop(db: Database, lead: Actor, finance: Actor, now: datetime) -> Shop:
    """The shop of the fixture in any database."""
    campaign_id = campaigns.add_sale(db, lead, NewSale("双11", OPENS, CLOSES), now=now)
    frame = pd.DataFrame(
        SKUS, columns=["sku_code", "category", "tier", "list_price", "sale_price", "product"]
    )
    with db.writing() as connection:
        master = frame.drop(columns=["tier", "sale_price", "product"]).assign(
            name="商品 " + frame["sku_code"], updated_at=now
        )
        insert(connection, sku, master)
        insert(
            connection,
            campaign_sku,
            frame[["sku_code", "tier", "sale_price"]].assign(campaign_id=campaign_id, updated_at=now),
        )
    cards = frame.set_index("sku_code")[["product"]].astype("Int64").assign(version=0)
    costs.edit_cards(db, finance, campaign_id, cards, now=now)
    costs.edit_default(
        db,
        finance,
        campaign_id,
        costs.CategoryCard("", {"express": 350, "commission": 500, "payment_fee": 60, "return_rate": 800}),
        now=now,
    )
    promotions.save_rules(db, lead, campaign_id, promotions.RuleSet("live", [CUT, CROSS, COUPON], 0), now=now)
    return Shop(db, campaign_id)
