"""The choices behind the forecast that were once in doubt, decided on weeks up to 25 of the public panel
alone; printed by `make bench`."""

from __future__ import annotations

import numpy as np
import pytest

from core.replenishment.forecast import learning, negative_binomial, response
from core.replenishment.quantity import quantity
from tests.bench import backtest

FIRST, LAST = 12, 25
SMALL_SHOPS = ((60, 40), (200, 20), (2_000, 4))  # products drawn from the panel, and how often


@pytest.fixture(scope="module")
def panel() -> backtest.Panel:
    return backtest.load(LAST)


def score(panel: backtest.Panel, orders: dict[int, dict[float, np.ndarray]]) -> tuple[float, float]:
    """Mean score, and per cent of units left over at .5."""
    result = backtest.outcome(panel, orders)
    return float(backtest.scores(result)["mean"]), backtest.waste(result)[0]


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_a_hurdle_takes_a_tenth_off_the_leftovers_for_a_fifth_of_a_point(panel: backtest.Panel) -> None:
    """The hurdle is the smallest whole per cent that takes a tenth off the leftovers at .5 and costs no more
    than a fifth of a point."""
    tried = {
        hurdle: score(panel, backtest.own_orders(panel, FIRST, LAST, hurdle=hurdle))
        for hurdle in (0.0, 0.03, 0.04, 0.05)
    }
    print(
        "\nhurdle, score, left % at .5, weeks 12-25: "
        + ", ".join(f"{h:.0%} {s:.2f} {w:.1f}" for h, (s, w) in tried.items())
    )
    (bare, left), chosen = tried[0.0], tried[quantity.HURDLE]
    assert chosen[0] >= bare - 0.2
    assert chosen[1] <= 0.9 * left < tried[0.03][1]


@pytest.mark.bench
def test_the_rules_of_thumb_are_quoted_at_their_better_rounding(panel: backtest.Panel) -> None:
    """To the nearest unit, not up: both rules earn more so."""
    for rule in (backtest.excel, backtest.normal_newsvendor):
        nearest, up = (
            score(panel, {week: rule(panel, week, whole=whole) for week in range(FIRST, LAST + 1)})[0]
            for whole in (np.round, np.ceil)
        )
        print(f"\n{rule.__name__}: to the nearest unit {nearest:.1f}, up {up:.1f}")
        assert nearest > up


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_an_own_response_shrunk_by_sales_pays(panel: backtest.Panel) -> None:
    """Shops of few products drawn from the panel, with one to eight past weeks: profit at .5 of the chain and
    of the learnt response, by the number of past weeks (the sales that it was learnt from)."""
    history: dict[int, np.ndarray] = {}
    facts = {week: backtest.known(panel, week, history) for week in range(5, LAST + 1)}
    random, sums = (
        np.random.default_rng(1),
        np.zeros((3, 3)),
    )  # one / two or four / eight past weeks x profit of chain, of response, of knowing all
    pool = np.unique(np.concatenate([facts[week].chosen for week in range(8, LAST + 1)]))
    for products, draws in SMALL_SHOPS:
        for _ in range(draws):
            inside = np.isin(np.arange(len(panel.units)), random.choice(pool, products, replace=False))
            for weeks in (1, 2, 4, 8):
                for first in range(8, LAST - weeks - 1):
                    past = range(first, first + weeks)
                    profits = _compared(panel, facts, inside, past, first + weeks - 1 + backtest.LEAD)
                    sums[np.searchsorted((1.5, 5.0), weeks)] += profits
    percent = 100 * sums[:, :2] / sums[:, 2:]
    print(
        "\npast weeks, chain, learnt: "
        + ", ".join(
            f"{name} {c:.1f} {o:.1f}"
            for name, (c, o) in zip(("1 week", "2-4 weeks", "8 weeks"), percent, strict=True)
        )
    )
    assert (percent[:, 1] > percent[:, 0] - 1).all()
    assert percent[2, 1] > percent[2, 0]


def _compared(
    panel: backtest.Panel, facts: dict[int, backtest.Known], inside: np.ndarray, past: range, week: int
) -> np.ndarray:
    """Profit at .5 of the chain, of the learnt response, and of knowing the
    demand."""
    kept = {at: inside[facts[at].chosen] for at in (*past, week)}
    matrix = np.concatenate([facts[at].features.matrix()[kept[at]] for at in past])
    sold = np.concatenate([panel.units[facts[at].chosen, at][kept[at]] for at in past])
    now = facts[week].features.matrix()[kept[week]]
    asked, gain = (
        panel.units[facts[week].chosen, week][kept[week]],
        panel.price[facts[week].chosen[kept[week]]],
    )
    earned = []
    of = np.repeat(np.arange(len(past)), [int(kept[at].sum()) for at in past])
    trust = len(past) / (len(past) + learning.RESPONSE_SALES)
    own = response.START + trust * (response.fit(matrix, sold, of) - response.START)
    for coefficients in (response.START, own):
        order = negative_binomial.quantile(0.5, response.predict(now, coefficients), 0.6)
        earned.append(float((gain * (np.minimum(order, asked) - np.maximum(order - asked, 0))).sum()))
    return np.array([*earned, float((gain * asked).sum())])
