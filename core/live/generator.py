"""A made-up night for a rehearsal: the plan's curve played as events, minute by minute, always the same for the same seed. Pure."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

REFUND_AFTER = 45  # minutes
MOST_ORDERS = 6_000  # of a whole drill: the shape of the night, not its masses


@dataclass(frozen=True, slots=True)
class Night:
    """What a drill plays: goods with weights and prices (fen), channels with weights, and the plan's rates."""

    codes: Sequence[str]
    weights: Sequence[float]
    prices: Sequence[int]
    channels: Sequence[str]
    channel_weights: Sequence[float]
    aov: int  # fen
    views_per_order: float
    seed: int


def minute(night: Night, number: int, start_ms: int, amount: float) -> list[dict[str, Any]]:
    """The events of one sale minute that should bring in `amount` fen, as decoded lines of the intake.

    `number` counts minutes since the opening, `start_ms` is its first millisecond. Refunds of orders made REFUND_AFTER minutes before
    are in it: an order's fate depends on its number alone.
    """
    dice = random.Random(night.seed * 100_003 + number)
    orders = int(amount / max(night.aov, 1) + dice.random())
    events: list[dict[str, Any]] = []
    for n in range(int(orders * night.views_per_order)):
        kind = dice.choices(("view", "add_to_cart", "favourite"), (90, 7, 3))[0]
        events.append(_event(night, dice, f"{number}-v{n}", kind, start_ms, user_key=f"u{number}-{n}"))
    for n in range(orders):
        events += _order(night, dice, number, n, start_ms)
    return sorted(events, key=lambda event: str(event["at"]))


def _order(night: Night, dice: random.Random, number: int, n: int, start_ms: int) -> list[dict[str, Any]]:
    """An order of as many lines as bring it near the average value, most of them paid seconds later, one in fifty refunded."""
    lines: list[tuple[str, int]] = []
    left = night.aov * dice.uniform(0.6, 1.4)
    while left > 0 and len(lines) < 6:
        at = dice.choices(range(len(night.codes)), night.weights)[0]
        lines.append((night.codes[at], night.prices[at]))
        left -= night.prices[at]
    channel = dice.choices(night.channels, night.channel_weights)[0]
    placed, pays, refunds = dice.uniform(0, 50_000), dice.random() < 0.93, dice.random() < 0.02
    events = []
    for line, (code, price) in enumerate(dict(lines).items()):
        facts = {
            "sku_code": code,
            "order_id": f"o{number}-{n}",
            "user_key": f"u{number}-{n}",
            "channel": channel,
            "amount_fen": price,
        }
        stem = f"{number}-{n}-{line}"
        events.append(_line(f"{stem}-o", "order", start_ms + placed, facts))
        if pays:
            events.append(_line(f"{stem}-p", "pay", start_ms + placed + dice.uniform(2_000, 9_000), facts))
        if pays and refunds:
            events.append(_line(f"{stem}-r", "refund", start_ms + placed + REFUND_AFTER * 60_000, facts))
    return events


def _event(night: Night, dice: random.Random, name: str, kind: str, start_ms: int, **facts: str) -> dict[str, Any]:
    code = dice.choices(night.codes, night.weights)[0]
    channel = dice.choices(night.channels, night.channel_weights)[0]
    return _line(name, kind, start_ms + dice.uniform(0, 59_000), {"sku_code": code, "channel": channel, **facts})


def _line(name: str, kind: str, at_ms: float, facts: dict[str, Any]) -> dict[str, Any]:
    return {"event_id": name, "kind": kind, "at": datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(), **facts}
