"""Pure: were people split as planned, and was everything logged alike? Asked before any estimate is shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import stats

LIMIT = 0.001  # below this p a test is not to be trusted
SMALL = 8  # fewer expected people in an arm: the exact binomial
_VISIBLE = 3.29 + 0.84  # z of a two-sided .001, and of a power of .8


@dataclass(frozen=True, slots=True)
class RatioCheck:
    """A check by its name: what was counted and what was expected by arm, the p and whether it is exact.

    `smallest_loss` is the share of an arm that must be missing before the check sees it in four of five cases.
    """

    name: str
    counted: tuple[int, ...]
    expected: tuple[float, ...]
    statistic: float
    p: float
    exact: bool
    smallest_loss: float

    @property
    def broken(self) -> bool:
        """Whether estimates must not be shown."""
        return self.p < LIMIT


def sample_ratio(counted: Sequence[int], shares: Sequence[float], name: str = "sample_ratio") -> RatioCheck:
    """People by arm against the planned shares: chi-square, or exact binomials (Bonferroni over more than two
    arms) where an arm expects fewer than SMALL. Nobody counted yet gives p = 1.

    >>> round(sample_ratio([50500, 49500], [1, 1]).p, 6)
    0.001565
    """
    people = np.asarray(counted, "int64")
    weights = np.asarray(shares, "float64") / float(np.sum(shares))
    total = int(people.sum())
    expected = total * weights
    loss = smallest_loss(total, shares)
    plain, due = tuple(int(n) for n in people), tuple(float(e) for e in expected)
    if total == 0:
        return RatioCheck(name, plain, due, 0.0, 1.0, True, loss)
    statistic = float(((people - expected) ** 2 / expected).sum())
    if min(people.min(), expected.min()) >= SMALL:
        p = float(stats.chi2.sf(statistic, len(people) - 1))
        return RatioCheck(name, plain, due, statistic, p, False, loss)
    ones = [
        float(stats.binomtest(int(n), total, float(w)).pvalue) for n, w in zip(people, weights, strict=True)
    ]
    p = ones[0] if len(ones) == 2 else min(1.0, min(ones) * len(ones))
    return RatioCheck(name, plain, due, statistic, p, True, loss)


def smallest_loss(total: int, shares: Sequence[float]) -> float:
    """The smallest share of an arm whose loss the check sees (limit .001, power .8), for the arm where it is
    worst; 1 where it sees nothing.

    >>> round(smallest_loss(40_000, [1, 1]), 4)
    0.0413
    """
    if total <= 0:
        return 1.0
    whole = float(sum(shares))
    return min(1.0, max(_VISIBLE / sqrt(total * (s / whole) * (1 - s / whole)) for s in shares))


def logged_alike(name: str, counted: Sequence[int], base: Sequence[int]) -> RatioCheck:
    """Whether the same share of `base` was `counted` in every arm: buyers that the log knows of all buyers whom
    the orders show, exposures of all page viewers.

    A chi-square of the table; Fisher's exact test for two arms where an expected cell is below 5. A count above
    its base is itself a fault: p = 0. The sample-ratio check alone does not see such losses.
    """
    parts, whole = np.asarray(counted, "int64"), np.asarray(base, "int64")
    plain = tuple(int(n) for n in parts)
    if (parts > whole).any():
        return RatioCheck(name, plain, tuple(float(n) for n in whole), 0.0, 0.0, True, 0.0)
    share = float(parts.sum() / whole.sum()) if whole.sum() else 0.0
    due = tuple(float(n) for n in whole * share)
    if share in {0.0, 1.0} or (whole == 0).any():
        return RatioCheck(name, plain, due, 0.0, 1.0, True, 1.0)
    table = np.vstack([parts, whole - parts])
    expected = stats.contingency.expected_freq(table)
    statistic = float(((table - expected) ** 2 / expected).sum())
    exact = bool(expected.min() < 5 and len(parts) == 2)
    p = float(stats.fisher_exact(table).pvalue) if exact else float(stats.chi2.sf(statistic, len(parts) - 1))
    loss = min(1.0, _VISIBLE * sqrt((1 - share) / share * float((1 / whole).sum())))
    return RatioCheck(name, plain, due, statistic, p, exact, loss)
