"""The opening list of a new shop: at most ten actions to the first useful answer, each step marked when it is done."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.target import Target
from core.database import Database
from core.goods import structure
from core.overview import first_steps
from core.replenishment import service as replenishment
from tests import shops

CLICKS = {"stock": 2, "campaign": 2, "target": 1, "goods": 1, "reports": 2, "costs": 0, "order": 1}
"""What a step asks of a person: choosing a file and writing it is two; cost cards can wait."""


def done(db: Database, actor: Actor, campaign_id: str = "") -> list[str]:
    return [step.name for step in first_steps.steps(db, actor, campaign_id) if step.done]


def test_an_empty_shop_is_led_to_its_first_order(database: Database, admin: Actor, now: datetime) -> None:
    assert done(database, admin) == []
    names = [step.name for step in first_steps.steps(database, admin)]
    assert sum(CLICKS[name] for name in names) <= 10
    with database.writing() as connection:
        shops.goods(connection, pd.DataFrame({"sku_code": ["A"], "name": ["甲"], "list_price": 9_900}), now)
        shops.on_hand(connection, {"A": 5}, now)
    assert done(database, admin) == ["stock"]
    mine = campaigns.add_sale(
        database, admin, NewSale("首场", now + timedelta(days=20), now + timedelta(days=21)), now=now
    )
    shops.planned(database, admin, mine, now, target=Target(1_000_000, 2_000, 0.05, 10_000))
    structure.enter(database, admin, mine, now=now)
    replenishment.replenish(database, admin, mine, {}, now=now)
    assert done(database, admin, mine) == ["stock", "campaign", "target", "goods", "order"]
