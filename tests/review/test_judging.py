"""Each area judged from stored data by figures reckoned by hand; what has no data says what is missing."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from core.access import Actor
from core.database import Database, insert
from core.live.tables import alert, decision
from core.orders.tables import order_line
from core.readiness import advertising
from core.readiness.advertising import NewResource
from core.replenishment.tables import forecast_score
from core.review import service
from core.review.judged import judging, judging_work
from core.signals.tables import daily_signal
from tests.live.conftest import OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)


@pytest.fixture
def shop(database: Database, admin: Actor) -> Shop:
    """A closed sale of eighty orders; two lines of one order, one of them sent back."""
    sale = opened(database, admin)
    sale.send(hour(orders=80))
    pair = [
        {"order_id": "pair", "user_key": "p", "sku_code": code, "amount_fen": fen}
        for code, fen in (("S01", 9_900), ("S02", 5_000))
    ]
    sale.send(
        [event(7_000 + n, kind, 30, **line) for n, line in enumerate(pair) for kind in ("order", "pay")]
    )
    sale.send([event(7_100, "refund", 2_000, **pair[1], quantity=1)])
    return sale


def _judged(shop: Shop, actor: Actor) -> pd.DataFrame:
    return service.review(shop.db, actor, shop.campaign_id, CLOSED).judged.set_index("measure")


def test_without_data_every_area_says_what_is_missing(shop: Shop, admin: Actor) -> None:
    lines = _judged(shop, admin)
    silent = lines[lines["missing"] != ""]
    assert silent["missing"].to_dict() == {
        "forecast_earned": "no_score",
        "overrides_gain": "no_run",
        "dip": "no_weeks_after",
        "incremental": "not_identified",
        "cost_per_visitor": "no_ad_spend",
        "signal_best": "no_signals",
        "promise": "no_shipments",
        "minutes_to_answer": "no_alerts",
    }
    assert silent["value"].isna().all()
    assert lines.loc[lines["missing"] == "", "value"].notna().all()


def test_the_forecast_is_judged_against_the_better_naive_rule(shop: Shop, admin: Actor) -> None:
    row = {
        "campaign_id": shop.campaign_id,
        "scored_at": CLOSED,
        "decided_on": OPENS.date(),
        "own_run": True,
        "reported": 100,
        "skus": 40,
        "forecast": 110,
        "sold": 100,
        "uplift": 3.0,
        "bias": 0.1,
        "covered": 0.7,
        "earned": 81.0,
        "earned_mean": 40.0,
        "earned_uplift": 63.0,
    }
    with shop.db.writing() as connection:
        insert(connection, forecast_score, pd.DataFrame([row]))
    lines = _judged(shop, admin)
    assert lines.loc["forecast_earned", ["value", "target"]].tolist() == [0.81, 0.63]
    assert lines.loc["forecast_bias", ["value", "target"]].tolist() == [0.1, 0.0]


def test_advertising_is_judged_by_visitor_and_by_new_buyer(shop: Shop, admin: Actor) -> None:
    day = OPENS.date() + timedelta(days=1)  # the Shanghai day of the sale
    spent = pd.DataFrame(
        {"sku_code": ["S01", "S02"], "day": day, "channel": "", "ad_spend": 60_000, "visitors": 400}
    )
    here = [(f"b{n}", OPENS + timedelta(hours=1)) for n in range(30)]  # ten of them had bought before
    before = [(f"b{n}", OPENS - timedelta(days=9)) for n in range(10)]
    lines = pd.DataFrame([*here, *before], columns=["buyer_key", "paid_at"])
    lines = lines.assign(order_id=[f"n{n}" for n in range(40)], sku_code="S01", line="1", state="paid")
    lines = lines.assign(quantity=1, amount=9_900, import_id="t")
    with shop.db.writing() as connection:
        insert(connection, daily_signal, spent.assign(import_id="t", updated_at=CLOSED))
        insert(connection, order_line, lines)
    span = OPENS, OPENS + timedelta(days=1)
    advertising.put_resource(
        shop.db, admin, shop.campaign_id, NewResource("banner", "paid", *span, 100_000, 1_000), CLOSED
    )
    judged = _judged(shop, admin)
    assert judged.loc["cost_per_visitor", ["value", "target"]].tolist() == [150.0, 100.0]
    assert judged.loc["cost_per_new_buyer", ["value", "target"]].tolist() == [6_000.0, 1_000.0], (
        "120,000 over twenty; 100 / 10%"
    )


def test_signals_are_ranked_by_what_they_foretold(shop: Shop, admin: Actor) -> None:
    goods = service.review(shop.db, admin, shop.campaign_id, CLOSED).goods["units"]
    sold = goods[goods > 0]
    carts = pd.DataFrame({"sku_code": sold.index, "add_to_cart": sold.rank(method="first").astype(int) * 10})
    rows = carts.assign(
        day=OPENS.date() - timedelta(days=3), channel="", favourites=carts["add_to_cart"].to_numpy()[::-1]
    )
    with shop.db.writing() as connection:
        insert(connection, daily_signal, rows.assign(import_id="t", updated_at=CLOSED))
    judged = _judged(shop, admin)
    best = judged[judged["area"] == "signals"]
    assert best.index[0] == "signal_add_to_cart"
    assert best["value"].iloc[0] > 0.9 > best["value"].iloc[-1]


def test_alerts_are_true_false_or_late(shop: Shop, admin: Actor) -> None:
    rows = [
        ("taken", 2, None),  # acknowledged after two minutes
        ("late", 25, None),
        ("cleared", None, 9),  # went away by itself
        ("ignored", None, None),
        ("acted", None, None),  # something was done about its SKU
    ]
    frame = pd.DataFrame(rows, columns=["alert_id", "taken", "cleared"])
    at = OPENS + timedelta(minutes=10)
    alerts = pd.DataFrame(
        {
            "alert_id": frame["alert_id"],
            "subject": frame["alert_id"].where(frame["alert_id"] != "acted", "S05"),
            "acknowledged_at": [None if pd.isna(n) else at + timedelta(minutes=n) for n in frame["taken"]],
            "resolved_at": [None if pd.isna(n) else at + timedelta(minutes=n) for n in frame["cleared"]],
        }
    ).assign(
        campaign_id=shop.campaign_id, kind="stock_out", state="firing", streak=1, since=at, checked_at=at
    )
    act = {
        "decision_id": "d",
        "campaign_id": shop.campaign_id,
        "at": at + timedelta(minutes=4),
        "account": "x",
    }
    with shop.db.writing() as connection:
        facts = pd.Series([{}] * len(alerts))
        insert(connection, alert, alerts.assign(fired_at=at, facts=facts, drill=False))
        insert(connection, decision, pd.DataFrame([act | {"act": "pause", "sku_code": "S05", "figures": {}}]))
    lines = _judged(shop, admin)["value"]
    names = ["alerts", "alerts_true", "alerts_false", "alerts_unanswered", "alerts_late", "minutes_to_answer"]
    assert lines[names].tolist() == [5, 3, 1, 1, 1, 4]


def test_the_promise_is_kept_by_what_left_in_time(shop: Shop, admin: Actor) -> None:
    line = {"order_id": "pair", "user_key": "p", "sku_code": "S01"}
    shop.send([event(7_500, "ship", 30 + 60 * 5, **line)])
    later = OPENS + timedelta(days=4)
    judged = service.review(shop.db, admin, shop.campaign_id, later).judged.set_index("measure")["value"]
    assert judged["promise"] == pytest.approx(1 / (72 + 2)), "72 paid orders of one line, and the pair"
    assert judged["fillers_refunded"] == 5_000


def test_overrides_earn_by_what_sold() -> None:
    terms = np.array([100.0, 100]), np.array([40.0, 40])
    by_hand = judging.earned(np.array([20.0, 2]), np.array([10.0, 10]), *terms)
    suggested = judging.earned(np.array([10.0, 10]), np.array([10.0, 10]), *terms)
    assert (by_hand - suggested).tolist() == [-400, -800]


def test_a_rank_of_few_or_equal_goods_says_nothing() -> None:
    few, flat = pd.Series(range(9)), pd.Series([1] * 20)
    assert np.isnan(judging_work.ranked(few, few))
    assert np.isnan(judging_work.ranked(flat, pd.Series(range(20))))
    assert judging_work.ranked(pd.Series(range(20)), pd.Series(range(20)[::-1])) == -1
