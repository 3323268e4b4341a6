"""Cost cards in numbers: cost, contribution, margin, and the price that reaches one. Exact integers until the
last rounding.

Amounts are fen, rates basis points, both int64. A scale of 1e8 (basis points squared) keeps every product of
two rates whole. Source: the build-up of a price from fixed parts and parts in per cent, with returns: K =
(1-rho) product + rho product (1-recovered) + outbound + rho x return handling + freight insurance; price = K
/ ((1-rho)(1 - rates - margin) - ads), the margin being one of net revenue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

AMOUNTS = (
    "product",
    "inner_packing",
    "outer_packing",
    "after_sale_card",
    "consumables",
    "warehouse",
    "express",
    "labour",
    "holding",
    "freight_insurance",
    "return_handling",
)
RATES = ("production", "commission", "payment_fee", "advertising", "return_rate", "recovered")
FIELDS = AMOUNTS + RATES
OUTBOUND = (
    "inner_packing",
    "outer_packing",
    "after_sale_card",
    "consumables",
    "warehouse",
    "express",
    "labour",
    "holding",
)
KEPT_RATES = (
    "production",
    "commission",
    "payment_fee",
)  # given back with the money of a returned parcel; advertising is not
SHIPPED = dict.fromkeys(FIELDS, 0) | {
    "production": 300,
    "recovered": 8_000,
}  # where neither card nor default says anything
NEEDED = ("product", "express", "commission", "return_rate")
"""What somebody must have stated, be it as 0, before a card is full: the goods, the parcel, the platform, and
what comes back."""
WHOLE = 10_000
SCALE = WHOLE * WHOLE


def resolve(
    cards: pd.DataFrame, layers: Sequence[tuple[str, pd.DataFrame]]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The card of each SKU, field by field from the first layer that says something, and where each number
    came from.

    `cards`: the SKUs' own cards, FIELDS as Int64 with gaps, any index. `layers`: (source, frame with the same
    index and some of the FIELDS), the nearest first. Returns (FIELDS int64, sources as text), both with that
    index; what nobody says is "shipped".
    """
    values, sources = {}, {}
    for name in FIELDS:
        value = cards[name].astype("Int64")
        source = pd.Series("sku", index=cards.index, dtype="str").where(value.notna(), "shipped")
        for label, layer in layers:
            if name not in layer:
                continue
            fills = value.isna() & layer[name].notna()
            value, source = value.fillna(layer[name].astype("Int64")), source.mask(fills, label)
        values[name], sources[name] = value.fillna(SHIPPED[name]).astype("int64"), source
    return pd.DataFrame(values), pd.DataFrame(sources)


def is_full(sources: pd.DataFrame) -> pd.Series:
    """Whether each card states all of NEEDED somewhere (`sources` from `resolve`): bool."""
    return (sources[list(NEEDED)] != "shipped").all(axis=1)


def without_returns(cards: pd.DataFrame) -> pd.DataFrame:
    """The same cards in a world where nothing comes back."""
    return cards.assign(return_rate=0, return_handling=0, freight_insurance=0)


def adjusted(cards: pd.DataFrame, times: Mapping[str, int], to: Mapping[str, int]) -> pd.DataFrame:
    """ "What if": fields multiplied (`times`, basis points: 12,000 is +20%), then fields set (`to`, fen or
    basis points); rates stay within a whole."""
    changed = {name: (cards[name] * factor + WHOLE // 2) // WHOLE for name, factor in times.items()}
    changed |= {name: pd.Series(value, index=cards.index, dtype="int64") for name, value in to.items()}
    return cards.assign(
        **{name: value.clip(0, WHOLE) if name in RATES else value.clip(0) for name, value in changed.items()}
    )


def cost_8(cards: pd.DataFrame) -> np.ndarray:
    """K, the cost of one more order in fen x 1e8, int64 of shape (n,): what does not depend on the price."""
    returned, recovered = cards["return_rate"].to_numpy(), cards["recovered"].to_numpy()
    product = cards["product"].to_numpy() * ((WHOLE - returned) * WHOLE + returned * (WHOLE - recovered))
    outbound = (cards[list(OUTBOUND)].sum(axis=1).to_numpy() + cards["freight_insurance"].to_numpy()) * SCALE
    cost: np.ndarray = product + outbound + returned * cards["return_handling"].to_numpy() * WHOLE
    return cost


def keep_8(cards: pd.DataFrame, margin: np.ndarray | int = 0) -> np.ndarray:
    """What is left of one fen of price after every rate and `margin` (basis points of net revenue), x 1e8,
    int64 of shape (n,)."""
    kept = WHOLE - cards[list(KEPT_RATES)].sum(axis=1).to_numpy() - margin
    rest: np.ndarray = (WHOLE - cards["return_rate"].to_numpy()) * kept - cards[
        "advertising"
    ].to_numpy() * WHOLE
    return rest


def contribution(cards: pd.DataFrame, receipts: np.ndarray) -> np.ndarray:
    """Contribution of one more order in fen, half up, at what the merchant receives for it (price less the
    discounts it funds), shape (n,)."""
    return half_up(receipts * keep_8(cards) - cost_8(cards), SCALE)


def margin(cards: pd.DataFrame, receipts: np.ndarray) -> np.ndarray:
    """Contribution as a share of net revenue (receipts that stay), float64 of shape (n,); NaN where nothing
    stays."""
    net = (receipts * (WHOLE - cards["return_rate"].to_numpy()) * WHOLE).astype(float)
    margin: np.ndarray = np.divide(
        receipts * keep_8(cards) - cost_8(cards), net, out=np.full(len(net), np.nan), where=net > 0
    )
    return margin


def reaches(cards: pd.DataFrame, receipts: np.ndarray, floor: np.ndarray | int) -> np.ndarray:
    """Whether the margin is at least `floor` (basis points, may be negative), decided without a rounding;
    bool of shape (n,)."""
    enough: np.ndarray = receipts * keep_8(cards, floor) >= cost_8(cards)
    return enough


def price_for(cards: pd.DataFrame, floor: np.ndarray | int = 0) -> pd.Series:
    """The price whose margin is `floor` basis points of net revenue (0: break-even), fen half up as Int64;
    missing where no price works."""
    keep = keep_8(cards, floor)
    price = half_up(cost_8(cards), np.where(keep > 0, keep, 1))
    return pd.Series(price, index=cards.index, dtype="Int64").mask(keep <= 0)


def before_ads(cards: pd.DataFrame, receipts: np.ndarray) -> np.ndarray:
    """Contribution before advertising in fen x 1e8, int64 of shape (n,)."""
    contribution: np.ndarray = receipts * keep_8(cards.assign(advertising=0)) - cost_8(cards)
    return contribution


def break_even_roi(cards: pd.DataFrame, receipts: np.ndarray) -> np.ndarray:
    """Gross paid per yuan of advertising at which nothing is left, float64 (n,); infinite where nothing is
    left even without ads. ACOS is its inverse."""
    left = before_ads(cards, receipts).astype(float)
    ratio: np.ndarray = np.divide(
        receipts * float(SCALE), left, out=np.full(len(left), np.inf), where=left > 0
    )
    return ratio


def solved(cards: pd.DataFrame, receipts: np.ndarray, floor: np.ndarray) -> pd.DataFrame:
    """What the numbers come to at these receipts: break_even, floor_price, contribution (Int64 fen), margin,
    break_even_roi, break_even_acos (float64); fresh index."""
    roi = break_even_roi(cards, receipts)
    figures = {
        "break_even": price_for(cards),
        "floor_price": price_for(cards, floor),
        "contribution": contribution(cards, receipts),
    }
    rates = {
        "margin": margin(cards, receipts),
        "break_even_roi": roi,
        "break_even_acos": np.where(roi > 0, 1 / np.where(roi > 0, roi, 1), np.inf),
    }
    return pd.DataFrame(figures | rates).reset_index(drop=True)


def components(cards: pd.DataFrame, receipts: np.ndarray) -> pd.DataFrame:
    """Every cost of one more order in fen x 1e8: a column a field, plus "returned_revenue"; receipts x 1e8
    less their sum is the contribution x 1e8."""
    back = cards["return_rate"].to_numpy()
    stays = WHOLE - back
    product = cards["product"].to_numpy() * (stays * WHOLE + back * (WHOLE - cards["recovered"].to_numpy()))
    steps = {"returned_revenue": receipts * back * WHOLE, "product": product}
    steps |= {name: cards[name].to_numpy() * SCALE for name in (*OUTBOUND, "freight_insurance")}
    steps["return_handling"] = back * cards["return_handling"].to_numpy() * WHOLE
    steps |= {name: receipts * stays * cards[name].to_numpy() for name in KEPT_RATES}
    steps["advertising"] = receipts * cards["advertising"].to_numpy() * WHOLE
    return pd.DataFrame(steps, index=cards.index)


def rounded(exact: pd.Series, total: int) -> dict[str, int]:
    """Amounts in fen x 1e8 as whole fen that sum to `total` (their own sum, rounded): the largest fractions
    are rounded up."""
    whole = exact // SCALE
    rest = (exact % SCALE).sort_values(ascending=False, kind="stable")
    whole[rest.index[: max(total - int(whole.sum()), 0)]] += 1
    return {str(name): int(value) for name, value in whole.items()}


def filler_return(cards: pd.DataFrame) -> np.ndarray:
    """Fen that a filler costs the shop when it is sent back: packed, sent and handled for nothing; taken from
    the SKU's own card, shape (n,)."""
    return (
        cards[list(OUTBOUND)].sum(axis=1) + cards["freight_insurance"] + cards["return_handling"]
    ).to_numpy(np.int64)


def half_up(value: np.ndarray, divisor: np.ndarray | int) -> np.ndarray:
    """The quotient's nearest integer, halves away from zero, int64; the divisor is positive."""
    whole, rest = np.divmod(np.abs(value), divisor)
    rounded: np.ndarray = np.sign(value) * (whole + (2 * rest >= divisor))
    return rounded
