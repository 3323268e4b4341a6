"""Who may send events: named sources with signing secrets that are derived from the shop's key, never stored.

A request is signed as Standard Webhooks say: `webhook-id`, `webhook-timestamp`, `webhook-signature` over
"id.timestamp.body".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, api_keys, audit
from core.access.keys import derived
from core.database import Database, insert, one, read
from core.errors import ShopError
from core.live.tables import intake_source, intake_tally

TOLERANCE_S = 300  # both ways
USUAL = "shop"  # the source of a request that names none
USUAL_RATE = 1_200_000  # events a minute: 20,000 a second
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class Source:
    """A source as the intake needs it."""

    source: str
    campaign_id: str
    generations: tuple[int, ...]
    events_per_minute: int
    active: bool


def secret(source: str, generation: int) -> str:
    """The signing secret of one generation, as the sender's library takes it ("whsec_" + base64 of 32
    bytes)."""
    return "whsec_" + base64.b64encode(derived(f"intake:{source}:{generation}")).decode()


def sign(source: str, generation: int, message_id: str, timestamp: int, body: bytes) -> str:
    """The header `webhook-signature` for a body."""
    seal = hmac.digest(
        derived(f"intake:{source}:{generation}"), f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256
    )
    return "v1," + base64.b64encode(seal).decode()


def verify(source: Source | None, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """ShopError("live.bad_signature" | "live.stale_signature") unless one of the source's secrets signed this
    body, lately.

    An unknown source costs the same time and gets the same answer as a wrong signature.
    """
    message_id, stamp = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    signatures = [part.strip() for part in headers.get("webhook-signature", "").split(" ")]
    timestamp = int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 13 else 0
    generations = source.generations if source is not None and source.active else ()
    name = source.source if source is not None else "nobody"
    right = [sign(name, generation, message_id, timestamp, body) for generation in generations or (0,)]
    matches = [
        hmac.compare_digest(expected.encode(), theirs.encode())
        for expected in right
        for theirs in signatures[:8]
    ]
    if not (generations and message_id and timestamp and any(matches)):
        raise ShopError("live.bad_signature")
    if abs(now.timestamp() - timestamp) > TOLERANCE_S:
        raise ShopError("live.stale_signature", seconds=round(now.timestamp() - timestamp))


class Request(NamedTuple):
    """What somebody sent: the headers by their names in small letters, and the body."""

    headers: Mapping[str, str]
    body: bytes


def admit(db: Database, source: Source | None, request: Request, scope: str, now: datetime) -> Source:
    """The source, once the request has proved itself: by a key for the purpose (`Authorization: Bearer`), or else by
    one of the source's signatures. ShopError("access.bad_key" | "access.key_purpose" | "live.unknown_source") or as
    `verify`."""
    headers = request.headers
    token = api_keys.token_of(headers.get("authorization", ""))
    if not token:
        verify(source, headers, request.body, now)
    else:
        api_keys.require(db, token, scope, now)
    if source is None or not source.active:
        raise ShopError("live.unknown_source", source=headers.get("webhook-source", USUAL))
    return source


def find(connection: Connection, source: str) -> Source | None:
    """The named source, or None."""
    columns = [
        intake_source.c[name]
        for name in ("source", "campaign_id", "generations", "events_per_minute", "active")
    ]
    row = one(connection, select(*columns).where(intake_source.c.source == source))
    return Source(**{**row, "generations": tuple(row["generations"])}) if row else None


class Terms(NamedTuple):
    """What a new source may: send for one campaign ("": for any), and how many events a minute."""

    campaign_id: str = ""
    events_per_minute: int = USUAL_RATE


USUAL_TERMS = Terms()


def add_source(db: Database, actor: Actor, source: str, now: datetime, *, terms: Terms = USUAL_TERMS) -> str:
    """A new source; returns its signing secret. ShopError("live.bad_source" | "live.source_exists")."""
    allow(actor, "live.intake")
    if not _NAME.fullmatch(source):
        raise ShopError("live.bad_source", source=source)
    row = {"source": source, "generations": [1], **terms._asdict()}
    with db.writing() as connection:
        if find(connection, source) is not None:
            raise ShopError("live.source_exists", source=source)
        insert(
            connection,
            intake_source,
            pd.DataFrame([{**row, "active": True, "created_at": now, "account": actor.name}]),
        )
        audit.record(connection, actor, now, "live.source_add", source, None, row)
    return secret(source, 1)


def rotate(db: Database, actor: Actor, source: str, now: datetime, *, keep: int = 2) -> str:
    """A new secret beside the `keep` - 1 newest old ones, so that the sender may change over in its own time;
    returns it."""
    allow(actor, "live.intake")
    turn = _Turn("live.source_rotate", lambda old: (max(old.generations) + 1, *old.generations)[:keep])
    return _change(db, actor, source, now, turn)


def retire(db: Database, actor: Actor, source: str, now: datetime) -> None:
    """Only the newest secret counts from now on."""
    allow(actor, "live.intake")
    _change(db, actor, source, now, _Turn("live.source_retire", lambda old: old.generations[:1]))


def stop(db: Database, actor: Actor, source: str, now: datetime, *, active: bool = False) -> None:
    """Refuses the source's events, or takes them again."""
    allow(actor, "live.intake")
    with db.writing() as connection:
        before = _known(connection, source)
        connection.execute(
            intake_source.update().where(intake_source.c.source == source).values(active=active)
        )
        audit.record(
            connection, actor, now, "live.source_stop", source, {"active": before.active}, {"active": active}
        )


def _known(connection: Connection, source: str) -> Source:
    known = find(connection, source)
    if known is None:
        raise ShopError("live.unknown_source", source=source)
    return known


class _Turn(NamedTuple):
    """A change of the secrets that count: its word in the audit trail, and which generations are left."""

    action: str
    chosen: Callable[[Source], Sequence[int]]


def _change(db: Database, actor: Actor, source: str, now: datetime, turn: _Turn) -> str:
    with db.writing() as connection:
        before = _known(connection, source)
        after = list(turn.chosen(before))
        mine = intake_source.update().where(intake_source.c.source == source)
        connection.execute(mine.values(generations=after))
        audit.record(connection, actor, now, turn.action, source, list(before.generations), after)
    return secret(source, after[0])


def sources(db: Database, actor: Actor) -> pd.DataFrame:
    """Every source with its books: source, campaign_id, active, secrets (how many count), events_per_minute,
    received, applied, duplicate, waiting, rejected, last_received_at."""
    allow(actor, "live.view")
    with db.reading() as connection:
        known = read(connection, select(intake_source))
        tally = read(connection, select(intake_tally))
    known["secrets"] = known["generations"].map(len)
    both = known.merge(tally, on="source", how="outer")
    figures = ["received", "applied", "duplicate", "waiting", "rejected"]
    both[figures] = both[figures].fillna(0).astype("int64")
    return both[
        ["source", "campaign_id", "active", "secrets", "events_per_minute", *figures, "last_received_at"]
    ]
