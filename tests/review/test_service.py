"""A reviewed sale: one gap in every table, money that is the ledger's, units that add up, goods that come back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.live.ledger.series import SKU_KIND
from core.review import service, stock_check
from core.review.after_sales import returns
from core.review.bridge import FACTORS
from core.review.encores import comeback
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)


@pytest.fixture
def sold(database: Database, admin: Actor) -> Shop:
    """An hour of sales, S00 bought empty, two units sent back."""
    shop = opened(database, admin)
    shop.send(hour(orders=300))
    last = {
        "sku_code": "S38",
        "quantity": 41,
        "amount_fen": 41 * 9_900,
        "order_id": "big",
        "user_key": "u-big",
    }
    shop.send([event(9_001, "order", 50, **last), event(9_001, "pay", 51, **last)])
    few = {"sku_code": "S37", "quantity": 3, "amount_fen": 3 * 9_900, "order_id": "few", "user_key": "u-few"}
    shop.send([event(9_003, "order", 50, **few), event(9_003, "pay", 51, **few)])
    back = few | {"quantity": 2, "amount_fen": 2 * 9_900}
    shop.send([event(9_002, "refund", 60 * 30, **back)])
    return shop


def test_one_gap_by_channel_phase_and_day(sold: Shop, admin: Actor) -> None:
    seen = service.review(sold.db, admin, sold.campaign_id, CLOSED)
    with sold.db.reading() as connection:
        kinds = dict(
            connection.execute(
                select(SKU_KIND.c.kind, func.sum(SKU_KIND.c.amount_fen))
                .where(SKU_KIND.c.campaign_id == sold.campaign_id)
                .group_by(SKU_KIND.c.kind)
            ).all()
        )
    assert seen.paid == int(kinds["pay"])
    assert seen.refunded == int(kinds["refund"]) == 19_800, "a refund after the close is in it"
    assert seen.target == 10_000_000
    assert seen.gap == seen.actual - seen.plan == seen.paid - seen.refunded - 10_000_000
    assert int(seen.bridge.sum()) == seen.gap
    for table in (seen.channels, seen.phases, seen.days):
        assert int(table["gap"].sum()) == seen.gap
        assert (table[list(FACTORS)].sum(axis=1) == table["gap"]).all()
    assert int(seen.goods["amount"].sum()) == seen.paid
    assert seen.closed
    assert (seen.open_until - CLOSED.date()).days > 7


def test_what_sold_out_lost_sales_from_its_last_order_on(sold: Shop, admin: Actor) -> None:
    goods = service.review(sold.db, admin, sold.campaign_id, CLOSED).goods
    assert goods.loc["S38", "left"] <= 0
    assert goods.loc["S38", "available"] < 1
    assert goods.loc["S38", "lost_units"] > 0
    assert goods.loc["S39", "available"] == 1 or goods.loc["S39", "left"] <= 0


def test_costs_are_left_out_for_those_who_may_not_see_them(sold: Shop) -> None:
    seen = service.review(sold.db, Actor("w", "warehouse"), sold.campaign_id, CLOSED)
    assert "left_at_cost" not in seen.goods
    assert "left_at_cost" not in set(seen.judged["measure"])
    goods = comeback.candidates(sold.db, Actor("w", "warehouse"), sold.campaign_id, CLOSED)
    assert not set(comeback.HIDDEN) & set(goods.columns)


def test_a_sale_without_a_plan_has_a_result_and_no_gap_to_explain(sold: Shop, admin: Actor) -> None:
    other = campaigns.add_sale(
        sold.db, admin, NewSale("own", OPENS + timedelta(days=9), OPENS + timedelta(days=10)), now=CLOSED
    )
    with pytest.raises(ShopError, match=r"review\.not_begun"):
        service.review(sold.db, admin, other, CLOSED)
    begun = service.review(sold.db, admin, other, OPENS + timedelta(days=9, hours=1))
    assert not begun.planned
    assert not begun.closed


def test_units_add_up_from_the_opening_to_the_shelf(sold: Shop, admin: Actor) -> None:
    units = stock_check.reconciliation(sold.db, admin, sold.campaign_id, CLOSED)
    moved = units[["event", "receipt", "count", "import", "other"]].sum(axis=1)
    assert (units["opening"] + moved == units["on_hand"]).all()
    assert units.loc["S38", "why"] == "unshipped"


def test_returns_are_counted_by_age(sold: Shop, admin: Actor) -> None:
    seen = returns.returns(sold.db, admin, sold.campaign_id, CLOSED)
    assert int(seen.load["known"].sum()) == 2
    assert seen.curve["share"].idxmax() == 1, "bought on the first day, back on the second"
    assert (seen.load["low"] <= seen.load["expected"]).all()
