"""Rehearsals play, ring as drills, move no stock and leave nothing behind; acts and decisions."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.campaign.tables import campaign
from core.database.types import load_tables
from core.errors import ShopError
from core.live import recount, rehearsal, rounds, service, watch
from core.stock import service as stock
from tests.live.conftest import OPENS, Shop, hour

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


def test_a_small_night_sells_from_a_small_part_of_the_stock(
    small_shop: Shop, lead: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a night of a tenth of the plan would call everything excess, and nobody could practise a shortage."""
    monkeypatch.setattr(rehearsal, "MOST_ORDERS", 250)
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, speed=600)
    for second in range(2, 40, 2):
        rehearsal.round_of(small_shop.db, NOW + timedelta(seconds=second))
    at = rehearsal.moment(small_shop.db, lead, copy, NOW + timedelta(seconds=38))
    seen = service.load(small_shop.db, lead, copy, at)
    assert (seen.scope.scale, seen.scope.target) == (0.25, 2_500_000)
    assert (seen.goods["sold"] + seen.goods["left"]).between(10, 12).all()  # of 40; what was refunded is back
    service.forget()
    whole = service.load(small_shop.db, lead, small_shop.campaign_id, OPENS)
    assert whole.scope.scale == 1


def test_the_made_up_shop_front_sells_what_there_is(small_shop: Shop, lead: Actor) -> None:
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, speed=3_600, course=3.0)
    for second in range(1, 5):
        rehearsal.round_of(small_shop.db, NOW + timedelta(seconds=second))
    seen = service.load(small_shop.db, lead, copy, OPENS + timedelta(hours=2))
    assert seen.goods["left"].min() == 0


def test_a_rehearsal_that_is_over_keeps_its_last_picture(small_shop: Shop, lead: Actor) -> None:
    """At the close itself an encore would begin, with nothing in it."""
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, speed=3_600)
    at = rehearsal.moment(small_shop.db, lead, copy, NOW + timedelta(days=1))
    assert OPENS < at < OPENS + timedelta(days=1)
    assert at + rehearsal.LAST == OPENS + timedelta(days=1)


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
