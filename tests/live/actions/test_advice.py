"""What is advised: the order by contribution a minute, causes, substitutes that fit, and no word against the
alerts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from core.access import Actor
from core.goods.tables import campaign_sku
from core.live.actions import advice, decisions
from core.live.actions.advice import Pace
from core.live.alerts import monitor
from core.live.snapshot import service
from tests.live.conftest import OPENS, Shop, event

PACE = Pace(0.5, 0.05, 600, 840)
NOTHING = pd.Series(dtype=float)


def goods(**rows: dict[str, Any]) -> pd.DataFrame:
    usual = {
        "name": "货",
        "tier": "main_push",
        "function": "mug",
        "label": "enough",
        "sold": 100,
        "left": 500,
        "stock_out": np.nan,
        "sale_price": 9_900,
        "contribution": 2_000,
        "worst_contribution": 1_500,
    }
    frame = pd.DataFrame([usual | row for row in rows.values()], index=list(rows))
    frame.index.name = "sku_code"
    return frame.astype({"left": "Int64", "sale_price": "Int64", "contribution": "Int64"})


def test_the_costliest_minute_comes_first_and_what_is_gone_before_what_lasts_an_hour() -> None:
    frame = goods(
        A={"label": "sold_out", "left": 0, "sold": 100},
        B={"label": "sold_out", "left": 0, "sold": 400},
        C={"label": "tight", "left": 20, "sold": 400, "stock_out": 660.0},
    )
    acts = advice.ranked(frame, PACE, NOTHING)
    restock = acts[acts["act"] == "restock"].set_index("sku_code")["per_minute"]
    assert restock.index.tolist() == ["B", "C", "A"]
    assert (
        restock["B"] == 400 / 0.5 * 0.05 / 60 * 2_000
    )  # units a minute of the coming hour, all of them lost
    assert restock["C"] == restock["B"] / 2  # gone in an hour
    known = acts["per_minute"].dropna()
    assert known.tolist() == sorted(known, reverse=True)
    assert acts["per_minute"].isna().tolist() == sorted(acts["per_minute"].isna().tolist())


def test_causes_gather_the_goods_of_a_tier() -> None:
    rows = {f"M{n}": {"label": "tight", "left": 5, "stock_out": 630.0} for n in range(7)}
    rows |= {"R": {"tier": "regular", "label": "sold_out", "left": 0}}
    acts = advice.ranked(goods(**rows), PACE, NOTHING)
    groups = advice.causes(acts).set_index(["cause", "tier"])
    assert groups.loc[("hour", "main_push"), "goods"] == 7
    assert groups.loc[("gone", ""), "goods"] == 1
    assert groups.loc[("hour", "main_push"), "rank"] == "now"


def test_a_substitute_has_the_function_the_price_and_the_stock() -> None:
    gone = {"label": "sold_out", "left": 0, "sold": 242}  # 242 more are asked for, half of them move
    frame = goods(
        GONE=gone,
        REMOVER={"function": "remover", "left": 9_000},
        DEAR={"sale_price": 19_900, "left": 9_000},
        FEW={"left": 123, "sold": 100},  # sells 100 itself: 23 do not replace 121
    )
    assert "swap" not in set(advice.ranked(frame, PACE, NOTHING)["act"])
    fits = pd.concat([frame, goods(FITS={"left": 230, "sold": 100, "sale_price": 8_900})])
    swap = advice.ranked(fits, PACE, NOTHING).query("act == 'swap'").iloc[0]
    assert (swap["sku_code"], swap["partner"], swap["units"]) == ("GONE", "FITS", 121)
    two = pd.concat([fits, goods(GONE2=gone | {"sold": 240})])  # one pile does not stand in twice
    swaps = advice.ranked(two, PACE, NOTHING).query("act == 'swap'")
    assert swaps["sku_code"].tolist() == ["GONE"]


def test_every_stock_out_alert_has_its_action_and_actions_go_with_time(
    small_shop: Shop, admin: Actor, viewer: Actor
) -> None:
    db, campaign_id = small_shop.db, small_shop.campaign_id
    orders = [
        event(n, kind, 1 + n, sku_code="S01", order_id=f"o{n}", amount_fen=9_900)
        for n in range(36)
        for kind in ("order", "pay")
    ]
    small_shop.send(orders)
    for minute in range(37, 47):
        at = OPENS + timedelta(minutes=minute)
        monitor.tick(db, campaign_id, at, at)
    at = OPENS + timedelta(minutes=46)
    alerts = monitor.standing_alerts(db, admin, campaign_id, at)
    ringing = set(alerts.loc[alerts["kind"] == "stock_out", "subject"])
    assert ringing
    groups, acts = decisions.causes(db, admin, campaign_id, at)
    assert ringing <= set(acts["sku_code"])
    assert len(groups)
    seen_by_viewer, _ = decisions.causes(db, viewer, campaign_id, at)
    assert "per_minute" not in seen_by_viewer.columns
    assert set(seen_by_viewer["rank"]) <= set(advice.RANKS)
    over = OPENS + timedelta(hours=23, minutes=50)
    service.forget()
    assert "S01" in set(decisions.advice(db, admin, campaign_id, at)["sku_code"])
    assert "S01" not in set(
        decisions.advice(db, admin, campaign_id, over)["sku_code"]
    )  # enough until the close


def test_goods_carry_their_function_and_spec(small_shop: Shop, admin: Actor) -> None:
    with small_shop.db.writing() as connection:
        connection.execute(campaign_sku.update().values(function="mug"))
    small_shop.send([event(1, "pay", 1, order_id="o", amount_fen=9_900)])
    row = service.load(small_shop.db, admin, small_shop.campaign_id, OPENS + timedelta(minutes=5)).goods.loc[
        "S01"
    ]
    assert (row["function"], row["spec"]) == ("mug", "")
