"""The overview on both databases: empty, planned, selling; and nothing that the role may not see."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pandas as pd

from core.access import Actor, audit
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign, NewSale
from core.campaign.target import Target
from core.database import Database, insert
from core.goods import structure
from core.lineup import service as lineup
from core.overview import service
from core.readiness import service as readiness
from core.signals.tables import daily_signal
from core.stock.tables import stock_position
from tests import shops


def test_an_empty_campaign_says_what_is_missing(database: Database, lead: Actor, now: datetime) -> None:
    mine = campaigns.add_sale(
        database, lead, NewSale("空", now + timedelta(days=3), now + timedelta(days=4)), now=now
    )
    view = service.load(database, lead, mine, now)
    assert (view.plan, view.ready, view.covered, view.warmth, view.selling) == (None, None, None, None, None)
    assert view.risks["code"].tolist() == ["setup_plan", "setup_goods", "setup_tasks", "data_none"]
    assert view.upcoming is not None
    assert view.upcoming.kind == "live"
    assert view.changes["action"].tolist() == ["campaign.add"]


def test_a_planned_campaign_names_its_risks_and_a_viewer_sees_no_prices(
    database: Database, lead: Actor, viewer: Actor, merchandiser: Actor, now: datetime
) -> None:
    goods = pd.DataFrame(
        {"sku_code": ["A", "B"], "name": ["甲", "乙"], "list_price": 10_000, "unit_cost": 2_000}
    )
    days = [date(2026, 10, 19) - timedelta(days=n) for n in range(28)]
    figures = pd.DataFrame(
        {"sku_code": "A", "day": days, "visitors": 500, "units_paid": 40, "paid_amount": 400_000}
    )
    levels = dict.fromkeys(("reserved", "presale_committed", "activity_locked", "in_transit"), 0)
    with database.writing() as connection:
        shops.goods(connection, goods, now)
        insert(connection, daily_signal, figures.assign(channel="", import_id="x", updated_at=now))
        insert(
            connection,
            stock_position,
            pd.DataFrame({"sku_code": ["A", "B"], "on_hand": [50, 500]}).assign(
                **levels, version=1, updated_at=now
            ),
        )
    phases = [
        Phase("p1", "live", now - timedelta(days=2), now - timedelta(days=1)),
        Phase("p2", "encore", now - timedelta(days=1), now + timedelta(days=5)),
    ]
    mine = campaigns.add(database, lead, NewCampaign("双十一", phases), now=now)
    structure.enter(database, lead, mine, now=now)
    shops.planned(database, lead, mine, now, target=Target(10_000_000, 10_000, 0.1, 10_000))
    lineup.spread(database, lead, mine, now=now)
    readiness.draw_up(database, lead, mine, now)
    view = service.load(database, merchandiser, mine, now)
    assert view.phase is not None
    assert view.phase.kind == "encore"
    assert view.unsafe is not None
    assert view.covered is not None
    assert 0 < view.covered < 1
    assert view.done == 2 * 400_000  # the reports of the sale's first two days
    assert 0 < view.planned_by_now < 10_000_000
    assert view.data_age == 1
    kinds = view.risks.groupby("kind").size()
    assert set(kinds.index) >= {"stock", "task"}
    assert len(view.risks) == 5
    hidden = service.load(database, viewer, mine, now)
    assert hidden.unsafe is None
    assert "price" not in set(hidden.risks["kind"])


def test_while_the_sale_is_open_the_live_picture_is_there(
    sqlite: Database, lead: Actor, now: datetime
) -> None:
    mine = campaigns.add_sale(
        sqlite, lead, NewSale("开着", now - timedelta(hours=2), now + timedelta(hours=2)), now=now
    )
    view = service.load(sqlite, lead, mine, now)
    assert view.selling is not None
    assert view.selling.paid == 0


def test_what_changed_is_counted_however_much_it_was(
    database: Database, lead: Actor, merchandiser: Actor, now: datetime
) -> None:
    mine = campaigns.add_sale(
        database,
        lead,
        NewSale("忙", now + timedelta(days=3), now + timedelta(days=4)),
        now=now - timedelta(hours=3),
    )
    with database.writing() as connection:
        audit.record(connection, merchandiser, now - timedelta(days=2), "goods.edit", "A")
        for minute in range(2_010, 0, -1):  # more than a list of rows would be read for
            audit.record(connection, merchandiser, now - timedelta(minutes=minute / 60), "price.edit", mine)
        audit.record(connection, lead, now, "session.sign_in", "lead")
    changes = service.load(database, lead, mine, now).changes
    assert changes[["action", "account", "count"]].to_numpy().tolist() == [
        ["price.edit", merchandiser.name, 2_010],
        ["campaign.add", lead.name, 1],
    ]
    assert changes["at"][0] == now - timedelta(minutes=1 / 60)
