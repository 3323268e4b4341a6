"""Walking through the past sales in order: what was forecast before each, what then sold, and what that
teaches for the next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.replenishment.forecast import level, negative_binomial, response

Array = NDArray[np.float64]

RESPONSE_SALES = (
    1.0  # past sales that it takes to believe the shop's own response half: pairs of one sale share its luck
)
PAIRS_A_SALE = 20.0  # (SKU, sale) pairs as which one sale counts at most when the spread is measured


@dataclass(frozen=True, slots=True)
class Expectation:
    """Demand of one sale without its pre-sale, shape (n,) each: mean in units, and dispersion within the sale
    (its level known)."""

    mean: Array
    phi: Array


@dataclass(frozen=True, slots=True)
class _Closed:
    """A sale that has closed: its design rows, the forecast then made, the units then sold, and whether it
    teaches a response."""

    matrix: Array
    forecast: Array
    sold: Array
    grounded: bool

    @property
    def gap(self) -> float:
        """Log of what the whole sale sold over its forecast."""
        total, sold = float(self.forecast.sum()), float(self.sold.sum())
        return float(np.log(sold / total)) if total > 0 and sold > 0 else 0.0


@dataclass(slots=True)
class Learner:
    """The past sales walked through so far."""

    closed: list[_Closed] = field(default_factory=list)

    @property
    def sales(self) -> int:
        """How many sales have been observed."""
        return len(self.closed)

    @property
    def level_sd(self) -> float:
        """Log standard deviation of a whole sale around its forecast: the shipped one until sales have shown
        their own."""
        squares = sum(sale.gap**2 for sale in self.closed)
        known = level.SALE_SALES + len(self.closed)
        return float(np.sqrt((level.SALE_SALES * level.SALE_SD**2 + squares) / known))

    def expect(self, features: response.Features) -> Expectation:
        """The forecast from what has been observed until now; from the chain and the shipped spread when
        nothing has."""
        matrix = features.matrix()
        mean = response.predict(matrix, self._coefficients())
        return Expectation(mean, self._spread()[negative_binomial.size_bucket(mean)])

    def observe(
        self, features: response.Features, forecast: Array, sold: Array, *, grounded: bool = True
    ) -> None:
        """Adds a sale that has closed: its features as they were known before it, the forecast then made, the
        units then sold.

        Not `grounded`: its chain stood on the shipped uplift, no past sale. It teaches the spread, but no
        response: the next chain has learnt that sale's uplift already, and would be corrected twice.
        """
        units = np.asarray(sold, float)
        self.closed.append(_Closed(features.matrix(), np.asarray(forecast, float), units, grounded))

    def _spread(self) -> Array:
        """Dispersion by size bucket around each sale's own level."""
        forecasts = _joined([sale.forecast * np.exp(sale.gap) for sale in self.closed])
        weight = min(1.0, PAIRS_A_SALE * len(self.closed) / max(len(forecasts), 1))
        sold = _joined([sale.sold for sale in self.closed])
        return negative_binomial.measured_spread(forecasts, sold, weight)

    def _coefficients(self) -> Array:
        teaching = [sale for sale in self.closed if sale.grounded and len(sale.sold)]
        if not teaching:
            return response.START
        of = np.repeat(np.arange(len(teaching)), [len(sale.sold) for sale in teaching])
        matrix = np.concatenate([sale.matrix for sale in teaching])
        own = response.fit(matrix, _joined([sale.sold for sale in teaching]), of)
        trust = len(teaching) / (len(teaching) + RESPONSE_SALES)
        return np.asarray(response.START + trust * (own - response.START))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.empty(0)
