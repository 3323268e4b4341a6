"""Messages of the stream into the event ledger: a batch is one transaction, and is acknowledged when it is on disk. The
rules, refusals and limits are those of every other door for events."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeVar

from core import logs
from core.access import Actor
from core.connect.journal import NATS
from core.connect.stream.credentials import Upstream
from core.connect.stream.link import Behind, Link, linked
from core.database import Database
from core.errors import ShopError
from core.live.intake.batches import BATCH, in_batches, parse, take
from core.live.intake.http import LARGEST_BODY
from core.live.intake.limits import RateLimiter
from core.live.intake.sources import USUAL_RATE, Source
from core.live.ledger.events import Refusal
from core.plain_text import printable

ACTOR = Actor(f"source:{NATS}", "campaign_lead", "http")
TURN_S = 4.0  # of one connection: long enough to cost nothing, short enough to end with its server
PATIENCE_S = 60.0  # beyond the turn, for a batch that is being written
AGAIN_S = 5.0  # after which a batch comes again that our database could not take

_limiter = RateLimiter()
Answer = TypeVar("Answer")


class Message(Protocol):
    """What this needs of a message."""

    data: bytes


@dataclass(slots=True)
class Turn:
    """What one turn came to: events that count, lines refused, and what still waits at the other side."""

    applied: int = 0
    refused: int = 0
    behind: Behind | None = None


def turn(db: Database, upstream: Upstream, source: Source, now: datetime) -> Turn:
    """Takes in what has come, for some seconds. ShopError("connect.stream_…" | "connect.no_stream" | "database…")."""
    return _answered(_turn(db, upstream, source, now))


def look(upstream: Upstream) -> Behind:
    """What lies at the other side, as `turn`."""
    return _answered(_look(upstream))


def _answered(asked: Coroutine[Any, Any, Answer]) -> Answer:
    try:
        with ThreadPoolExecutor(1) as aside:  # whoever calls may stand in a loop already
            return aside.submit(asyncio.run, asked).result()
    except TimeoutError as error:
        raise ShopError("connect.stream_unreachable", fault="TimeoutError") from error


async def _look(upstream: Upstream) -> Behind:
    async with asyncio.timeout(TURN_S + PATIENCE_S), linked(upstream) as link:
        return await link.behind()


async def _turn(db: Database, upstream: Upstream, source: Source, now: datetime) -> Turn:
    done, until = Turn(), time.monotonic() + TURN_S
    async with asyncio.timeout(TURN_S + PATIENCE_S), linked(upstream) as link:
        while time.monotonic() < until:
            messages = await link.messages(BATCH)
            if messages and not await _take_in(db, link, messages, source, now, done):
                break
        done.behind = await link.behind()
    return done


async def _take_in(
    db: Database, link: Link, messages: Sequence[Any], source: Source, now: datetime, done: Turn
) -> bool:
    """Stores what was fetched, in batches of whole messages, each acknowledged after its commit. Where we cannot, the
    rest is handed back and comes again; False where it is more than a minute may bring."""
    waiting = list(messages)
    while waiting:
        batch, values = whole_messages(waiting)
        try:
            await asyncio.to_thread(_store, db, values, source, now, done)
        except ShopError as error:
            await link.hand_back(waiting, float(str(error.facts.get("seconds", AGAIN_S))))
            if error.code == "live.too_fast":
                return False
            raise
        await link.acknowledge(batch)
        waiting = waiting[len(batch) :]
    return True


def whole_messages(messages: Sequence[Any]) -> tuple[list[Any], list[list[object]]]:
    """(the first messages that make one batch, the values of each); a single message may hold more than a batch."""
    batch, values, count = list[Any](), list[list[object]](), 0
    for message in messages:
        lines = values_of(message)
        if batch and count + len(lines) > BATCH:
            break
        batch.append(message)
        values.append(lines)
        count += len(lines)
    return batch, values


def values_of(message: Message) -> list[object]:
    """The events of a message: one, or as many as a request could hold; what cannot be read is a refusal."""
    if len(message.data) > LARGEST_BODY:
        return [Refusal("", "live.too_large", "", str(len(message.data)))]
    return parse(message.data) or [Refusal("", "live.bad_json", "", "")]


def _store(db: Database, values: Sequence[list[object]], source: Source, now: datetime, done: Turn) -> None:
    lines = [line for one in values for line in one]
    _limiter.take(db, NATS, len(lines), source.events_per_minute, now)
    for piece in in_batches(lines):
        _post(db, piece, source, now, done)


def _post(db: Database, lines: Sequence[object], source: Source, now: datetime, done: Turn) -> None:
    """One transaction. A line that breaks it by itself, in a way that nobody foresaw, is refused and told: it would
    come again for ever, and keep its neighbours out."""
    try:
        receipt = take(db, ACTOR, NATS, lines, now, campaign_id=source.campaign_id)
    except ShopError:
        raise
    except Exception as error:
        if len(lines) > 1:
            middle = len(lines) // 2
            _post(db, lines[:middle], source, now, done)
            _post(db, lines[middle:], source, now, done)
            return
        logs.unexpected(error, where="connect.stream")
        poison = Refusal("", "connect.poison", "", printable(lines[0]))
        receipt = take(db, ACTOR, NATS, [poison], now, campaign_id=source.campaign_id)
    done.applied += receipt.applied + receipt.waiting
    done.refused += len(receipt.rejected)


def usual(campaign_id: str = "") -> Source:
    """How the stream is taken where nobody has set a limit for it."""
    return Source(NATS, campaign_id, (), USUAL_RATE, True)
