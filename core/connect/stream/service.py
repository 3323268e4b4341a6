"""What the administration page and the scheduler ask of the stream: take in, look, pause."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from importlib.util import find_spec
from urllib.parse import urlsplit

from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.connect import journal, ringing, rules
from core.connect.journal import NATS as NATS
from core.connect.rules import Used
from core.connect.stream.credentials import Upstream
from core.database import Database
from core.database.locks import alone
from core.errors import ShopError
from core.live.intake import sources
from core.live.intake.sources import Source
from core.live.tables import intake_tally
from core.settings import settings

LOCK, USUAL_PORT = "connect-nats", 4222
WRITTEN_EVERY = timedelta(seconds=30)
TOLD_AFTER = timedelta(seconds=60)  # a cluster that chooses another leader is back long before


@dataclass(frozen=True, slots=True)
class Card:
    """The stream as the screen shows it, never with its address: servers without their secrets, name, state
    (`rules.state_of`), events that came, that count, that were refused; messages that waited at the other side when it
    was last read, None where it never was."""

    servers: str
    stream: str
    state: str
    used: Used
    received: int
    rows: int
    refused: int
    pending: int | None


@dataclass(frozen=True, slots=True)
class Reached:
    """A stream that answers: its messages, and those that have not been taken in."""

    messages: int
    pending: int


def gather(db: Database, now: datetime) -> int:
    """A turn at the stream, by the house's own scheduler; events that came in. Nothing where none is set up, it is
    paused, or another process is at it."""
    if not settings().nats_url.get_secret_value():
        return 0
    with alone(db, LOCK) as held:
        if not held:
            return 0
        with db.reading() as connection:
            audit.require_own_key(connection)
            used, source = journal.kept(connection, NATS), sources.find(connection, NATS)
        if used.paused:
            return 0
        try:
            return _turn(db, source, used, now)
        except ShopError as error:
            _failed(db, used, error, now)
            raise


def _turn(db: Database, source: Source | None, used: Used, now: datetime) -> int:
    _require_client()
    from core.connect.stream import intake  # loads the client, which nobody without a stream needs

    if source is not None and not source.active:
        raise ShopError("connect.stream_stopped")
    done = intake.turn(db, _upstream(), source or intake.usual(), now)
    pending = done.behind.pending if done.behind else 0
    quiet = not used.fault and used.looked_at is not None and now - used.looked_at < WRITTEN_EVERY
    if quiet and pending == used.pending and not done.refused:
        return done.applied
    with db.writing() as connection:
        journal.keep(connection, NATS, fault="", facts={}, looked_at=now, pending=pending)
        ringing.ring_silence(connection, _whole(connection), now, NATS)
        if done.refused:
            ringing.ring_feed(connection, NATS, "feed_rows", ShopError("connect.stream_refused"), now)
    return done.applied


def _upstream() -> Upstream:
    chosen = settings()
    return Upstream(chosen.nats_url.get_secret_value(), chosen.nats_stream, chosen.nats_credentials)


def _require_client() -> None:
    if find_spec("nats") is None:
        raise ShopError("connect.no_nats")


def _failed(db: Database, used: Used, error: ShopError, now: datetime) -> None:
    """Keeps a fault on the card; told once, where it lasts."""
    if error.code.startswith(("database.", "access.")):
        return
    rung = bool(used.facts.get("rung"))
    lasts = used.looked_at is None or now - used.looked_at > TOLD_AFTER
    facts = {name: str(value) for name, value in error.facts.items()} | {"rung": rung or lasts}
    with db.writing() as connection:
        journal.keep(connection, NATS, fault=error.code, facts=facts)
        if lasts and not rung:
            ringing.ring_feed(connection, NATS, "feed_red", error, now)


def cards(db: Database, actor: Actor, now: datetime) -> list[Card]:
    """The stream where one is set up; [] where none is."""
    allow(actor, "settings.manage")
    chosen = settings().nats_url.get_secret_value()
    if not chosen:
        return []
    with db.reading() as connection:
        used = _whole(connection)
        c = intake_tally.c
        query = select(c.received, c.applied, c.waiting, c.rejected).where(c.source == NATS)
        row = connection.execute(query).first()
    received, applied, waiting, rejected = tuple(row) if row else (0, 0, 0, 0)
    used = replace(used, refused=rejected)
    return [
        Card(
            shown(chosen),
            settings().nats_stream,
            rules.state_of(used, now),
            used,
            received,
            applied + waiting,
            rejected,
            used.pending,
        )
    ]


def shown(servers: str) -> str:
    """The servers' machines and ports alone.

    >>> shown("nats://me:secret@10.0.0.8:4222, tls://token@b, c:4333")
    '10.0.0.8:4222, b:4222, c:4333'
    """
    urls = [urlsplit(one.strip() if "://" in one else f"nats://{one.strip()}") for one in servers.split(",")]
    return ", ".join(f"{url.hostname}:{url.port or USUAL_PORT}" for url in urls)


def _whole(connection: Connection) -> Used:
    """How the stream is used, with its last arrival."""
    last = connection.scalar(select(intake_tally.c.last_received_at).where(intake_tally.c.source == NATS))
    return replace(journal.kept(connection, NATS), last_arrival=last)


def test(actor: Actor) -> Reached:
    """Asks the stream how much it holds, and how much of it we have not taken in. ShopError("connect.no_nats" |
    "connect.stream_…" | "connect.no_stream")."""
    allow(actor, "settings.manage")
    _require_client()
    from core.connect.stream import intake

    behind = intake.look(_upstream())
    return Reached(behind.messages, behind.pending)
