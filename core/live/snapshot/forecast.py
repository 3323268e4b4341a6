"""Where the sale will end: forecast to close with its interval, the rate that is needed from now, when goods
run out. Pure.

C is the pace curve's share at a minute (core.campaign.pace); amounts are fen, units are units. Sources: a
share-of-day forecast as newsrooms and shops use it, its interval by leaving past days out one at a time; the
stock-out time is the same identity read backwards; the low-stock probability is Gamma-Poisson.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

FEW_DAYS = 10  # below this many past days the interval is widened by what a shop without history expects
PRIOR_DAYS = 2.0  # past days that the shipped curve counts for
PRIOR_ERRORS = 4.0  # past days that the shipped spread counts for
# Log spread of a close of a shop without history: SPREAD x (1 - C) ** SPREAD_FALL.
SPREAD, SPREAD_FALL = 0.345, 1.15
EARLY_SPREAD, EARLY_FALL = 0.2, 2  # added in quadrature while almost nothing has come in
LEAST_SPREAD = 0.02
BAND_SPREAD = 0.25  # of the plan's band without history
BEST = 0.95  # probability with which the close stays below `Forecast.best`
LOOKS = 1.25  # widens `best`, which is looked at all day long
QUIET_MINUTES = 60  # no interval in the first hour without two past days


@dataclass(frozen=True, slots=True)
class Forecast:
    """The close as it looks now (fen). `low` and `high` are None while nobody can honestly give them; `best`
    is the bound that the alert judges by: the close stays below it with probability BEST, widened while few
    past days stand behind it."""

    close: int | None
    low: int | None
    high: int | None
    days: int  # past days behind the interval
    widened: bool  # fewer than FEW_DAYS days: the interval was widened
    best: int | None = None


def residuals(days: ArrayLike, shipped: ArrayLike) -> Floats:
    """ln(final / forecast) of each past day at every bin's end, by the curve of the *other* days and the
    shipped one, which counts for PRIOR_DAYS days; shape (bins + 1, days), NaN where nothing had sold.

    `days`: shares per bin, shape (n, bins); `shipped`: the shipped curve's, shape (bins,). A curve of n - 1
    days errs more than one of n: errors are scaled to those of a curve that is known.
    """
    shapes = np.asarray(days, dtype=float)
    count, bins = shapes.shape
    own = np.concatenate([np.zeros((count, 1)), np.cumsum(shapes, axis=1)], axis=1)
    prior = np.concatenate([[0.0], np.cumsum(np.asarray(shipped, dtype=float))]) * PRIOR_DAYS
    weight = count - 1 + PRIOR_DAYS
    others = (own.sum(axis=0) - own + prior) / weight
    usable = (own > 0) & (others > 0)
    errors = np.full((bins + 1, count), np.nan)
    np.log(np.divide(others, own, out=np.ones_like(own), where=usable).T, out=errors, where=usable.T)
    scaled: Floats = errors / np.sqrt(1 + 1 / weight)
    return scaled


def prior_spread(share: float) -> float:
    """Log spread of a close at a share of the curve, for a shop without history."""
    rest = 1 - min(share, 1.0)
    return float(np.hypot(SPREAD * rest**SPREAD_FALL, EARLY_SPREAD * rest**EARLY_FALL))


def forecast(
    sold: int, share: float, errors: ArrayLike = (), minutes: float = np.inf, level: float = 0.8
) -> Forecast:
    """sold / C with its interval P x exp(+-t s sqrt(1 + 1/(n + PRIOR_DAYS))), `errors` as a row of `residuals`.

    s joins the past days' errors with the spread of a shop without history, which counts for PRIOR_ERRORS
    days. With fewer than two past days there is no interval in the first QUIET_MINUTES.

    >>> forecast(45_000, 0.45).close
    100000
    """
    if share <= 0 or sold <= 0:
        return Forecast(None, None, None, 0, False)
    known = np.asarray(errors, dtype=float)
    known = known[~np.isnan(known)]
    days = int(known.size)
    close, few = sold / share, days < FEW_DAYS
    spread = _spread(known, share) * np.sqrt(1 + 1 / (days + PRIOR_DAYS))
    best = _above(sold, close, _reach(BEST, days) * spread * LOOKS * np.sqrt(1 + 1 / (days + 1)))
    if days < 2 and minutes < QUIET_MINUTES:
        return Forecast(round(close), None, None, days, True, best)
    reach = _reach((1 + level) / 2, days) * spread
    return Forecast(round(close), _above(sold, close, -reach), _above(sold, close, reach), days, few, best)


def _spread(errors: Floats, share: float) -> float:
    """Past days' spread joined on the log scale with that of a shop without history."""
    days, usual = errors.size, np.log(max(prior_spread(share), LEAST_SPREAD))
    if not days:
        return float(np.exp(usual))
    own = 0.5 * (np.log(max(float(np.square(errors).mean()), LEAST_SPREAD**2)) - _chance(days))
    return float(np.exp((PRIOR_ERRORS * usual + days * own) / (PRIOR_ERRORS + days)))


def _chance(days: int) -> float:
    """Half of how much lower the logarithm of a mean of `days` squares lies by chance than that of their
    expectation: Student's quantile makes up for the rest."""
    return float(special.digamma(days / 2) - np.log(days / 2)) / 2


def _reach(probability: float, days: int) -> float:
    return float(special.stdtrit(PRIOR_ERRORS + days, probability))


def _above(sold: int, close: float, reach: float) -> int:
    """A bound of the close; never less than what is sold."""
    return max(sold, round(close * float(np.exp(reach))))


def needed_rate(sold: int, target: int, share: float) -> float | None:
    """How many times the planned rate is needed from now: ((target - sold) / (1 - C)) / target; None when the
    sale is over.

    >>> needed_rate(40, 100, 0.5)
    1.2
    """
    if share >= 1 or target <= 0:
        return None
    return max(0.0, (target - sold) / (1 - share)) / target


def stock_out_share(sold: ArrayLike, left: ArrayLike, share: float) -> Floats:
    """C(t*) at which the stock is gone: C x stock at open / sold; NaN where that is past the close or nothing
    has sold.

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
    reached: Floats = np.interp(
        np.asarray(wanted, dtype=float), knots[rising], levels[rising], left=np.nan, right=np.nan
    )
    return reached


def low_stock_probability(
    sold: ArrayLike, left: ArrayLike, expected: ArrayLike, share: float, spread: float = 0.5
) -> Floats:
    """P(remaining demand > remaining stock), shape (n,).

    The whole sale's demand rate has prior Gamma(mean `expected` units, squared coefficient of variation
    `spread`); having seen `sold` units by C it is Gamma(1/phi + sold, rate 1/(phi mu) + C), and the rest of
    the sale is Poisson with (1 - C) of it: negative binomial. Goods with no expectation take what they have
    sold as the prior mean.
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
        certain: Floats = (rest <= 0).astype(float)
        return certain
    return np.asarray(
        special.betainc(np.floor(rest) + 1, shape, ahead / (rate + ahead)), dtype=float
    )  # the survival function


def band(shares: ArrayLike, target: int, errors_spread: float) -> tuple[Floats, Floats]:
    """The plan's curve with its band (fen): what a day on course looks like at each share, one spread to
    either side. The band is narrow where a day's end is certain and widest early on, relative to what should
    be there."""
    level = np.asarray(shares, dtype=float)
    reach = errors_spread * np.sqrt(np.maximum(1 - level, 0))
    return target * level * np.exp(-reach), target * level * np.exp(reach)


def spread_of(errors: ArrayLike) -> float:
    """The log spread to draw the band with: that of past days, or the default of a shop without history."""
    known = np.asarray(errors, dtype=float)
    known = known[~np.isnan(known)]
    return float(np.std(known, ddof=1)) if known.size >= 3 else BAND_SPREAD


def as_record(value: Forecast) -> dict[str, object]:
    """Plain values for JSON."""
    return {
        "close": value.close,
        "low": value.low,
        "high": value.high,
        "days": value.days,
        "widened": value.widened,
        "best": value.best,
    }
