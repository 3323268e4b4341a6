"""When people may be spoken to: quiet hours, how often a week, and whose results overlap. Pure.

Pushes and messages reach a person whether it looks or not: quiet hours and the cap hold for them; notices, posts and lives
wait until somebody comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd

KINDS = ("notice", "post", "live", "push", "message")
DISTURBING = frozenset({"push", "message"})
WEEK = timedelta(days=7)
LONGEST_HOURS = 168


@dataclass(frozen=True, slots=True)
class Rule:
    """`most_a_week`: pushes and messages a person in any seven days; quiet from `quiet_from` to `quiet_to` (minutes of the
    local day, over midnight where the end is the smaller; equal = never)."""

    most_a_week: int = 3
    quiet_from: int = 22 * 60
    quiet_to: int = 8 * 60
    version: int = 0


@dataclass(frozen=True, slots=True)
class Touch:
    """One entry. `starts_at` aware UTC; `audience` "" = everybody; `budget` fen; `window_hours` in which its results count;
    `version`: of the entry that it replaces, 0 for a new one."""

    kind: str
    channel: str
    title: str
    starts_at: datetime
    audience: str = ""
    people: int | None = None
    budget: int = 0
    window_hours: int = 24
    version: int = 0


def quiet(local: datetime, rule: Rule) -> bool:
    """Whether the local moment lies in the quiet hours.

    >>> [quiet(datetime(2026, 11, 1, hour), Rule()) for hour in (21, 22, 3, 8)]
    [False, True, True, False]
    """
    minute = local.hour * 60 + local.minute
    if rule.quiet_from <= rule.quiet_to:
        return rule.quiet_from <= minute < rule.quiet_to
    return minute >= rule.quiet_from or minute < rule.quiet_to


def most_in_a_week(touches: pd.DataFrame, audience: str) -> int:
    """The most pushes and messages that a person of the audience gets in any seven days. `touches`: kind,
    audience, starts_at. What goes to all counts for each, and every audience for all (they may overlap)."""
    mine = touches[touches["kind"].isin(list(DISTURBING))]
    if audience:
        mine = mine[mine["audience"].isin([audience, ""])]
    moments = sorted(mine["starts_at"])
    return max((sum(1 for other in moments if at <= other < at + WEEK) for at in moments), default=0)


def sharing(touches: pd.DataFrame) -> pd.Series:
    """How many other entries of the same channel have a window that overlaps: their results cannot be told apart. `touches`:
    channel, starts_at, ends_at."""
    counts = []
    for row in touches.itertuples():
        over = (touches["starts_at"] < row.ends_at) & (touches["ends_at"] > row.starts_at)
        counts.append(int(((touches["channel"] == row.channel) & over).sum()) - 1)
    return pd.Series(counts, touches.index, dtype="int64")
