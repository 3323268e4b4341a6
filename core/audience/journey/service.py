"""What may be asked of the journey: the sale that is looked at against the one before it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from core import clock
from core.access import Actor, allow
from core.audience.journey import stages
from core.audience.journey.stages import Part
from core.audience.people import sales
from core.audience.people.tables import member
from core.campaign.service import Campaign
from core.database import Database
from core.live.tables import sale_line, sale_minute, sale_minute_kind
from core.review.tables import service_case

CASE_DAYS = 45  # after the close: cases opened until then belong to the sale
QUICK_MINUTES = 48 * 60  # a ticket closed within it was settled quickly
HIGH = 4  # of five: satisfied
WANTED = ("add_to_cart", "favourite")


@dataclass(frozen=True, slots=True)
class Journey:
    """`rows`: stages.ROWS; `sale`, `before`: names of the sale that is looked at and of the one before ("" without);
    `asked`: whether it is the campaign that was asked for."""

    rows: pd.DataFrame
    sale: str
    before: str
    asked: bool


def journey(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> Journey:
    """The seven stages of the campaign, or of the last one while its sale is ahead. ShopError("campaign.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        looked = sales.looked_at(connection, campaign_id, now)
        mine, last = (_parts(connection, sale, now) if sale else {} for sale in (looked.mine, looked.before))
    names = [sale.name if sale else "" for sale in (looked.mine, looked.before)]
    return Journey(stages.compared(mine, last), names[0], names[1], looked.asked)


def _parts(connection: Connection, sale: Campaign, now: datetime) -> dict[str, Part]:
    """Numerator and denominator by stage; a stage of which nothing is known is left out."""
    parts = {
        **_shop(connection, sale.campaign_id),
        **_desk(connection, sale, now),
        "membership": _members(connection, sale),
    }
    return {stage: part for stage, part in parts.items() if part[1]}


def _shop(connection: Connection, campaign_id: str) -> dict[str, Part]:
    """From the books of the sale: wanted of views, buyers of visitors, units kept of units paid."""
    k, m, s = sale_minute_kind.c, sale_minute.c, sale_line.c
    by_kind = select(k.kind, func.sum(k.events)).where(k.campaign_id == campaign_id).group_by(k.kind)
    events = {str(kind): int(count) for kind, count in connection.execute(by_kind)}
    people = connection.execute(
        select(func.sum(m.buyers), func.sum(m.visitors)).where(m.campaign_id == campaign_id)
    ).one()
    paid, back = connection.execute(
        select(func.sum(s.paid), func.sum(s.refunded)).where(s.campaign_id == campaign_id)
    ).one()
    wanted = sum(events.get(kind, 0) for kind in WANTED)
    return {
        "discovery": (wanted, events.get("view", 0)),
        "purchase": (int(people[0] or 0), int(people[1] or 0)),
        "product": (int(paid or 0) - int(back or 0), int(paid or 0)),
    }


def _desk(connection: Connection, sale: Campaign, now: datetime) -> dict[str, Part]:
    """From the service desk: tickets settled quickly of those old enough to tell, satisfied of ratings, care contacts an
    order that was paid (an order counts once)."""
    c = service_case.c
    first, today = clock.epoch_minute(sale.opens_at), clock.epoch_minute(now)
    last = min(clock.epoch_minute(sale.closes_at + timedelta(days=CASE_DAYS)), today)
    inside = c.opened_minute.between(first, last)
    old = inside & (c.case_kind == "ticket") & (c.opened_minute <= today - QUICK_MINUTES)
    quick = old & (c.closed_minute - c.opened_minute <= QUICK_MINUTES)
    rated = inside & (c.case_kind == "rating") & c.rating.is_not(None)
    cared = select(func.count(c.order_id.distinct())).where(inside, c.case_kind == "care", c.order_id != "")
    known = connection.scalar(select(func.count()).select_from(service_case).where(c.case_kind == "care"))
    orders = select(func.count(sale_line.c.order_id.distinct())).where(
        sale_line.c.campaign_id == sale.campaign_id, sale_line.c.paid > 0
    )
    return {
        "after_sale": (_count(connection, quick), _count(connection, old)),
        "rating": (_count(connection, rated & (c.rating >= HIGH)), _count(connection, rated)),
        "care": (int(connection.scalar(cared) or 0), int(connection.scalar(orders) or 0) if known else 0),
    }


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return int(connection.scalar(select(func.count()).select_from(service_case).where(condition)) or 0)


def _members(connection: Connection, sale: Campaign) -> Part:
    """Buyers of the sale who were members by its close, of its known buyers; nothing without any member."""
    closed = sale.closes_at.astimezone(clock.zone(sale.timezone)).date().isoformat()
    joined = set(connection.scalars(select(member.c.person_key).where(member.c.joined_day <= closed)))
    bought = sales.buyers(connection, sale)
    return (len(joined & bought), len(bought)) if joined else (0, 0)
