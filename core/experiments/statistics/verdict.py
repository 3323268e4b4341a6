"""Pure: the verdict on a comparison in one of five words, with the reasons that carry it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from core.experiments.statistics.effects import Effect
from core.experiments.statistics.sample_ratio import RatioCheck

VERDICTS = ("win", "no_difference", "worse", "untrusted", "undecided")
MARGIN, REFUNDS, STOCK = "margin", "refunds", "stock"
GUARDS = (MARGIN, REFUNDS, STOCK)


@dataclass(frozen=True, slots=True)
class Guard:
    """A guard metric: the worst change that is borne, and the change that was measured with its interval; `value`
    None: nobody knows. A higher value is better (margin); the caller turns the sign where it is not."""

    metric: str
    worst: float
    value: float | None
    low: float = 0.0
    high: float = 0.0

    @property
    def broken(self) -> bool:
        """Surely below what is borne."""
        return self.value is not None and self.high < self.worst


@dataclass(frozen=True, slots=True)
class Look:
    """Where a test stands: the interval that may be read at this look, whether it excludes zero, and whether this
    is the planned end."""

    low: float
    high: float
    crossed: bool
    final: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of VERDICTS and why, as codes: name of a broken check, guard.<metric>, simpson, still_running,
    too_few, ..."""

    word: str
    reasons: tuple[str, ...] = ()


class Doubts(NamedTuple):
    """What may speak against an effect: checks of the split, guards, and whether the layers contradict the whole."""

    checks: Sequence[RatioCheck]
    guards: Sequence[Guard]
    reversed: bool


def judge(effect: Effect, look: Look, minimum: float, doubts: Doubts) -> Verdict:
    """The verdict. `minimum` is the smallest effect worth having, in the metric's unit.

    A broken check comes before everything. A winner needs every guard known and unbroken. No difference needs an
    interval, at the planned end, that leaves no room for the minimum effect on either side.
    """
    checks, guards, reversed_ = doubts
    broken = tuple(check.name for check in checks if check.broken)
    if broken:
        return Verdict("untrusted", broken)
    if reversed_:
        return Verdict("undecided", ("simpson",))
    breached = tuple(f"guard.{guard.metric}" for guard in guards if guard.broken)
    if breached:
        return Verdict("worse", breached)
    if look.crossed and effect.difference < 0:
        return Verdict("worse", ("crossed",))
    if look.crossed:
        unknown = tuple(f"guard_unknown.{guard.metric}" for guard in guards if guard.value is None)
        return Verdict("undecided", unknown) if unknown else Verdict("win", ("crossed",))
    if not look.final:
        return Verdict("undecided", ("still_running",))
    narrow = -abs(minimum) < look.low and look.high < abs(minimum)
    return Verdict("no_difference", ("within_minimum",)) if narrow else Verdict("undecided", ("too_few",))
