"""Into the queue: in the transaction of the change that is told about, so that neither exists without the
other."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from core.database import new_id
from core.notify.channels import MESSAGES, Channel, known
from core.notify.rules import LEVELS
from core.notify.tables import message
from core.notify.words import Wording


def post(connection: Connection, now: datetime, wording: Wording, level: str = "info", key: str = "") -> int:
    """Queues a message for every enabled channel that takes its level, in the channel's language; how many
    channels got it.

    A `key` that still waits in a channel is not queued there again: an alarm that keeps firing is told once a
    posting.
    """
    waiting = select(message.c.channel).where(message.c.key == key, message.c.state == "queued")
    have = {row.channel for row in connection.execute(waiting)} if key else set()
    takers = [one for one in taking(connection, level) if one.name not in have]
    said = {language: wording(language) for language in {one.language for one in takers}}
    rows = [
        {
            "id": new_id(),
            "channel": one.name,
            "key": key,
            "level": level,
            "title": said[one.language][0],
            "body": said[one.language][1],
            "created_at": now,
            "due_at": now,
            "state": "queued",
        }
        for one in takers
    ]
    if rows:
        connection.execute(message.insert(), rows)
    return len(rows)


def taking(connection: Connection, level: str) -> list[Channel]:
    """The enabled channels that take messages of a level."""
    return [
        one
        for one in known(connection)
        if one.enabled and one.kind == MESSAGES and LEVELS.index(level) >= LEVELS.index(one.least)
    ]


def told(connection: Connection, keys: Collection[str]) -> set[str]:
    """Which of these keys were ever queued and are still kept: waiting, sent or failed."""
    return {
        str(key)
        for key in connection.scalars(select(message.c.key).distinct().where(message.c.key.in_(keys)))
    }
