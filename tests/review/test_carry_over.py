"""The next plan starts from this one: what was measured, with its origin, refusable, in one transaction."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.access import Actor
from core.campaign import defaults, planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.service import NewCampaign
from core.campaign.target import Target
from core.database import Database
from core.errors import ShopError
from core.live.snapshot import service as live
from core.readiness import staffing
from core.review import carry_over, lessons
from core.review.carry_over import Start
from tests.live.conftest import CHANNELS, OPENS, Shop, event, hour, opened

CLOSED = OPENS + timedelta(days=2)
NEXT = OPENS + timedelta(days=40)
VIEWER = Actor("v", "viewer")


@pytest.fixture
def closed(database: Database, admin: Actor) -> Shop:
    """An hour of sales of a sale that has closed; sixty people had reserved, forty came back, twelve of them paid."""
    shop = opened(database, admin)
    warm = [event(n, "reserve", -3 * 1440, user_key=f"r{n}", campaign=shop.campaign_id) for n in range(60)]
    warm += [event(n + 100, "view", -1440, user_key=f"r{n}", campaign=shop.campaign_id) for n in range(40)]
    bought = {"sku_code": "S30", "amount_fen": 9_900, "quantity": 2}
    paid = [
        event(n + 5_000, kind, 10, user_key=f"r{n}", order_id=f"ro{n}", **bought)
        for n in range(12)
        for kind in ("order", "pay")
    ]
    shop.send([*warm, *hour(orders=80), *paid])
    lessons.write(database, admin, shop.campaign_id, "  主推要多备两成 ", CLOSED)
    return shop


def _new(name: str) -> NewCampaign:
    return NewCampaign(name, [Phase("p01", "live", NEXT, NEXT + timedelta(days=1))])


def test_what_was_measured_is_offered_with_its_origin(closed: Shop, admin: Actor) -> None:
    offered = {one.item: one for one in carry_over.offers(closed.db, admin, closed.campaign_id, CLOSED)}
    assert set(offered) == set(defaults.ITEMS) - {"uplift"}, "no daily report speaks of this sale"
    assert {one.source for one in offered.values()} == {"11.11"}
    people = live.draw(closed.db, closed.campaign_id, CLOSED)
    goal = Target(**offered["target"].value)
    assert (goal.visitors, goal.buyers) == (people.visitors, people.buyers)
    assert abs(goal.gmv - people.paid) <= people.buyers, "an order value in whole fen"
    by = offered["channels"].value["by"]
    assert set(by) == set(CHANNELS)
    assert sum(amount for _, _, amount in by.values()) == people.paid
    signals = offered["signals"].value
    assert (signals["reflow"], signals["conversion"], signals["units"]) == (0.6667, 0.3, 2.0)
    assert offered["pace"].value["first_hour"] == 1.0
    assert offered["staffing"].value["settings"]["lines_per_order"] == 1.0
    assert offered["learnings"].value["own"] == ["主推要多备两成"]


def test_what_is_taken_stands_in_the_new_campaign_and_what_is_refused_does_not(
    closed: Shop, admin: Actor
) -> None:
    begin = Start(closed.campaign_id, ("channels", "staffing", "learnings"), goods_of=closed.campaign_id)
    mine = carry_over.start(closed.db, admin, _new("12.12"), begin, now=CLOSED)
    known = defaults.load(closed.db, admin, mine)
    assert {item for item, one in known.items() if one.taken} == {"channels", "staffing", "learnings"}
    assert {item for item, one in known.items() if not one.taken} == {"target", "pace", "signals"}
    own = live.curves(closed.db, admin, mine)
    assert own, "the shop has a past sale"
    plan = planning.set_target(
        closed.db,
        admin,
        mine,
        planning.NewPlan(Target(10_000_000, 10_000, 0.1, 10_000), why="first", curves=own),
        now=CLOSED,
    )
    assert plan.weights.curves == {}, "the pace was refused"
    assert set(plan.weights.channels) == set(CHANNELS) == set(plan.weights.people["channel"])
    assert staffing.settings(closed.db, admin, mine)[0].lines_per_order == 1.0
    other = carry_over.start(
        closed.db, admin, _new("12.13"), Start(closed.campaign_id, ("pace",)), now=CLOSED
    )
    again = planning.set_target(
        closed.db,
        admin,
        other,
        planning.NewPlan(Target(10_000_000, 10_000, 0.1, 10_000), why="first", curves=own),
        now=CLOSED,
    )
    assert set(again.weights.curves) == {"p01"}
    assert again.weights.channels == planning.CHANNELS


def test_signals_taken_over_are_the_warm_ups_prior(closed: Shop, admin: Actor) -> None:
    from core.warmup import settings

    mine = carry_over.start(
        closed.db, admin, _new("12.12"), Start(closed.campaign_id, ("signals",)), now=CLOSED
    )
    prior = asdict(settings.beliefs(closed.db, admin, mine)[1])
    assert prior == {"reflow": 0.6667, "conversion": 0.3, "weight": 60.0, "units": 2.0}


def test_a_start_that_cannot_be_made_leaves_nothing(closed: Shop, admin: Actor) -> None:
    with pytest.raises(ShopError, match=r"review\.not_offered"):
        carry_over.start(closed.db, admin, _new("x"), Start(closed.campaign_id, ("uplift",)), now=CLOSED)
    with pytest.raises(ShopError, match=r"access\.denied"):
        carry_over.start(closed.db, VIEWER, _new("x"), Start(closed.campaign_id, ("target",)), now=CLOSED)
    with pytest.raises(ShopError, match=r"campaign\.same_name"):
        carry_over.start(
            closed.db, admin, _new("11.11"), Start(closed.campaign_id, ("staffing",)), now=CLOSED
        )
    with closed.db.reading() as connection:
        assert connection.scalar(select(defaults.campaign_default.c.item)) is None
    with pytest.raises(ShopError, match=r"review\.still_open"):
        carry_over.offers(closed.db, admin, closed.campaign_id, OPENS + timedelta(hours=2))


def test_who_may_not_set_a_figure_is_not_offered_it(closed: Shop) -> None:
    offered = {
        one.item for one in carry_over.offers(closed.db, Actor("w", "warehouse"), closed.campaign_id, CLOSED)
    }
    assert offered == {"staffing", "learnings"}


def test_lessons_are_written_and_taken_off(closed: Shop, admin: Actor) -> None:
    rows = lessons.lessons(closed.db, VIEWER, closed.campaign_id)
    assert rows["text"].tolist() == ["主推要多备两成"]
    with pytest.raises(ShopError, match=r"review\.lesson"):
        lessons.write(closed.db, admin, closed.campaign_id, "  ", CLOSED)
    lessons.drop(closed.db, admin, closed.campaign_id, rows["lesson_id"][0], CLOSED)
    assert lessons.lessons(closed.db, VIEWER, closed.campaign_id).empty
    with pytest.raises(ShopError, match=r"review\.no_lesson"):
        lessons.drop(closed.db, admin, closed.campaign_id, rows["lesson_id"][0], CLOSED)


def test_an_uplift_that_was_refused_is_not_learnt_from(closed: Shop, admin: Actor) -> None:
    """The forecast of a campaign leaves out the sale whose uplift was refused; another's still learns from it."""
    from core.replenishment import inputs

    name = closed.campaign_id
    mine = carry_over.start(closed.db, admin, _new("12.12"), Start(), now=CLOSED)
    other = carry_over.start(closed.db, admin, _new("12.13"), Start(), now=CLOSED)
    with closed.db.writing() as connection:
        offered = defaults.Default("uplift", name, "11.11", False, {"uplift": 9.0, "days": 1})
        defaults.keep(connection, admin, mine, [offered], CLOSED)
    days = set(range(OPENS.date().toordinal() - 3, OPENS.date().toordinal() + 4))
    with closed.db.reading() as connection:
        sales = [len(inputs.past_sales(connection, one, NEXT, days)) for one in (mine, other)]
    assert sales == [0, 1]
    assert campaigns.load(closed.db, admin, mine).name == "12.12"
