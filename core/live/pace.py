"""Where the sale will end: forecast to close with its interval, the rate that is needed from now, when goods run out. Pure.

C is the pace curve's share at a minute (core.campaign.pace); amounts are fen, units are units. Sources: a share-of-day forecast as
newsrooms and shops use it, its interval by leaving past days out one at a time; the stock-out time is the same identity read
backwards; the low-stock probability is Gamma-Poisson.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

FEW_DAYS = 10  # below this many past days the interval is too narrow as computed
DEFAULT_SPREAD = 0.25  # log spread of a close without any own history: one sale in three ends beyond +-25%
EARLY_SPREAD = 0.35  # added in quadrature while almost nothing has come in
QUIET_MINUTES = 60  # no interval and no judgement in the first hour without own history


@dataclass(frozen=True, slots=True)
class Forecast:
    """The close as it looks now (fen). `low` and `high` are None while nobody can honestly give them."""

    close: int | None
    low: int | None
    high: int | None
    days: int  # past days behind the interval
    widened: bool  # fewer than FEW_DAYS days: the interval was widened


def residuals(days: ArrayLike, bins: int) -> Floats:
    """ln(final / forecast at that bin) of each past day, with the curve of the *other* days; shape (days,).

    `days`: amounts per bin, shape (n, total bins), n >= 2; `bins` is how many bins have passed. Days that had sold nothing by then
    are left out.
    """
    amounts = np.asarray(days, dtype=float)
    if amounts.ndim != 2 or len(amounts) < 2 or bins <= 0:
        return np.zeros(0)
    shares = amounts / amounts.sum(axis=1, keepdims=True)
    so_far = shares[:, :bins].sum(axis=1)
    others = (so_far.sum() - so_far) / (len(amounts) - 1)
    usable = (so_far > 0) & (others > 0)
    return np.log(others[usable] / so_far[usable])


def forecast(sold: int, share: float, errors: ArrayLike = (), minutes: float = np.inf, level: float = 0.8) -> Forecast:
    """sold / C with its interval P x exp(+-t s sqrt(1 + 1/n)) from past days' log errors at this bin.

    With fewer than FEW_DAYS errors the spread is joined with what a shop without history must expect, and said to be widened;
    without any, there is no interval in the first QUIET_MINUTES.

    >>> forecast(45_000, 0.45).close
    100000
    """
    if share <= 0 or sold <= 0:
        return Forecast(None, None, None, 0, False)
    known = np.asarray(errors, dtype=float)
    days = int(known.size)
    close = sold / share
    if days < 2 and minutes < QUIET_MINUTES:
        return Forecast(round(close), None, None, days, True)
    spread = float(np.std(known, ddof=1)) if days >= 2 else 0.0
    few = days < FEW_DAYS
    if few:
        prior = float(np.hypot(DEFAULT_SPREAD * np.sqrt(1 - share), EARLY_SPREAD * (1 - share) ** 4))
        spread = float(np.hypot(spread, prior * (FEW_DAYS - days) / FEW_DAYS))
    count = max(days, 2)
    reach = float(special.stdtrit(max(count - 1, 3), (1 + level) / 2)) * spread * np.sqrt(1 + 1 / count)
    return Forecast(round(close), max(sold, round(close * np.exp(-reach))), max(sold, round(close * np.exp(reach))), days, few)


def needed_rate(sold: int, target: int, share: float) -> float | None:
    """How many times the planned rate is needed from now: ((target - sold) / (1 - C)) / target; None when the sale is over.

    >>> needed_rate(40, 100, 0.5)
    1.2
    """
    if share >= 1 or target <= 0:
        return None
    return max(0.0, (target - sold) / (1 - share)) / target


def stock_out_share(sold: ArrayLike, left: ArrayLike, share: float) -> Floats:
    """C(t*) at which the stock is gone: C x stock at open / sold; NaN where that is past the close or nothing has sold.

    `sold` and `left` in units, shape (n,). Goods without stock left are out now.

    >>> stock_out_share([420], [180], 0.6).round(9).tolist()
    [0.857142857]
    """
    units = np.asarray(sold, dtype=float)
    rest = np.maximum(np.asarray(left, dtype=float), 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        when = share * (units + rest) / units
    when = np.where(rest <= 0, share, when)
    return np.where((when <= 1) & ((units > 0) | (rest <= 0)), when, np.nan)


def share_to_minute(minutes: ArrayLike, shares: ArrayLike, wanted: ArrayLike) -> Floats:
    """Minutes after the opening at which the curve reaches the wanted shares (NaN stays NaN)."""
    knots, levels = np.asarray(shares, dtype=float), np.asarray(minutes, dtype=float)
    rising = np.concatenate([[True], np.diff(knots) > 0])
    return np.interp(np.asarray(wanted, dtype=float), knots[rising], levels[rising], left=np.nan, right=np.nan)


def low_stock_probability(sold: ArrayLike, left: ArrayLike, expected: ArrayLike, share: float, spread: float = 0.5) -> Floats:
    """P(remaining demand > remaining stock), shape (n,).

    The whole sale's demand rate has prior Gamma(mean `expected` units, squared coefficient of variation `spread`); having seen
    `sold` units by C it is Gamma(1/phi + sold, rate 1/(phi mu) + C), and the rest of the sale is Poisson with (1 - C) of it:
    negative binomial. Goods with no expectation take what they have sold as the prior mean.
    """
    units = np.asarray(sold, dtype=float)
    rest = np.maximum(np.asarray(left, dtype=float), 0)
    guess = np.maximum(units / max(share, 1e-6), 0.5)
    planned = np.asarray(expected, dtype=float)
    mean = np.where(np.nan_to_num(planned) > 0, planned, guess)
    shape = 1 / spread + units
    rate = 1 / (spread * mean) + share
    ahead = max(1 - share, 0.0)
    if ahead == 0:
        return (rest <= 0).astype(float)
    return np.asarray(special.betainc(np.floor(rest) + 1, shape, ahead / (rate + ahead)), dtype=float)  # the survival function


def band(shares: ArrayLike, target: int, errors_spread: float) -> tuple[Floats, Floats]:
    """The plan's curve with its band (fen): what a day on course looks like at each share, one spread to either side.

    The band is narrow where a day's end is certain and widest early on, relative to what should be there.
    """
    level = np.asarray(shares, dtype=float)
    reach = errors_spread * np.sqrt(np.maximum(1 - level, 0))
    return target * level * np.exp(-reach), target * level * np.exp(reach)


def spread_of(errors: ArrayLike) -> float:
    """The log spread to draw the band with: that of past days, or the default of a shop without history."""
    known = np.asarray(errors, dtype=float)
    return float(np.std(known, ddof=1)) if known.size >= 3 else DEFAULT_SPREAD


def as_record(value: Forecast) -> dict[str, Any]:
    """Plain values for JSON."""
    return {"close": value.close, "low": value.low, "high": value.high, "days": value.days, "widened": value.widened}
