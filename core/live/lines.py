"""What events make of an order line, whatever the order in which they come. Pure.

A line is the *sum* of its applied events, and an event applies as soon as the line has what it presupposes: a refund and a
shipment presuppose a payment, a cancellation presupposes an order, a deposit or a payment. Sums commute and the conditions, once
true, stay true; so every arrival order ends in the same line. An order, a deposit and a payment are facts by themselves.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from core.live.events import Event


class Line(NamedTuple):
    """Units by what happened to them, the two amounts that survive (fen), and how many events of the line are waiting."""

    deposited: int = 0
    ordered: int = 0
    paid: int = 0
    refunded: int = 0
    cancelled: int = 0
    shipped: int = 0
    paid_fen: int = 0
    refunded_fen: int = 0
    waiting: int = 0


_SLOT = {"deposit": 0, "order": 1, "pay": 2, "refund": 3, "cancel": 4, "ship": 5}
_FIRST = frozenset({"deposit", "order", "pay"})


class Call(NamedTuple):
    """What a line asks of stock: units to keep for it, units promised by deposit, units that have left the house."""

    need: int
    presale: int
    shipped: int


def waits_for(kind: str, line: Line) -> str:
    """ "" when the event may apply to the line, else the kind of event that must come first."""
    if kind in _FIRST:
        return ""
    if kind == "cancel":
        return "" if line.ordered or line.deposited or line.paid else "order"
    return "" if line.paid else "pay"


def apply(
    line: Line, events: list[Event], waiting: list[Event]
) -> tuple[Line, list[Event], list[Event], list[tuple[Event, str]]]:
    """(new line, applied, released, still waiting) after new `events`, given those of the line that were `waiting`.

    applied are of `events`, released of `waiting`; still waiting are those of `events` that join the queue, and what for.
    """
    sums = list(line)
    first = [event for event in events if event.kind in _FIRST]
    for event in first:
        _add(sums, event)
    ready = Line(*sums)
    if len(first) == len(events) and not waiting:  # nearly always
        return ready, first, [], []
    released = [event for event in waiting if not waits_for(event.kind, ready)]
    applied, queued = first, []
    for event in events:
        if event.kind not in _FIRST:
            reason = waits_for(event.kind, ready)
            if reason:
                queued.append((event, reason))
            else:
                applied.append(event)
                _add(sums, event)
    for event in released:
        _add(sums, event)
    sums[8] += len(queued) - len(released)
    return Line(*sums), applied, released, queued


def _add(sums: list[int], event: Event) -> None:
    sums[_SLOT[event.kind]] += event.quantity
    if event.kind == "pay":
        sums[6] += event.amount_fen
    elif event.kind == "refund":
        sums[7] += event.amount_fen


@lru_cache(maxsize=4096)  # lines look alike: one unit ordered, one unit paid
def call(line: Line) -> Call:
    """What the line asks of stock now.

    Units are promised by the largest of deposit, order and payment (a payment without its order is a sale all the same); a
    cancelled, refunded or shipped unit is no longer kept. A refund is taken to concern a unit that has not left: goods that come
    back are stock only when somebody has looked at them and booked them in. A deposit's unit is pre-sale until it is paid up.

    >>> call(Line(ordered=2, paid=2, shipped=1))
    Call(need=1, presale=0, shipped=1)
    """
    promised = max(line.deposited, line.ordered, line.paid)
    kept = max(0, promised - line.cancelled - line.refunded - line.shipped)
    presale = min(kept, max(0, line.deposited - line.paid))
    return Call(kept - presale, presale, line.shipped)
