"""What may be asked of people as a whole: what they are like. Nobody is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select, update

from core.access import Actor, allow
from core.audience.people import sales, structure
from core.audience.people.tables import TRAITS, invite, member, person
from core.database import Database, read
from core.imports.tables import import_change


@dataclass(frozen=True, slots=True)
class Structure:
    """`shares`: structure.SHARES; `people`: records; `sale`: name of the sale that buyers are of ("" without one),
    `asked`: whether it is the campaign that was asked for; `buyers`: its known buyers, `recorded`: those of them with a
    record."""

    shares: pd.DataFrame
    people: int
    sale: str
    asked: bool
    buyers: int
    recorded: int


def people_structure(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> Structure:
    """People by trait, and the buyers of the sale against the rest. ShopError("campaign.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        known = read(connection, select(person.c.person_key, *(person.c[name] for name in TRAITS)))
        sale = sales.looked_at(connection, campaign_id, now)
        bought = sales.buyers(connection, sale.mine) if sale.mine else set()
    mine = known["person_key"].isin(bought)
    shares = structure.shares(known, mine, TRAITS)
    name = sale.mine.name if sale.mine else ""
    return Structure(shares, len(known), name, sale.asked, len(bought), int(mine.sum()))


def forget(connection: Connection, keys: Sequence[str]) -> int:
    """Takes the person out of records, memberships and invites, in the caller's transaction; how many rows. Invites stay
    counted without the name; a before-image that named the person goes."""
    count = 0
    for table in (person, member):
        count += connection.execute(delete(table).where(table.c.person_key.in_(keys))).rowcount
    for column in (invite.c.inviter_key, invite.c.invited_key):
        mine = column.in_(keys)
        count += connection.execute(update(invite).where(mine).values({column: ""})).rowcount
    return count + _images(connection, keys)


def _images(connection: Connection, keys: Sequence[str]) -> int:
    """Before-images by the person's key, or with it inside."""
    change = import_change.c
    return connection.execute(delete(import_change).where(change.key.in_(keys))).rowcount
