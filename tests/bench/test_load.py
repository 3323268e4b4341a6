"""What comes back after a sale, week by week, on a public year of order lines with dated cancellations: the curve by age against the
same rate spread evenly over two weeks, and against the last four weeks going on.

Each origin knows the lines bought and returned up to its day. Counted are the lines that come back in the 28 days after it from the
purchases known then: what a service desk has before it when a sale has closed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.review import figures
from core.review.after_sales import after_sale
from tests.bench import retail

ORIGINS, APART, AHEAD = 14, 14, 28  # origins, days between two, days looked ahead
EVEN_DAYS = 14  # over which somebody without a curve spreads a rate


def known_by(matrix: np.ndarray, day: int) -> np.ndarray:
    """Returns by purchase day and lag that have come before `day`, shape (day, RETURN_DAYS)."""
    bought, lag = np.indices((day, min(matrix.shape[1], figures.RETURN_DAYS)))
    return np.where(bought + lag < day, matrix[:day, : lag.shape[1]], 0.0)


def forecasts(orders: np.ndarray, matrix: np.ndarray, day: int) -> dict[str, np.ndarray]:
    """Lines that come back on each of the AHEAD days from `day`, by rule."""
    known = known_by(matrix, day)
    curve = after_sale.curve_of(orders[:day], known)
    even = np.full(EVEN_DAYS, curve.sum() / EVEN_DAYS)
    load, spread = (after_sale.returns_load(orders[:day], one) for one in (curve, even))
    lately = sum(
        known[day - back - lag, lag] for back in range(1, AHEAD + 1) for lag in range(known.shape[1])
    )
    return {
        "curve by age": load[day : day + AHEAD],
        "rate spread evenly": np.pad(spread, (0, AHEAD))[day : day + AHEAD],
        "last four weeks": np.full(AHEAD, lately / AHEAD),
    }


def came(matrix: np.ndarray, day: int) -> np.ndarray:
    """Lines that came back on each of the AHEAD days, of purchases before `day`."""
    bought = np.arange(day)
    return np.array([matrix[bought, day + ahead - bought].sum() for ahead in range(AHEAD)])


def by_week(days: np.ndarray) -> np.ndarray:
    return days.reshape(-1, 7).sum(axis=1)


@pytest.mark.bench
@pytest.mark.timeout(600)
def test_the_load_of_returns_week_by_week(shared: Path) -> None:
    """Promise: weekly WAPE at most .40, and less than two thirds of an even spread's."""
    lines = retail.load(shared)
    orders = np.bincount(lines.bought["day"], minlength=lines.days).astype(float)
    matrix = np.zeros((lines.days, lines.days))
    np.add.at(matrix, (lines.returned["day"].to_numpy(), lines.returned["lag"].to_numpy()), 1)
    last = lines.days - AHEAD
    origins = range(last - (ORIGINS - 1) * APART, last + 1, APART)
    actual = np.array([by_week(came(matrix, day)) for day in origins])
    by_rule = [
        {name: by_week(one) for name, one in forecasts(orders, matrix, day).items()} for day in origins
    ]
    wape, bias = {}, {}
    for name in by_rule[0]:
        expected = np.array([one[name] for one in by_rule])
        wape[name] = float(np.abs(expected - actual).sum() / actual.sum())
        bias[name] = float(expected.sum() / actual.sum() - 1)
    print(
        f"\n{len(lines.returned):,} lines came back ({lines.unmatched:,} cancellations had no purchase before them); "
        + f"{len(actual)} origins, {int(actual.sum()):,} lines in the {AHEAD} days after them. Weekly WAPE (bias): "
        + ", ".join(f"{name} {wape[name]:.3f} ({bias[name]:+.0%})" for name in wape)
    )
    assert wape["curve by age"] <= 0.40
    assert wape["curve by age"] < 2 / 3 * wape["rate spread evenly"]
    assert wape["curve by age"] < wape["last four weeks"]
