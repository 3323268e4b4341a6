"""The event ledger: a batch in, exactly once, with its rollups and its stock in one transaction.

One batch is folded at a time (SQLite by its write lock, PostgreSQL by an advisory lock): a payment and its
refund that arrive at the same moment through two doors must see each other. received = applied + duplicate +
waiting + rejected, always.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from operator import itemgetter
from types import MappingProxyType
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from core import clock
from core.database import keyed
from core.database.locks import one_at_a_time
from core.database.rows import append, append_new, find, merge, together
from core.live import tables
from core.live.ledger.events import FACT, KINDS, OF_A_LINE, Event, Refusal
from core.live.ledger.fold import Folded, LineKey, People, first_sights, fold, gather, moves
from core.live.ledger.order_lines import Demand, Entry, Line, Wait
from core.live.ledger.series import Series, numbers
from core.live.ledger.spans import Stretches, span_of
from core.live.ledger.withdrawal import forget_payments
from core.plain_text import printable
from core.stock import reserve
from core.warmup import touches
from core.warmup.flash_sale import service

_SUMS = ("events", "quantity", "amount_fen")
_OF_GOODS = frozenset((kind, 0) for kind in KINDS)  # series


class Sale(NamedTuple):
    """What the ledger must know of a campaign: the zone of its business days, whether it is a drill that
    moves no stock, and the stretches (epoch ms, end excluded, in order) in which it sells.
    """

    timezone: str = clock.SHANGHAI
    drill: bool = False
    running: Stretches = ()


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one batch. `applied` counts fresh events that took effect at once."""

    applied: int = 0
    duplicate: int = 0
    waiting: int = 0
    released: int = 0  # events of earlier batches that could apply now
    withdrawn: int = 0  # events of earlier batches that have to wait now
    rejected: tuple[Refusal, ...] = ()

    @property
    def received(self) -> int:
        """Lines in the batch."""
        return self.applied + self.duplicate + self.waiting + len(self.rejected)


def post(
    connection: Connection,
    source: str,
    lines: Sequence[Event | Refusal],
    now: datetime,
    account: str,
    batch_id: str,
    sales: Mapping[str, Sale] = MappingProxyType({}),
) -> Receipt:
    """Folds one source's batch into every book, in the running transaction.

    `sales` says what the ledger must know of the campaigns (default: an ordinary sale in Shanghai).
    `batch_id` names the batch in the stock ledger.
    """
    one_at_a_time(connection, "events")
    refused = [line for line in lines if isinstance(line, Refusal)]
    given, duplicate, clashes = _sift([line for line in lines if isinstance(line, Event)], {})
    changes: Counter[str] = (
        Counter()
    )  # events of earlier batches that count now, less those that no longer do
    applied = waiting = released = withdrawn = 0
    for campaign_id, first in sorted(_by_campaign(given).items()):
        sale = sales.get(campaign_id, Sale())
        events, again, differing = _enter(connection, source, campaign_id, first, clock.epoch_minute(now))
        duplicate += again
        clashes += differing
        if not events:
            continue
        done = _post_campaign(connection, campaign_id, sale, events)
        applied += len(events) - len(done.queued)
        waiting += len(done.queued)
        released += len(done.released)
        withdrawn += len(done.withdrawn)
        changes.update(event.source for event in done.released)
        changes.subtract(event.source for event, _ in done.withdrawn)
        if not sale.drill:
            touches.take(connection, campaign_id, done.counted(events), sale.running)
            touches.take_deposits(connection, campaign_id, events, done.lines)
            wanted = {code: demand.need for code, demand in done.demand.items() if demand.need > 0}
            service.draw(connection, wanted, account, now)
        free = {} if sale.drill else reserve.free(connection, done.demand)
        reserve.post(connection, settle(connection, campaign_id, done.demand, free), batch_id, account, now)
    receipt = Receipt(applied, duplicate, waiting, released, withdrawn, (*refused, *clashes))
    _tally(connection, source, receipt, changes, now)
    return receipt


def _enter(
    connection: Connection, source: str, campaign_id: str, events: list[Event], minute: int
) -> tuple[list[Event], int, list[Refusal]]:
    """Stores what was never seen before of one campaign's events, each id of which comes once; (those events,
    number of honest duplicates, refusals of ids that came with another body).

    Nearly every batch is all new: it is written on trust, and only when its key refuses an id are the stored
    bodies looked up. By id, so that the key's tree is walked once from left to right.
    """
    same = {"source": source, "campaign_id": campaign_id, "received_minute": minute, "waits_for": ""}
    if append_new(
        connection, tables.event, [event[1:-1] for event in sorted(events, key=itemgetter(1))], same
    ):
        return events, 0, []
    ids = [event.event_id for event in events]
    known = {row[1]: row for row in find(connection, tables.event, FACT, {"source": source}, "event_id", ids)}
    fresh, duplicate, clashes = _sift(events, known)
    append(connection, tables.event, [event[1:-1] for event in fresh], fixed=same)
    return fresh, duplicate, clashes


def _sift(
    events: list[Event], known: Mapping[str, tuple[object, ...]]
) -> tuple[list[Event], int, list[Refusal]]:
    """(events whose id is new, honest duplicates, refusals) of a batch, given the stored bodies by id."""
    if not known and len({event[1] for event in events}) == len(events):
        return events, 0, []
    first: dict[str, tuple[object, ...]] = dict(known)
    fresh: list[Event] = []
    duplicate, clashes = 0, []
    for event in events:
        before = first.get(event[1])
        if before is None:
            first[event[1]] = event
            fresh.append(event)
            continue
        differs = [name for name, old, new in zip(FACT, before, event, strict=False) if old != new]
        if differs:
            clashes.append(
                Refusal(
                    event.event_id, "live.body_differs", differs[0], printable(getattr(event, differs[0]))
                )
            )
        else:
            duplicate += 1
    return fresh, duplicate, clashes


def _by_campaign(events: list[Event]) -> dict[str, list[Event]]:
    groups: dict[str, list[Event]] = {}
    for event in events:
        groups.setdefault(event[-1], []).append(event)
    return groups


def _post_campaign(connection: Connection, campaign_id: str, sale: Sale, events: list[Event]) -> Folded:
    span = partial(span_of, zone=sale.timezone, running=sale.running)
    sights = first_sights(events, span)
    series = numbers(connection, campaign_id, _OF_GOODS.union(sights))
    lines = _lines(connection, campaign_id, events)
    batch = gather(events, lines)
    histories = _histories(connection, campaign_id, batch.contested, events)
    done = fold(batch, lines, histories, {kind: series[kind, 0] for kind in KINDS})
    if histories:
        _mark(connection, done)
        sights = first_sights(done.counted(events), span)
        series = numbers(connection, campaign_id, _OF_GOODS.union(sights))
        forget_payments(connection, campaign_id, [event for event, _ in done.withdrawn], span)
    _roll_up(connection, campaign_id, done, sights, series)
    return done


def _lines(connection: Connection, campaign_id: str, events: list[Event]) -> dict[LineKey, Line]:
    """The stored lines of the orders that the batch touches."""
    orders = {event.order_id for event in events if event.kind in OF_A_LINE}
    columns = ("order_id", "sku_code", *Line._fields)
    where = {"campaign_id": campaign_id}
    rows = find(connection, tables.sale_line, columns, where, "order_id", orders)
    return {(row[0], row[1]): Line(*row[2:]) for row in rows}


def _histories(
    connection: Connection, campaign_id: str, contested: Sequence[LineKey], events: list[Event]
) -> dict[LineKey, list[Entry]]:
    """Every stored event of the contested lines, those of the running batch marked as fresh."""
    if not contested:
        return {}
    new = {(event.source, event.event_id) for event in events}
    t, wanted = tables.event.c, set(contested)
    mine = keyed(t.order_id, sorted({order_id for order_id, _ in contested}), connection)
    query = select(*(t[name] for name in Event._fields), t.waits_for).where(
        tables.OF_AN_ORDER, t.campaign_id == campaign_id, mine
    )
    histories: dict[LineKey, list[Entry]] = {}
    for *facts, waits_for in connection.execute(query):
        event = Event(*facts)
        if (event.order_id, event.sku_code) in wanted and event.kind in OF_A_LINE:
            entry = Entry(event, waits_for, (event.source, event.event_id) in new)
            histories.setdefault((event.order_id, event.sku_code), []).append(entry)
    return histories


def _mark(connection: Connection, done: Folded) -> None:
    """Puts events into the queue with why they wait, or takes them out of it."""
    marks = done.queued + done.withdrawn + done.renamed + [(event, Wait.NO) for event in done.released]
    if not marks:
        return
    key = (tables.event.c.source == bindparam("s"), tables.event.c.event_id == bindparam("e"))
    query = update(tables.event).where(*key).values(waits_for=bindparam("w"))
    connection.execute(
        query, [{"s": event.source, "e": event.event_id, "w": str(reason)} for event, reason in marks]
    )


def _roll_up(
    connection: Connection, campaign_id: str, done: Folded, sights: People, series: Mapping[Series, int]
) -> None:
    """Every sum that the batch moved. Only one batch writes them at a time, so that their rows need no common
    order."""
    earlier, counts = moves(sights, _seen(connection, sights, series))
    same = {"campaign_id": campaign_id}
    with together(connection):
        merge(
            connection,
            tables.sale_line,
            [(*key, *line) for key, line in done.lines.items()],
            put=Line._fields,
            fixed=same,
        )
        merge(connection, tables.sale_sku_kind, done.sku_kind, add=_SUMS)
        merge(connection, tables.sale_sku_minute, done.sku_minute, add=_SUMS)
        merge(connection, tables.sale_minute_kind, done.minute_kind, add=_SUMS, fixed=same)
        for group, people in earlier.items():
            merge(
                connection,
                tables.person_seen,
                people,
                put=("at_ms", "channel"),
                fixed={"series_id": series[group]},
            )
        merge(connection, tables.sale_minute, counts, add=("visitors", "buyers"), fixed=same)


def _seen(connection: Connection, people: People, series: Mapping[Series, int]) -> People:
    """When those people were first seen in those stretches, as far as the rollups know."""
    people_known: People = {}
    for group, first in people.items():
        where: dict[str, str | int] = {"series_id": series[group]}
        rows = find(
            connection, tables.person_seen, ("user_key", "at_ms", "channel"), where, "user_key", first
        )
        people_known[group] = {user: (at_ms, channel) for user, at_ms, channel in rows}
    return people_known


def settle(
    connection: Connection, campaign_id: str, changes: Mapping[str, Demand], free: Mapping[str, int]
) -> list[reserve.Change]:
    """Brings what stock keeps for the sale up to what its lines ask for, never beyond what is there."""
    columns = ("sku_code", "need", "presale", "shipped", "held", "presale_held")
    stored = {
        row[0]: _Kept(*row[1:])
        for row in find(
            connection, tables.sale_sku, columns, {"campaign_id": campaign_id}, "sku_code", changes
        )
    }
    rows: list[tuple[object, ...]] = []
    posted: list[reserve.Change] = []
    for sku_code, change in sorted(changes.items()):
        before = stored.get(sku_code, _Kept())
        need, presale = before.need + change.need, before.presale + change.presale
        held, promised = before.held, before.presale_held
        if sku_code in free:  # goods without a stock position are sold all the same; nobody counts them
            promised = presale
            left = free[sku_code] - change.shipped + before.presale_held - promised
            held = max(0, min(need, before.held + left))
            posted.append(
                reserve.Change(sku_code, -change.shipped, held - before.held, promised - before.presale_held)
            )
        rows.append((campaign_id, sku_code, need, presale, before.shipped + change.shipped, held, promised))
    merge(connection, tables.sale_sku, rows, put=columns[1:])
    return posted


class _Kept(NamedTuple):
    """What is kept of a SKU for a sale, in units; as the table's columns."""

    need: int = 0
    presale: int = 0
    shipped: int = 0
    held: int = 0
    presale_held: int = 0


def _tally(
    connection: Connection, source: str, receipt: Receipt, changes: Mapping[str, int], now: datetime
) -> None:
    """The sums of the intake: every line that came in is in exactly one of four. `changes`: by source, events
    of earlier batches that count now, less those that no longer do."""
    figures = ("received", "applied", "duplicate", "waiting", "rejected")
    own = (receipt.received, receipt.applied, receipt.duplicate, receipt.waiting, len(receipt.rejected))
    merge(connection, tables.intake_tally, [(source, *own, now)], add=figures, put=("last_received_at",))
    others = [(name, 0, count, 0, -count, 0, now) for name, count in sorted(changes.items())]
    merge(connection, tables.intake_tally, others, add=figures)
    minute = clock.epoch_minute(now)
    codes = Counter(refusal.code for refusal in receipt.rejected)
    last = {
        refusal.code: f"{refusal.event_id} {refusal.field}={refusal.value}" for refusal in receipt.rejected
    }
    merge(
        connection,
        tables.intake_refusal,
        [(source, minute, code, n, last[code]) for code, n in sorted(codes.items())],
        add=("events",),
        put=("sample",),
    )
