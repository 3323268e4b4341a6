"""Alerts as data and as a state machine: pending -> firing -> acknowledged -> resolved, and armed again. Pure.

A rule says how often in a row it must be broken before it fires and be kept before it is resolved; while it fires, it is judged by
the easier `clear` limit, so that a figure on the edge does not ring all night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
MOST = 0.5  # of the refunds: goods that carry so much are named as their cause
HOURLY = 0.1  # relative spread of an hour's conversion on an ordinary day
OPEN = ("pending", "firing", "acknowledged")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of alert: minutes between its checks, checks in a row to fire and to resolve, and its limits."""

    kind: str
    every: int
    fire_after: int
    clear_after: int
    limits: Mapping[str, float]
    level: str = "warning"


RULES: dict[str, Rule] = {
    rule.kind: rule
    for rule in (
        Rule("pace", 15, 3, 2, {"below": 0.95, "clear": 1.0}, "urgent"),
        Rule("change", 60, 1, 2, {"k": 0.5, "h": 6.0, "spread": 0.2, "memory": 0.5}),
        Rule("stock_out", 5, 2, 3, {"minutes": 120, "clear": 180, "most": 10}),
        Rule("conversion", 5, 3, 3, {"below": 0.7, "clear": 0.85, "visitors": 200}, "urgent"),
        Rule("price", 1, 1, 10, {"below": 0.7, "units": 3}, "urgent"),
        Rule("refund", 5, 2, 3, {"above": 0.15, "clear": 0.1, "orders": 20}),
        Rule("silence", 1, 1, 1, {"minutes": 5}, "urgent"),
        Rule("rejected", 1, 3, 5, {"above": 0.05, "clear": 0.02, "events": 20}),
        Rule("task", 60, 1, 1, {}),
    )
}
QUIET_HOUR = (
    60  # minutes between two messages about one metric, and of silence after the opening for judgements of the whole sale
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's look at one subject: is the limit broken, is even the easier one kept, and what was seen."""

    kind: str
    subject: str
    broken: bool
    cleared: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert between two checks."""

    state: str
    streak: int


def step(before: Standing | None, finding: Finding, rule: Rule) -> tuple[Standing | None, str]:
    """(the alert after this check, what happened: "" | "fired" | "resolved").

    None before: armed. A pending alert that is not broken again is dropped without a word. Acknowledging changes who knows, not
    what is true: an acknowledged alert resolves like a firing one.

    >>> step(None, Finding("price", "", True, False, {}), RULES["price"])
    (Standing(state='firing', streak=0), 'fired')
    """
    if before is None or before.state in ("pending", "resolved"):
        if not finding.broken:
            return None, ""
        streak = 1 if before is None or before.state == "resolved" else before.streak + 1
        return (Standing("firing", 0), "fired") if streak >= rule.fire_after else (Standing("pending", streak), "")
    streak = before.streak + 1 if finding.cleared else 0
    return (Standing("resolved", streak), "resolved") if streak >= rule.clear_after else (Standing(before.state, streak), "")


def cusum(actual: ArrayLike, planned: ArrayLike, rule: Rule = RULES["change"]) -> tuple[Floats, Floats]:
    """(low, high): running sums of how far each hour's log ratio actual / planned strays, shape (hours,).

    Pre-whitened: what an hour inherits from the hour before it (`memory`) is taken off first, and the rest is measured in the
    usual spread; sums grow beyond `k`. Either above `h` means that something has changed. Hours without plan or sale count as 0.
    """
    done, due = np.asarray(actual, dtype=float), np.asarray(planned, dtype=float)
    usable = (done > 0) & (due > 0)
    ratio = np.where(usable, np.log(np.where(usable, done, 1) / np.where(usable, due, 1)), 0.0)
    memory = rule.limits["memory"]
    news = ratio - memory * np.concatenate([[0.0], ratio[:-1]])
    score = news / (rule.limits["spread"] * np.sqrt(1 - memory**2))
    low, high = np.zeros(len(score)), np.zeros(len(score))
    below = above = 0.0
    for i, z in enumerate(score):
        below, above = max(0.0, below - z - rule.limits["k"]), max(0.0, above + z - rule.limits["k"])
        low[i], high[i] = below, above
    return low, high


def refund_rate(refunded: float, paid: float, average: float) -> float:
    """Refunded over paid of a window; never over less than an `average` window's payments: at four in the morning the parcels of the
    opening come back, and hardly anybody buys.

    >>> refund_rate(30, 100, 50), refund_rate(30, 10, 300)
    (0.3, 0.1)
    """
    due = max(paid, average)
    return refunded / due if due > 0 else 0.0


def fallen(buyers: int, visitors: int, rate: float, below: float) -> bool:
    """Is a conversion rate below `below` times `rate`, and not by chance (one-sided, z < -3)? Chance is that of counting, and HOURLY
    for hours that differ by themselves."""
    if visitors <= 0 or rate <= 0:
        return False
    seen = buyers / visitors
    chance = np.hypot(np.sqrt(rate * (1 - min(rate, 1)) / visitors), HOURLY * rate)
    return bool(seen < below * rate and (seen - rate) < -3 * chance)
