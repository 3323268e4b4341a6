"""The live picture: what a screen, the wall and the command line show of one minute. Pure: frames and figures
in, frames out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from core.campaign.pace import BIN, Curve, Floats, bin_edges, share_at
from core.live.snapshot import forecast as pacing
from core.live.snapshot.gap_factors import Figures
from core.live.snapshot.queries import CANCELLED, ORDERED, PAID, PAID_FEN, Goods, Ints

LOW_STOCK = 0.8  # probability that what is left will not last
SLOW_SELL_THROUGH = 0.5  # projected share of the stock that a sale should move at least
TOP = 30  # rows of the ranking
LATELY = 30  # minutes that the speed of now is taken over
COST_COLUMNS = ("contribution", "unit_cost", "worst_contribution")


@dataclass(frozen=True, slots=True)
class Past:
    """The shop's own sale days as shares of a day, shape (days, bins), and the shipped curve's, shape (bins,)."""

    days: Floats
    shipped: Floats


@dataclass(frozen=True, slots=True)
class Scope:
    """The stretch of the sale that is judged: one live phase, its plan and its curve. Amounts in fen, minutes
    are epoch minutes."""

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
    errors: Floats  # (bins + 1, days): log errors of past days, left out one at a time
    past: Past
    scale: float = 1.0  # which part of the plan a drill plays, with as much of the stock

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
    speed: float | None  # of the last LATELY minutes, actual / planned; None before the first BIN is full
    why: pd.DataFrame  # indexed by channel: visitors, conversion_rate, aov, gap (fen)
    line: pd.DataFrame  # at (naive local), paid (fen, NaN ahead of now), plan, low, high, forecast
    goods: pd.DataFrame  # the SKUs that sell, see `goods_table`
    tiers: pd.DataFrame  # indexed by tier: amount, share, planned_share, pace
    attach_orders: int
    attach_rate: float | None
    price_ratio: float | None  # average paid price / expected landed price, weighted by units
    minutes_silent: int | None  # since the last event; None before the first
    tally: dict[str, object]
    waiting: int
    recounted_at: datetime | None
    recount_faults: int

    @property
    def ahead(self) -> int:
        """Paid less planned by now."""
        return self.paid - self.planned


@dataclass(frozen=True, slots=True)
class Course:
    """The curve at its drawn points, the same all night: minutes after the opening, shares, local moments."""

    edges: Floats
    shares: Floats
    at: pd.DatetimeIndex

    @classmethod
    def of(cls, scope: Scope) -> Course:
        """The course of a scope, one point a BIN and the close."""
        edges = bin_edges(scope.curve)
        start = pd.Timestamp(scope.starts_at).tz_convert(scope.timezone).tz_localize(None)
        return cls(edges, share_at(scope.curve, edges), start + pd.to_timedelta(edges, unit="min"))


def amounts(sums: pd.DataFrame) -> dict[str, tuple[int, int]]:
    """(units, fen) by kind over all channels."""
    total = sums.groupby("kind")[["quantity", "amount_fen"]].sum()
    return {str(kind): (int(row.iloc[0]), int(row.iloc[1])) for kind, row in total.iterrows()}


def planned_channels(scope: Scope, share: float) -> dict[str, Figures]:
    """What each channel should have by now: (visitors, buyers, fen)."""
    visitors, gmv = (scope.channels[name].to_numpy(dtype=float) * share for name in ("visitors", "gmv"))
    scale = visitors.sum()
    rate = scope.conversion_rate * (scope.visitors * share / scale if scale > 0 else 1)
    figures = zip(visitors.tolist(), (visitors * rate).tolist(), gmv.tolist(), strict=True)
    return dict(zip(map(str, scope.channels.index), figures, strict=True))


def actual_channels(people: Mapping[str, tuple[int, int]], paid: Mapping[str, int]) -> dict[str, Figures]:
    """What each channel has: (visitors, buyers, fen)."""
    return {name: (*people.get(name, (0, 0)), paid.get(name, 0)) for name in {**people, **paid}}


def speed(scope: Scope, course: Course, bins: Ints, minutes: float) -> float | None:
    """Actual / planned over the last LATELY minutes of whole BINs, `bins` in fen; None where nothing is planned."""
    last = int(min(minutes // BIN, len(bins)))
    first = max(0, last - LATELY // BIN)
    planned = scope.target * float(course.shares[last] - course.shares[first]) if last > first else 0.0
    return float(bins[first:last].sum()) / planned if planned > 0 else None


def line(scope: Scope, course: Course, bins: Ints, minutes: float, forecast: pacing.Forecast) -> pd.DataFrame:
    """The curve that is drawn: cumulative paid, plan with its band, and the way to the forecast, one row a
    BIN.

    `bins`: fen by BIN. `paid` stops now; `forecast` begins there.
    """
    shares, paid = course.shares, np.concatenate([[0.0], np.cumsum(bins)])
    now = int(min(np.ceil(minutes / BIN), len(paid) - 1)) if minutes > 0 else 0
    ahead = np.full(len(paid), np.nan)
    here = float(share_at(scope.curve, minutes))
    if forecast.close is not None and here < 1:
        ahead[now:] = paid[now] + (forecast.close - paid[now]) * np.clip(
            (shares[now:] - here) / (1 - here), 0, 1
        )
    known = np.where(np.arange(len(paid)) <= now, paid, np.nan)
    errors = scope.errors[min(now, len(scope.errors) - 1)]
    low, high = pacing.band(shares, scope.target, pacing.spread_of(errors))
    return pd.DataFrame(
        {
            "at": course.at,
            "paid": known,
            "plan": scope.target * shares,
            "low": low,
            "high": high,
            "forecast": ahead,
        }
    )


def aligned(lineup: pd.DataFrame, codes: tuple[str, ...], costs: bool = True) -> pd.DataFrame:
    """The lineup's rows in the order of these codes, without COST_COLUMNS unless `costs`; texts are "" for
    goods that it does not know."""
    visible = lineup if costs else lineup.drop(columns=list(COST_COLUMNS))
    return visible.reindex(pd.Index(codes, dtype="str", name="sku_code")).fillna(
        {"name": "", "spec": "", "tier": "", "function": "", "next_on": ""}
    )


def goods_table(scope: Scope, sold: Goods, left: Floats, lineup: pd.DataFrame, share: float) -> pd.DataFrame:
    """The sale's goods, largest amount first; indexed by sku_code.

    `left`: units in the order of `sold.codes`, NaN where nobody counts them; `lineup`: as `aligned`, with
    name, spec, tier, function, planned_units, landed_price (fen), next_on (ISO day or ""), next_units. Columns: those of the
    lineup, and sold, amount (fen), paid_units, left, sell_through, stock_out (minutes after the opening, NaN
    = not before the close), low (probability), label.
    """
    units = promised_units(sold.sums)
    counted, rest = ~np.isnan(left), np.maximum(np.nan_to_num(left), 0)
    when = pacing.stock_out_share(units, rest, share) if share > 0 else np.full(len(units), np.nan)
    low = pacing.low_stock_probability(
        units, rest, lineup["planned_units"].to_numpy(dtype=float, na_value=np.nan) * scope.scale, share
    )
    through = np.where(counted & (units + rest > 0), units / np.maximum(units + rest, 1), np.nan)
    columns = {
        "sold": units,
        "amount": sold.sums[:, PAID_FEN],
        "paid_units": sold.sums[:, PAID],
        "left": pd.arrays.IntegerArray(np.where(counted, left, 0).astype("int64"), ~counted),
        "sell_through": through,
        "stock_out": np.where(
            counted, pacing.share_to_minute(scope.curve.minutes, scope.curve.shares, when), np.nan
        ),
        "low": np.where(counted, low, np.nan),
        "label": labels(rest, counted, low, through, share),
    }
    order = np.argsort(-sold.sums[:, PAID_FEN], kind="stable")
    return pd.concat([lineup, pd.DataFrame(columns, index=lineup.index)], axis=1).take(order)


def promised_units(sums: Ints) -> Ints:
    """Units sold by SKU, from `Goods.sums`: ordered and not cancelled, or paid where that is more (a payment
    without its order is a sale too)."""
    promised: Ints = np.maximum(sums[:, ORDERED] - sums[:, CANCELLED], sums[:, PAID]).clip(min=0)
    return promised


def labels(
    left: np.ndarray, counted: np.ndarray, low: np.ndarray, sell_through: np.ndarray, share: float
) -> np.ndarray:
    """sold_out | tight | enough | excess, or "" where nobody counts the stock."""
    slow = (share > 0.2) & (sell_through / max(share, 1e-6) < SLOW_SELL_THROUGH)
    return np.select(
        [~counted, left <= 0, low > LOW_STOCK, slow], ["", "sold_out", "tight", "excess"], "enough"
    )


def tier_table(scope: Scope, goods: pd.DataFrame, share: float) -> pd.DataFrame:
    """Is each tier carrying what it should? Indexed by tier: amount (fen), share, planned_share, pace (amount
    / planned by now)."""
    places, names = pd.factorize(goods["tier"])
    sums = np.bincount(places, weights=goods["amount"].to_numpy(dtype=float), minlength=len(names))
    sold = {str(name) or "other": amount for name, amount in zip(names, sums, strict=True)}
    planned: dict[str, float] = dict(zip(scope.tiers.index, scope.tiers.tolist(), strict=True))
    whole, due = sums.sum(), scope.target * share
    rows = [
        (
            tier,
            amount := sold.get(tier, 0.0),
            amount / whole if whole else np.nan,
            part := planned.get(tier, np.nan),
            _ratio(amount, part * due),
        )
        for tier in {**sold, **planned}
    ]
    rows.sort(key=lambda row: -row[1])
    figures = np.array([row[1:] for row in rows], dtype=float).reshape(-1, 4)
    order = pd.Index([row[0] for row in rows], dtype="str", name="tier")
    return pd.DataFrame(figures, index=order, columns=["amount", "share", "planned_share", "pace"])


def _ratio(amount: float, due: float) -> float:
    return amount / due if due > 0 else float("nan")


def price_ratio(goods: pd.DataFrame) -> float | None:
    """Average paid price over expected landed price, over the units whose landed price is known."""
    landed = goods["landed_price"].to_numpy(dtype=float, na_value=np.nan)
    units, amount = goods["paid_units"].to_numpy(), goods["amount"].to_numpy()
    known = ~np.isnan(landed) & (units > 0)
    due = float((landed[known] * units[known]).sum())
    return float(amount[known].sum()) / due if due > 0 else None
