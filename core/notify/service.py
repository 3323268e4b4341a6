"""What the admin page asks: the channels and how they are used, a test message, the queue."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import func, select

from core.access import Actor, allow, audit
from core.database import Database, new_id, read
from core.errors import ShopError
from core.notify.channels import find, known
from core.notify.rules import LEVELS, limit_of
from core.notify.sender import deliver
from core.notify.tables import channel, message
from core.notify.words import LANGUAGES, say

_USED = ("name", "platform", "enabled", "least", "quiet_from", "quiet_to", "language")
_COLUMNS = [*_USED, "limit", "queued", "failed", "last_sent"]


def channels(db: Database, actor: Actor) -> pd.DataFrame:
    """Every channel with an address: name, platform, enabled, least, quiet_from, quiet_to (minutes of the day), language, limit
    (postings a minute), queued, failed (messages), last_sent. The address itself is never shown."""
    allow(actor, "notify.manage")
    with db.reading() as connection:
        found = known(connection)
        grouped = select(message.c.channel, message.c.state, func.count().label("n"), func.max(message.c.taken_at).label("last"))
        counted = {(r.channel, r.state): r for r in connection.execute(grouped.group_by(message.c.channel, message.c.state))}
    rows = []
    for one in found:
        queued, failed, sent = (counted.get((one.name, state)) for state in ("queued", "failed", "sent"))
        used = [getattr(one, name) for name in _USED]
        rows.append(
            [*used, limit_of(one.platform), queued.n if queued else 0, failed.n if failed else 0, sent.last if sent else None]
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


def change_channel(
    db: Database,
    actor: Actor,
    name: str,
    now: datetime,
    *,
    enabled: bool | None = None,
    least: str | None = None,
    quiet_from: int | None = None,
    quiet_to: int | None = None,
    language: str | None = None,
) -> None:
    """Sets how a channel is used; None leaves a part as it is. ShopError("notify.unknown_channel" | "notify.bad_level" |
    "notify.bad_hours" | "notify.bad_language")."""
    allow(actor, "notify.manage")
    said = {"enabled": enabled, "least": least, "quiet_from": quiet_from, "quiet_to": quiet_to, "language": language}
    if least not in (None, *LEVELS):
        raise ShopError("notify.bad_level", level=least)
    if any(minute is not None and not 0 <= minute < 1440 for minute in (quiet_from, quiet_to)):
        raise ShopError("notify.bad_hours")
    if language not in (None, *LANGUAGES):
        raise ShopError("notify.bad_language", language=language)
    with db.writing() as connection:
        found = find(connection, name)
        before = {key: getattr(found, key) for key in said}
        values = before | {key: value for key, value in said.items() if value is not None}
        if connection.execute(channel.update().where(channel.c.name == name).values(**values)).rowcount == 0:
            connection.execute(channel.insert().values(name=name, **values))
        audit.record(connection, actor, now, "notify.change", name, before, values)


def test_message(db: Database, actor: Actor, name: str, now: datetime) -> str:
    """Posts at once, whatever the hour; "" when the platform took it, else why not. It counts towards the channel's minute."""
    allow(actor, "notify.manage")
    with db.reading() as connection:
        to = find(connection, name)
    title, body = say(to.language, "message.test_title"), say(to.language, "message.test_body", who=actor.name)
    fault = deliver(to.url.get_secret_value(), title, body)
    row = {
        "id": new_id(),
        "channel": name,
        "level": "info",
        "title": title,
        "body": body,
        "created_at": now,
        "due_at": now,
        "taken_at": now,
        "tries": 1,
    }
    with db.writing() as connection:
        connection.execute(message.insert().values(**row, bundle=new_id(), state="failed" if fault else "sent", fault=fault))
        audit.record(connection, actor, now, "notify.test", name, None, {"fault": fault})
    return fault


def queue(db: Database, actor: Actor, limit: int = 200) -> pd.DataFrame:
    """The newest messages: channel, level, title, state, created_at, due_at, taken_at, tries, fault."""
    allow(actor, "notify.manage")
    shown = [
        message.c[key] for key in ("channel", "level", "title", "state", "created_at", "due_at", "taken_at", "tries", "fault")
    ]
    with db.reading() as connection:
        return read(connection, select(*shown).order_by(message.c.created_at.desc(), message.c.id.desc()).limit(limit))


def try_again(db: Database, actor: Actor, now: datetime) -> int:
    """Queues every failed message once more; how many."""
    allow(actor, "notify.manage")
    with db.writing() as connection:
        ids = [row.id for row in connection.execute(select(message.c.id).where(message.c.state == "failed"))]
        connection.execute(message.update().where(message.c.id.in_(ids)).values(state="queued", tries=0, due_at=now))
        audit.record(connection, actor, now, "notify.try_again", "queue", None, {"messages": len(ids)})
    return len(ids)
