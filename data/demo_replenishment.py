"""The demo's purchasing: what the buyer decided a week ago and what has come of it, as a small plan that the demo's step plays through the real services."""

from __future__ import annotations

from datetime import date

import orjson

from data.demo_shop import shop

FIRST_BUDGET = 1_000_000_00  # fen: a first, careful order
BUDGET = 2_500_000_00


def files(anchor: date) -> dict[str, bytes]:  # noqa: ARG001 - every room's files are made for a day
    """replenishment.json: the budgets of two runs and two quantities set by hand."""
    goods = shop()
    heroes = goods[goods["tier"] == "pre_hot"]["sku_code"].tolist()[:2]
    plan = {
        "first_budget": FIRST_BUDGET,
        "budget": BUDGET,
        "by_hand": [
            {"sku_code": heroes[0], "quantity": 2400, "reason": "主播加场 2 小时"},
            {"sku_code": heroes[1], "quantity": 600, "reason": "新包装到货前只补一半"},
        ],
    }
    return {"replenishment.json": orjson.dumps(plan, option=orjson.OPT_INDENT_2)}
