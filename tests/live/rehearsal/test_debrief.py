"""A rehearsal that teaches: goods on their way are there, a night far from its target rings at once, and the end
says what was noticed, done, kept and lost."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from core.access import Actor
from core.errors import ShopError
from core.live import jobs
from core.live.actions import decisions
from core.live.actions.effects import Act
from core.live.alerts import monitor
from core.live.rehearsal import debrief, rehearsal
from core.live.snapshot import service
from core.readiness import service as readiness
from core.stock import ledger as stock_ledger
from tests.live.conftest import OPENS, Shop

NOW = OPENS - timedelta(days=10)


def play(shop: Shop, copy: str, seconds: int) -> None:
    """A minute of the sale every tenth of a second: judged as the server's scheduler does."""
    for second in range(1, seconds + 1):
        jobs.round_of(shop.db, NOW + timedelta(seconds=second))
    service.forget()
    assert copy


def test_what_is_due_before_the_opening_has_arrived(small_shop: Shop, lead: Actor) -> None:
    coming = pd.DataFrame(
        {
            "sku_code": ["S00", "S01", "S02"],
            "state": "in_transit",
            "quantity": 70,
            "expected_on": ["2026-11-09", "2026-11-12", ""],
        }
    )
    with small_shop.db.writing() as connection:
        stock_ledger.post(
            connection, coming, stock_ledger.Posting(source_id="po", cause="import", account="t", now=NOW)
        )
    copy = rehearsal.start(small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=600))
    play(small_shop, copy, 4)
    goods = service.load(small_shop.db, lead, copy, OPENS + timedelta(minutes=39)).goods
    stocked = goods["sold"] + goods["left"].astype(int)
    assert stocked["S00"] >= 110  # 40 on the shelf and 70 that came in time
    assert stocked["S01"] < 60
    assert goods.loc["S00", "next_on"] == ""
    assert goods.loc["S01", "next_on"] == "2026-11-12"


def test_a_night_at_a_third_of_its_target_rings_at_the_first_look(small_shop: Shop, lead: Actor) -> None:
    copy = rehearsal.start(
        small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=60, course=0.3)
    )
    play(small_shop, copy, 20)
    at = rehearsal.moment(small_shop.db, lead, copy, NOW + timedelta(seconds=20))
    rung = monitor.standing_alerts(small_shop.db, lead, copy, at).query("kind == 'pace'")
    assert rung["fired_at"].tolist() == [OPENS + timedelta(minutes=15)]


def test_the_debrief_counts_minutes_acts_and_money(
    small_shop: Shop, lead: Actor, admin: Actor, viewer: Actor
) -> None:
    copy = rehearsal.start(
        small_shop.db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=1_800, course=3.0)
    )
    play(small_shop, copy, 6)  # three hours of a night that sells out
    now = NOW + timedelta(seconds=6)
    at = rehearsal.moment(small_shop.db, lead, copy, now)
    blank = debrief.debrief(small_shop.db, admin, copy, now)
    assert blank.acts == 0
    assert blank.missed == len(blank.alerts) > 0
    assert blank.minutes is None
    assert (blank.kept, (blank.lost or 0) > 0) == (0, True)
    worst = str(blank.goods.index[0])
    best = str(blank.goods.loc[worst, "act"])
    for row in monitor.standing_alerts(small_shop.db, lead, copy, at).to_dict("records"):
        if row["state"] == "firing":
            monitor.acknowledge(small_shop.db, lead, row["alert_id"], now, at)
    decisions.act(small_shop.db, lead, copy, Act(best, worst, 5, partner="S30"), now, at)
    told = debrief.debrief(small_shop.db, admin, copy, now)
    assert told.acts == 1
    assert told.minutes is not None
    assert told.minutes > 0
    assert told.goods.loc[worst, "done"]
    assert (told.kept or 0) > 0
    assert (told.lost or 0) < (blank.lost or 0)
    assert (told.kept or 0) + (told.lost or 0) == pytest.approx((blank.lost or 0), abs=len(told.goods))
    hidden = debrief.debrief(small_shop.db, viewer, copy, now)
    assert (hidden.kept, hidden.lost) == (None, None)
    assert not {"kept", "lost"} & set(hidden.goods.columns)


def test_the_end_makes_tasks_and_keeps_learnings(small_shop: Shop, lead: Actor, viewer: Actor) -> None:
    db = small_shop.db
    copy = rehearsal.start(db, lead, small_shop.campaign_id, NOW, play=rehearsal.Play(speed=600))
    play(small_shop, copy, 2)
    now = NOW + timedelta(seconds=2)
    with pytest.raises(ShopError, match=r"access\.denied"):
        debrief.finish(db, viewer, copy, debrief.Lessons([], []), now)
    with pytest.raises(ShopError, match=r"live\.no_rehearsal"):
        debrief.finish(db, lead, small_shop.campaign_id, debrief.Lessons([], []), now)
    tasks = [("演练：定好谁盯断货", "operations")]
    assert (
        debrief.finish(db, lead, copy, debrief.Lessons(tasks, ["响了 2 条告警"]), now)
        == small_shop.campaign_id
    )
    assert rehearsal.of_campaign(db, lead, copy) is None
    with db.reading() as connection:
        board = readiness.standing(connection, small_shop.campaign_id, now).tasks
    assert board["title"].tolist() == ["演练：定好谁盯断货"]
    kept = debrief.past(db, lead, small_shop.campaign_id).iloc[0]
    assert (kept["learnings"], kept["tasks"], kept["acts"]) == (["响了 2 条告警"], 1, 0)
    assert "lost" not in debrief.past(db, viewer, small_shop.campaign_id).columns
