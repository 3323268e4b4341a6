"""The worst landed price: over all legal stacks, quantities and threshold fillers, the cheapest way in which a buyer can get one unit.

A filler is other goods put into the basket to pass a threshold and, often, sent back afterwards: a refund pays back the filler's own share,
so the SKU keeps its discount. Where the filler comes from matters, since it thins out other discounts: goods of a rule's own list, other
goods of the shop, goods of another shop (they count for cross-shop rules alone). A filler may cost any whole number of fen: nothing that
a buyer can do with the goods that there are is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from math import lcm

import numpy as np
import orjson
import pandas as pd

from core.pricing.rulebook import as_json, from_json
from core.pricing.rules import Baskets, Outcome, Rule, Terms, evaluate, legal_stacks, merchant_parts

_MOST_UNITS = 100  # a buyer who needs more units of one SKU for a threshold is a dealer
_ROUNDS = 8  # corrections of a filler whose rule looks at what is left after other rules
_ROWS = 200_000  # SKUs times stacks reckoned at a time: bounds memory
_MOST_MULTIPLES = 12  # of a threshold on the way to a common multiple
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


def worst_landed(list_price: np.ndarray, sale_price: np.ndarray, rules: Sequence[Rule], term: Terms) -> Worst:
    """The cheapest way to each SKU: prices of shape (n,), `term` for baskets of one line (rules, n, 1). The last few answers are remembered: do not write into them."""
    written = orjson.dumps([as_json(rule) for rule in rules])
    prices = np.stack([list_price, sale_price]).astype(np.int64)
    return _remembered(prices.tobytes(), written, term.applies.tobytes(), term.value.tobytes())


@lru_cache(maxsize=8)
def _remembered(prices: bytes, written: bytes, applies: bytes, value: bytes) -> Worst:
    """Pages, labels, the overview and the live sale ask for the same prices again and again; bytes, since a memory needs keys that cannot change."""
    list_price, sale_price = np.frombuffer(prices, np.int64).reshape(2, -1)
    rules = [from_json(plain) for plain in orjson.loads(written)]
    shape = (len(rules), len(list_price), 1)
    return _reckoned(
        list_price,
        sale_price,
        rules,
        Terms(np.frombuffer(applies, bool).reshape(shape), np.frombuffer(value, np.int64).reshape(shape)),
    )


def _reckoned(list_price: np.ndarray, sale_price: np.ndarray, rules: list[Rule], term: Terms) -> Worst:
    """SKUs with equal prices and terms are reckoned once, stacks side by side."""
    signature = pd.DataFrame(np.column_stack([list_price, sale_price, term.applies[:, :, 0].T, term.value[:, :, 0].T]))
    kind = signature.groupby(list(signature.columns), sort=False).ngroup().to_numpy()
    first = np.unique(kind, return_index=True)[1]
    stacks = legal_stacks(rules, np.asarray(term.applies.any(axis=(1, 2))))
    at_a_time = max(1, _ROWS // max(len(first), 1))
    found: Worst | None = None
    for start in range(0, len(stacks), at_a_time):
        some = stacks[start : start + at_a_time]
        rows, stack = np.tile(first, len(some)), np.repeat(some, len(first), axis=0).T
        single = Baskets.single(list_price[rows], sale_price[rows])
        goods = _Goods(single, rules, Terms(term.applies[:, rows], term.value[:, rows]), stack)
        best = _least(goods.search(), len(some))
        found = best if found is None else _least(_joined(found, best), 2)
    assert found is not None  # noqa: S101 - there is always one stack
    return _take(found, kind)


def _least(found: Worst, many: int) -> Worst:
    """Of `many` blocks of the same SKUs, each SKU's cheapest way; of equals what leaves the merchant less, then the first."""
    count = len(found.pay) // many
    best = np.lexsort((found.receipts.reshape(many, count), found.pay.reshape(many, count)), axis=0)[0]
    chosen = _take(found, best * count + np.arange(count))
    return replace(chosen, least_receipts=found.least_receipts.reshape(many, count).min(axis=0))


def _take(found: Worst, rows: np.ndarray) -> Worst:
    return Worst(*(getattr(found, entry.name)[..., rows] for entry in fields(Worst)))


def _joined(first: Worst, second: Worst) -> Worst:
    return Worst(*(np.concatenate([getattr(first, entry.name), getattr(second, entry.name)], axis=-1) for entry in fields(Worst)))


class _Goods:
    """Baskets to fill, a row for each SKU and stack, and the lines that can stand beside the SKU: one a limited list, one for the shop, one for other shops."""

    def __init__(self, single: Baskets, rules: list[Rule], term: Terms, stack: np.ndarray) -> None:
        self.single, self.rules, self.term, self.stack = single, rules, term, stack
        self.count = len(single.quantity)
        lists = [at for at, rule in enumerate(rules) if rule.level == "order" and rule.scope == "items" and not _alone(rule)]
        self.lines = len(lists) + 2
        shop, outside = list(range(len(lists) + 1)), list(range(self.lines))
        self.reach = [
            []
            if rule.level == "item" or _alone(rule)
            else [lists.index(at)]
            if at in lists
            else outside
            if rule.scope == "cross_shop"
            else shop
            for at, rule in enumerate(rules)
        ]
        self.multiples = _multiples(rules)
        self.nothing = np.zeros((self.count, self.lines), np.int64)

    def search(self) -> Worst:
        """The cheapest way of each row."""
        found = _Found(self.count, self.lines, self.rules)
        for quantity in self.quantities():
            for fillers in self.fillers(quantity):
                found.note(self.outcome(quantity, fillers), quantity, fillers)
        return found.worst(self.stack)

    def quantities(self) -> Iterator[np.ndarray]:
        """One unit; as many as a rule asks for; as many as pass a threshold where nothing else can stand beside the SKU. Arrays (rows,)."""
        one = np.ones(self.count, np.int64)
        yield one
        unit = np.maximum(self.outcome(one, self.nothing).item[:, 0], 1)
        for at, rule in enumerate(self.rules):
            meets = self.stack[at] & self.term.applies[at, :, 0]
            if rule.minimum_quantity > 1 and meets.any():
                yield np.where(meets, min(rule.minimum_quantity, _MOST_UNITS), 1)
            if rule.threshold and not self.reach[at] and meets.any():
                for times in range(1, (_MULTIPLES if rule.kind == "every_full" else 1) + 1):
                    yield np.where(meets, np.clip(-(-rule.threshold * times // unit), 1, _MOST_UNITS), 1)

    def fillers(self, quantity: np.ndarray) -> list[np.ndarray]:
        """Fillers worth trying, each (rows, lines): none, and on every line just as much as the next thresholds ask for."""
        ways = [self.nothing]
        for line in range(self.lines):
            asking = [
                at
                for at, reach in enumerate(self.reach)
                if reach and reach[-1] == line and self.rules[at].threshold and self.stack[at].any()
            ]
            ways += [more for at in asking for fillers in list(ways) for more in self.gaps(at, line, quantity, fillers)]
        return ways

    def gaps(self, at: int, line: int, quantity: np.ndarray, fillers: np.ndarray) -> Iterator[np.ndarray]:
        """The fillers with as much more on `line` as brings the base of rule `at` to its next threshold (of an every-full rule: its next few)."""
        rule = self.rules[at]
        for times in range(self.multiples[at]):
            more = fillers
            for _ in range(
                _ROUNDS if rule.base == "running" else 1
            ):  # a filler is itself reduced by earlier rules, which a running base sees
                missing = self.missing(at, quantity, more, times if more is fillers else 0) * self.stack[at]
                if not missing.any():
                    break
                more = more.copy()
                more[:, line] += missing
                yield more

    def missing(self, at: int, quantity: np.ndarray, fillers: np.ndarray, times: int) -> np.ndarray:
        """Fen by which the base of rule `at` falls short of its next threshold and `times` more, shape (rows,)."""
        rule, touched = self.rules[at], [0, *(1 + line for line in self.reach[at])]
        if rule.base == "list":
            amounts = np.column_stack([self.single.list_price[:, 0] * quantity, fillers])
        else:
            outcome = self.outcome(quantity, fillers)
            amounts = outcome.item.copy()
            if rule.base == "running":
                amounts -= sum(outcome.parts[n] for n in range(at) if self.rules[n].level == "order")
        amounts[:, 0] *= self.term.applies[at, :, 0]
        base = amounts[:, touched].sum(axis=1)
        steps = np.maximum(-(-base // rule.threshold), 1) + times if rule.kind == "every_full" else 1
        return np.maximum(rule.threshold * steps - base, 0)

    def outcome(self, quantity: np.ndarray, fillers: np.ndarray) -> Outcome:
        """What the SKU (line 0) and the fillers beside it pay."""
        baskets = Baskets(
            np.column_stack([self.single.list_price, fillers]),
            np.column_stack([quantity, np.ones_like(fillers)]),
            np.column_stack([self.single.item_off, np.zeros_like(fillers)]),
        )
        applies, value = (
            np.zeros((len(self.rules), *baskets.quantity.shape), bool),
            np.zeros((len(self.rules), *baskets.quantity.shape), np.int64),
        )
        applies[:, :, :1], value[:, :, :1] = self.term.applies, self.term.value
        for at, reach in enumerate(self.reach):
            applies[at][:, [1 + line for line in reach]] = True
        return evaluate(baskets, self.rules, Terms(applies, value), self.stack)


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

    def worst(self, stack: np.ndarray) -> Worst:
        """The findings, row by row."""
        own, outside = self.fillers[:, :-1].sum(axis=1), self.fillers[:, -1]
        return Worst(self.pay, self.receipts, self.least, self.quantity, own, outside, stack, self.parts)


def _multiples(rules: list[Rule]) -> list[int]:
    """How many multiples of each rule's threshold are worth reaching: two of an every-full rule, and up to their common multiple where several meet."""
    every = [rule.threshold for rule in rules if rule.kind == "every_full" and rule.level == "order"]
    common = lcm(*every) if every else 1
    return [
        1 if rule.kind != "every_full" else 2 if len(every) == 1 else min(common // rule.threshold + 1, _MOST_MULTIPLES)
        for rule in rules
    ]


def _alone(rule: Rule) -> bool:
    """Whether nothing else can stand beside the SKU for this rule."""
    return rule.scope == "items" and len(rule.items) <= 1 and not rule.categories
