"""200,000 SKUs: forecast, quantities, capacities and a budget within ten seconds of one processor."""

from __future__ import annotations

import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.replenishment import forecast as f
from core.replenishment import history, rules

SKUS = 200_000
TODAY, OPENS = date(2026, 10, 20), date(2026, 11, 10)
ROWS_A_SKU = 20


def shop() -> tuple[history.Sales, history.Goods, tuple[history.Sale, ...], f.Coming, f.Signals, pd.DataFrame]:
    """A made-up shop: ten months of sparse sales, two past sales of three days at four times the rate, a fortnight of warm-up."""
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
        tier * 60 + category, (tier * 60 + category) * 8 + band, category, category * 8 + band, np.full(SKUS, today - 300)
    )
    sales = history.Sales(
        item, day, r.poisson(rate[item] * times).astype(float), np.arange(0, SKUS, 9), np.full(len(range(0, SKUS, 9)), today - 40)
    )
    coming = f.Coming(today, history.Sale(OPENS.toordinal(), OPENS.toordinal() + 1, today - 7), np.full(SKUS, np.nan))
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
def test_two_hundred_thousand_skus_within_ten_seconds() -> None:
    """CPU seconds of this process, as a promise; each part printed."""
    sales, goods, past, coming, warm, terms = shop()
    started = time.process_time()
    found = f.forecast(sales, goods, past, coming, warm)
    forecast_seconds = time.process_time() - started
    r = np.random.default_rng(5)
    stock = {name: r.poisson(part * found.mean) for name, part in (("committed", 0.1), ("available", 0.3), ("in_transit", 0.1))}
    inputs = terms.assign(forecast_mean=found.mean, phi=found.phi, **stock)
    free, whole = rules.decide(inputs, rules.Policy(TODAY, OPENS))
    unlimited_seconds = time.process_time() - started - forecast_seconds
    half_capacity = (free.groupby("supplier")["quantity"].sum() * 0.8).astype("int64").to_dict()
    before = time.process_time()
    sheet, totals = rules.decide(inputs, rules.Policy(TODAY, OPENS, budget=whole.amount // 2), half_capacity)
    decide_seconds = time.process_time() - before
    print(
        f"\nforecast {forecast_seconds:.2f} s, no limits {unlimited_seconds:.2f} s, capacities and budget {decide_seconds:.2f} s CPU for {SKUS:,} SKUs"
    )
    assert totals.amount <= whole.amount // 2
    assert len(sheet) == SKUS
    assert forecast_seconds + decide_seconds <= 10
