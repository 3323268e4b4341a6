"""The bridge: the vectors, and that whatever comes in sums to the fen."""

from __future__ import annotations

import doctest
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.review import bridge
from core.review.after_sales import after_sale
from core.review.bridge import Stretch

amounts = st.integers(0, 10**9)
stretches = st.builds(
    Stretch,
    st.integers(0, 10**7),
    st.integers(0, 10**6),
    amounts,
    st.integers(0, 10**9),
    st.floats(0.05, 1.0),
)


def test_five_factors_in_whole_fen() -> None:
    plan = Stretch(2_000_000, 200_000, 5_000_000_000, 0.08 * 5_000_000_000)
    buyers = 1_830_000 * 0.0958 * 0.95
    actual = Stretch(1_830_000, buyers, buyers * 26_250, 0.12 * buyers * 26_250, 0.95)
    row = bridge.by_part({"all": plan}, {"all": actual}).loc["all"]
    assert row["gap"] == -752_734_270
    assert row[list(bridge.FACTORS)].tolist() == [
        -374_195_248,
        -180_744_834,
        -216_069_400,
        205_525_139,
        -187_249_927,
    ]


def test_channels_are_summed_and_the_difference_is_mix() -> None:
    def channel(visitors: float, rate: float, value: float) -> Stretch:
        return Stretch(visitors, visitors * rate, visitors * rate * value)

    plan = {"search": channel(800_000, 0.12, 26_000), "feed": channel(1_200_000, 0.0867, 24_000)}
    actual = {"search": channel(700_000, 0.11, 27_000), "feed": channel(1_130_000, 0.0792, 25_500)}
    parts = bridge.by_part(plan, actual)
    assert parts[["visitors", "conversion_rate", "aov"]].sum().tolist() == pytest.approx(
        [-448_130_089, -414_541_500, 230_859_588], abs=2
    )
    assert bridge.channel_mix(parts, plan, actual) == pytest.approx(-448_130_089 + 414_835_801, abs=2)


def test_a_factor_of_nothing_is_shared_by_shapley() -> None:
    found = bridge.factor_effects(Stretch(1000, 0, 0), Stretch(1100, 110, 110 * 21_000))
    assert found.sum() == pytest.approx(110 * 21_000)


def test_price_volume_and_mix() -> None:
    rows = [
        (100, 9900, 150, 8900),
        (50, 19900, 30, 18900),
        (200, 2900, 260, 2900),
        (0, 0, 40, 5900),
        (20, 12900, 0, 0),
    ]
    goods = pd.DataFrame(
        [(q0, p0, q1, q1 * p1) for q0, p0, q1, p1 in rows],
        columns=["planned_units", "planned_price", "units", "amount"],
    )
    assert bridge.price_volume_mix(goods) == {
        "price": -180_000,
        "volume": 659_571,
        "mix": -388_571,
        "new": 236_000,
        "dropped": -258_000,
    }
    assert Fraction(4_617_000, 7) > 659_571
    own = bridge.goods_effects(goods)
    assert (own["price"] + own["units_effect"]).tolist() == own["gap"].tolist()
    assert own["gap"].sum() == 69_000


@given(
    st.dictionaries(st.sampled_from("abcd"), stretches), st.dictionaries(st.sampled_from("abcd"), stretches)
)
def test_every_bridge_sums_to_the_fen(plan: dict[str, Stretch], actual: dict[str, Stretch]) -> None:
    parts = bridge.by_part(plan, actual)
    assert (parts[list(bridge.FACTORS)].sum(axis=1) == parts["gap"]).all()
    assert (parts["actual"] - parts["plan"] == parts["gap"]).all()
    assert parts["actual"].sum() == sum(round(part.net) for part in actual.values())


@given(
    st.lists(
        st.tuples(*[st.integers(0, 500), st.integers(1, 10**5), st.integers(0, 500), amounts]), max_size=12
    )
)
def test_goods_sum_to_the_fen(rows: list[tuple[int, int, int, int]]) -> None:
    goods = pd.DataFrame(rows, columns=["planned_units", "planned_price", "units", "amount"]).astype("int64")
    goods["amount"] = goods["amount"].where(goods["units"] > 0, 0)
    gap = int(goods["amount"].sum() - (goods["planned_units"] * goods["planned_price"]).sum())
    assert sum(bridge.price_volume_mix(goods).values()) == gap
    assert int(bridge.goods_effects(goods)["gap"].sum()) == gap


@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=8), st.integers(-5, 5))
def test_whole_fen_hold_their_total(parts: list[float], off: int) -> None:
    total = round(sum(parts)) + off
    fen = bridge.whole_fen(np.array(parts), total)
    assert fen.sum() == total
    assert np.abs(fen - np.array(parts)).max() <= 1 + (abs(off) + 1)


def test_doctests() -> None:
    for module in (bridge, after_sale):
        assert doctest.testmod(module).failed == 0
