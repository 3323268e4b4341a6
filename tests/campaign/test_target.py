"""The target identity and its levers, realism and acquisition."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.campaign import target as rules
from core.campaign.target import Target
from core.errors import ShopError

VISITORS = st.integers(1, 10**8)
RATES = st.integers(1, 10**6).map(lambda n: n / 10**6)
AOVS = st.integers(1, 10**7)


def test_the_vector(shared: Path) -> None:
    for row in json.loads((shared / "vectors.json").read_text())["target"]:
        found = rules.solve(
            visitors=row["visitors"], conversion_rate=row["conversion_rate"], aov=row["aov_yuan"] * 100
        )
        assert found.gmv == row["gmv_yuan"] * 100


@given(VISITORS, RATES, AOVS)
def test_each_factor_is_found_back_and_the_identity_holds(visitors: int, rate: float, aov: int) -> None:
    gmv = rules.product(visitors, rate, aov)
    assume(0 < gmv <= visitors * aov)
    for name in rules.FACTORS:
        numbers = {"gmv": gmv, "visitors": visitors, "conversion_rate": rate, "aov": aov} | {name: None}
        found = rules.solve(**numbers)
        assert rules.agrees(found)
        if name == "conversion_rate":
            assert found.conversion_rate == pytest.approx(gmv / visitors / aov)
        else:
            assert rules.product(found.visitors, found.conversion_rate, found.aov) >= gmv
            fewer = getattr(found, name) - 1
            assert rules.product(*[fewer if n == name else getattr(found, n) for n in rules.FACTORS]) <= gmv


@pytest.mark.parametrize(
    ("numbers", "code"),
    [
        ({"gmv": 100, "aov": 5}, "plan.needs_three"),
        ({"gmv": 100, "aov": 5, "visitors": 0}, "plan.not_positive"),
        ({"gmv": 1000, "aov": 5, "visitors": 10}, "plan.conversion_above_one"),
        ({"gmv": 5_000_000, "visitors": 1000, "conversion_rate": 0.1, "aov": 25_000}, "plan.identity"),
    ],
)
def test_what_cannot_be_a_target(numbers: dict[str, float], code: str) -> None:
    with pytest.raises(ShopError) as refused:
        rules.solve(**numbers)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_one_number_moves_and_the_chosen_other_answers() -> None:
    plan = Target(5_000_000_000, 2_000_000, 0.10, 25_000)
    assert rules.changed(plan, "conversion_rate", 0.08, "visitors").visitors == 2_500_000
    assert rules.changed(plan, "conversion_rate", 0.105, "gmv").gmv == 5_250_000_000


def test_levers_say_what_a_step_brings_and_who_moves_most() -> None:
    found = rules.levers(Target(5_000_000_000, 2_000_000, 0.10, 25_000), {"aov": 26_000}).set_index("factor")
    assert found.index[0] == "visitors"
    assert found.loc["conversion_rate", "gain"] == 250_000_000  # +0.5 points = +250 wan
    assert found.loc["visitors", "gain"] == 500_000_000
    assert found.loc["aov", "gain_to_best"] == 200_000_000


def _history(days: int) -> pd.DataFrame:
    start = date(2026, 6, 1)
    rows = [(start + timedelta(days=n), 1000 + 10 * n, 100, None, 2_000_000) for n in range(days)]
    return pd.DataFrame(rows, columns=["day", "visitors", "buyers", "units_paid", "paid_amount"])


def test_realism_names_best_and_median_runs() -> None:
    found = rules.realism(Target(12_000_000, 6_000, 0.1, 20_000), _history(30), 2).set_index("factor")
    assert found.loc["visitors", "best"] == 1280 + 1290
    assert found.loc["visitors", "best_from"] == date(2026, 6, 29)
    assert found.loc["visitors", "median"] == 2010 + 280  # the 15th of 29 runs
    assert found.loc["visitors", "times_best"] == pytest.approx(6000 / 2570)
    assert found.loc["visitors", "verdict"] == "unseen"
    assert found.loc["aov", "verdict"] == "usual"
    assert found.loc["conversion_rate", "verdict"] == "stretch"


def test_a_missing_day_breaks_the_run_and_no_history_is_unknown() -> None:
    holes = _history(5).drop(index=2)
    assert rules.windows(holes, 3).empty
    assert set(rules.realism(Target(1, 1, 1, 1), holes, 3)["verdict"]) == {"unknown"}
    assert set(rules.realism(Target(1, 1, 1, 1), _history(0), 1)["verdict"]) == {"unknown"}


def test_reports_without_buyers_are_read_by_units_and_say_so() -> None:
    frame = _history(3).assign(buyers=None, units_paid=50)
    found = rules.windows(frame, 1)
    assert set(found["basis"]) == {"units"}
    assert (found["visitors"] * found["conversion_rate"] * found["aov"]).tolist() == pytest.approx(
        found["gmv"].tolist()
    )


@given(
    st.integers(0, 10**8),
    st.lists(st.integers(0, 1000), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 10_000)), min_size=1, max_size=6),
)
def test_acquisition_sums_exactly(needed: int, days: list[int], channels: list[tuple[int, int]]) -> None:
    frame = pd.DataFrame(
        {
            "channel": [f"c{n}" for n in range(len(channels))],
            "weight": [w for w, _ in channels],
            "cost": [c for _, c in channels],
        }
    )
    found = rules.acquisition(needed, {f"d{n}": w for n, w in enumerate(days)}, frame)
    assert found["visitors"].sum() == needed
    assert (found["visitors"] >= 0).all()
    assert found["cost"].sum() == sum(
        found.loc[found["channel"] == f"c{n}", "visitors"].sum() * c for n, (_, c) in enumerate(channels)
    )


def test_new_visitors_are_never_negative_and_retention_is_a_rate() -> None:
    assert rules.new_visitors(100, 1000, 0.5) == 0
    with pytest.raises(ShopError):
        rules.new_visitors(100, 1000, 35)


def test_a_rate_far_above_the_usual_and_above_the_best_is_hard() -> None:
    history = _history(30).assign(buyers=[43 + (n == 29) * 51 for n in range(30)], visitors=1_000)
    found = rules.realism(Target(20_000_000, 1_000, 0.1, 20_000), history, 1).set_index("factor")
    assert found.loc["conversion_rate", "best"] == pytest.approx(0.094)
    assert found.loc["conversion_rate", "verdict"] == "hard"
    visitors = rules.realism(Target(20_000_000, 1_400, 0.05, 20_000), history, 1).set_index("factor")
    assert visitors.loc["visitors", "verdict"] == "stretch"
