"""Pure: conversion of two arms: pooled z with Wald's interval, Fisher with Newcombe's where counts are small."""

from __future__ import annotations

from math import sqrt

from scipy import stats

from core.experiments.statistics.effects import ALPHA, Effect, Level, lift_interval

SMALL = 5  # expected buyers, or expected people who did not buy, in an arm


def conversion(buyers: tuple[int, int], people: tuple[int, int], alpha: float = ALPHA) -> Effect:
    """(control, treatment) buyers of (control, treatment) people; both arms must have people.

    >>> effect = conversion((1000, 1080), (10000, 10000))
    >>> round(effect.statistic, 4), round(effect.p, 4), effect.method
    (1.8531, 0.0639, 'pooled_z')
    """
    (x1, x2), (n1, n2) = buyers, people
    p1, p2 = x1 / n1, x2 / n2
    pooled = (x1 + x2) / (n1 + n2)
    small = min(n1, n2) * min(pooled, 1 - pooled) < SMALL
    error = sqrt(p1 * (1 - p1) / n1 + p2 * (1 - p2) / n2)
    low, high = newcombe(buyers, people, alpha) if small else wald(p2 - p1, error, alpha)
    spread = sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    z = (p2 - p1) / spread if spread else 0.0
    p = fisher(buyers, people) if small else float(2 * stats.norm.sf(abs(z)))
    lift = lift_interval(Level(p1, p1 * (1 - p1) / n1), Level(p2, p2 * (1 - p2) / n2), alpha)
    return Effect(p1, p2, p2 - p1, low, high, z, p, error, *lift, "fisher" if small else "pooled_z")


def wald(difference: float, error: float, alpha: float = ALPHA) -> tuple[float, float]:
    """The interval of a difference by its standard error."""
    half = float(stats.norm.isf(alpha / 2)) * error
    return difference - half, difference + half


def newcombe(buyers: tuple[int, int], people: tuple[int, int], alpha: float = ALPHA) -> tuple[float, float]:
    """Newcombe's hybrid score interval (1998, method 10) of treatment minus control."""
    (l1, u1), (l2, u2) = (_wilson(x, n, alpha) for x, n in zip(buyers, people, strict=True))
    p1, p2 = (x / n for x, n in zip(buyers, people, strict=True))
    low = p2 - p1 - sqrt((p2 - l2) ** 2 + (u1 - p1) ** 2)
    return low, p2 - p1 + sqrt((u2 - p2) ** 2 + (p1 - l1) ** 2)


def fisher(buyers: tuple[int, int], people: tuple[int, int]) -> float:
    """Fisher's exact two-sided p."""
    table = [list(buyers), [n - x for x, n in zip(buyers, people, strict=True)]]
    return float(stats.fisher_exact(table).pvalue)


def _wilson(x: int, n: int, alpha: float) -> tuple[float, float]:
    z = float(stats.norm.isf(alpha / 2))
    centre, half = x + z * z / 2, z * sqrt(x * (n - x) / n + z * z / 4)
    return (centre - half) / (n + z * z), (centre + half) / (n + z * z)
