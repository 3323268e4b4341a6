"""How many units of a SKU are worth trying for its worst landed price. Pure.

Mostly one is the cheapest: goods beside it pass a threshold as well as more of it would. More of itself do better where
they bear less than those goods: rules that ask for several, rules that nothing else counts for, rules on the list price
of a SKU that its page cuts, and a sum split over lines after a rule that took off the SKU alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from core.pricing.engine.fillers import Near, multiples
from core.pricing.engine.promotions import WHOLE, Rule

MOST_UNITS = 100  # a buyer who needs more units of one SKU for a threshold is a dealer
_FEW = (2, 3, 4)  # units tried for a threshold on what other rules leave
_UNBOUND = 10**12  # fen
_MULTIPLES = 5  # of a threshold that only the SKU itself can reach


@dataclass(frozen=True, slots=True)
class Unit:
    """What a unit counts for, fen, shape (rows,) each: its list price, its price after item-level rules alone and among
    many; and what each rule finds left of one on its turn (rules, rows): item-level ones of one among many, the others
    of one alone."""

    listed: np.ndarray
    item: np.ndarray
    among_many: np.ndarray
    left: np.ndarray


def worth_trying(unit: Unit, near: Near, stack: np.ndarray) -> np.ndarray:
    """The numbers of units above one, (ways, rows): for each rule of a row's `stack` (rules, rows) those that may make it
    cheaper, each once; 0 where a row has fewer."""
    ways = [np.zeros(len(unit.item), np.int64)]
    for at in range(near.helpers, len(near.rules)):
        for wanted, rows in _wanted(unit, near, at):
            ways.append(np.where(stack[at] & rows, np.clip(wanted, 1, MOST_UNITS), 0))
    units = np.sort(np.stack(ways), axis=0)
    again = units[1:] == units[:-1]
    return np.where(again | (units[1:] < 2), 0, units[1:])


class Bound(NamedTuple):
    """What no basket with so many units of a SKU goes below, fen a unit, shape (rows,): paid, and received."""

    pay: np.ndarray
    receipts: np.ndarray


def bound(unit: Unit, quantity: np.ndarray, near: Near, stack: np.ndarray) -> Bound:
    """A lower bound for `quantity` units (rows,) of goods at `unit` (its `item` at that quantity) whatever stands beside
    them; a fen a rule for rounding.

    A sum is divided by the units at best. What other goods make of a percentage or an every-full rule goes to them, in
    the proportion in which they count, unless one of them counts for more than it costs.
    """
    pay, receipts = unit.item.astype(float), unit.item.astype(float)
    counted = near.meets[near.filled_up].any(axis=0)
    for at in range(near.helpers, len(near.rules)):
        rule = near.rules[at]
        if rule.level != "order":
            continue
        base = unit.listed if rule.base == "list" else unit.item
        off = _most_off(rule, base, quantity, counted=bool(counted[at])) * stack[at]
        pay -= off + stack[at]
        receipts -= (off + stack[at]) * (rule.merchant_share / WHOLE)
    return Bound(pay, receipts)


def _most_off(rule: Rule, base: np.ndarray, quantity: np.ndarray, *, counted: bool) -> np.ndarray:
    """The most that an order-level rule takes off each of `quantity` units that count `base` fen each."""
    if rule.kind == "amount_off":
        part = rule.value / quantity
    elif counted:
        part = np.full(len(base), float(_UNBOUND))
    else:
        part = base * (rule.value / (WHOLE if rule.kind == "percent_off" else rule.threshold))
    most: np.ndarray = part if rule.cap is None else np.minimum(part, rule.cap / quantity)
    return most


def _wanted(unit: Unit, near: Near, at: int) -> Iterator[tuple[np.ndarray | int, np.ndarray | bool]]:
    """Numbers of units for a rule, and the rows for which they are worth trying."""
    rule = near.rules[at]
    order = rule.level == "order"
    if rule.minimum_quantity > 1:
        yield rule.minimum_quantity, True
    if not rule.threshold:
        return
    if order and rule.base == "running":  # what other rules leave of several may pass it where one with
        yield from ((few, True) for few in _FEW)  # fillers costs more
    if order and rule.base == "list":
        for units in _passing(rule, [unit.listed]):
            yield units, True
            yield units - 1, not near.alone(at)  # goods beside it top up
    elif near.alone(at):
        counted = [unit.listed, unit.item, unit.among_many, unit.left[at]]
        yield from ((units, True) for units in _passing(rule, counted))
    else:
        yield from ((units, _bears_less(unit, near, at)) for units in _beside(unit, near, at))


def _passing(rule: Rule, units: list[np.ndarray]) -> Iterator[np.ndarray]:
    """As many as pass the rule's threshold by themselves."""
    every = rule.kind == "every_full"
    for unit in units:
        for times in range(1, (_MULTIPLES if every else 1) + 1):
            yield -(-rule.threshold * times // np.maximum(unit, 1))
        if every:
            yield _fullest(rule, unit)


def _beside(unit: Unit, near: Near, at: int) -> Iterator[np.ndarray]:
    """As many as pass the threshold of a rule that other goods count for as well, and one fewer, for which those top
    up."""
    rule = near.rules[at]
    if not _bears_less(unit, near, at).any():
        return
    for counted in [unit.left[at]] if rule.base == "running" else [unit.item, unit.among_many]:
        for times in range(1, multiples(near.rules)[at] + 1):
            passing = -(-rule.threshold * times // np.maximum(counted, 1))
            yield passing
            yield passing - 1


def _bears_less(unit: Unit, near: Near, at: int) -> np.ndarray:
    """Whether more units of a SKU may pass the threshold of rule `at` cheaper than goods beside it: its page cuts it and
    a rule looks at list prices, or a rule has taken off it, and not off them, before this one is split."""
    own, kinds = range(near.helpers, len(near.rules)), near.meets[near.meets[:, at]]
    listed = any(near.rules[n].level == "order" and near.rules[n].base == "list" for n in own)
    rule = near.rules[at]
    part = rule.kind == "percent_off" and rule.cap is None
    before = [n for n in own if n < at and near.rules[n].kind in ("percent_off", "every_full")]
    alone = not part and any(near.rules[n].level == "order" and not kinds[:, n].all() for n in before)
    return np.full(len(unit.item), alone) | (listed & (unit.item < unit.listed))


def _fullest(rule: Rule, unit: np.ndarray) -> np.ndarray:
    """The fewest units of goods that count `unit` fen each of which an every-full rule takes most off a unit: what one
    unit leaves over adds up to one threshold more after some."""
    units = np.arange(1, MOST_UNITS + 1)
    off = unit[:, None] * units // rule.threshold * rule.value
    return np.asarray(1 + np.argmax((off if rule.cap is None else np.minimum(off, rule.cap)) / units, axis=1))
