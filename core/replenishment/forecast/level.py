"""How high a whole sale goes: the uplift that all its SKUs share, learnt from sales as the unit of evidence.

Two hundred SKUs of one sale have met one crowd, one weather, one discount: they are one observation of the
sale's level. A past sale's observation is the log of what it sold over what the shipped prior of its kind and
length expected of its ordinary rate. Model: log level = prior(kind, length) + shop + sale, with shop ~
N(0, SHOP_SD²) learnt and sale ~ N(0, SALE_SD²) new each time (a normal random effect, Searle et al., Variance
Components, ch. 3). The spread between sales starts as SALE_SALES sales of the shipped spread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from core.campaign.sale_kinds import SaleKind

Array = NDArray[np.float64]

PRIOR_UPLIFT = {
    SaleKind.FESTIVAL: 3.5,
    SaleKind.PROMOTION: 2.2,
    SaleKind.PRESALE: 3.0,
}  # first day against an ordinary day, units without the pre-sale's (an assumption, said on the page)
SHOP_SD = 0.35  # log standard deviation of a shop's own level around the shipped one
SALE_SD = 0.3  # between sales of one shop, log scale
SALE_SALES = 4.0  # sales that it takes to believe the shop's own spread between sales half
KIND_SD = 0.3  # what a sale of another kind is further off
SHAPE_SALES = 2.0  # sales of several days that it takes to believe the shop's own shape half
_LEAST_LIFT, _MOST_LIFT = 0.05, 2.0  # of a later day, in lifts of the first


@dataclass(frozen=True, slots=True)
class DayShape:
    """The lift over an ordinary day on the middle days and on the last day of a sale, the first day's being
    1."""

    middle: float = 0.4
    last: float = 0.3

    def lifts(self, days: int) -> Array:
        """The lift of each day of a sale of so many days, shape (days,).

        >>> DayShape().lifts(3).tolist()
        [1.0, 0.4, 0.3]
        """
        lift = np.full(days, self.middle)
        lift[-1] = self.last
        lift[0] = 1.0
        return lift

    def mean_uplift(self, first_day: float, days: int) -> float:
        """Mean uplift over the days of a sale whose first day sells `first_day` times an ordinary one.

        >>> round(DayShape().mean_uplift(3.5, 3), 4)
        2.4167
        """
        return 1.0 + (first_day - 1.0) * float(self.lifts(days).mean())


@dataclass(frozen=True, slots=True)
class SaleResult:
    """A closed sale as one observation: its kind and length, ordinary units expected of its days, units sold
    (without the pre-sale), and the units of each day."""

    kind: SaleKind
    ordinary: float
    sold: float
    daily: Array

    @property
    def days(self) -> int:
        """How many days it was open."""
        return len(self.daily)


@dataclass(frozen=True, slots=True)
class Level:
    """The level of a sale before it opens: median uplift over its days, log standard deviation, and the sales
    that it was learnt from."""

    uplift: float
    log_sd: float
    sales: int

    def at(self, probability: float) -> float:
        """The level's quantile as a factor of its median; tails by Student's t, since the spread itself is
        known from few sales."""
        return float(np.exp(self.log_sd * t.ppf(probability, SALE_SALES + self.sales)))


def shape(results: Sequence[SaleResult]) -> DayShape:
    """The day shape after these sales: the shipped one shrunk towards what sales of several days showed."""
    shipped = DayShape()
    middle, last = [SHAPE_SALES * shipped.middle], [SHAPE_SALES * shipped.last]
    weight_middle = weight_last = SHAPE_SALES
    for result in results:
        lift = result.daily / max(result.ordinary / result.days, 1e-9) - 1.0
        if result.days < 2 or lift[0] <= 0.1:
            continue
        relative = np.clip(lift / lift[0], _LEAST_LIFT, _MOST_LIFT)
        last, weight_last = [*last, float(relative[-1])], weight_last + 1
        if result.days > 2:
            middle, weight_middle = [*middle, float(relative[1:-1].mean())], weight_middle + 1
    return DayShape(sum(middle) / weight_middle, sum(last) / weight_last)


def expected(results: Sequence[SaleResult], kind: SaleKind, days: int) -> Level:
    """The level of a coming sale of this kind and length after these closed sales, shipped priors without
    any."""
    own = shape(results)
    gaps, noise = _gaps(results, kind, own)
    spread = SALE_SD**2
    for _ in range(3):  # the shop's level and the spread between its sales, in turn
        weight = 1.0 / (spread + noise)
        shop = float((weight * gaps).sum() / (weight.sum() + SHOP_SD**-2))
        rest = (gaps - shop) ** 2 - noise
        spread = (SALE_SALES * SALE_SD**2 + float(rest.sum())) / (SALE_SALES + len(gaps))
        spread = max(spread, (0.3 * SALE_SD) ** 2)
    weight = 1.0 / (spread + noise)
    unsure = 1.0 / (weight.sum() + SHOP_SD**-2)
    prior = np.log(own.mean_uplift(PRIOR_UPLIFT[kind], days))
    return Level(float(np.exp(prior + shop)), float(np.sqrt(spread + unsure)), len(gaps))


def _gaps(results: Sequence[SaleResult], kind: SaleKind, own: DayShape) -> tuple[Array, Array]:
    """Each sale's log level over its prior, and the variance that it has beyond the spread between sales:
    counting, and another kind."""
    sound = [result for result in results if result.ordinary > 0 and result.sold > 0]
    prior = [own.mean_uplift(PRIOR_UPLIFT[one.kind], one.days) for one in sound]
    gaps = [np.log(one.sold / one.ordinary / level) for one, level in zip(sound, prior, strict=True)]
    noise = [1.0 / one.sold + (KIND_SD**2 if one.kind != kind else 0.0) for one in sound]
    return np.array(gaps, float), np.array(noise, float)


def spread_with(phi: Array, log_sd: float) -> Array:
    """Dispersion of a SKU's demand when the sale's level is unsure too: (1 + phi) exp(sd²) - 1.

    >>> spread_with(np.array([0.25]), 0.0).round(2).tolist()
    [0.25]
    """
    spread: Array = (1.0 + phi) * np.exp(log_sd**2) - 1.0
    return spread


def of_total(mean: Array, phi: Array, height: Level, low: float, high: float) -> tuple[float, float]:
    """Quantiles of the whole sale's units: the level's spread, and the SKUs' own, which average out."""
    total = float(mean.sum())
    if total <= 0:
        return 0.0, 0.0
    own = float((mean + phi * mean**2).sum()) / total**2
    whole = Level(height.uplift, float(np.sqrt(height.log_sd**2 + np.log1p(own))), height.sales)
    return total * whole.at(low), total * whole.at(high)
