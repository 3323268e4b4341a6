"""Every price figure of the shared vectors."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest

from core import money
from core.pricing.engine import cost_cards
from core.pricing.engine.methods import charm
from core.pricing.engine.promotions import Baskets, Rule, terms
from core.pricing.engine.split import split_rows
from core.pricing.engine.stacks import best
from core.warmup.presale import balance_due, final_price


@pytest.fixture(scope="module")
def vectors(shared: Path) -> dict[str, Any]:
    """The exact results."""
    return orjson.loads((shared / "vectors.json").read_bytes())


def fen(yuan: str | int) -> int:
    """Yuan as written, in fen."""
    return money.from_yuan(str(yuan))


def card(**fields: int) -> pd.DataFrame:
    """One card; what is not named is nothing."""
    return pd.DataFrame([dict.fromkeys(cost_cards.FIELDS, 0) | fields])


def test_largest_remainder(vectors: dict[str, Any]) -> None:
    for case in vectors["largest_remainder"]:
        if isinstance(case["lines"], str):
            assert split_rows(np.array([5000]), np.full((1, 200), 150)).tolist() == [[25] * 200]
            continue
        parts = split_rows(np.array([case["total"]]), np.array([case["lines"]]))
        assert parts.tolist() == [case["parts"]]
        if "refund_of_first_line" in case:
            pay = np.array(case["lines"]) - parts[0]
            assert pay[0] == case["refund_of_first_line"]


def test_every_full(vectors: dict[str, Any]) -> None:
    rule = Rule("full", "every_full", 5000, threshold=30000)
    prices, offs = np.array(vectors["every_full_300_minus_50"]).T
    outcome = best(
        Baskets.single(prices, prices), [rule], terms([rule], np.full((len(prices), 1), "", object))
    )
    assert outcome.parts[0, :, 0].tolist() == offs.tolist()


def test_landed_price(vectors: dict[str, Any]) -> None:
    for case in vectors["landed_price"]:
        rules = []
        if "shop_coupon" in case:
            rules.append(
                Rule("coupon", "amount_off", case["shop_coupon"][1], threshold=case["shop_coupon"][0])
            )
        rules.append(
            Rule(
                "cross",
                "every_full",
                case["cross_shop_every"][1],
                threshold=case["cross_shop_every"][0],
                scope="cross_shop",
            )
        )
        rules.append(Rule("red", "amount_off", case.get("red_packet", 0)))
        lines = [
            np.array([[line.get(name, 0) for line in case["lines"]]]) for name in ("list", "qty", "item_off")
        ]
        outcome = best(Baskets(*lines), rules, terms(rules, np.full(lines[0].shape, "", object)))
        assert outcome.total.tolist() == [case["total"]]
        for name, value in (("pay", outcome.pay[0]), ("after_item", outcome.item[0])):
            assert name not in case or value.tolist() == case[name]
        for at, name in enumerate(["coupon_parts", "cross_parts", "red_parts"]):
            assert name not in case or outcome.parts[at, 0].tolist() == case[name]


def test_presale(vectors: dict[str, Any]) -> None:
    for case in vectors["presale"]:
        counted = case["counted"] if "counted" in case else case["deposit"] + case["immediate_cut"]
        kind, value = (
            ("deposit_inflation", counted) if "counted" in case else ("deposit_cut", case["immediate_cut"])
        )
        told = case["price"], case["deposit"], counted
        assert (final_price(*told), balance_due(*told)) == (case["final"], case["balance"])
        rule = Rule("deposit", kind, value, level="item", deposit=case["deposit"])
        price = np.array([case["price"]])
        assert best(
            Baskets.single(price, price), [rule], terms([rule], np.array([[""]], object))
        ).total.tolist() == [case["final"]]


def test_price_build_up(vectors: dict[str, Any]) -> None:
    for case in vectors["price_build_up_yuan"]:
        rates = dict(
            zip(
                ("production", "commission", "advertising", "payment_fee"),
                (int(Decimal(p) * 10_000) for p in case["percents"]),
                strict=True,
            )
        )
        names = ("product", "inner_packing", "outer_packing", "after_sale_card", "consumables", "express")
        one = card(**dict(zip(names, map(fen, case["fixed"]), strict=True)), **rates)
        assert cost_cards.price_for(one, int(Decimal(case["margin"]) * 10_000)).tolist() == [
            fen(case["price"])
        ]


def test_price_with_returns(vectors: dict[str, Any]) -> None:
    case = vectors["price_with_returns_yuan"]
    one = card(
        product=3800,
        express=1220,
        return_rate=1200,
        recovered=8000,
        return_handling=400,
        freight_insurance=75,
        commission=860,
        advertising=1000,
    )
    assert Decimal(int(cost_cards.cost_8(one)[0])).scaleb(-10) == Decimal(case["K"])
    assert cost_cards.price_for(one).tolist() == [fen(case["break_even"])]
    assert cost_cards.price_for(one, 1500).tolist() == [fen(case["price_at_15_percent_of_net"])]
    at, receipts = case["at_99"], np.array([9900])
    exact = Decimal(int((receipts * cost_cards.keep_8(one) - cost_cards.cost_8(one))[0])).scaleb(-10)
    assert exact == Decimal(at["contribution"])
    assert cost_cards.contribution(one, receipts).tolist() == [2195]
    assert cost_cards.margin(one, receipts)[0] == pytest.approx(
        float(at["contribution_of_net_revenue"]), abs=1e-8
    )
    assert Decimal(int(cost_cards.before_ads(one, receipts)[0])).scaleb(-10) == Decimal(
        at["pre_ad_contribution"]
    )
    assert cost_cards.break_even_roi(one, receipts)[0] == pytest.approx(float(at["break_even_roi"]), abs=1e-7)
    assert 1 / cost_cards.break_even_roi(one, receipts)[0] == pytest.approx(
        float(at["break_even_acos"]), abs=1e-8
    )
    ignoring = cost_cards.price_for(cost_cards.without_returns(one))[0]
    assert (
        0.09 < 1 - ignoring / cost_cards.price_for(one)[0] < 0.11
    )  # ignoring returns understates the break-even by about 10%


def test_floor_price(vectors: dict[str, Any]) -> None:
    case = vectors["floor_price_yuan"]
    one = card(product=case["fixed"] * 100, commission=500, production=300)
    assert cost_cards.margin(one, np.array([10_000]))[0] == pytest.approx(case["margin_at_100"])
    assert cost_cards.price_for(one, 2000).tolist() == [fen(str(case["floor_at_20_percent"]))]


def test_charm_price(vectors: dict[str, Any]) -> None:
    for price, charmed in vectors["charm_price"]:
        assert charm(pd.Series([fen(price)], dtype="Int64")).tolist() == [charmed * 100]


def test_no_price_works() -> None:
    assert cost_cards.price_for(card(product=100, commission=6000, advertising=4000)).isna().all()
