"""Rehearsals play, ring as drills, move no stock and leave nothing behind; acts and decisions."""

from __future__ import annotations

import multiprocessing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from core.access import Actor
from core.campaign.tables import campaign
from core.database import connect
from core.database.types import load_tables
from core.errors import ShopError
from core.live import jobs
from core.live.alerts import monitor
from core.live.ledger import recount
from core.live.rehearsal import rehearsal
from core.live.rehearsal.rehearsal import Play
from core.live.snapshot import service
from core.live.tables import intake_tally
from core.stock import service as stock
from tests.conftest import forked
from tests.live.conftest import OPENS, Shop, hour

NOW = OPENS - timedelta(days=3)


def rows(shop: Shop) -> dict[str, int]:
    with shop.db.reading() as connection:
        tables = load_tables().sorted_tables
        counts = {
            table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables
        }
    return {name: count for name, count in counts.items() if count and not name.startswith("audit")}


def test_a_rehearsal_plays_and_is_thrown_away(shop: Shop, lead: Actor) -> None:
    before = rows(shop)
    copy = rehearsal.start(shop.db, lead, shop.campaign_id, NOW, play=rehearsal.Play(speed=600))
    for second in (2, 4, 6):
        jobs.round_of(shop.db, NOW + timedelta(seconds=second))
    at = rehearsal.moment(shop.db, lead, copy, NOW + timedelta(seconds=6))
    assert at == OPENS + timedelta(minutes=60)
    seen = service.load(shop.db, lead, copy, at)
    assert seen.scope.drill
    assert 0.5 < (seen.pace or 0) < 2
    assert seen.visitors > seen.buyers > 0
    with shop.db.reading() as connection:
        assert not any(recount.faults(connection).values())
        assert (stock.levels(connection)["reserved"] == 0).all()
    assert monitor.standing_alerts(shop.db, lead, copy, at)["drill"].all()
    rehearsal.drop(shop.db, lead, copy, NOW)
    assert rows(shop) == before


def test_a_small_night_sells_from_a_small_part_of_the_stock(
    small_shop: Shop, lead: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a night of a tenth of the plan would call everything excess, and nobody could practise a
    shortage."""
    monkeypatch.setattr(rehearsal, "MOST_ORDERS", 250)
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=600))
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
    copy = rehearsal.start(
        small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=3_600, course=3.0)
    )
    for second in range(1, 5):
        rehearsal.round_of(small_shop.db, NOW + timedelta(seconds=second))
    seen = service.load(small_shop.db, lead, copy, OPENS + timedelta(hours=2))
    assert seen.goods["left"].min() == 0


def test_a_rehearsal_that_is_over_keeps_its_last_picture(small_shop: Shop, lead: Actor) -> None:
    """At the close itself an encore would begin, with nothing in it."""
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=3_600))
    at = rehearsal.moment(small_shop.db, lead, copy, NOW + timedelta(days=1))
    assert OPENS < at < OPENS + timedelta(days=1)
    assert at + rehearsal.LAST == OPENS + timedelta(days=1)


def test_a_past_sale_can_be_played_again(small_shop: Shop, lead: Actor) -> None:
    small_shop.send(hour(orders=50))
    copy = rehearsal.start(
        small_shop.db,
        lead,
        small_shop.campaign_id,
        NOW,
        play=rehearsal.Play(speed=3_600, past_id=small_shop.campaign_id),
    )
    for second in range(1, 4):
        rehearsal.round_of(small_shop.db, NOW + timedelta(seconds=second))
    at = OPENS + timedelta(minutes=60)
    past, again = (service.load(small_shop.db, lead, name, at) for name in (small_shop.campaign_id, copy))
    assert (again.paid, again.visitors, again.buyers) == (past.paid, past.visitors, past.buyers)


def test_what_a_rehearsal_needs_is_said(small_shop: Shop, lead: Actor, viewer: Actor) -> None:
    for play, code in ((Play(speed=0.5), "live.bad_speed"), (Play(past_id="none"), "live.no_past")):
        with pytest.raises(ShopError, match=code):
            rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, play=play)
    with pytest.raises(ShopError, match="access.denied"):
        rehearsal.start(small_shop.db, viewer, small_shop.campaign_id, NOW)
    with pytest.raises(ShopError, match="live.no_rehearsal"):
        rehearsal.drop(small_shop.db, lead, small_shop.campaign_id, NOW)
    with small_shop.db.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(campaign)) == 1


def _played(url: str, start: Any, answer: Any) -> None:
    start.wait(30)
    db = connect(url)
    answer.send(sum(rehearsal.round_of(db, NOW + timedelta(seconds=second)) for second in range(1, 7)))


def test_two_servers_play_a_rehearsal_once(shop: Shop, lead: Actor) -> None:
    """An hour of the sale in six rounds of two processes at once: every event is sent by one of them."""
    rehearsal.start(shop.db, lead, shop.campaign_id, NOW, play=rehearsal.Play(speed=600))
    start, (heard, said) = multiprocessing.Event(), multiprocessing.Pipe(False)
    players = [forked(_played, shop.db.url, start, said) for _ in range(2)]
    start.set()
    played = sum(heard.recv() for _ in players)
    for player in players:
        player.join(30)
    with shop.db.reading() as connection:
        books = connection.execute(select(intake_tally.c.received, intake_tally.c.duplicate)).one()
    assert played > 100
    assert (books.received, books.duplicate) == (played, 0)
