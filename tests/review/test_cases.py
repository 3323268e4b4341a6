"""Cases of the service desk through the real import, their sums; refunds before the goods are back; the load's ages."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.database import Database, insert
from core.errors import ShopError
from core.imports import service as imports
from core.imports.service import Choice
from core.orders.tables import order_line
from core.review.after_sales import after_sale, cases, refund_rule, returns
from core.review.after_sales.fast_refund import FastRefund, cost, judged
from core.review.sheet import SERVICE
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)
CSV = """工单编号,类别,创建时间,完结时间,商家编码,原因,满意度
T1,售后,2026-11-11 10:00:00,2026-11-11 14:00:00,S01,破损,
T2,售后,2026-11-11 11:00:00,,S01,破损,
T3,售后,2026-11-12 09:00:00,2026-11-12 10:00:00,S02,发错,
R1,评价,2026-11-12 09:00:00,2026-11-12 09:00:00,S02,,5
R2,评价,2026-11-12 09:30:00,2026-11-12 09:30:00,S02,,2
C1,关怀,2026-11-12 20:00:00,,,,
OLD,售后,2026-11-01 10:00:00,,S01,破损,
"""


@pytest.fixture
def shop(database: Database, admin: Actor) -> Shop:
    """A closed sale with some orders."""
    sale = opened(database, admin)
    sale.send(hour(orders=40))
    return sale


def _import(shop: Shop, admin: Actor, text: str) -> str:
    draft = imports.check(imports.inspect(shop.db, admin, SERVICE, text.encode(), "cases.csv", Choice()))
    return imports.commit(shop.db, admin, draft, now=CLOSED).import_id


def test_cases_are_imported_summed_and_taken_back(shop: Shop, admin: Actor) -> None:
    import_id = _import(shop, admin, CSV)
    summed = cases.cases(shop.db, admin, shop.campaign_id, CLOSED)
    assert (summed.count, summed.open, summed.rated) == (3, 2, 2)
    assert (summed.rating, summed.satisfied) == (3.5, 0.5)
    reasons = summed.reasons.set_index("reason")
    assert reasons["cases"].to_dict() == {"破损": 2, "发错": 1}
    assert reasons.loc["破损", "hours"] == 4
    ageing = summed.ageing.set_index("age")["cases"]
    assert ageing.to_dict() == {"day": 1, "three_days": 1, "week": 0, "older": 0}
    closed = CSV.replace("11:00:00,,S01", "11:00:00,2026-11-11 23:00:00,S01")
    later = _import(shop, admin, closed)
    assert cases.cases(shop.db, admin, shop.campaign_id, CLOSED).open == 1, (
        "a later export of a case replaces it"
    )
    imports.undo(shop.db, admin, SERVICE, later, reason="again", now=CLOSED)
    imports.undo(shop.db, admin, SERVICE, import_id, reason="again", now=CLOSED)
    assert cases.cases(shop.db, admin, shop.campaign_id, CLOSED).count == 0


REFUNDS = pd.DataFrame(
    [
        (5_000, "lip", "a", 10, 4, 1, 6.0),  # through
        (50_000, "lip", "a", 11, 5, 1, 6.0),  # too much
        (5_000, "gold", "a", 12, 6, 1, 6.0),  # seen first
        (5_000, "lip", "", 12, 9, 0, 6.0),  # nobody knows whose
        (5_000, "lip", "b", 12, 1, 0, 6.0),  # too few orders
        (5_000, "lip", "c", 12, 4, 3, 6.0),  # sends most back
        (5_000, "lip", "a", 13, 7, 1, np.nan),  # through
        (5_000, "lip", "a", 14, 8, 1, 2.0),  # too often in thirty days
        (5_000, "lip", "a", 41, 9, 1, 2.0),  # one has passed by
    ],
    columns=["amount", "category", "buyer_key", "day", "earlier_orders", "earlier_refunds", "waited"],
)
RULE = FastRefund(most=10_000, kept_back=frozenset({"gold"}), orders=2, share=0.3, times=2, loss=0.05)


def test_the_rule_says_why_it_holds_a_refund_back() -> None:
    why = ["", "amount", "goods", "unknown_buyer", "history", "history", "", "abuse", ""]
    assert judged(REFUNDS, RULE).tolist() == why
    shuffled = REFUNDS.sample(frac=1, random_state=3)
    assert judged(shuffled, RULE).sort_index().tolist() == why, "by day, whatever the order of the rows"


def test_the_cost_of_a_rule_is_its_loss_on_what_it_advances() -> None:
    result = cost(REFUNDS, RULE)
    assert (result.refunds, result.fast, result.advanced, result.lost) == (9, 3, 15_000, 750)
    assert result.days_spared == 4.0
    assert result.held == {"history": 2, "amount": 1, "goods": 1, "unknown_buyer": 1, "abuse": 1}
    strict = cost(REFUNDS, FastRefund(times=1))
    assert strict.fast < result.fast + 1
    assert cost(REFUNDS.iloc[:0], RULE).fast == 0


def test_a_young_sale_takes_the_ages_of_the_shops_orders(shop: Shop, admin: Actor) -> None:
    """A hundred units a day for two months, a tenth back after five days, by order exports: the sale's load comes then."""
    days = [CLOSED - timedelta(days=n) for n in range(1, 61)]
    rows = pd.DataFrame({"paid_at": days, "order_id": [f"x{n}" for n in range(60)]})
    kept = rows.assign(quantity=90, refunded_at=None, refund_amount=0)
    back = rows.assign(
        order_id=rows["order_id"] + "b",
        quantity=10,
        refund_amount=10_000,
        refunded_at=rows["paid_at"] + timedelta(5),
    )
    back.loc[back["refunded_at"] > CLOSED, ["refunded_at", "refund_amount"]] = [None, 0]
    lines = pd.concat([kept, back], ignore_index=True).assign(
        sku_code="S01", line="1", state="paid", amount=10_000, buyer_key="k", import_id="t"
    )
    lines["refunded_at"] = pd.to_datetime(lines["refunded_at"], utc=True)
    with shop.db.writing() as connection:
        insert(connection, order_line, lines)
    found = returns.returns(shop.db, admin, shop.campaign_id, CLOSED)
    assert found.source == "shop"
    assert found.curve["share"].idxmax() == 5
    assert found.curve["share"].max() == pytest.approx(0.1)
    sold = 36  # paid units of the hour
    assert found.load["expected"].sum() == pytest.approx(sold * 0.1)
    assert found.load["tickets"].sum() == pytest.approx(sold * 0.1 * 0.35), (
        "contacts an order, nothing imported"
    )
    assert not found.measured
    spent, categories = returns.fast_refunds(shop.db, admin, shop.campaign_id, FastRefund(orders=0), CLOSED)
    assert spent.refunds == (back["refund_amount"] > 0).sum()
    assert categories == [""]


def test_the_curve_of_many_days_counts_only_who_is_old_enough() -> None:
    orders = np.full(10, 100.0)
    matrix = np.zeros((10, 4))
    matrix[:7, 3] = 8  # the last three days are too young to show age 3
    assert after_sale.curve_of(orders, matrix).tolist() == [0, 0, 0, 0.08]


def test_tickets_are_counted_where_cases_are_known(shop: Shop, admin: Actor) -> None:
    _import(shop, admin, CSV)
    line = {"sku_code": "S01", "order_id": "z", "user_key": "z", "quantity": 6, "amount_fen": 59_400}
    shop.send(
        [
            event(9_300 + n, kind, at, **line)
            for n, (kind, at) in enumerate((("order", 20), ("pay", 21), ("refund", 1_700)))
        ]
    )
    found = returns.returns(shop.db, admin, shop.campaign_id, CLOSED)
    assert found.measured
    assert found.rate == pytest.approx(3 / 6)


def _line(order: str, buyer: str, amount: int, refund: int = 0, days: int = 3) -> dict[str, object]:
    paid = CLOSED - timedelta(days=days)
    return {
        "sku_code": "S01",
        "order_id": order,
        "line": "1",
        "buyer_key": buyer,
        "state": "done",
        "paid_at": paid,
        "refunded_at": paid + timedelta(days=1) if refund else None,
        "quantity": 1,
        "amount": amount,
        "refund_amount": refund,
        "import_id": "t",
    }


def test_an_order_is_judged_by_the_rule_in_force(shop: Shop, admin: Actor, viewer: Actor) -> None:
    rows = [
        *(_line(f"a{n}", "anna", 3_000, days=20 + n) for n in range(4)),
        _line("asks", "anna", 8_000),
        _line("dear", "anna", 30_000),
        _line("first", "ben", 3_000),
        _line("masked", "", 3_000),
        _line("gone", "anna", 2_000, 2_000),
    ]
    with shop.db.writing() as connection:
        insert(connection, order_line, pd.DataFrame(rows).astype({"refunded_at": "datetime64[us, UTC]"}))
    asked = ["asks", "dear", "first", "masked", "gone", "nobody"]

    def said() -> dict[str, str]:
        frame = refund_rule.judge(shop.db, viewer, shop.campaign_id, asked, now=CLOSED)
        return dict(zip(frame["order_id"], frame["why"], strict=True))

    assert said() == {"asks": "", "dear": "amount", "first": "history", "masked": "unknown_buyer"}
    standing = refund_rule.in_force(shop.db, viewer)
    assert (standing.rule, standing.version) == (FastRefund(), 0)
    strict = FastRefund(most=50_000, orders=0, times=1)
    assert refund_rule.set_rule(shop.db, admin, strict, 0, now=CLOSED) == 1
    assert refund_rule.in_force(shop.db, viewer).rule == strict
    assert said()["dear"] == "abuse", "one refund of hers was let through within thirty days"
    assert said()["first"] == ""
    for rule, version, code in ((strict, 0, "refund_rule_moved"), (FastRefund(times=0), 1, "refund_rule")):
        with pytest.raises(ShopError, match=rf"review\.{code}"):
            refund_rule.set_rule(shop.db, admin, rule, version, now=CLOSED)
    with pytest.raises(ShopError, match=r"access\.denied"):
        refund_rule.set_rule(shop.db, viewer, strict, 1, now=CLOSED)
    ticket = "T9,售后,2026-11-12 09:00:00,,S01,破损,,asks\n"
    _import(shop, admin, CSV.splitlines()[0] + ",订单编号\n" + ticket)
    named = refund_rule.judge_open(shop.db, viewer, shop.campaign_id, now=CLOSED)
    assert named["order_id"].tolist() == ["asks"]
