"""Written baskets, as the command line takes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from core.access import Actor
from core.errors import ShopError
from core.pricing import service


def test_the_shared_baskets(shared: Path, merchandiser: Actor) -> None:
    for case in orjson.loads((shared / "vectors.json").read_bytes())["landed_price"]:
        priced = service.price(merchandiser, {"baskets": [case]})["baskets"][0]
        assert priced["total"] == case["total"]
        assert priced["pay"] == case.get("pay", priced["pay"])
        by_rule = {part["rule"]: part["by_line"] for part in priced["parts"]}
        for name, rule in (
            ("coupon_parts", "shop_coupon"),
            ("cross_parts", "cross_shop_every"),
            ("red_parts", "red_packet"),
        ):
            assert name not in case or by_rule[rule] == case[name]


def test_rules_beside_the_short_forms(merchandiser: Actor) -> None:
    rules = [
        {
            "rule_id": "m",
            "kind": "fixed_price",
            "value": 9_000,
            "level": "item",
            "scope": "items",
            "items": {"A": 9_000},
            "reach": "members",
        }
    ]
    basket = {
        "lines": [{"list": 10_000, "sku_code": "A"}, {"list": 5_000, "qty": 2, "sku_code": "B"}],
        "red_packet": 500,
        "rules": rules,
    }
    priced = service.price(merchandiser, {"baskets": [basket]})["baskets"][0]
    assert priced["total"] == 9_000 + 10_000 - 500
    assert {part["rule"] for part in priced["parts"]} == {"red_packet", "m"}


LINE = {"list": 100}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        ({}, "price.bad_basket"),
        ({"baskets": [1]}, "price.bad_basket"),
        ({"baskets": [{"lines": []}]}, "price.bad_basket"),
        ({"baskets": [{"lines": "x"}]}, "price.bad_basket"),
        ({"baskets": [{"lines": [{"qty": 1}]}]}, "price.bad_basket"),
        ({"baskets": [{"lines": [{"list": 1.5}]}]}, "price.bad_basket"),
        ({"baskets": [{"lines": [{"list": -1}]}]}, "price.bad_basket"),
        ({"baskets": [{"lines": [LINE], "shop_coupon": [1]}]}, "price.bad_basket"),
        ({"baskets": [{"lines": [LINE], "shop_coupon": "ab"}]}, "price.rule_unsound"),
        ({"baskets": [{"lines": [LINE], "cross_shop_every": [0, 100]}]}, "price.rule_unsound"),
        ({"baskets": [{"lines": [LINE], "red_packet": -5}]}, "price.rule_unsound"),
        ({"baskets": [{"lines": [LINE], "rules": [{"kind": "amount_off"}]}]}, "price.rule_unreadable"),
    ],
)
def test_baskets_that_mean_nothing_are_refused(
    merchandiser: Actor, payload: dict[str, Any], code: str
) -> None:
    with pytest.raises(ShopError) as refusal:
        service.price(merchandiser, payload)
    assert refusal.value.code == code
