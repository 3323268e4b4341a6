"""The demo in an empty shop, and out of it again: whole, or refused as soon as something of the shop's own came in."""

from __future__ import annotations

import subprocess
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.access.tables import audit
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.campaign.tables import campaign
from core.database import Database, insert
from core.errors import ShopError
from core.goods.tables import sku
from core.overview import demo_shop
from core.stock import service as stock


def sale(db: Database, admin: Actor, name: str, now: datetime) -> str:
    span = now + timedelta(days=20), now + timedelta(days=21)
    return campaigns.add_sale(db, admin, NewSale(name, *span), now=now)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were started, none of them run."""
    commands: list[list[str]] = []
    monkeypatch.setattr(subprocess, "run", lambda command, **_how: commands.append(command))
    return commands


@pytest.fixture
def demo(database: Database, admin: Actor, now: datetime, started: list[list[str]]) -> Database:
    """A shop with a small demo in it: a SKU with stock, and a campaign."""
    demo_shop.load(database, admin, "zh", now=now)
    with database.writing() as connection:
        rows = {"sku_code": ["A"], "name": ["甲"], "list_price": 9_900, "updated_at": now}
        insert(connection, sku, pd.DataFrame(rows))
        moves = pd.DataFrame({"sku_code": ["A"], "state": "on_hand", "quantity": [5], "expected_on": ""})
        stock.post(connection, moves, admin, source_id="s", cause="import", now=now)
    sale(database, admin, "演示", now)
    with database.writing() as connection:
        demo_shop.ended(connection, now)
    return database


def refusal(work: Any) -> str:
    with pytest.raises(ShopError) as told:
        work()
    return told.value.code


def test_it_is_loaded_into_an_empty_shop_alone(
    database: Database, admin: Actor, now: datetime, started: list[list[str]]
) -> None:
    assert demo_shop.state(database, admin, now) == "empty"
    demo_shop.load(database, admin, "en", now=now)
    assert started[0][-5:] == ["core", "demo", "--history", "--language", "en"]
    assert demo_shop.state(database, admin, now) == "loading"
    assert refusal(lambda: demo_shop.load(database, admin, "zh", now=now)) == "demo.not_empty"
    assert refusal(lambda: demo_shop.remove(database, admin, now=now)) == "demo.loading"
    assert (
        demo_shop.state(database, admin, now + demo_shop.TAKES) == "demo"
    )  # cut short: it can be taken away


def test_a_shop_with_data_of_its_own_gets_none(
    database: Database, admin: Actor, now: datetime, started: list[list[str]]
) -> None:
    sale(database, admin, "自己的", now)
    assert demo_shop.state(database, admin, now) == "own"
    assert refusal(lambda: demo_shop.load(database, admin, "zh", now=now)) == "demo.not_empty"
    with database.writing() as connection:
        demo_shop.began(connection, now)  # as the command does
    assert refusal(lambda: demo_shop.remove(database, admin, now=now)) == "demo.none"
    assert started == []


def test_it_goes_whole_and_the_trail_stays(demo: Database, admin: Actor, now: datetime) -> None:
    assert demo_shop.state(demo, admin, now) == "demo"
    with demo.reading() as connection:
        before = connection.scalar(select(func.count()).select_from(audit))
    assert demo_shop.remove(demo, admin, now=now) > 3
    assert demo_shop.state(demo, admin, now) == "empty"
    with demo.reading() as connection:
        assert connection.execute(select(campaign.c.campaign_id)).all() == []
        assert connection.execute(select(sku.c.sku_code)).all() == []
        assert connection.scalar(select(func.count()).select_from(audit)) == (before or 0) + 1
    demo_shop.load(demo, admin, "zh", now=now)  # and it may come again


def test_it_stays_once_something_of_the_shops_own_came_in(
    demo: Database, admin: Actor, now: datetime
) -> None:
    sale(demo, admin, "自己的第一场", now)
    assert refusal(lambda: demo_shop.remove(demo, admin, now=now)) == "demo.own"
    with demo.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(campaign)) == 2


def test_nobody_but_an_administrator(demo: Database, now: datetime) -> None:
    lead = Actor("lin", "campaign_lead")
    assert refusal(lambda: demo_shop.remove(demo, lead, now=now)) == "access.denied"
