"""From prices, rules and cost cards to one frame of figures by SKU: landed, worst landed, contribution,
margin. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.pricing.engine import cost_cards
from core.pricing.engine.cheapest_way import Worst
from core.pricing.engine.methods import charm
from core.pricing.engine.promotions import EVERYONE, Baskets, Outcome, Rule, Terms, merchant_parts, terms
from core.pricing.engine.stacks import best
from core.pricing.engine.worst_price import Prices, deepest_cut, worst_landed

CUT = "shop_cut_"
_ROUNDS = 40  # of raising a price until its worst landed price holds the margin


def figures(
    goods: pd.DataFrame,
    card: pd.DataFrame,
    rule_sets: Sequence[Sequence[Rule]],
    targets: pd.DataFrame,
    held: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """The figures of each SKU, indexed as `goods` (which has list_price and sale_price as Int64 fen,
    category; index sku_code).

    `rule_sets`: the rules that are open together, the opening's first. `targets`: floor and target margins in
    basis points (int64). Amounts are Int64 fen, missing where there is no sale price; margins Float64.
    Columns: landed_price and receipts (what every buyer gets who buys one), worst_landed_price,
    worst_receipts (the least that the merchant receives in any way), worst_quantity, worst_filler,
    worst_outside, worst_rules (tuple of rule ids), contribution, margin, worst_contribution, worst_margin,
    filler_refunded, full_cost, break_even, floor_price, target_price, break_even_roi. `held`: as
    `worst_landed`.
    """
    prices, lists = ready_prices(goods)
    opening = singles(goods, prices, lists, list(rule_sets[0]))
    receipts = opening.pay[:, 0] + funded(rule_sets[0], opening)
    worst = cheapest(
        [
            (list(rules), worst_landed(Prices(lists, prices), list(rules), _terms(goods, rules), held, cut))
            for rules, cut in zip(rule_sets, _cuts(goods, rule_sets), strict=True)
        ]
    )
    frame = pd.DataFrame({"landed_price": opening.pay[:, 0], "receipts": receipts}, index=goods.index).join(
        worst.set_index(goods.index)
    )
    frame = frame.assign(**_margins(card, frame))
    priced = goods["sale_price"].notna()
    nullable = {name: "Int64" for name in frame.columns if pd.api.types.is_integer_dtype(frame[name])}
    frame = frame.astype(nullable | dict.fromkeys(("margin", "worst_margin", "break_even_roi"), "Float64"))
    frame = frame.assign(
        **{name: frame[name].mask(~priced) for name in frame.columns if name != "worst_rules"}
    )
    solved: dict[str, np.ndarray | int] = {
        "break_even": 0,
        "floor_price": targets["floor"].to_numpy(),
        "target_price": targets["target"].to_numpy(),
    }
    return frame.assign(**{name: cost_cards.price_for(card, margin) for name, margin in solved.items()})


def _margins(card: pd.DataFrame, frame: pd.DataFrame) -> dict[str, np.ndarray]:
    """What is left of the usual and of the least receipts, fen and shares of net revenue."""
    receipts, least = frame["receipts"].to_numpy(), frame["worst_receipts"].to_numpy()
    contribution, worst = cost_cards.contribution(card, receipts), cost_cards.contribution(card, least)
    back = cost_cards.filler_return(card)
    return {
        "contribution": contribution,
        "worst_contribution": worst,
        "full_cost": receipts - contribution,
        "filler_refunded": worst - back * (frame["worst_filler"].to_numpy() > 0),
        "margin": cost_cards.margin(card, receipts),
        "worst_margin": cost_cards.margin(card, least),
        "break_even_roi": cost_cards.break_even_roi(card, receipts),
    }


def ready_prices(goods: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(sale prices, list prices) as int64, shape (n,); a missing list price is the sale price, a missing sale
    price 0."""
    sale = goods["sale_price"].astype("Int64").fillna(0)
    return sale.to_numpy(np.int64), goods["list_price"].astype("Int64").fillna(sale).to_numpy(np.int64)


def singles(goods: pd.DataFrame, prices: np.ndarray, lists: np.ndarray, rules: list[Rule]) -> Outcome:
    """One unit of each SKU for a buyer who is nobody special."""
    return best(Baskets.single(lists, prices), rules, _terms(goods, rules), EVERYONE)


def with_cuts(goods: pd.DataFrame, rule_sets: Sequence[Sequence[Rule]]) -> pd.DataFrame:
    """All goods of a shop with a column for each rule set (CUT and its number), where a rule looks at list prices: how
    deep the deepest of them is cut below its own, basis points. Parts of this frame keep to the whole shop's."""
    prices, lists = ready_prices(goods)
    deepest = [deepest_cut(lists, prices, rules, _terms(goods, rules)) for rules in rule_sets]
    cuts = {f"{CUT}{n}": cut for n, cut in enumerate(deepest)}
    return goods.assign(**cuts) if any(cuts.values()) else goods


def _cuts(goods: pd.DataFrame, rule_sets: Sequence[Sequence[Rule]]) -> list[int]:
    """By rule set, how deep the shop's goods are cut; of these goods alone where `with_cuts` has not said it."""
    known = goods if f"{CUT}0" in goods or goods.empty else with_cuts(goods, rule_sets)
    return [int(known[f"{CUT}{n}"].max()) if f"{CUT}{n}" in known else 0 for n in range(len(rule_sets))]


def _terms(goods: pd.DataFrame, rules: Sequence[Rule]) -> Terms:
    return terms(rules, goods.index.to_numpy(object)[:, None], goods["category"].to_numpy(object)[:, None])


def funded(rules: Sequence[Rule], outcome: Outcome) -> np.ndarray:
    """Fen of the discounts on the first line that others pay for, shape (baskets,)."""
    parts = outcome.parts[:, :, 0]
    paid_by_others: np.ndarray = (parts - merchant_parts(rules, parts)).sum(axis=0)
    return paid_by_others


def cheapest(found: Sequence[tuple[list[Rule], Worst]]) -> pd.DataFrame:
    """The worst of several moments, SKU by SKU (a fresh index); `worst_receipts` is the least of any moment
    and way."""
    frames = []
    for rules, worst in found:
        names = np.array([rule.rule_id for rule in rules], dtype=object)
        kinds, which = np.unique(((worst.parts > 0) & worst.stack).T, axis=0, return_inverse=True)
        used = [tuple(names[row]) for row in kinds]
        frames.append(
            pd.DataFrame(
                {
                    "worst_landed_price": worst.pay,
                    "worst_receipts": worst.least_receipts,
                    "worst_quantity": worst.quantity,
                    "worst_filler": worst.filler,
                    "worst_outside": worst.outside,
                    "worst_rules": pd.Series([used[kind] for kind in which.ravel()], dtype=object),
                }
            )
        )
    least = frames[0]
    for frame in frames[1:]:
        receipts = np.minimum(least["worst_receipts"], frame["worst_receipts"])
        least = least.where(least["worst_landed_price"] <= frame["worst_landed_price"], frame).assign(
            worst_receipts=receipts
        )
    return least


def ways(
    one: pd.DataFrame, rule_sets: Sequence[Sequence[Rule]], held: frozenset[str] = frozenset()
) -> dict[str, tuple[list[Rule], np.ndarray]]:
    """How one SKU (a frame of one row) is bought, "usual" and "worst": the rules open then, and the fen that
    each takes off a unit."""
    prices, lists = ready_prices(one)
    usual = singles(one, prices, lists, list(rule_sets[0])).parts[:, 0, 0]
    priced = [
        (list(rules), worst_landed(Prices(lists, prices), list(rules), _terms(one, rules), held, cut))
        for rules, cut in zip(rule_sets, _cuts(one, rule_sets), strict=True)
    ]
    rules, worst = min(priced, key=lambda way: int(way[1].pay[0]))
    return {"usual": (list(rule_sets[0]), usual), "worst": (rules, worst.parts[:, 0])}


class Aim(NamedTuple):
    """From which price upwards (Int64 fen), and the margin (basis points) that has to hold."""

    price: pd.Series
    margin: pd.Series


def lifted(
    goods: pd.DataFrame,
    card: pd.DataFrame,
    rule_sets: Sequence[Sequence[Rule]],
    aim: Aim,
    held: frozenset[str] = frozenset(),
) -> pd.Series:
    """The charm price whose margin at the worst landed price is at least the wanted one; missing where none is found."""
    price, margin = aim
    wanted = charm(price)
    needed = cost_cards.price_for(card, margin.to_numpy(np.int64))
    open_rows = (wanted.notna() & needed.notna()).to_numpy(bool, copy=True)
    cuts = _cuts(goods, rule_sets)
    for _ in range(_ROUNDS):
        at = np.flatnonzero(open_rows)
        if not len(at):
            return wanted.mask(needed.isna())
        part = goods.iloc[at].assign(
            sale_price=wanted.iloc[at],
            list_price=np.maximum(goods["list_price"].iloc[at].fillna(0), wanted.iloc[at]),
        )
        prices, lists = ready_prices(part)
        receipts = np.min(
            [
                worst_landed(
                    Prices(lists, prices), list(rules), _terms(part, rules), held, cut
                ).least_receipts
                for rules, cut in zip(rule_sets, cuts, strict=True)
            ],
            axis=0,
        )
        holds = cost_cards.reaches(card.iloc[at], receipts, margin.iloc[at].to_numpy(np.int64))
        open_rows[at] = ~holds
        short = wanted.iloc[at] * needed.iloc[at] // np.maximum(receipts, 1)
        wanted.iloc[at] = wanted.iloc[at].mask(
            ~holds, charm(np.maximum(short.clip(upper=wanted.iloc[at] * 2), wanted.iloc[at] + 1))
        )
    return wanted.mask(open_rows | needed.isna())


def waterfall(
    one: pd.DataFrame, rules: Sequence[Rule], parts: np.ndarray, card: pd.DataFrame
) -> pd.DataFrame:
    """From list price to contribution for one unit (`one` and `card`: frames of one row; `parts`: fen off by
    rule).

    Columns step, amount (fen, signed; all but the last sum to it), kind ("price" | "discount" | "funded" |
    "cost" | "result"). Costs are rounded by largest remainder against the exact contribution, so that the
    steps add up.
    """
    (price,), (list_price,) = (array.tolist() for array in ready_prices(one))
    bearing = int(merchant_parts(rules, parts.reshape(-1, 1)).sum())
    receipts = price - bearing
    steps = [("list_price", list_price, "price"), ("page_cut", price - list_price, "discount")]
    steps += [(rule.rule_id, -int(part), "discount") for rule, part in zip(rules, parts, strict=True) if part]
    steps += [("funded", int(parts.sum()) - bearing, "funded")]
    exact = cost_cards.components(card, np.array([receipts])).iloc[0]
    total = receipts - int(cost_cards.contribution(card, np.array([receipts]))[0])
    steps += [(name, -cost, "cost") for name, cost in cost_cards.rounded(exact, total).items() if cost]
    return pd.DataFrame(
        [*steps, ("contribution", receipts - total, "result")], columns=["step", "amount", "kind"]
    )
