"""Risks: what counts, how much, and in which order."""

from __future__ import annotations

from datetime import date

import pandas as pd
import pytest

from core.overview import rules

GOODS = (
    pd.DataFrame(
        [("A", "甲", 10_000, 100, False), ("B", "乙", 10_000, 90, True), ("C", "丙", None, 0, False)],
        columns=["sku_code", "name", "sale_price", "promised", "oversold"],
    )
    .astype({"sale_price": "Int64"})
    .set_index("sku_code", drop=False)
)
LADDER = pd.DataFrame(
    {
        "target_units": pd.array([100, 10, None], "Int64"),
        "have": [40, 50, 0],
        "arriving": [20, 0, 0],
        "target_short": pd.array([40, 0, None], "Int64"),
        "short": pd.array([None, None, None], "Int64"),
        "sale_price": pd.array([10_000, 10_000, None], "Int64"),
    },
    index=["A", "B", "C"],
)


def test_what_is_short_and_what_is_promised_twice() -> None:
    found = rules.stock_risks(GOODS, LADDER, 10_000_000).set_index("subject")
    assert found.loc["A", ["code", "units", "amount", "page"]].tolist() == [
        "stock_target",
        40,
        400_000,
        "replenishment",
    ]
    assert found.loc["B", ["code", "units", "page"]].tolist() == ["stock_double", 40, "goods"]
    assert found.loc["A", "score"] == pytest.approx(0.04)
    assert "C" not in found.index


def test_a_forecast_says_what_is_short_once_there_is_one() -> None:
    computed = LADDER.assign(short=pd.array([15, 0, 3], "Int64"))
    found = rules.stock_risks(GOODS, computed, 10_000_000).set_index("subject")
    assert found.loc["A", ["code", "units"]].tolist() == ["stock_short", 15]


def test_coverage_does_not_let_one_skus_plenty_help_another() -> None:
    assert rules.covered(LADDER) == pytest.approx((60 + 10) / 110)
    assert rules.covered(LADDER.head(0)) is None


def test_unsafe_prices_weigh_their_planned_gmv() -> None:
    told = {"sku_code": ["A", "B", "C"], "name": "", "verdict": ["refused", "publishable", "needs_approval"]}
    goods = pd.DataFrame(told).assign(planned_gmv=pd.array([500_000, 1, None], dtype="Int64"))
    found = rules.price_risks(goods, 1_000_000)
    assert found["code"].tolist() == ["price_refused", "price_unplanned"]
    assert found["score"].tolist() == [0.5, 0.0]
    bare = rules.price_risks(goods.assign(planned_gmv=pd.array([0, 1, None], dtype="Int64")), 1_000_000)
    assert (bare["code"].tolist(), bare["units"].tolist()) == (["price_unplanned"], [2]), (
        "a hundred of them are one line"
    )
    assert rules.price_risks(goods.assign(planned_gmv=1_000_000), 1_000_000)[
        "score"
    ].tolist() == pytest.approx([1.0, 0.3])


def test_what_a_campaign_begins_with_comes_first() -> None:
    assert rules.setup_risks(True, True, True).empty
    found = rules.largest([rules.data_risks(None), rules.setup_risks(False, False, True)])
    assert found["page"].tolist() == ["plan", "goods", "goods"]
    assert found["code"].tolist() == ["setup_plan", "setup_goods", "data_none"]


def test_tasks_that_are_late_or_stuck() -> None:
    tasks = pd.DataFrame(
        [
            ("1", "盘点", "todo", True, "overdue", 0, date(2026, 10, 15)),
            ("2", "定价", "blocked", False, "blocked", 0, date(2026, 10, 30)),
            ("3", "拍摄", "todo", False, "todo", 3, date(2026, 10, 30)),
            ("4", "直播", "todo", False, "todo", 0, date(2026, 10, 30)),
            ("5", "备货", "done", False, "done", 0, date(2026, 10, 1)),
        ],
        columns=["task_id", "title", "state", "overdue", "mark", "late_by", "due_on"],
    )
    found = rules.task_risks(tasks, date(2026, 10, 20)).set_index("subject")
    assert found["code"].to_dict() == {"1": "task_overdue", "2": "task_blocked", "3": "task_late"}
    assert found["days"].to_dict() == {"1": 5, "2": 0, "3": 3}
    assert found["score"].to_dict() == pytest.approx({"1": 0.06, "2": 0.01, "3": 0.04})


def test_reports_of_yesterday_are_fresh() -> None:
    assert rules.data_risks(1).empty
    assert rules.data_risks(4)["score"].tolist() == pytest.approx([0.06])
    assert rules.data_risks(None)["code"].tolist() == ["data_none"]


def test_the_largest_come_first_and_are_few() -> None:
    found = rules.largest(
        [rules.stock_risks(GOODS, LADDER, 10_000_000), rules.data_risks(None), rules.frame()], most=2
    )
    assert found["code"].tolist() == ["data_none", "stock_target"]
    assert rules.largest([]).empty


def test_one_kind_does_not_crowd_the_others_out() -> None:
    prices = rules.frame(
        pd.DataFrame(
            {
                "kind": "price",
                "code": "price_refused",
                "subject": list("abcdef"),
                "score": [0.9, 0.8, 0.7, 0.6, 0.5, 0.4],
            }
        )
    )
    tasks = rules.frame(
        pd.DataFrame({"kind": ["task"], "code": ["task_late"], "subject": ["t"], "score": [0.01]})
    )
    assert rules.largest([prices, tasks])["subject"].tolist() == ["a", "b", "c", "d", "t"]
    assert rules.largest([tasks])["subject"].tolist() == ["t"]
