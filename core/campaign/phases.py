"""Phases of a big sale: their kinds, the templates of 618 and Double-11, and what may be wrong with a
schedule. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from core.errors import ShopError

KINDS = ("preparation", "notice", "warm_up", "presale_deposit", "presale_balance", "live", "encore", "review")
SIDE_KINDS = frozenset(
    {"presale_deposit", "presale_balance"}
)  # run beside the others; never beside their own kind


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of the campaign, [starts_at, ends_at). Moments are aware, or all naive local times
    (templates)."""

    phase_id: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    name: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong between two phases: "campaign.phase_overlap", "campaign.balance_early" (refused),
    "campaign.phase_gap"."""

    code: str
    first: str
    second: str
    starts_at: datetime
    ends_at: datetime

    @property
    def refused(self) -> bool:
        """Whether a schedule with this fault cannot be saved."""
        return self.code != "campaign.phase_gap"


# (kind, from, to); a day is (month, day), and "!" in front of it means: at the opening of that day. Month 0 is the
# December before.
_Stop = tuple[Literal["", "!"], int, int]
TEMPLATES: dict[str, tuple[tuple[str, _Stop, _Stop], ...]] = {
    "double_11": (
        ("preparation", ("", 9, 15), ("", 10, 10)),
        ("notice", ("", 10, 10), ("!", 10, 21)),
        ("warm_up", ("!", 10, 21), ("!", 11, 1)),
        ("presale_deposit", ("!", 10, 21), ("!", 11, 1)),
        ("presale_balance", ("!", 11, 1), ("", 11, 4)),
        ("live", ("!", 11, 1), ("", 11, 4)),
        ("warm_up", ("", 11, 4), ("!", 11, 11)),
        ("live", ("!", 11, 11), ("", 11, 12)),
        ("encore", ("", 11, 12), ("", 11, 15)),
        ("review", ("", 11, 15), ("", 11, 25)),
    ),
    "618": (
        ("preparation", ("", 4, 15), ("", 5, 10)),
        ("notice", ("", 5, 10), ("!", 5, 25)),
        ("warm_up", ("!", 5, 25), ("!", 6, 1)),
        ("presale_deposit", ("!", 5, 25), ("!", 6, 1)),
        ("presale_balance", ("!", 6, 1), ("", 6, 4)),
        ("live", ("!", 6, 1), ("", 6, 4)),
        ("warm_up", ("", 6, 4), ("!", 6, 16)),
        ("live", ("!", 6, 16), ("", 6, 19)),
        ("encore", ("", 6, 19), ("", 6, 21)),
        ("review", ("", 6, 21), ("", 6, 30)),
    ),
    "new_year": (
        ("preparation", ("", 0, 5), ("", 0, 22)),
        ("notice", ("", 0, 22), ("!", 0, 31)),
        ("warm_up", ("!", 0, 31), ("!", 1, 8)),
        ("live", ("!", 1, 8), ("", 1, 16)),
        ("encore", ("", 1, 16), ("", 1, 19)),
        ("review", ("", 1, 19), ("", 1, 29)),
    ),
    "38": (
        ("preparation", ("", 1, 20), ("", 2, 12)),
        ("notice", ("", 2, 12), ("!", 2, 26)),
        ("warm_up", ("!", 2, 26), ("!", 3, 5)),
        ("presale_deposit", ("!", 2, 26), ("!", 3, 5)),
        ("presale_balance", ("!", 3, 5), ("", 3, 9)),
        ("live", ("!", 3, 5), ("", 3, 9)),
        ("encore", ("", 3, 9), ("", 3, 11)),
        ("review", ("", 3, 11), ("", 3, 20)),
    ),
    "99": (
        ("preparation", ("", 7, 20), ("", 8, 15)),
        ("notice", ("", 8, 15), ("!", 8, 30)),
        ("warm_up", ("!", 8, 30), ("!", 9, 6)),
        ("live", ("!", 9, 6), ("", 9, 10)),
        ("encore", ("", 9, 10), ("", 9, 12)),
        ("review", ("", 9, 12), ("", 9, 20)),
    ),
}
OPENINGS = ("20:00", "00:00")
AROUND = (  # of a sale of one's own: kind, days from its opening to start and end (None: its opening, its close)
    ("preparation", -45, -24),
    ("notice", -24, -10),
    ("warm_up", -10, 0),
)
AFTER = (("encore", 0, 3), ("review", 3, 13))  # days from its close


def template(name: str, year: int, opening: str) -> tuple[Phase, ...]:
    """The phases of a known sale in naive local time; the opening is at 00:00 of its day or at 20:00 of the
    eve.

    ShopError("campaign.no_template") for another sale or opening.

    >>> [p.starts_at.isoformat() for p in template("double_11", 2026, "20:00") if p.kind == "live"]
    ['2026-10-31T20:00:00', '2026-11-10T20:00:00']
    """
    if name not in TEMPLATES or opening not in OPENINGS:
        raise ShopError("campaign.no_template", name=name, opening=opening)
    early = timedelta(hours=4 if opening == "20:00" else 0)

    def at(stop: _Stop) -> datetime:
        """The local moment of a stop."""
        # local by design; the service gives it the campaign's zone
        day = datetime(year, stop[1], stop[2]) if stop[1] else datetime(year - 1, 12, stop[2])  # noqa: DTZ001
        return day - early if stop[0] else day

    return tuple(
        Phase(f"p{n:02d}", kind, at(start), at(end))
        for n, (kind, start, end) in enumerate(TEMPLATES[name], 1)
    )


def around(opens_at: datetime, closes_at: datetime) -> tuple[Phase, ...]:
    """The usual phases around a sale. ShopError("campaign.phase_order") unless it closes after it opens."""
    if closes_at <= opens_at:
        raise ShopError("campaign.phase_order", phase="live", starts_at=opens_at, ends_at=closes_at)
    before = [(kind, opens_at + timedelta(days=a), opens_at + timedelta(days=b)) for kind, a, b in AROUND]
    after = [(kind, closes_at + timedelta(days=a), closes_at + timedelta(days=b)) for kind, a, b in AFTER]
    spans = [*before, ("live", opens_at, closes_at), *after]
    return tuple(Phase(f"p{n:02d}", kind, start, end) for n, (kind, start, end) in enumerate(spans, 1))


def shifted(phases: Sequence[Phase], opens_at: datetime) -> tuple[Phase, ...]:
    """The phases of an earlier sale, moved so that the last of its openings falls on `opens_at`: the day that a sale is
    named after. ShopError("campaign.no_live")."""
    openings = [phase.starts_at for phase in phases if phase.kind == "live"]
    if not openings:
        raise ShopError("campaign.no_live")
    by = opens_at - max(openings)
    return tuple(replace(p, starts_at=p.starts_at + by, ends_at=p.ends_at + by) for p in phases)


def faults(phases: Sequence[Phase]) -> list[Fault]:
    """Overlaps and gaps in order of time: phases of the main line follow one another, pre-sale windows run
    beside them.

    Refused: two main phases at once, two windows of one kind at once, a balance window that begins before the
    deposits end.
    """
    main = sorted((p for p in phases if p.kind not in SIDE_KINDS), key=lambda p: p.starts_at)
    overlaps = [fault for first, second in pairwise(main) if (fault := _between(first, second))]
    for kind in sorted(SIDE_KINDS):
        windows = sorted((p for p in phases if p.kind == kind), key=lambda p: p.starts_at)
        overlaps += [f for first, second in pairwise(windows) if (f := _between(first, second)) and f.refused]
    overlaps += _early_balances(phases)
    return sorted(overlaps, key=lambda fault: fault.starts_at)


def _between(first: Phase, second: Phase) -> Fault | None:
    if second.starts_at < first.ends_at:
        return Fault(
            "campaign.phase_overlap",
            first.phase_id,
            second.phase_id,
            second.starts_at,
            min(first.ends_at, second.ends_at),
        )
    if second.starts_at > first.ends_at:
        return Fault("campaign.phase_gap", first.phase_id, second.phase_id, first.ends_at, second.starts_at)
    return None


def _early_balances(phases: Sequence[Phase]) -> list[Fault]:
    """Balances are paid after the deposits: the n-th balance window belongs to the n-th deposit window."""
    deposits, balances = (
        sorted((p for p in phases if p.kind == kind), key=lambda p: p.starts_at)
        for kind in ("presale_deposit", "presale_balance")
    )
    return [
        Fault("campaign.balance_early", d.phase_id, b.phase_id, b.starts_at, d.ends_at)
        for d, b in zip(deposits, balances, strict=False)
        if b.starts_at < d.ends_at
    ]


def checked(phases: Sequence[Phase]) -> tuple[Phase, ...]:
    """The phases in order of time, or why they cannot stand.

    ShopError("campaign.unknown_phase" | "campaign.phase_order" | "campaign.no_live" | a refused `Fault`'s
    code).
    """
    for phase in phases:
        if phase.kind not in KINDS:
            raise ShopError("campaign.unknown_phase", kind=phase.kind)
        if phase.ends_at <= phase.starts_at:
            raise ShopError(
                "campaign.phase_order",
                phase=phase.name or phase.kind,
                starts_at=phase.starts_at,
                ends_at=phase.ends_at,
            )
    if not any(phase.kind == "live" for phase in phases):
        raise ShopError("campaign.no_live")
    for fault in faults(phases):
        if fault.refused:
            names = {p.phase_id: p.name or p.kind for p in phases}
            raise ShopError(
                fault.code,
                first=names[fault.first],
                second=names[fault.second],
                starts_at=fault.starts_at,
                ends_at=fault.ends_at,
            )
    return tuple(sorted(phases, key=lambda p: (p.starts_at, p.ends_at, p.phase_id)))


def at(phases: Sequence[Phase], moment: datetime) -> Phase | None:
    """The main-line phase in which the moment falls, or None."""
    return next((p for p in phases if p.kind not in SIDE_KINDS and p.starts_at <= moment < p.ends_at), None)


def upcoming(phases: Sequence[Phase], moment: datetime) -> Phase | None:
    """The next phase that begins after the moment (of two at once the main one), or None when the last one
    has begun."""
    ahead = [p for p in phases if p.starts_at > moment]
    return min(ahead, key=lambda p: (p.starts_at, p.kind in SIDE_KINDS), default=None)
