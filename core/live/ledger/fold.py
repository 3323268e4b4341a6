"""One batch of fresh events of one campaign, folded into what each book has to add. Pure: dicts in, dicts
out.

A batch is a thousand tuples, where a pandas group-by costs twenty times a dictionary; so these are tuples and
counters on purpose.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from core.live.ledger import order_lines
from core.live.ledger.events import EXPOSURE, OF_A_LINE, Event
from core.live.ledger.order_lines import Demand, Entry, Line, Wait

_NEW = Line()
_SLOTS = {"visitor": 0, "buyer": 1}  # roles that the minutes count
LineKey = tuple[str, str]  # order_id, sku_code
Seen = tuple[int, str]  # at_ms, channel: the smaller one is the first sight
People = dict[
    tuple[str, int], dict[str, Seen]
]  # first sights by role and stretch (see spans), then by user_key
Row = tuple[Any, ...]  # the key in a rollup, then events, quantity, amount_fen


class Gathered(NamedTuple):
    """A batch by what it is about. `lines`: as they are when every event counts; of those that are `contested`
    (something waits, or would not fit) all stored events are needed."""

    without_line: list[Event]
    of_lines: dict[LineKey, list[Event]]
    lines: dict[LineKey, Line]
    contested: list[LineKey]


@dataclass(slots=True)
class Folded:
    """What a batch changes. Sums are rows to add to the rollups."""

    queued: list[tuple[Event, Wait]] = field(default_factory=list)  # fresh events that wait, and why
    released: list[Event] = field(default_factory=list)  # waited before, count now
    withdrawn: list[tuple[Event, Wait]] = field(default_factory=list)  # counted before, wait now
    renamed: list[tuple[Event, Wait]] = field(default_factory=list)  # wait on for another reason
    lines: dict[LineKey, Line] = field(default_factory=dict)
    demand: dict[str, Demand] = field(default_factory=dict)  # by sku_code, the change
    minute_kind: list[Row] = field(default_factory=list)  # by minute, channel, kind
    sku_kind: list[Row] = field(default_factory=list)  # by series, sku_code
    sku_minute: list[Row] = field(default_factory=list)  # by series, minute, sku_code

    def counted(self, events: list[Event]) -> list[Event]:
        """Of the batch's fresh events and the queue those that count from now on."""
        if not (self.queued or self.released):
            return events
        out = {(event.source, event.event_id) for event, _ in self.queued}
        return [event for event in events if (event.source, event.event_id) not in out] + self.released


def first_sights(events: Iterable[Event], span_of: Callable[[int], int]) -> People:
    """When each person was first seen in each stretch of time by these events: a view makes a visitor, a payment
    a buyer.

    An exposure makes a person of an arm, once a test. `span_of` gives the number of the stretch of an epoch minute. A buyer whose name is
    masked counts by the order. People come in the order of their keys, as a book's tree is walked.
    """
    first: People = {}
    by_minute: dict[str, dict[int, dict[str, Seen]]] = {
        "visitor": {},
        "buyer": {},
    }  # the same people, found without their stretch
    for _, _, kind, at_ms, _, user, order_id, _, _, channel, _ in events:
        if kind == "view" and user:
            role = "visitor"
        elif kind == "pay":
            role, user = "buyer", user or f"#{order_id}"
        elif kind == EXPOSURE:
            role = f"{EXPOSURE} {channel}"
            _earliest(first.setdefault((role, 0), {}), user, (at_ms, channel))
            continue
        else:
            continue
        minute = at_ms // 60_000
        people = by_minute[role].get(minute)
        if people is None:
            people = by_minute[role][minute] = first.setdefault((role, span_of(minute)), {})
        _earliest(people, user, (at_ms, channel))
    return {group: {user: people[user] for user in sorted(people)} for group, people in first.items()}


def _earliest(people: dict[str, Seen], user: str, sight: Seen) -> None:
    before = people.get(user)
    if before is None or sight < before:
        people[user] = sight


def gather(events: Iterable[Event], lines: Mapping[LineKey, Line]) -> Gathered:
    """Fresh events by what they are about, and their lines, given them as stored."""
    out = Gathered([], {}, {}, [])
    for event in events:
        if event[2] in OF_A_LINE:
            out.of_lines.setdefault((event[6], event[4]), []).append(event)
        else:
            out.without_line.append(event)
    for key, fresh in out.of_lines.items():
        before = lines.get(key, _NEW)
        after = out.lines[key] = order_lines.added(before, fresh)
        if not order_lines.is_plain(before, after, fresh):
            out.contested.append(key)
    return out


def fold(
    batch: Gathered,
    lines: Mapping[LineKey, Line],
    histories: Mapping[LineKey, list[Entry]],
    series: Mapping[str, int],
) -> Folded:
    """The effects of a batch on lines as stored; `histories`: every event of the contested ones, the fresh
    ones too. `series`: the number of each kind's sums by goods."""
    out, applied = Folded(), batch.without_line
    out.lines = batch.lines
    for key, fresh in batch.of_lines.items():
        if key not in histories:
            applied += fresh
            continue
        verdicts = order_lines.judge(histories[key])
        out.lines[key] = verdicts.line
        applied += verdicts.applied + verdicts.released
        out.queued += verdicts.queued
        out.released += verdicts.released
        out.withdrawn += verdicts.withdrawn
        out.renamed += verdicts.renamed
    for key, line in out.lines.items():
        before, after = order_lines.demand(lines.get(key, _NEW)), order_lines.demand(line)
        if before != after:
            total = out.demand.get(key[1], Demand())
            out.demand[key[1]] = order_lines.change(before, after, total)
    _sum(out, applied, series)
    if out.withdrawn:
        _take_back(out, [event for event, _ in out.withdrawn], series)
    return out


def _take_back(out: Folded, withdrawn: list[Event], series: Mapping[str, int]) -> None:
    """Takes what withdrawn events had added off the sums."""
    past = Folded()
    _sum(past, withdrawn, series)
    out.minute_kind = _less(out.minute_kind, past.minute_kind)
    out.sku_kind = _less(out.sku_kind, past.sku_kind)
    out.sku_minute = _less(out.sku_minute, past.sku_minute)


def _less(rows: list[Row], gone: list[Row]) -> list[Row]:
    """Rows of the sums less those of others, keys once."""
    totals = {row[:-3]: row[-3:] for row in rows}
    for row in gone:
        before = totals.get(row[:-3], (0, 0, 0))
        totals[row[:-3]] = tuple(a - b for a, b in zip(before, row[-3:], strict=True))
    return [(*key, *sums) for key, sums in totals.items()]


def _sum(out: Folded, applied: list[Event], series: Mapping[str, int]) -> None:
    """Sums by (minute, channel, kind), by (series, SKU) and by (series, minute, SKU)."""
    if not applied:
        return
    _, _, kinds, moments, skus, _, _, quantities, amounts, channels, _ = zip(*applied, strict=True)
    minutes, numbers = [at_ms // 60_000 for at_ms in moments], [series[kind] for kind in kinds]
    odd = [n for n, facts in enumerate(zip(quantities, amounts, strict=True)) if facts != (1, 0)]

    def summed(*by: Iterable[object]) -> list[Row]:
        """Rows of the keys and their sums."""
        # nearly every event is one unit and no money: those are counted, and only the others looked at one by
        # one
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
    """People who are new, or turn out to have been there earlier than the books say, and what that adds to
    the minutes.

    `seen`: what the books know of those in `sights`. Rows are (user_key, at_ms, channel) by role and stretch, and
    (minute, channel, visitors, buyers).
    """
    earlier: dict[tuple[str, int], list[Row]] = {}
    counts: dict[tuple[int, str], list[int]] = {}
    for group, first in sights.items():
        slot, known, changed = _SLOTS.get(group[0]), seen[group], list[Row]()
        for user, sight in first.items():
            before = known.get(user)
            if before is not None:
                if before <= sight:
                    continue
                if slot is not None:
                    counts.setdefault((before[0] // 60_000, before[1]), [0, 0])[slot] -= 1
            if slot is not None:
                counts.setdefault((sight[0] // 60_000, sight[1]), [0, 0])[slot] += 1
            changed.append((user, *sight))
        earlier[group] = changed
    return earlier, [(*key, *count) for key, count in sorted(counts.items())]
