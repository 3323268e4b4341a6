"""Book against shelf after a sale: conservation between bridge, orders, events and stock; differences explained to the
unit and settled by the count's approval."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from core.access import Actor
from core.database import Database, insert
from core.live.tables import event as events
from core.live.tables import sale_line
from core.review import reconcile, service, stock_check
from core.review.bridge import FACTORS
from core.stock import counts
from core.stock.tables import stock_count_entry, stock_location
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)
units = st.integers(0, 40)


@given(difference=st.one_of(st.none(), st.integers(-60, 60)), held=st.tuples(units, units, units, units))
def test_every_difference_is_explained_to_the_unit(difference: int | None, held: tuple[int, ...]) -> None:
    names = ("unsellable", "unshipped", "short", "in_return")
    table = pd.DataFrame([dict(zip(names, held, strict=True))]).assign(
        difference=pd.Series([difference], dtype="Int64")
    )
    parts = reconcile.explained(table).iloc[0]
    if difference is None:
        assert parts.isna().all()
        return
    assert int(parts.sum()) == difference
    assert all(part <= 0 for part in parts[list(reconcile.CAUSES[:3])])
    known = sum(held[:3]) if difference < 0 else held[3]
    assert abs(int(parts["unexplained"])) == max(0, abs(difference) - known)


@pytest.fixture
def shop(database: Database, admin: Actor) -> Shop:
    """A closed sale; S39: five shipped, two of them sent back; S38: two paid, not shipped."""
    sale = opened(database, admin)
    sale.send(hour(orders=60))
    waits = {"order_id": "two", "user_key": "t", "sku_code": "S38", "quantity": 2, "amount_fen": 19_800}
    sale.send([event(8_100, kind, 40, **waits) for kind in ("order", "pay")])
    line = {"order_id": "five", "user_key": "f", "sku_code": "S39"}
    bought = {"quantity": 5, "amount_fen": 49_500}
    sale.send([event(8_000, kind, 40, **line, **bought) for kind in ("order", "pay")])
    sale.send([event(8_001, "ship", 300, **line, quantity=5)])
    sale.send([event(8_002, "refund", 1_800, **line, quantity=2, amount_fen=19_800)])
    return sale


def _count(shop: Shop, admin: Actor, counted: dict[str, int]) -> str:
    name = stock_check.open_count(shop.db, admin, shop.campaign_id, "after", CLOSED)
    rows = pd.DataFrame({"sku_code": list(counted), "counted": list(counted.values())})
    with shop.db.writing() as connection:
        insert(
            connection,
            stock_count_entry,
            rows.assign(count_id=name, location="A", counter="c", counted_at=CLOSED + timedelta(hours=1)),
        )
    return name


def test_goods_that_came_back_explain_what_is_too_much(shop: Shop, admin: Actor) -> None:
    before = stock_check.reconciliation(shop.db, admin, shop.campaign_id, CLOSED)
    assert before.loc["S39", "in_return"] == 2
    assert before.loc["S39", "why"] == "in_return"
    assert before["difference"].isna().all()
    book = int(before.loc["S39", "on_hand"])
    shelf = pd.DataFrame({"sku_code": ["S38"], "location": "残次", "lot": "", "expiry": "", "units": 1})
    with shop.db.writing() as connection:
        insert(connection, stock_location, shelf.assign(sellable=False, import_id="t"))
    other = int(before.loc["S38", "on_hand"])
    free = int(before.loc["S38", "reserved"])
    count_id = _count(shop, admin, {"S39": book + 3, "S38": other - 2 - free})
    seen = stock_check.reconciliation(shop.db, admin, shop.campaign_id, CLOSED)
    assert seen.loc["S39", ["difference", "unexplained"]].tolist() == [3, 1]
    assert seen.loc["S38", ["damaged", "unbooked_shipment", "unexplained"]].tolist() == [-1, -free, -1]
    assert seen.loc["S38", "why"] == "differs"
    shelves = stock_check.locations(shop.db, admin, shop.campaign_id).set_index(["sku_code", "location"])
    assert shelves.loc[("S39", "A"), "counted"] == book + 3
    assert not shelves.loc[("S38", "残次"), "sellable"]
    settled = counts.settle(shop.db, admin, count_id, now=CLOSED + timedelta(hours=2))
    assert settled["state"] in {"adjusted", "waiting"}
    if settled["state"] == "adjusted":
        after = stock_check.reconciliation(shop.db, admin, shop.campaign_id, CLOSED + timedelta(hours=2))
        assert after.loc["S39", "on_hand"] == book + 3
        assert after.loc["S39", "count"] == 3


def test_who_may_not_count_opens_none(shop: Shop) -> None:
    from core.errors import ShopError

    with pytest.raises(ShopError, match=r"access\.denied"):
        stock_check.open_count(shop.db, Actor("v", "viewer"), shop.campaign_id, "x", CLOSED)


@settings(max_examples=5, deadline=None, phases=(Phase.generate,), suppress_health_check=list(HealthCheck))
@given(seed=st.integers(0, 10**6), orders=st.integers(5, 25), back=st.integers(0, 8), sent=st.integers(0, 20))
def test_bridge_orders_events_and_stock_say_the_same(
    sqlite: Database, admin: Actor, seed: int, orders: int, back: int, sent: int
) -> None:
    """Whatever was bought, shipped and sent back: money of the bridge = of the order lines = of the events; units that left
    the shelf = units shipped; every table's gap is the bridge's."""
    shop = _fresh(sqlite, admin, seed)
    bought = hour(orders=orders, seed=seed)
    paid = [one for one in bought if one["kind"] == "pay"]
    dice = np.random.default_rng(seed)
    follow = [
        one | {"event_id": f"{one['event_id']}-s", "kind": "ship", "at": _later(one, 600)}
        for one in paid[:sent]
    ]
    gone = dice.permutation(len(paid))[:back]
    follow += [paid[n] | {"event_id": f"r{n}", "kind": "refund", "at": _later(paid[n], 1_500)} for n in gone]
    shop.send(bought)
    shop.send(follow)
    seen = service.review(shop.db, admin, shop.campaign_id, CLOSED)
    table = stock_check.reconciliation(shop.db, admin, shop.campaign_id, CLOSED)
    with shop.db.reading() as connection:
        of_kind = dict(
            connection.execute(
                select(events.c.kind, func.sum(events.c.amount_fen))
                .where(events.c.campaign_id == shop.campaign_id, events.c.waits_for == "")
                .group_by(events.c.kind)
            ).all()
        )
        s = sale_line.c
        lines = connection.execute(
            select(func.sum(s.paid_fen), func.sum(s.refunded_fen), func.sum(s.shipped)).where(
                s.campaign_id == shop.campaign_id
            )
        ).one()
    assert seen.paid == int(of_kind["pay"]) == int(lines[0]) == int(seen.goods["amount"].sum())
    assert seen.refunded == int(of_kind.get("refund") or 0) == int(lines[1])
    assert seen.actual == seen.paid - seen.refunded
    assert int(seen.bridge.sum()) == seen.gap == seen.actual - seen.plan
    for parts in (seen.channels, seen.phases, seen.days):
        assert (parts[list(FACTORS)].sum(axis=1) == parts["gap"]).all()
        assert int(parts["gap"].sum()) == seen.gap
    assert -int(table["event"].sum()) == int(lines[2]), "what left the shelf is what was shipped"
    moved = table[list(stock_check.CAUSES)].sum(axis=1)
    assert (table["opening"] + moved == table["on_hand"]).all()


def _later(one: dict[str, object], minutes: int) -> str:
    from datetime import datetime

    return (datetime.fromisoformat(str(one["at"])) + timedelta(minutes=minutes)).isoformat()


def _fresh(db: Database, admin: Actor, seed: int) -> Shop:
    """A shop of its own for each example, on one database: emptied before."""
    from core.database.types import schema

    with db.writing() as connection:
        for table in reversed(schema.sorted_tables):
            connection.execute(table.delete())
    return opened(db, admin)
