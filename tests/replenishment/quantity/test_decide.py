"""A run's lines from random shops: the ladder adds up to the unit, promises are kept, limits hold, more
budget never earns less."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.replenishment.quantity import decide, explain
from core.replenishment.quantity.decide import Policy

TODAY, OPENS = date(2026, 10, 20), date(2026, 11, 10)
LATE_DAYS = 40
seeds = st.integers(0, 2**32 - 1)
UNITS = ("wanted", "committed", "available", "in_transit", "surplus", "rounding", "limits", "override")


def shop(seed: int, n: int = 20, overrides: bool = True) -> pd.DataFrame:
    """Lines of a small shop: some late, some without a cost, some decided by hand."""
    r = np.random.default_rng(seed)
    mean = np.exp(r.uniform(-2, 5, n))
    cost = r.integers(100, 9_000, n)
    return pd.DataFrame(
        {
            "sku_code": [f"{number:04d}" for number in range(n)],
            "tier": r.choice(["pre_hot", "main_push", "regular"], n),
            "supplier": r.choice(["甲", "乙", "丙"], n),
            "unit_cost": pd.array(np.where(r.random(n) < 0.1, None, cost), "Int64"),
            "contribution": pd.array((cost * r.uniform(-0.1, 1.5, n)).astype(int), "Int64"),
            "forecast_mean": mean,
            "phi": r.uniform(0, 1.5, n),
            "committed": r.poisson(mean * 0.4),
            "available": r.poisson(mean * 0.6) - 2,
            "in_transit": r.poisson(mean * 0.1),
            "late_in_transit": 0,
            "lead_time_days": pd.array(r.choice([5, 10, LATE_DAYS], n, p=[0.5, 0.4, 0.1]), "Int64"),
            "moq": pd.array(r.choice([0, 10, 30], n), "Int64"),
            "pack_size": pd.array(r.choice([1, 6, 12], n), "Int64"),
            "override": pd.array(
                np.where(r.random(n) < (0.15 if overrides else 0), r.integers(0, 50, n), None), "Int64"
            ),
        }
    )


def explained(sheet: pd.DataFrame) -> list[list[dict[str, Any]]]:
    """The ladder of every line."""
    facts = {
        "baseline_rate": 1.0,
        "uplift": 4.0,
        "sale_days": 2,
        "history_mean": 3.0,
        "source": "own",
        "signal_median": 2.0,
    }
    rows: list[Any] = sheet.assign(**facts, override_reason="", stale=False).to_dict("records")
    return [explain.explain(row) for row in rows]


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_the_ladder_adds_up_to_the_unit(seed: int) -> None:
    """Term by term, with rounding and limits, exactly the quantity; and what cut a line is named."""
    inputs = shop(seed)
    free, totals = decide.decide(inputs, Policy(TODAY, OPENS))
    capacity = {"甲": int(free.loc[free["supplier"] == "甲", "quantity"].sum() * 0.6)}
    sheet, _ = decide.decide(inputs, Policy(TODAY, OPENS, budget=totals.amount // 2), capacity)
    for row, steps in zip(sheet.to_dict("records"), explained(sheet), strict=True):
        value = {step["term"]: step["value"] for step in steps}
        assert sum(value.get(term, 0) for term in UNITS) == value["quantity"] == row["quantity"]
        assert value["need"] == sum(value[term] for term in UNITS[:5])
        assert value["surplus"] >= 0
        if value["limits"]:
            assert value["limits"] < 0
            assert row["late"] or row["over_capacity"] or row["unfunded"]


@given(seeds)
@settings(max_examples=15, deadline=None)
def test_promises_are_kept_in_whole_packs(seed: int) -> None:
    """Never negative, never below committed - available whatever the budget, in whole packs and at least the
    minimum; late lines order nothing."""
    sheet, _ = decide.decide(shop(seed, overrides=False), Policy(TODAY, OPENS, budget=0))
    late = sheet["late"]
    lacks = sheet["committed"] - sheet["available"] - sheet["in_transit"]
    assert (sheet["quantity"] >= 0).all()
    assert (sheet["quantity"] >= lacks)[~late].all()
    assert (sheet.loc[~late, "uncovered"] == 0).all()
    assert (sheet.loc[late, "quantity"] == 0).all()
    assert (sheet.loc[late, "uncovered"] == lacks[late].clip(lower=0)).all()
    assert (sheet["quantity"] % sheet["pack_size"] == 0).all()
    assert ((sheet["quantity"] == 0) | (sheet["quantity"] >= sheet["moq"])).all()


@given(seeds, st.floats(0.0, 1.1), st.floats(0.0, 1.1))
@settings(max_examples=15, deadline=None)
def test_budget_is_kept_and_more_of_it_never_earns_less(seed: int, one: float, two: float) -> None:
    inputs = shop(seed)
    whole = decide.decide(inputs, Policy(TODAY, OPENS))[1].amount
    (less, poor), (more, rich) = (
        decide.decide(inputs, Policy(TODAY, OPENS, budget=int(whole * share))) for share in sorted((one, two))
    )
    for sheet, totals in ((less, poor), (more, rich)):
        assert totals.budget is not None
        by_hand = int((sheet["override"].fillna(0) * sheet["unit_cost"].fillna(0)).sum())
        assert totals.amount <= max(totals.budget, by_hand) + totals.committed_over_budget
        if totals.first_unfunded and not totals.committed_over_budget:
            first = sheet.set_index("sku_code").loc[totals.first_unfunded]
            step = max(
                first["pack_size"],
                -(-first["moq"] // first["pack_size"]) * first["pack_size"] if not first["quantity"] else 0,
            )
            assert totals.budget - totals.amount < step * first["unit_cost"]
    assert poor.expected_profit <= rich.expected_profit + len(
        inputs
    )  # each line's profit is rounded to a fen


@given(seeds, st.integers(1, 60))
@settings(max_examples=12, deadline=None)
def test_quantity_is_monotone_in_what_is_asked_and_held(seed: int, more: int) -> None:
    """More committed never orders less, more stock never orders more."""
    inputs = shop(seed, overrides=False)
    plain = decide.decide(inputs, Policy(TODAY, OPENS))[0]["quantity"]
    promised = decide.decide(inputs.assign(committed=inputs["committed"] + more), Policy(TODAY, OPENS))[0][
        "quantity"
    ]
    stocked = decide.decide(inputs.assign(available=inputs["available"] + more), Policy(TODAY, OPENS))[0][
        "quantity"
    ]
    assert (promised >= plain).all()
    assert (stocked <= plain).all()


def one_line(**facts: Any) -> pd.DataFrame:
    """One line with enough of everything, but for `facts`."""
    line = shop(1, 1, overrides=False).assign(
        tier="pre_hot",
        unit_cost=6_000,
        contribution=6_079,
        forecast_mean=480.0,
        phi=0.25,
        committed=300,
        available=200,
        in_transit=50,
        lead_time_days=10,
        moq=0,
        pack_size=12,
    )
    return line.assign(**facts).astype(
        {"unit_cost": "Int64", "contribution": "Int64", "lead_time_days": "Int64"}
    )


def test_critical_ratio_is_contribution_salvage_and_holding_under_the_tiers_cap() -> None:
    """Published case: Cu 60.79, Co 30 = cost 60 - salvage 33 + holding 3; a hurdle of 0 is the published
    quantile, need and quantity."""
    line = decide.decide(one_line(), Policy(TODAY, OPENS, hurdle=0.0))[0].iloc[0]
    assert line["critical_ratio"] == pytest.approx(0.66956713, abs=5e-9)
    assert (line["ratio"], line["wanted"], line["need"]) == (line["critical_ratio"], 549, 599)
    assert line["quantity"] == 600
    capped = decide.decide(one_line(tier="regular"), Policy(TODAY, OPENS, hurdle=0.0))[0].iloc[0]
    assert (capped["ratio"], capped["wanted"]) == (0.5, 440)
    assert capped["cap_forgone"] > 0
    careful = decide.decide(one_line(), Policy(TODAY, OPENS))[0].iloc[0]
    assert careful["wanted"] < line["wanted"]
    assert careful["expected_leftover"] < line["expected_leftover"]
    assert careful["expected_lost"] > line["expected_lost"]


def test_leftovers_and_lost_units_are_told_in_units_and_money() -> None:
    line = decide.decide(one_line(), Policy(TODAY, OPENS))[0].iloc[0]
    assert line["leftover_value"] == round(line["expected_leftover"] * 6_000)
    assert line["lost_profit"] == round(line["expected_lost"] * 6_079)
    assert line["demand_low"] < 480 < line["demand_high"]
    assert line["left_if_low"] > line["left_if_expected"] >= line["left_if_high"] == 0


def test_a_late_line_says_late_not_rounding_even_when_promised() -> None:
    sheet = decide.decide(one_line(lead_time_days=LATE_DAYS), Policy(TODAY, OPENS))[0]
    line, steps = sheet.iloc[0], {step["term"]: step for step in explained(sheet)[0]}
    assert (line["state"], line["quantity"], line["uncovered"]) == ("late", 0, 50)
    assert steps["limits"]["late"]
    assert steps["limits"]["value"] == -(steps["need"]["value"] + steps["rounding"]["value"])
    assert abs(steps["rounding"]["value"]) < line["pack_size"]
