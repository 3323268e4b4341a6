"""Which role a SKU should play in the sale, and whether the roles make a line-up. Pure, one row a SKU."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

TIERS = ("pre_hot", "main_push", "regular", "clearance")
LEADING = ("pre_hot", "main_push")  # the tiers that draw people in
ADVISED = {
    "pre_hot": (0.05, 0.20),
    "main_push": (0.15, 0.50),
    "regular": (0.60, 0.25),
    "clearance": (0.20, 0.05),
}
"""A usual shape: share of the SKUs, share of the planned GMV."""
PRICE_EDGES = (0, 5_000, 10_000, 20_000, 30_000, 50_000, 100_000)  # fen; the last band is open


@dataclass(frozen=True, slots=True)
class Limits:
    """Where the suggestions draw their lines. Shares and rates in 0..1, days of cover at the recent daily
    sales."""

    a_share: float = 0.80
    b_share: float = 0.95
    lead_share: float = (
        0.70  # the SKUs that make this much of the GMV lead: what the leading tiers of a usual shape carry
    )
    hot: float = 1.5  # heat of the last week against the weeks before
    least_heat: int = 20  # carts and favourites of the week, below which a ratio is noise
    margin: float = 0.15
    thin_days: float = 7
    deep_days: float = 120
    least_votes: int = 30  # of the shop's groups, below which a wish is one group's whim
    wished_share: float = (
        0.5  # the SKUs that together have this much of all votes are what the groups wish for
    )


def abc(gmv: pd.Series, limits: Limits | None = None) -> pd.Series:
    """ "A" for the SKUs that together make the first 80% of the GMV, "B" up to 95%, "C" for the rest, "" for
    what has not sold.

    The SKU that crosses a line belongs to the better class. Ties by order.
    """
    limits = limits or Limits()
    sold = gmv.fillna(0).clip(lower=0).astype(float)
    before = ahead(gmv)
    classes = np.select([sold <= 0, before < limits.a_share, before < limits.b_share], ["", "A", "B"], "C")
    return pd.Series(classes, index=gmv.index, dtype="str")


def ahead(gmv: pd.Series) -> pd.Series:
    """The share of the GMV that the better sellers of each SKU make: 0 for the best one. Ties by order."""
    ordered = gmv.fillna(0).clip(lower=0).astype(float).sort_values(ascending=False, kind="stable")
    return ((ordered.cumsum() - ordered) / max(ordered.sum(), 1)).reindex(gmv.index)


def measured(frame: pd.DataFrame, days: int, limits: Limits | None = None) -> pd.DataFrame:
    """What the suggestions look at, added to the frame.

    In: gmv (fen) and units of the last `days` reported days, heat_week and heat_before (carts + favourites of
    the last 7 days, and of the days before those), available (units). Missing figures count as none. Added:
    share (of the GMV), ahead (of the GMV, by better sellers), abc, momentum (heat a day, last week / before;
    NaN below `least_heat` or without days before), days_of_cover (NaN where nothing sells).
    """
    limits = limits or Limits()
    gmv, units = frame["gmv"].fillna(0).astype(float), frame["units"].fillna(0).astype(float)
    week, before = frame["heat_week"].fillna(0).astype(float), frame["heat_before"].fillna(0).astype(float)
    usual = before / max(days - 7, 1)
    momentum = (week / 7 / usual.where(usual > 0)).where(week >= limits.least_heat)
    fresh = (usual == 0) & (week >= limits.least_heat) & (days > 7)
    cover = frame["available"].fillna(0).astype(float).clip(lower=0) / (units / max(days, 1)).where(units > 0)
    return frame.assign(
        share=gmv / max(gmv.sum(), 1),
        ahead=ahead(gmv),
        abc=abc(gmv, limits),
        momentum=momentum.mask(fresh, np.inf),
        days_of_cover=cover,
    )


def wished(votes: pd.Series, limits: Limits | None = None) -> pd.Series:
    """Whether the shop's groups wish for a SKU: it is among those with the first half of all votes, with enough of its
    own."""
    limits = limits or Limits()
    return (votes.fillna(0) >= limits.least_votes) & (ahead(votes) < limits.wished_share)


def suggested(frame: pd.DataFrame, limits: Limits | None = None) -> pd.DataFrame:
    """The tier that the figures speak for, with the reasons as codes: columns suggested (str) and reasons
    (list of str).

    `frame` as `measured` returns it, with margin_rate (float, NaN unknown) and votes (of the shop's groups)
    beside. In order: clearance (too deep or unsold, and neither A nor hot nor wished for), pre-hot (heating up, a
    leader or not yet one, margin not low), main-push (a leader: among those that make the first 70% of the GMV, or
    wished for; margin not low), else regular. A
    leading SKU stays one however little is left of it, since stock can still be ordered: it says
    "raise_stock", what must happen before it can carry.
    """
    limits = limits or Limits()
    lead = (frame["abc"] == "A") & (frame["ahead"] < limits.lead_share)
    top, hot = frame["abc"] == "A", (frame["momentum"] >= limits.hot).fillna(False).astype(bool)
    margin, available = frame["margin_rate"].astype(float), frame["available"].fillna(0) > 0
    low = (margin < limits.margin).fillna(False)
    unsold, voted = (frame["abc"] == "") & available, wished(frame["votes"], limits)
    deep, thin = (
        frame["days_of_cover"] > limits.deep_days,
        ~available | (frame["days_of_cover"] < limits.thin_days),
    )
    tier = np.select(
        [(deep | unsold) & ~top & ~hot & ~voted, hot & ~low, (lead | voted) & ~low],
        ["clearance", "pre_hot", "main_push"],
        "regular",
    )
    leads = np.isin(tier, LEADING)
    reasons = {
        "lead": lead,
        "abc_a": top & ~lead,
        "abc_b": frame["abc"] == "B",
        "abc_c": frame["abc"] == "C",
        "unsold": unsold,
        "hot": hot,
        "voted": voted,
        "cooling": (frame["momentum"] < 1 / limits.hot).fillna(False),
        "margin_low": low,
        "margin_good": (margin >= limits.margin).fillna(False),
        "margin_unknown": margin.isna(),
        "deep": deep,
        "raise_stock": thin & leads,
        "thin": thin & ~leads,
    }
    joined = pd.Series("", index=frame.index)
    for code, holds in reasons.items():
        joined += np.where(holds, f"{code} ", "")
    return pd.DataFrame(
        {"suggested": pd.Series(tier, index=frame.index, dtype="str"), "reasons": joined.str.split()}
    )


def unadvised(frame: pd.DataFrame) -> pd.DataFrame:
    """Without a single report nothing speaks for another tier: each stays where it is, with no reasons.
    Columns as in `suggested`."""
    return pd.DataFrame(
        {"suggested": frame["tier"].astype("str"), "reasons": [[] for _ in range(len(frame))]},
        index=frame.index,
    )


def shape(frame: pd.DataFrame) -> pd.DataFrame:
    """The line-up by tier beside the usual shape, one row a tier.

    In: tier, stock_value, planned_gmv, gmv (fen). Columns: tier, skus, stock_value, planned_gmv, gmv (int64
    fen), and their shares of the whole: sku_share, stock_share, planned_share, gmv_share, advised_skus,
    advised_gmv.
    """
    amounts = ["stock_value", "planned_gmv", "gmv"]
    sums = (
        frame[amounts]
        .fillna(0)
        .astype("int64")
        .groupby(frame["tier"].astype(object))
        .sum()
        .reindex(list(TIERS), fill_value=0)
    )
    sums.insert(0, "skus", frame["tier"].value_counts().reindex(list(TIERS), fill_value=0).astype("int64"))
    for name, column in zip(
        ("sku_share", "stock_share", "planned_share", "gmv_share"), ("skus", *amounts), strict=True
    ):
        sums[name] = sums[column] / max(int(sums[column].sum()), 1)
    sums["advised_skus"], sums["advised_gmv"] = zip(*(ADVISED[tier] for tier in sums.index), strict=True)
    return sums.rename_axis("tier").reset_index()


def gaps(frame: pd.DataFrame) -> pd.DataFrame:
    """Functions without a leader: function, missing ("main_push" | "pre_hot"), skus, gmv (fen); the largest
    GMV first.

    "No main-push in lipstick": a function that has SKUs in the campaign and none of that tier. SKUs without a
    function are left out.
    """
    known = frame[frame["function"].fillna("") != ""]
    by = known.groupby("function")
    counts = pd.DataFrame({"skus": by.size(), "gmv": by["gmv"].sum().astype("int64")})
    parts = [
        counts[~counts.index.isin(known.loc[known["tier"] == tier, "function"])].assign(missing=tier)
        for tier in reversed(LEADING)
    ]
    frame = pd.concat(parts).rename_axis("function").reset_index()[["function", "missing", "skus", "gmv"]]
    return frame.sort_values(["gmv", "function"], ascending=[False, True], kind="stable", ignore_index=True)


def concentration(gmv: pd.Series) -> pd.DataFrame:
    """The curve "the best x% of the SKUs make y% of the GMV": rank (1..n), sku_share, gmv_share; empty
    without sales."""
    ordered = np.sort(gmv.fillna(0).to_numpy(float))[::-1]
    if not ordered.sum() > 0:
        return pd.DataFrame({"rank": [], "sku_share": [], "gmv_share": []})
    rank = np.arange(1, len(ordered) + 1)
    return pd.DataFrame(
        {"rank": rank, "sku_share": rank / len(rank), "gmv_share": ordered.cumsum() / ordered.sum()}
    )


def price_bands(frame: pd.DataFrame, edges: Sequence[int] = PRICE_EDGES) -> pd.DataFrame:
    """SKUs by sale price: low (fen, inclusive), high (fen, exclusive; <NA> for the last), skus, gmv,
    stock_value. Unpriced SKUs are left out."""
    priced = frame[frame["sale_price"].notna()]
    band = np.searchsorted(np.asarray(edges), priced["sale_price"].to_numpy("int64"), side="right") - 1
    sums = (
        priced[["gmv", "stock_value"]]
        .fillna(0)
        .astype("int64")
        .groupby(band)
        .sum()
        .reindex(range(len(edges)), fill_value=0)
    )
    sums.insert(0, "skus", np.bincount(band, minlength=len(edges))[: len(edges)])
    sums.insert(0, "high", pd.Series([*edges[1:], None], dtype="Int64"))
    sums.insert(0, "low", list(edges))
    return sums.reset_index(drop=True)
