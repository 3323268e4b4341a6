"""A basket tried out: what each line pays, why each rule acts or does not, and the cheapest way."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.errors import ShopError
from core.pricing import baskets
from core.pricing.baskets import REACH, simulated
from core.pricing.engine.promotions import Rule
from tests.pricing.conftest import Shop

NOON = datetime(2026, 11, 11, 4, tzinfo=UTC)
GOODS = pd.DataFrame(
    {
        "name": ["面霜", "精华"],
        "category": ["护肤", "护肤"],
        "list_price": pd.array([30_000, 20_000], "Int64"),
        "sale_price": pd.array([20_000, 15_000], "Int64"),
    },
    index=pd.Index(["A", "B"], name="sku_code"),
)
CROSS = Rule("cross", "every_full", 5_000, threshold=30_000, scope="cross_shop", name="每满 300 减 50")
MEMBER = Rule("member", "amount_off", 1_000, threshold=10_000, reach="members", group="coupon", name="会员券")
COUPON = Rule("coupon", "amount_off", 2_000, threshold=10_000, reach="claimed", group="coupon", name="店铺券")
LARGE = Rule("large", "amount_off", 9_000, threshold=90_000, name="满 900 减 90")
LATE = Rule("late", "amount_off", 500, starts=NOON + timedelta(hours=2), ends=NOON + timedelta(hours=4))
OTHER = Rule("other", "amount_off", 700, scope="items", items={"Z": 700})
RULES = [CROSS, MEMBER, COUPON, LARGE, LATE, OTHER]


def reasons(buyer: baskets.Buyer = "anyone", moment: datetime = NOON) -> dict[str, str]:
    shown = simulated(GOODS, np.array([1, 1]), RULES, REACH[buyer], moment)
    return dict(zip(shown.rules["rule_id"], shown.rules["reason"], strict=True))


def test_every_rule_says_whether_it_acts_and_why() -> None:
    assert reasons() == {
        "cross": "applied",
        "member": "not_offered",
        "coupon": "applied",
        "large": "threshold",
        "late": "closed",
        "other": "other_goods",
    }
    assert reasons("member")["member"] == "rival"
    assert reasons(moment=NOON + timedelta(hours=3))["late"] == "applied"


def test_lines_and_parts_sum_to_the_total_to_the_fen() -> None:
    shown = simulated(GOODS, np.array([1, 1]), RULES, REACH["anyone"], NOON)
    assert shown.total == 35_000 - 5_000 - 2_000 == shown.lines["pay"].sum()
    assert shown.parts.to_numpy().sum() == 7_000
    missing = shown.rules.set_index("rule_id").loc["large", "missing"]
    assert missing == 90_000 - 35_000


def test_splitting_is_found_where_it_is_cheaper() -> None:
    each = replace(COUPON, value=3_000)
    shown = simulated(GOODS, np.array([1, 1]), [each], REACH["anyone"], NOON)
    assert [(way.name, way.total) for way in shown.ways][:1] == [("by_line", 35_000 - 6_000)]
    together = simulated(GOODS, np.array([1, 1]), [CROSS], REACH["anyone"], NOON)
    assert together.ways[0].name == "together"


def test_the_service_asks_for_something_in_the_basket(shop: Shop, finance: Actor) -> None:
    def tried(basket: dict[str, int]) -> baskets.Simulation:
        return baskets.simulate(shop.db, finance, shop.campaign_id, baskets.Purchase(basket, "anyone", NOON))

    for basket, code in (
        ({}, "price.empty_basket"),
        ({"nobody": 1}, "price.not_in_campaign"),
        ({"A001": 1_000}, "price.basket_too_large"),
    ):
        with pytest.raises(ShopError) as refusal:
            tried(basket)
        assert refusal.value.code == code
    assert tried({"A001": 2}).lines["quantity"].tolist() == [2]
