"""Pure: hypotheses on the factors of the target tree, and what a change of a factor is worth in fen."""

from __future__ import annotations

from core.campaign.target import FACTORS, Target, product
from core.errors import ShopError

METRICS = ("conversion_rate", "visitor_value", "aov")
FACTOR_OF_METRIC = {"conversion_rate": "conversion_rate", "visitor_value": "conversion_rate", "aov": "aov"}


def require_change(factor: str, change: float) -> None:
    """ShopError("experiments.factor" | "experiments.change") for a factor that the tree has not, or no change.

    visitors: relative (0.1 = +10%); conversion_rate: absolute (0.003 = +0.3 pp); aov: fen.
    """
    if factor not in FACTORS:
        raise ShopError("experiments.factor", factor=factor)
    most = {"visitors": 10.0, "conversion_rate": 1.0, "aov": 1e9}[factor]
    if not change or not -most < change < most:
        raise ShopError("experiments.change", factor=factor, value=change)


def worth(target: Target, factor: str, change: float) -> int:
    """Fen that the target gains when one factor moves and the others stay; conversion stays within 0 and 1.

    >>> worth(Target(5_000_000_000, 2_000_000, 0.10, 25_000), "conversion_rate", 0.003)
    150000000
    """
    visitors, rate, aov = target.visitors, target.conversion_rate, target.aov
    if factor == "visitors":
        visitors = max(0, round(visitors * (1 + change)))
    elif factor == "conversion_rate":
        rate = round(min(1.0, max(0.0, rate + change)), 12)
    else:
        aov = max(0, round(aov + change))
    return product(visitors, rate, aov) - product(target.visitors, target.conversion_rate, target.aov)


def worth_of_metric(target: Target, metric: str, effect: float) -> int:
    """As `worth`, for the effect of a test's metric: conversion (absolute), fen a visitor, fen an order."""
    if metric == "visitor_value":
        return round(target.visitors * effect)
    return worth(target, FACTOR_OF_METRIC[metric], effect)
