"""The bands of SKUs hold what they promise where the truth is known: small figures, and a warm-up beside a history."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import nbinom

from core.replenishment.forecast import negative_binomial, warmup


def test_a_band_of_few_units_holds_on_average_what_it_says() -> None:
    """A thousand goods of half a unit to twenty: ends counted fully would hold 87% where 80% is said."""
    mean, phi = np.exp(np.linspace(np.log(0.5), np.log(20), 1_000)), 0.4
    size, chance = 1 / phi, 1 / (1 + phi * mean)

    def held(low: np.ndarray, high: np.ndarray) -> float:
        """The chance that demand lies inside, over all goods."""
        return float((nbinom.cdf(high, size, chance) - nbinom.cdf(low - 1, size, chance)).mean())

    low, high = negative_binomial.band(0.1, 0.9, mean, phi)
    assert 0.79 <= held(low, high) <= 0.85
    assert held(*(negative_binomial.quantile(level, mean, phi) for level in (0.1, 0.9))) > 0.86
    assert (low <= high).all()


def test_the_ends_of_a_band_lie_within_a_unit_of_the_quantiles() -> None:
    mean = np.array([0.0, 0.4, 3.0, 60.0, 5_000.0])
    for phi in (0.0, 0.2, 1.5):
        low, high = negative_binomial.band(0.1, 0.9, mean, phi)
        assert set(low - negative_binomial.quantile(0.1, mean, phi)) <= {0, 1}
        assert set(high - negative_binomial.quantile(0.9, mean, phi)) <= {-1, 0}
        assert (low[0], high[0]) == (0, 0)


@pytest.mark.parametrize("sd", [0.35, 0.45])
@pytest.mark.parametrize("signal_sd", [0.7, 1.0, 1.3])
def test_a_warm_up_that_errs_as_it_says_moves_no_total_and_widens_no_band(
    sd: float, signal_sd: float
) -> None:
    """Twenty thousand SKUs whose history and warm-up both err by their own spread: a difference between the two that is
    to be expected is no news of the band."""
    r = np.random.default_rng(3)
    truth = np.log(60) + sd * r.normal(size=20_000)
    heard = np.exp(truth + signal_sd * r.normal(size=len(truth)))
    history, phi = np.full(len(truth), 60 * np.exp(sd**2 / 2)), np.full(len(truth), np.expm1(sd**2))
    mean, joined = warmup.join(history, phi, warmup.Warm(heard, np.full(len(truth), signal_sd), ()))
    assert mean.sum() == pytest.approx(np.exp(truth).sum(), rel=0.02)
    sold = r.poisson(np.exp(truth))
    low, high = negative_binomial.band(0.1, 0.9, mean, joined)
    assert 0.78 <= ((sold >= low) & (sold <= high)).mean() <= 0.87
