"""The worst landed price: over all legal stacks, quantities and threshold fillers, the cheapest way in which a buyer can get one unit.

A filler is other goods put into the basket to pass a threshold and, often, sent back afterwards: a refund pays back the filler's own share,
so the SKU keeps its discount. Fillers are idealised: they cost exactly as much as a threshold asks for, and have the best reduction of their
own that the rules offer their kind. Real goods come close to that; nothing that a buyer can do with them is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache

import numpy as np
import orjson

from core.pricing.fillers import Near, around, kinds_of_goods, multiples
from core.pricing.rows import alike
from core.pricing.rulebook import as_json, from_json
from core.pricing.rules import WHOLE, Baskets, Outcome, Rule, Terms, evaluate, legal_stacks, merchant_parts

_MOST_UNITS = 100  # a buyer who needs more units of one SKU for a threshold is a dealer
_ROUNDS = 40  # corrections of a filler whose rule looks at what is left after other rules
_ROWS = 200_000  # SKUs times stacks reckoned at a time: bounds memory
_LARGE = 10_000_000  # fen of filler that a buyer would at most pay for in advance
_MULTIPLES = 5  # of a threshold that only the SKU itself can reach


@dataclass(frozen=True, slots=True)
class Worst:
    """By SKU, shape (n,): `pay` fen a unit at worst, what the merchant `receipts` then (with what others fund), the least receipts of any way, and how.

    `filler` and `outside` are fen of other goods in the basket, ours and another shop's; `stack` (rules, n) does it; `parts` (rules, n) is fen off a unit.
    """

    pay: np.ndarray
    receipts: np.ndarray
    least_receipts: np.ndarray
    quantity: np.ndarray
    filler: np.ndarray
    outside: np.ndarray
    stack: np.ndarray
    parts: np.ndarray


def worst_landed(
    list_price: np.ndarray, sale_price: np.ndarray, rules: Sequence[Rule], term: Terms, held: frozenset[str] = frozenset()
) -> Worst:
    """The cheapest way to each SKU: prices of shape (n,), `term` for baskets of one line (rules, n, 1).

    `held`: ids of rules that wait for their approval: they count for the goods that they name, but make nobody's fillers cheaper. The last few answers are
    remembered: do not write into them.
    """
    written = orjson.dumps([as_json(rule) for rule in rules])
    prices = np.stack([list_price, sale_price]).astype(np.int64)
    return _remembered(prices.tobytes(), written, term.applies.tobytes(), term.value.tobytes(), held)


@lru_cache(maxsize=8)
def _remembered(prices: bytes, written: bytes, applies: bytes, value: bytes, held: frozenset[str]) -> Worst:
    """Pages, labels, the overview and the live sale ask for the same prices again and again; bytes, since a memory needs keys that cannot change."""
    list_price, sale_price = np.frombuffer(prices, np.int64).reshape(2, -1)
    rules = [from_json(plain) for plain in orjson.loads(written)]
    shape = (len(rules), len(list_price), 1)
    return _reckoned(
        list_price,
        sale_price,
        rules,
        Terms(np.frombuffer(applies, bool).reshape(shape), np.frombuffer(value, np.int64).reshape(shape)),
        held,
    )


def _reckoned(list_price: np.ndarray, sale_price: np.ndarray, rules: list[Rule], term: Terms, held: frozenset[str]) -> Worst:
    """SKUs with equal prices and terms are reckoned once; those that meet the same rules side by side, under those rules alone."""
    prices = np.stack([list_price, sale_price])
    kind = alike(np.column_stack([prices.T, term.applies[:, :, 0].T, term.value[:, :, 0].T]))
    first = np.unique(kind, return_index=True)[1]
    goods, meets = kinds_of_goods(rules), term.applies[:, first, 0].T
    met = alike(meets)
    found, places = [], []
    for rows in (np.flatnonzero(met == one) for one in range(met.max(initial=-1) + 1)):
        near, at = around(rules, meets[rows[0]], goods, held), first[rows]
        found.append(_spread(_of_equal_terms(prices[:, at], near, term.value[near.places][:, at]), near, len(rules)))
        places.append(rows)
    if not found:
        return Worst(
            *(np.zeros(0, np.int64) for _ in range(6)), *(np.zeros((len(rules), 0), dtype) for dtype in (bool, np.int64))
        )
    return _take(_joined(found), np.argsort(np.concatenate(places))[kind])


def _of_equal_terms(prices: np.ndarray, near: Near, value: np.ndarray) -> Worst:
    """The worst of SKUs that meet the same rules, stacks side by side: prices (2, n), `value` (rules, n, 1)."""
    count, stacks = prices.shape[1], legal_stacks(near.rules)
    at_a_time = max(1, _ROWS // count)
    found: Worst | None = None
    for start in range(0, len(stacks), at_a_time):
        some = stacks[start : start + at_a_time]
        single = Baskets.single(*np.tile(prices, len(some)))
        goods = _Goods(single, near, np.tile(value, (1, len(some), 1)), np.repeat(some, count, axis=0).T)
        best = _least(goods.search(), len(some))
        found = best if found is None else _least(_joined([found, best]), 2)
    assert found is not None  # noqa: S101 - there is always one stack
    return found


def _spread(worst: Worst, near: Near, rules: int) -> Worst:
    """The findings with a row for each rule of the whole set."""
    stack, parts = (np.zeros((rules, len(worst.pay)), array.dtype) for array in (worst.stack, worst.parts))
    stack[near.places], parts[near.places] = worst.stack[near.helpers :], worst.parts[near.helpers :]
    return replace(worst, stack=stack, parts=parts)


def _least(found: Worst, many: int) -> Worst:
    """Of `many` blocks of the same SKUs, each SKU's cheapest way; of equals what leaves the merchant less, then the first."""
    count = len(found.pay) // many
    best = np.lexsort((found.receipts.reshape(many, count), found.pay.reshape(many, count)), axis=0)[0]
    chosen = _take(found, best * count + np.arange(count))
    return replace(chosen, least_receipts=found.least_receipts.reshape(many, count).min(axis=0))


def _take(found: Worst, rows: np.ndarray) -> Worst:
    return Worst(*(getattr(found, entry.name)[..., rows] for entry in fields(Worst)))


def _joined(parts: Sequence[Worst]) -> Worst:
    return Worst(*(np.concatenate([getattr(part, entry.name) for part in parts], axis=-1) for entry in fields(Worst)))


class _Goods:
    """Baskets to fill, a row for each SKU and stack: the SKU on line 0, a line for each kind of filler beside it."""

    def __init__(self, single: Baskets, near: Near, value: np.ndarray, stack: np.ndarray) -> None:
        self.single, self.near, self.rules, self.stack = single, near, near.rules, stack
        shape = (len(near.rules), len(single.quantity), 1 + len(near.meets))
        applies, values = np.zeros(shape, bool), np.zeros(shape, np.int64)
        applies[near.helpers :, :, 0], values[near.helpers :, :, :1] = True, value
        applies[:, :, 1:] = near.meets.T[:, None, :]
        self.term = Terms(applies, values)
        self.multiples = multiples(near.rules)
        self.nothing = np.zeros(shape[1:], np.int64)[:, 1:]

    def search(self) -> Worst:
        """The cheapest way of each row."""
        found = _Found(len(self.nothing), self.nothing.shape[1], self.rules)
        for quantity in self.quantities():
            for fillers in self.fillers(quantity):
                found.note(self.outcome(quantity, fillers), quantity, fillers)
        return found.worst(self.stack, self.near.outside)

    def quantities(self) -> Iterator[np.ndarray]:
        """One unit; as many as a rule asks for; as many as pass a threshold for which nothing else counts. Arrays (rows,)."""
        one = np.ones(len(self.nothing), np.int64)
        yield one
        cheap = (
            self.outcome(one * _MOST_UNITS, self.nothing).item[:, 0] // _MOST_UNITS
        )  # rules that ask for several may lower the next one's base
        units = [self.single.list_price[:, 0], self.outcome(one, self.nothing).item[:, 0], cheap]
        for at, rule in enumerate(self.rules):
            if rule.minimum_quantity > 1:
                yield np.where(self.stack[at], min(rule.minimum_quantity, _MOST_UNITS), 1)
            if rule.threshold and self.near.alone(at):
                for times in range(1, (_MULTIPLES if rule.kind == "every_full" else 1) + 1):
                    for unit in units:
                        wanted = -(-rule.threshold * times // np.maximum(unit, 1))
                        yield np.where(self.stack[at], np.clip(wanted, 1, _MOST_UNITS), 1)

    def fillers(self, quantity: np.ndarray) -> list[np.ndarray]:
        """Fillers worth trying, each (rows, kinds): none, and of every kind just as much as the thresholds ask for that it is good for.

        Those that look at what other rules leave are looked at again, since a later filler takes some of it.
        """
        ways = {self.nothing.tobytes(): self.nothing}
        again = [[at for at in asking if self.rules[at].base == "running"] for asking in self.near.asking]
        for most, tasks in ((None, self.near.asking), (1, again)):
            for kind, asking in enumerate(tasks):
                found = [
                    more for at in asking for fillers in ways.values() for more in self.gaps(at, kind, quantity, fillers, most)
                ]
                ways |= {more.tobytes(): more for more in found}
        return list(ways.values())

    def gaps(self, at: int, kind: int, quantity: np.ndarray, fillers: np.ndarray, most: int | None) -> Iterator[np.ndarray]:
        """The fillers with as much more of a kind as brings the base of rule `at` to its next threshold (of an every-full rule: its next few)."""
        rule = self.rules[at]
        for times in range(most or self.multiples[at]):
            more = fillers
            for _ in range(
                _ROUNDS if rule.base == "running" else 1
            ):  # a running base sees what earlier rules take off the filler itself
                missing = self.missing(at, quantity, more, times if more is fillers else 0) * self.stack[at]
                if not missing.any():
                    break
                more = more.copy()
                more[:, kind] += missing
            if more is not fillers:
                yield more

    def missing(self, at: int, quantity: np.ndarray, fillers: np.ndarray, times: int) -> np.ndarray:
        """Fen by which the base of rule `at` falls short of its next threshold and `times` more, shape (rows,)."""
        rule = self.rules[at]
        if at < self.near.helpers:
            return np.maximum(_saturation(rule) - fillers[:, self.near.meets[:, at]].sum(axis=1), 0)
        if rule.base == "list":
            amounts = np.column_stack([self.single.list_price[:, 0] * quantity, fillers])
        else:
            outcome = self.outcome(quantity, fillers)
            amounts = outcome.item.copy()
            if rule.base == "running":
                amounts -= sum(outcome.parts[n] for n in range(at) if self.rules[n].level == "order")
        base = (amounts * self.term.applies[at]).sum(axis=1)
        steps = np.maximum(-(-base // rule.threshold), 1) + times if rule.kind == "every_full" else 1
        return np.maximum(rule.threshold * steps - base, 0)

    def outcome(self, quantity: np.ndarray, fillers: np.ndarray) -> Outcome:
        """What the SKU (line 0) and the fillers beside it pay."""
        baskets = Baskets(
            np.column_stack([self.single.list_price, fillers]),
            np.column_stack([quantity, np.ones_like(fillers)]),
            np.column_stack([self.single.item_off, np.zeros_like(fillers)]),
        )
        return evaluate(baskets, self.rules, self.term, self.stack)


class _Found:
    """The cheapest way met so far, row by row."""

    def __init__(self, count: int, lines: int, rules: list[Rule]) -> None:
        self.rules = rules
        self.pay = np.full(count, np.iinfo(np.int64).max)
        self.receipts, self.least = self.pay.copy(), self.pay.copy()
        self.quantity, self.fillers = np.ones(count, np.int64), np.zeros((count, lines), np.int64)
        self.parts = np.zeros((len(rules), count), np.int64)

    def note(self, outcome: Outcome, quantity: np.ndarray, fillers: np.ndarray) -> None:
        """Keeps what is cheaper than before, and of equals what leaves the merchant less."""
        parts = outcome.parts[:, :, 0]
        funded = (parts - merchant_parts(self.rules, parts)).sum(axis=0)
        pay, receipts = outcome.pay[:, 0] // quantity, (outcome.pay[:, 0] + funded) // quantity
        np.minimum(self.least, receipts, out=self.least)
        better = (pay < self.pay) | ((pay == self.pay) & (receipts < self.receipts))
        if better.any():
            self.pay[better], self.receipts[better], self.quantity[better] = pay[better], receipts[better], quantity[better]
            self.fillers[better], self.parts[:, better] = fillers[better], parts[:, better] // quantity[better]

    def worst(self, stack: np.ndarray, outside: np.ndarray) -> Worst:
        """The findings, row by row; `outside`: the kinds of another shop."""
        own, strange = self.fillers[:, ~outside].sum(axis=1), self.fillers[:, outside].sum(axis=1)
        return Worst(self.pay, self.receipts, self.least, self.quantity, own, strange, stack, self.parts)


def _saturation(rule: Rule) -> int:
    """Fen of filler above which its own reduction gives no more."""
    if rule.kind == "amount_off":
        return rule.value
    return _LARGE if rule.cap is None else -(-rule.cap * WHOLE // rule.value)
