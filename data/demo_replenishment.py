"""The demo's purchasing: what the buyer decided a week ago and what has come of it, as a small plan that the
demo's step plays through the real services."""

from __future__ import annotations

from datetime import date

import orjson

from data.demo_goods import SHORT
from data.demo_shop import shop

FIRST_BUDGET = 60_000_00  # fen: a first, careful order
BUDGET = 600_000_00
BY_HAND = (  # SKU, days of ordinary sales, why
    (SHORT[0], 6, "主播加场 2 小时"),
    (SHORT[1], 2, "新包装到货前只补一半"),
)


def files(anchor: date) -> dict[str, bytes]:  # noqa: ARG001 - every package's files are made for a day
    """replenishment.json: the budgets of two runs and two quantities set by hand."""
    goods = shop().set_index("sku_code")["units_per_day"]
    plan = {
        "first_budget": FIRST_BUDGET,
        "budget": BUDGET,
        "price_reason": "引流款，按计划件数让利",
        "by_hand": [
            {"sku_code": code, "quantity": int(goods[code] * days // 60 * 60 + 60), "reason": reason}
            for code, days, reason in BY_HAND
        ],
    }
    return {"replenishment.json": orjson.dumps(plan, option=orjson.OPT_INDENT_2)}
