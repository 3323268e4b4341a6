"""A run at other levels of its sale."""

from __future__ import annotations

from core.access import Actor
from core.replenishment import outlook, service
from core.replenishment.quantity import scenarios
from tests.replenishment.conftest import Shop


def test_orders_leftovers_and_a_second_order_by_level(shop: Shop, admin: Actor, lead: Actor) -> None:
    run = service.replenish(shop.db, admin, shop.campaign_id, {}, now=shop.now)
    level = run.basis["level"]
    assert level["low"] < 1 < level["high"]
    assert level["total_low"] < level["total"] < level["total_high"]
    usual, weak, strong = (outlook.outlook(shop.db, admin, run.run_id, factor) for factor in (1.0, 0.5, 2.0))
    low, middle, high = usual.orders
    assert low.units < middle.units < high.units
    assert weak.outcome.leftover > usual.outcome.leftover > strong.outcome.leftover
    assert weak.outcome.lost < usual.outcome.lost < strong.outcome.lost
    assert usual.wave.gain >= 0
    assert usual.wave.lines > 0
    assert usual.wave.until is not None
    unseeing = outlook.outlook(shop.db, lead, run.run_id)
    assert (unseeing.outcome.lost_profit, unseeing.wave.gain) == (0, 0)


def test_the_pre_sale_is_in_the_demand_of_every_level_and_is_never_scaled(shop: Shop, admin: Actor) -> None:
    run = service.replenish(shop.db, admin, shop.campaign_id, {}, now=shop.now)
    lines = service.sheet(shop.db, admin, run.run_id).lines.assign(committed=30)
    at = {factor: scenarios.at_level(lines, 0.2, factor).demand for factor in (1.0, 2.0)}
    open_demand = float(lines["forecast_mean"].sum())
    assert at == {1.0: round(open_demand + 30 * len(lines)), 2.0: round(2 * open_demand + 30 * len(lines))}
