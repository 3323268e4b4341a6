"""Promotion rules as they are stored and written in JSON, and which of them are open together. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import datetime
from typing import Any

from core.errors import ShopError
from core.pricing.engine import promotions
from core.pricing.engine.promotions import Rule

Plain = Mapping[str, Any]  # a rule as it is kept

_SHIPPED = {entry.name: entry.default for entry in fields(Rule) if entry.default is not MISSING}


def as_json(rule: Rule) -> dict[str, object]:
    """A rule as a plain object: what differs from the defaults, moments as ISO 8601."""
    plain: dict[str, object] = {}
    for entry in fields(Rule):
        value = getattr(rule, entry.name)
        if entry.name in _SHIPPED and value == _SHIPPED[entry.name]:
            continue
        if isinstance(value, datetime):
            value = value.isoformat()
        elif isinstance(value, tuple):
            value = list(value)
        elif isinstance(value, Mapping):
            value = dict(value)
        if value or entry.name in {"rule_id", "kind", "value"} or entry.name in _SHIPPED:
            plain[entry.name] = value
    return plain


def from_json(plain: Plain) -> Rule:
    """A rule from its object. ShopError("price.rule_unreadable" | "price.rule_unsound"), naming the rule and
    what is wrong."""
    name = str(plain.get("rule_id", ""))
    unknown = set(plain) - {entry.name for entry in fields(Rule)}
    if unknown or not {"rule_id", "kind", "value"} <= set(plain):
        raise ShopError("price.rule_unreadable", rule=name, fields=sorted(unknown))
    try:
        values = dict(plain) | {
            key: datetime.fromisoformat(plain[key]) for key in ("starts", "ends") if plain.get(key)
        }
        rule = Rule(
            **values
            | {"categories": tuple(plain.get("categories", ())), "items": dict(plain.get("items", {}))}
        )
        wrong = promotions.faults(rule)
    except (TypeError, ValueError) as error:
        raise ShopError("price.rule_unreadable", rule=name, fields=[]) from error
    if wrong:
        raise ShopError("price.rule_unsound", rule=name, faults=wrong)
    return rule


def sets_open(book: Sequence[Rule], windows: Sequence[tuple[datetime, datetime]]) -> list[list[Rule]]:
    """The distinct sets of rules that are open together at some moment of the windows [start, end), the
    opening's first."""
    edges = sorted({edge for rule in book for edge in (rule.starts, rule.ends) if edge is not None})
    moments = [
        moment
        for start, end in windows
        for moment in (start, *(edge for edge in edges if start < edge < end))
    ]
    sets: dict[tuple[str, ...], list[Rule]] = {}
    for moment in moments:
        now = [rule for rule in book if rule.open_at(moment)]
        sets.setdefault(tuple(rule.rule_id for rule in now), now)
    return list(sets.values()) or [list(book)]


def short_forms(basket: Plain) -> list[Rule]:
    """The three short forms of a basket on the command line: parallel thresholds, deducted in the order
    coupon, cross-shop, red packet.

    ShopError("price.bad_basket" | "price.rule_unsound").
    """
    rules: list[dict[str, object]] = []
    try:
        if "shop_coupon" in basket:
            threshold, off = basket["shop_coupon"]
            rules.append(
                {"rule_id": "shop_coupon", "kind": "amount_off", "value": off, "threshold": threshold}
            )
        if "cross_shop_every" in basket:
            threshold, off = basket["cross_shop_every"]
            rules.append(
                {
                    "rule_id": "cross_shop_every",
                    "kind": "every_full",
                    "value": off,
                    "threshold": threshold,
                    "scope": "cross_shop",
                }
            )
    except (TypeError, ValueError) as error:
        raise ShopError("price.bad_basket") from error
    if "red_packet" in basket:
        rules.append({"rule_id": "red_packet", "kind": "amount_off", "value": basket["red_packet"]})
    return [from_json(plain) for plain in rules]
