"""Who bought in a sale, and which sale a page of people speaks of. In the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.audience.people import keys
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.campaign.tables import campaign
from core.live.tables import event
from core.orders.states import BOUGHT
from core.orders.tables import order_line


@dataclass(frozen=True, slots=True)
class Sales:
    """The sale that is looked at and the one before it (None where there is none); `asked`: whether it is the one that
    was asked for, which has not begun otherwise."""

    mine: Campaign | None
    before: Campaign | None
    asked: bool


def looked_at(connection: Connection, campaign_id: str, now: datetime) -> Sales:
    """The campaign asked for where its sale has begun, else the last one that has, and the one before. ShopError(
    "campaign.unknown")."""
    asked = campaigns.standing(connection, campaign_id)
    until = asked.opens_at if asked.opens_at <= now else now
    c = campaign.c
    query = (
        select(c.campaign_id)
        .where(c.rehearsal_of == "", c.archived.is_(False), c.opens_at <= until, c.campaign_id != campaign_id)
        .order_by(c.opens_at.desc())
        .limit(2)
    )
    past = [campaigns.standing(connection, name) for name in connection.scalars(query)]
    begun = ([asked] if asked.opens_at <= now else []) + past
    return Sales(begun[0] if begun else None, begun[1] if len(begun) > 1 else None, asked.opens_at <= now)


def buyers(connection: Connection, sale: Campaign) -> set[str]:
    """The keys of who paid in the sale: order lines paid while it was open, and payments among its events."""
    line, paid = order_line.c, event.c
    inside = (line.paid_at >= sale.opens_at, line.paid_at < sale.closes_at)
    lines = select(line.buyer_key).where(*inside, line.state.in_(BOUGHT))
    events = select(paid.user_key).where(paid.kind == "pay", paid.campaign_id == sale.campaign_id)
    known = set(connection.scalars(lines.distinct()))
    return (known | keys.of_events(list(connection.scalars(events.distinct())))) - {""}
