"""The statistics against statsmodels and SciPy on many drawn cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats import contingency_tables, multitest, proportion
from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

from core.experiments.statistics import design, means, proportions, segments
from core.experiments.statistics.means import Sums

near = pytest.approx


@given(n1=st.integers(60, 50_000), n2=st.integers(60, 50_000), r1=st.floats(0.1, 0.9), r2=st.floats(0.1, 0.9))
@settings(max_examples=30)
def test_two_proportions(n1: int, n2: int, r1: float, r2: float) -> None:
    x1, x2 = round(n1 * r1), round(n2 * r2)
    effect = proportions.conversion((x1, x2), (n1, n2))
    z, p = proportion.proportions_ztest([x2, x1], [n2, n1])
    assert (effect.statistic, effect.p) == (near(z, abs=1e-9), near(p, rel=1e-8, abs=1e-300))
    assert effect.method == "pooled_z"
    wald = proportion.confint_proportions_2indep(x2, n2, x1, n1, method="wald")
    assert (effect.low, effect.high) == near(wald, abs=1e-12)
    newcombe = proportion.confint_proportions_2indep(x2, n2, x1, n1, method="newcomb")
    assert proportions.newcombe((x1, x2), (n1, n2)) == near(newcombe, abs=1e-10)


def _sums(y: np.ndarray, x: np.ndarray) -> Sums:
    return Sums(len(y), y.sum(), (y**2).sum(), x.sum(), (x**2).sum(), (x * y).sum())


@given(seed=st.integers(0, 10_000), n=st.integers(5, 400), m=st.integers(5, 400))
@settings(max_examples=20)
def test_means(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    first, second = random.lognormal(3, 1, n), random.lognormal(3.1, 1.4, m)
    effect = means.welch(_sums(first, first * 0), _sums(second, second * 0))
    compared = CompareMeans(DescrStatsW(second), DescrStatsW(first))
    t, p, _ = compared.ttest_ind(usevar="unequal")
    assert (effect.statistic, effect.p) == (near(t, rel=1e-7), near(p, rel=1e-6))
    assert (effect.low, effect.high) == near(compared.tconfint_diff(usevar="unequal"), rel=1e-6, abs=1e-6)


def test_the_pre_period_is_a_regression() -> None:
    """CUPED against ordinary least squares of y on arm and pre-period, as independent work has it."""
    import statsmodels.api as sm

    random = np.random.default_rng(618)
    x = random.gamma(2, 50, 20_000)
    arm = random.integers(0, 2, 20_000)
    y = 0.8 * x + random.normal(0, 60, 20_000) + 3.0 * arm
    effect = means.cuped(_sums(y[arm == 0], x[arm == 0]), _sums(y[arm == 1], x[arm == 1]))
    fitted = sm.OLS(y, np.column_stack([np.ones_like(y), arm, x])).fit()
    assert effect.difference == near(fitted.params[1], abs=0.01)
    assert effect.error == near(fitted.bse[1], rel=0.01)
    plain = means.welch(_sums(y[arm == 0], x[arm == 0]), _sums(y[arm == 1], x[arm == 1]))
    assert effect.error < 0.8 * plain.error
    assert (effect.control + effect.treatment) / 2 == near((plain.control + plain.treatment) / 2, rel=0.02)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
@settings(max_examples=30)
def test_holm(p: list[float]) -> None:
    assert segments.holm(p) == near(list(multitest.multipletests(p, method="holm")[1]), abs=1e-12)


def test_layers_weighed_together() -> None:
    import pandas as pd

    counts = [(81, 87, 234, 270), (192, 263, 55, 80), (40, 400, 52, 380)]
    columns = ["control_buyers", "control_people", "treatment_buyers", "treatment_people"]
    whole = segments.layered(pd.DataFrame(counts, columns=columns))
    tables = [np.array([[x2, n2 - x2], [x1, n1 - x1]]) for x1, n1, x2, n2 in counts]
    odds = contingency_tables.StratifiedTable(tables)
    assert np.sign(whole.difference) == np.sign(np.log(odds.oddsratio_pooled))
    assert whole.low < whole.difference < whole.high


@pytest.mark.parametrize("ratio", [0.25, 1.0, 3.0])
def test_the_size_holds_its_power(ratio: float) -> None:
    control = design.size_of_conversion(0.10, 0.01, ratio=ratio)
    treatment = round(control * ratio)
    random = np.random.default_rng(7)
    x1, x2 = random.binomial(control, 0.10, 20_000), random.binomial(treatment, 0.11, 20_000)
    pooled = (x1 + x2) / (control + treatment)
    z = (x2 / treatment - x1 / control) / np.sqrt(pooled * (1 - pooled) * (1 / control + 1 / treatment))
    assert (np.abs(z) > stats.norm.isf(0.025)).mean() == near(0.80, abs=0.012)


def test_the_size_of_a_mean_is_the_smallest_visible_effect() -> None:
    n = design.size_of_mean(100.0, 5.0)
    assert design.visible_mean(100.0, (n, n)) == near(5.0, rel=1e-3)
    assert design.visible_mean(100.0, (1, n)) is None
    assert design.visible_conversion(0.1, (3, 3)) is None
