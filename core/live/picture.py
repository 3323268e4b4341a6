"""The live picture: what a screen, the wall and the command line show of one minute. Pure: frames and figures in, frames out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from core.campaign.pace import BIN, Curve, share_at
from core.live import pace as pacing

LOW_STOCK = 0.8  # probability that what is left will not last
SLOW_SELL_THROUGH = 0.5  # projected share of the stock that a sale should move at least
TOP = 30  # rows of the ranking


@dataclass(frozen=True, slots=True)
class Scope:
    """The stretch of the sale that is judged: one live phase, its plan and its curve. Amounts in fen, minutes are epoch minutes."""

    campaign_id: str
    name: str
    timezone: str
    phase_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    drill: bool
    target: int
    visitors: int
    conversion_rate: float
    aov: int
    channels: pd.DataFrame  # indexed by channel: gmv, visitors of this phase
    tiers: pd.Series  # indexed by tier: planned share of the amount
    curve: Curve
    errors: tuple[tuple[float, ...], ...]  # per bin: log errors of past days, left out one at a time

    @property
    def first(self) -> int:
        """Epoch minute of the opening."""
        return int(self.starts_at.timestamp() // 60)

    @property
    def last(self) -> int:
        """The last epoch minute of the phase."""
        return int(-(-self.ends_at.timestamp() // 60)) - 1


@dataclass(frozen=True, slots=True)
class Picture:
    """One minute of a sale. Amounts in fen; None where a figure cannot be known, never 0 in its place."""

    scope: Scope
    at: datetime
    minutes: float  # since the opening, 0 before it
    share: float  # C(t)
    placed: int
    paid: int
    refunded: int
    net: int
    expected_net: int | None
    units: int
    visitors: int
    buyers: int
    conversion_rate: float | None
    aov: int | None
    planned: int  # what should be there by now
    pace: float | None  # paid / planned
    forecast: pacing.Forecast
    needed_rate: float | None
    why: pd.DataFrame  # indexed by channel: visitors, conversion_rate, aov, gap (fen)
    line: pd.DataFrame  # at (naive local), paid (fen, NaN ahead of now), plan, low, high, forecast
    goods: pd.DataFrame  # the SKUs that sell, see `goods_table`
    tiers: pd.DataFrame  # indexed by tier: amount, share, planned_share, pace
    attach_orders: int
    attach_rate: float | None
    price_ratio: float | None  # average paid price / expected landed price, weighted by units
    minutes_silent: int | None  # since the last event; None before the first
    tally: dict[str, Any]
    waiting: int
    recounted_at: datetime | None
    recount_faults: int

    @property
    def ahead(self) -> int:
        """Paid less planned by now."""
        return self.paid - self.planned


def amounts(sums: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """(units, fen) by kind over all channels."""
    total = sums.groupby("kind")[["quantity", "amount_fen"]].sum()
    return {str(kind): (int(row.iloc[0]), int(row.iloc[1])) for kind, row in total.iterrows()}


def planned_channels(scope: Scope, share: float) -> pd.DataFrame:
    """What each channel should have by now: visitors, buyers, amount."""
    plan = scope.channels
    visitors = plan["visitors"] * share
    scale = visitors.sum()
    rate = scope.conversion_rate * (scope.visitors * share / scale if scale > 0 else 1)
    return pd.DataFrame({"visitors": visitors, "buyers": visitors * rate, "amount": plan["gmv"] * share}, dtype=float)


def actual_channels(sums: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """What each channel has: visitors, buyers, amount, indexed by channel."""
    paid = sums[sums["kind"] == "pay"].set_index("channel")["amount_fen"].rename("amount")
    return people.set_index("channel").join(paid, how="outer").fillna(0)


def line(scope: Scope, bins: pd.DataFrame, minutes: float, forecast: pacing.Forecast) -> pd.DataFrame:
    """The curve that is drawn: cumulative paid, plan with its band, and the way to the forecast, one row a BIN.

    `bins`: bin, amount_fen. `paid` stops now; `forecast` begins there.
    """
    edges = np.append(np.arange(0, scope.curve.length, BIN, dtype=float), scope.curve.length)
    shares = share_at(scope.curve, edges)
    sums = np.zeros(len(edges) - 1)
    inside = bins[(bins["bin"] >= 0) & (bins["bin"] < len(sums))]
    sums[inside["bin"].to_numpy(dtype="int64")] = inside["amount_fen"].to_numpy(dtype=float)
    paid = np.concatenate([[0.0], np.cumsum(sums)])
    now = int(min(np.ceil(minutes / BIN), len(paid) - 1)) if minutes > 0 else 0
    ahead = np.full(len(edges), np.nan)
    here = float(share_at(scope.curve, minutes))
    if forecast.close is not None and here < 1:
        ahead[now:] = paid[now] + (forecast.close - paid[now]) * np.clip((shares[now:] - here) / (1 - here), 0, 1)
    known = np.where(np.arange(len(paid)) <= now, paid, np.nan)
    errors = scope.errors[min(now, len(scope.errors) - 1)] if scope.errors else ()
    low, high = pacing.band(shares, scope.target, pacing.spread_of(errors))
    start = pd.Timestamp(scope.starts_at).tz_convert(scope.timezone).tz_localize(None)
    at = start + pd.to_timedelta(edges, unit="min")
    return pd.DataFrame({"at": at, "paid": known, "plan": scope.target * shares, "low": low, "high": high, "forecast": ahead})


def goods_table(scope: Scope, sums: pd.DataFrame, stock: pd.DataFrame, lineup: pd.DataFrame, share: float) -> pd.DataFrame:
    """The sale's goods, largest amount first; indexed by sku_code.

    `sums`: as `books.sku_sums`; `stock`: left (Int64, missing = nobody counts it), next_on (ISO day or ""), next_units; `lineup`:
    name, tier, planned_units, landed_price (fen). Columns: name, tier, sold, amount (fen), paid_units, left, sell_through,
    stock_out (minutes after the opening, NaN = not before the close), low (probability), label, next_on, next_units, landed_price.
    """
    frame = pd.DataFrame({"sold": promised_units(sums), "amount": sums["pay_fen"], "paid_units": sums["pay"]}, index=sums.index)
    frame = frame.join(lineup, how="left").join(stock, how="left")
    frame["left"] = frame["left"].astype("Int64")
    left = frame["left"].to_numpy(dtype=float, na_value=np.nan)
    rest, units = np.maximum(np.nan_to_num(left), 0), frame["sold"].to_numpy(dtype=float)
    counted = ~np.isnan(left)
    when = pacing.stock_out_share(units, rest, share) if share > 0 else np.full(len(frame), np.nan)
    low = pacing.low_stock_probability(units, rest, frame["planned_units"].to_numpy(dtype=float, na_value=np.nan), share)
    frame["sell_through"] = np.where(counted & (units + rest > 0), units / np.maximum(units + rest, 1), np.nan)
    frame["stock_out"] = np.where(counted, pacing.share_to_minute(scope.curve.minutes, scope.curve.shares, when), np.nan)
    frame["low"] = np.where(counted, low, np.nan)
    frame["label"] = labels(rest, counted, low, frame["sell_through"].to_numpy(dtype=float), share)
    text = {"name": "", "tier": "", "next_on": ""}
    frame = frame.fillna({name: value for name, value in text.items() if name in frame})
    return frame.sort_values("amount", ascending=False, kind="stable")


def promised_units(sums: pd.DataFrame) -> pd.Series:
    """Units sold by SKU: ordered and not cancelled, or paid where that is more (a payment without its order is a sale too)."""
    ordered = (sums["order"] - sums["cancel"]).clip(lower=0)
    return ordered.where(ordered > sums["pay"], sums["pay"])


def labels(left: np.ndarray, counted: np.ndarray, low: np.ndarray, sell_through: np.ndarray, share: float) -> np.ndarray:
    """sold_out | tight | enough | excess, or "" where nobody counts the stock."""
    slow = (share > 0.2) & (sell_through / max(share, 1e-6) < SLOW_SELL_THROUGH)
    return np.select([~counted, left <= 0, low > LOW_STOCK, slow], ["", "sold_out", "tight", "excess"], "enough")


def tier_table(scope: Scope, goods: pd.DataFrame, share: float) -> pd.DataFrame:
    """Is each tier carrying what it should? Indexed by tier: amount (fen), share, planned_share, pace (amount / planned by now)."""
    amount = goods.groupby(goods["tier"].replace("", "other"))["amount"].sum()
    table = pd.DataFrame({"amount": amount}).join(scope.tiers.rename("planned_share"), how="outer").fillna({"amount": 0})
    total = table["amount"].sum()
    table["share"] = table["amount"] / total if total else np.nan
    due = table["planned_share"] * scope.target * share
    table["pace"] = (table["amount"] / due).where(due > 0)
    return table.sort_values("amount", ascending=False)


def price_ratio(goods: pd.DataFrame) -> float | None:
    """Average paid price over expected landed price, over the units whose landed price is known."""
    known = goods[goods["landed_price"].notna() & (goods["paid_units"] > 0)]
    due = float((known["landed_price"].astype(float) * known["paid_units"]).sum())
    return float(known["amount"].sum()) / due if due > 0 else None
