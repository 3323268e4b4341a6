"""What is bought together: pairs from order baskets, and which of them make an attach plan. Pure."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse

from core.lineup.tiers import LEADING

LARGEST_BASKET = 60  # kinds of goods; a larger order is a trader's, and says nothing about taste
PAIRS = ["sku_code", "partner_code", "together", "support", "confidence", "lift"]


def pairs(baskets: pd.DataFrame, least: int = 3) -> pd.DataFrame:
    """Ordered pairs of SKUs that stood in one order at least `least` times.

    `baskets`: order_id, sku_code (repeats count once). Columns: sku_code, partner_code, together (orders with
    both), support (together / all orders), confidence (together / orders with sku_code), lift (confidence /
    the partner's own share of orders): above 1 the two are bought together more often than by chance. Each
    pair stands twice, once from each side. Largest lift first.
    """
    lines = baskets[["order_id", "sku_code"]].drop_duplicates()
    lines = lines[lines.groupby("order_id")["sku_code"].transform("size") <= LARGEST_BASKET]
    order, orders = pd.factorize(lines["order_id"])
    item, codes = pd.factorize(lines["sku_code"])
    count = len(orders)
    matrix = sparse.csr_matrix((np.ones(len(lines), np.int64), (order, item)), shape=(count, len(codes)))
    both = (matrix.T @ matrix).tocoo()
    own = np.bincount(item, minlength=len(codes))
    keep = (both.row != both.col) & (both.data >= least)
    first, second, together = both.row[keep], both.col[keep], both.data[keep]
    confidence = together / own[first]
    frame = pd.DataFrame(
        {
            "sku_code": np.asarray(codes, dtype=object)[first],
            "partner_code": np.asarray(codes, dtype=object)[second],
            "together": together.astype(np.int64),
            "support": together / max(count, 1),
            "confidence": confidence,
            "lift": confidence / (own[second] / max(count, 1)),
        },
        columns=PAIRS,
    )
    return frame.sort_values(
        ["lift", "together", "sku_code", "partner_code"],
        ascending=[False, False, True, True],
        ignore_index=True,
    )


def advised(pairs: pd.DataFrame, lineup: pd.DataFrame, margin: float = 0.15) -> pd.DataFrame:
    """Pairs of a leading SKU (pre-hot, main-push) with a following one (regular, clearance), judged by the
    partner's margin and stock.

    `lineup`, indexed by sku_code: tier, available (units), planned_units, margin_rate (NaN unknown),
    sale_price (fen). Adds needed (partner units if the leader sells its planned units), gain (fen: the
    partner's margin per leader sold; NaN unknown) and verdict: "good", "short" (stock below what is needed),
    "low_margin", "rare" (lift not above 1). Good ones first, by gain, then lift.
    """
    leader, partner = (
        lineup.reindex(pairs[name]).reset_index(drop=True) for name in ("sku_code", "partner_code")
    )
    frame = pairs.reset_index(drop=True).assign(
        needed=np.ceil(
            pairs["confidence"].to_numpy() * leader["planned_units"].fillna(0).astype(float)
        ).astype("int64"),
        available=partner["available"].fillna(0).astype("int64"),
        margin_rate=partner["margin_rate"].astype(float),
        gain=pairs["confidence"].to_numpy()
        * partner["margin_rate"].astype(float)
        * partner["sale_price"].astype(float),
    )
    short = (frame["available"] <= 0) | (frame["available"] < frame["needed"])
    low = (frame["margin_rate"] < margin).fillna(False)
    frame["verdict"] = np.select([frame["lift"] <= 1, low, short], ["rare", "low_margin", "short"], "good")
    fits = leader["tier"].isin(LEADING) & partner["tier"].notna() & ~partner["tier"].isin(LEADING)
    order = frame.assign(bad=frame["verdict"] != "good", worth=frame["gain"].fillna(-1))[fits]
    return order.sort_values(
        ["bad", "worth", "lift"], ascending=[True, False, False], kind="stable", ignore_index=True
    ).drop(columns=["bad", "worth"])
