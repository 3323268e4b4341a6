"""One batch of fresh events of one campaign, folded into what each book has to add. Pure: dicts in, dicts out.

A batch is a thousand tuples, where a pandas group-by costs twenty times a dictionary; so these are tuples and counters on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from core.live import lines as sale_lines
from core.live.events import OF_A_LINE, Event
from core.live.lines import Line

_NEW = Line()
LineKey = tuple[str, str]  # order_id, sku_code
Seen = tuple[int, str]  # at_ms, channel: the smaller one is the first sight
People = dict[tuple[str, int], dict[str, Seen]]  # first sights by role and business day, then by user_key
Row = tuple[Any, ...]  # the key in a book, then events, quantity, amount_fen


@dataclass(slots=True)
class Folded:
    """What a batch changes. Sums are rows to add to the books."""

    queued: list[tuple[Event, str]] = field(default_factory=list)  # fresh events that wait, and what for
    released: list[Event] = field(default_factory=list)
    lines: dict[LineKey, Line] = field(default_factory=dict)
    calls: dict[str, list[int]] = field(default_factory=dict)  # sku_code -> change of [need, presale, shipped]
    minute_kind: list[Row] = field(default_factory=list)  # by minute, channel, kind
    sku_kind: list[Row] = field(default_factory=list)  # by series, sku_code
    sku_minute: list[Row] = field(default_factory=list)  # by series, minute, sku_code


def first_sights(events: Iterable[Event], day_of: Callable[[int], int]) -> People:
    """When each person was first seen on each business day by these events: a view makes a visitor, a payment a buyer.

    `day_of` gives the business day (any whole number per day) of an epoch minute. A buyer whose name is masked counts by the order.
    People come in the order of their keys, as a book's tree is walked.
    """
    first: People = {}
    by_minute: dict[str, dict[int, dict[str, Seen]]] = {"visitor": {}, "buyer": {}}  # the same people, found without their day
    for _, _, kind, at_ms, _, user, order_id, _, _, channel, _ in events:
        if kind == "view" and user:
            role = "visitor"
        elif kind == "pay":
            role, user = "buyer", user or f"#{order_id}"
        else:
            continue
        minute = at_ms // 60_000
        people = by_minute[role].get(minute)
        if people is None:
            people = by_minute[role][minute] = first.setdefault((role, day_of(minute)), {})
        sight, before = (at_ms, channel), people.get(user)
        if before is None or sight < before:
            people[user] = sight
    return {group: {user: people[user] for user in sorted(people)} for group, people in first.items()}


def fold(
    events: Iterable[Event], lines: Mapping[LineKey, Line], waiting: Mapping[LineKey, list[Event]], series: Mapping[str, int]
) -> Folded:
    """The effects of fresh `events` on lines as stored and their queue. `series`: the number of each kind's sums by goods."""
    out = Folded()
    of_lines: dict[LineKey, list[Event]] = {}
    applied: list[Event] = []
    for event in events:
        if event[2] in OF_A_LINE:
            of_lines.setdefault((event.order_id, event.sku_code), []).append(event)
        else:
            applied.append(event)
    for key, fresh in of_lines.items():
        applied += _line(out, key, fresh, lines.get(key, _NEW), waiting.get(key, []))
    _sum(out, applied, series)
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


def _sum(out: Folded, applied: list[Event], series: Mapping[str, int]) -> None:
    """Sums by (minute, channel, kind), by (series, SKU) and by (series, minute, SKU)."""
    if not applied:
        return
    _, _, kinds, moments, skus, _, _, quantities, amounts, channels, _ = zip(*applied, strict=True)
    minutes, numbers = [at_ms // 60_000 for at_ms in moments], [series[kind] for kind in kinds]
    odd = [n for n, facts in enumerate(zip(quantities, amounts, strict=True)) if facts != (1, 0)]

    def summed(*by: Iterable[Any]) -> list[Row]:
        """Rows of the keys and their sums."""
        # nearly every event is one unit and no money: those are counted, and only the others looked at one by one
        keys = list(zip(*by, strict=True))
        events, others = Counter(keys), {keys[n]: [0, 0] for n in odd}
        for n in odd:
            others[keys[n]][0] += quantities[n] - 1
            others[keys[n]][1] += amounts[n]
        rows = [(*key, (n := events.pop(key)), n + units, fen) for key, (units, fen) in others.items()]
        return rows + [(*key, n, n, 0) for key, n in events.items()]

    out.minute_kind = summed(minutes, channels, kinds)
    out.sku_kind = summed(numbers, skus)
    out.sku_minute = summed(numbers, minutes, skus)


def moves(sights: People, seen: People) -> tuple[dict[tuple[str, int], list[Row]], list[Row]]:
    """People who are new, or turn out to have been there earlier than the books say, and what that adds to the minutes.

    `seen`: what the books know of those in `sights`. Rows are (user_key, at_ms, channel) by role and day, and (minute, channel,
    visitors, buyers).
    """
    earlier: dict[tuple[str, int], list[Row]] = {}
    counts: dict[tuple[int, str], list[int]] = {}
    for group, first in sights.items():
        slot, known, changed = 0 if group[0] == "visitor" else 1, seen[group], list[Row]()
        for user, sight in first.items():
            before = known.get(user)
            if before is not None:
                if before <= sight:
                    continue
                counts.setdefault((before[0] // 60_000, before[1]), [0, 0])[slot] -= 1
            counts.setdefault((sight[0] // 60_000, sight[1]), [0, 0])[slot] += 1
            changed.append((user, *sight))
        earlier[group] = changed
    return earlier, [(*key, *count) for key, count in sorted(counts.items())]
