"""The forecast from its parts: what past sales, their pre-sales and their warm-ups teach, and what a shop
without any of them gets."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.campaign.sale_kinds import SaleKind
from core.replenishment.forecast import forecast, level, negative_binomial, signals
from core.replenishment.forecast.forecast import Coming, Signals
from core.replenishment.forecast.history import Goods, Sale, Sales

TODAY, SKUS, DAYS = 1_000, 20, 120
COMING = Coming(TODAY, Sale(TODAY + 10, TODAY + 11, TODAY - 4), np.full(SKUS, np.nan))
PAST = Sale(TODAY - 40, TODAY - 39, TODAY - 44)


def shop(times: float = 5.0) -> tuple[Sales, Goods]:
    """Twenty SKUs of two categories with 2 to 21 units a day for four months, `times` as many on the past
    sale's two days."""
    item, day = (
        part.ravel() for part in np.meshgrid(np.arange(SKUS), np.arange(TODAY - DAYS, TODAY), indexing="ij")
    )
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
    assert np.allclose(found.uplift, found.uplift.mean(), rtol=0.03)
    assert 3.4 < found.uplift.mean() < 4.4, "between the shipped level and the one sale's five"
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
    assert forecast.forecast(gone, goods, (PAST,), COMING, warm(sales)).baseline[9] == pytest.approx(
        11.0, rel=0.05
    )


def test_a_past_pre_sale_is_no_forecast_of_the_next_sale() -> None:
    """Units that deposits had promised are commitments, in the past sale as in the coming one: never added
    again."""
    sales, goods = shop()
    day_before = sales.day == PAST.first - 1
    promised = np.where(
        day_before, 2 * 3.0 * (2.0 + sales.item), 0.0
    )  # three of five units of the two sale days
    plain = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales))
    netted = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales, deposit=promised))
    assert 3.4 < plain.uplift.mean() < 4.4
    assert 2.0 <= netted.uplift.mean() < 2.5


def test_warm_ups_are_compared_over_the_same_days_before_their_openings() -> None:
    """The past sale names a warm-up of one day, the coming one of a fortnight: the same carts a day must not
    look fourteen times the heat."""
    sales, goods = shop()
    carts = 10.0 * (2.0 + sales.item)
    short = replace(PAST, warm=PAST.first - 1)
    found = forecast.forecast(sales, goods, (short,), COMING, warm(sales, cart=carts))
    assert 0.9 < float(np.median(found.signal / found.history)) < 1.5
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
        forecast.forecast(sales, goods, (PAST, inside), COMING, warm(sales, cart=counts)).mean
        for counts in (carts, quiet)
    )
    assert np.allclose(told, plain)


def test_a_shop_without_a_past_sale_gets_the_shipped_priors() -> None:
    sales, goods = shop(times=1.0)
    found = forecast.forecast(sales, goods, (), COMING, warm(sales))
    prior = level.DayShape().mean_uplift(level.PRIOR_UPLIFT[SaleKind.FESTIVAL], 2)
    assert found.past_sales == 0
    assert np.allclose(found.uplift, prior)
    assert found.level.log_sd == pytest.approx(np.hypot(level.SHOP_SD, level.SALE_SD))
    within = (1 + found.phi) / np.exp(found.level.log_sd**2) - 1
    bucket = negative_binomial.size_bucket(found.mean)
    assert np.allclose(within, negative_binomial.PRIOR_PHI[bucket], rtol=0.06)


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
    found = forecast.forecast(
        Sales(none, none, np.empty(0), none, none), goods, (), coming, Signals(none, none, {})
    )
    assert (found.mean[0], forecast.SOURCES[found.source[0]]) == (80.0, "plan")


def test_a_sale_is_one_observation_however_many_skus_it_sold() -> None:
    """Twenty SKUs or three hundred: the level and its spread after one sale are the same."""
    sales, goods = shop(times=10.0)
    few = forecast.forecast(sales, goods, (PAST,), COMING, warm(sales))
    wide = Sales(
        np.concatenate([sales.item + SKUS * copy for copy in range(15)]),
        np.tile(sales.day, 15),
        np.tile(sales.units, 15),
        sales.empty_item,
        sales.empty_day,
    )
    parts = (goods.group, goods.band, goods.category, goods.category_band, goods.first_day)
    many = Goods(*(np.tile(part, 15) for part in parts))
    coming = replace(COMING, planned=np.full(15 * SKUS, np.nan))
    found = forecast.forecast(wide, many, (PAST,), coming, warm(wide))
    assert found.level.uplift == pytest.approx(few.level.uplift, rel=0.01)
    assert found.level.log_sd == pytest.approx(few.level.log_sd, rel=0.01)
    assert 4.0 < found.level.uplift < 9.0, "one sale at ten times does not make the next one ten times"


def test_the_learnt_response_moves_units_between_skus_and_not_the_level() -> None:
    sales, goods = shop()
    firsts = (TODAY - 100, TODAY - 80, TODAY - 60)
    past = (*(Sale(first, first + 1, first - 4) for first in firsts), PAST)
    found = forecast.forecast(sales, goods, past, COMING, warm(sales))
    chain = found.baseline * found.uplift * 2
    assert found.history.sum() == pytest.approx(chain.sum())
    assert not np.allclose(found.history, chain)


def test_more_sales_narrow_the_level_and_sales_apart_widen_it() -> None:
    def result(times: float) -> level.SaleResult:
        return level.SaleResult(SaleKind.FESTIVAL, 1_000.0, 1_000.0 * times, np.array([1_000.0 * times]))

    none, one, alike, apart = (
        level.expected([result(times) for times in past], SaleKind.FESTIVAL, 1)
        for past in ((), (4.0,), (4.0,) * 5, (1.9, 6.2, 2.5, 5.0, 3.0))
    )
    assert none.log_sd > one.log_sd > alike.log_sd
    assert apart.log_sd > 1.3 * alike.log_sd
    assert none.at(0.1) < 0.52
    assert one.uplift < 4.0 < level.expected([result(12.0)] * 3, SaleKind.FESTIVAL, 1).uplift < 12.0


def test_kinds_of_sales_start_from_their_own_level() -> None:
    festival, promotion = (
        level.expected([], kind, 1).uplift for kind in (SaleKind.FESTIVAL, SaleKind.PROMOTION)
    )
    assert promotion < festival
    strong = level.SaleResult(SaleKind.FESTIVAL, 1_000.0, 6_000.0, np.array([6_000.0]))
    same, other = (level.expected([strong], kind, 1) for kind in (SaleKind.FESTIVAL, SaleKind.PROMOTION))
    assert promotion < other.uplift < same.uplift
    assert other.log_sd > same.log_sd


def test_three_days_are_not_three_opening_days() -> None:
    one, three = (level.expected([], SaleKind.FESTIVAL, days).uplift for days in (1, 3))
    assert 1.0 < three < 0.75 * one
    flat = level.SaleResult(SaleKind.FESTIVAL, 3_000.0, 10_500.0, np.full(3, 3_500.0))
    assert level.shape([flat] * 6).middle > 0.8, "a shop whose days hold up learns that"


def test_one_signal_has_a_limited_leverage_and_a_leap_is_asked_about() -> None:
    """Bots look a hundred times at one SKU: the forecast hardly moves, its band is not narrower, and the leap
    is a question with its ratio."""
    sales, goods = shop()
    views = 40.0 * (2.0 + sales.item)
    bots = np.where((sales.item == 7) & (sales.day >= COMING.sale.warm), 100 * views, views)
    for past in ((PAST,), ()):
        plain, held, counted = (
            forecast.forecast(sales, goods, past, COMING, signals_)
            for signals_ in (
                warm(sales, view=views),
                warm(sales, view=bots),
                replace(warm(sales, view=bots), count_jumps=True),
            )
        )
        jump = held.jumps[0]
        assert (jump.stage, jump.item, jump.skus, len(held.jumps)) == ("view", 7, 1, 1)
        assert 20 <= jump.ratio <= 110
        assert not plain.jumps
        assert np.allclose(np.delete(held.mean, 7), np.delete(plain.mean, 7), rtol=0.05)
        assert held.mean[7] < 2.0 * plain.mean[7]
        assert counted.mean[7] < 2.5 * plain.mean[7]
        assert counted.phi[7] >= plain.phi[7]


def test_a_stage_that_this_warm_up_does_not_report_is_unknown_and_not_cold() -> None:
    sales, goods = shop()
    views, carts = 40.0 * (2.0 + sales.item), 10.0 * (2.0 + sales.item)
    gone = np.where(sales.day >= COMING.sale.warm, 0.0, carts)
    both, views_alone = (
        forecast.forecast(sales, goods, (PAST,), COMING, warm(sales, cart=cart, view=views))
        for cart in (carts, gone)
    )
    assert np.allclose(views_alone.mean, both.mean, rtol=0.1)


def test_a_deposit_is_deeper_than_a_cart() -> None:
    """Who has paid a deposit is in the cart's count too, and is a commitment: taken off."""
    stages = signals.deepest(
        {"deposit": np.array([10.0]), "cart": np.array([30.0]), "view": np.array([100.0])}
    )
    assert (stages["cart"][0], stages["view"][0]) == (20.0, 70.0)
