"""200,000 SKUs: forecast, quantities, capacities and a budget within ten seconds of one processor."""

from __future__ import annotations

import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.replenishment.forecast import forecast as f
from core.replenishment.forecast import history
from core.replenishment.quantity import decide, limits, quantity
from tests.replenishment.quantity.test_limits import shop as shop_of_lines

SKUS = 200_000
TODAY, OPENS = date(2026, 10, 20), date(2026, 11, 10)
ROWS_A_SKU = 20


def shop() -> tuple[
    history.Sales, history.Goods, tuple[history.Sale, ...], f.Coming, f.Signals, pd.DataFrame
]:
    """A made-up shop: ten months of sparse sales, two past sales of three days at four times the rate, a
    fortnight of warm-up."""
    r = np.random.default_rng(1111)
    today = TODAY.toordinal()
    rate = np.exp(r.normal(2.5, 1.2, SKUS))
    item = np.repeat(np.arange(SKUS), ROWS_A_SKU)
    past = tuple(history.Sale(today - back, today - back + 2, today - back - 10) for back in (240, 130))
    on_sale = np.array([day for sale in past for day in range(sale.first, sale.last + 1)])
    day = r.integers(today - 300, today, (SKUS, ROWS_A_SKU))
    day[:, : len(on_sale)] = on_sale
    day = day.ravel()
    times = np.where(np.isin(day, on_sale), 4.0, 1.0)
    tier, category = r.integers(0, 4, SKUS), r.integers(0, 60, SKUS)
    band = r.integers(0, 8, SKUS)
    goods = history.Goods(
        tier * 60 + category,
        (tier * 60 + category) * 8 + band,
        category,
        category * 8 + band,
        np.full(SKUS, today - 300),
    )
    sales = history.Sales(
        item,
        day,
        r.poisson(rate[item] * times).astype(float),
        np.arange(0, SKUS, 9),
        np.full(len(range(0, SKUS, 9)), today - 40),
    )
    coming = f.Coming(
        today, history.Sale(OPENS.toordinal(), OPENS.toordinal() + 1, today - 7), np.full(SKUS, np.nan)
    )
    counts = {stage: r.poisson(rate[item]).astype(float) for stage in ("cart", "favourite", "view")}
    cost = np.exp(r.normal(8, 0.8, SKUS)).astype("int64")
    terms = pd.DataFrame(
        {
            "sku_code": np.char.add("S", np.arange(SKUS).astype(str)),
            "tier": np.array(["pre_hot", "main_push", "regular", "clearance"])[tier],
            "supplier": np.char.add("V", r.integers(0, 400, SKUS).astype(str)),
            "unit_cost": pd.array(cost, "Int64"),
            "contribution": pd.array((cost * r.uniform(0.1, 1.2, SKUS)).astype("int64"), "Int64"),
            "late_in_transit": 0,
            "lead_time_days": pd.array(r.integers(3, 25, SKUS), "Int64"),
            "moq": pd.array(r.choice([0, 6, 20], SKUS), "Int64"),
            "pack_size": pd.array(r.choice([1, 6, 12], SKUS), "Int64"),
            "override": pd.array([None] * SKUS, "Int64"),
        }
    )
    return sales, goods, past, coming, f.Signals(item, day, counts), terms


@pytest.mark.bench
def test_a_budget_over_two_hundred_thousand_lines_reaches_the_lagrangian_bound() -> None:
    """At least 99.5% of what no choice of packs can pass, whatever the budget; CPU seconds printed."""
    lines, cost = shop_of_lines(7, SKUS)
    everything, one = np.zeros(SKUS, np.int64), np.zeros(SKUS, int)
    whole = float((quantity.best_packs(lines) * lines.pack * cost).sum())
    nothing = float(lines.profit(everything).sum())
    for share in (0.05, 0.4, 0.9):
        budget, started = share * whole, time.process_time()
        cut = limits.within(lines, cost, one, np.array([budget]))
        spent = time.process_time() - started
        bounds = []
        for price in np.array([0.98, 1.0, 1.02]) * cut.marginal[0]:
            packs = quantity.best_packs(lines, price * cost)
            left = budget - float((packs * lines.pack * cost).sum())
            bounds.append(float(lines.profit(packs).sum()) + price * left)
        reached = (float(lines.profit(cut.packs).sum()) - nothing) / (min(bounds) - nothing)
        print(f"\nbudget of {share:.0%}: {reached:.4%} of the Lagrangian bound in {spent:.2f} CPU s")
        assert float((cut.packs * lines.pack * cost).sum()) <= budget
        assert reached >= 0.995


@pytest.mark.bench
def test_two_hundred_thousand_skus_within_ten_seconds() -> None:
    """CPU seconds of this process, as a promise; each part printed."""
    sales, goods, past, coming, warm, terms = shop()
    started = time.process_time()
    found = f.forecast(sales, goods, past, coming, warm)
    forecast_seconds = time.process_time() - started
    r = np.random.default_rng(5)
    stock = {
        name: r.poisson(part * found.mean)
        for name, part in (("committed", 0.1), ("available", 0.3), ("in_transit", 0.1))
    }
    inputs = terms.assign(forecast_mean=found.mean, phi=found.phi, **stock)
    free, whole = decide.decide(inputs, decide.Policy(TODAY, OPENS))
    unlimited_seconds = time.process_time() - started - forecast_seconds
    half_capacity = (free.groupby("supplier")["quantity"].sum() * 0.8).astype("int64").to_dict()
    before = time.process_time()
    sheet, totals = decide.decide(
        inputs, decide.Policy(TODAY, OPENS, budget=whole.amount // 2), half_capacity
    )
    decide_seconds = time.process_time() - before
    print(
        f"\nforecast {forecast_seconds:.2f} s, no limits {unlimited_seconds:.2f} s, capacities and budget {decide_seconds:.2f} s CPU for {SKUS:,} SKUs"
    )
    assert totals.amount <= whole.amount // 2
    assert len(sheet) == SKUS
    assert forecast_seconds + decide_seconds <= 10
