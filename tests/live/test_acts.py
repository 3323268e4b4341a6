"""Acts in the sale: advised with their worth, done by the room that owns the data, written down, and ticked off."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.access import Actor
from core.database import read
from core.errors import ShopError
from core.goods import structure
from core.live import acts, decisions, rehearsal
from core.live.decisions import Act
from core.stock import service as stock
from core.warmup import selling, storefront
from core.warmup.tables import flash_session
from tests.live.conftest import OPENS, Shop, event

NOW = OPENS + timedelta(minutes=30)


def test_advice_is_ranked_and_hides_margins(small_shop: Shop, admin: Actor, lead: Actor) -> None:
    small_shop.send([event(n, "order", n / 10, sku_code="S01", order_id=f"o{n}", amount_fen=9_900) for n in range(40)])
    at = OPENS + timedelta(minutes=10)
    found = decisions.advice(small_shop.db, admin, small_shop.campaign_id, at)
    assert set(found["problem"]) == {"sold_out"}
    assert {"restock", "take_down", "swap"} & set(found["act"])
    worth = found["margin_effect"].dropna().tolist()
    assert worth == sorted(worth, reverse=True)
    assert set(found["act"]) <= set(acts.ACTS)
    assert "margin_effect" not in decisions.advice(small_shop.db, lead, small_shop.campaign_id, at).columns


def test_an_act_is_done_recorded_and_pinned(small_shop: Shop, admin: Actor, viewer: Actor) -> None:
    at = OPENS + timedelta(minutes=10)
    with pytest.raises(ShopError, match="access.denied"):
        decisions.act(small_shop.db, viewer, small_shop.campaign_id, Act("cap", "S01"), at)
    with pytest.raises(ShopError, match="live.unknown_act"):
        decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("pray", "S01"), at)
    with pytest.raises(ShopError, match="live.nothing_locked"):
        decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("release", "S01"), at)
    decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("raise_price", "S01", 10, 10_900, note="hot"), at)
    decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("cap", "S02", 5), at)
    made = decisions.decisions(small_shop.db, admin, small_shop.campaign_id, at)
    assert set(made["act"]) == {"raise_price", "cap"}
    assert decisions.decisions(small_shop.db, admin, small_shop.campaign_id, at - timedelta(minutes=1)).empty
    with small_shop.db.reading() as connection:
        assert structure.standing(connection, small_shop.campaign_id, ["S01"])["sale_price"].iloc[0] == 10_900


def do(shop: Shop, actor: Actor, name: str, code: str, units: int = 0, partner: str = "") -> str:
    return decisions.act(shop.db, actor, shop.campaign_id, Act(name, code, units, partner=partner), NOW)


def left(shop: Shop, actor: Actor) -> list[tuple[str, str, str]]:
    made = decisions.decisions(shop.db, actor, shop.campaign_id, NOW + timedelta(hours=1))
    return [(row["act"], row["sku_code"], row["to_do"]) for row in decisions.to_do(made.to_dict("records"))]


def test_a_release_wave_goes_through_its_sessions(shop: Shop, admin: Actor) -> None:
    """Act, sessions and ledger agree: waves to come give first, a part of a session lowers its promise, a whole one closes it."""
    first = OPENS + timedelta(minutes=20)
    ids = selling.plan(
        shop.db, admin, shop.campaign_id, "S03", "wave", first, [10, 8, 6], length_minutes=30, every_minutes=60, now=OPENS
    )
    selling.lock(shop.db, admin, ids, OPENS)
    do(shop, admin, "release", "S03", 11)
    with shop.db.reading() as connection:
        rows = selling.sessions(shop.db, admin, shop.campaign_id, NOW).set_index("session_id").loc[ids]
        assert rows["state"].tolist() == ["locked", "closed", "locked"]
        assert rows["held"].tolist() == [10, 0, 3]
        assert rows["quota"].tolist() == [10, 8, 3]
        assert stock.levels(connection, ["S03"])["activity_locked"].iloc[0] == 13
        assert selling.held(connection, shop.campaign_id).to_dict() == {"S03": 13}
        assert selling.check(connection) == {"locks_are_movements": []}
    do(shop, admin, "release", "S03", 100)
    with shop.db.reading() as connection:
        assert stock.levels(connection, ["S03"])["activity_locked"].iloc[0] == 0
        assert set(read(connection, flash_session.select())["state"]) == {"closed"}
        assert selling.check(connection) == {"locks_are_movements": []}
    with pytest.raises(ShopError, match="live.nothing_locked"):
        do(shop, admin, "release", "S03", 1)
    assert left(shop, admin) == [("release", "S03", "back_office")] * 2


def test_a_session_that_sold_keeps_what_it_sold(small_shop: Shop, admin: Actor) -> None:
    ids = selling.plan(small_shop.db, admin, small_shop.campaign_id, "S03", "wave", OPENS, [10], length_minutes=60, now=OPENS)
    selling.lock(small_shop.db, admin, ids, OPENS)
    selling.sell(small_shop.db, admin, ids[0], 4, NOW)
    do(small_shop, admin, "release", "S03", 4)
    row = selling.sessions(small_shop.db, admin, small_shop.campaign_id, NOW).iloc[0]
    assert (row["quota"], row["sold"], row["held"], row["state"]) == (6, 4, 2, "locked")


def test_a_cap_and_a_take_down_stand_on_the_label_at_once(small_shop: Shop, admin: Actor) -> None:
    do(small_shop, admin, "cap", "S01", 5)
    do(small_shop, admin, "take_down", "S02", 5)
    rows = storefront.labels(small_shop.db, admin, small_shop.campaign_id, NOW).set_index("sku_code")
    assert (rows.loc["S01", "purchase_limit"], rows.loc["S01", "limit_text"]) == (1, "每单限购 1 件")
    assert (rows.loc["S02", "stock"], rows.loc["S02", "stock_text"]) == ("off_sale", "已下架")
    assert rows["purchase_limit"].isna()["S03"]
    assert rows.loc["S03", "stock"] == "enough"
    fed = storefront.feed(small_shop.db, admin, small_shop.campaign_id, NOW).body.decode()
    assert "每单限购 1 件" in fed
    assert "已下架" in fed


def test_the_main_push_is_swapped_in_the_goods_structure(small_shop: Shop, admin: Actor) -> None:
    do(small_shop, admin, "swap", "S01", 5, partner="S20")
    with small_shop.db.reading() as connection:
        tiers = structure.standing(connection, small_shop.campaign_id, ["S01", "S20"])["tier"].to_dict()
    assert tiers == {"S01": "regular", "S20": "main_push"}
    for partner in ("", "S99"):
        with pytest.raises(ShopError, match="live.no_partner"):
            do(small_shop, admin, "swap", "S02", 5, partner=partner)


def test_what_is_left_to_do_by_hand_is_ticked_off_in_the_log(small_shop: Shop, admin: Actor, viewer: Actor) -> None:
    restock = do(small_shop, admin, "restock", "S01", 20)
    do(small_shop, admin, "cap", "S02", 5)
    assert left(small_shop, admin) == [("restock", "S01", "replenishment"), ("cap", "S02", "back_office")]
    with pytest.raises(ShopError, match="access.denied"):
        decisions.tick(small_shop.db, viewer, small_shop.campaign_id, restock, NOW)
    decisions.tick(small_shop.db, admin, small_shop.campaign_id, restock, NOW)
    assert left(small_shop, admin) == [("cap", "S02", "back_office")]
    with pytest.raises(ShopError, match="live.no_to_do"):
        decisions.tick(small_shop.db, admin, small_shop.campaign_id, restock, NOW)


def test_a_rehearsal_only_records(small_shop: Shop, admin: Actor) -> None:
    drill = rehearsal.start(small_shop.db, admin, small_shop.campaign_id, NOW)
    decisions.act(small_shop.db, admin, drill, Act("take_down", "S02", 5), NOW, NOW)
    made = decisions.decisions(small_shop.db, admin, drill, NOW)
    assert made["act"].tolist() == ["take_down"]
    assert decisions.to_do(made.to_dict("records")) == []
    rows = storefront.labels(small_shop.db, admin, small_shop.campaign_id, NOW).set_index("sku_code")
    assert rows.loc["S02", "stock"] == "enough"
