"""Which events bring a line from what was said of it so far to what its source says now. Pure.

An order line and its payment are each a pair of running sums: what went up (ordered, paid) and what came down again
(cancelled, refunded). Events only ever add to one side; so a quantity that was lowered becomes a cancellation of the
difference, one that was raised another order. What no event can say is refused with its reason, never rounded to
something near it.
"""

from __future__ import annotations

from typing import NamedTuple


class Unsayable(Exception):
    """The source says something that no event can express; `code` names the sentence."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Pair(NamedTuple):
    """Units and fen that went up, units and fen that came down again."""

    up: int = 0
    up_fen: int = 0
    down: int = 0
    down_fen: int = 0


class Sums(NamedTuple):
    """A line: ordered and cancelled, paid and refunded."""

    order: Pair = Pair()
    pay: Pair = Pair()


class Step(NamedTuple):
    """One event to send: its kind, units and fen."""

    kind: str
    quantity: int
    amount_fen: int


def steps(known: Sums, wanted: Sums) -> list[Step]:
    """The events that lead from `known` to `wanted`, in the order in which they happen; [] where nothing changed.
    Unsayable("connect.price_edited" | "connect.paid_more" | "connect.refund_lowered" | "connect.negative").

    >>> steps(Sums(Pair(2, 3980)), Sums(Pair(1, 1990), Pair(1, 1990)))
    [Step(kind='cancel', quantity=1, amount_fen=1990), Step(kind='pay', quantity=1, amount_fen=1990)]
    >>> steps(Sums(Pair(1, 990), Pair(1, 990)), Sums(Pair(1, 990), Pair(1, 990, 0, 200)))
    [Step(kind='refund', quantity=0, amount_fen=200)]
    """
    if min(*wanted.order, *wanted.pay) < 0:
        raise Unsayable("connect.negative")
    order, pay = _difference(known.order, wanted.order), _difference(known.pay, wanted.pay)
    if (order.up_fen and not order.up) or (order.down_fen and not order.down):
        raise Unsayable("connect.price_edited")
    if pay.up_fen and not pay.up:
        raise Unsayable("connect.paid_more")
    if _lowered(known.pay, wanted.pay):
        raise Unsayable("connect.refund_lowered")
    every = (
        Step("order", order.up, order.up_fen),
        Step("cancel", order.down, order.down_fen),
        Step("pay", pay.up, pay.up_fen),
        Step("refund", pay.down, pay.down_fen),
    )
    return [one for one in every if one.quantity or one.amount_fen]


def _difference(known: Pair, wanted: Pair) -> Pair:
    """What has to be added to each side, so that the net is the wanted one and the gross at least that."""
    up, down = _sides(known.up, known.down, wanted.up, wanted.down)
    up_fen, down_fen = _sides(known.up_fen, known.down_fen, wanted.up_fen, wanted.down_fen)
    return Pair(up, up_fen, down, down_fen)


def _sides(known_up: int, known_down: int, up: int, down: int) -> tuple[int, int]:
    """(to add above, to add below) for units or fen alone."""
    above = max(0, up - known_up)
    below = known_up + above - (up - down) - known_down
    return above + max(0, -below), max(0, below)


def _lowered(known: Pair, wanted: Pair) -> bool:
    """Whether less is said to have gone back than before: money that came back a second time has no event."""
    units = wanted.up - wanted.down > known.up - known.down + max(0, wanted.up - known.up)
    fen = wanted.up_fen - wanted.down_fen > known.up_fen - known.down_fen + max(
        0, wanted.up_fen - known.up_fen
    )
    return units or fen


def added(known: Sums, done: list[Step]) -> Sums:
    """The sums with these events counted.

    >>> added(Sums(), [Step("order", 2, 3980), Step("cancel", 1, 1990)]).order
    Pair(up=2, up_fen=3980, down=1, down_fen=1990)
    """
    order, pay = list(known.order), list(known.pay)
    side = {"order": (order, 0), "cancel": (order, 2), "pay": (pay, 0), "refund": (pay, 2)}
    for kind, quantity, amount_fen in done:
        sums, at = side[kind]
        sums[at] += quantity
        sums[at + 1] += amount_fen
    return Sums(Pair(*order), Pair(*pay))
