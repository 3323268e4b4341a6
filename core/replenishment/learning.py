"""Walking through the past sales in order: what was forecast before each, what then sold, and what that teaches for the next."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from core.replenishment import demand, response

Array = NDArray[np.float64]

FEWEST_EVENTS = 50  # (SKU, past sale) pairs below which the shop's own response is noise: the chain alone then


@dataclass(frozen=True, slots=True)
class Expectation:
    """Demand of one sale without its pre-sale: mean in units and dispersion, shape (n,) each."""

    mean: Array
    phi: Array


@dataclass(slots=True)
class Learner:
    """The past events seen so far: their design rows, the units that sold, the forecasts made beforehand, and which sales teach a response."""

    matrices: list[Array] = field(default_factory=list)
    sold: list[Array] = field(default_factory=list)
    forecasts: list[Array] = field(default_factory=list)
    grounded: list[bool] = field(default_factory=list)

    @property
    def events(self) -> int:
        """How many (SKU, past sale) pairs have been observed."""
        return sum(len(units) for units in self.sold)

    def expect(self, features: response.Features) -> Expectation:
        """The forecast from what has been observed until now; from the chain and the shipped spread when nothing has."""
        matrix = features.matrix()
        mean = response.predict(matrix, self._coefficients())
        spread = demand.measured_spread(_joined(self.forecasts), _joined(self.sold))
        return Expectation(mean, spread[demand.size_bucket(mean)])

    def observe(self, features: response.Features, forecast: Array, sold: Array, *, grounded: bool = True) -> None:
        """Adds a sale that has closed: its features as they were known before it, the forecast then made, the units then sold.

        Not `grounded`: its chain stood on the shipped uplift, no past sale. It teaches the spread, but no response: the next chain has
        learnt that sale's uplift already, and would be corrected twice.
        """
        self.grounded.append(grounded)
        self.matrices.append(features.matrix())
        self.forecasts.append(np.asarray(forecast, float))
        self.sold.append(np.asarray(sold, float))

    def _coefficients(self) -> Array:
        matrices, sold = (
            [part for part, kept in zip(parts, self.grounded, strict=True) if kept] for parts in (self.matrices, self.sold)
        )
        if sum(map(len, sold)) < FEWEST_EVENTS:
            return response.START
        return response.fit(np.concatenate(matrices), _joined(sold))


def _joined(parts: list[Array]) -> Array:
    return np.concatenate(parts) if parts else np.empty(0)
