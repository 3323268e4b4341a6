"""Demo of lists: a list that went out before the last sale, with what its people would buy with and without being
called; a list of now; the day of the stored segment run; a round that is over."""

from __future__ import annotations

import json
from datetime import date, timedelta

import numpy as np

from data.demo_live import SALES
from data.demo_shop import SEED, shop
from data.demo_warmup import leading

SENT_DAYS_AGO = SALES[-1][1] + 3  # before the last sale opened
JUDGED_DAYS = 21
BUYERS = 1_000  # more than a past sale had
ANYWAY, CALLED = 0.06, 0.15  # who buys within the days, left alone and called
RUN_DAYS_AGO = 30


def wanted() -> str:
    """The goods that most members looked at."""
    return str(leading()["sku_code"].iloc[0])


def files(anchor: date) -> dict[str, bytes]:  # noqa: ARG001 - every room has the same
    """lists.json: the lists' plans, and for each buyer of an earlier sale, in the order of their payments, the order
    that would come of it: when, what, for how much."""
    random, goods = np.random.default_rng(SEED + 60), shop()
    answers = []
    for number in range(BUYERS):
        draw, position = float(random.random()), int(random.integers(len(goods)))
        if draw >= CALLED:
            continue
        after = timedelta(days=float(random.uniform(0.2, JUDGED_DAYS - 0.5)))
        paid = int(goods["list_price"].iloc[position] * 0.88 // 100)
        answers.append(
            {
                "buyer": number,
                "anyway": draw < ANYWAY,
                "after_minutes": round(after.total_seconds() / 60),
                "sku_code": str(goods["sku_code"].iloc[position]),
                "title": str(goods["name"].iloc[position]),
                "yuan": paid,
                "refunded": bool(random.random() < 0.05),
            }
        )
    contents = {
        "last": {
            "kind": "second",
            "name": "年中新客第二单",
            "events": f"past_events_{SALES[-2][2]}.ndjson.gz",
            "days_ago": SENT_DAYS_AGO,
            "plan": {
                "control": 0.3,
                "coupon": 1_000,
                "threshold": 9_900,
                "coupon_from": "in_price",
                "days": JUDGED_DAYS,
            },
            "answers": answers,
        },
        "now": {
            "kind": "wished",
            "name": "双十一想买没舍得买",
            "department": "customer_service",
            "task": "想买没舍得买：发定向券",
            "plan": {
                "control": 0.2,
                "coupon": 500,
                "threshold": 9_900,
                "coupon_from": "in_price",
                "waited": 3,
            },
        },
        "run_days_ago": RUN_DAYS_AGO,
        "round": {"sku_code": wanted(), "name": "早鸟限量", "hours_ago": 30, "minutes": 60, "quota": 5},
    }
    return {"lists.json": json.dumps(contents, ensure_ascii=False, indent=1).encode()}
