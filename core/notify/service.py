"""What the admin page asks: the channels and how they are used, a test message, the queue."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import NamedTuple

import apprise
import orjson
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, audit
from core.database import Database, new_id, read
from core.errors import ShopError
from core.notify import relay, webhooks
from core.notify.channels import WEBHOOK as WEBHOOK
from core.notify.channels import Channel, find, known, seal
from core.notify.rules import LEVELS as LEVELS
from core.notify.rules import limit_of
from core.notify.sender import deliver
from core.notify.tables import channel, message
from core.notify.webhooks import TOPICS as TOPICS
from core.notify.words import LANGUAGES as LANGUAGES
from core.notify.words import say

_NAME = re.compile(r"[\w.-]{1,64}")
_USED = ("name", "platform", "enabled", "least", "quiet_from", "quiet_to", "language", "kind", "topics")
_COLUMNS = [*_USED, "limit", "queued", "failed", "last_sent"]


def channels(db: Database, actor: Actor) -> pd.DataFrame:
    """Every channel with an address: name, platform, enabled, least, quiet_from, quiet_to (minutes of the
    day), language, kind ("messages" | "webhook"), topics, limit (postings a minute), queued, failed (messages), last_sent. The address itself is
    never shown."""
    allow(actor, "notify.manage")
    with db.reading() as connection:
        configured = known(connection)
        grouped = select(
            message.c.channel,
            message.c.state,
            func.count().label("n"),
            func.max(message.c.taken_at).label("last"),
        )
        counted = {
            (r.channel, r.state): r
            for r in connection.execute(grouped.group_by(message.c.channel, message.c.state))
        }
    rows = []
    for one in configured:
        queued, failed, sent = (counted.get((one.name, state)) for state in ("queued", "failed", "sent"))
        used = [getattr(one, name) for name in _USED]
        rows.append(
            [
                *used,
                limit_of(one.platform),
                queued.n if queued else 0,
                failed.n if failed else 0,
                sent.last if sent else None,
            ]
        )
    return pd.DataFrame(rows, columns=_COLUMNS)


@dataclass(frozen=True, slots=True)
class Use:
    """How a channel is used; None leaves a part as it is. Quiet hours are minutes of the day."""

    enabled: bool | None = None
    least: str | None = None
    quiet_from: int | None = None
    quiet_to: int | None = None
    language: str | None = None


class Receiver(NamedTuple):
    """Where signed events go, and which topics."""

    url: str
    topics: Collection[str]


def change_channel(db: Database, actor: Actor, name: str, use: Use, now: datetime) -> None:
    """Sets how a channel is used. ShopError("notify.unknown_channel" |
    "notify.bad_level" | "notify.bad_hours" | "notify.bad_language")."""
    allow(actor, "notify.manage")
    said = asdict(use)
    if use.least not in (None, *LEVELS):
        raise ShopError("notify.bad_level", level=use.least)
    if any(minute is not None and not 0 <= minute < 1440 for minute in (use.quiet_from, use.quiet_to)):
        raise ShopError("notify.bad_hours")
    if use.language not in (None, *LANGUAGES):
        raise ShopError("notify.bad_language", language=use.language)
    with db.writing() as connection:
        current = find(connection, name)
        before = {key: getattr(current, key) for key in said}
        values = before | {key: value for key, value in said.items() if value is not None}
        if connection.execute(channel.update().where(channel.c.name == name).values(**values)).rowcount == 0:
            connection.execute(channel.insert().values(name=name, **values))
        audit.record(connection, actor, now, "notify.change", name, before, values)


def add_channel(db: Database, actor: Actor, name: str, url: str, now: datetime) -> None:
    """A channel for people by its apprise address, which is sealed with the shop's key and never shown again.
    ShopError("notify.bad_name" | "notify.name_taken" | "notify.bad_address")."""
    allow(actor, "notify.manage")
    if not apprise.Apprise().add(url.strip()):
        raise ShopError("notify.bad_address")
    with db.writing() as connection:
        _require_free(connection, name)
        connection.execute(channel.insert().values(name=name, address=seal(name, url.strip())))
        audit.record(connection, actor, now, "notify.add", name)


def add_webhook(db: Database, actor: Actor, name: str, receiver: Receiver, now: datetime) -> str:
    """A receiver of signed events; returns its signing secret, this once. ShopError("notify.bad_name" |
    "notify.name_taken" | "notify.bad_webhook" | "notify.bad_topics")."""
    allow(actor, "notify.manage")
    url, topics = receiver
    webhooks.require_address(url.strip())
    wanted = [topic for topic in TOPICS if topic in topics]
    if not wanted or set(topics) - set(TOPICS):
        raise ShopError("notify.bad_topics", topics=list(TOPICS))
    secret = webhooks.new_secret()
    with db.writing() as connection:
        _require_free(connection, name)
        if not any(one.kind == WEBHOOK for one in known(connection)):
            relay.begin(connection)
        kept = {"kind": WEBHOOK, "topics": wanted, "address": seal(name, url.strip(), secret)}
        connection.execute(channel.insert().values(name=name, **kept))
        audit.record(connection, actor, now, "notify.add", name, None, {"topics": wanted})
    return secret


def remove(db: Database, actor: Actor, name: str, now: datetime) -> int:
    """Takes a channel away that was added here, with what waits for it; how many messages that were.
    ShopError("notify.unknown_channel" | "notify.from_file")."""
    allow(actor, "notify.manage")
    with db.writing() as connection:
        find(connection, name)
        mine = (channel.c.name == name) & channel.c.address.is_not(None)
        if connection.execute(channel.delete().where(mine)).rowcount == 0:
            raise ShopError("notify.from_file", name=name)
        waiting = message.delete().where(message.c.channel == name, message.c.state != "sent")
        dropped = connection.execute(waiting).rowcount
        audit.record(connection, actor, now, "notify.remove", name, None, {"messages": dropped})
    return dropped


def _require_free(connection: Connection, name: str) -> None:
    if not _NAME.fullmatch(name):
        raise ShopError("notify.bad_name", name=name)
    taken = connection.scalar(select(channel.c.name).where(channel.c.name == name))
    if taken or any(one.name == name for one in known(connection)):
        raise ShopError("notify.name_taken", name=name)


def test_message(db: Database, actor: Actor, name: str, now: datetime) -> str:
    """Posts at once, whatever the hour; "" when the platform took it, else why not. It counts towards the
    channel's minute."""
    allow(actor, "notify.manage")
    with db.reading() as connection:
        to = find(connection, name)
    message_id = new_id()
    title, body, fault = _tried(to, actor, message_id, now)
    row = {
        "id": message_id,
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
        connection.execute(
            message.insert().values(**row, bundle=new_id(), state="failed" if fault else "sent", fault=fault)
        )
        audit.record(connection, actor, now, "notify.test", name, None, {"fault": fault})
    return fault


def _tried(to: Channel, actor: Actor, message_id: str, now: datetime) -> tuple[str, str, str]:
    """Posts a test; its title, its text, and why it was not taken ("" where it was)."""
    if to.kind == WEBHOOK:
        facts = {"type": "test", "timestamp": now.isoformat(), "data": {"account": actor.name}}
        body = orjson.dumps(facts).decode()
        return "test", body, webhooks.deliver(to, message_id, body, now)
    title = say(to.language, "message.test_title")
    text = say(to.language, "message.test_body", who=actor.name)
    return title, text, deliver(to.url.get_secret_value(), title, text)


def queue(db: Database, actor: Actor, limit: int = 200) -> pd.DataFrame:
    """The newest messages, dead letters (failed) before all: channel, level, title, state, created_at, due_at, taken_at, tries, fault."""
    allow(actor, "notify.manage")
    shown = [
        message.c[key]
        for key in (
            "channel",
            "level",
            "title",
            "state",
            "created_at",
            "due_at",
            "taken_at",
            "tries",
            "fault",
        )
    ]
    with db.reading() as connection:
        dead = (message.c.state == "failed").desc()
        newest = (message.c.created_at.desc(), message.c.id.desc())
        return read(connection, select(*shown).order_by(dead, *newest).limit(limit))


def try_again(db: Database, actor: Actor, now: datetime) -> int:
    """Queues every failed message once more; how many."""
    allow(actor, "notify.manage")
    with db.writing() as connection:
        ids = [row.id for row in connection.execute(select(message.c.id).where(message.c.state == "failed"))]
        connection.execute(
            message.update().where(message.c.id.in_(ids)).values(state="queued", tries=0, due_at=now)
        )
        audit.record(connection, actor, now, "notify.try_again", "queue", None, {"messages": len(ids)})
    return len(ids)
