"""Pure: parts of a test beside its whole: Holm over segments, layers weighed together, and Simpson's reversal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.experiments.statistics.effects import ALPHA
from core.experiments.statistics.proportions import wald


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given.

    >>> [round(x, 3) for x in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, "float64")
    order = np.argsort(values)
    stepped = np.maximum.accumulate(values[order] * (len(values) - np.arange(len(values))))
    adjusted = np.empty(len(values))
    adjusted[order] = np.minimum(stepped, 1.0)
    return [float(x) for x in adjusted]


@dataclass(frozen=True, slots=True)
class Layered:
    """The stratified difference (Mantel-Haenszel weights) with its interval beside the pooled one."""

    difference: float
    low: float
    high: float
    pooled: float

    @property
    def reversed(self) -> bool:
        """Simpson: layers and the whole point in different directions, so that neither is a verdict."""
        return self.difference * self.pooled < 0


def layered(rows: pd.DataFrame, alpha: float = ALPHA) -> Layered:
    """`rows`, one a layer: control_buyers, control_people, treatment_buyers, treatment_people.

    Layers without people in one of the arms carry no weight. The variance is Sato's.
    """
    columns = ("control_buyers", "control_people", "treatment_buyers", "treatment_people")
    x1, n1, x2, n2 = (rows[name].to_numpy("float64") for name in columns)
    pooled = float(x2.sum() / n2.sum() - x1.sum() / n1.sum())
    sound = (n1 > 0) & (n2 > 0)
    x1, n1, x2, n2 = x1[sound], n1[sound], x2[sound], n2[sound]
    weight = n1 * n2 / (n1 + n2)
    difference = float((weight * (x2 / n2 - x1 / n1)).sum() / weight.sum())
    p = (n1**2 * x2 - n2**2 * x1 + n1 * n2 * (n2 - n1) / 2) / (n1 + n2) ** 2
    q = (x2 * (n1 - x1) + x1 * (n2 - x2)) / (2 * (n1 + n2))
    variance = (difference * p.sum() + q.sum()) / weight.sum() ** 2
    return Layered(difference, *wald(difference, float(np.sqrt(max(variance, 0.0))), alpha), pooled)
