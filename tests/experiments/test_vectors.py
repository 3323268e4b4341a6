"""The statistics against published and independently computed figures (tests/experiments/vectors.json)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.experiments.statistics import design, means, proportions, segments, sequential
from core.experiments.statistics.means import Sums
from core.experiments.statistics.sample_ratio import logged_alike, sample_ratio, smallest_loss

VECTORS: dict[str, Any] = json.loads((Path(__file__).parent / "vectors.json").read_text("utf-8"))
EXPERIMENTS = VECTORS["experiments"]
near = pytest.approx


@pytest.mark.parametrize("case", EXPERIMENTS["srm"], ids=lambda case: str(case["n"]))
def test_the_split_of_people(case: dict[str, Any]) -> None:
    check = sample_ratio(case["n"], case["w"])
    assert (check.statistic, check.p) == (near(case["chi2"], abs=1e-9), near(case["p"], rel=1e-9))
    assert check.broken is case["invalid_at_0.001"]
    assert not check.exact


def test_a_split_of_few_people_is_exact() -> None:
    case = EXPERIMENTS["srm_small_exact"]
    check = sample_ratio(case["n"], case["w"])
    assert check.exact
    assert check.p == near(case["binom_two_sided_p"], rel=1e-12)
    assert sample_ratio([0, 0], [1, 1]).p == 1.0


def test_the_smallest_loss_that_the_split_shows() -> None:
    assert smallest_loss(40_000, [1, 1]) == near(0.0413, abs=1e-6)
    assert smallest_loss(40_000, [9, 1]) > smallest_loss(40_000, [1, 1])
    assert smallest_loss(0, [1, 1]) == 1.0


@pytest.mark.parametrize("case", EXPERIMENTS["two_proportions"][:3], ids=lambda case: str(case["x1n1x2n2"]))
def test_conversion(case: dict[str, Any]) -> None:
    x1, n1, x2, n2 = case["x1n1x2n2"]
    effect = proportions.conversion((x1, x2), (n1, n2))
    assert effect.method == "pooled_z"
    assert effect.statistic == near(case["z"], rel=1e-10)
    assert effect.p == near(case["p"], rel=1e-10)
    assert effect.difference == near(case["difference"], abs=1e-14)
    assert [effect.low, effect.high] == near(case["ci"], rel=1e-9)
    assert [effect.lift, effect.lift_low, effect.lift_high] == near(
        [case["lift"], *case["lift_ci"]], rel=1e-9
    )
    assert list(proportions.newcombe((x1, x2), (n1, n2))) == near(case["newcombe_ci"], rel=1e-9)


def test_conversion_of_few_buyers_is_exact() -> None:
    case = EXPERIMENTS["two_proportions"][3]
    x1, n1, x2, n2 = case["x1n1x2n2"]
    effect = proportions.conversion((x1, x2), (n1, n2))
    assert effect.method == "fisher"
    assert effect.p == near(case["fisher_p"], rel=1e-10)
    assert (effect.low, effect.high) == proportions.newcombe((x1, x2), (n1, n2))
    assert effect.low < 0 < effect.high


def _sums(name: str) -> Sums:
    case = EXPERIMENTS["revenue_from_sums"][name]
    return Sums(case["n"], *(float(case[f"sum_{key}"]) for key in ("y", "yy", "x", "xx", "xy")))


def test_money_a_visitor() -> None:
    expected = EXPERIMENTS["revenue_from_sums"]["welch"]
    effect = means.welch(_sums("control"), _sums("treatment"))
    assert effect.statistic == near(expected["t"], rel=1e-10)
    assert effect.p == near(expected["p"], rel=1e-9)
    assert effect.error == near(expected["se"], rel=1e-10)
    assert effect.difference == near(expected["difference"], rel=1e-12)


def test_money_an_order() -> None:
    expected = EXPERIMENTS["revenue_from_sums"]["aov_delta_method"]
    effect = means.ratio(_sums("control"), _sums("treatment"))
    assert (effect.control, effect.treatment) == (near(expected["control"]), near(expected["treatment"]))
    assert effect.error == near(expected["delta_se"], rel=1e-9)
    assert effect.error == near(expected["bootstrap_se"], rel=1e-3)
    assert (effect.statistic, effect.p) == (near(expected["z"], rel=1e-9), near(expected["p"], rel=1e-9))
    assert effect.p == near(expected["tea_tasting_p"], rel=1e-9)


def _arm(pre: list[float], post: list[float]) -> Sums:
    x, y = np.array(pre, "float64"), np.array(post, "float64")
    return Sums(len(x), y.sum(), (y**2).sum(), x.sum(), (x**2).sum(), (x * y).sum())


def test_the_pre_period_taken_out() -> None:
    case = EXPERIMENTS["cuped_small"]
    pre, post, half = case["pre"], case["post"], 4
    control, treatment = _arm(pre[:half], post[:half]), _arm(pre[half:], post[half:])
    assert means.theta(control, treatment) == near(1219 / 1103, rel=1e-12)
    effect = means.cuped(control, treatment)
    assert effect.difference == near(3599 / 2206, rel=1e-12)
    assert means.welch(control, treatment).difference == near(case["raw_difference"])
    assert effect.method == "cuped"


@pytest.mark.parametrize(
    ("times", "name"),
    [
        (np.arange(1, 6) / 5, "5 looks"),
        (np.arange(1, 15) / 14, "14 looks"),
        ([0.1, 0.35, 0.9, 1.0], "unequal [0.1,0.35,0.9,1.0]"),
    ],
    ids=["5", "14", "unequal"],
)
def test_bounds_of_repeated_looks(times: list[float], name: str) -> None:
    expected = VECTORS["group_sequential"]["lan_demets_obrien_fleming_alpha.05"]
    assert sequential.bounds(times) == near(expected[name], abs=2e-6)
    if name == "5 looks":
        assert [round(z, 3) for z in sequential.bounds(times)] == expected["published (5 looks)"]


@pytest.mark.parametrize("times", [[], [0.0, 1.0], [0.5, 0.5], [0.6, 0.4], [0.5, 1.2]])
def test_bounds_need_rising_times(times: list[float]) -> None:
    with pytest.raises(ValueError, match="rise"):
        sequential.bounds(times)


@pytest.mark.parametrize("case", EXPERIMENTS["always_valid"]["looks"], ids=lambda case: str(case["n1x1n2x2"]))
def test_the_confidence_sequence(case: dict[str, Any]) -> None:
    n1, x1, n2, x2 = case["n1x1n2x2"]
    effect = proportions.conversion((x1, x2), (n1, n2))
    half = sequential.sequence_half_width(effect.error, n1 + n2, 10_000)
    assert half == near(case["acs_half_width"], rel=1e-9)
    assert effect.high - effect.difference == near(case["wald_half_width"], rel=1e-9)
    p = sequential.sequence_p(effect.difference, effect.error, n1 + n2, 10_000)
    assert p == near(case["acs_p_nstar10000"], rel=1e-9)


def test_the_sequence_is_tightest_where_planned() -> None:
    assert sequential.rho(10_000) == near(EXPERIMENTS["always_valid"]["rho_alpha.05_nstar10000"], rel=1e-9)


@pytest.mark.parametrize("case", EXPERIMENTS["sample_size"], ids=lambda case: str(case["per_arm"]))
def test_the_size(case: dict[str, Any]) -> None:
    effect = case["base"] * case["relative_mde"]
    assert design.size_of_conversion(case["base"], effect) == case["per_arm"]
    back = design.visible_conversion(case["base"], (case["per_arm"], case["per_arm"]))
    assert back == near(effect, rel=1e-4)


def test_layers_that_contradict_the_whole() -> None:
    case = EXPERIMENTS["simpson"]
    columns = ["control_buyers", "control_people", "treatment_buyers", "treatment_people"]
    rows = pd.DataFrame([case[layer]["A"] + case[layer]["B"] for layer in ("mobile", "pc")], columns=columns)
    whole = segments.layered(rows)
    assert whole.difference == near(case["stratified_difference_MH"], rel=1e-10)
    assert whole.pooled > 0 > whole.difference
    assert whole.reversed
    for _, row in rows.iterrows():
        assert sample_ratio([row["control_people"], row["treatment_people"]], [1, 1]).broken


def test_lost_logging_that_the_split_does_not_show() -> None:
    """A tenth of B's buyers lost: the split of 40,000 people looks sound, the buyers that orders show do not."""
    assert not sample_ratio([20_000, 19_800], [1, 1]).broken
    assert logged_alike("buyers_to_orders", [2000, 1800], [2000, 2000]).broken
    assert not logged_alike("buyers_to_orders", [1990, 1985], [2000, 2000]).broken
    assert logged_alike("buyers_to_orders", [2001, 1900], [2000, 2000]).p == 0.0
