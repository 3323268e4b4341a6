"""What a watched folder holds, and how a source is doing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import PurePosixPath

DONE, REFUSED = "done", "refused"
KINDS = ("goods", "suppliers", "stock", "traffic", "shop", "orders", "warmup")
"""Kinds of workbook that come without a person: facts of every day, no decisions (prices, costs, plans)."""
SUFFIXES = frozenset({".xlsx", ".xlsm", ".xlsb", ".xls", ".ods", ".csv", ".txt", ".tsv"})
UNFINISHED_S = 300  # a workbook without its end is a copy under way this long, then it is damaged
LONGEST_SILENCE = 7 * 24 * 60  # minutes
LOST_S = 120  # seconds without a look after which a source is red


def is_workbook(path: PurePosixPath) -> bool:
    """Whether a file of the folder is meant: a workbook or a text table, no lock file and no copy under way.

    >>> [is_workbook(PurePosixPath(name)) for name in ("a.xlsx", "orders/b.CSV", "~$a.xlsx", "a.xlsx.part")]
    [True, True, False, False]
    """
    hidden = any(part.startswith((".", "~$")) for part in path.parts)
    return not hidden and path.suffix.lower() in SUFFIXES and path.parts[0] not in {DONE, REFUSED}


def kind_of(path: PurePosixPath) -> str | None:
    """The kind that the subfolder says: "" directly in the folder, None in a subfolder that names no kind.

    >>> kind_of(PurePosixPath("a.csv")), kind_of(PurePosixPath("stock/a.csv")), kind_of(PurePosixPath("x/a.csv"))
    ('', 'stock', None)
    """
    if len(path.parts) == 1:
        return ""
    return path.parts[0] if path.parts[0] in KINDS else None


def free_name(path: PurePosixPath, digest: str) -> str:
    """The name under which a file is put away: its own with the beginning of its digest, so that two days'
    `stock.csv` lie side by side.

    >>> free_name(PurePosixPath("stock/a.csv"), "0123456789abcdef")
    'a-01234567.csv'
    """
    return f"{path.stem}-{digest[:8]}{path.suffix}"


@dataclass(frozen=True, slots=True)
class Used:
    """How a source is used, and what was last heard of it. `silent_after`: minutes, 0 = silence is no alarm;
    `facts`: of the fault's sentence."""

    paused: bool = False
    silent_after: int = 0
    looked_at: datetime | None = None
    fault: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    last_arrival: datetime | None = None
    waiting: int = 0
    refused: int = 0
    pending: int | None = None  # messages that waited at the other side at the last look


def state_of(used: Used, now: datetime) -> str:
    """How a source is doing: "paused" | "red" (it cannot be read, or nobody looks) | "silent" | "waiting" (for
    a person) | "new" (nothing ever came) | "good"."""
    if used.paused:
        return "paused"
    if used.fault or used.looked_at is None or now - used.looked_at > timedelta(seconds=LOST_S):
        return "red"
    if is_silent(used, now):
        return "silent"
    if used.waiting:
        return "waiting"
    return "good" if used.last_arrival else "new"


def is_silent(used: Used, now: datetime) -> bool:
    """Whether a source that has spoken before has been silent for longer than it may."""
    if not used.silent_after or used.last_arrival is None:
        return False
    return now - used.last_arrival > timedelta(minutes=used.silent_after)
