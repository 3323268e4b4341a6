"""The overview: one call, asked of every package in one go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, allow, allowed, audit
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import Phase
from core.campaign.planning import Plan
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database
from core.lineup import service as lineup
from core.live.snapshot import service as live
from core.live.snapshot.snapshot import Picture
from core.overview import rules
from core.pricing.engine.verdicts import UNSAFE
from core.readiness import service as readiness
from core.replenishment import demand
from core.replenishment.demand import Ladder
from core.signals import service as signals
from core.warmup import service as warmup

QUIET = (
    "session",
    "access",
    "account",
    "check",
    "backup",
    "notify",
)  # what the application does for itself is not news


@dataclass(frozen=True, slots=True)
class Overview:
    """The page in one. Figures are None where nothing can be said yet.

    `ready`, `ready_due`: share of the departments' work that is done, and that should be. `covered`: share of
    the planned GMV that stock and arrivals can serve. `unsafe`: SKUs whose price was judged and is not good
    enough (None for those who may not see prices); what lacks a price or a cost is a risk of its own.
    `warmth`: warm-up index, 1 = on plan. `planned_by_now`, `done`: the plan's GMV up to today and what the
    reports say (fen). `risks`: at most five, columns `rules.RISKS`. `tasks`: this person's open tasks, the
    most urgent first. `changes`: what others did since yesterday (action, account, count, at). `selling`: the
    live picture while the sale is open.
    """

    campaign: Campaign
    phase: Phase | None
    upcoming: Phase | None
    plan: Plan | None
    skus: int
    ready: float | None
    ready_due: float | None
    covered: float | None
    unsafe: int | None
    warmth: float | None
    planned_by_now: int
    done: int
    data_age: int | None
    risks: pd.DataFrame
    tasks: pd.DataFrame
    changes: pd.DataFrame
    selling: Picture | None


def load(
    db: Database,
    actor: Actor,
    campaign_id: str,
    now: datetime,
    goods: pd.DataFrame | None = None,
    ladder: Ladder | None = None,
) -> Overview:
    """Where the campaign stands at this moment, as far as the person may see it.
    ShopError("campaign.unknown").

    `goods`, `ladder`: the rows of the person's `lineup.Picture` and the campaign's ladder of demand where a page
    keeps them; computing them anew is most of the work.
    """
    allow(actor, "campaign.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        plan = planning.in_force(connection, campaign_id)
        goods = lineup.lined_up(connection, campaign_id)[0] if goods is None else goods
        account = demand.of_campaign(connection, campaign_id, now) if ladder is None else ladder
        board = readiness.standing(connection, campaign_id, now)
        changes = _changes(connection, now)
    today = business_day(now, mine.timezone)
    done, planned = signals.course(db, actor, campaign_id, now)
    age = signals.data_age(db, actor, now, mine.timezone)
    target = plan.target.gmv if plan else 0
    priced = rules.price_risks(goods, target) if allowed(actor, "price.view") else None
    unsafe = int(goods["verdict"].isin(UNSAFE).sum()) if priced is not None else None
    risks = [
        rules.setup_risks(plan is not None, len(goods) > 0, len(board.tasks) > 0),
        rules.stock_risks(goods, account.lines, target),
        rules.frame(priced),
        rules.task_risks(board.tasks, today),
        rules.data_risks(age),
    ]
    whole = board.readiness.iloc[-1]
    return Overview(
        campaign=mine,
        phase=mine.phase_at(now),
        upcoming=mine.next_phase(now),
        plan=plan,
        skus=len(goods),
        ready=float(whole["readiness"]) if len(board.tasks) else None,
        ready_due=float(whole["planned"]) if len(board.tasks) else None,
        covered=rules.covered(account.lines),
        unsafe=unsafe,
        warmth=warmup.heat(db, actor, campaign_id, now).index,
        planned_by_now=planned,
        done=done,
        data_age=age,
        risks=rules.largest(risks),
        tasks=_own(board.tasks, actor),
        changes=changes,
        selling=live.load(db, actor, campaign_id, now, live=True) if mine.selling(now) else None,
    )


def _own(tasks: pd.DataFrame, actor: Actor) -> pd.DataFrame:
    """Open tasks of the person or the person's department; everybody's for those without one."""
    still = tasks[tasks["state"] != "done"]
    mine = (still["owner"] == actor.name) | (still["department"] == actor.department)
    return (still[mine] if actor.department else still).head(8)


def _changes(connection: Connection, now: datetime) -> pd.DataFrame:
    """What was done in the last day, by action and person, newest first: action, account, count, at."""
    return audit.deeds(connection, since=now - timedelta(days=1), leaving_out=QUIET, limit=12)
