"""The picture against numbers counted by hand from the same events."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.access import Actor
from core.campaign import service as campaigns
from core.campaign.pace import default_curve, share_at
from core.campaign.service import NewSale
from core.database import Database
from core.errors import ShopError
from core.goods.tables import campaign_sku, sku
from core.live.intake import batches
from core.live.snapshot import service
from core.live.tables import sale_sku_kind
from tests.live.conftest import OPENS, Shop, event, hour


def before(events: list[dict[str, Any]], minute: float, kind: str) -> list[dict[str, Any]]:
    limit = (OPENS + timedelta(minutes=minute)).isoformat()
    return [each for each in events if each["kind"] == kind and each["at"] < limit]


@pytest.mark.parametrize("minute", [7, 30, 60])
def test_totals_of_a_past_minute_are_those_of_its_events(shop: Shop, admin: Actor, minute: int) -> None:
    events = hour()
    assert shop.send(events)["rejected"] == []
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=minute))
    paid = sum(each["amount_fen"] for each in before(events, minute, "pay"))
    assert seen.placed == sum(each["amount_fen"] for each in before(events, minute, "order"))
    assert seen.paid == seen.net == paid
    assert seen.visitors == len({each["user_key"] for each in before(events, minute, "view")})
    assert seen.buyers == len(before(events, minute, "pay"))
    share = float(share_at(default_curve(), minute))
    assert seen.share == pytest.approx(share)
    assert seen.forecast.close == pytest.approx(paid / share, rel=1e-6)
    assert seen.planned == pytest.approx(10_000_000 * share, abs=1)
    assert seen.needed_rate == pytest.approx((10_000_000 - paid) / (1 - share) / 10_000_000)
    assert seen.why["gap"].sum() == pytest.approx(paid - 10_000_000 * share, abs=1)


def test_goods_count_down_from_their_stock(shop: Shop, admin: Actor) -> None:
    events = hour()
    shop.send(events)
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=60))
    for code, row in seen.goods.iterrows():
        sold = sum(
            each.get("quantity", 1) for each in events if each["kind"] == "order" and each["sku_code"] == code
        )
        assert row["sold"] == sold
        assert row["left"] == 40 - min(sold, 40)
        assert row["label"] == "sold_out" if sold >= 40 else row["label"] in {"tight", "enough", "excess"}
    assert seen.price_ratio == pytest.approx(1.0)
    assert seen.tiers["amount"].sum() == seen.paid


def test_stock_of_a_past_minute_is_what_was_left_then(shop: Shop, admin: Actor) -> None:
    events = hour()
    shop.send(events)
    then = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=20)).goods
    for code, row in then.iterrows():
        sold = len([each for each in before(events, 20, "order") if each["sku_code"] == code])
        whole = len([each for each in events if each["kind"] == "order" and each["sku_code"] == code])
        if whole <= 40:
            assert row["left"] == 40 - sold


def test_silence_is_said_and_nothing_is_drawn_ahead_of_now(shop: Shop, admin: Actor) -> None:
    shop.send(hour(minutes=30))
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=50))
    assert 20 <= (seen.minutes_silent or 0) <= 22
    drawn = seen.line.dropna(subset=["paid"])
    assert len(drawn) == 50 // 5 + 1
    assert drawn["paid"].iloc[-1] == seen.paid
    assert seen.line["forecast"].iloc[-1] == pytest.approx(seen.forecast.close, rel=1e-6)
    assert str(seen.line["at"].iloc[0]) == "2026-11-11 00:00:00"


def test_before_the_opening_nothing_is_claimed(shop: Shop, admin: Actor) -> None:
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS - timedelta(hours=1))
    assert (
        seen.paid,
        seen.pace,
        seen.conversion_rate,
        seen.aov,
        seen.forecast.close,
        seen.minutes_silent,
    ) == (0, None, None, None, None, None)


def test_refunds_stand_apart(shop: Shop, admin: Actor) -> None:
    line = {"order_id": "o", "amount_fen": 9_900}
    shop.send(
        [
            event(1, "order", 1, **line),
            event(1, "pay", 2, **line),
            event(1, "refund", 3, **line | {"amount_fen": 4_000}),
        ]
    )
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=5))
    assert (seen.placed, seen.paid, seen.refunded, seen.net, seen.expected_net) == (
        9_900,
        9_900,
        4_000,
        5_900,
        None,
    )


def test_costs_are_left_out_for_those_who_may_not_see_them(shop: Shop, admin: Actor, viewer: Actor) -> None:
    shop.send(hour(orders=20))
    at = OPENS + timedelta(minutes=60)
    assert {"unit_cost", "contribution"} <= set(
        service.load(shop.db, admin, shop.campaign_id, at).goods.columns
    )
    assert not {"unit_cost", "contribution"} & set(
        service.load(shop.db, viewer, shop.campaign_id, at).goods.columns
    )


def test_attach_rate_counts_orders_with_main_push_goods(shop: Shop, admin: Actor) -> None:
    pay = {"amount_fen": 100}
    shop.send(
        [
            event(1, "pay", 1, order_id="a", sku_code="S01", **pay),
            event(2, "pay", 1, order_id="a", sku_code="S30", **pay),
            event(3, "pay", 1, order_id="b", sku_code="S02", **pay),
            event(4, "pay", 1, order_id="c", sku_code="S31", **pay),
        ]
    )
    seen = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=5))
    assert (seen.attach_orders, seen.attach_rate) == (2, 0.5)


def test_the_light_says_when_the_books_were_recounted_and_what_was_wrong(
    shop: Shop, lead: Actor, viewer: Actor
) -> None:
    shop.send([event(1, "pay", 1, order_id="a", amount_fen=100)])
    at = OPENS + timedelta(minutes=5)
    assert service.load(shop.db, lead, shop.campaign_id, at).recounted_at is None
    with pytest.raises(ShopError, match="access.denied"):
        service.recount_books(shop.db, viewer, shop.campaign_id, at)
    assert not any(service.recount_books(shop.db, lead, shop.campaign_id, at).values())
    seen = service.load(shop.db, lead, shop.campaign_id, at + timedelta(minutes=1))
    assert (seen.recounted_at, seen.recount_faults) == (at, 0)
    with shop.db.writing() as connection:
        connection.execute(sale_sku_kind.update().values(amount_fen=101))
    found = service.recount_books(shop.db, lead, shop.campaign_id, at)
    assert [fault["amount_fen"] for fault in found["sku_kind"]] == [1]
    assert service.load(shop.db, lead, shop.campaign_id, at + timedelta(minutes=2)).recount_faults == 1


def test_goods_outside_the_lineup_are_called_by_their_name(shop: Shop, admin: Actor) -> None:
    with shop.db.writing() as connection:
        connection.execute(campaign_sku.delete().where(campaign_sku.c.sku_code == "S02"))
        connection.execute(sku.update().where(sku.c.sku_code == "S02").values(name="去年的杯子"))
    shop.send([event(n, "pay", 1, order_id=f"o{n}", sku_code=f"S0{n}", amount_fen=100 * n) for n in (1, 2)])
    goods = service.load(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=5)).goods
    assert goods["name"].to_dict() == {"S02": "去年的杯子", "S01": "货1"}
    assert goods["landed_price"].isna().to_dict() == {"S02": True, "S01": False}


def test_people_of_an_evening_and_a_day_count_once(database: Database, admin: Actor) -> None:
    """A sale from 20:00 to the next midnight: who looks or pays on both sides of midnight is one person."""
    opens = OPENS - timedelta(hours=4)
    db = database
    campaign_id = campaigns.add_sale(
        db, admin, NewSale("11.11", opens, OPENS + timedelta(days=1)), now=opens - timedelta(days=20)
    )
    looks = [(n, kind, n * 10) for n in range(40) for kind in ("view", "pay")]  # over six hours and a half
    again = [(100 + n, kind, 400 + n) for n in range(40) for kind in ("view", "pay")]
    early = [(200, "view", -30), (201, "view", 30)]  # the same visitor before the opening and in the sale
    events = [
        event(n, kind, minute - 240, user_key=f"u{n % 100}", order_id=f"o{n}", amount_fen=100)
        for n, kind, minute in looks + again + early
    ]
    batches.take(db, admin, "shop", events[::-1], opens, campaign_id=campaign_id)
    until = {
        minute: {
            kind: {n % 100 for n, k, at in looks + again + early if k == kind and 0 <= at < minute}
            for kind in ("view", "pay")
        }
        for minute in (120, 300, 450)
    }
    for minute, people in until.items():
        seen = service.load(db, admin, campaign_id, opens + timedelta(minutes=minute))
        assert (seen.visitors, seen.buyers) == (len(people["view"]), len(people["pay"]))
    assert not any(service.recount_books(db, admin, campaign_id, opens).values())
