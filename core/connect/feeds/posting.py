"""Rows as they state themselves into the event ledger: what changed since they were last read, once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection

from core.access.keys import derived
from core.connect.feeds import book
from core.connect.feeds.book import Line
from core.connect.feeds.derive import Step, Sums, Unsayable, added, steps
from core.connect.feeds.mapping import Bad, Row
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.live.intake.batches import BATCH, Desk
from core.live.ledger.events import Event, Refusal
from core.orders.rules import buyer_keys
from core.plain_text import printable

LONGEST_KEY = 90  # of a row within an event's id; a longer one is known by its digest


@dataclass(slots=True)
class Tally:
    """What became of rows: fresh ones and changed ones that count, refused and of no sale's time."""

    fresh: int = 0
    changed: int = 0
    refused: int = 0
    outside: int = 0
    newest: datetime | None = None
    codes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Batch:
    """Whose rows they are: source, kind, the account that is written beside their stock, and the moment.
    `newest_only`: what is older than what is known says nothing, as its sender keeps no order."""

    source: str
    kind: str
    account: str
    now: datetime
    newest_only: bool = False


def post(connection: Connection, batch: Batch, rows: Sequence[Row | Bad], *, campaign_id: str = "") -> Tally:
    """Posts what changed of these rows, each key of which comes once, with their books in the running transaction.

    A row of which any event would be refused is refused whole: nothing of it is posted, its reason is kept, and it is
    tried again when it changes.
    """
    one_at_a_time(connection, f"connect:{batch.source}")
    known = book.lines(connection, batch.source, batch.kind, (row.key for row in rows))
    fresh = [row for row in {one.key: one for one in rows}.values() if _differs(row, known.get(row.key))]
    if batch.newest_only:
        fresh = [row for row in fresh if row.key not in known or row.changed >= known[row.key].changed]
    tally, kept, sent = Tally(), dict[str, Line](), list[Event | Refusal]()
    desk = Desk.of(connection, campaign_id)
    people = _people(fresh)
    for row in fresh:
        line, lines = _judged(desk, batch, row, known.get(row.key), people)
        kept[row.key] = line
        sent += [one for one in lines if not isinstance(one, Refusal) or one.code != book.OUTSIDE]
        if row.key not in known or known[row.key].digest != line.digest:
            _count(tally, line, row, row.key in known)
    for at in range(0, len(sent), BATCH):
        receipt = desk.post(batch.source, sent[at : at + BATCH], batch.now, batch.account)
        clash = next((one for one in receipt.rejected if one.code == "live.body_differs"), None)
        if clash is not None:  # our own ids: a book that was put back without the other
            raise ShopError("connect.books_differ", event_id=clash.event_id)
    book.keep_lines(connection, batch.source, batch.kind, kept)
    return tally


def withdraw(connection: Connection, batch: Batch, lines: Mapping[str, Line]) -> int:
    """Cancels and refunds what rows said that are gone, and keeps them as settled; how many.
    Unsayable("connect.refund_lowered") where one of them is a refund."""
    desk, kept, sent = Desk.of(connection), dict[str, Line](), list[Event | Refusal]()
    for key, line in lines.items():
        row = Row(key, line.order_id, line.sku_code, "", "", line.changed, None, Sums(), {})
        done = steps(line.sums, Sums())
        sent += [desk.read(batch.source, _event(batch, row, line, one, "")) for one in done]
        sums = added(line.sums, done)
        kept[key] = line._replace(sums=sums, step=line.step + bool(done), digest="", gone=2)
    for at in range(0, len(sent), BATCH):
        desk.post(batch.source, sent[at : at + BATCH], batch.now, batch.account)
    book.keep_lines(connection, batch.source, batch.kind, kept)
    return len(kept)


def has_news(connection: Connection, source: str, kind: str, rows: Sequence[Row | Bad]) -> bool:
    """Whether any of these rows says something that the books do not know."""
    known = book.lines(connection, source, kind, (row.key for row in rows))
    return any(_differs(row, known.get(row.key)) for row in rows)


def _differs(row: Row | Bad, line: Line | None) -> bool:
    """Whether anything of a row is news."""
    if line is None:
        return True
    return (line.digest, line.changed, line.gone % 2) != (digest_of(row), row.changed, 0)


def digest_of(row: Row | Bad) -> str:
    """What a row says, without its watermark, as 32 hex digits."""
    facts = row[2:] if isinstance(row, Bad) else (row[1:5], row.sums)
    return digest_of_facts(facts)


def digest_of_facts(facts: object) -> str:
    """The digest of what stands in a value's `repr`, as 32 hex digits."""
    return hashlib.blake2b(repr(facts).encode(), digest_size=16).hexdigest()


def _people(rows: Iterable[Row | Bad]) -> Mapping[str, str]:
    """Buyer of the shop -> key under which the house knows them."""
    names = sorted({row.buyer for row in rows if isinstance(row, Row) and row.buyer})
    if not names:
        return {}
    keys = buyer_keys(pd.Series(names, dtype="str"), derived("buyer"))
    return dict(zip(names, keys, strict=True))


def _judged(
    desk: Desk, batch: Batch, row: Row | Bad, line: Line | None, people: Mapping[str, str]
) -> tuple[Line, Sequence[Event | Refusal]]:
    """(what is known of the row from now on, its events or its refusal)."""
    before = line or Line("", "", "", Sums(), 0, "", "", 0)
    after = before._replace(digest=digest_of(row), changed=row.changed, gone=0)
    if isinstance(row, Bad):
        return after._replace(code=row.code), [Refusal(row.key[:128], row.code, "", printable(row.value))]
    if after.digest == before.digest:
        return after, []
    try:
        done = _steps(row, before)
    except Unsayable as fault:
        sample = printable(f"{row.order_id} {row.sku_code}")
        return after._replace(code=fault.code), [Refusal(row.key[:128], fault.code, "", sample)]
    events = [
        desk.read(batch.source, _event(batch, row, before, one, people.get(row.buyer, ""))) for one in done
    ]
    refused = next((one for one in events if isinstance(one, Refusal)), None)
    if refused is not None:
        return after._replace(code=refused.code), [refused]
    campaign_id = next((one.campaign_id for one in events if isinstance(one, Event)), before.campaign_id)
    counts = after._replace(
        order_id=row.order_id,
        sku_code=row.sku_code,
        campaign_id=campaign_id,
        sums=added(before.sums, done),
        step=before.step + bool(done),
        code="",
    )
    return counts, events


def _steps(row: Row, before: Line) -> list[Step]:
    if before.step and (row.order_id, row.sku_code) != (before.order_id, before.sku_code):
        raise Unsayable("connect.key_reused")
    return steps(before.sums, row.sums)


def _event(batch: Batch, row: Row, before: Line, step: Step, person: str) -> dict[str, object]:
    """The event of one step. The first of its kind happened when the row says, an edit when the row was changed."""
    of_order = {"order": before.sums.order.up, "cancel": before.sums.order.down}
    earlier = of_order.get(step.kind, before.sums.pay.up if step.kind == "pay" else before.sums.pay.down)
    edited = row.changed_at or batch.now
    at = edited if earlier else row.moments.get(step.kind, edited)
    key = row.key if len(row.key) <= LONGEST_KEY else hashlib.sha256(row.key.encode()).hexdigest()
    event = {
        "event_id": f"{batch.kind}:{key}:{before.step + 1}:{step.kind}",
        "kind": step.kind,
        "at": at.isoformat(),
        "sku_code": row.sku_code,
        "order_id": row.order_id,
        "user_key": person,
        "channel": row.channel,
        "quantity": step.quantity,
        "amount_fen": step.amount_fen,
    }
    return event | ({"campaign": before.campaign_id} if before.campaign_id else {})


def _count(tally: Tally, line: Line, row: Row | Bad, is_known: bool) -> None:
    if line.code == book.OUTSIDE:
        tally.outside += 1
    elif line.code:
        tally.refused += 1
        tally.codes.append(line.code)
    elif is_known:
        tally.changed += 1
    else:
        tally.fresh += 1
    if isinstance(row, Row) and row.changed_at is not None and not line.code:
        tally.newest = max(tally.newest or row.changed_at, row.changed_at)
