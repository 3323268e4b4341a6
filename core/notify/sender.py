"""Out of the queue: takes what is due, posts it, writes down what became of it. At least once: a crash
repeats a posting, never loses it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import apprise
from apprise import NotifyFormat
from sqlalchemy import Connection, func, select

from core import clock, logs
from core.database import Database, new_id
from core.database.locks import one_at_a_time
from core.notify import webhooks
from core.notify.channels import WEBHOOK, Channel, known
from core.notify.postings import Posting, Waiting, postings
from core.notify.rules import held, limit_of, next_post, next_try
from core.notify.tables import message
from core.notify.words import as_markdown
from core.settings import settings

for _talkative in ("apprise", "urllib3"):  # they would write robots' addresses into the log
    logging.getLogger(_talkative).setLevel(logging.CRITICAL)

LEFT = "left"  # of a posting that was not tried
LEASE = timedelta(minutes=5)  # a sender that died gives its messages back after this
KEPT = timedelta(days=30)
Deliver = Callable[[str, str, str], str]


@dataclass(frozen=True, slots=True)
class Sent:
    """What one round did: postings that went out, messages in them, messages that failed for now, messages
    that still wait."""

    postings: int = 0
    messages: int = 0
    failed: int = 0
    waiting: int = 0


def deliver(url: str, title: str, body: str) -> str:
    """Posts to one apprise address; "" when the platform took it, else why not, without the address."""
    robot = apprise.Apprise()
    if not robot.add(url):
        return "bad_address"
    try:
        reads_markdown = robot[0].resolve_format(NotifyFormat.TEXT) == NotifyFormat.MARKDOWN
        if reads_markdown:
            title, body = as_markdown(title), as_markdown(body)
        kind = NotifyFormat.MARKDOWN if reads_markdown else NotifyFormat.TEXT
        return "" if robot.notify(title=title, body=body, body_format=kind) else "refused"
    except Exception as error:  # a plugin's own fault must not stop the queue
        logs.unexpected(error, where="notify")
        return type(error).__name__


def send_due(db: Database, now: datetime, deliver: Deliver = deliver) -> Sent:
    """Sends what is due on every channel, within each platform's limit; called by the server's scheduler and by
    `notify`."""
    with db.reading() as connection:
        channels = [one for one in known(connection) if one.enabled]
    if not channels:
        return Sent()
    done = [_send(db, one, now, deliver) for one in channels]
    with db.reading() as connection:
        waiting = (
            connection.scalar(select(func.count()).select_from(message).where(message.c.state == "queued"))
            or 0
        )
    return Sent(
        sum(d.postings for d in done), sum(d.messages for d in done), sum(d.failed for d in done), waiting
    )


def _send(db: Database, to: Channel, now: datetime, deliver: Deliver) -> Sent:
    with db.reading() as connection:  # an idle queue costs no write lock
        if not _due(connection, to, now) and not _lost(connection, to, now):
            return Sent()
    with db.writing() as connection:
        one_at_a_time(connection, f"notify:{to.name}")
        _give_back(connection, to, now)
        room = limit_of(to.platform) - _sent_this_minute(connection, to, now)
        taken = _postings(to, _due(connection, to, now), room)
        bundles = [new_id() for _ in taken]
        for bundle, posting in zip(bundles, taken, strict=True):
            _mark(connection, posting, state="sending", bundle=bundle, taken_at=now)
    faults = _delivered(to, taken, now, deliver)
    with db.writing() as connection:
        for posting, fault in zip(taken, faults, strict=True):
            _settle(connection, to, posting, fault, now)
        connection.execute(
            message.delete().where(message.c.created_at < now - KEPT, message.c.state.in_(["sent", "failed"]))
        )
    good = [posting for posting, fault in zip(taken, faults, strict=True) if not fault]
    return Sent(
        len(good),
        sum(len(p.ids) for p in good),
        sum(len(p.ids) for p in taken) - sum(len(p.ids) for p in good),
    )


def _postings(to: Channel, due: list[Waiting], room: int) -> list[Posting]:
    """For people few, bundled; for programs one each, the oldest first."""
    if to.kind == WEBHOOK:
        return [Posting(one.title, one.body, (one.id,)) for one in due[: max(room, 0)]]
    return postings(due, room, to.language)


def _delivered(to: Channel, taken: list[Posting], now: datetime, deliver: Deliver) -> list[str]:
    """What became of each posting. A receiver that is away is not tried with the rest."""
    faults: list[str] = []
    for posting in taken:
        if to.kind != WEBHOOK:
            faults.append(deliver(to.url.get_secret_value(), posting.title, posting.body))
        elif set(faults) & set(webhooks.UNREACHABLE):
            faults.append(LEFT)
        else:
            faults.append(webhooks.deliver(to, posting.ids[0], posting.body, now))
    return faults


def _due(connection: Connection, to: Channel, now: datetime) -> list[Waiting]:
    query = select(message).where(
        message.c.channel == to.name, message.c.state == "queued", message.c.due_at <= now
    )
    zone = clock.zone(settings().timezone)
    rows = connection.execute(query.order_by(message.c.created_at, message.c.id).limit(1000)).all()
    return [
        Waiting(r.id, r.level, r.title, r.body)
        for r in rows
        if to.kind == WEBHOOK or not held(now, zone, r.level, to.quiet_from, to.quiet_to)
    ]


def _lost(connection: Connection, to: Channel, now: datetime) -> bool:
    query = select(message.c.id).where(
        message.c.channel == to.name, message.c.state == "sending", message.c.taken_at < now - LEASE
    )
    return connection.execute(query.limit(1)).first() is not None


def _give_back(connection: Connection, to: Channel, now: datetime) -> None:
    lost = message.update().where(
        message.c.channel == to.name, message.c.state == "sending", message.c.taken_at < now - LEASE
    )
    connection.execute(lost.values(state="queued"))


def _sent_this_minute(connection: Connection, to: Channel, now: datetime) -> int:
    recent = (message.c.channel == to.name) & (message.c.taken_at > now - timedelta(minutes=1))
    return connection.scalar(select(func.count(message.c.bundle.distinct())).where(recent)) or 0


def _mark(connection: Connection, posting: Posting, **values: object) -> None:
    connection.execute(message.update().where(message.c.id.in_(posting.ids)).values(**values))


def _settle(connection: Connection, to: Channel, posting: Posting, fault: str, now: datetime) -> None:
    if fault == LEFT:
        _mark(connection, posting, state="queued", bundle="", taken_at=None)
        return
    if not fault:
        _mark(connection, posting, state="sent", fault="")
        return
    rows = connection.execute(
        select(message.c.id, message.c.tries).where(message.c.id.in_(posting.ids))
    ).all()
    for row in rows:
        again = _again(to, fault, row.tries + 1, now)
        values = {"tries": row.tries + 1, "fault": fault, "state": "queued" if again else "failed"} | (
            {"due_at": again} if again else {}
        )
        connection.execute(message.update().where(message.c.id == row.id).values(**values))


def _again(to: Channel, fault: str, tries: int, now: datetime) -> datetime | None:
    if to.kind != WEBHOOK:
        return next_try(now, tries)
    return None if fault == webhooks.GONE else next_post(now, tries)
