"""The warm-up's pure rules: funnel, reflow, opening demand, sessions, pre-sale, labels, banners, old
customers."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import ShopError
from core.warmup import funnel, presale, recall
from core.warmup.flash_sale import sessions
from core.warmup.storefront import labels
from core.warmup.storefront.copy import defaults

NOW = datetime(2026, 11, 5, 4, 0, tzinfo=UTC)


def at(hours: float) -> pd.Timestamp:
    return pd.Timestamp(NOW) + pd.Timedelta(hours=hours)


# --- funnel
# ---------------------------------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(st.sampled_from(["notice", "warm_up"]), st.integers(0, 6), st.integers(0, 900)), max_size=20
    )
)
def test_each_user_stands_at_one_stage(rows) -> None:
    people = pd.DataFrame(rows, columns=["phase", "depth", "users"])
    table = funnel.funnel(people)
    for phase, part in table.groupby("phase"):
        assert part["stage"].tolist() == list(funnel.STAGES)
        whole = people.loc[people["phase"] == phase, "users"].sum()
        assert part["users"].sum() == part["reached"].iloc[0] == whole
        assert part["reached"].is_monotonic_decreasing
        assert part["lost"].sum() == whole - part["reached"].iloc[-1]
        assert (part["reached"] * (1 - part["onward"])).round().tolist()[:-1] == part["lost"].tolist()[:-1]


def test_daily_counts_make_a_funnel_too() -> None:
    counts = pd.DataFrame(
        {"phase": "warm_up", "stage": funnel.STAGES, "users": [1000, 200, 300, 100, 50, 20, 10]}
    )
    table = funnel.counted_funnel(counts).set_index("stage")
    assert table.loc["viewed", ["reached", "lost", "onward"]].tolist() == [1000, 800, 0.2]
    assert table.loc["favourite", ["reached", "lost", "onward"]].tolist() == [
        200,
        0,
        1.0,
    ]  # more carts than favourites
    assert table.loc["paid", ["reached", "lost", "onward"]].tolist() == [10, 0, 0.0]


def test_reflow_counts_who_came_back_on_a_later_day() -> None:
    booked = pd.DataFrame(
        {
            "user_key": ["u", "u", "v", "w"],
            "sku_code": ["A", "B", "A", "B"],
            "day": [date(2026, 11, 1), date(2026, 11, 3), date(2026, 11, 2), date(2026, 11, 2)],
        }
    )
    last = pd.Series({"u": date(2026, 11, 3), "v": date(2026, 11, 2), "w": date(2026, 11, 9)})
    table = funnel.reflow(booked, last).set_index("sku_code")
    assert table[["reserved", "returned"]].T.to_dict("list") == {"": [3, 2], "A": [2, 1], "B": [2, 1]}
    assert table.loc["", "reflow"] == pytest.approx(2 / 3)


def test_reservations_are_counted_by_whoever_knows_more() -> None:
    """A is reported with its returns, B without (known users tell its reflow), C is known by users alone."""
    reported = pd.DataFrame(
        [("A", 1000, 300), ("B", 500, None), ("D", 3, 1)], columns=["sku_code", "reserved", "returned"]
    )
    known = pd.DataFrame(
        [("", 70, 21), ("A", 40, 30), ("B", 20, 5), ("C", 10, 1), ("D", 8, 2)],
        columns=["sku_code", "reserved", "returned"],
    )
    rows = funnel.reservations(reported.astype({"returned": "Int64"}), known).set_index("sku_code")
    assert rows[["reserved", "seen", "returned"]].T.to_dict("list") == {
        "A": [1000, 1000, 300],
        "B": [500, 20, 5],
        "C": [10, 10, 1],
        "D": [8, 8, 2],
        "": [1518, 1038, 308],
    }
    assert rows.loc["B", "reflow"] == 0.25
    alone = funnel.reservations(reported.iloc[:0], known).set_index("sku_code")
    assert alone.loc["", ["reserved", "seen", "returned"]].tolist() == [70, 70, 21]  # each known user once
    assert funnel.reservations(reported.iloc[:0], known.iloc[:0]).empty


def test_a_few_known_returns_leave_more_doubt_than_many() -> None:
    few, many = (
        funnel.opening_demand(*map(np.array, ([1000], [n], [n // 4])), funnel.OpeningPrior()).iloc[0]
        for n in (20, 1000)
    )
    assert few["high"] - few["low"] > many["high"] - many["low"]


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 3000), st.data())
def test_opening_demand_has_the_moments_of_what_it_claims(reserved, data) -> None:
    """Against a simulation of the very story: draw both shares, then the buyers."""
    returned = data.draw(st.integers(0, reserved))
    prior = funnel.OpeningPrior()
    row = funnel.opening_demand(np.array([reserved]), np.array([reserved]), np.array([returned]), prior).iloc[
        0
    ]
    rng = np.random.default_rng(618)
    reflow = rng.beta(
        prior.reflow * prior.weight + returned,
        (1 - prior.reflow) * prior.weight + reserved - returned,
        40_000,
    )
    conversion = rng.beta(prior.conversion * prior.weight, (1 - prior.conversion) * prior.weight, 40_000)
    units = rng.binomial(reserved, reflow * conversion) * prior.units
    spread = units.std() + 1e-9
    assert row["mean"] == pytest.approx(units.mean(), abs=0.03 * spread + 1e-9)
    assert row["low"] <= row["mean"] * 1.0001
    if row["mean"] > 20:
        # Units come in whole buyers: with the buyers at its two ends the band holds at least its four fifths,
        # without them at most.
        step = prior.units
        within = ((units >= row["low"] - step) & (units <= row["high"] + step)).mean()
        strictly = ((units > row["low"] + step) & (units < row["high"] - step)).mean()
        assert strictly - 0.02 < 0.8 < within + 0.02


def test_no_reservation_no_demand() -> None:
    assert funnel.opening_demand(
        np.array([0]), np.array([0]), np.array([0]), funnel.OpeningPrior()
    ).to_numpy().tolist() == [[0.0, 0.0, 0.0]]


@given(
    st.lists(st.integers(0, 10**6), min_size=1, max_size=30),
    st.dictionaries(st.sampled_from(["add_to_cart", "favourites"]), st.integers(0, 10**7)),
)
def test_the_day_curve_sums_to_the_target(weights, totals) -> None:
    days = pd.Series(weights, index=pd.date_range("2026-10-20", periods=len(weights)).date)
    table = funnel.day_targets(days, totals)
    for name, total in totals.items():
        assert table.loc[table["figure"] == name, "planned"].sum() == total


def test_a_figure_is_due_only_on_the_days_that_can_have_it() -> None:
    days = pd.Series([10, 30, 20, 40], index=pd.date_range("2026-11-01", periods=4).date)
    table = funnel.day_targets(days, {"deposits": 600, "favourites": 100}, {"deposits": list(days.index[2:])})
    assert table.loc[table["figure"] == "deposits", "planned"].tolist() == [0, 0, 200, 400]
    assert table.loc[table["figure"] == "favourites", "planned"].tolist() == [10, 30, 20, 40]
    quiet = funnel.day_targets(days * 0, {"deposits": 600}, {"deposits": list(days.index[2:])})
    assert quiet["planned"].tolist() == [0, 0, 300, 300]


def test_heat_and_its_index() -> None:
    days = [date(2026, 11, d) for d in (1, 2, 3)]
    planned = pd.DataFrame(
        {
            "day": days * 2,
            "figure": ["add_to_cart"] * 3 + ["favourites"] * 3,
            "planned": [10, 20, 30, 4, 4, 4],
        }
    )
    actual = pd.DataFrame({"day": days[:1] * 2, "figure": ["add_to_cart", "favourites"], "actual": [15, 8]})
    rows = funnel.heat(planned, actual, date(2026, 11, 3))
    carts = rows[rows["figure"] == "add_to_cart"]
    assert carts["actual"].tolist()[:2] == [15, 0]  # a past day without a report counts as nothing done
    assert pd.isna(carts["actual"].iloc[2])
    assert carts["planned_sum"].tolist() == [10, 30, 60]
    assert funnel.index(rows, date(2026, 11, 3)) == pytest.approx((15 / 30 + 8 / 8) / 2)
    assert funnel.index(rows, date(2026, 11, 1)) is None


# --- sessions
# -------------------------------------------------------------------------------------------------------


def session_frame(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(
        rows, columns=["session_id", "sku_code", "from", "to", "quota", "held", "state"]
    ).astype({"quota": "int64", "held": "int64"})
    return frame.assign(
        **{
            name: pd.Series([at(h) for h in frame[hours]], dtype="datetime64[us, UTC]")
            for name, hours in (("starts_at", "from"), ("ends_at", "to"))
        }
    )


def test_overlapping_sessions_cannot_promise_the_same_units() -> None:
    plan = session_frame(
        ("a", "X", 1, 3, 60, 0, "planned"),
        ("b", "X", 2, 4, 50, 0, "planned"),
        ("c", "Y", 2, 4, 5, 0, "planned"),
    )
    short = sessions.shortages(plan, pd.Series({"X": 100, "Y": 5}), NOW)
    assert short[["sku_code", "promised", "free", "by"]].to_numpy().tolist() == [["X", 110, 100, 10]]
    assert short["sessions"].tolist() == [["a", "b"]]
    with pytest.raises(ShopError) as refused:
        sessions.require_kept(short)
    assert refused.value.code == "warmup.session_exceeds"
    assert refused.value.facts["shortages"][0]["sessions"] == ["a", "b"]


def test_sessions_one_after_the_other_may_promise_what_is_left() -> None:
    plan = session_frame(("a", "X", 1, 2, 60, 0, "planned"), ("b", "X", 2, 3, 50, 0, "planned"))
    assert sessions.shortages(plan, pd.Series({"X": 60}), NOW).empty


def test_a_lock_holds_until_it_is_closed() -> None:
    plan = session_frame(
        ("late", "X", -3, -1, 60, 20, "locked"),
        ("next", "X", -1, 1, 50, 0, "planned"),
        ("done", "X", -3, 2, 99, 0, "closed"),
    )
    short = sessions.shortages(plan, pd.Series({"X": 60}), NOW)
    assert short["by"].tolist() == [10]
    assert sessions.shortages(plan, pd.Series({"X": 70}), NOW).empty


@given(
    st.lists(
        st.tuples(st.sampled_from("XY"), st.integers(0, 20), st.integers(1, 10), st.integers(1, 50)),
        max_size=8,
    ),
    st.integers(0, 120),
)
def test_the_peak_is_the_sum_of_what_runs_at_the_worst_moment(rows, free) -> None:
    plan = session_frame(
        *[
            (f"s{i}", sku, begin, begin + length, quota, 0, "planned")
            for i, (sku, begin, length, quota) in enumerate(rows)
        ]
    )
    short = sessions.shortages(plan, pd.Series({"X": free, "Y": free}), NOW).set_index("sku_code")
    for sku in "XY":
        running = [sum(q for s, b, n, q in rows if s == sku and b <= hour < b + n) for hour in range(32)]
        assert short["promised"].get(sku, 0) == (max(running) if max(running) > free else 0)


def test_waves() -> None:
    table = sessions.waves(NOW, 60, 30, [100, 50, 20])
    assert table["wave"].tolist() == [1, 2, 3]
    assert table["quota"].sum() == 170
    assert (table["ends_at"] - table["starts_at"]).unique().tolist() == [pd.Timedelta(minutes=30)]
    assert table["starts_at"].tolist() == [at(0), at(1), at(2)]
    with pytest.raises(ShopError, match=r"warmup\.session_quota"):
        sessions.waves(NOW, 60, 30, [100, 0])
    with pytest.raises(ShopError, match=r"warmup\.session_times"):
        sessions.waves(NOW, 0, 30, [100])


# --- pre-sale
# -------------------------------------------------------------------------------------------------------


def test_presale_vector(shared: Path) -> None:
    v = json.loads((shared / "vectors.json").read_text("utf-8"))["presale"][0]
    price, deposit, counted = (pd.Series([v[name]]) for name in ("price", "deposit", "counted"))
    assert presale.final_price(price, deposit, counted).tolist() == [v["final"]]
    assert presale.balance_due(price, deposit, counted).tolist() == [v["balance"]]


def test_terms_that_would_take_more_than_they_count_are_refused() -> None:
    for price, deposit, counted in ((100, 0, 10), (100, 20, 10), (100, 20, 101)):
        with pytest.raises(ShopError, match=r"warmup\.presale_terms"):
            presale.require_terms(price, deposit, counted)
    presale.require_terms(100, 10, 10)


def test_tails_know_who_is_overdue() -> None:
    deposits = pd.DataFrame(
        {
            "sku_code": ["A", "A", "A", "B"],
            "orders": [1, 1, 1, 1],
            "quantity": [2, 1, 1, 5],
            "deposit_amount": [200, 100, 100, 500],
            "balance_paid": [True, False, False, False],
            "closed": [False, False, True, False],
        }
    )
    terms = pd.DataFrame(
        {"sku_code": ["A", "B"], "balance_from": [at(-48), at(1)], "balance_to": [at(-1), at(48)]}
    )
    table = presale.tails(deposits, terms, NOW).set_index("sku_code")
    assert table.loc["A", ["orders", "units", "paid_units", "open_units", "overdue_units"]].tolist() == [
        3,
        4,
        2,
        1,
        1,
    ]
    assert table.loc["A", "tail_rate"] == 0.5
    assert table.loc["B", ["open_units", "overdue_units"]].tolist() == [5, 0]
    assert pd.isna(table.loc["B", "tail_rate"])


def test_presale_beyond_stock_and_arrivals_by_ship_date() -> None:
    promises = pd.DataFrame(
        {
            "sku_code": ["A", "A", "B"],
            "ships_on": ["2026-11-15", "2026-11-20", "2026-11-15"],
            "units": [50, 30, 9],
        }
    )
    arrivals = pd.DataFrame(
        {
            "sku_code": ["A", "A", "B"],
            "expected_on": ["2026-11-15", "2026-11-18", ""],
            "quantity": [10, 25, 99],
        }
    )
    table = presale.cover(promises, pd.Series({"A": 30, "B": 9}), arrivals)
    assert table[["sku_code", "ships_on", "promised", "there", "short"]].to_numpy().tolist() == [
        ["A", "2026-11-15", 50, 40, 10],
        ["A", "2026-11-20", 80, 65, 5],
        ["B", "2026-11-15", 9, 9, 0],
    ]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 40)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(1, 9), st.integers(1, 40)), max_size=6),
    st.integers(0, 60),
)
def test_short_units_sum_to_the_worst_gap(asked, coming, stock) -> None:
    promises = pd.DataFrame(
        [("A", f"2026-11-{d:02d}", n) for d, n in asked], columns=["sku_code", "ships_on", "units"]
    )
    arrivals = pd.DataFrame(
        [("A", f"2026-11-{d:02d}", n) for d, n in coming], columns=["sku_code", "expected_on", "quantity"]
    ).astype({"quantity": "int64"})
    table = presale.cover(promises, pd.Series({"A": stock}), arrivals)
    gaps = [
        sum(n for d, n in asked if d <= day) - stock - sum(n for d, n in coming if d <= day)
        for day, _ in asked
    ]
    assert table["short"].sum() == max(0, *gaps)
    assert (table["short"] >= 0).all()


# --- labels
# ---------------------------------------------------------------------------------------------------------

GOODS = pd.DataFrame(
    {
        "sku_code": ["0003", "0001", "0002", "0004"],
        "name": ["丙", "甲", "乙 & <b>", "丁"],
        "available": [500, 0, 7, 120],
        "planned_units": pd.array([1000, 100, 100, 1000], dtype="Int64"),
        "price": pd.array([29_900, 9_990, None, 100], dtype="Int64"),
        "presale": "",
        **dict.fromkeys(("deposit", "counted", "balance"), pd.Series(pd.NA, index=range(4), dtype="Int64")),
        "ships_on": ["", "", "2026-11-20", ""],
    }
)
COPY = {name: words["zh"] for name, words in defaults().items()}


def schedule(*rows: tuple) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["sku_code", "kind", "from", "to"])
    return frame.assign(
        **{
            name: pd.Series([at(h) for h in frame[hours]], dtype="datetime64[us, UTC]")
            for name, hours in (("starts_at", "from"), ("ends_at", "to"))
        }
    )


def test_labels_of_a_page() -> None:
    clocks = labels.countdowns(
        schedule(("", "live", 10, 34), ("0003", "session", 2, 3), ("0002", "balance", -1, 8)), NOW
    )
    rows = labels.worded(labels.labels(GOODS, clocks, "warm_up", labels.LabelSettings()), COPY).set_index(
        "sku_code"
    )
    assert list(rows.index) == ["0001", "0002", "0003", "0004"]
    assert rows["stock"].to_dict() == {
        "0001": "sold_out",
        "0002": "few_left",
        "0003": "enough",
        "0004": "low_stock",
    }
    assert rows["stock_text"].to_dict() == {
        "0001": "已售罄",
        "0002": "仅剩 7 件",
        "0003": "",
        "0004": "库存紧张",
    }
    assert rows["price_text"].to_dict() == {
        "0001": "到手价 ¥99.90",
        "0002": "",
        "0003": "到手价 ¥299",
        "0004": "到手价 ¥1",
    }
    assert rows.loc["0002", "shipping_text"] == "预售 11/20 前发货"
    assert rows.loc["0001", "shipping_text"] == "付款后 48 小时内发货"
    assert rows["countdown"].to_dict() == {
        "0001": "countdown_opening",
        "0002": "countdown_balance_end",
        "0003": "countdown_session",
        "0004": "countdown_opening",
    }
    assert rows.loc["0003", "target"] == at(2)
    assert rows["mood_text"].unique().tolist() == ["预热中 · 先加购领券"]


def test_a_presale_says_deposit_and_balance() -> None:
    amounts = {"price": 95_000, "deposit": 10_000, "counted": 15_000, "balance": 85_000}
    goods = GOODS.assign(**{name: pd.array([fen] * 4, dtype="Int64") for name, fen in amounts.items()})
    goods = goods.assign(
        presale=["deposit", "balance", "", "balance"], price=goods["price"].where(goods["sku_code"] != "0004")
    )
    rows = labels.worded(
        labels.labels(goods, labels.countdowns(schedule(), NOW), "live", labels.LabelSettings()), COPY
    )
    assert rows.set_index("sku_code")["price_text"].to_dict() == {
        "0003": "定金 ¥100 抵 ¥150，尾款 ¥850，到手价 ¥950",
        "0001": "到手价 ¥950，已付定金补尾款 ¥850",
        "0002": "到手价 ¥950",
        "0004": "",
    }


def test_deposits_are_spoken_of_before_they_begin_unless_something_sells_earlier() -> None:
    windows = pd.DataFrame([(at(1), at(3), at(9))], columns=["deposit_from", "deposit_to", "balance_to"])

    def said(hours: float, sells: float | None) -> str:
        return presale.stage(windows, at(hours), None if sells is None else at(sells)).iloc[0]

    assert [said(hours, 2) for hours in (0, 1, 2.99, 3, 8.99, 9)] == [
        "deposit",
        "deposit",
        "deposit",
        "balance",
        "balance",
        "",
    ]
    assert (said(0, 0), said(0, 1), said(1, 0), said(0, None)) == ("", "", "deposit", "deposit")


def test_a_countdown_turns_at_the_second() -> None:
    windows = schedule(("", "live", 1, 2))
    for hours, code, target in (
        (0.999, "countdown_opening", 1),
        (1, "countdown_close", 2),
        (1.9999, "countdown_close", 2),
    ):
        clock = labels.countdowns(windows, NOW + timedelta(hours=hours))
        assert clock[["countdown", "target"]].to_numpy().tolist() == [[code, at(target)]]
    assert labels.countdowns(windows, NOW + timedelta(hours=2)).empty


def test_the_feed_changes_its_tag_with_a_label_and_not_with_the_clock() -> None:
    clocks = labels.countdowns(schedule(("", "live", 10, 34)), NOW)
    rows = labels.worded(labels.labels(GOODS, clocks, "warm_up", labels.LabelSettings()), COPY)
    body, tag = labels.feed(rows, "c1", NOW)
    later, same = labels.feed(rows, "c1", NOW + timedelta(minutes=3))
    assert tag == same
    assert body != later
    assert (
        labels.feed(rows.assign(units=rows["units"].where(rows["sku_code"] != "0002", 6)), "c1", NOW)[1]
        != tag
    )
    assert labels.feed(rows, "c2", NOW)[1] != tag
    told = orjson.loads(body)
    assert told["campaign_id"] == "c1"
    assert told["labels"][0]["sku_code"] == "0001"
    assert told["labels"][1]["price"] is None
    assert told["labels"][1]["name"] == "乙 & <b>"
    assert told["labels"][0]["target"] == "2026-11-05T14:00:00Z"


def test_banners_that_want_one_place_at_one_time() -> None:
    banners = pd.DataFrame(
        {
            "banner_id": ["a", "b", "c", "d"],
            "position": ["首焦1", "首焦1", "首焦1", "首焦2"],
            "starts_at": [at(0), at(1), at(2), at(0)],
            "ends_at": [at(2), at(3), at(4), at(9)],
        }
    )
    found = labels.clashes(banners)
    assert found[["first", "second", "starts_at", "ends_at"]].to_numpy().tolist() == [
        ["a", "b", at(1), at(2)],
        ["b", "c", at(2), at(3)],
    ]


# --- old customers
# --------------------------------------------------------------------------------------------------


def test_recall_lists_and_their_cost() -> None:
    days = [10, 59, 60, 119, 120, 540, 541]
    buyers = pd.DataFrame(
        {
            "buyer_key": list("abcdefg"),
            "last_paid_at": [at(-24 * d) for d in days],
            "orders": [1] * 7,
            "amount": [7, 6, 5, 4, 30, 2, 1],
        }
    )
    plan = recall.RecallPlan(about_redeemed=0.5, lapsed_redeemed=0.5)
    called = recall.silent(buyers, NOW, plan)
    assert called["buyer_key"].tolist() == ["e", "c", "d", "f"]
    assert called["group"].tolist() == ["lapsed", "about_to_lapse", "about_to_lapse", "lapsed"]
    table = recall.coupon_plan(called, plan).set_index("group")
    assert table.loc[
        "about_to_lapse", ["buyers", "redeemed", "coupon_cost", "message_cost", "cost"]
    ].tolist() == [2, 1, 1000, 8, 1008]
    assert table.loc["lapsed", "least_revenue"] == 19900 - 3000


def test_a_recall_plan_out_of_order_is_refused() -> None:
    with pytest.raises(ShopError, match=r"warmup\.recall_plan"):
        recall.require_plan(recall.RecallPlan(about_days=130))
    with pytest.raises(ShopError, match=r"warmup\.recall_plan"):
        recall.require_plan(recall.RecallPlan(about_value=10000))
