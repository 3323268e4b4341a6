"""Decoded lines in, a receipt out: what HTTP, files and drills share on the way to the ledger."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, func, select

from core.access import Actor, allow
from core.access.person_keys import Door
from core.access.persons import door
from core.campaign.tables import campaign, campaign_phase
from core.database import Database, new_id
from core.database.types import Record
from core.errors import ShopError
from core.live.ledger.events import Event, Refusal, read_event
from core.live.ledger.ledger import Receipt, Sale, post
from core.live.ledger.spans import stretches
from core.plain_text import printable

BATCH = 1_000  # events folded in one transaction
_SLACK = timedelta(days=30)  # late refunds belong to the sale for a month after its last phase


def parse(body: bytes) -> list[object]:
    """The values of an NDJSON body, a JSON array, one object, or {"events": [...]}. A line that is no JSON
    becomes a Refusal."""
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
        return Refusal("", "live.bad_json", "", printable(text[:40].decode(errors="replace")), line)


def take(
    db: Database, actor: Actor, source: str, values: Sequence[object], now: datetime, *, campaign_id: str = ""
) -> Receipt:
    """Checks and folds at most BATCH decoded values of a source, in one transaction.

    `campaign_id` stands for events without a word of their own; "" leaves it to their moment. When this
    returns, every accepted event is on disk. ShopError("live.too_many") for a larger batch.
    """
    allow(actor, "live.intake")
    if len(values) > BATCH:
        raise ShopError("live.too_many", most=BATCH, sent=len(values))
    with db.writing() as connection:
        desk = Desk.of(connection, campaign_id)
        lines = [value if isinstance(value, Refusal) else desk.read(source, value) for value in values]
        lines = [
            line._replace(line=n) if isinstance(line, Refusal) else line for n, line in enumerate(lines, 1)
        ]
        receipt = desk.post(source, lines, now, actor.name)
    return _numbered(receipt, lines)


@dataclass(frozen=True, slots=True)
class Desk:
    """Reads and folds events in the running transaction, for what has books of its own to write beside them."""

    connection: Connection
    campaign_of: Callable[[str, int], str]
    sales: Mapping[str, Sale]
    doors: dict[str, Door] = field(default_factory=dict)  # by source, made once a batch

    @classmethod
    def of(cls, connection: Connection, campaign_id: str = "") -> Desk:
        """With the campaigns that may receive events now; `campaign_id` as of `take`."""
        known = _campaigns(connection)
        return cls(connection, _finder(known, campaign_id), _sales(connection, known))

    def read(self, source: str, value: object) -> Event | Refusal:
        """One decoded value as an event of a campaign, or why it is none."""
        entered = self.doors.get(source) or self.doors.setdefault(source, door(source))
        return read_event(source, value, self.campaign_of, entered)

    def post(self, source: str, lines: Sequence[Event | Refusal], now: datetime, account: str) -> Receipt:
        """Folds them into every book; on disk with the transaction."""
        return post(self.connection, source, lines, now, account, new_id(), self.sales)


def _numbered(receipt: Receipt, lines: Sequence[Event | Refusal]) -> Receipt:
    """The receipt with the place of every refused event in its batch."""
    line_of = {line.event_id: n for n, line in enumerate(lines, 1) if isinstance(line, Event)}
    refused = [r if r.line else r._replace(line=line_of.get(r.event_id, 0)) for r in receipt.rejected]
    return replace(receipt, rejected=tuple(refused))


def _campaigns(connection: Connection) -> Sequence[RowMapping]:
    """Campaigns that may receive events: campaign_id, name, timezone, rehearsal_of, opens_at, and the span of
    their phases."""
    columns = [campaign.c[name] for name in ("campaign_id", "name", "timezone", "rehearsal_of", "opens_at")]
    span = [
        func.min(campaign_phase.c.starts_at).label("starts_at"),
        func.max(campaign_phase.c.ends_at).label("ends_at"),
    ]
    joined = campaign.outerjoin(campaign_phase, campaign_phase.c.campaign_id == campaign.c.campaign_id)
    query = (
        select(*columns, *span).select_from(joined).where(campaign.c.archived.is_(False)).group_by(*columns)
    )
    return connection.execute(query).mappings().all()


def _sales(connection: Connection, known: Sequence[RowMapping]) -> dict[str, Sale]:
    """What the ledger must know of each campaign."""
    running, by_id = stretches(connection), {str(row["campaign_id"]): row for row in known}
    return {
        name: Sale(row["timezone"], bool(row["rehearsal_of"]), running.get(name, ()))
        for name, row in by_id.items()
    }


def _finder(known: Sequence[RowMapping], usual: str) -> Callable[[str, int], str]:
    """`campaign_of(word, at_ms)`: by id or name where the event says one, else the usual one, else the one
    whose time it is.

    Of several campaigns at once it is the one that opened last, before those that have not opened yet.
    """
    words = {row["name"]: row["campaign_id"] for row in known} | {
        row["campaign_id"]: row["campaign_id"] for row in known
    }
    spans = [
        (_ms(row["starts_at"]), _ms(row["ends_at"] + _SLACK), _ms(row["opens_at"]), str(row["campaign_id"]))
        for row in known
        if row["starts_at"] is not None and not row["rehearsal_of"]
    ]

    def campaign_of(word: str, at_ms: int) -> str:
        """The campaign of an event: the one it names, the usual one, else the sale that ran at its moment."""
        if word:
            mark: str = words.get(word, "")
            return mark
        if usual:
            return usual
        running = [
            (opens <= at_ms, -abs(at_ms - opens), name)
            for start, end, opens, name in spans
            if start <= at_ms < end
        ]
        return max(running)[2] if running else ""

    return campaign_of


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def in_batches(values: Sequence[object]) -> list[Sequence[object]]:
    """The values in pieces of BATCH."""
    return [values[i : i + BATCH] for i in range(0, len(values), BATCH)]


def added(receipts: Sequence[Receipt]) -> Record:
    """Several receipts as one record: received, accepted, duplicate, waiting, released, rejected (list)."""
    return {
        "received": sum(receipt.received for receipt in receipts),
        "accepted": sum(receipt.applied for receipt in receipts),
        "duplicate": sum(receipt.duplicate for receipt in receipts),
        "waiting": sum(receipt.waiting for receipt in receipts),
        "released": sum(receipt.released for receipt in receipts),
        "rejected": [refusal._asdict() for receipt in receipts for refusal in receipt.rejected],
    }
