"""Every published vector of forecasts and order quantities, and a search over every quantity as an independent oracle."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import nbinom, norm, poisson

from core.replenishment.forecast import negative_binomial, rates, signals
from core.replenishment.quantity import quantity, reorder_point


@pytest.fixture(scope="module")
def vectors(shared: Path) -> dict[str, Any]:
    return json.loads((shared / "vectors.json").read_text(encoding="utf-8"))


def test_critical_ratio(vectors: dict[str, Any]) -> None:
    v = vectors["critical_ratio"]
    assert quantity.critical_ratio(float(v["Cu"]) * 100, float(v["Co"]) * 100) == pytest.approx(
        v["CR"], abs=5e-9
    )
    # Cu and Co themselves: contribution less cost, cost less salvage plus holding
    net, cost, salvage, holding = (
        float(v[k]) for k in ("net_price_less_variable_yuan", "cost", "salvage", "holding")
    )
    assert net - cost == pytest.approx(float(v["Cu"]))
    assert cost - salvage + holding == pytest.approx(float(v["Co"]))


def test_negative_binomial(vectors: dict[str, Any]) -> None:
    v = vectors["negative_binomial"]
    for probability, units in v["q"].items():
        assert negative_binomial.quantile(float(probability), v["mu"], v["phi"]) == units
    assert math.sqrt(v["mu"] + v["phi"] * v["mu"] ** 2) == pytest.approx(v["sd"], abs=1e-5)


def test_newsvendor_oracles(vectors: dict[str, Any]) -> None:
    normal, counted = vectors["newsvendor_oracles"]
    mean, sd = normal["normal"]
    at = norm.ppf(quantity.critical_ratio(normal["stockout"], normal["holding"]))
    assert mean + at * sd == pytest.approx(normal["level"])
    assert (normal["holding"] + normal["stockout"]) * norm.pdf(at) * sd == pytest.approx(normal["cost"])
    q = negative_binomial.quantile(
        quantity.critical_ratio(counted["stockout"], counted["holding"]), counted["poisson"], 0.0
    )
    assert q == counted["level"]
    held = counted["holding"] * negative_binomial.leftover(q, counted["poisson"], 0.0)
    missed = counted["stockout"] * negative_binomial.lost(q, counted["poisson"], 0.0)
    assert held + missed == pytest.approx(counted["cost"], abs=1e-9)


def test_order_quantity(vectors: dict[str, Any]) -> None:
    v = vectors["order_quantity"]
    assert quantity.need(v["presale"], v["q"], v["available"], v["in_transit"]) == v["need"]
    lines = one_line(
        mu=480,
        phi=0.25,
        stock=v["available"] + v["in_transit"] - v["presale"],
        must=50,
        pack=v["pack"],
        gain=6079,
        loss=3000,
    )
    packs = quantity.best_packs(lines)
    assert packs * v["pack"] in (v["floor"], v["ceiling"])
    profits = {units: lines.profit(units // v["pack"])[0] for units in (v["floor"], v["ceiling"])}
    assert int(packs[0]) * v["pack"] == max(profits, key=lambda units: profits[units])


def test_rounding(vectors: dict[str, Any]) -> None:
    for wanted, ordered in vectors["order_rounding_moq50_pack12"]:
        assert quantity.round_up(wanted, 50, 12) == ordered


def test_safety_stock(vectors: dict[str, Any]) -> None:
    v = vectors["safety_stock"]
    terms = (v["d"], v["sd"], v["lead_time"], v["sd_lead_time"], 0.95)
    assert reorder_point.safety_stock(*terms) == pytest.approx(v["safety_stock"], abs=1e-9)
    assert reorder_point.reorder_point(*terms) == pytest.approx(v["reorder_point"], abs=1e-9)


def test_baseline_and_uplift(vectors: dict[str, Any]) -> None:
    v = vectors["empirical_bayes_rate"]
    assert rates.shrunken(v["y"], v["n"], v["m"], v["beta"]) == pytest.approx(v["rate"], abs=5e-8)
    chain = vectors["uplift_chain"]
    # one SKU per category: 0 is the vector's, the others make up its department and category
    totals = [(s["D"], s["E"]) for s in chain["steps"]]
    units = [totals[2][0], totals[1][0] - totals[2][0], totals[0][0] - totals[1][0]]
    expected = [totals[2][1], totals[1][1] - totals[2][1], totals[0][1] - totals[1][1]]
    levels = (np.zeros(3, int), np.array([0, 0, 1]), np.arange(3))
    for depth, step in enumerate(chain["steps"], 1):
        strengths = [s["k"] for s in chain["steps"][:depth]]
        events = rates.Events(units, expected, np.arange(3))
        times = rates.uplift(events, levels[:depth], strengths=strengths, top=chain["global"])
        assert times[0] == pytest.approx(step["U"], abs=5e-8)


def test_combining_signals(vectors: dict[str, Any]) -> None:
    v = vectors["combine_signals"]
    median, sd, mean = signals.combine(*v["a"], *v["b"])
    assert (median, sd, mean) == tuple(pytest.approx(v[k], abs=1e-6) for k in ("median", "sd", "mean"))


def one_line(
    *, mu: float, phi: float, stock: int, must: int, pack: int, gain: float, loss: float, moq: int = 0
) -> quantity.Lines:
    return quantity.Lines(
        *(np.array([value], float) for value in (mu, phi, gain, loss)),
        *(np.array([value], np.int64) for value in (must, stock, pack, moq, 10**9)),
    )


def cheapest(held: float, missed: float, chances: np.ndarray) -> tuple[int, float]:
    """(the quantity of least expected cost, that cost), every quantity tried; `chances` of 0, 1, 2 … units."""
    units = np.arange(len(chances))
    over = np.cumsum(np.cumsum(chances)) - np.cumsum(
        chances
    )  # E(q - D)+ for each q, since it grows by P(D < q)
    costs = held * over + missed * (units @ chances - units + over)
    level = int(np.argmin(costs))
    return level, float(costs[level])


def test_a_search_over_every_quantity_agrees_on_500_cases() -> None:
    """Base-stock level and cost of the negative binomial and of the Poisson, 500 random cases."""
    random = np.random.default_rng(618)
    for case in range(500):
        mu, phi = float(np.exp(random.uniform(-0.5, 4.0))), float(random.uniform(0.02, 1.5))
        held, missed = float(random.uniform(0.5, 10)), float(random.uniform(0.5, 10))
        if case % 2:
            phi, law = 0.0, poisson(mu)
        else:
            law = nbinom(1 / phi, 1 / (1 + phi * mu))
        level, cost = cheapest(held, missed, law.pmf(np.arange(int(law.ppf(1 - 1e-13)) + 2)))
        ours = negative_binomial.quantile(quantity.critical_ratio(missed, held), mu, phi)
        assert ours == level
        assert held * negative_binomial.leftover(ours, mu, phi) + missed * negative_binomial.lost(
            ours, mu, phi
        ) == pytest.approx(cost, rel=1e-6)
