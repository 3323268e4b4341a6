"""The promotion engine against plain Python over all subsets, and its laws on random carts."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from core.errors import ShopError
from core.pricing.engine.promotions import (
    EVERYONE,
    Baskets,
    Rule,
    Terms,
    evaluate,
    faults,
    merchant_parts,
    terms,
)
from core.pricing.engine.split import split_rows
from core.pricing.engine.stacks import best, legal_stacks

sys.path.insert(0, str(Path(__file__).parent))
import reference

CODES = ("A", "B", "C")


@some.composite
def rules(draw: some.DrawFn, most: int = 8, scale: int = 1, item_level: bool = True) -> list[Rule]:
    """Up to `most` sound rules of every kind, scope, base, group and reach."""
    made = []
    for number in range(draw(some.integers(0, most))):
        level = draw(some.sampled_from(["item", "order", "order"] if item_level else ["order"]))
        kinds = [
            "amount_off",
            "percent_off",
            *(
                ["every_full"]
                if level == "order"
                else ["fixed_price", "official_cut", "deposit_inflation", "deposit_cut"]
            ),
        ]
        kind = draw(some.sampled_from(kinds))
        value = draw(some.integers(0, 6_000 if kind in {"percent_off", "official_cut"} else 60 * scale))
        scope = draw(some.sampled_from(["shop", "items", "cross_shop"]))
        rule = Rule(
            str(number),
            kind,
            value,
            level=level,
            scope=scope,
            base=draw(some.sampled_from(["list", "item", "item", "running"])),
            threshold=draw(some.integers(1 if kind == "every_full" else 0, 100 * scale)),
            minimum_quantity=draw(some.sampled_from([0, 0, 0, 2, 3])),
            deposit=draw(some.integers(0, value)) if kind == "deposit_inflation" else 0,
            cap=draw(some.none() | some.integers(0, 40 * scale)),
            merchant_share=draw(some.sampled_from([10_000, 5_000, 3_333, 0])),
            group=draw(some.sampled_from(["", "", "g", "h"])),
            reach=draw(some.sampled_from(["automatic", "claimed", "members", "targeted"])),
            items=dict.fromkeys(draw(some.sets(some.sampled_from(CODES), min_size=1)), value)
            if scope == "items"
            else {},
            categories=draw(some.sampled_from([(), (), ("x",), ("x", "y")])) if scope == "items" else (),
        )
        made.append(rule)
        assert faults(rule) == []
    return made


lines = some.lists(
    some.tuples(some.integers(0, 120), some.integers(1, 4), some.integers(0, 30), some.sampled_from(CODES)),
    min_size=1,
    max_size=5,
)


def basket(cart: list[tuple[int, int, int, str]]) -> tuple[Baskets, np.ndarray]:
    """One basket and the codes of its lines."""
    figures = np.array([line[:3] for line in cart], np.int64).T[:, None, :]
    return Baskets(*figures), np.array([[line[3] for line in cart]], object)


def touched(promotion: list[Rule], codes: np.ndarray) -> Terms:
    """Which rules touch lines of these codes, by their categories too."""
    return terms(
        promotion,
        codes,
        np.array([[reference.CATEGORY.get(code, "") for code in row] for row in codes], object),
    )


@given(lines, rules())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_engine_is_brute_force_over_all_subsets(
    cart: list[tuple[int, int, int, str]], promotion: list[Rule]
) -> None:
    baskets, codes = basket(cart)
    for reach in (EVERYONE, frozenset({"automatic", "claimed", "members", "targeted"})):
        offered = [rule for rule in promotion if rule.reach in reach]
        ways = [reference.pay(cart, chosen, promotion) for chosen in reference.subsets(promotion, offered)]
        outcome = best(baskets, promotion, touched(promotion, codes), reach)
        assert outcome.total[0] == min(map(sum, ways))
        assert outcome.pay[0].tolist() in ways


def test_a_group_acts_in_its_turn_whoever_may_have_its_first_rule() -> None:
    """Members' rule first, then one fen off for all, then the group's price for all: 2 fen -> the price of 1
    -> nothing."""
    promotion = [
        Rule("members", "amount_off", 0, level="item", base="list", group="g", reach="members"),
        Rule("off", "amount_off", 1, level="item", base="list"),
        Rule("price", "fixed_price", 1, level="item", base="list", group="g"),
    ]
    baskets, codes = basket([(2, 1, 0, "A")])
    for reach in (EVERYONE, frozenset({"automatic"}), frozenset({"automatic", "members"})):
        assert best(baskets, promotion, touched(promotion, codes), reach).total[0] == 0


@given(lines, rules(), some.randoms())
@settings(max_examples=60, deadline=None)
def test_each_stack_line_by_line(
    cart: list[tuple[int, int, int, str]], promotion: list[Rule], random: object
) -> None:
    baskets, codes = basket(cart)
    for stack in legal_stacks(promotion)[:16]:
        outcome = evaluate(baskets, promotion, touched(promotion, codes), stack[:, None])
        assert outcome.pay[0].tolist() == reference.pay(
            cart, [rule for rule, inside in zip(promotion, stack, strict=True) if inside], promotion
        )


def test_laws_on_ten_thousand_random_carts() -> None:
    random = np.random.default_rng(618)
    shape = (10_000, 6)
    baskets = Baskets(
        random.integers(0, 50_000, shape), random.integers(0, 5, shape), random.integers(0, 9_000, shape)
    )
    codes = random.choice(np.array(CODES, object), shape)
    promotion = [
        Rule("flash", "fixed_price", 990, level="item", scope="items", items={"A": 990}),
        Rule("cut", "official_cut", 1500, level="item", merchant_share=7_000),
        Rule("coupon", "amount_off", 5_000, threshold=39_900, group="coupon", reach="claimed"),
        Rule("large", "amount_off", 90_000, threshold=99_900, group="coupon", reach="claimed"),
        Rule("cross", "every_full", 5_000, threshold=30_000, scope="cross_shop", merchant_share=0),
        Rule("list B", "percent_off", 2_000, scope="items", items={"B": 2_000}, base="running", cap=8_000),
        Rule("red", "amount_off", 1_500, reach="targeted"),
    ]
    outcome = best(baskets, promotion, terms(promotion, codes))
    deducted = outcome.parts.sum(axis=0)
    page = np.maximum(baskets.list_price - baskets.item_off, 0) * baskets.quantity
    assert (outcome.pay >= 0).all()
    assert (outcome.pay <= page).all()
    assert (outcome.pay + deducted == page).all()
    assert (outcome.parts >= 0).all()
    bearing = merchant_parts(promotion, outcome.parts)
    assert (bearing <= outcome.parts).all()
    assert not bearing[4].any()


@given(some.lists(some.integers(0, 10**9), min_size=1, max_size=100), some.fractions(0, 1))
@settings(max_examples=200, deadline=None)
def test_split_sums_and_never_exceeds_a_line(weights: list[int], part: object) -> None:
    total = int(sum(weights) * part)  # type: ignore[operator]
    parts = split_rows(np.array([total]), np.array([weights]))[0]
    assert parts.sum() == total
    assert (parts <= weights).all()
    assert (parts >= 0).all()
    assert parts.tolist() == reference.split(total, weights)


def test_split_beyond_64_bits() -> None:
    weights = [3 * 10**14, 5 * 10**14, 7 * 10**14]
    assert split_rows(np.array([10**15]), np.array([weights]))[0].tolist() == reference.split(10**15, weights)


def test_a_basket_of_a_hundred_lines_is_exact() -> None:
    random = np.random.default_rng(1111)
    cart = [
        (int(p), int(q), 0, CODES[n % 3])
        for n, (p, q) in enumerate(
            zip(random.integers(1, 99_999, 100), random.integers(1, 9, 100), strict=True)
        )
    ]
    promotion = [
        Rule("cut", "official_cut", 1_234, level="item"),
        Rule("coupon", "amount_off", 7_777, threshold=100_000, reach="claimed"),
        Rule("every", "every_full", 5_000, threshold=30_000, scope="cross_shop"),
        Rule(
            "list",
            "percent_off",
            999,
            scope="items",
            items={"A": 999, "C": 999},
            base="running",
            reach="members",
        ),
    ]
    baskets, codes = basket(cart)
    outcome = best(baskets, promotion, terms(promotion, codes))
    assert outcome.pay[0].tolist() == reference.pay(cart, promotion, promotion)


@pytest.mark.parametrize(
    ("price", "rule", "total"),
    [
        (9_901, Rule("r", "amount_off", 5_000, threshold=10_000), 9_901),  # 99.01 must not pass 满100
        (10_000, Rule("r", "amount_off", 5_000, threshold=10_000), 5_000),
        (15_000, Rule("r", "amount_off", 15_100), 0),  # a coupon larger than the cart
        (30_000, Rule("r", "every_full", 5_000, threshold=30_000), 25_000),
        (89_999, Rule("r", "every_full", 5_000, threshold=30_000), 79_999),
        (90_000, Rule("r", "every_full", 5_000, threshold=30_000, cap=10_000), 80_000),
        (100, Rule("r", "percent_off", 10_000, level="item"), 0),
        (1, Rule("r", "percent_off", 300, level="item"), 1),
        (5_000, Rule("r", "fixed_price", 9_900, level="item"), 5_000),  # a flash price never raises a price
    ],
)
def test_known_defects_elsewhere(price: int, rule: Rule, total: int) -> None:
    one = np.array([price])
    assert best(
        Baskets.single(one, one), [rule], terms([rule], np.array([["A"]], object))
    ).total.tolist() == [total]


def test_three_at_a_hundred_is_not_rounded_by_ratio() -> None:
    baskets, codes = basket([(10_000, 1, 0, "A")] * 3)
    promotion = [Rule("cross", "every_full", 5_000, threshold=30_000)]
    assert best(baskets, promotion, terms(promotion, codes)).pay.tolist() == [[8_333, 8_333, 8_334]]


def test_two_hundred_lines_of_one_fifty_each_pay_something() -> None:
    baskets, codes = basket([(150, 1, 0, "A")] * 200)
    promotion = [Rule("cross", "every_full", 5_000, threshold=30_000)]
    assert set(best(baskets, promotion, terms(promotion, codes)).pay[0].tolist()) == {125}


def test_too_many_stacks_is_refused() -> None:
    with pytest.raises(ShopError, match=r"price\.too_many_stacks"):
        legal_stacks([Rule(str(n), "amount_off", 1, reach="claimed") for n in range(13)])


def test_groups_and_automatic_rules() -> None:
    promotion = [
        Rule("a", "amount_off", 1, group="g"),
        Rule("b", "amount_off", 2, group="g", reach="claimed"),
        Rule("c", "amount_off", 3, reach="members"),
    ]
    assert sorted(map(tuple, legal_stacks(promotion).tolist())) == [
        (False, True, False),
        (False, True, True),
        (True, False, False),
        (True, False, True),
    ]


def test_a_coupon_for_each_of_thirty_categories() -> None:
    """What other goods have for themselves is nobody's choice here: no explosion of stacks."""
    names = [f"category {n}" for n in range(30)]
    promotion = [
        Rule(name, "amount_off", 100 + n, threshold=1_000, scope="items", categories=(name,), reach="claimed")
        for n, name in enumerate(names)
    ]
    one = np.full(30, 2_000)
    outcome = best(
        Baskets.single(one, one),
        promotion,
        terms(promotion, np.full((30, 1), "", object), np.array(names, object)[:, None]),
    )
    assert outcome.total.tolist() == [1_900 - n for n in range(30)]
