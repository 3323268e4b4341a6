"""One batch of fresh events of one campaign, folded into what each book has to add. Pure: dicts in, dicts out.

A batch is a thousand tuples, where a pandas group-by costs twenty times a dictionary; so this is a loop over tuples on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from core.live import lines as sale_lines
from core.live.events import OF_A_LINE, Event
from core.live.lines import Line

LineKey = tuple[str, str]  # order_id, sku_code
Person = tuple[str, int, str]  # role, business day, user_key
Seen = tuple[int, str]  # at_ms, channel: the smaller one is the first sight


@dataclass(slots=True)
class Folded:
    """What a batch changes. Sums are [events, quantity, amount_fen]; people are [visitors, buyers]."""

    queued: list[tuple[Event, str]] = field(default_factory=list)  # fresh events that wait, and what for
    released: list[Event] = field(default_factory=list)
    lines: dict[LineKey, Line] = field(default_factory=dict)
    calls: dict[str, list[int]] = field(default_factory=dict)  # sku_code -> change of [need, presale, shipped]
    minute_kind: dict[tuple[int, str, str], list[int]] = field(default_factory=dict)  # minute, channel, kind
    sku_kind: dict[tuple[str, str], list[int]] = field(default_factory=dict)  # kind, sku_code
    sku_minute: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)  # kind, minute, sku_code
    people: dict[Person, Seen] = field(default_factory=dict)
    minute_people: dict[tuple[int, str], list[int]] = field(default_factory=dict)  # minute, channel


def first_sights(events: Iterable[Event], day_of: Callable[[int], int]) -> dict[Person, Seen]:
    """When each person was first seen on each business day by these events: a view makes a visitor, a payment a buyer.

    `day_of` gives the business day (any whole number per day) of an epoch minute. A buyer whose name is masked counts by the order.
    """
    days: dict[int, int] = {}
    first: dict[Person, Seen] = {}
    for _, _, kind, at_ms, _, user, order_id, _, _, channel, _ in events:
        if kind == "view":
            role = "visitor"
        elif kind == "pay":
            role, user = "buyer", user or f"#{order_id}"
        else:
            continue
        minute = at_ms // 60_000
        day = days.get(minute)
        if day is None:
            day = days[minute] = day_of(minute)
        if user:
            person, sight = (role, day, user), (at_ms, channel)
            if person not in first or sight < first[person]:
                first[person] = sight
    return first


def fold(
    events: Iterable[Event],
    lines: Mapping[LineKey, Line],
    waiting: Mapping[LineKey, list[Event]],
    sights: Mapping[Person, Seen],
    seen: Mapping[Person, Seen],
) -> Folded:
    """The effects of fresh `events` on lines as stored, their queue, and the people seen before.

    `sights` are the events' own (views and payments never wait), `seen` what the books know of the same people.
    """
    out = Folded()
    of_lines: dict[LineKey, list[Event]] = {}
    applied: list[Event] = []
    for event in events:
        if event[2] in OF_A_LINE:
            of_lines.setdefault((event.order_id, event.sku_code), []).append(event)
        else:
            applied.append(event)
    for key, fresh in of_lines.items():
        applied += _line(out, key, fresh, lines.get(key, Line()), waiting.get(key, []))
    _sum(out, applied)
    _people(out, sights, seen)
    return out


def _line(out: Folded, key: LineKey, fresh: list[Event], old: Line, queue: list[Event]) -> list[Event]:
    """Folds one line's events; returns those that now count."""
    new, taken, released, queued = sale_lines.apply(old, fresh, queue)
    out.lines[key] = new
    out.queued += queued
    out.released += released
    before, after = sale_lines.call(old), sale_lines.call(new)
    if before != after:
        change = out.calls.setdefault(key[1], [0, 0, 0])
        for i in range(3):
            change[i] += after[i] - before[i]
    return taken + released


def _sum(out: Folded, applied: list[Event]) -> None:
    """Sums by (kind, minute, SKU) and (minute, channel, kind) event by event; those by SKU follow from the first."""
    sku_minute, minute_kind, sku_kind = out.sku_minute, out.minute_kind, out.sku_kind
    for _, _, kind, at_ms, sku_code, _, _, quantity, amount, channel, _ in applied:
        minute = at_ms // 60_000
        sums = sku_minute.get((kind, minute, sku_code))
        if sums is None:
            sums = sku_minute[kind, minute, sku_code] = [0, 0, 0]
        shared = minute_kind.get((minute, channel, kind))
        if shared is None:
            shared = minute_kind[minute, channel, kind] = [0, 0, 0]
        for each in (sums, shared):
            each[0] += 1
            each[1] += quantity
            each[2] += amount
    for (kind, _, sku_code), part in sku_minute.items():
        whole = sku_kind.get((kind, sku_code))
        sku_kind[kind, sku_code] = part if whole is None else [a + b for a, b in zip(whole, part, strict=True)]


def _people(out: Folded, sights: Mapping[Person, Seen], seen: Mapping[Person, Seen]) -> None:
    """New people, and people who turn out to have been there earlier than the books say."""
    for person, sight in sights.items():
        before = seen.get(person)
        if before is not None and before <= sight:
            continue
        out.people[person] = sight
        slot = 0 if person[0] == "visitor" else 1
        _move(out, sight, slot, 1)
        if before is not None:
            _move(out, before, slot, -1)


def _move(out: Folded, sight: Seen, slot: int, by: int) -> None:
    out.minute_people.setdefault((sight[0] // 60_000, sight[1]), [0, 0])[slot] += by
