"""The worst landed price: over all legal stacks, quantities and threshold fillers, the cheapest way in which
a buyer can get one unit.

A filler is other goods put into the basket to pass a threshold and, often, sent back afterwards: a refund
pays back the filler's own share, so the SKU keeps its discount. Fillers are idealised: they cost exactly as
much as a threshold asks for, and have the best reduction of their own that the rules offer their kind; where a
rule looks at list prices, they are cut on their own page as deeply as any good of the shop. Real goods come
close to that; nothing that a buyer can do with them is cheaper.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import orjson

from core.pricing.engine.cheapest_way import Cheapest, Worst, joined, least, take
from core.pricing.engine.fillers import (
    Beside,
    Near,
    around,
    kinds_of_goods,
    most_counted,
    multiples,
    saturation,
)
from core.pricing.engine.own_units import MOST_UNITS, Unit, bound, worth_trying
from core.pricing.engine.promotions import (
    WHOLE,
    Applied,
    Baskets,
    Outcome,
    Rule,
    Terms,
    deducted,
    item_amounts,
)
from core.pricing.engine.rule_json import as_json, from_json
from core.pricing.engine.split import alike, row_sum
from core.pricing.engine.stacks import legal_stacks

_ROUNDS = 40  # corrections of a filler whose rule looks at what is left after other rules
_ROWS = 20_000  # SKUs times stacks reckoned at a time: what stays in a processor's cache


class Prices(NamedTuple):
    """The list and the sale price of SKUs, fen, shape (n,) each."""

    listed: np.ndarray
    sale: np.ndarray


class _Question(NamedTuple):
    """What `worst_landed` is asked, as bytes, since a memory needs keys that cannot change."""

    prices: bytes
    rules: bytes
    applies: bytes
    value: bytes
    held: frozenset[str]
    cut: int


def worst_landed(
    prices: Prices, rules: Sequence[Rule], term: Terms, held: frozenset[str] = frozenset(), cut: int = 0
) -> Worst:
    """The cheapest way to each SKU; `term` for baskets of one line (rules, n, 1).

    `held`: ids of rules that wait for their approval: they count for the goods that they name, but make
    nobody's fillers cheaper. `cut`: basis points of their list price that the shop's goods are cut on their own
    pages at most: such a filler counts for a threshold on the list price with more than it costs. The last few
    answers are remembered: do not write into them.
    """
    written = orjson.dumps([as_json(rule) for rule in rules])
    amounts = np.stack(prices).astype(np.int64).tobytes()
    return _remembered(_Question(amounts, written, term.applies.tobytes(), term.value.tobytes(), held, cut))


def deepest_cut(list_price: np.ndarray, sale_price: np.ndarray, rules: Sequence[Rule], term: Terms) -> int:
    """The most that any of these goods (shapes as `worst_landed`) is cut below its list price by its page and the
    item-level rules together, basis points; 0 where no order-level rule looks at list prices."""
    if not any(rule.level == "order" and rule.base == "list" for rule in rules):
        return 0
    sold = sale_price > 0
    single = Baskets.single(list_price[sold], sale_price[sold])
    own, stack = Terms(term.applies[:, sold], term.value[:, sold]), np.ones((len(rules), sold.sum()), bool)
    most = 0
    for units in sorted({1, MOST_UNITS, *(rule.minimum_quantity for rule in rules)} - {0}):
        baskets = Baskets(single.list_price, single.quantity * units, single.item_off)
        item, _ = item_amounts(baskets, rules, own, stack)
        left = (item // units * WHOLE // np.maximum(single.list_price, 1)).min(initial=WHOLE)
        most = max(most, WHOLE - int(left))
    return most


@lru_cache(maxsize=8)
def _remembered(asked: _Question) -> Worst:
    """Pages, labels, the overview and the live sale ask for the same prices again and again."""
    list_price, sale_price = np.frombuffer(asked.prices, np.int64).reshape(2, -1)
    rules = [from_json(plain) for plain in orjson.loads(asked.rules)]
    shape = (len(rules), len(list_price), 1)
    return _reckoned(
        list_price,
        sale_price,
        rules,
        Terms(
            np.frombuffer(asked.applies, bool).reshape(shape),
            np.frombuffer(asked.value, np.int64).reshape(shape),
        ),
        Beside(kinds_of_goods(rules), asked.held, asked.cut),
    )


def _reckoned(
    list_price: np.ndarray, sale_price: np.ndarray, rules: list[Rule], term: Terms, beside: Beside
) -> Worst:
    """SKUs with equal prices and terms are reckoned once; those that meet the same rules side by side, under
    those rules alone."""
    prices = np.stack([list_price, sale_price])
    kind = alike(np.column_stack([prices.T, term.applies[:, :, 0].T, term.value[:, :, 0].T]))
    first = np.unique(kind, return_index=True)[1]
    meets = term.applies[:, first, 0].T
    met = alike(meets)
    found, places = [], []
    for rows in (np.flatnonzero(met == one) for one in range(met.max(initial=-1) + 1)):
        near, at = around(rules, meets[rows[0]], beside), first[rows]
        found.append(
            _spread(_of_equal_terms(prices[:, at], near, term.value[near.places][:, at]), near, len(rules))
        )
        places.append(rows)
    if not found:
        return Worst(
            *(np.zeros(0, np.int64) for _ in range(6)),
            *(np.zeros((len(rules), 0), dtype) for dtype in (bool, np.int64)),
        )
    return take(joined(found), np.argsort(np.concatenate(places))[kind])


def _of_equal_terms(prices: np.ndarray, near: Near, value: np.ndarray) -> Worst:
    """The worst of SKUs that meet the same rules, stacks side by side: prices (2, n), `value` (rules, n,
    1)."""
    count, stacks = prices.shape[1], legal_stacks(near.rules)
    at_a_time = max(1, _ROWS // count)
    worst: Worst | None = None
    for start in range(0, len(stacks), at_a_time):
        some = stacks[start : start + at_a_time]
        single = Baskets.single(*np.tile(prices, len(some)))
        goods = _Goods(single, near, np.tile(value, (1, len(some), 1)), np.repeat(some, count, axis=0).T)
        best = least(goods.search(count), len(some))
        worst = best if worst is None else least(joined([worst, best]), 2)
    assert worst is not None  # noqa: S101 - there is always one stack
    return worst


def _spread(worst: Worst, near: Near, rules: int) -> Worst:
    """The findings with a row for each rule of the whole set."""
    stack, parts = (np.zeros((rules, len(worst.pay)), array.dtype) for array in (worst.stack, worst.parts))
    stack[near.places], parts[near.places] = worst.stack[near.helpers :], worst.parts[near.helpers :]
    return replace(worst, stack=stack, parts=parts)


class _Goods:
    """Baskets to fill, a row for each SKU and stack: the SKU on line 0, a line for each kind of filler beside
    it."""

    def __init__(self, single: Baskets, near: Near, value: np.ndarray, stack: np.ndarray) -> None:
        self.single, self.near, self.rules, self.stack = single, near, near.rules, stack
        shape = (len(near.rules), len(single.quantity), 1 + len(near.meets))
        applies, values = np.zeros(shape, bool), np.zeros(shape, np.int64)
        applies[near.helpers :, :, 0], values[near.helpers :, :, :1] = True, value
        applies[:, :, 1:] = near.meets.T[:, None, :]
        self.term = Terms(applies, values)
        self.multiples, self.nothing = multiples(near.rules), np.zeros(shape[1:], np.int64)[:, 1:]

    def search(self, skus: int) -> Worst:
        """The cheapest way of each row; a row for each stack of so many SKUs."""
        cheapest = Cheapest(len(self.nothing), self.nothing.shape[1], self.rules)
        self.fill(_Units(self, np.ones(len(self.nothing), np.int64)), cheapest, np.arange(len(self.nothing)))
        for quantity in self.quantities():
            rows = self.promising(quantity, cheapest, skus)
            if len(rows):
                few = self.part(rows)
                few.fill(_Units(few, quantity[rows]), cheapest, rows)
        return cheapest.worst(self.stack, self.near.outside)

    def fill(self, some: _Units, cheapest: Cheapest, rows: np.ndarray) -> None:
        """Notes so many units with all fillers worth trying, as ways of these rows."""
        for fillers in self.fillers(some):
            cheapest.note(some.outcome(fillers), some.quantity, self.paid(fillers), rows)

    def part(self, rows: np.ndarray) -> _Goods:
        """Some of the rows."""
        single = self.single
        baskets = Baskets(single.list_price[rows], single.quantity[rows], single.item_off[rows])
        value = self.term.value[self.near.helpers :, rows, :1]
        return _Goods(baskets, self.near, value, self.stack[:, rows])

    def promising(self, quantity: np.ndarray, cheapest: Cheapest, skus: int) -> np.ndarray:
        """The rows where so many units (0: none) may be cheaper, or leave the merchant less, than any stack of the SKU so
        far."""
        rows = np.flatnonzero(quantity)
        if not len(rows):
            return rows
        few, units = self.part(rows), quantity[rows]
        item = _Units(few, units).item // units
        unit = Unit(few.single.list_price[:, 0], item, item, few.stack)
        pay, receipts = bound(unit, units, self.near, few.stack)
        least = [array.reshape(-1, skus).min(axis=0)[rows % skus] for array in (cheapest.pay, cheapest.least)]
        return np.asarray(rows[(pay < least[0]) | (receipts < least[1])])

    def paid(self, fillers: np.ndarray) -> np.ndarray:
        """What fillers of these list prices cost before order-level rules: a kind may be cut on its own page."""
        paid: np.ndarray = fillers - fillers * self.near.cut // WHOLE
        return paid

    def listed(self, paid: np.ndarray, kind: int) -> np.ndarray:
        """The list price of fillers of a kind that cost at least so much; 0 where goods are cut to nothing."""
        left = WHOLE - int(self.near.cut[kind])
        return -(-paid * WHOLE // left) if left else np.zeros_like(paid)

    def quantities(self) -> np.ndarray:
        """The numbers of units worth trying beside one, (ways, rows); 0 where a row has fewer."""
        one = np.ones(len(self.nothing), np.int64)
        alone, many = _Units(self, one), _Units(self, one * MOST_UNITS)
        unit = Unit(self.single.list_price[:, 0], alone.item, many.item // MOST_UNITS, self.left(alone, many))
        return worth_trying(unit, self.near, self.stack)

    def left(self, alone: _Units, many: _Units) -> np.ndarray:
        """What each rule finds left of a unit on its turn, (rules, rows): an item-level one of a unit among many, an
        order-level one of one alone (its price where no rule looks at that)."""
        cut = many.parts[:, :, 0] // MOST_UNITS
        item = many.item // MOST_UNITS + cut[::-1].cumsum(axis=0)[::-1]
        ordered = np.array([rule.level == "order" for rule in self.rules], bool)[:, None]
        if all(rule.base != "running" for rule in self.rules):
            return np.where(ordered, alone.item, item)
        off = alone.outcome(self.nothing).parts[:, :, 0] * ordered
        return np.asarray(np.where(ordered, alone.item - off.cumsum(axis=0) + off, item))

    def fillers(self, some: _Units) -> list[np.ndarray]:
        """Fillers worth trying by their list prices, each (rows, kinds): none, and of every kind just as much as the
        thresholds ask for that it is good for.

        Those that look at what other rules leave are looked at again, since a later filler takes some of it.
        """
        ways = {self.nothing.tobytes(): self.nothing}
        again = [[at for at in asking if self.rules[at].base == "running"] for asking in self.near.asking]
        for most, tasks in ((None, self.near.asking), (1, again)):
            for kind, asking in enumerate(tasks):
                deeper = [
                    more
                    for at in asking
                    for fillers in ways.values()
                    for more in self.gaps(at, kind, some, fillers, most)
                ]
                ways |= {more.tobytes(): more for more in deeper}
        return list(ways.values())

    def gaps(
        self, at: int, kind: int, some: _Units, fillers: np.ndarray, most: int | None
    ) -> Iterator[np.ndarray]:
        """The fillers with as much more of a kind as brings the base of rule `at` to its next threshold (of
        an every-full rule: its next few; where the kind counts for more than it costs, to all that the rule gives)."""
        rule = self.rules[at]
        for times in range(most or self.multiples[at]):
            more = fillers
            for _ in range(
                _ROUNDS if rule.base == "running" else 1
            ):  # a running base sees what earlier rules take off the filler itself
                missing = self.missing(at, some, more, times if more is fillers else 0) * self.stack[at]
                if not missing.any():
                    break
                more = more.copy()
                more[:, kind] += self.listed(missing, kind) if rule.base != "list" else missing
            if more is not fillers:
                yield more
        if self.near.filled_up[kind] and rule.kind in ("percent_off", "every_full"):
            yield from self.filled_up(at, kind, some, fillers)

    def filled_up(self, at: int, kind: int, some: _Units, fillers: np.ndarray) -> Iterator[np.ndarray]:
        """The fillers with as much more of a kind that counts for more than it costs as brings rule `at` to all that it
        gives, where that counts list prices or has a cap."""
        rule, more = self.rules[at], fillers.copy()
        if rule.base != "list" and rule.cap is None:
            return
        for _ in range(_ROUNDS if rule.base == "running" else 1):  # other rules take some off the filler
            short = self.stack[at] * np.maximum(most_counted(rule) - self.base(at, some, more), 0)
            if not short.any():
                break
            more[:, kind] += short if rule.base == "list" else self.listed(short, kind)
        yield more

    def missing(self, at: int, some: _Units, fillers: np.ndarray, times: int) -> np.ndarray:
        """Fen by which the base of rule `at` falls short of its next threshold and `times` more, shape
        (rows,)."""
        rule = self.rules[at]
        if at < self.near.helpers:
            short: np.ndarray = np.maximum(saturation(rule) - row_sum(fillers[:, self.near.meets[:, at]]), 0)
            return short
        base = self.base(at, some, fillers)
        steps = np.maximum(-(-base // rule.threshold), 1) + times if rule.kind == "every_full" else 1
        missing: np.ndarray = np.maximum(rule.threshold * steps - base, 0)
        return missing

    def base(self, at: int, some: _Units, fillers: np.ndarray) -> np.ndarray:
        """Fen that rule `at` looks at with these fillers, shape (rows,)."""
        rule = self.rules[at]
        own, beside = (some.listed, fillers) if rule.base == "list" else (some.item, self.paid(fillers))
        if rule.base == "running":
            outcome = some.outcome(fillers)
            turns = self.near.turns
            took = sum(outcome.parts[n] for n in turns[: turns.index(at)] if self.rules[n].level == "order")
            return row_sum((outcome.item - took) * self.term.applies[at])
        return np.asarray(own + row_sum(beside[:, self.near.meets[:, at]]))


class _Units:
    """A number of units of each SKU, whose item-level rules are reckoned once for all fillers beside them."""

    def __init__(self, goods: _Goods, quantity: np.ndarray) -> None:
        self.goods, self.quantity = goods, quantity
        single, rules = goods.single, goods.rules
        baskets = Baskets(single.list_price, quantity[:, None], single.item_off)
        own = Terms(goods.term.applies[:, :, :1], goods.term.value[:, :, :1])
        item, self.parts = item_amounts(baskets, rules, own, goods.stack)
        self.item, self.listed = item[:, 0], single.list_price[:, 0] * quantity

    def outcome(self, fillers: np.ndarray) -> Outcome:
        """What the SKU (line 0) and the fillers beside it pay."""
        goods = self.goods
        baskets = Baskets(
            np.column_stack([goods.single.list_price, fillers]),
            np.column_stack([self.quantity, np.ones_like(fillers)]),
            np.zeros((len(fillers), 1 + fillers.shape[1]), np.int64),
        )
        parts = np.zeros(goods.term.applies.shape, np.int64)
        parts[:, :, :1] = self.parts
        item = np.column_stack([self.item, goods.paid(fillers)])
        return deducted(baskets, item, parts, Applied(goods.rules, goods.term, goods.stack), goods.near.turns)
