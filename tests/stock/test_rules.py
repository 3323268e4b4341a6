"""Stock arithmetic: exact cases and properties."""

from __future__ import annotations

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from core.stock import rules
from core.stock.rules import LEVELS


def position(**levels: int) -> pd.DataFrame:
    return pd.DataFrame([dict.fromkeys(LEVELS, 0) | levels], index=["a"])


def test_available_to_promise_takes_every_promise_off() -> None:
    frame = position(on_hand=100, reserved=20, presale_committed=30, activity_locked=5, in_transit=40)
    assert rules.available_to_promise(frame).tolist() == [45]
    assert rules.inventory_position(frame).tolist() == [85]


def test_a_sheet_with_sellable_stock_alone_gives_on_hand() -> None:
    sheet = pd.DataFrame({"available_to_promise": pd.array([70, None], "Int64")}, index=["a", "b"])
    standing = pd.concat(
        [position(on_hand=1, reserved=20, presale_committed=5), position(on_hand=9).rename(index={"a": "b"})]
    )
    after = rules.target_levels(sheet, standing)
    assert after["on_hand"].tolist() == [95, 9]
    assert after["reserved"].tolist() == [20, 0]


def test_a_stated_on_hand_wins_over_sellable_stock() -> None:
    sheet = pd.DataFrame(
        {"on_hand": pd.array([80], "Int64"), "available_to_promise": pd.array([1], "Int64")}, index=["a"]
    )
    assert rules.target_levels(sheet, position(on_hand=3))["on_hand"].tolist() == [80]


def arrivals(*rows: tuple[str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sku_code", "expected_on", "quantity"]).astype(
        {"sku_code": "str", "expected_on": "str", "quantity": "int64"}
    )


def told(quantity: int, day: str = "") -> pd.DataFrame:
    return pd.DataFrame({"in_transit": [quantity], "expected_on": [day]}, index=pd.Index(["a"], dtype="str"))


def test_a_dated_sheet_replaces_the_arrivals() -> None:
    moved = rules.arrival_movements(told(50, "2026-11-05"), arrivals(("a", "", 20), ("a", "2026-11-01", 10)))
    assert sorted(zip(moved["expected_on"], moved["quantity"], strict=True)) == [
        ("", -20),
        ("2026-11-01", -10),
        ("2026-11-05", 50),
    ]


def test_the_same_date_and_sum_moves_nothing() -> None:
    assert rules.arrival_movements(told(50, "2026-11-05"), arrivals(("a", "2026-11-05", 50))).empty


def test_an_undated_shortfall_takes_the_undated_then_the_latest() -> None:
    standing = arrivals(("a", "", 20), ("a", "2026-11-01", 10), ("a", "2026-11-09", 10), ("b", "", 7))
    moved = rules.arrival_movements(told(15), standing)
    assert sorted(zip(moved["expected_on"], moved["quantity"], strict=True)) == [
        ("", -20),
        ("2026-11-09", -5),
    ]


@given(
    st.integers(0, 60),
    st.sampled_from(["", "2026-11-01", "2026-11-30"]),
    st.dictionaries(st.sampled_from(["", "2026-11-01", "2026-11-09"]), st.integers(1, 30), max_size=3),
)
def test_arrivals_always_end_at_what_the_sheet_says(
    quantity: int, day: str, standing: dict[str, int]
) -> None:
    moved = rules.arrival_movements(
        told(quantity, day), arrivals(*(("a", on, units) for on, units in standing.items()))
    )
    left = {on: standing.get(on, 0) for on in {*standing, *moved["expected_on"]}}
    for on, units in zip(moved["expected_on"], moved["quantity"], strict=True):
        left[on] += units
    assert sum(left.values()) == quantity
    assert min(left.values(), default=0) >= 0


def entries(*rows: tuple[str, str, str, int]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["sku_code", "location", "counter", "counted"]).assign(reason="")


def judged(*rows: tuple[str, str, str, int], moved: int = 0) -> pd.Series:
    lines = pd.DataFrame({"sku_code": ["a"], "book": [100]})
    return rules.count_differences(lines, entries(*rows), pd.Series({"a": moved})).loc["a"]


def test_a_count_is_corrected_by_movements_since_the_snapshot() -> None:
    row = judged(("a", "", "", 90), moved=-8)
    assert (row["expected"], row["difference"], row["state"]) == (92, -2, "differs")


def test_locations_add_up_and_two_agreeing_counters_count_once() -> None:
    row = judged(("a", "A1", "李", 40), ("a", "A1", "王", 40), ("a", "B2", "李", 60))
    assert (row["counted"], row["difference"], row["state"], row["counters"]) == (100, 0, "equal", "李、王")


def test_two_counters_who_disagree_give_no_difference() -> None:
    row = judged(("a", "A1", "李", 40), ("a", "A1", "王", 41))
    assert row["state"] == "disputed"
    assert pd.isna(row["difference"])


def test_an_uncounted_line_is_missing_not_zero() -> None:
    assert judged()["state"] == "missing"


def test_days_of_cover_and_marks() -> None:
    available = pd.Series([0, 30, 30, 700, 30])
    cover = rules.days_of_cover(available, pd.Series([10.0, 10.0, None, 10.0, 0.0]))
    assert cover.fillna(-1).tolist() == [0, 3, -1, 70, -1]
    frame = pd.DataFrame(
        {
            "available_to_promise": available,
            "days_of_cover": cover,
            "safety_stock": pd.array([None, None, 40, None, None], "Int64"),
        }
    )
    assert rules.mark(frame).tolist() == ["sold_out", "tight", "tight", "excess", "enough"]
