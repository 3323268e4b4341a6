"""A made-up night for a rehearsal: the plan's curve played as events, minute by minute, always the same for
the same seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

REFUND_AFTER = 45  # minutes
PAID = 0.93  # part of the orders that is paid
MOST_ORDERS = 6_000  # of a whole drill: the shape of the night, not its masses


@dataclass(frozen=True, slots=True)
class Night:
    """What a drill plays: goods with weights and prices (fen), channels with weights, and the plan's
    rates."""

    codes: Sequence[str]
    weights: Sequence[float]
    prices: Sequence[int]
    channels: Sequence[str]
    channel_weights: Sequence[float]
    aov: int  # fen
    views_per_order: float
    seed: int


def minute(
    night: Night, number: int, start_ms: int, amount: float, left: dict[str, int]
) -> list[dict[str, object]]:
    """The events of one sale minute that should bring in `amount` fen, as decoded lines of the intake.

    `number` counts minutes since the opening, `start_ms` is its first millisecond. An order's payment and
    refund (REFUND_AFTER minutes later) come with it. The shop front sells no more than is `left` (units by
    SKU; goods that nobody counts are not in it): each order takes its units off, and a buyer who finds
    nothing goes.
    """
    dice = random.Random(night.seed * 100_003 + number)
    events: list[dict[str, object]] = []
    due, orders = amount / PAID, 0
    while due > 0:
        lines = _basket(night, dice)
        worth = sum(price for _, price in lines)
        if dice.random() < due / worth:  # the last one comes as often as there is money for it
            there = [(code, price) for code, price in lines if left.get(code, 1) > 0]
            left.update((code, left[code] - 1) for code, _ in there if code in left)
            events += _order(night, dice, there, f"{number}-{orders}", start_ms)
            orders += 1
        due -= worth
    for n in range(round(orders * night.views_per_order)):
        kind = dice.choices(("view", "add_to_cart", "favourite"), (90, 7, 3))[0]
        events.append(_event(night, dice, f"{number}-v{n}", kind, start_ms, user_key=f"u{number}-{n}"))
    return sorted(events, key=lambda event: str(event["at"]))


def _basket(night: Night, dice: random.Random) -> list[tuple[str, int]]:
    """Goods near the average order value: the first whatever it costs, more while they fit."""
    at = dice.choices(range(len(night.codes)), night.weights, k=4)
    lines = {night.codes[at[0]]: night.prices[at[0]]}
    room = night.aov * dice.uniform(0.7, 1.6) - night.prices[at[0]]
    for n in at[1:]:
        if night.prices[n] <= room and night.codes[n] not in lines:
            lines[night.codes[n]] = night.prices[n]
            room -= night.prices[n]
    return list(lines.items())


def _order(
    night: Night, dice: random.Random, lines: Sequence[tuple[str, int]], name: str, start_ms: int
) -> list[dict[str, object]]:
    """The events of the order of this name: most are paid seconds later, one in fifty of those is refunded."""
    channel = dice.choices(night.channels, night.channel_weights)[0]
    placed, pays, refunds = dice.uniform(0, 50_000), dice.random() < PAID, dice.random() < 0.02
    events = []
    for line, (code, price) in enumerate(lines):
        facts = {
            "sku_code": code,
            "order_id": f"o{name}",
            "user_key": f"u{name}",
            "channel": channel,
            "amount_fen": price,
        }
        stem = f"{name}-{line}"
        events.append(_line(f"{stem}-o", "order", start_ms + placed, facts))
        if pays:
            events.append(_line(f"{stem}-p", "pay", start_ms + placed + dice.uniform(2_000, 9_000), facts))
        if pays and refunds:
            events.append(_line(f"{stem}-r", "refund", start_ms + placed + REFUND_AFTER * 60_000, facts))
    return events


def _event(
    night: Night, dice: random.Random, name: str, kind: str, start_ms: int, **facts: str
) -> dict[str, object]:
    code = dice.choices(night.codes, night.weights)[0]
    channel = dice.choices(night.channels, night.channel_weights)[0]
    return _line(
        name, kind, start_ms + dice.uniform(0, 59_000), {"sku_code": code, "channel": channel, **facts}
    )


def _line(name: str, kind: str, at_ms: float, facts: dict[str, object]) -> dict[str, object]:
    return {
        "event_id": name,
        "kind": kind,
        "at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(),
        **facts,
    }
