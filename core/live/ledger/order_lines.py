"""What events make of an order line, whatever the order in which they come. Pure.

A line is a function of the *set* of its events. Orders and deposits are facts by themselves. Payments apply in
the order of their time as long as their units are ordered; without any order and deposit the first payment
of units stands for its order. A payment without units is a further part of one. Refunds apply up to the units and the money that were paid in, shipments up to the paid
units, cancellations up to what was asked for. What does not fit waits, with its reason. An event that comes
late may so take the turn of one that applied before: that one is withdrawn into the queue.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from core.live.ledger.events import Event


class Wait(StrEnum):
    """Why an event does not count yet."""

    NO = ""  # it counts
    ORDER = "order"  # nothing was ordered on the line so far
    PAYMENT = "pay"  # nothing was paid on the line so far
    ORDERED = "ordered"  # more units than were ordered
    PAID = "paid"  # more units than were paid
    AMOUNT = "amount"  # more money than was paid


EXCESS = frozenset({Wait.ORDERED, Wait.PAID, Wait.AMOUNT})
"""Reasons that no mere delay explains: something was sent twice, or wrong."""


class Line(NamedTuple):
    """Units by what happened to them, the amounts (fen), and how many events of the line are waiting."""

    deposited: int = 0
    ordered: int = 0
    paid: int = 0
    refunded: int = 0
    cancelled: int = 0
    shipped: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    deposited_fen: int = 0
    waiting: int = 0


_SLOT = {"deposit": 0, "order": 1, "pay": 2, "refund": 3, "cancel": 4, "ship": 5}
_AMOUNT = {"pay": 6, "refund": 7, "deposit": 8}


class Entry(NamedTuple):
    """An event of a line as it is stored, and whether the running batch has brought it."""

    event: Event
    waits_for: str
    fresh: bool


class Verdicts(NamedTuple):
    """What became of a contested line: its sums, and its events by what has changed for them.

    `applied` and `queued` (with the reason) are fresh; `released` waited before, `withdrawn` (with the reason)
    counted before; `renamed` wait on, for another reason.
    """

    line: Line
    applied: list[Event]
    queued: list[tuple[Event, Wait]]
    released: list[Event]
    withdrawn: list[tuple[Event, Wait]]
    renamed: list[tuple[Event, Wait]]


class Demand(NamedTuple):
    """What lines ask of stock: units to keep, units promised by deposit, units that have left the warehouse."""

    need: int = 0
    presale: int = 0
    shipped: int = 0


def added(line: Line, events: Iterable[Event]) -> Line:
    """The line with all these events counted."""
    sums = list(line)
    for event in events:
        _add(sums, event)
    return Line(*sums)


def _add(sums: list[int], event: Event) -> None:
    kind = event[2]
    sums[_SLOT[kind]] += event[7]
    amount = _AMOUNT.get(kind)
    if amount is not None:
        sums[amount] += event[8]


def is_plain(before: Line, after: Line, fresh: Sequence[Event]) -> bool:
    """Whether fresh events count as they are: nothing of the line waits, and every bound still holds."""
    if before[9]:
        return False
    asked = max(after.deposited, after.ordered)
    if not asked:  # a payment stands for its order: the first one
        pays = sum([event[2] == "pay" for event in fresh])
        if pays > 1 or (pays and (before.paid or not after.paid)):
            return False
        asked = after.paid
    if not after.paid and any(event[2] == "refund" for event in fresh):
        return False
    return (
        after.paid <= asked
        and after.refunded <= after.paid
        and after.shipped <= after.paid
        and after.cancelled <= asked
        and after.refunded_fen <= after.paid_fen + after.deposited_fen
    )


def judge(entries: Sequence[Entry]) -> Verdicts:
    """A line from all of its events, and what that changes for each of them."""
    line, reasons = decide(entries)
    out = Verdicts(line, [], [], [], [], [])
    for entry, reason in reasons:
        if entry.fresh:
            if reason:
                out.queued.append((entry.event, reason))
            else:
                out.applied.append(entry.event)
        elif entry.waits_for and not reason:
            out.released.append(entry.event)
        elif reason and not entry.waits_for:
            out.withdrawn.append((entry.event, reason))
        elif entry.waits_for != reason:
            out.renamed.append((entry.event, reason))
    return out


def decide(entries: Iterable[Entry]) -> tuple[Line, list[tuple[Entry, Wait]]]:
    """(the line, every entry with Wait.NO or the reason why it waits), from the set of a line's events alone.

    Entries with the same facts stand for each other: the one that counts already goes on counting.
    """
    kinds: dict[str, list[Entry]] = {kind: [] for kind in _SLOT}
    for entry in sorted(entries, key=_turn):
        kinds[entry.event.kind].append(entry)
    sums, out = list(Line()), list[tuple[Entry, Wait]]()
    for entry in kinds["order"] + kinds["deposit"]:
        _add(sums, entry.event)
        out.append((entry, Wait.NO))
    pays = kinds["pay"]
    first = next((entry.event.quantity for entry in pays if entry.event.quantity), 0)
    asked = max(sums[0], sums[1]) or first
    for entry in pays:
        above = sums[2] + entry.event.quantity > asked
        _admit(sums, out, entry, Wait.ORDERED if above else Wait.NO if asked else Wait.ORDER)
    for entry in kinds["refund"] + kinds["ship"] + kinds["cancel"]:
        _admit(sums, out, entry, _reason(entry.event, Line(*sums), asked))
    sums[9] = sum(reason != Wait.NO for _, reason in out)
    return Line(*sums), out


def _turn(entry: Entry) -> tuple[object, ...]:
    event = entry.event
    age = 2 if entry.fresh else 1 if entry.waits_for else 0
    facts = (event.at_ms, event.user_key, event.quantity, event.amount_fen, event.channel)
    return (*facts, age, event.source, event.event_id)


def _admit(sums: list[int], out: list[tuple[Entry, Wait]], entry: Entry, reason: Wait) -> None:
    if not reason:
        _add(sums, entry.event)
    out.append((entry, reason))


def _reason(event: Event, line: Line, asked: int) -> Wait:
    """Why a refund, a shipment or a cancellation does not fit the line, of which `asked` units were ordered."""
    if event.kind == "cancel":
        if not asked:
            return Wait.ORDER
        return Wait.ORDERED if line.cancelled + event.quantity > asked else Wait.NO
    if not line.paid:
        return Wait.PAYMENT
    if event.kind == "ship":
        return Wait.PAID if line.shipped + event.quantity > line.paid else Wait.NO
    if line.refunded + event.quantity > line.paid:
        return Wait.PAID
    over = line.refunded_fen + event.amount_fen > line.paid_fen + line.deposited_fen
    return Wait.AMOUNT if over else Wait.NO


@lru_cache(maxsize=4096)  # lines look alike: one unit ordered, one unit paid
def demand(line: Line) -> Demand:
    """What the line asks of stock now.

    Units are promised by the largest of deposit, order and payment (a payment without its order is a sale all
    the same); a cancelled, refunded or shipped unit is no longer kept. A refund is taken to concern a unit
    that has not left: goods that come back are stock only when somebody has looked at them and booked them
    in. A deposit's unit is pre-sale until it is paid up.

    >>> demand(Line(ordered=2, paid=2, shipped=1))
    Demand(need=1, presale=0, shipped=1)
    """
    promised = max(line.deposited, line.ordered, line.paid)
    kept = max(0, promised - line.cancelled - line.refunded - line.shipped)
    presale = min(kept, max(0, line.deposited - line.paid))
    return Demand(kept - presale, presale, line.shipped)


def change(before: Demand, after: Demand, total: Demand) -> Demand:
    """`total` and what a line's demand has changed by."""
    return Demand(*(t + b - a for t, a, b in zip(total, before, after, strict=True)))
