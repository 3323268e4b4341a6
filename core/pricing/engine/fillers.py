"""What can stand beside a SKU in a basket: kinds of other goods, told apart by the order-level rules that
they meet. Pure.

A filler thins out every rule that it meets together with the SKU, so a buyer takes goods that meet few of
them; and goods with a reduction of their own, since what is taken off the filler first leaves more of the
later reductions to the SKU. The kinds come from the rules alone: any SKU that a rule names, any category that
it names, plain goods of the shop, goods of another shop.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import ceil, lcm, prod
from typing import NamedTuple

import numpy as np

from core.errors import ShopError
from core.pricing.engine.promotions import WHOLE, Rule
from core.pricing.engine.split import alike
from core.pricing.engine.stacks import in_turn, legal_stacks

_MOST_MULTIPLES = 6  # of a threshold on the way to a common multiple
_MOST_WAYS = 50_000  # stacks times fillers of one SKU
_LARGE = 10_000_000  # fen of filler that a buyer would at most pay for in advance


@dataclass(frozen=True, slots=True)
class Beside:
    """What may stand beside a SKU: `kinds` from `kinds_of_goods`; `held`, ids of rules that wait for their approval
    (they count for the SKU, but nobody is taken to get fillers cheaper with them); `cut`, basis points that goods
    of the shop are cut on their own pages at most."""

    kinds: np.ndarray
    held: frozenset[str] = frozenset()
    cut: int = 0


@dataclass(frozen=True, slots=True)
class Near:
    """A SKU's rules and the kinds of fillers beside it.

    `rules`: what fillers have for themselves, then those that the SKU meets; `places`: where the latter stand
    in the whole rule set. `meets`: bool of shape (kinds, rules), the kind that meets most first. `outside`:
    whether a kind is of another shop. `turns`: the order in which the rules act. `asking`: by kind the rules whose threshold it is worth filling up to
    with it. `cut`: by kind the basis points that its list price lies above its own.
    """

    rules: list[Rule]
    places: list[int]
    meets: np.ndarray
    outside: np.ndarray
    turns: list[int]
    asking: list[list[int]]
    cut: np.ndarray

    @property
    def helpers(self) -> int:
        """How many of the rules are the fillers' own."""
        return len(self.rules) - len(self.places)

    @property
    def filled_up(self) -> np.ndarray:
        """The kinds of which more than a threshold asks for may be worth it, bool: those that count for more than they
        cost, on a page that cuts them or by a reduction of their own."""
        counted: np.ndarray = (self.cut > 0) | self.meets[:, : self.helpers].any(axis=1)
        return counted

    def alone(self, at: int) -> bool:
        """Whether nothing beside the SKU counts for a rule; so it is for every item-level one."""
        return not self.meets[:, at].any()


def kinds_of_goods(rules: Sequence[Rule]) -> np.ndarray:
    """Which rules goods of each kind meet that a rule set tells apart, bool of shape (kinds, rules): plain
    goods of the shop first."""
    if not rules:
        return np.zeros((1, 0), bool)
    codes = sorted({code for rule in rules if rule.scope == "items" for code in rule.items})
    categories = sorted({name for rule in rules if rule.scope == "items" for name in rule.categories})
    everywhere = np.array([rule.scope != "items" for rule in rules], bool)
    listed = [[rule.scope == "items" and code in rule.items for rule in rules] for code in codes]
    grouped = [[rule.scope == "items" and name in rule.categories for rule in rules] for name in categories]
    nothing = [[False] * len(rules)]
    by_category = np.array(nothing + grouped, bool).reshape(-1, len(rules))
    by_code = np.array(nothing + listed, bool).reshape(-1, len(rules))
    by_code = by_code[np.unique(alike(by_code), return_index=True)[1]]
    together = (by_code[:, None] | by_category[None, :]).reshape(-1, len(rules)) | everywhere
    distinct: np.ndarray = together[np.unique(alike(together), return_index=True)[1]]
    return distinct


def around(rules: Sequence[Rule], met: np.ndarray, others: Beside) -> Near:
    """The rules of a SKU that meets `met` (bool, shape (rules,)) and what can stand beside it."""
    places = [at for at in in_turn(rules).tolist() if met[at]]
    order: np.ndarray = np.array([rule.level == "order" for rule in rules], bool)
    itself = [at for at in places if order[at] and _one_good(rules[at])]
    usable = order & (met | np.array([rule.rule_id not in others.held for rule in rules], bool))
    beside = others.kinds[~others.kinds[:, itself].any(axis=1)] & usable
    outside = np.array([rule.scope == "cross_shop" for rule in rules], bool) & order
    meets, strange, helpers = _told_apart(rules, places, np.vstack([beside, outside]), others.cut)
    first = len(helpers)
    counted = np.asarray(meets[:, first:].any(axis=0))  # a filler may come in as many pieces as one likes
    own = [replace(rules[at], minimum_quantity=0) if counted[n] else rules[at] for n, at in enumerate(places)]
    near = [*(helper.rule for helper in helpers), *own]
    turns: list[int] = np.argsort([helper.place for helper in helpers] + places, kind="stable").tolist()
    goods = _Goods(near, first, meets, strange & bool(others.cut))
    asking = [[at for at in range(len(near)) if _worth(goods, kind, at)] for kind in range(len(meets))]
    nothing = np.zeros(len(meets), np.int64)
    return _cut_apart(Near(near, places, meets, strange, turns, asking, nothing), others.cut)


def _cut_apart(near: Near, cut: int) -> Near:
    """The kinds that are worth something; each own kind that meets a rule on list prices stands there twice, as it
    is, and cut on its own page: for those rules the latter counts for more than it costs."""
    own = range(near.helpers, len(near.rules))
    listed = {at for at in own if near.rules[at].level == "order" and near.rules[at].base == "list"}
    rows: list[tuple[int, list[int], int]] = []
    for kind, asked in enumerate(near.asking):
        deep = bool(cut) and not near.outside[kind] and any(near.meets[kind, at] for at in listed)
        rows += [(kind, [at for at in asked if not deep or at not in listed], 0)]
        rows += [(kind, asked, cut)] if deep else []
    rows = [row for row in rows if row[1]]
    used = [kind for kind, _, _ in rows]
    depth = np.array([depth for _, _, depth in rows], np.int64)
    return replace(
        near,
        meets=near.meets[used],
        outside=near.outside[used],
        asking=[asked for _, asked, _ in rows],
        cut=depth,
    )


def reckonable(rules: Sequence[Rule]) -> None:
    """ShopError("price.too_many_stacks") where some SKU would meet more stacks, with their fillers, than can
    be compared."""
    kinds = kinds_of_goods(rules)
    for met in kinds:
        ways = ways_to(around(rules, met, Beside(kinds, cut=WHOLE // 2)))
        if ways > _MOST_WAYS:
            raise ShopError("price.too_many_stacks", stacks=ways, limit=_MOST_WAYS)


def ways_to(near: Near) -> int:
    """How many stacks with fillers of one SKU are compared at most."""
    times = multiples(near.rules)
    fillers = (
        1 + sum(times[at] + bool(full) for at in asking)
        for asking, full in zip(near.asking, near.filled_up, strict=True)
    )
    return len(legal_stacks(near.rules)) * prod(fillers)


def multiples(rules: list[Rule]) -> list[int]:
    """How many multiples of each rule's threshold are worth reaching: two of an every-full rule, and up to
    their common multiple where several meet."""
    every = [rule.threshold for rule in rules if rule.kind == "every_full" and rule.level == "order"]
    common = lcm(*every) if every else 1
    return [
        1
        if rule.kind != "every_full"
        else 2
        if len(every) == 1
        else min(common // rule.threshold + 1, _MOST_MULTIPLES)
        for rule in rules
    ]


class _Helper(NamedTuple):
    """A reduction that fillers have for themselves, and where it stands among the rules."""

    rule: Rule
    place: int


def _one_good(rule: Rule) -> bool:
    """Whether the rule names one SKU alone: what meets it is that SKU itself."""
    return rule.scope == "items" and len(rule.items) == 1 and not rule.categories


def _told_apart(
    rules: Sequence[Rule], places: list[int], beside: np.ndarray, cut: int
) -> tuple[np.ndarray, np.ndarray, list[_Helper]]:
    """The kinds by the SKU's own rules (at `places`) that they meet, most first, without and with what they have for
    themselves: (meets, outside, those reductions).

    The last row of `beside` is goods of another shop; the shop's own may be cut by `cut` basis points.
    """
    shared, which = np.unique(beside[:, places], axis=0, return_inverse=True)
    which, kinds = which.ravel(), []
    met = np.isin(np.arange(len(rules)), places)
    helpers: list[_Helper] = []
    for kind in np.argsort(-shared.sum(axis=1), kind="stable"):
        strange = bool((which[:-1] != kind).all())
        helped = _helpers(rules, met, beside[which == kind], 0 if strange else cut)
        kinds += [(shared[kind], strange, slice(0))]
        kinds += [(shared[kind], strange, slice(len(helpers), len(helpers) + len(helped)))] if helped else []
        helpers += helped
    meets = np.zeros((len(kinds), len(helpers) + len(places)), bool)
    for at, (vector, _, own) in enumerate(kinds):
        meets[at, len(helpers) :] = vector
        meets[at, own] = True
    return meets, np.array([strange for _, strange, _ in kinds], bool), helpers


def _helpers(rules: Sequence[Rule], met: np.ndarray, beside: np.ndarray, cut: int) -> list[_Helper]:
    """What fillers of a kind (rows of `beside`) have for themselves, at most: a part of their price, up to a
    sum; one a stack group that the SKU's rules also use.

    Several goods may be mixed, each with its own coupon: together they give no larger part than the best of
    them, and no more than all of them. They act where the first of the rules stands.
    """
    taken = {rules[at].group for at in np.flatnonzero(met).tolist() if rules[at].level == "order"} - {""}
    foreign = [at for at in np.flatnonzero(beside.any(axis=0) & ~met).tolist() if rules[at].level == "order"]
    helpers: list[_Helper] = []
    for group in sorted({rules[at].group for at in foreign}):
        here = [at for at in foreign if rules[at].group == group]
        flat, part, cap = _at_most(rules, here, beside, cut, one=bool(group))
        pair = [
            Rule(f"flat {group}", "amount_off", flat),
            Rule(f"part {group}", "percent_off", part, cap=cap),
        ]
        choice = [replace(rule, group=group, reach="claimed") if group in taken else rule for rule in pair]
        helpers += [_Helper(rule, here[0]) for rule in choice if rule.value]
    return helpers


def _at_most(
    rules: Sequence[Rule], here: list[int], beside: np.ndarray, cut: int, *, one: bool
) -> tuple[int, int, int | None]:
    """The most that rules take off fillers (rows of `beside`), all of them together or only `one`: fen at
    once, basis points of their price, and up to what sum."""
    flat = [rules[at].value for at in here if _at_once(rules[at])]
    parted = [at for at in here if not _at_once(rules[at])]
    parts = [[_part(rules[at], cut) for at in parted if row[at]] for row in beside]
    caps = [_most(rules[at]) for at in parted]
    limits = [cap for cap in caps if cap is not None]
    part = max((max(row) if one else sum(row, Fraction(0)) for row in parts if row), default=Fraction(0))
    cap = None if len(limits) < len(caps) else max(limits, default=0) if one else sum(limits)
    return max(flat, default=0) if one else sum(flat), min(ceil(part * WHOLE), WHOLE), cap


def _at_once(rule: Rule) -> bool:
    """Whether the rule takes its amount off anything, however little."""
    return rule.kind == "amount_off" and not rule.threshold


def _part(rule: Rule, cut: int) -> Fraction:
    """The largest part that an order-level rule takes off what goods cost: off their list price it is a larger part of
    goods that their page cuts by `cut` basis points."""
    part = Fraction(rule.value, WHOLE if rule.kind == "percent_off" else rule.threshold)
    if rule.base != "list" or cut <= 0:
        return part
    return part * WHOLE / (WHOLE - cut) if cut < WHOLE else Fraction(1)


def _most(rule: Rule) -> int | None:
    """The most fen that an order-level rule takes off; None without a limit."""
    return min(rule.value, rule.cap or rule.value) if rule.kind == "amount_off" else rule.cap


class _Goods(NamedTuple):
    """The rules of a SKU, those of the fillers before the `first` of its own; which of them each kind of filler meets;
    and the kinds that are never cut on their page while the shop's own may be."""

    rules: list[Rule]
    first: int
    meets: np.ndarray
    uncut: np.ndarray


def _worth(goods: _Goods, kind: int, at: int) -> bool:
    """Whether filling rule `at` up with this kind can be cheaper than with another one.

    Another one is no worse that shares no more sums with the SKU (a sum is split between them; but one filler
    for two sums of overlapping lists may be better than two) and has no fewer reductions of its own (a
    percentage takes nothing from the SKU; what it takes off the filler leaves more of other rules to the
    SKU). A saturated reduction of its own is worth something only beside a percentage of what the filler is
    counted for. What is cut on its page counts for more than it costs where list prices count, so that no uncut
    one stands for it there.
    """
    rules, first, meets, uncut = goods
    if not meets[kind, at]:
        return False
    if at < first:
        return any(rule.kind == "percent_off" and rule.base != "running" for rule in rules[first:])
    percent = np.array([rule.kind == "percent_off" for rule in rules])
    sums = ~percent | np.array([rule.cap is not None for rule in rules])
    sums[:first] = False
    helps = ~sums | percent
    shared, helped = meets[:, sums], meets[:, helps]
    inside = np.array([meets[meets[:, one], at].all() for one in np.flatnonzero(sums)], bool)
    apart = (shared[kind] & ~shared & ~inside).any(axis=1)
    no_worse = (
        (shared <= shared[kind]).all(axis=1) & ~apart & (helped >= helped[kind]).all(axis=1) & meets[:, at]
    )
    better = (shared < shared[kind]).any(axis=1) | (
        (helped > helped[kind]).any(axis=1) & (rules[at].base != "running")
    )
    if rules[at].base == "list" and not uncut[kind]:
        no_worse &= ~uncut
    asks = rules[at].threshold or (rules[at].kind == "percent_off" and rules[at].base == "list")
    return bool(asks) and not (no_worse & better).any()


def most_counted(rule: Rule) -> int:
    """Fen of list price above which an order-level rule gives no more."""
    if rule.cap is None or not rule.value:
        return _LARGE
    if rule.kind == "every_full":
        return rule.threshold * -(-rule.cap // rule.value)
    return max(rule.threshold, -(-rule.cap * WHOLE // rule.value))


def saturation(rule: Rule) -> int:
    """Fen of filler above which its own reduction gives no more."""
    if rule.kind == "amount_off":
        return rule.value
    return _LARGE if rule.cap is None else -(-rule.cap * WHOLE // rule.value)
