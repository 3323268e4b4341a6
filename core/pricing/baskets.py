"""A basket tried out: line by line what applies and why, what does not and why not, and the cheapest way found. Nothing
here writes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from core.access import Actor, allow
from core.database import Database
from core.errors import ShopError
from core.pricing import queries
from core.pricing.engine import landed_price
from core.pricing.engine.promotions import EVERYONE, REACHES, Baskets, Outcome, Rule, Terms, terms
from core.pricing.engine.stacks import best

Buyer = Literal["anyone", "member", "targeted"]
REACH: Mapping[str, frozenset[str]] = {
    "anyone": EVERYONE,
    "member": EVERYONE | {"members"},
    "targeted": frozenset(REACHES),
}
MOST_LINES, MOST_UNITS = 40, 999
REASONS = ("applied", "closed", "not_offered", "other_goods", "threshold", "rival", "left")
"""Why a rule does or does not act: it acts; its window is not open; it is not for this buyer; it is for other goods; the
threshold is not met; a rule of its group takes its place; the cheapest way leaves it."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way to buy the basket: as one order, a line an order, or a unit an order; what it costs (fen)."""

    name: Literal["together", "by_line", "by_unit"]
    total: int
    orders: int


@dataclass(frozen=True, slots=True)
class Simulation:
    """`lines`: sku_code, name, quantity, list_price, sale_price (of a unit), pay (of the line), fen. `rules`: rule_id,
    name, reason (of REASONS), off (fen), missing (fen to the threshold), instead (the rule that took its place).
    `parts`: off by (rule, line), columns the SKUs. `ways`: the cheapest first."""

    lines: pd.DataFrame
    rules: pd.DataFrame
    parts: pd.DataFrame
    total: int
    ways: tuple[Way, ...]


class Purchase(NamedTuple):
    """Who buys what (SKU -> quantity), and when."""

    basket: Mapping[str, int]
    buyer: Buyer
    moment: datetime


def simulate(
    db: Database, actor: Actor, campaign_id: str, purchase: Purchase, phase: str = queries.LIVE
) -> Simulation:
    """What a basket pays at a moment, under the rules of a phase.

    ShopError("price.empty_basket" | "price.basket_too_large" | "price.not_in_campaign" | "price.no_price").
    """
    allow(actor, "price.view")
    wanted = {code: units for code, units in purchase.basket.items() if units > 0}
    if not wanted:
        raise ShopError("price.empty_basket")
    if len(wanted) > MOST_LINES or max(wanted.values()) > MOST_UNITS:
        raise ShopError("price.basket_too_large", lines=MOST_LINES, units=MOST_UNITS)
    with db.reading() as connection:
        goods = queries.goods(connection, campaign_id)
        rules = queries.rulebook(connection, campaign_id, phase)
    strangers = [code for code in wanted if code not in goods.index]
    if strangers:
        raise ShopError("price.not_in_campaign", sku=strangers[0])
    held = goods.loc[list(wanted)]
    if held["sale_price"].isna().any():
        raise ShopError("price.no_price", sku=str(held.index[held["sale_price"].isna()][0]))
    quantity = np.array(list(wanted.values()), np.int64)
    return simulated(held, quantity, rules, REACH[purchase.buyer], purchase.moment)


def simulated(
    goods: pd.DataFrame, quantity: np.ndarray, rules: Sequence[Rule], reach: frozenset[str], moment: datetime
) -> Simulation:
    """The rule of `simulate`. Pure. `goods`: index sku_code; name, category, list_price, sale_price (fen)."""
    live = [rule for rule in rules if rule.open_at(moment)]
    prices, lists = landed_price.ready_prices(goods)
    term = _terms(goods, live)
    outcome = best(_baskets(lists, prices, quantity), live, term, reach)
    lines = goods.reset_index()[["sku_code", "name"]].assign(
        quantity=quantity, list_price=lists, sale_price=prices, pay=outcome.pay[0]
    )
    parts = pd.DataFrame(outcome.parts[:, 0, :], index=[rule.rule_id for rule in live], columns=goods.index)
    outcomes = [_outcome(rule, live, term, outcome, reach) for rule in rules]
    total, single = int(outcome.total[0]), np.ones(len(goods), np.int64)
    by_line = best(_apart(lists, prices, quantity), live, _turned(term), reach).total
    by_unit = best(_apart(lists, prices, single), live, _turned(term), reach).total
    ways = (
        Way("together", total, 1),
        Way("by_line", int(by_line.sum()), len(goods)),
        Way("by_unit", int((by_unit * quantity).sum()), int(quantity.sum())),
    )
    offered = [way for way in ways if way.name == "together" or way.orders > 1]
    return Simulation(
        lines,
        pd.DataFrame(outcomes, columns=["rule_id", "name", "reason", "off", "missing", "instead"]),
        parts[(parts != 0).any(axis=1)],
        total,
        tuple(sorted(offered, key=lambda way: (way.total, way.orders))),
    )


def _terms(goods: pd.DataFrame, rules: Sequence[Rule]) -> Terms:
    return terms(rules, goods.index.to_numpy(object)[None, :], goods["category"].to_numpy(object)[None, :])


def _baskets(lists: np.ndarray, prices: np.ndarray, quantity: np.ndarray) -> Baskets:
    """One basket of several lines; a sale price above list is its own list price."""
    listed = np.maximum(lists, prices)
    return Baskets(listed[None, :], quantity[None, :], (listed - prices)[None, :])


def _apart(lists: np.ndarray, prices: np.ndarray, quantity: np.ndarray) -> Baskets:
    """A basket of its own for each line."""
    listed = np.maximum(lists, prices)
    return Baskets(listed[:, None], quantity[:, None], (listed - prices)[:, None])


def _turned(term: Terms) -> Terms:
    """The terms of one basket's lines for a basket a line."""
    return Terms(term.applies.transpose(0, 2, 1), term.value.transpose(0, 2, 1))


def _outcome(
    rule: Rule, live: Sequence[Rule], term: Terms, outcome: Outcome, reach: frozenset[str]
) -> tuple[str, str, str, int, int, str]:
    """What became of a rule: id, name, reason, off, missing, instead."""
    head = rule.rule_id, rule.name or rule.rule_id
    places = {one.rule_id: at for at, one in enumerate(live)}
    at = places.get(rule.rule_id)
    if at is None:
        return (*head, "closed", 0, 0, "")
    off = int(outcome.parts[at, 0].sum())
    if off:
        return (*head, "applied", off, 0, "")
    if rule.reach not in reach:
        return (*head, "not_offered", 0, 0, "")
    applies = term.applies[at, 0]
    if not applies.any():
        return (*head, "other_goods", 0, 0, "")
    reached = int((outcome.item[0] * applies).sum())
    if reached < rule.threshold:
        return (*head, "threshold", 0, rule.threshold - reached, "")
    rival = next(
        (
            other.name or other.rule_id
            for position, other in enumerate(live)
            if rule.group
            and other.group == rule.group
            and position != at
            and outcome.parts[position, 0].any()
        ),
        "",
    )
    return (*head, "rival" if rival else "left", 0, 0, rival)
