"""Cards of the inbox that a person puts off or hands on; kept in the database, so that a closed window or another
computer forgets nothing. A card whose figures change is another card, and is back at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select

from core.access import Actor, allow, allowed, audit
from core.access.tables import account
from core.database import Database
from core.errors import ShopError
from core.overview.tables import inbox_mark

LONGEST = timedelta(days=7)  # nothing is out of sight for longer
_m = inbox_mark.c


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a card has gone: to a deputy ("" = put off), until when, by whom."""

    deputy: str
    until: datetime
    marked_by: str


def marks(connection: Connection, campaign_id: str, actor: Actor, now: datetime) -> Mapping[str, Mark]:
    """The marks in force by card, as they concern this person: what the person put off, what anybody handed on."""
    query = select(_m.card, _m.deputy, _m.until, _m.marked_by).where(
        _m.campaign_id == campaign_id, _m.until > now, or_(_m.account == actor.name, _m.account == "")
    )
    return {row.card: Mark(row.deputy, row.until, row.marked_by) for row in connection.execute(query)}


def put_off(
    db: Database, actor: Actor, campaign_id: str, card: str, until: datetime, *, now: datetime
) -> None:
    """Takes a card off the person's own list until then. ShopError("inbox.until") for the past or beyond LONGEST."""
    allow(actor, "campaign.view")
    if not now < until <= now + LONGEST:
        raise ShopError("inbox.until", days=LONGEST.days)
    with db.writing() as connection:
        _keep(connection, Key(campaign_id, card, actor.name), Mark("", until, actor.name), now)
        audit.record(connection, actor, now, "inbox.later", card, None, {"until": until.isoformat()})


class HandedOn(NamedTuple):
    """A card, what it asks for, and the colleague who is to do it."""

    card: str
    action: str
    deputy: str


def hand_on(db: Database, actor: Actor, campaign_id: str, handed: HandedOn, *, now: datetime) -> None:
    """Gives a card to a colleague who may do what it asks for; it leaves everybody else's list.
    ShopError("inbox.deputy") unless the colleague may."""
    allow(actor, "campaign.view")
    card, action, deputy = handed
    allow(actor, action)  # what the card asks for: nobody hands on what is not theirs to do
    with db.writing() as connection:
        if deputy not in _deputies(connection, actor, action):
            raise ShopError("inbox.deputy", name=deputy)
        _keep(connection, Key(campaign_id, card, ""), Mark(deputy, now + LONGEST, actor.name), now)
        audit.record(connection, actor, now, "inbox.hand_on", card, None, {"deputy": deputy})


def take_back(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> int:
    """Brings back what the person put off or handed on; returns how many cards."""
    allow(actor, "campaign.view")
    mine = _m.campaign_id == campaign_id, _m.until > now, _m.marked_by == actor.name
    with db.writing() as connection:
        count = connection.execute(delete(inbox_mark).where(*mine)).rowcount
        audit.record(connection, actor, now, "inbox.take_back", campaign_id, None, {"cards": count})
    return count


def deputies(db: Database, actor: Actor, action: str) -> list[str]:
    """The colleagues who may do it, by name."""
    allow(actor, "campaign.view")
    allow(actor, action)  # what the card asks for: nobody hands on what is not theirs to do
    with db.reading() as connection:
        return _deputies(connection, actor, action)


def _deputies(connection: Connection, actor: Actor, action: str) -> list[str]:
    people = connection.execute(
        select(account.c.name, account.c.role).where(~account.c.disabled, account.c.name != actor.name)
    )
    return sorted(row.name for row in people if allowed(Actor(row.name, row.role), action))


class Key(NamedTuple):
    """A card of a campaign, and whose list it is marked on ("": everybody's)."""

    campaign_id: str
    card: str
    account: str


def _keep(connection: Connection, key: Key, mark: Mark, now: datetime) -> None:
    mine = _m.campaign_id == key.campaign_id, _m.card == key.card, _m.account == key.account
    connection.execute(delete(inbox_mark).where(*mine))
    row = {**key._asdict(), "at": now}
    connection.execute(
        inbox_mark.insert().values(**row, deputy=mark.deputy, until=mark.until, marked_by=mark.marked_by)
    )
