"""Refunds paid before the goods are back: which ones the rule lets through, what it costs, and whom it stops. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

WINDOW_DAYS = 30  # in which a buyer's fast refunds are counted


@dataclass(frozen=True, slots=True)
class FastRefund:
    """`most`: fen of one refund; `kept_back`: categories whose goods are seen first; `orders`: paid orders that a buyer
    must have; `share`: of which this part at most was refunded; `times`: fast refunds of one buyer in WINDOW_DAYS; `loss`:
    share of the money advanced whose goods never come back (an assumption until returns are scanned)."""

    most: int = 10_000
    kept_back: frozenset[str] = frozenset()
    orders: int = 2
    share: float = 0.3
    times: int = 3
    loss: float = 0.02


def judged(refunds: pd.DataFrame, rule: FastRefund) -> pd.Series:
    """Why each past refund would not have been fast, "" where it would: "amount" | "goods" | "unknown_buyer" |
    "history" | "abuse", the first that holds.

    `refunds`: amount (fen), category, buyer_key, day (days as whole numbers), earlier_orders, earlier_refunds (paid orders
    of the buyer before, and refunded ones of them), by day."""
    enough = (refunds["earlier_orders"] >= rule.orders) & (
        refunds["earlier_refunds"] <= rule.share * refunds["earlier_orders"]
    )
    reasons = [
        refunds["amount"] > rule.most,
        refunds["category"].isin(rule.kept_back),
        refunds["buyer_key"] == "",
        ~enough,
    ]
    why = pd.Series(
        np.select(
            [one.to_numpy(bool) for one in reasons], ["amount", "goods", "unknown_buyer", "history"], ""
        ),
        index=refunds.index,
    )
    return why.mask(_beyond(refunds[why == ""], rule.times).reindex(refunds.index, fill_value=False), "abuse")


def _beyond(fast: pd.DataFrame, times: int) -> pd.Series:
    """Which fast refunds are beyond their buyer's `times` within WINDOW_DAYS; only those let through count."""
    beyond = np.zeros(len(fast), dtype=bool)
    ordered = fast.reset_index(drop=True).sort_values("day", kind="stable")
    for _, own in ordered.groupby("buyer_key"):
        through: list[int] = []
        for row, day in zip(own.index.to_numpy(), own["day"].astype("int64").tolist(), strict=True):
            through = [one for one in through if day - one < WINDOW_DAYS]
            beyond[row] = len(through) >= times
            through += [] if beyond[row] else [day]
    return pd.Series(beyond, index=fast.index)


@dataclass(frozen=True, slots=True)
class Cost:
    """What the rule would have done: refunds in all and fast, fen advanced, fen expected to be lost, days of waiting
    spared a refund (NaN where nothing says how long it took), and the refunds it would not let through by reason."""

    refunds: int
    fast: int
    advanced: int
    lost: int
    days_spared: float
    held: dict[str, int]


def cost(refunds: pd.DataFrame, rule: FastRefund) -> Cost:
    """The rule over past refunds. `refunds`: as `judged`, and `waited` (days from payment to refund, NaN unknown)."""
    why = judged(refunds, rule)
    fast = refunds[why == ""]
    advanced = int(fast["amount"].sum())
    waited = fast["waited"].dropna()
    return Cost(
        len(refunds),
        len(fast),
        advanced,
        int(np.floor(advanced * rule.loss + 0.5)),
        float(waited.mean()) if len(waited) else float("nan"),
        {str(name): int(n) for name, n in why[why != ""].value_counts().items()},
    )
