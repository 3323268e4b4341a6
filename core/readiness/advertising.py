"""What may be asked of bought advertising: places, budget, expected visitors and their cost, against the
plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import delete, select

from core.access import Actor, allow, audit
from core.campaign import planning
from core.campaign import service as campaigns
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.readiness import rules
from core.readiness.tables import ad_resource


@dataclass(frozen=True, slots=True)
class NewResource:
    """Bought advertising as it is entered; the budget in fen."""

    name: str
    channel: str
    starts_at: datetime
    ends_at: datetime
    budget: int
    expected_visitors: int


def resources(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """Bought places with cost per visitor and their share of the planned visitors; the sum comes last
    (`rules.advertising`)."""
    allow(actor, "readiness.view")
    names = (
        "resource_id",
        "name",
        "channel",
        "starts_at",
        "ends_at",
        "budget",
        "expected_visitors",
        "version",
    )
    query = select(*(ad_resource.c[name] for name in names)).where(ad_resource.c.campaign_id == campaign_id)
    with db.reading() as connection:
        plan = planning.in_force(connection, campaign_id)
        frame = read(connection, query.order_by(ad_resource.c.starts_at, ad_resource.c.name))
    return rules.advertising(frame, plan.target.visitors if plan else 0)


def against_plan(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The same places by channel against the new visitors that the plan wants from it, and what it wants to
    pay for one (`rules.by_channel`). ShopError("campaign.unknown").
    """
    allow(actor, "readiness.view")
    r = ad_resource.c
    with db.reading() as connection:
        plan = planning.in_force(connection, campaign_id)
        frame = read(
            connection, select(r.channel, r.budget, r.expected_visitors).where(r.campaign_id == campaign_id)
        )
    nothing = pd.DataFrame({"channel": [], "visitors": [], "cost": []})
    return rules.by_channel(frame, plan.acquisition() if plan else nothing)


def put_resource(db: Database, actor: Actor, campaign_id: str, new: NewResource, now: datetime) -> str:
    """A place to buy (budget in fen); returns its id. ShopError("readiness.resource", field=...)."""
    allow(actor, "readiness.edit")
    faults = {
        "name": not new.name.strip(),
        "ends_at": new.ends_at <= new.starts_at,
        "budget": new.budget < 0,
        "expected_visitors": new.expected_visitors < 0,
    }
    for field, broken in faults.items():
        if broken:
            raise ShopError("readiness.resource", field=field)
    row = {
        "name": new.name.strip(),
        "channel": new.channel,
        "budget": new.budget,
        "expected_visitors": new.expected_visitors,
        "starts_at": new.starts_at,
        "ends_at": new.ends_at,
    }
    resource_id = new_id()
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        named = {"campaign_id": campaign_id, "resource_id": resource_id, "account": actor.name, "at": now}
        insert(connection, ad_resource, pd.DataFrame([row | named]))
        audit.record(connection, actor, now, "readiness.resource", resource_id, None, row)
    return resource_id


def drop_resource(db: Database, actor: Actor, campaign_id: str, resource_id: str, now: datetime) -> None:
    """Takes a place out of the plan. ShopError("readiness.resource")."""
    allow(actor, "readiness.edit")
    mine = (ad_resource.c.campaign_id == campaign_id) & (ad_resource.c.resource_id == resource_id)
    with db.writing() as connection:
        gone = connection.execute(
            delete(ad_resource).where(mine).returning(ad_resource.c.name, ad_resource.c.budget)
        ).all()
        if not gone:
            raise ShopError("readiness.resource", field="resource_id")
        audit.record(
            connection,
            actor,
            now,
            "readiness.resource_drop",
            resource_id,
            {"name": gone[0].name, "budget": gone[0].budget},
            None,
        )
