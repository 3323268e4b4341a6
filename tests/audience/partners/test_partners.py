"""Partners: points of five criteria, cost and return by hand, new buyers by their first order, contracts that end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.audience.partners import scores, service
from core.audience.partners.scores import CRITERIA
from core.audience.partners.service import Terms
from core.database import Database
from core.errors import ShopError
from core.orders.sheet import ORDERS
from tests.audience.people.shop import NOW, ORDER_HEAD, csv, take

TERMS = Terms("leader", "团长小满", "团长小满", 2_000, 30_000, 0.1, 500, "2026-11-01", "", 5, 4, 5, 4, 5)


def test_cost_is_fee_commission_and_rewards() -> None:
    partners = pd.DataFrame(
        {
            "channel": ["a", "b", ""],
            "fixed_fee": [30_000, 0, 9_000],
            "commission_rate": [0.1, 0.055, 0.0],
            "reward": [500, 0, 0],
            **{name: pd.array([5, 3, None], dtype="Int64") for name in CRITERIA},
        }
    )
    brought = pd.DataFrame(
        {
            "orders": [3, 1],
            "buyers": [2, 1],
            "new_buyers": [2, 0],
            "amount": [100_000, 1_010],
            "refund": [20_000, 0],
        },
        index=["a", "b"],
    ).assign(units=0, goods_cost=pd.array([30_000, None], dtype="Int64"))
    rows = scores.judged(partners, brought, 60).set_index("channel")
    assert rows.loc["a", ["fee", "commission", "rewards", "cost"]].tolist() == [60_000, 8_000, 1_000, 69_000]
    assert rows.loc["a", ["kept", "cost_per_new", "margin"]].tolist() == [80_000, 34_500, -19_000]
    assert rows.loc["a", "roi"] == pytest.approx(80 / 69)
    assert rows.loc["b", "commission"] == 56, "1010 x 5.5% is 55.55: half up"
    assert pd.isna(rows.loc["b", "margin"]), "goods without a cost are never free"
    assert rows["rank"].tolist()[:2] == [1, 2]
    assert rows.index[-1] == "", "without a channel nothing can be told"
    assert pd.isna(rows.loc["", "score"])
    assert rows.loc["a", "score"] == 5


def test_partners_from_orders(database: Database, merchandiser: Actor, lead: Actor, finance: Actor) -> None:
    head = (*ORDER_HEAD, "退款金额", "渠道")
    days = [
        (80, "甲甲甲", ""),
        (40, "甲甲甲", "团长小满"),
        (30, "乙乙乙", "团长小满"),
        (20, "乙乙乙", "团长小满"),
        (10, "丙丙丙", "团长小满"),
    ]
    rows = []
    for number, (ago, who, channel) in enumerate(days):
        at = (NOW + timedelta(hours=8) - timedelta(days=ago)).strftime("%Y-%m-%d %H:%M:%S")
        back = 40 if number == 3 else 0
        state, back = ("退款成功", 100) if number == 4 else ("交易成功", back)
        rows.append((f"B{number}", "S1", "货", who, state, at, at, 1, 100, back, channel))
    take(database, merchandiser, ORDERS, csv(head, rows))
    own = service.put(database, lead, TERMS, now=NOW)
    shown = service.partners(database, lead, 60, now=NOW)
    row = shown.rows.loc[own]
    assert row[["orders", "buyers", "new_buyers", "amount", "refund"]].tolist() == [4, 3, 1, 40_000, 14_000]
    assert row["kept"] == 26_000, "what was refunded whole was paid too, and kept nothing"
    assert row[["fee", "commission", "rewards"]].tolist() == [60_000, 2_600, 500]
    assert shown.ending.to_numpy().tolist() == [["团长小满", 12]]
    assert "margin" not in shown.rows, "a lead sees no margins"
    assert pd.isna(service.partners(database, finance, 60, now=NOW).rows.loc[own, "margin"])
    with pytest.raises(ShopError, match=r"partner\.channel"):
        service.put(database, lead, replace(TERMS, name="另一位"), now=NOW)
    with pytest.raises(ShopError, match=r"partner\.terms"):
        service.put(database, lead, replace(TERMS, channel="x", fit=6), now=NOW)
    with pytest.raises(ShopError, match=r"partner\.moved"):
        service.put(database, lead, TERMS, own, now=NOW)
    service.put(database, lead, replace(TERMS, version=1, reward=0), own, now=NOW)
    with pytest.raises(ShopError, match=r"access\.denied"):
        service.take_out(database, merchandiser, own, 2, now=NOW)
    service.take_out(database, lead, own, 2, now=NOW)
    assert service.partners(database, lead, now=NOW).rows.empty
