"""The watch over a real night: what fires is written, told once an hour, acknowledged, resolved, and marked
in a drill."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import select

from core.access import Actor
from core.database import read
from core.errors import ShopError
from core.live.alerts import monitor
from core.live.tables import alert
from core.notify import tables as notify
from tests.live.conftest import OPENS, Shop, event, hour


def judge(shop: Shop, first: int, last: int) -> None:
    for minute in range(first, last + 1):
        at = OPENS + timedelta(minutes=minute)
        assert monitor.tick(shop.db, shop.campaign_id, at, at)


def alerts(shop: Shop, admin: Actor, minute: int) -> pd.DataFrame:
    return monitor.standing_alerts(shop.db, admin, shop.campaign_id, OPENS + timedelta(minutes=minute))


def test_silence_fires_is_acknowledged_and_resolves(
    shop: Shop, admin: Actor, lead: Actor, viewer: Actor
) -> None:
    shop.send(hour(orders=30, minutes=10))
    judge(shop, 11, 25)
    found = alerts(shop, admin, 25)
    silence = found[found["kind"] == "silence"].iloc[0]
    assert silence["state"] == "firing"
    assert silence["fired_at"] == OPENS + timedelta(minutes=9 + 5)
    with pytest.raises(ShopError, match="access.denied"):
        monitor.acknowledge(shop.db, viewer, silence["alert_id"], OPENS)
    at = OPENS + timedelta(minutes=25)
    monitor.acknowledge(shop.db, lead, silence["alert_id"], at, at)
    with pytest.raises(ShopError, match="live.no_alert"):
        monitor.acknowledge(shop.db, lead, silence["alert_id"], at, at)
    assert set(alerts(shop, admin, 25).query("kind == 'silence'")["state"]) == {"acknowledged"}
    assert set(alerts(shop, admin, 22).query("kind == 'silence'")["state"]) == {"firing"}  # as it stood then
    shop.send([event(9_999, "view", 26)])
    judge(shop, 26, 27)
    assert set(alerts(shop, admin, 27).query("kind == 'silence'")["state"]) == {"resolved"}


def test_a_minute_is_judged_once(small_shop: Shop) -> None:
    at = OPENS + timedelta(minutes=3)
    assert monitor.tick(small_shop.db, small_shop.campaign_id, at, at)
    assert not monitor.tick(small_shop.db, small_shop.campaign_id, at, at)
    assert not monitor.tick(small_shop.db, small_shop.campaign_id, at - timedelta(minutes=1), at)


def test_a_price_far_below_the_landed_price_rings_at_once(small_shop: Shop, admin: Actor) -> None:
    cheap = {"sku_code": "S05", "amount_fen": 990}
    small_shop.send([event(n, "pay", 1, order_id=f"x{n}", **cheap) for n in range(3)])
    judge(small_shop, 2, 2)
    row = alerts(small_shop, admin, 2).query("kind == 'price'").iloc[0]
    assert (row["subject"], row["state"], row["facts"]["ratio"]) == ("S05", "firing", 0.1)


def test_goods_that_run_out_are_named(small_shop: Shop, admin: Actor) -> None:
    orders = [
        event(n, kind, 1 + n, sku_code="S01", order_id=f"o{n}", amount_fen=9_900)
        for n in range(38)
        for kind in ("order", "pay")
    ]
    small_shop.send(orders)
    judge(small_shop, 42, 50)
    row = alerts(small_shop, admin, 50).query("kind == 'stock_out'").iloc[0]
    assert (row["subject"], row["facts"]["left"]) == ("S01", 2)


def test_one_message_an_hour_about_one_metric(
    small_shop: Shop, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(
        monitor.messages, "post", lambda connection, now, said, level, key: told.append("|".join(said("zh")))
    )
    for wave, minute in enumerate((1, 20, 70)):
        code = {"sku_code": f"S{wave + 10}", "amount_fen": 990}
        small_shop.send(
            [event(wave * 10 + n, "pay", minute, order_id=f"w{wave}-{n}", **code) for n in range(3)]
        )
        judge(small_shop, minute + 1, minute + 1)
    price = [each for each in told if "成交价异常" in each]
    assert len(price) == 2
    assert "S10" in price[0]
    assert "S12" in price[1]
    assert len(alerts(small_shop, admin, 80).query("kind == 'price'")) == 3  # all of them stand on the page


def test_a_rule_can_be_set_and_switched_off(small_shop: Shop, lead: Actor, admin: Actor) -> None:
    monitor.set_rule(
        small_shop.db, lead, small_shop.campaign_id, monitor.RuleSetting("silence", {"minutes": 30}), OPENS
    )
    monitor.set_rule(
        small_shop.db, lead, small_shop.campaign_id, monitor.RuleSetting("price", {}, enabled=False), OPENS
    )
    small_shop.send([event(1, "view", 0)])
    judge(small_shop, 8, 25)
    assert alerts(small_shop, admin, 25).empty
    rules = monitor.current_rules(small_shop.db, lead, small_shop.campaign_id)
    assert rules["price"] is None
    silence: Any = rules["silence"]
    assert silence.limits["minutes"] == 30
    for kind, limits, code in (
        ("noise", {}, "live.unknown_rule"),
        ("silence", {"volume": 1}, "live.unknown_limit"),
    ):
        with pytest.raises(ShopError, match=code):
            monitor.set_rule(
                small_shop.db, lead, small_shop.campaign_id, monitor.RuleSetting(kind, limits), OPENS
            )


def test_the_round_judges_running_sales_only(shop: Shop) -> None:
    assert monitor.round_of(shop.db, OPENS - timedelta(hours=1)) == 0
    assert monitor.round_of(shop.db, OPENS + timedelta(minutes=5)) == 1
    assert monitor.round_of(shop.db, OPENS + timedelta(minutes=5, seconds=9)) == 0
    assert monitor.round_of(shop.db, OPENS + timedelta(days=2)) == 0
    with shop.db.reading() as connection:
        assert len(read(connection, select(alert))) <= 1
        assert notify.message is not None


def test_what_exceeds_orders_and_payments_rings_until_it_fits(small_shop: Shop, admin: Actor) -> None:
    line = {"order_id": "o", "amount_fen": 9_900}
    small_shop.send(
        [
            event(1, "order", 1, **line),
            event(1, "pay", 1, **line),
            event(1, "refund", 2, **line),
            event(2, "refund", 3, **line),
            event(3, "refund", 3, **line | {"amount_fen": 990_000}),
        ]
    )
    judge(small_shop, 4, 5)
    row = alerts(small_shop, admin, 5).query("kind == 'excess'").iloc[0]
    assert row["state"] == "firing"
    assert row["facts"] == {"events": 2, "amount": 999_900, "source": "shop"}
    picture = monitor.service.draw(small_shop.db, small_shop.campaign_id, OPENS + timedelta(minutes=5))
    assert (picture.paid, picture.refunded, picture.net, picture.waiting) == (9_900, 9_900, 0, 2)
    monitor.set_rule(
        small_shop.db, admin, small_shop.campaign_id, monitor.RuleSetting("excess", {"events": 2}), OPENS
    )
    small_shop.send([event(2, "order", 6, **line), event(2, "pay", 6, **line)])  # the order that was missing
    judge(small_shop, 7, 7)
    assert set(alerts(small_shop, admin, 7).query("kind == 'excess'")["state"]) == {"resolved"}
