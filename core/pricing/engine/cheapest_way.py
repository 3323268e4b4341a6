"""What the search for the worst landed price has met: the cheapest way of each SKU, joined and compared. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from core.pricing.engine.promotions import Outcome, Rule, merchant_parts


@dataclass(frozen=True, slots=True)
class Worst:
    """By SKU, shape (n,): `pay` fen a unit at worst, what the merchant `receipts` then (with what others
    fund), the least receipts of any way, and how.

    `filler` and `outside` are fen of other goods in the basket, ours and another shop's; `stack` (rules, n)
    does it; `parts` (rules, n) is fen off a unit.
    """

    pay: np.ndarray
    receipts: np.ndarray
    least_receipts: np.ndarray
    quantity: np.ndarray
    filler: np.ndarray
    outside: np.ndarray
    stack: np.ndarray
    parts: np.ndarray


def least(found: Worst, many: int) -> Worst:
    """Of `many` blocks of the same SKUs, each SKU's cheapest way; of equals what leaves the merchant less,
    then the first."""
    count = len(found.pay) // many
    best = np.lexsort((found.receipts.reshape(many, count), found.pay.reshape(many, count)), axis=0)[0]
    chosen = take(found, best * count + np.arange(count))
    return replace(chosen, least_receipts=found.least_receipts.reshape(many, count).min(axis=0))


def take(found: Worst, rows: np.ndarray) -> Worst:
    """Some of the rows."""
    return Worst(*(getattr(found, entry.name)[..., rows] for entry in fields(Worst)))


def joined(parts: Sequence[Worst]) -> Worst:
    """The rows of all parts, one after the other."""
    return Worst(
        *(np.concatenate([getattr(part, entry.name) for part in parts], axis=-1) for entry in fields(Worst))
    )


class Cheapest:
    """The cheapest way met so far, row by row."""

    def __init__(self, count: int, lines: int, rules: list[Rule]) -> None:
        self.rules = rules
        self.pay = np.full(count, np.iinfo(np.int64).max)
        self.receipts, self.least = self.pay.copy(), self.pay.copy()
        self.quantity, self.fillers = np.ones(count, np.int64), np.zeros((count, lines), np.int64)
        self.parts = np.zeros((len(rules), count), np.int64)

    def note(self, outcome: Outcome, quantity: np.ndarray, fillers: np.ndarray, rows: np.ndarray) -> None:
        """Keeps for these rows what is cheaper than before, and of equals what leaves the merchant less."""
        parts = outcome.parts[:, :, 0]
        funded = (parts - merchant_parts(self.rules, parts)).sum(axis=0)
        pay, receipts = outcome.pay[:, 0] // quantity, (outcome.pay[:, 0] + funded) // quantity
        self.least[rows] = np.minimum(self.least[rows], receipts)
        before = self.pay[rows]
        better = (pay < before) | ((pay == before) & (receipts < self.receipts[rows]))
        if better.any():
            at = rows[better]
            self.pay[at], self.receipts[at], self.quantity[at] = (
                pay[better],
                receipts[better],
                quantity[better],
            )
            self.fillers[at], self.parts[:, at] = fillers[better], parts[:, better] // quantity[better]

    def worst(self, stack: np.ndarray, outside: np.ndarray) -> Worst:
        """The findings, row by row; `outside`: the kinds of another shop."""
        own, strange = self.fillers[:, ~outside].sum(axis=1), self.fillers[:, outside].sum(axis=1)
        return Worst(self.pay, self.receipts, self.least, self.quantity, own, strange, stack, self.parts)
