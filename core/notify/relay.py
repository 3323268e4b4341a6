"""What was decided goes out to webhooks: approvals and price releases, read from the audit trail, where each stands
once and in order, whoever did it and by whichever door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, func, select

from core.access.tables import audit
from core.database import Database
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.notify.channels import WEBHOOK, known
from core.notify.tables import relay
from core.notify.webhooks import announce

MOST = 500  # rows of the trail in one run
EVENTS = {
    "approval.request": ("approvals", "approval.requested"),
    "approval.approved": ("approvals", "approval.approved"),
    "approval.refused": ("approvals", "approval.refused"),
    "approval.expire": ("approvals", "approval.expired"),
    "price.publish": ("prices", "price.released"),
}


def relay_due(db: Database, now: datetime) -> int:
    """Queues what the trail has since the last run; how many rows were told. The first run begins at the trail's
    end: nobody is told of what was before."""
    with db.reading() as connection:
        if not any(one.kind == WEBHOOK for one in known(connection)):
            return 0
        if _end(connection) == _told(connection):
            return 0
    with db.writing() as connection:
        one_at_a_time(connection, "relay")
        told, end = _told(connection), _end(connection)
        rows = _rows(connection, told) if told is not None else []
        for row in rows:
            announce(connection, now, *EVENTS[row["action"]], _data(row))
        begin(connection, int(rows[-1]["number"]) if len(rows) == MOST else end)
    return len(rows)


def begin(connection: Connection, number: int | None = None) -> None:
    """From here on: what stands in the trail up to this number (its end) is not told."""
    values = {"number": _end(connection) if number is None else number}
    if connection.execute(relay.update().values(**values)).rowcount == 0:
        connection.execute(relay.insert().values(id=1, **values))


def _told(connection: Connection) -> int | None:
    return connection.scalar(select(relay.c.number))


def _end(connection: Connection) -> int:
    return int(connection.scalar(select(func.max(audit.c.number))) or 0)


def _rows(connection: Connection, told: int) -> list[RowMapping]:
    a = audit.c
    query = select(a.number, a.at, a.account, a.action, a.subject, a.after)
    wanted = query.where(a.number > told, a.action.in_(list(EVENTS))).order_by(a.number).limit(MOST)
    return list(connection.execute(wanted).mappings())


def _data(row: Mapping[Any, Any]) -> Record:
    """What a receiver hears: who, when, about what; an approval's figures stay in the house."""
    facts = {"number": row["number"], "at": row["at"].isoformat(), "account": row["account"]}
    after = row["after"] or {}
    if row["action"] == "price.publish":
        campaign_id, _, phase = row["subject"].partition("/")
        return facts | {"campaign_id": campaign_id, "phase": phase, **after}
    kind, _, subject = row["subject"].partition(":")
    words = {name: after[name] for name in ("id", "reason", "note") if name in after}
    return facts | {"kind": kind, "subject": subject, **words}
