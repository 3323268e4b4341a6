"""What holds for any shop: nothing negative, commitments covered, limits kept, more never worse."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import nbinom, poisson

from core.replenishment.forecast import negative_binomial, rates, response, signals
from core.replenishment.forecast.learning import Learner
from core.replenishment.quantity import limits, quantity, reorder_point
from core.replenishment.quantity.quantity import Lines

seeds = st.integers(0, 2**32 - 1)


def random_lines(seed: int, n: int = 40) -> tuple[Lines, np.ndarray]:
    """Lines of a small shop and their unit cost."""
    r = np.random.default_rng(seed)
    mu = np.exp(r.uniform(-2, 5, n))
    gain, loss = r.uniform(-50, 500, n), r.uniform(0, 400, n)
    committed, have = r.poisson(mu * 0.3), r.poisson(mu * 0.5)
    lines = Lines(
        mu,
        r.uniform(0, 1.5, n),
        gain,
        quantity.capped_overage(gain, loss, r.choice([0.5, 0.6, 0.7], n)),
        np.maximum(committed - have, 0),
        have - committed,
        r.choice([1, 6, 12], n),
        r.choice([0, 10, 30], n),
        np.full(n, 10**9),
    )
    return lines, r.integers(100, 9_000, n).astype(float)


def spend(lines: Lines, packs: np.ndarray, cost: np.ndarray) -> float:
    return float((packs * lines.pack * cost).sum())


@given(seeds)
@settings(max_examples=60, deadline=None)
def test_best_packs_is_the_best_of_all_allowed(seed: int) -> None:
    """Brute force over every allowed number of packs finds nothing better; orders keep to commitments and
    minimum."""
    lines, _ = random_lines(seed, 25)
    packs = quantity.best_packs(lines)
    units = packs * lines.pack
    assert (units >= lines.must).all()
    assert ((units == 0) | (units >= lines.moq)).all()
    profit = lines.profit(packs)
    for trial in range(int(packs.max()) + 8):
        allowed = (trial >= lines.base) & ((trial == 0) | (trial >= lines.least))
        assert (lines.profit(np.full(25, trial))[allowed] <= profit[allowed] + 1e-6).all()


@given(seeds, st.floats(0.05, 0.95))
@settings(max_examples=60, deadline=None)
def test_budget_is_kept_and_used_up_to_one_step(seed: int, share: float) -> None:
    lines, cost = random_lines(seed)
    free = quantity.best_packs(lines)
    mandatory = spend(lines, lines.base, cost)
    budget = mandatory + share * (spend(lines, free, cost) - mandatory)
    cut = limits.within(lines, cost, np.zeros(40, int), np.array([budget]))
    spent = spend(lines, cut.packs, cost)
    assert spent <= budget + 1e-6
    assert (cut.packs >= lines.base).all()
    assert (cut.packs <= free).all()
    out = cut.first_left_out[0]
    if out >= 0:
        step = lines.least[out] if cut.packs[out] == 0 and lines.least[out] > 0 else 1
        assert budget - spent < step * lines.pack[out] * cost[out]
        assert cut.marginal[0] > 0


@given(seeds, st.floats(0.0, 1.1), st.floats(0.0, 1.1))
@settings(max_examples=60, deadline=None)
def test_more_budget_is_never_less_profit(seed: int, one: float, two: float) -> None:
    lines, cost = random_lines(seed)
    whole = spend(lines, quantity.best_packs(lines), cost)
    less, more = (
        limits.within(lines, cost, np.zeros(40, int), np.array([whole * share]))
        for share in sorted((one, two))
    )
    assert lines.profit(less.packs).sum() <= lines.profit(more.packs).sum() + 1e-6


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_budget_cut_is_optimal_where_steps_are_single_units(seed: int) -> None:
    """With packs of one and equal costs the cut is the exact optimum: the best k units of all."""
    r = np.random.default_rng(seed)
    lines, _ = random_lines(seed, 12)
    lines = Lines(
        lines.mu / 4,
        lines.phi,
        lines.underage,
        lines.overage,
        np.zeros(12, int),
        np.zeros(12, int),
        np.ones(12, int),
        np.zeros(12, int),
        lines.limit,
    )
    k = int(r.integers(0, 30))
    cut = limits.within(lines, np.full(12, 7.0), np.zeros(12, int), np.array([7.0 * k]))
    gains = np.concatenate(
        [lines.profit(np.full(12, j + 1)) - lines.profit(np.full(12, j)) for j in range(80)]
    )
    best = np.sort(gains[gains > 0])[::-1][:k].sum()
    assert lines.profit(cut.packs).sum() == pytest.approx(best, rel=1e-7, abs=1e-5)


@given(seeds)
@settings(max_examples=40, deadline=None)
def test_capacity_is_kept_per_supplier(seed: int) -> None:
    lines, _ = random_lines(seed)
    r = np.random.default_rng(seed)
    supplier = r.integers(0, 4, 40)
    used = np.bincount(supplier, quantity.best_packs(lines) * lines.pack, minlength=4)
    limit = used * r.uniform(0.2, 1.3, 4)
    cut = limits.within(lines, np.ones(40), supplier, limit)
    forced = np.bincount(supplier, lines.base * lines.pack, minlength=4)
    now = np.bincount(supplier, cut.packs * lines.pack, minlength=4)
    assert (now <= np.maximum(limit, forced) + 1e-9).all()
    roomy = limit >= used
    assert (now[roomy] == used[roomy]).all()


@given(
    st.integers(0, 400), st.integers(0, 400), st.integers(-50, 400), st.integers(0, 400), st.integers(0, 50)
)
def test_need_never_below_what_commitments_lack_and_monotone(
    committed: int, q: int, available: int, transit: int, more: int
) -> None:
    need = int(quantity.need(committed, q, available, transit))
    assert need >= max(committed - available - transit, 0)
    assert int(quantity.need(committed, q + more, available, transit)) >= need
    assert int(quantity.need(committed + more, q, available, transit)) >= need
    assert int(quantity.need(committed, q, available + more, transit)) <= need


@given(st.integers(1, 500), st.integers(0, 60), st.integers(1, 48), st.integers(0, 30))
def test_rounding_is_monotone_whole_packs_and_at_least_the_minimum(
    units: int, moq: int, pack: int, more: int
) -> None:
    ordered = int(quantity.round_up(units, moq, pack))
    assert ordered >= max(units, moq)
    assert ordered % pack == 0
    assert ordered - max(units, moq) < pack
    assert int(quantity.round_up(units + more, moq, pack)) >= ordered


@given(st.floats(0.1, 300), st.floats(0, 2), st.integers(0, 500))
@settings(deadline=None)
def test_leftover_closed_form_is_the_sum(mu: float, phi: float, units: int) -> None:
    at_most = nbinom(1 / phi, 1 / (1 + phi * mu)) if phi > negative_binomial.POISSON else poisson(mu)
    left = float(at_most.cdf(np.arange(units)).sum())
    assert float(negative_binomial.leftover(units, mu, phi)) == pytest.approx(left, rel=1e-6, abs=1e-6)


def test_measured_spread_finds_the_truth_and_leans_on_the_prior_without_data() -> None:
    r = np.random.default_rng(11)
    mu = np.exp(r.uniform(3.2, 6, 4_000))
    sold = nbinom.rvs(1 / 0.3, 1 / (1 + 0.3 * mu), random_state=r)
    spread = negative_binomial.measured_spread(mu, sold)
    assert spread[3:] == pytest.approx([0.3, 0.3], rel=0.12)
    assert np.allclose(spread[:3], negative_binomial.PRIOR_PHI[:3], rtol=0.06)
    assert np.allclose(negative_binomial.measured_spread([], []), negative_binomial.PRIOR_PHI, rtol=0.06)


def test_response_without_events_is_the_chain_and_with_them_learns() -> None:
    r = np.random.default_rng(3)
    n = 3_000
    chain = np.exp(r.uniform(0, 4, n))
    features = response.Features(chain, chain / 5, np.ones(n), np.zeros(n), np.zeros(n), np.full(n, 0.5))
    learner = Learner()
    assert np.allclose(learner.expect(features).mean, chain)
    for _ in range(9):
        learner.observe(features, chain, r.poisson(1.6 * chain**0.8))
    learnt = learner.expect(features).mean
    assert np.abs(np.log(learnt / (1.6 * chain**0.8))).mean() < 0.05


def test_response_does_not_run_away_when_the_chain_is_far_off() -> None:
    """Twenty times the chain sold: whole Newton steps would overshoot to millions of units."""
    r = np.random.default_rng(4)
    n = 2_000
    chain = np.exp(r.uniform(0, 4, n))
    features = response.Features(chain, chain / 5, np.ones(n), np.zeros(n), np.zeros(n), r.uniform(0, 0.2, n))
    sold = r.poisson(20 * chain)
    learnt = response.predict(features.matrix(), response.fit(features.matrix(), sold, np.arange(n) % 40))
    assert learnt.sum() == pytest.approx(sold.sum(), rel=0.25)


def test_new_sku_is_its_group_and_an_old_one_itself() -> None:
    units, exposure = np.array([900.0, 10.0, 12.0, 9.0, 0.0]), np.array([100.0, 100.0, 100.0, 100.0, 0.0])
    mean, beta = rates.group_prior(units, exposure, np.zeros(5, int))
    rate = rates.shrunken(units, exposure, mean[0], beta[0])
    assert rate[0] == pytest.approx(9.0, rel=0.02)
    assert rate[4] == pytest.approx(units.sum() / exposure.sum())


def test_uncensored_counts_a_sell_out_as_sold_over_share() -> None:
    assert rates.uncensored([420, 420], [0.6, 1.0]).tolist() == [700.0, 420.0]


def test_deepest_stage_counts_each_buyer_once() -> None:
    stages = signals.deepest(
        {"cart": np.array([30.0]), "favourite": np.array([50.0]), "view": np.array([1000.0])}
    )
    assert {name: float(values[0]) for name, values in stages.items()} == {
        "cart": 30.0,
        "coupon": 0.0,
        "favourite": 20.0,
        "view": 950.0,
    }


def test_ordinary_reorder_orders_below_the_point_never_at_it() -> None:
    """erpnext 4791: ordered exactly at equality."""
    assert reorder_point.reorder_need([99, 100, 101], [100, 100, 100], 10, 7).tolist() == [71, 0, 0]
