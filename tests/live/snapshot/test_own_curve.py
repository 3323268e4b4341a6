"""The plan's hours follow the shop's own past sale where there is one, and say so."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from core.access import Actor
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.pace import share_at
from core.campaign.service import NewSale
from core.campaign.target import Target
from core.errors import ShopError
from core.live.snapshot import service
from core.live.snapshot.scope import scope
from core.versions import Version
from tests.live.conftest import OPENS, Shop, hour

NEXT = OPENS + timedelta(days=30)  # the same clock
GOAL = Target(10_000_000, 10_000, 0.1, 10_000)


def test_the_next_plan_is_laid_out_by_the_past_sale(shop: Shop, admin: Actor) -> None:
    db = shop.db
    shop.send(hour())  # a sale that took all its money in the first hour
    assert service.curves(db, admin, shop.campaign_id) == {}  # its own day is no past day
    following = campaigns.add_sale(db, admin, NewSale("12.12", NEXT, NEXT + timedelta(days=1)), now=OPENS)
    curves = service.curves(db, admin, following)
    assert [curve.days for curve in curves.values()] == [1]
    shipped = planning.set_target(db, admin, following, planning.NewPlan(GOAL, why="first"), now=OPENS)
    own = planning.set_target(
        db, admin, following, planning.NewPlan(GOAL, why="own", curves=curves), now=OPENS
    )
    assert (shipped.curve_days, own.curve_days) == (0, 1)
    first = [plan.part("hour")["gmv"].iloc[0] for plan in (shipped, own)]
    shares = [each / GOAL.gmv for each in first]
    assert shares[0] < 0.5
    assert shares[1] == pytest.approx((1 + 2 * shares[0]) / 3, abs=1e-3)  # shrunk to the shipped curve
    stored = planning.plan(db, admin, following)
    assert stored is not None
    assert stored.curve_days == 1
    assert planning.leaves(stored).groupby("hour")["gmv"].sum().max() == first[1]
    with db.reading() as connection:  # the night is judged on the curve that laid it out
        judged = scope(connection, following, NEXT).curve
    minutes = np.arange(0, 1441, 5)
    kept = next(iter(stored.weights.curves.values()))
    assert share_at(kept, minutes) == pytest.approx(share_at(judged, minutes))


def test_a_version_keeps_the_curve_and_a_moved_phase_drops_it(small_shop: Shop, admin: Actor) -> None:
    db = small_shop.db
    small_shop.send(hour())
    following = campaigns.add_sale(db, admin, NewSale("12.12", NEXT, NEXT + timedelta(days=1)), now=OPENS)
    planning.set_target(
        db,
        admin,
        following,
        planning.NewPlan(GOAL, why="own", curves=service.curves(db, admin, following)),
        now=OPENS,
    )
    again = planning.set_target(
        db,
        admin,
        following,
        planning.NewPlan(replace(GOAL, gmv=20_000_000, visitors=20_000), why="more"),
        now=OPENS,
    )
    assert again.curve_days == 1
    mine = campaigns.load(db, admin, following)
    moved = [replace(p, ends_at=p.ends_at + timedelta(hours=4)) for p in mine.phases]
    campaigns.reschedule(db, admin, Version(following, mine.version), moved, now=OPENS)
    later = planning.set_target(db, admin, following, planning.NewPlan(GOAL, why="longer"), now=OPENS)
    assert later.curve_days == 0
    assert (later.part("hour")["gmv"] > 0).all()


def test_an_unknown_campaign_has_no_curve(small_shop: Shop, admin: Actor) -> None:
    with pytest.raises(ShopError, match=r"^campaign\.unknown"):
        service.curves(small_shop.db, admin, "nothing")
