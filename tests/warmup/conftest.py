"""A small shop before its sale: three SKUs with stock, a campaign with all its phases, a plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewCampaign
from core.database import Database
from core.goods.master import SKUS
from core.imports.kinds import Context
from core.stock import service as stock
from tests import shops


@dataclass(frozen=True, slots=True)
class Shop:
    """The shop under test."""

    db: Database
    lead: Actor
    campaign: str

    def stocked(self, now: datetime, **units: int) -> None:
        """Adds units on hand; names are SKU codes with an underscore in front of digits."""
        with self.db.writing() as connection:
            shops.on_hand(connection, {code.lstrip("_"): count for code, count in units.items()}, now)

    def level(self, code: str, state: str) -> int:
        """A level of a SKU as it stands."""
        with self.db.reading() as connection:
            return int(stock.levels(connection, [code])[state].iloc[0])


@pytest.fixture
def shop(database: Database, lead: Actor, now: datetime) -> Shop:
    return build(database, lead, now)


def build(database: Database, lead: Actor, now: datetime) -> Shop:
    """The shop on any database."""
    with database.writing() as connection:
        goods = pd.DataFrame(
            {"name": ["面霜", "口红 *限量*", "精华"]}, index=pd.Index(["001", "002", "003"], name="sku_code")
        )
        SKUS.introduce(connection, goods, Context("test", lead, now))
    campaign = campaigns.add(
        database, lead, NewCampaign("双 11", campaigns.draft("double_11", 2026, "20:00")), now=now
    )
    shops.planned(database, lead, campaign, now)
    made = Shop(database, lead, campaign)
    made.stocked(now, _001=100, _002=60, _003=0)
    return made
