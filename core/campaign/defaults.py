"""What a campaign begins with from an earlier one: each figure with its origin, taken or refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign, campaign_default
from core.database import Database, insert, read
from core.database.types import Record

ITEMS = ("target", "pace", "channels", "uplift", "signals", "staffing", "learnings")


@dataclass(frozen=True, slots=True)
class Default:
    """One figure of an earlier campaign. `value`: plain JSON, by item:

    target: gmv, aov (fen), visitors, conversion_rate. pace: first_hour, half_minutes, days. channels: by channel
    [visitors, buyers, amount in fen]. uplift: uplift, days. signals: reflow, conversion, units, weight, people.
    staffing: settings of `readiness.staffing` and orders counted. learnings: findings [code, facts], own, drill.
    """

    item: str
    source_id: str
    source: str
    taken: bool
    value: Record


def stored(connection: Connection, campaign_id: str) -> dict[str, Default]:
    """What the campaign was offered when it was made, by item, in the order of ITEMS; {} where it began blank."""
    d = campaign_default.c
    query = select(d.item, d.source_id, campaign.c.name.label("source"), d.taken, d.value)
    query = query.join(campaign, campaign.c.campaign_id == d.source_id).where(d.campaign_id == campaign_id)
    rows = read(connection, query).to_dict("records")
    known = {str(row["item"]): Default(**{str(name): value for name, value in row.items()}) for row in rows}
    return {item: known[item] for item in ITEMS if item in known}


def load(db: Database, actor: Actor, campaign_id: str) -> dict[str, Default]:
    """As `stored`, for the screen."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        return stored(connection, campaign_id)


def keep(
    connection: Connection, actor: Actor, campaign_id: str, offered: Sequence[Default], now: datetime
) -> None:
    """Stores what a new campaign was offered, inside the transaction that makes it."""
    rows = [
        {
            "campaign_id": campaign_id,
            "item": one.item,
            "source_id": one.source_id,
            "taken": one.taken,
            "value": one.value,
            "account": actor.name,
            "at": now,
        }
        for one in offered
    ]
    if rows:
        insert(connection, campaign_default, pd.DataFrame(rows))
        facts = {one.item: one.taken for one in offered} | {"from": offered[0].source_id}
        audit.record(connection, actor, now, "campaign.defaults", campaign_id, None, facts)


def refused(known: Mapping[str, Default], item: str) -> bool:
    """Whether the item was offered and not taken."""
    return item in known and not known[item].taken


def refused_sales(connection: Connection, campaign_id: str, item: str) -> set[str]:
    """The earlier campaigns whose item this one has refused."""
    d = campaign_default.c
    query = select(d.source_id).where(d.campaign_id == campaign_id, d.item == item, d.taken.is_(False))
    return set(connection.scalars(query))


def channel_weights(known: Mapping[str, Default]) -> tuple[dict[str, int], dict[str, int]]:
    """Whole weights of money and of visitors by channel, in per mille of the earlier campaign's; ({}, {}) where
    none was taken. Together they say each channel's conversion."""
    one = known.get("channels")
    if one is None or not one.taken:
        return {}, {}
    figures = {name: (visitors, amount) for name, (visitors, _, amount) in one.value["by"].items()}
    sums = [max(1, sum(pair[place] for pair in figures.values())) for place in (0, 1)]
    money = {name: max(1, round(1000 * amount / sums[1])) for name, (_, amount) in figures.items()}
    people = {name: max(1, round(1000 * visitors / sums[0])) for name, (visitors, _) in figures.items()}
    return money, people
