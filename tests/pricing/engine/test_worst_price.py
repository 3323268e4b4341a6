"""The worst landed price against every basket that one can try: units of the SKU, two kinds of fillers of any
amount, every legal stack."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as some

from core.errors import ShopError
from core.pricing.engine.cheapest_way import Worst
from core.pricing.engine.fillers import reckonable
from core.pricing.engine.promotions import Baskets, Rule, evaluate, faults, terms
from core.pricing.engine.stacks import legal_stacks
from core.pricing.engine.worst_price import Prices, worst_landed

sys.path.insert(0, str(Path(__file__).parent))
import reference

BESIDE = (
    "B",
    "C",
    "",
    "elsewhere",
)  # two SKUs that rules may name, plain goods of the shop, goods of another shop
AMOUNTS = np.arange(0, 181, 9)  # fen of each filler


@some.composite
def orders(draw: some.DrawFn, named: tuple[str, ...] = ("A", "B", "C"), most: int = 4) -> list[Rule]:
    """Up to `most` sound order-level rules with parallel thresholds, and item-level ones for the SKU."""
    made = []
    for number in range(draw(some.integers(1, most))):
        kind = draw(some.sampled_from(["amount_off", "every_full", "percent_off", "official_cut"]))
        item = kind == "official_cut"
        value = draw(some.integers(0, 5_000 if kind in {"percent_off", "official_cut"} else 60))
        scope = draw(some.sampled_from(["shop", "cross_shop", "items", "items"]))
        codes = draw(some.sets(some.sampled_from(named), min_size=1)) if scope == "items" else set()
        rule = Rule(
            str(number),
            kind,
            value,
            level="item" if item else "order",
            scope=scope,
            threshold=draw(some.integers(1, 120)),
            minimum_quantity=draw(some.sampled_from([0, 0, 0, 2, 3])),
            cap=draw(some.none() | some.integers(0, 60)),
            merchant_share=draw(some.sampled_from([10_000, 5_000, 0])),
            group=draw(some.sampled_from(["", "", "g", "h"])),
            reach=draw(some.sampled_from(["automatic", "claimed", "members", "targeted"])),
            items=dict.fromkeys(sorted(codes), value),
            categories=draw(some.sampled_from([(), (), ("x",), ("y",)]))
            if scope == "items" and len(named) > 1
            else (),
        )
        assert faults(rule) == []
        made.append(rule)
    return made


def search(price: int, promotion: list[Rule]) -> Worst:
    """What the search finds for SKU A."""
    one = np.array([price])
    return worst_landed(
        Prices(one, one), promotion, terms(promotion, np.array([["A"]], object), np.array([["x"]], object))
    )


def every_basket(
    price: int, promotion: list[Rule], kinds: tuple[str, str], amounts: np.ndarray, most: int = 3
) -> int:
    """The least that one unit costs in any basket of up to `most` units and fillers of two kinds, or one unit
    and fillers in three pieces."""
    first, second = (grid.ravel() for grid in np.meshgrid(amounts, amounts))
    lines = np.array([["A", *kinds]], object)
    term = terms(
        promotion, lines, np.array([[reference.CATEGORY.get(code, "") for code in lines[0]]], object)
    )
    for at, rule in enumerate(promotion):
        term.applies[at, 0, 1:] &= (rule.level == "order") & (
            (lines[0, 1:] != "elsewhere") | (rule.scope == "cross_shop")
        )
    wide = type(term)(*(np.repeat(array, len(first), axis=1) for array in (term.applies, term.value)))
    least = price
    for units, pieces in (*((units, 1) for units in range(1, most + 1)), (1, 3)):
        listed = np.column_stack([np.full_like(first, price), first // pieces, second // pieces])
        quantity = np.column_stack([np.full_like(first, units), pieces * (first > 0), pieces * (second > 0)])
        baskets = Baskets(listed, quantity, np.zeros_like(listed))
        for stack in legal_stacks(promotion):
            outcome = evaluate(baskets, promotion, wide, np.repeat(stack[:, None], len(first), axis=1))
            least = min(least, int((outcome.pay[:, 0] // units).min()))
    return least


def assert_never_beaten(price: int, promotion: list[Rule], kinds: tuple[str, str]) -> None:
    """No basket is cheaper than the bound; a fen for the rounding of every two splits."""
    assume(len(legal_stacks(promotion)) <= 24)
    found = search(price, promotion)
    assert found.pay[0] <= every_basket(price, promotion, kinds, AMOUNTS) + 1 + len(promotion) // 2
    assert found.least_receipts[0] <= found.receipts[0]
    assert found.receipts[0] >= found.pay[0] >= 0


pairs = some.sampled_from([(one, other) for one in BESIDE for other in BESIDE if one < other])
calm = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.filter_too_much]}


@given(some.integers(20, 120), orders(), pairs)
@settings(max_examples=60, **calm)
def test_no_basket_beats_the_bound(price: int, promotion: list[Rule], kinds: tuple[str, str]) -> None:
    assert_never_beaten(price, promotion, kinds)


@pytest.mark.soak
@pytest.mark.timeout(1_800)
@given(some.integers(20, 120), orders(), pairs)
@settings(max_examples=2_000, **calm)
def test_no_basket_beats_the_bound_in_two_thousand_sets(
    price: int, promotion: list[Rule], kinds: tuple[str, str]
) -> None:
    assert_never_beaten(price, promotion, kinds)


@given(some.integers(20, 60), orders(named=("A",), most=3))
@settings(max_examples=10, **calm)
def test_a_basket_exists_that_costs_it(price: int, promotion: list[Rule]) -> None:
    """Where no other goods have a coupon of their own, the bound is a price that a buyer can reach, to the
    fen of a split."""
    assume(len(legal_stacks(promotion)) <= 12 and all(rule.minimum_quantity < 2 for rule in promotion))
    assume(all(rule.scope != "items" for rule in promotion if rule.level == "order"))
    least = every_basket(
        price, promotion, ("", "elsewhere"), np.arange(0, 130, 1), most=6
    )  # as many as pass 120 at a price of 20
    assert search(price, promotion).pay[0] >= least - 1


def test_a_filler_with_a_coupon_of_its_own_leaves_more_to_the_sku() -> None:
    """100 yuan of A and 200 of B pass 300-50; B has 199-100 for itself, so A bears half of the 50 instead of
    a third."""
    cross = Rule("cross", "every_full", 5_000, threshold=30_000, scope="cross_shop")
    own = Rule(
        "own", "amount_off", 10_000, threshold=20_000, scope="items", items={"B": 10_000}, reach="claimed"
    )
    assert search(10_000, [cross]).pay.tolist() == [8_333]
    assert search(10_000, [own, cross]).pay.tolist() == [7_500]
    assert search(10_000, [own, cross]).parts[:, 0].tolist() == [0, 2_500]


def test_one_filler_counts_for_two_overlapping_lists() -> None:
    lists = [
        Rule("AB", "amount_off", 5_000, threshold=10_000, scope="items", items={"A": 5_000, "B": 5_000}),
        Rule("ABC", "amount_off", 5_000, threshold=10_000, scope="items", items=dict.fromkeys("ABC", 5_000)),
    ]
    assert search(4_000, lists).pay.tolist() == [0]
    assert search(4_000, lists).filler.tolist() == [6_000]


def test_two_units_reach_a_threshold_on_the_list_price() -> None:
    """Listed at 144.00 and sold at 95.64, 31% off the list price from 200: two of them cost 51.00 each, one with
    a filler 56.54."""
    rule = Rule("list", "percent_off", 3_100, base="list", threshold=20_000)
    found = worst_landed(
        Prices(np.array([14_400]), np.array([9_564])), [rule], terms([rule], np.array([["A"]], object))
    )
    assert (found.pay.tolist(), found.quantity.tolist()) == ([5_100], [2])


def test_what_one_unit_leaves_over_of_a_threshold_adds_up_to_one_more() -> None:
    """Listed at .66 and sold at .09, .07 off every .56 of the list price: five units make five times .56 and cost .10
    together; six make seven times and cost .05; 28 make just 33 times and cost .21, least for one."""
    rule = Rule("every", "every_full", 7, base="list", threshold=56, scope="items", items={"A": 7})
    found = worst_landed(
        Prices(np.array([66]), np.array([9])), [rule], terms([rule], np.array([["A"]], object))
    )
    assert (found.pay.tolist(), found.quantity.tolist()) == ([0], [28])


@given(some.integers(40, 120), some.integers(5, 100), orders(named=("A",), most=2))
@settings(max_examples=25, **calm)
def test_no_number_of_units_beats_the_bound_on_list_prices(
    listed: int, percent: int, promotion: list[Rule]
) -> None:
    """Every order rule on the list price, the SKU cut on its page: up to eight units without a filler."""
    rules = [replace(rule, base="list") if rule.level == "order" else rule for rule in promotion]
    assume(len(legal_stacks(rules)) <= 12)
    sale = max(listed * percent // 100, 1)
    one = terms(rules, np.array([["A"]], object), np.array([["x"]], object))
    found = worst_landed(Prices(np.array([listed]), np.array([sale])), rules, one)
    for units in range(1, 9):
        basket = Baskets(*(np.array([[value]], np.int64) for value in (listed, units, listed - sale)))
        for stack in legal_stacks(rules):
            outcome = evaluate(basket, rules, one, stack[:, None])
            assert found.pay[0] <= int(outcome.pay[0, 0]) // units + 1


def test_pieces_are_filled_up_with_next_to_nothing() -> None:
    assert search(10_000, [Rule("two", "amount_off", 3_000, minimum_quantity=2)]).pay.tolist() == [7_000]
    alone = Rule("two", "amount_off", 3_000, minimum_quantity=2, scope="items", items={"A": 3_000})
    assert search(10_000, [alone]).pay.tolist() == [8_500]


def test_thirty_category_coupons_are_reckoned() -> None:
    """Coupons for other goods are not this SKU's stacks: the set can be saved, and each SKU is held to its
    own."""
    coupons = [
        Rule(
            f"q{n}",
            "amount_off",
            1_000,
            threshold=5_000,
            scope="items",
            categories=(f"c{n}",),
            reach="claimed",
        )
        for n in range(30)
    ]
    reckonable(coupons)
    price, codes = np.full(30, 6_000), np.full((30, 1), "", object)
    found = worst_landed(
        Prices(price, price), coupons, terms(coupons, codes, np.array([[f"c{n}"] for n in range(30)], object))
    )
    assert found.pay.tolist() == [5_000] * 30


def test_a_set_of_too_many_free_choices_is_refused() -> None:
    with pytest.raises(ShopError, match=r"price\.too_many_stacks"):
        reckonable([Rule(str(n), "amount_off", 1, threshold=100 + n, reach="claimed") for n in range(12)])
