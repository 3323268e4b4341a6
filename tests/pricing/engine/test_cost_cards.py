"""Laws of cost cards, verdicts and price methods, on random figures."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from core.errors import ShopError
from core.money import LARGEST_PRICE
from core.pricing.engine import cost_cards, methods, verdicts
from core.pricing.engine.landed_price import figures, waterfall, ways
from core.pricing.engine.limits import PriceLimits, from_stored
from core.pricing.engine.methods import Policy
from core.pricing.engine.promotions import Rule
from core.pricing.engine.rule_json import as_json, from_json, sets_open
from core.pricing.engine.verdicts import Alarms
from tests.pricing.conftest import CLOSES, OPENS

amounts = some.integers(0, 200_000)
rates = some.integers(0, 3_000)
card = some.builds(
    lambda money, share: dict(zip(cost_cards.FIELDS, [*money, *share], strict=True)),
    some.tuples(*[amounts] * 11),
    some.tuples(*[rates] * 6),
)
prices = some.integers(1, 2_000_000)


def frame(one: dict[str, int]) -> pd.DataFrame:
    """One card."""
    return pd.DataFrame([one]).astype("int64")


@given(card, prices, some.sampled_from(cost_cards.FIELDS), some.integers(0, 2_000))
@settings(max_examples=150, deadline=None)
def test_raising_a_cost_never_raises_a_margin(one: dict[str, int], price: int, name: str, more: int) -> None:
    dearer = one | {
        name: one[name] + (-min(more, one[name]) if name == "recovered" else more)
    }  # less recovered is what costs more
    if name == "return_rate" and cost_cards.contribution(frame(one), np.array([price]))[0] < 0:
        return  # selling at a loss, a returned parcel may lose less than a kept one
    receipts = np.array([price])
    if name == "return_rate":
        assert (
            cost_cards.margin(frame(dearer), receipts)[0]
            <= cost_cards.margin(frame(one), receipts)[0] + 1e-12
        )
    else:
        assert (
            cost_cards.contribution(frame(dearer), receipts)[0]
            <= cost_cards.contribution(frame(one), receipts)[0]
        )
        assert (
            cost_cards.margin(frame(dearer), receipts)[0]
            <= cost_cards.margin(frame(one), receipts)[0] + 1e-12
        )
    before, after = cost_cards.price_for(frame(one)), cost_cards.price_for(frame(dearer))
    assert after.isna()[0] or name == "return_rate" or after[0] >= before[0]


@given(card, prices)
@settings(max_examples=150, deadline=None)
def test_components_sum_to_the_contribution(one: dict[str, int], price: int) -> None:
    receipts = np.array([price])
    exact = cost_cards.components(frame(one), receipts).iloc[0]
    assert price * cost_cards.SCALE - int(exact.sum()) == int(
        (receipts * cost_cards.keep_8(frame(one)) - cost_cards.cost_8(frame(one)))[0]
    )
    total = price - int(cost_cards.contribution(frame(one), receipts)[0])
    rounded = cost_cards.rounded(exact, total)
    assert sum(rounded.values()) == total
    assert all(
        abs(value - Fraction(int(exact[name]), cost_cards.SCALE)) < 1 for name, value in rounded.items()
    )


@given(
    some.lists(some.sampled_from([0, 1, LARGEST_PRICE]), min_size=11, max_size=11),
    some.lists(some.sampled_from([0, 10_000]), min_size=6, max_size=6),
)
@settings(max_examples=150, deadline=None)
def test_the_dearest_card_is_still_exact(money: list[int], share: list[int]) -> None:
    one = dict(zip(cost_cards.FIELDS, [*money, *share], strict=True))
    whole = {name: np.array([value], dtype=object) for name, value in one.items()}  # Python's own integers
    exact = (
        LARGEST_PRICE * cost_cards.keep_8(pd.DataFrame(whole), 10_000)
        - cost_cards.cost_8(pd.DataFrame(whole))
    )[0]
    assert (
        np.array([LARGEST_PRICE]) * cost_cards.keep_8(frame(one), 10_000) - cost_cards.cost_8(frame(one))
    )[0] == exact


@given(card, some.integers(-3_000, 5_000))
@settings(max_examples=150, deadline=None)
def test_the_price_for_a_margin_has_that_margin(one: dict[str, int], wanted: int) -> None:
    price = cost_cards.price_for(frame(one), wanted)
    if price.isna()[0]:
        assert cost_cards.keep_8(frame(one), wanted)[0] <= 0
        return
    above = np.array([int(price[0]) + 1])
    assert cost_cards.reaches(frame(one), above, wanted)[0]
    if price[0] > 1:
        assert not cost_cards.reaches(frame(one), np.array([int(price[0]) - 1]), wanted)[0]


@given(some.integers(-(10**12), 10**12), some.integers(1, 10**6))
def test_half_up(value: int, divisor: int) -> None:
    exact = Fraction(value, divisor)
    expected = int(abs(exact) + Fraction(1, 2)) * (1 if value >= 0 else -1)
    assert cost_cards.half_up(np.array([value]), divisor)[0] == expected


@given(some.lists(some.integers(0, 10**7), min_size=1, max_size=20))
def test_charm_prices(given_prices: list[int]) -> None:
    charmed = methods.charm(pd.Series(given_prices, dtype="Int64"))
    assert (charmed % 1000 == 900).all()
    assert ((charmed - given_prices >= 0) & (charmed - given_prices < 1000)).all()


def test_a_charm_price_that_crosses_a_threshold_says_so() -> None:
    before, after = (
        pd.Series([29_800, 29_800, 31_000], dtype="Int64"),
        pd.Series([29_900, 30_900, 31_900], dtype="Int64"),
    )
    assert methods.crossed(before, after, [30_000, 29_900, 0]).tolist() == [29_900, 29_900, pd.NA]
    assert methods.crossed(before, after, []).isna().all()


def test_methods_side_by_side() -> None:
    index = pd.Index(["a", "b", "c"])
    floor, target = (
        pd.Series(values, index=index, dtype="Int64")
        for values in ([5_000, 20_000, pd.NA], [6_000, 25_000, pd.NA])
    )
    nobody = [pd.NA] * 3
    band = {
        "competitor_low": [4_000, 8_000, pd.NA],
        "competitor_high": [9_000, 9_000, pd.NA],
        "history_low": nobody,
        "history_high": nobody,
    }
    market = pd.DataFrame(band, index=index).astype("Int64")
    found = methods.side_by_side(
        floor,
        target,
        market,
        pd.Series([10_000, 22_000, 10_000], index=index, dtype="Int64"),
        Policy(8_500, 7_000),
    )
    assert found["perceived"].tolist() == [6_500, 20_000, pd.NA]  # the band's middle, never below the floor
    assert found["brand"].tolist() == [8_500, 20_000, 8_500]
    assert found["suggested"].iloc[:2].tolist() == [6_900, 20_900]


def test_the_ladder_adds_up_for_every_sku() -> None:
    random = np.random.default_rng(5)
    goods = pd.DataFrame(
        {"list_price": random.integers(2_000, 90_000, 40), "category": "x"},
        index=[f"s{n}" for n in range(40)],
    ).astype({"list_price": "Int64"})
    goods["sale_price"] = (goods["list_price"] * 8 // 10).astype("Int64")
    card = pd.DataFrame({name: random.integers(0, 900, 40) for name in cost_cards.FIELDS}, index=goods.index)
    sets = [
        [
            Rule("cut", "official_cut", 1_300, level="item", base="running", merchant_share=4_000),
            Rule("full", "every_full", 5_000, threshold=30_000, merchant_share=3_333),
        ]
    ]
    found = figures(goods, card, sets, pd.DataFrame({"floor": 0, "target": 500}, index=goods.index))
    for code in goods.index:
        one = goods.loc[[code]].join(found[["worst_quantity"]])
        for name, (rules, parts) in ways(one, sets).items():
            steps = waterfall(one, rules, parts, card.loc[[code]])
            assert steps["amount"].iloc[:-1].sum() == steps["amount"].iloc[-1]
            if name == "usual":
                assert steps["amount"].iloc[-1] == found.loc[code, "contribution"]


@pytest.mark.parametrize(
    ("rule", "usual", "codes"),
    [
        (Rule("r", "amount_off", 2_000, threshold=20_000), None, ()),
        (Rule("r", "amount_off", 20_000, threshold=20_000), None, ("near_threshold",)),
        (Rule("r", "amount_off", 9_999, threshold=20_000), None, ()),
        (Rule("r", "amount_off", 10_000, threshold=20_000), None, ("near_threshold",)),
        (Rule("r", "amount_off", 6_000, threshold=20_000), 1_000, ("part_above_usual",)),
        (Rule("r", "every_full", 5_000, threshold=30_000), 1_000, ()),
        (Rule("r", "percent_off", 5_000, cap=100), None, ("percent_over_half",)),
        (Rule("r", "percent_off", 1_000), None, ("no_cap",)),
        (Rule("r", "amount_off", 500), None, ("no_threshold",)),
        (Rule("r", "fixed_price", 500, level="item"), None, ()),
    ],
)
def test_slips_of_the_hand(rule: Rule, usual: int | None, codes: tuple[str, ...]) -> None:
    assert verdicts.rule_reasons(rule, usual, Alarms()) == codes


def test_protection_liability() -> None:
    paid = pd.DataFrame(
        {"sku_code": ["a", "a", "b", "c"], "unit_price": [1_000, 800, 500, 900], "units": [2, 3, 4, 5]}
    )
    owed = verdicts.protection_liability(paid, pd.Series({"a": 900, "b": 600})).set_index("sku_code")
    assert owed["liability"].to_dict() == {"a": 200, "b": 0, "c": 0}
    assert owed["units"].to_dict() == {"a": 2, "b": 0, "c": 0}


def test_rules_survive_being_written() -> None:
    rule = Rule(
        "r",
        "fixed_price",
        9,
        level="item",
        scope="items",
        items={"a": 7},
        categories=("x",),
        starts=OPENS,
        ends=CLOSES,
        cap=0,
        group="g",
        reach="members",
    )
    assert from_json(as_json(rule)) == rule
    with pytest.raises(ShopError, match=r"price\.rule_unsound"):
        from_json(as_json(rule) | {"starts": "2026-11-11T00:00:00"})


def test_sets_that_are_open_together() -> None:
    early, late = (
        Rule("early", "amount_off", 1, threshold=2, ends=OPENS),
        Rule("late", "amount_off", 1, threshold=2, starts=CLOSES),
    )
    always = Rule("always", "amount_off", 1, threshold=2)
    assert [
        [rule.rule_id for rule in one] for one in sets_open([early, always, late], [(OPENS, CLOSES)])
    ] == [["always"]]
    middle = Rule("middle", "amount_off", 1, threshold=2, starts=OPENS + (CLOSES - OPENS) / 2)
    assert [[rule.rule_id for rule in one] for one in sets_open([middle, always], [(OPENS, CLOSES)])] == [
        ["always"],
        ["middle", "always"],
    ]


def test_the_shipped_limits_are_sound() -> None:
    assert from_stored({}) == PriceLimits()
    assert from_stored({"tiers": {"regular": {"floor": 1_000, "least": -500}}}).of("unknown").least == -500
