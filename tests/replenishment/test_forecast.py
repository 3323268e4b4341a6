"""The forecast from its parts: what past sales, their pre-sales and their warm-ups teach, and what a shop without any of them gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.replenishment import demand, forecast, learning, rates, signals
from core.replenishment.forecast import Coming, Signals
from core.replenishment.history import Goods, Sale, Sales

TODAY, SKUS, DAYS = 1_000, 20, 120
COMING = Coming(TODAY, Sale(TODAY + 10, TODAY + 11, TODAY - 4), np.full(SKUS, np.nan))
PAST = Sale(TODAY - 40, TODAY - 39, TODAY - 44)


def shop(times: float = 5.0) -> tuple[Sales, Goods]:
    """Twenty SKUs of two categories with 2 to 21 units a day for four months, `times` as many on the past sale's two days."""
    item, day = (part.ravel() for part in np.meshgrid(np.arange(SKUS), np.arange(TODAY - DAYS, TODAY), indexing="ij"))
    units = (2.0 + item) * np.where((day >= PAST.first) & (day <= PAST.last), times, 1.0)
    none, half = np.empty(0, np.int64), np.arange(SKUS) // 10
    return Sales(item, day, units, none, none), Goods(half, half, half, half, np.full(SKUS, TODAY - DAYS))


def warm(sales: Sales, **counts: np.ndarray) -> Signals:
    """Signals on the days of the sales."""
    return Signals(sales.item, sales.day, counts)


def test_ordinary_rate_times_the_shops_own_uplift() -> None:
    sales, goods = shop()
    found = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales))
    assert np.allclose(found.baseline, 2.0 + np.arange(SKUS), rtol=0.05)
    assert np.allclose(found.uplift, 5.0, rtol=0.08)
    assert np.allclose(found.mean, found.baseline * found.uplift * 2)
    assert (found.source == 0).all()


def test_days_with_an_empty_shelf_are_no_ordinary_days() -> None:
    sales, goods = shop()
    empty = np.arange(TODAY - 20, TODAY)
    gone = replace(
        sales,
        units=np.where((sales.item == 9) & np.isin(sales.day, empty), 0.0, sales.units),
        empty_item=np.full(len(empty), 9),
        empty_day=empty,
    )
    assert forecast.forecast(gone, goods, (PAST,), COMING, warm(sales)).baseline[9] == pytest.approx(11.0, rel=0.05)


def test_a_past_pre_sale_is_no_forecast_of_the_next_sale() -> None:
    """Units that deposits had promised are commitments, in the past sale as in the coming one: never added again."""
    sales, goods = shop()
    day_before = sales.day == PAST.first - 1
    promised = np.where(day_before, 2 * 3.0 * (2.0 + sales.item), 0.0)  # three of five units of the two sale days
    plain = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales))
    netted = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales, deposit=promised))
    assert np.allclose(plain.uplift, 5.0, rtol=0.08)
    assert np.allclose(netted.uplift, 2.0, rtol=0.12)


def test_warm_ups_are_compared_over_the_same_days_before_their_openings() -> None:
    """The past sale names a warm-up of one day, the coming one of a fortnight: the same carts a day must not look fourteen times the heat."""
    sales, goods = shop()
    carts = 10.0 * (2.0 + sales.item)
    short = replace(PAST, warm=PAST.first - 1)
    found = forecast.forecast(sales, goods, (short,), COMING, warm(sales, cart=carts))
    assert np.allclose(found.signal, found.history, rtol=0.25)
    assert (found.phi < forecast.forecast(sales, goods, (short,), COMING, warm(sales)).phi).all()
    hot = warm(sales, cart=np.where(sales.day >= COMING.sale.warm, 3 * carts, carts))
    assert (forecast.forecast(sales, goods, (short,), COMING, hot).mean > 1.1 * found.mean).all()


def test_carts_of_a_sale_day_are_bought_there() -> None:
    """A past sale inside the coming one's warm-up says nothing about its heat."""
    sales, goods = shop()
    inside = Sale(TODAY - 3, TODAY - 3, TODAY - 4)
    carts = np.where(sales.day == inside.first, 500.0, 10.0) * (2.0 + sales.item)
    quiet = np.full(len(sales.day), 10.0) * (2.0 + sales.item)
    told, plain = (
        forecast.forecast(sales, goods, (PAST, inside), COMING, warm(sales, cart=counts)).mean for counts in (carts, quiet)
    )
    assert np.allclose(told, plain)


def test_a_shop_without_a_past_sale_gets_the_shipped_priors() -> None:
    sales, goods = shop(times=1.0)
    found = forecast.forecast(sales, goods, (), COMING, warm(sales))
    assert (found.past_sales, found.learnt) == (0, 0)
    assert np.allclose(found.uplift, rates.PRIOR_UPLIFT)
    assert np.allclose(found.phi, demand.PRIOR_PHI, rtol=0.06)


def test_a_new_sku_sells_like_its_category_and_price_band_and_less_surely() -> None:
    sales, goods = shop()
    known = replace(goods, first_day=np.where(np.arange(SKUS) == 19, 0, goods.first_day))
    rows = sales.item != 19
    fewer = Sales(sales.item[rows], sales.day[rows], sales.units[rows], sales.empty_item, sales.empty_day)
    found = forecast.forecast(fewer, known, (PAST,), COMING, warm(fewer))
    assert forecast.SOURCES[found.source[19]] == "analogues"
    assert found.baseline[19] == pytest.approx((2.0 + np.arange(10, 19)).mean(), rel=0.1)
    assert found.phi[19] >= forecast.NEW_SKU_PHI


def test_a_sku_with_nothing_but_a_plan_takes_the_plan() -> None:
    none = np.empty(0, np.int64)
    alone = np.zeros(1, np.int64)
    goods = Goods(alone, alone, alone, alone, np.zeros(1, np.int64))
    coming = Coming(TODAY, COMING.sale, np.array([80.0]))
    found = forecast.forecast(Sales(none, none, np.empty(0), none, none), goods, (), coming, Signals(none, none, {}))
    assert (found.mean[0], forecast.SOURCES[found.source[0]]) == (80.0, "plan")


def test_a_small_shop_keeps_to_the_chain_until_it_has_events_enough() -> None:
    """Twenty SKUs: forty events are luck, and the first sale, forecast from the shipped uplift, teaches no response; four sales do."""
    sales, goods = shop()
    sold = tuple(Sale(first, first + 1, first - 4) for first in (TODAY - 100, TODAY - 80, TODAY - 60))
    for past in ((PAST,), (*sold[1:], PAST)):
        found = forecast.forecast(sales, goods, past, COMING, warm(sales))
        assert SKUS * (len(past) - 1) < learning.FEWEST_EVENTS
        assert np.allclose(found.history, found.baseline * found.uplift * 2)
    found = forecast.forecast(sales, goods, (*sold, PAST), COMING, warm(sales))
    assert SKUS * 3 >= learning.FEWEST_EVENTS
    assert not np.allclose(found.history, found.baseline * found.uplift * 2)


def test_a_first_sale_beyond_the_shipped_uplift_is_not_corrected_twice() -> None:
    """Three hundred SKUs sold ten times the ordinary rate in their first sale: the next forecast is ten times, not twenty-five."""
    sales, goods = shop(times=10.0)
    wide = Sales(
        np.concatenate([sales.item + SKUS * copy for copy in range(15)]), np.tile(sales.day, 15), np.tile(sales.units, 15),
        sales.empty_item, sales.empty_day,
    )  # fmt: skip
    many = Goods(*(np.tile(part, 15) for part in (goods.group, goods.band, goods.category, goods.category_band, goods.first_day)))
    coming = replace(COMING, planned=np.full(15 * SKUS, np.nan))
    found = forecast.forecast(wide, many, (PAST,), coming, warm(wide))
    assert found.learnt > learning.FEWEST_EVENTS
    assert np.allclose(found.history, 20.0 * found.baseline, rtol=0.15)


def test_a_deposit_is_deeper_than_a_cart() -> None:
    """Who has paid a deposit is in the cart's count too, and is a commitment: taken off."""
    stages = signals.deepest({"deposit": np.array([10.0]), "cart": np.array([30.0]), "view": np.array([100.0])})
    assert (stages["cart"][0], stages["view"][0]) == (20.0, 70.0)
