"""From prices, rules and cost cards to one frame of figures by SKU: landed, worst landed, contribution, margin. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.pricing import cards
from core.pricing.methods import charm
from core.pricing.rules import EVERYONE, Baskets, Outcome, Rule, Terms, best, merchant_parts, terms
from core.pricing.worst import Worst, worst_landed

_ROUNDS = 40  # of raising a price until its worst landed price holds the margin


def figures(
    goods: pd.DataFrame,
    card: pd.DataFrame,
    rule_sets: Sequence[Sequence[Rule]],
    targets: pd.DataFrame,
    held: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """The figures of each SKU, indexed as `goods` (which has list_price and sale_price as Int64 fen, category; index sku_code).

    `rule_sets`: the rules that are open together, the opening's first. `targets`: floor and target margins in basis points (int64). Amounts are Int64 fen,
    missing where there is no sale price; margins Float64. Columns: landed_price and receipts (what every buyer gets who buys one), worst_landed_price,
    worst_receipts (the least that the merchant receives in any way), worst_quantity, worst_filler, worst_outside, worst_rules (tuple of rule ids),
    contribution, margin, worst_contribution, worst_margin, filler_refunded, full_cost, break_even, floor_price, target_price, break_even_roi.
    `held`: as `worst_landed`.
    """
    prices, lists = ready_prices(goods)
    opening = singles(goods, prices, lists, list(rule_sets[0]))
    receipts = opening.pay[:, 0] + funded(rule_sets[0], opening)
    worst = cheapest([(list(rules), worst_landed(lists, prices, list(rules), _terms(goods, rules), held)) for rules in rule_sets])
    contribution, least = cards.contribution(card, receipts), cards.contribution(card, worst["worst_receipts"].to_numpy())
    back = cards.filler_return(card)
    frame = pd.DataFrame({"landed_price": opening.pay[:, 0], "receipts": receipts}, index=goods.index).join(
        worst.set_index(goods.index)
    )
    frame = frame.assign(
        contribution=contribution, worst_contribution=least, full_cost=receipts - contribution,
        filler_refunded=least - back * (frame["worst_filler"].to_numpy() > 0),
        margin=cards.margin(card, receipts), worst_margin=cards.margin(card, frame["worst_receipts"].to_numpy()),
        break_even_roi=cards.break_even_roi(card, receipts),
    )  # fmt: skip
    priced = goods["sale_price"].notna()
    nullable = {name: "Int64" for name in frame.columns if pd.api.types.is_integer_dtype(frame[name])}
    frame = frame.astype(nullable | dict.fromkeys(("margin", "worst_margin", "break_even_roi"), "Float64"))
    frame = frame.assign(**{name: frame[name].mask(~priced) for name in frame.columns if name != "worst_rules"})
    solved: dict[str, np.ndarray | int] = {
        "break_even": 0,
        "floor_price": targets["floor"].to_numpy(),
        "target_price": targets["target"].to_numpy(),
    }
    return frame.assign(**{name: cards.price_for(card, margin) for name, margin in solved.items()})


def ready_prices(goods: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """(sale prices, list prices) as int64, shape (n,); a missing list price is the sale price, a missing sale price 0."""
    sale = goods["sale_price"].astype("Int64").fillna(0)
    return sale.to_numpy(np.int64), goods["list_price"].astype("Int64").fillna(sale).to_numpy(np.int64)


def singles(goods: pd.DataFrame, prices: np.ndarray, lists: np.ndarray, rules: list[Rule]) -> Outcome:
    """One unit of each SKU for a buyer who is nobody special."""
    return best(Baskets.single(lists, prices), rules, _terms(goods, rules), EVERYONE)


def _terms(goods: pd.DataFrame, rules: Sequence[Rule]) -> Terms:
    return terms(rules, goods.index.to_numpy(object)[:, None], goods["category"].to_numpy(object)[:, None])


def funded(rules: Sequence[Rule], outcome: Outcome) -> np.ndarray:
    """Fen of the discounts on the first line that others pay for, shape (baskets,)."""
    parts = outcome.parts[:, :, 0]
    return (parts - merchant_parts(rules, parts)).sum(axis=0)


def cheapest(found: Sequence[tuple[list[Rule], Worst]]) -> pd.DataFrame:
    """The worst of several moments, SKU by SKU (a fresh index); `worst_receipts` is the least of any moment and way."""
    frames = []
    for rules, worst in found:
        names = np.array([rule.rule_id for rule in rules], dtype=object)
        kinds, which = np.unique(((worst.parts > 0) & worst.stack).T, axis=0, return_inverse=True)
        used = [tuple(names[row]) for row in kinds]
        frames.append(pd.DataFrame({
            "worst_landed_price": worst.pay, "worst_receipts": worst.least_receipts, "worst_quantity": worst.quantity, "worst_filler": worst.filler,
            "worst_outside": worst.outside, "worst_rules": pd.Series([used[kind] for kind in which.ravel()], dtype=object),
        }))  # fmt: skip
    least = frames[0]
    for frame in frames[1:]:
        receipts = np.minimum(least["worst_receipts"], frame["worst_receipts"])
        least = least.where(least["worst_landed_price"] <= frame["worst_landed_price"], frame).assign(worst_receipts=receipts)
    return least


def ways(
    one: pd.DataFrame, rule_sets: Sequence[Sequence[Rule]], held: frozenset[str] = frozenset()
) -> dict[str, tuple[list[Rule], np.ndarray]]:
    """How one SKU (a frame of one row) is bought, "usual" and "worst": the rules open then, and the fen that each takes off a unit."""
    prices, lists = ready_prices(one)
    usual = singles(one, prices, lists, list(rule_sets[0])).parts[:, 0, 0]
    found = [(list(rules), worst_landed(lists, prices, list(rules), _terms(one, rules), held)) for rules in rule_sets]
    rules, worst = min(found, key=lambda way: int(way[1].pay[0]))
    return {"usual": (list(rule_sets[0]), usual), "worst": (rules, worst.parts[:, 0])}


def lifted(
    goods: pd.DataFrame,
    card: pd.DataFrame,
    rule_sets: Sequence[Sequence[Rule]],
    price: pd.Series,
    margin: pd.Series,
    held: frozenset[str] = frozenset(),
) -> pd.Series:
    """The charm price from `price` (Int64 fen) upwards whose margin at the worst landed price is at least `margin` (basis points); missing where none is found."""
    wanted = charm(price)
    needed = cards.price_for(card, margin.to_numpy(np.int64))
    open_rows = (wanted.notna() & needed.notna()).to_numpy(bool, copy=True)
    for _ in range(_ROUNDS):
        at = np.flatnonzero(open_rows)
        if not len(at):
            return wanted.mask(needed.isna())
        part = goods.iloc[at].assign(
            sale_price=wanted.iloc[at], list_price=np.maximum(goods["list_price"].iloc[at].fillna(0), wanted.iloc[at])
        )
        prices, lists = ready_prices(part)
        receipts = np.min(
            [worst_landed(lists, prices, list(rules), _terms(part, rules), held).least_receipts for rules in rule_sets], axis=0
        )
        holds = cards.reaches(card.iloc[at], receipts, margin.iloc[at].to_numpy(np.int64))
        open_rows[at] = ~holds
        short = wanted.iloc[at] * needed.iloc[at] // np.maximum(receipts, 1)
        wanted.iloc[at] = wanted.iloc[at].mask(
            ~holds, charm(np.maximum(short.clip(upper=wanted.iloc[at] * 2), wanted.iloc[at] + 1))
        )
    return wanted.mask(open_rows | needed.isna())


def waterfall(one: pd.DataFrame, rules: Sequence[Rule], parts: np.ndarray, card: pd.DataFrame) -> pd.DataFrame:
    """From list price to contribution for one unit (`one` and `card`: frames of one row; `parts`: fen off by rule).

    Columns step, amount (fen, signed; all but the last sum to it), kind ("price" | "discount" | "funded" | "cost" | "result"). Costs are rounded by largest
    remainder against the exact contribution, so that the steps add up.
    """
    (price,), (list_price,) = (array.tolist() for array in ready_prices(one))
    bearing = int(merchant_parts(rules, parts.reshape(-1, 1)).sum())
    receipts = price - bearing
    steps = [("list_price", list_price, "price"), ("page_cut", price - list_price, "discount")]
    steps += [(rule.rule_id, -int(part), "discount") for rule, part in zip(rules, parts, strict=True) if part]
    steps += [("funded", int(parts.sum()) - bearing, "funded")]
    exact = cards.components(card, np.array([receipts])).iloc[0]
    total = receipts - int(cards.contribution(card, np.array([receipts]))[0])
    steps += [(name, -cost, "cost") for name, cost in cards.rounded(exact, total).items() if cost]
    return pd.DataFrame([*steps, ("contribution", receipts - total, "result")], columns=["step", "amount", "kind"])
