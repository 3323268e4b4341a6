"""A person's erasure on request: sums stay to the fen and to the head, the key is nowhere left."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, and_, bindparam, delete, or_, select, update

from core.access import Actor, allow, audit
from core.access.persons import key_of
from core.audience import runs
from core.audience.people import service as people
from core.database import Database, insert, keyed, read
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.imports.tables import LOCK, import_change
from core.lists import service as lists
from core.live.ledger.events import INVITE
from core.live.tables import OF_AN_ORDER, event, person_seen
from core.orders import buyers
from core.orders.tables import order_line
from core.warmup.tables import warmup_touch

PEOPLE = (event, person_seen, warmup_touch)  # tables that know people by user_key, and have no index by it
_NAMED = ("buyer_key", "inviter_key", "invited_key")  # fields of before-images that name somebody
MARK = "~"  # begins what stands for a person who was erased


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows no longer name the person: order lines, before-images of imports, rows of events and their
    books, records with memberships and invites, places on lists and in stored segment runs."""

    order_lines: int
    images: int
    events: int
    records: int
    lists: int

    def __add__(self, other: Forgotten) -> Forgotten:
        """Both together."""
        return Forgotten(*map(sum, zip(astuple(self), astuple(other), strict=True)))


def forget(db: Database, actor: Actor, key: str, *, now: datetime) -> Forgotten:
    """Erases a person, named by the shop's own id or by the keyed hash of it.

    Order lines become those of an unknown buyer. What the person did in events goes on under a random mark that was
    drawn once and is written down nowhere: heads counted once stay counted once, and every recount still holds. The
    audit trail says how much, never whom. Whoever brings an old export in again brings the person back.

    ShopError("person.blank" | "person.unknown").
    """
    allow(actor, "person.forget")
    own = key.strip()
    if not own:
        raise ShopError("person.blank")
    names = sorted({own, key_of(own)} - {""})
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        done = erased(connection, names)
        if not any(astuple(done)):
            raise ShopError("person.unknown")
        audit.record(connection, actor, now, "person.forget", "", after=asdict(done))
    return done


def located(connection: Connection, names: list[str]) -> dict[str, pd.DataFrame]:
    """The rows of these people in PEOPLE, by the table's name: one pass over each."""
    return {
        table.name: read(connection, select(table).where(keyed(table.c.user_key, names, connection)))
        for table in PEOPLE
    }


def erased(
    connection: Connection, names: list[str], rows: Mapping[str, pd.DataFrame] | None = None
) -> Forgotten:
    """Erases everybody of these names, one or some hundred, in the caller's transaction. `rows`: theirs and perhaps others', as
    `located` in this very transaction, where they have been read already."""
    return Forgotten(
        order_lines=_orders(connection, names),
        images=_images(connection, names),
        events=_events(connection, names, located(connection, names) if rows is None else rows),
        records=people.forget(connection, names),
        lists=lists.forget(connection, names) + runs.forget(connection, names),
    )


def _orders(connection: Connection, names: list[str]) -> int:
    mine = keyed(order_line.c.buyer_key, names, connection)
    count = connection.execute(update(order_line).where(mine).values(buyer_key="")).rowcount
    if count:
        buyers.refresh(connection, [*names, ""])
    return count


def _images(connection: Connection, names: list[str]) -> int:
    """Before-images that an undo would bring back."""
    change = import_change.c
    inside = or_(*(keyed(change.before[name].as_string(), names, connection) for name in _NAMED))
    rows = connection.execute(select(change.import_id, change.key, change.before).where(inside)).all()
    gone = set(names)
    if rows:
        which = (change.import_id == bindparam("run")) & (change.key == bindparam("row"))
        connection.execute(
            update(import_change).where(which).values(before=bindparam("image")),
            [{"run": row.import_id, "row": row.key, "image": _blanked(row.before, gone)} for row in rows],
        )
    return len(rows)


def _blanked(image: dict[str, Any], gone: set[str]) -> dict[str, Any]:
    return image | {name: "" for name in _NAMED if image.get(name) in gone}


def _events(connection: Connection, names: list[str], found: Mapping[str, pd.DataFrame]) -> int:
    """Each name in events becomes a mark of its own. The rows are written anew: a cluster keeps a row where its name
    puts it, and moves none."""
    marks = {name: f"{MARK}{secrets.token_hex(15)}" for name in names}
    count = 0
    for table in PEOPLE:
        everybody = found[table.name]
        rows = everybody[everybody["user_key"].isin(names)]
        if len(rows):
            key = [column.name for column in table.primary_key]
            which = and_(*(table.c[name] == bindparam(f"old_{name}") for name in key))
            old = [{f"old_{name}": one[name] for name in key} for one in rows[key].to_dict("records")]
            connection.execute(delete(table).where(which), old)
            insert(connection, table, rows.assign(user_key=rows["user_key"].map(marks)))
        count += len(rows)
    return count + _invited(connection, marks)


def _invited(connection: Connection, marks: Mapping[str, str]) -> int:
    """The same for those who came by an invite: their key stands where other events have an order's number."""
    e = event.c
    mine = (OF_AN_ORDER, e.kind == INVITE, keyed(e.order_id, list(marks), connection))
    rows = connection.execute(select(e.source, e.event_id, e.order_id).where(*mine)).all()
    if rows:
        which = (e.source == bindparam("of_source")) & (e.event_id == bindparam("of_event"))
        values = [{"of_source": row[0], "of_event": row[1], "mark": marks[row[2]]} for row in rows]
        connection.execute(update(event).where(which).values(order_id=bindparam("mark")), values)
    return len(rows)
