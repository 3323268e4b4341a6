"""The promotion rules once more, written for one basket at a time in plain Python: what the vectorised engine
is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from core.pricing.engine.promotions import Rule


def legal(chosen: Sequence[Rule], rules: Sequence[Rule], offered: Sequence[Rule]) -> bool:
    """Whether a buyer can have exactly these rules: automatic ones are in unless a rival of their group is,
    one an order-level group."""
    groups = [rule.group for rule in chosen if rule.level == "order" and rule.group]
    if len(groups) != len(set(groups)):
        return False
    taken = {("order", name) for name in groups}
    return all(
        rule.reach != "automatic" or rule in chosen or (rule.group and (rule.level, rule.group) in taken)
        for rule in offered
    )


def subsets(rules: Sequence[Rule], offered: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Every legal set, in the rules' own order."""
    for size in range(len(offered) + 1):
        for chosen in combinations(offered, size):
            if legal(chosen, rules, offered):
                yield [rule for rule in rules if rule in chosen]


def half_up(value: Fraction) -> int:
    """Nearest integer, halves up."""
    return int(value + Fraction(1, 2))


CATEGORY = {"A": "x", "B": "y", "C": "x"}  # of the goods of all random carts


def meets(rule: Rule, code: str) -> bool:
    """Whether the rule touches a line."""
    return rule.scope != "items" or code in rule.items or CATEGORY.get(code) in rule.categories


def unit_off(rule: Rule, listed: int, unit: int, quantity: int, code: str) -> int:
    """What an item-level rule takes off one unit."""
    if not meets(rule, code):
        return 0
    base = listed if rule.base == "list" else unit
    if base * quantity < rule.threshold or quantity < rule.minimum_quantity:
        return 0
    value = rule.items.get(code, rule.value)
    if rule.kind in {"percent_off", "official_cut"}:
        off = half_up(Fraction(base * value, 10_000))
    elif rule.kind == "fixed_price":
        off = max(0, unit - value)
    elif rule.kind == "deposit_inflation":
        off = max(0, value - rule.deposit)
    else:
        off = value
    return min(off, unit, off if rule.cap is None else rule.cap)


def split(total: int, weights: list[int]) -> list[int]:
    """Largest remainder, ties by order."""
    whole = sum(weights)
    if not whole:
        return [0] * len(weights)
    exact = [Fraction(total * weight, whole) for weight in weights]
    parts = [int(part) for part in exact]
    order = sorted(range(len(weights)), key=lambda n: (-(exact[n] - parts[n]), n))
    for n in order[: total - sum(parts)]:
        parts[n] += 1
    return parts


def pay(
    lines: Sequence[tuple[int, int, int, str]], chosen: Sequence[Rule], rules: Sequence[Rule]
) -> list[int]:
    """What each line (list, quantity, unit cut, code) pays under the chosen rules; an item-level group acts
    where its first rule stands."""
    units = []
    for listed, quantity, cut, code in lines:
        unit, groups = max(0, listed - cut), set()
        for rule in (rule for rule in rules if rule.level == "item"):
            if rule.group in groups:
                continue
            groups |= {rule.group} if rule.group else set()
            rivals = [
                other
                for other in chosen
                if other.level == "item" and (other is rule or (other.group and other.group == rule.group))
            ]
            unit -= max([unit_off(rival, listed, unit, quantity, code) for rival in rivals], default=0)
        units.append(unit)
    item = [unit * line[1] for unit, line in zip(units, lines, strict=True)]
    running = list(item)
    for rule in (rule for rule in chosen if rule.level == "order"):
        touched = [n for n, line in enumerate(lines) if meets(rule, line[3])]
        base = sum(
            {"list": lines[n][0] * lines[n][1], "item": item[n], "running": running[n]}[rule.base]
            for n in touched
        )
        if base < rule.threshold or sum(lines[n][1] for n in touched) < rule.minimum_quantity:
            continue
        off = {
            "every_full": lambda b, r: b // r.threshold * r.value,
            "percent_off": lambda b, r: half_up(Fraction(b * r.value, 10_000)),
        }
        amount = off.get(rule.kind, lambda _b, r: r.value)(base, rule)
        amount = min(amount, sum(running[n] for n in touched), amount if rule.cap is None else rule.cap)
        for n, part in zip(touched, split(amount, [running[n] for n in touched]), strict=True):
            running[n] -= part
    return running
