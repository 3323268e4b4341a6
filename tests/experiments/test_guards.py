"""What guards measure: refunds, margin and stock of each arm, against scipy and sums made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.experiments.evidence.persons import Supply, bought, guards
from core.experiments.statistics.verdict import GUARDS, MARGIN, REFUNDS, STOCK, Guard
from core.experiments.trial import Arm, Design

NEAR = pytest.approx
WORST = {MARGIN: 100.0, REFUNDS: 0.02, STOCK: 0.1}
START = datetime(2026, 10, 20, tzinfo=UTC)


def _design(**worst: float) -> Design:
    arms = (Arm("control", 0.5), Arm("treatment", 0.5))
    return Design("t", "events", arms, "conversion_rate", 0.1, 0.01, START, None, guards=worst)


def _people(each: int, arms: int = 2) -> pd.DataFrame:
    """So many people in each arm."""
    count = each * arms
    return pd.DataFrame({"unit": [f"p{n}" for n in range(count)], "arm": np.arange(count) % arms, "since": 0})


def _lines(people: pd.DataFrame, seed: int, refunded: tuple[float, float] = (0.1, 0.1)) -> pd.DataFrame:
    """A third of the people buys one or two units; a share of what each arm pays comes back."""
    random = np.random.default_rng(seed)
    buyers = people[random.random(len(people)) < 1 / 3]
    units = random.integers(1, 3, len(buyers))
    paid = units * 10_000
    back = np.where(random.random(len(buyers)) < np.take(refunded, buyers["arm"]), paid, 0)
    purchases = pd.DataFrame(
        {
            "unit": buyers["unit"],
            "order_id": [f"o{n}" for n in range(len(buyers))],
            "sku_code": np.where(random.random(len(buyers)) < 0.5, "A", "B"),
            "at_ms": 1_000,
            "units": np.where(back > 0, 0, units),
            "paid": paid,
            "refunded": back,
        }
    )
    return bought(people, purchases)


def _measured(
    people: pd.DataFrame, lines: pd.DataFrame, free: dict[str, int], expected: int = 0
) -> dict[str, Guard]:
    costs = pd.Series({"A": 4_000.0, "B": 7_000.0})
    (one,) = guards(_design(**WORST), people, lines, Supply(costs, free, expected))
    return {guard.metric: guard for guard in one}


def test_every_guard_is_measured_and_bears_what_its_design_says() -> None:
    people = _people(500)
    found = _measured(people, _lines(people, 1), {"A": 10_000, "B": 10_000}, 1_000)
    assert set(found) == set(GUARDS)
    assert {name: guard.worst for name, guard in found.items()} == {
        name: -worst for name, worst in WORST.items()
    }
    assert not any(guard.broken for guard in found.values())


def test_margin_is_the_difference_of_means_a_person_by_welch() -> None:
    people = _people(400)
    lines = _lines(people, 2)
    cost = lines["sku_code"].map({"A": 4_000, "B": 7_000})
    left = (lines["net"] - lines["units"] * cost).groupby(lines["unit"]).sum()
    kept = people["unit"].map(left).fillna(0.0)
    one, other = kept[people["arm"] == 1], kept[people["arm"] == 0]
    test = stats.ttest_ind(one, other, equal_var=False)
    interval = test.confidence_interval(0.95)
    guard = _measured(people, lines, {})[MARGIN]
    assert guard.value == NEAR(one.mean() - other.mean())
    assert (guard.low, guard.high) == (NEAR(interval.low, rel=1e-6), NEAR(interval.high, rel=1e-6))


def test_a_rise_of_refunds_counts_against_the_arm() -> None:
    people = _people(3_000)
    lines = _lines(people, 3, (0.05, 0.35))
    share = lines.groupby("arm")[["refunded", "paid"]].sum()
    rise = share.loc[1, "refunded"] / share.loc[1, "paid"] - share.loc[0, "refunded"] / share.loc[0, "paid"]
    guard = _measured(people, lines, {})[REFUNDS]
    assert guard.value == NEAR(-rise)
    assert guard.low < -rise < guard.high
    assert guard.broken, "the whole interval is beyond the two points that are borne"
    calm = _measured(people, _lines(people, 3, (0.35, 0.05)), {})[REFUNDS]
    assert calm.value is not None
    assert calm.value > 0
    assert not calm.broken


def test_the_interval_of_refunds_covers_the_truth_as_often_as_it_says() -> None:
    people = _people(800)
    covered = 0
    for seed in range(300):
        guard = _measured(people, _lines(people, 1_000 + seed, (0.1, 0.2)), {})[REFUNDS]
        covered += guard.low <= -0.1 <= guard.high
    assert 0.91 <= covered / 300 <= 0.985


def test_stock_is_the_share_of_units_that_nobody_covers_if_all_bought_so() -> None:
    people = pd.DataFrame({"unit": ["c", "a", "b"], "arm": [0, 1, 1], "since": 0})
    purchase = {"order_id": "o", "at_ms": 1, "paid": 100, "refunded": 0}
    lines = bought(
        people,
        pd.DataFrame(
            [
                {"unit": "a", "sku_code": "A", "units": 3, **purchase},
                {"unit": "b", "sku_code": "B", "units": 1, **purchase},
            ]
        ),
    )
    # 20 people expected, two have bought so: ten times their units are needed, 30 of A and 10 of B
    found = _measured(people, lines, {"A": 18, "B": 50}, 20)[STOCK]
    assert found.value == NEAR(-12 / 40)
    assert found.broken
    assert _measured(people, lines, {"A": 30, "B": 10}, 20)[STOCK].value == NEAR(0.0)
    assert _measured(people, lines, {"A": -5, "B": 10}, 20)[STOCK].value == NEAR(-30 / 40), (
        "oversold is nothing free"
    )
    assert _measured(people, lines, {"A": 18, "B": 50}, 0)[STOCK].value is None, (
        "no plan says how many will come"
    )


def test_what_nobody_knows_is_said_and_never_passes() -> None:
    people = _people(50)
    lines = _lines(people, 4)
    (one,) = guards(_design(**WORST), people, lines, Supply(pd.Series({"A": 4_000.0}), {}, 0))
    unknown = {guard.metric: guard for guard in one}
    assert unknown[MARGIN].value is None, "one SKU without a cost"
    nothing = _measured(people, lines.iloc[:0], {}, 10)
    assert all(guard.value is None and not guard.broken for guard in nothing.values())


def test_each_treatment_arm_has_its_own_guards() -> None:
    people = _people(600, arms=3)
    lines = _lines(people[people["arm"] < 2], 5)
    design = Design(
        "t",
        "events",
        (Arm("control", 0.4), Arm("one", 0.3), Arm("two", 0.3)),
        "conversion_rate",
        0.1,
        0.01,
        START,
        None,
        guards={MARGIN: 1.0},
    )
    first, second = guards(design, people, lines, Supply(pd.Series({"A": 4_000.0, "B": 7_000.0}), {}, 0))
    mean = (lines["net"] - lines["units"] * lines["sku_code"].map({"A": 4_000, "B": 7_000})).groupby(
        lines["arm"]
    )
    assert first[0].value == NEAR(mean.sum()[1] / 600 - mean.sum()[0] / 600)
    assert second[0].value == NEAR(-mean.sum()[0] / 600), (
        "nobody of it has bought: that is nothing, not unknown"
    )
    assert second[0].broken
