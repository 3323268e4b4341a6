"""Alerts as data and as a state machine: pending -> firing -> acknowledged -> resolved, and armed again.
Pure.

A rule says how often in a row it must be broken before it fires and be kept before it is resolved; while it
fires, it is judged by the easier `clear` limit, so that a figure on the edge does not ring all night.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MOST = 0.5  # of the refunds: goods that carry so much are named as their cause
HOURLY = 0.1  # relative spread of an hour's conversion on an ordinary day
OPEN = ("pending", "firing", "acknowledged")


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of alert: minutes between its checks, checks in a row to fire and to resolve, and its
    limits."""

    kind: str
    every: int
    fire_after: int
    clear_after: int
    limits: Mapping[str, float]
    level: str = "warning"


RULES: dict[str, Rule] = {
    rule.kind: rule
    for rule in (
        Rule("pace", 15, 3, 2, {"below": 0.95, "clear": 1.0, "hopeless": 0.4}, "urgent"),
        Rule("change", 60, 1, 2, {"k": 1.1, "h": 3.0, "spread": 0.5, "memory": 0.35}),
        Rule("stock_out", 5, 2, 3, {"minutes": 120, "clear": 180, "most": 10}),
        Rule("conversion", 5, 3, 3, {"below": 0.7, "clear": 0.85, "visitors": 200}, "urgent"),
        Rule("price", 1, 1, 10, {"below": 0.7, "units": 3}, "urgent"),
        Rule("refund", 5, 2, 3, {"above": 0.15, "clear": 0.1, "orders": 20}),
        Rule("silence", 1, 1, 1, {"minutes": 5}, "urgent"),
        Rule("rejected", 1, 3, 5, {"above": 0.05, "clear": 0.02, "events": 20}),
        Rule("excess", 1, 2, 1, {"events": 1}, "urgent"),
        Rule("task", 60, 1, 1, {}),
    )
}
QUIET_HOUR = 60  # minutes between two messages about one metric, and of silence after the opening for judgements of the whole sale


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule's look at one subject: is the limit broken, is even the easier one kept, and what was seen;
    `grave`: so far beyond the limit that nobody waits for a second look."""

    kind: str
    subject: str
    broken: bool
    cleared: bool
    facts: Mapping[str, object]
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert between two checks."""

    state: str
    streak: int


def step(before: Standing | None, finding: Finding, rule: Rule) -> tuple[Standing | None, str]:
    """(the alert after this check, what happened: "" | "fired" | "resolved").

    None before: armed. A pending alert that is not broken again is dropped without a word. Acknowledging
    changes who knows, not what is true: an acknowledged alert resolves like a firing one.

    >>> step(None, Finding("price", "", True, False, {}), RULES["price"])
    (Standing(state='firing', streak=0), 'fired')
    """
    if before is None or before.state in ("pending", "resolved"):
        if not finding.broken:
            return None, ""
        streak = 1 if before is None or before.state == "resolved" else before.streak + 1
        return (
            (Standing("firing", 0), "fired")
            if finding.grave or streak >= rule.fire_after
            else (Standing("pending", streak), "")
        )
    streak = before.streak + 1 if finding.cleared else 0
    return (
        (Standing("resolved", streak), "resolved")
        if streak >= rule.clear_after
        else (Standing(before.state, streak), "")
    )


def refund_rate(refunded: float, paid: float, average: float) -> float:
    """Refunded over paid of a window; never over less than an `average` window's payments: at four in the
    morning the parcels of the opening come back, and hardly anybody buys.

    >>> refund_rate(30, 100, 50), refund_rate(30, 10, 300)
    (0.3, 0.1)
    """
    due = max(paid, average)
    return refunded / due if due > 0 else 0.0


def fallen(buyers: int, visitors: int, rate: float, below: float) -> bool:
    """Is a conversion rate below `below` times `rate`, and not by chance (one-sided, z < -3)? Chance is that
    of counting, and HOURLY for hours that differ by themselves."""
    if visitors <= 0 or rate <= 0:
        return False
    measured = buyers / visitors
    chance = np.hypot(np.sqrt(rate * (1 - min(rate, 1)) / visitors), HOURLY * rate)
    return bool(measured < below * rate and (measured - rate) < -3 * chance)
