"""Which rules a buyer can have together, and the stack under which a basket is cheapest."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

from core.errors import ShopError
from core.pricing.engine.promotions import REACHES, Baskets, Outcome, Rule, Terms, evaluate
from core.pricing.engine.split import alike

STACK_LIMIT = (
    4_096  # legal stacks that are compared one by one; a rule set with more is refused rather than guessed at
)
_CELLS = 400_000  # basket lines evaluated at a time: bounds memory


def legal_stacks(rules: Sequence[Rule]) -> np.ndarray:
    """Every set of rules that one buyer can have together: bool of shape (stacks, rules), the fullest first.

    Automatic rules are always in; the others may be left. Of the order-level rules of one group exactly one
    is in (none, if all of them may be left). ShopError("price.too_many_stacks") above the limit.
    """
    groups: dict[str, list[int]] = {}
    for at, rule in enumerate(rules):
        shared = rule.group if rule.level == "order" and rule.group else None
        groups.setdefault(f"rule {at}" if shared is None else f"group {shared}", []).append(at)
    options = [
        [*members, *([None] if all(rules[at].reach != "automatic" for at in members) else [])]
        for members in groups.values()
    ]
    count = int(np.prod([len(choices) for choices in options], dtype=object)) if options else 1
    if count > STACK_LIMIT:
        raise ShopError("price.too_many_stacks", stacks=count, limit=STACK_LIMIT)
    stacks = np.zeros((count, len(rules)), bool)
    for row, choice in enumerate(product(*options)):
        stacks[row, [at for at in choice if at is not None]] = True
    return stacks


def best(
    baskets: Baskets, rules: Sequence[Rule], term: Terms, reach: frozenset[str] = frozenset(REACHES)
) -> Outcome:
    """Each basket under the legal stack that makes its total least, for a buyer who is offered the rules of
    `reach`; of equals the fullest.

    Baskets are compared among those that the same rules touch: a coupon for other goods is nobody's choice
    here.
    """
    met = (term.applies.any(axis=2) & np.array([rule.reach in reach for rule in rules], bool)[:, None]).T
    alike_as, order = alike(met), in_turn(rules)
    shape = baskets.quantity.shape
    nothing = np.zeros(shape, np.int64)
    cheapest = Outcome(
        nothing, nothing.copy(), np.zeros((len(rules), *shape), np.int64), np.zeros(met.T.shape, bool)
    )
    for rows in (np.flatnonzero(alike_as == one) for one in range(alike_as.max(initial=-1) + 1)):
        at = order[met[rows[0]][order]]
        part = Baskets(*(array[rows] for array in (baskets.list_price, baskets.quantity, baskets.item_off)))
        part_of = np.ix_(at, rows)
        least = _best_of_equals(
            part, [rules[n] for n in at.tolist()], Terms(term.applies[part_of], term.value[part_of])
        )
        cheapest.pay[rows], cheapest.item[rows], cheapest.parts[part_of], cheapest.stack[part_of] = (
            least.pay,
            least.item,
            least.parts,
            least.stack,
        )
    return cheapest


def in_turn(rules: Sequence[Rule]) -> np.ndarray:
    """The order in which rules act (places): an item-level group at its first one, whoever may have that."""
    first: dict[str, int] = {}
    turns = [
        first.setdefault(rule.group, at) if rule.level == "item" and rule.group else at
        for at, rule in enumerate(rules)
    ]
    return np.argsort(turns, kind="stable")


def _best_of_equals(baskets: Baskets, rules: Sequence[Rule], term: Terms) -> Outcome:
    """`best` of baskets that the same rules touch, all of them open."""
    stacks = legal_stacks(rules)
    at_a_time = max(1, _CELLS // max(baskets.quantity.size, 1))
    cheapest: Outcome | None = None
    for start in range(0, len(stacks), at_a_time):
        cheapest = _cheapest(cheapest, baskets, rules, term, stacks[start : start + at_a_time])
    assert cheapest is not None  # noqa: S101 - there is always the empty stack
    return cheapest


def _cheapest(
    found: Outcome | None, baskets: Baskets, rules: Sequence[Rule], term: Terms, stacks: np.ndarray
) -> Outcome:
    """The best of these stacks and of the one found before, basket by basket."""
    rows, many = len(baskets.quantity), len(stacks)
    wide = Baskets(
        *(np.tile(array, (many, 1)) for array in (baskets.list_price, baskets.quantity, baskets.item_off))
    )
    tiled = (
        Terms(np.tile(term.applies, (1, many, 1)), np.tile(term.value, (1, many, 1))) if many > 1 else term
    )
    outcome = evaluate(wide, rules, tiled, np.repeat(stacks, rows, axis=0).T)
    row = outcome.total.reshape(many, rows).argmin(axis=0) * rows + np.arange(rows)
    least = Outcome(outcome.pay[row], outcome.item[row], outcome.parts[:, row], outcome.stack[:, row])
    if found is None:
        return least
    keep = found.total <= least.total
    return Outcome(
        np.where(keep[:, None], found.pay, least.pay),
        np.where(keep[:, None], found.item, least.item),
        np.where(keep[None, :, None], found.parts, least.parts),
        np.where(keep[None, :], found.stack, least.stack),
    )
