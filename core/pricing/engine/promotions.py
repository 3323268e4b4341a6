"""The promotion engine: rules are data, and what baskets pay under them is exact integer fen, many baskets at
once.

A basket is a row of lines. Item-level rules change the price of a unit and make the *item-promotion* amounts;
order-level rules then deduct, in their order, from the lines that they apply to, split by largest remainder
on what remains. A threshold is tested on its rule's own base, so that rules with base "item" are parallel:
400 yuan with a coupon 400-380 and cross-shop 400-50 pays nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from core.pricing.engine.split import row_sum, split_rows

KINDS = (
    "amount_off",
    "percent_off",
    "every_full",
    "fixed_price",
    "deposit_inflation",
    "deposit_cut",
    "official_cut",
)
ITEM_KINDS = frozenset(
    {"fixed_price", "deposit_inflation", "deposit_cut", "official_cut"}
)  # always a matter of one unit
REACHES = ("automatic", "claimed", "members", "targeted")
LEVELS, BASES, SCOPES = ("item", "order"), ("list", "item", "running"), ("items", "shop", "cross_shop")
EVERYONE = frozenset({"automatic", "claimed"})  # what any buyer gets without being somebody special
WHOLE = 10_000  # basis points of a whole


@dataclass(frozen=True, slots=True)
class Rule:
    """One promotion rule.

    `value`: fen off (amount_off, every_full, deposit_cut), the price (fixed_price), what the deposit counts
    for (deposit_inflation), or basis points off (percent_off, official_cut). `base`: what the threshold is
    tested on and a percentage is taken of. `scope` "items" means `items` (code to its own value) and
    `categories`; "cross_shop" also counts goods of other shops. `reach`: automatic rules apply by themselves,
    claimed ones may be left, members and targeted ones are open to some buyers only. Rules of one `group`
    exclude each other: on an order for order-level rules, on a line for item-level ones. `merchant_share` in
    basis points: who pays for it.
    """

    rule_id: str
    kind: str
    value: int
    level: Literal["item", "order"] = "order"
    base: Literal["list", "item", "running"] = "item"
    scope: Literal["items", "shop", "cross_shop"] = "shop"
    threshold: int = 0
    minimum_quantity: int = 0
    deposit: int = 0
    cap: int | None = None
    merchant_share: int = WHOLE
    group: str = ""
    reach: Literal["automatic", "claimed", "members", "targeted"] = "automatic"
    name: str = ""
    starts: datetime | None = None
    ends: datetime | None = None
    items: Mapping[str, int] = field(default_factory=dict)
    categories: tuple[str, ...] = ()

    def open_at(self, moment: datetime) -> bool:
        """Whether the moment lies in the rule's window [starts, ends)."""
        return (self.starts is None or self.starts <= moment) and (self.ends is None or moment < self.ends)


@dataclass(frozen=True, slots=True)
class Baskets:
    """Many baskets, each array of shape (baskets, lines): unit list price, quantity and unit price cut
    already on the page (fen, int64)."""

    list_price: np.ndarray
    quantity: np.ndarray
    item_off: np.ndarray

    @classmethod
    def single(cls, list_price: np.ndarray, sale_price: np.ndarray) -> Baskets:
        """One unit of one SKU a basket; arrays of shape (n,). A sale price above list is its own list
        price."""
        listed = np.maximum(list_price, sale_price).astype(np.int64)
        return cls(listed[:, None], np.ones((len(listed), 1), np.int64), (listed - sale_price)[:, None])


@dataclass(frozen=True, slots=True)
class Terms:
    """Which rule applies to which line, and with what value: both of shape (rules, baskets, lines)."""

    applies: np.ndarray
    value: np.ndarray


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is paid: `pay` and `item` (the item-promotion amounts) of shape (baskets, lines), `parts` deducted
    by (rule, basket, line), `stack` used by (rule, basket)."""

    pay: np.ndarray
    item: np.ndarray
    parts: np.ndarray
    stack: np.ndarray

    @property
    def total(self) -> np.ndarray:
        """Fen by basket, shape (baskets,)."""
        total: np.ndarray = self.pay.sum(axis=1)
        return total


def faults(rule: Rule) -> list[str]:
    """What keeps a rule from meaning anything: codes, empty when it is sound."""
    numbers = (
        rule.value,
        rule.threshold,
        rule.minimum_quantity,
        rule.deposit,
        rule.cap or 0,
        rule.merchant_share,
        *rule.items.values(),
    )
    if not all(type(number) is int for number in numbers):
        return ["not_whole"]
    percent = rule.kind in {"percent_off", "official_cut"}
    checks = {
        "unknown_kind": rule.kind not in KINDS
        or rule.reach not in REACHES
        or rule.level not in LEVELS
        or rule.base not in BASES
        or rule.scope not in SCOPES,
        "negative": min(numbers) < 0,
        "over_whole": percent and max(rule.value, *rule.items.values(), 0) > WHOLE,
        "share": not 0 <= rule.merchant_share <= WHOLE,
        "no_threshold": rule.kind == "every_full" and rule.threshold <= 0,
        "not_an_item_rule": rule.level == "item" and rule.kind == "every_full",
        "not_an_order_rule": rule.level == "order" and rule.kind in ITEM_KINDS,
        "deposit_counts_less": rule.kind == "deposit_inflation" and rule.value < rule.deposit,
        "no_items": rule.scope == "items" and not rule.items and not rule.categories,
        "no_zone": any(moment is not None and moment.tzinfo is None for moment in (rule.starts, rule.ends)),
        "window": rule.starts is not None
        and rule.ends is not None
        and rule.ends.timestamp() <= rule.starts.timestamp(),
    }
    return [code for code, wrong in checks.items() if wrong]


def terms(rules: Sequence[Rule], codes: np.ndarray, categories: np.ndarray | None = None) -> Terms:
    """Which rules apply to lines with these SKU codes (and categories), arrays of shape (baskets, lines)."""
    flat, shape = pd.Series(codes.ravel(), dtype=object), (len(rules), *codes.shape)
    applies, value = np.ones(shape, bool), np.empty(shape, np.int64)
    for at, rule in enumerate(rules):
        value[at] = rule.value
        if rule.items:
            own = flat.map(dict(rule.items))
            value[at] = own.fillna(rule.value).to_numpy(np.int64).reshape(codes.shape)
        if rule.scope == "items":
            inside = flat.isin(list(rule.items)).to_numpy()
            if rule.categories and categories is not None:
                inside = inside | np.isin(categories.ravel().astype(str), rule.categories)
            applies[at] = inside.reshape(codes.shape)
    return Terms(applies, value)


class Applied(NamedTuple):
    """The rules, the lines that they apply to, and which baskets have them (bool, shape (rules, baskets))."""

    rules: Sequence[Rule]
    term: Terms
    stack: np.ndarray


def evaluate(baskets: Baskets, rules: Sequence[Rule], term: Terms, stack: np.ndarray) -> Outcome:
    """What the baskets pay with the rules of `stack` (bool, shape (rules, baskets)), in the order of the
    rules."""
    item, parts = item_amounts(baskets, rules, term, stack)
    return deducted(baskets, item, parts, Applied(rules, term, stack))


def item_amounts(
    baskets: Baskets, rules: Sequence[Rule], term: Terms, stack: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Item-promotion amounts (baskets, lines), and what item-level rules took off (rules, baskets, lines)."""
    parts = np.zeros(term.applies.shape, np.int64)
    unit = np.maximum(baskets.list_price - baskets.item_off, 0)
    _price_units(unit, parts, baskets, Applied(rules, term, stack))
    return unit * baskets.quantity, parts


def deducted(
    baskets: Baskets,
    item: np.ndarray,
    parts: np.ndarray,
    applied: Applied,
    turns: Sequence[int] | None = None,
) -> Outcome:
    """The order-level rules on item-promotion amounts, in their order or in that of `turns`; `parts` is written on."""
    rules, term, stack = applied
    amounts = {"list": baskets.list_price * baskets.quantity, "item": item}
    amounts["running"] = running = item.copy()
    for at in range(len(rules)) if turns is None else turns:
        rule = rules[at]
        if rule.level == "order":
            meets = term.applies[at] & stack[at][:, None]
            parts[at] = _deduct(rule, amounts[rule.base] * meets, baskets.quantity * meets, running * meets)
            running -= parts[at]
    return Outcome(running, item, parts, stack)


def _price_units(unit: np.ndarray, parts: np.ndarray, baskets: Baskets, applied: Applied) -> None:
    """Item-level rules on the unit prices, in place. A group acts where its first rule stands: the one that
    takes most off the line wins, the first of equals."""
    rules, term, stack = applied
    done: set[str] = set()
    for at, rule in enumerate(rules):
        if rule.level != "item" or (rule.group and rule.group in done):
            continue
        done.add(rule.group)
        rivals = (
            [n for n, other in enumerate(rules) if other.level == "item" and other.group == rule.group]
            if rule.group
            else [at]
        )
        offs = np.stack(
            [
                _unit_off(rules[n], baskets, unit, term.value[n]) * (term.applies[n] & stack[n][:, None])
                for n in rivals
            ]
        )
        if len(rivals) == 1:
            parts[at] = offs[0] * baskets.quantity
            unit -= offs[0]
            continue
        best = offs.argmax(axis=0)
        for place, n in enumerate(rivals):
            parts[n] = offs[place] * (best == place) * baskets.quantity
        unit -= offs.max(axis=0)


def _unit_off(rule: Rule, baskets: Baskets, unit: np.ndarray, value: np.ndarray) -> np.ndarray:
    base = baskets.list_price if rule.base == "list" else unit
    if rule.kind in {"percent_off", "official_cut"}:
        off = _part_of(base, value)
    elif rule.kind == "fixed_price":
        off = np.maximum(unit - value, 0)
    elif rule.kind == "deposit_inflation":
        off = np.maximum(value - rule.deposit, 0)
    else:
        off = value
    off = off if rule.cap is None else np.minimum(off, rule.cap)
    meets = (base * baskets.quantity >= rule.threshold) & (baskets.quantity >= rule.minimum_quantity)
    discount: np.ndarray = np.minimum(off, unit) * meets
    return discount


def _deduct(rule: Rule, base: np.ndarray, quantity: np.ndarray, remains: np.ndarray) -> np.ndarray:
    """The order-level deduction by line, shape (baskets, lines); all three arrays are zero on lines that the
    rule does not touch."""
    reached = row_sum(base)
    if rule.kind == "every_full":
        off = reached // rule.threshold * rule.value
    elif rule.kind == "percent_off":
        off = _part_of(reached, rule.value)
    else:
        off = np.full_like(reached, rule.value)
    off = off if rule.cap is None else np.minimum(off, rule.cap)
    off = off * ((reached >= rule.threshold) & (row_sum(quantity) >= rule.minimum_quantity))
    return split_rows(np.minimum(off, row_sum(remains)), remains)


def _part_of(amount: np.ndarray, basis_points: np.ndarray | int) -> np.ndarray:
    return (amount * basis_points + WHOLE // 2) // WHOLE


def merchant_parts(rules: Sequence[Rule], parts: np.ndarray) -> np.ndarray:
    """The part of each deduction that the merchant bears, half up; same shape as `parts` (rules first)."""
    shares = np.array([rule.merchant_share for rule in rules], np.int64).reshape(
        -1, *([1] * (parts.ndim - 1))
    )
    return _part_of(parts, shares)
