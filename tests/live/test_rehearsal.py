"""Rehearsals play, ring as drills, move no stock and leave nothing behind; acts and decisions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.campaign.tables import campaign
from core.database.types import load_tables
from core.errors import ShopError
from core.live import acts, decisions, recount, rehearsal, rounds, service, watch
from core.live.decisions import Act
from core.stock import service as stock
from tests.live.conftest import OPENS, Shop, event, hour

NOW = OPENS - timedelta(days=3)


def rows(shop: Shop) -> dict[str, int]:
    with shop.db.reading() as connection:
        tables = load_tables().sorted_tables
        counts = {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables}
    return {name: count for name, count in counts.items() if count and not name.startswith("audit")}


def test_a_rehearsal_plays_and_is_thrown_away(shop: Shop, lead: Actor) -> None:
    before = rows(shop)
    copy = rehearsal.start(shop.db, lead, shop.campaign_id, NOW, speed=600)
    for second in (2, 4, 6):
        rounds.round_of(shop.db, NOW + timedelta(seconds=second))
    at = rehearsal.moment(shop.db, lead, copy, NOW + timedelta(seconds=6))
    assert at == OPENS + timedelta(minutes=60)
    seen = service.load(shop.db, lead, copy, at)
    assert seen.scope.drill
    assert 0.5 < (seen.pace or 0) < 2
    assert seen.visitors > seen.buyers > 0
    with shop.db.reading() as connection:
        assert not any(recount.faults(connection).values())
        assert (stock.levels(connection)["reserved"] == 0).all()
    assert watch.standing_alerts(shop.db, lead, copy, at)["drill"].all()
    rehearsal.drop(shop.db, lead, copy, NOW)
    assert rows(shop) == before


def test_a_past_sale_can_be_played_again(small_shop: Shop, lead: Actor) -> None:
    small_shop.send(hour(orders=50))
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, speed=3_600, past_id=small_shop.campaign_id)
    for second in range(1, 4):
        rehearsal.round_of(small_shop.db, NOW + timedelta(seconds=second))
    at = OPENS + timedelta(minutes=60)
    past, again = (service.load(small_shop.db, lead, name, at) for name in (small_shop.campaign_id, copy))
    assert (again.paid, again.visitors, again.buyers) == (past.paid, past.visitors, past.buyers)


def test_what_a_rehearsal_needs_is_said(small_shop: Shop, lead: Actor, viewer: Actor) -> None:
    for how, code in (({"speed": 0.5}, "live.bad_speed"), ({"past_id": "none"}, "live.no_past")):
        with pytest.raises(ShopError, match=code):
            rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, **how)  # type: ignore[arg-type]
    with pytest.raises(ShopError, match="access.denied"):
        rehearsal.start(small_shop.db, viewer, small_shop.campaign_id, NOW)
    with pytest.raises(ShopError, match="live.no_rehearsal"):
        rehearsal.drop(small_shop.db, lead, small_shop.campaign_id, NOW)
    with small_shop.db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(campaign)) == 1


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
        from core.goods import structure

        assert structure.standing(connection, small_shop.campaign_id, ["S01"])["sale_price"].iloc[0] == 10_900


def test_a_release_wave_frees_locked_units(small_shop: Shop, admin: Actor) -> None:
    import pandas as pd

    move = pd.DataFrame([{"sku_code": "S03", "state": "activity_locked", "quantity": 15, "expected_on": ""}])
    with small_shop.db.writing() as connection:
        stock.post(connection, move, admin, source_id="session", cause="session", now=NOW)
    decisions.act(small_shop.db, admin, small_shop.campaign_id, Act("release", "S03", 10), OPENS)
    with small_shop.db.reading() as connection:
        assert stock.levels(connection, ["S03"])["activity_locked"].iloc[0] == 5
