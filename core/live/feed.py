"""Decoded lines in, a receipt out: what HTTP, files and drills share on the way to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from core.access import Actor, allow
from core.campaign.tables import campaign, campaign_phase
from core.database import Database, new_id
from core.errors import ShopError
from core.live.events import Event, Refusal, read_event
from core.live.ledger import Receipt, Sale, post
from core.live.scope import JUDGED

BATCH = 1_000  # events folded in one transaction
_SLACK = timedelta(days=30)  # late refunds belong to the sale for a month after its last phase


def parse(body: bytes) -> list[Any]:
    """The values of an NDJSON body, a JSON array, one object, or {"events": [...]}. A line that is no JSON becomes a Refusal."""
    text = body.strip()
    if text[:1] == b"[":
        values = _value(text, 1)
        return values if isinstance(values, list) else [values]
    lines = [line for line in text.split(b"\n") if line.strip()]
    values = [_value(line, n) for n, line in enumerate(lines, 1)]
    if len(lines) > 1 and any(isinstance(value, Refusal) for value in values):
        whole = _value(text, 1)  # one object, printed over several lines
        values = values if isinstance(whole, Refusal) else [whole]
    if len(values) == 1 and isinstance(values[0], dict) and isinstance(values[0].get("events"), list):
        return list(values[0]["events"])
    return values


def _value(text: bytes, line: int) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return Refusal("", "live.bad_json", "", text[:40].decode(errors="replace"), line)


def take(db: Database, actor: Actor, source: str, values: Sequence[Any], now: datetime, *, campaign_id: str = "") -> Receipt:
    """Checks and folds at most BATCH decoded values of a source, in one transaction.

    `campaign_id` stands for events without a word of their own; "" leaves it to their moment. When this returns, every accepted
    event is on disk. ShopError("live.too_many") for a larger batch.
    """
    allow(actor, "live.intake")
    if len(values) > BATCH:
        raise ShopError("live.too_many", most=BATCH, sent=len(values))
    with db.writing() as connection:
        known = _campaigns(connection)
        campaign_of = _finder(known, campaign_id)
        lines = [value if isinstance(value, Refusal) else read_event(source, value, campaign_of) for value in values]
        lines = [line._replace(line=n) if isinstance(line, Refusal) else line for n, line in enumerate(lines, 1)]
        receipt = post(connection, source, lines, now, actor.name, new_id(), _sales(connection, known))
    return _numbered(receipt, lines)


def _numbered(receipt: Receipt, lines: Sequence[Event | Refusal]) -> Receipt:
    """The receipt with the place of every refused event in its batch."""
    place = {line.event_id: n for n, line in enumerate(lines, 1) if isinstance(line, Event)}
    return replace(receipt, rejected=tuple(r if r.line else r._replace(line=place.get(r.event_id, 0)) for r in receipt.rejected))


def _campaigns(connection: Connection) -> Sequence[RowMapping]:
    """Campaigns that may receive events: campaign_id, name, timezone, rehearsal_of, opens_at, and the span of their phases."""
    columns = [campaign.c[name] for name in ("campaign_id", "name", "timezone", "rehearsal_of", "opens_at")]
    span = [func.min(campaign_phase.c.starts_at).label("starts_at"), func.max(campaign_phase.c.ends_at).label("ends_at")]
    joined = campaign.outerjoin(campaign_phase, campaign_phase.c.campaign_id == campaign.c.campaign_id)
    query = select(*columns, *span).select_from(joined).where(campaign.c.archived.is_(False)).group_by(*columns)
    return connection.execute(query).mappings().all()


def _sales(connection: Connection, known: Sequence[RowMapping]) -> dict[str, Sale]:
    """What the ledger must know of each campaign."""
    p = campaign_phase.c
    running: dict[str, list[tuple[int, int]]] = {}
    for row in connection.execute(select(p.campaign_id, p.starts_at, p.ends_at).where(p.kind.in_(JUDGED)).order_by(p.starts_at)):
        running.setdefault(row.campaign_id, []).append((_ms(row.starts_at), _ms(row.ends_at)))
    return {
        row["campaign_id"]: Sale(row["timezone"], bool(row["rehearsal_of"]), tuple(running.get(row["campaign_id"], ())))
        for row in known
    }


def _finder(known: Sequence[RowMapping], usual: str) -> Callable[[str, int], str]:
    """`campaign_of(word, at_ms)`: by id or name where the event says one, else the usual one, else the one whose time it is.

    Of several campaigns at once it is the one that opened last, before those that have not opened yet.
    """
    words = {row["name"]: row["campaign_id"] for row in known} | {row["campaign_id"]: row["campaign_id"] for row in known}
    spans = [
        (_ms(row["starts_at"]), _ms(row["ends_at"] + _SLACK), _ms(row["opens_at"]), str(row["campaign_id"]))
        for row in known
        if row["starts_at"] is not None and not row["rehearsal_of"]
    ]

    def campaign_of(word: str, at_ms: int) -> str:
        """The campaign of an event: the one it names, the usual one, else the sale that ran at its moment."""
        if word:
            return words.get(word, "")
        if usual:
            return usual
        running = [(opens <= at_ms, -abs(at_ms - opens), name) for start, end, opens, name in spans if start <= at_ms < end]
        return max(running)[2] if running else ""

    return campaign_of


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def in_batches(values: Sequence[Any]) -> list[Sequence[Any]]:
    """The values in pieces of BATCH."""
    return [values[i : i + BATCH] for i in range(0, len(values), BATCH)]


def added(receipts: Sequence[Receipt]) -> dict[str, Any]:
    """Several receipts as one record: received, accepted, duplicate, waiting, released, rejected (list)."""
    return {
        "received": sum(receipt.received for receipt in receipts),
        "accepted": sum(receipt.applied for receipt in receipts),
        "duplicate": sum(receipt.duplicate for receipt in receipts),
        "waiting": sum(receipt.waiting for receipt in receipts),
        "released": sum(receipt.released for receipt in receipts),
        "rejected": [refusal._asdict() for receipt in receipts for refusal in receipt.rejected],
    }
