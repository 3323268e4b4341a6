"""A budget against exact search: small shops, where cutting once at the first line that does not fit used to
leave a quarter to a half of it unspent; and large ones against the Lagrangian bound."""

from __future__ import annotations

import numpy as np
import pytest

from core.replenishment.quantity import exchange, limits, quantity
from core.replenishment.quantity.quantity import Lines

UNIT = 50.0  # fen: every cost is a multiple, so that money can be counted


def shop(seed: int, n: int) -> tuple[Lines, np.ndarray]:
    """A few lines in packs, without commitments, with minimum orders at some."""
    r = np.random.default_rng(seed)
    mu = np.exp(r.uniform(1, 4.5, n))
    cost = UNIT * r.integers(4, 120, n)
    gain = cost * r.uniform(0.1, 1.2, n)
    none = np.zeros(n, np.int64)
    lines = Lines(
        mu,
        r.uniform(0.05, 1.2, n),
        gain,
        quantity.capped_overage(gain, cost * 0.5, r.choice([0.5, 0.6, 0.7], n)),
        none,
        none.copy(),
        r.choice([1, 6, 12], n),
        r.choice([0, 0, 10, 30], n),
        np.full(n, 10**9),
    )
    return lines, cost


def exact(lines: Lines, cost: np.ndarray, budget: float) -> float:
    """The most that any allowed packs earn within the budget: dynamic programme over money."""
    free, states = quantity.best_packs(lines), int(budget // UNIT) + 1
    base = lines.profit(np.zeros(len(free), np.int64))
    best = np.zeros(states)
    for at in range(len(free)):
        one, before = lines.take(np.array([at])), best.copy()
        for packs in range(max(int(lines.least[at]), 1), int(free[at]) + 1):
            weight = round(packs * lines.pack[at] * cost[at] / UNIT)
            if weight >= states:
                break
            earned = float(one.profit(np.array([packs]))[0] - base[at])
            best[weight:] = np.maximum(best[weight:], before[: states - weight] + earned)
    return float(best[-1] + base.sum())


@pytest.mark.parametrize("n", [4, 12, 30])
def test_few_lines_are_exact(n: int) -> None:
    for seed in range(6):
        lines, cost = shop(seed * 31 + n, n)
        whole = float((quantity.best_packs(lines) * lines.pack * cost).sum())
        budget = UNIT * (whole * (0.15 + 0.12 * seed) // UNIT)
        cut = limits.within(lines, cost, np.zeros(n, int), np.array([budget]))
        assert float((cut.packs * lines.pack * cost).sum()) <= budget
        earned, most = float(lines.profit(cut.packs).sum()), exact(lines, cost, budget)
        assert earned == pytest.approx(most, rel=1e-6, abs=1e-3)


def test_a_budget_is_not_left_lying_where_something_still_fits() -> None:
    """One dear pack does not fit; two cheap ones do."""
    lines, _ = shop(3, 3)
    cost = np.array([9_000.0, 200.0, 300.0])
    lines = Lines(
        np.full(3, 40.0),
        np.full(3, 0.3),
        np.array([9_000.0, 100.0, 150.0]),
        np.array([4_000.0, 100.0, 150.0]),
        *(np.zeros(3, np.int64) for _ in range(2)),
        np.array([12, 6, 6]),
        np.zeros(3, np.int64),
        np.full(3, 10**9),
    )
    cut = limits.within(lines, cost, np.zeros(3, int), np.array([50_000.0]))
    assert cut.packs.tolist()[0] == 0
    assert (cut.packs[1:] > 0).all()
    assert cut.first_left_out.tolist() == [0]
    assert cut.marginal[0] > 0


def test_more_budget_may_take_a_pack_away_and_still_earns_more() -> None:
    """Where it says so: two cheap packs give way to a dear one that now fits."""
    lost = 0
    for seed in range(30):
        lines, cost = shop(seed, 5)
        whole = float((quantity.best_packs(lines) * lines.pack * cost).sum())
        cuts = [
            limits.within(lines, cost, np.zeros(5, int), np.array([whole * share])) for share in (0.3, 0.36)
        ]
        lost += int((cuts[0].packs > cuts[1].packs).any())
        earned = [float(lines.profit(cut.packs).sum()) for cut in cuts]
        assert earned[0] <= earned[1] + 1e-3
    assert lost > 0


def test_many_lines_come_within_half_a_per_cent_of_the_lagrangian_bound() -> None:
    lines, cost = shop(5, 3_000)
    whole = float((quantity.best_packs(lines) * lines.pack * cost).sum())
    budget = 0.4 * whole
    cut = limits.within(lines, cost, np.zeros(3_000, int), np.array([budget]))
    nothing = float(lines.profit(np.zeros(3_000, np.int64)).sum())
    bounds = []
    for price in np.linspace(0.5, 1.5, 41) * cut.marginal[0]:
        packs = quantity.best_packs(lines, price * cost)
        spent = float((packs * lines.pack * cost).sum())
        bounds.append(float(lines.profit(packs).sum()) + price * (budget - spent))
    assert float(lines.profit(cut.packs).sum()) - nothing >= 0.995 * (min(bounds) - nothing)


def test_what_is_ordered_hangs_on_no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A search that ends after some seconds orders less on a busy machine than on a quiet one."""
    limited = []
    solver = exchange.milp

    def listening(*programme: object, **named: object) -> object:
        limited.append(named["options"])
        return solver(*programme, **named)

    monkeypatch.setattr(exchange, "milp", listening)
    test_few_lines_are_exact(4)
    assert limited
    assert not any("time_limit" in options for options in limited)
