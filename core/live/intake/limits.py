"""How many events a source may send a minute, over all processes that take them.

A bucket of one minute's worth stands in the database, where every process that shares it spends. A process writes
down what it has taken once a second, not with each batch: so a source may run ahead by one second's worth of each
process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import NamedTuple

from core.access.back_off import Budget, budget_key, spend
from core.database import Database
from core.errors import ShopError

EVERY_S = 1.0


@dataclass(slots=True)
class Account:
    """What a process knows of a source: the level of the shared bucket when it last looked, and what it has
    taken since."""

    level: float = 0.0
    looked: float = float("-inf")
    looked_at: datetime | None = None
    taken: int = 0


class _Asked(NamedTuple):
    """A request: how many events of which source, and how many a minute it may send."""

    source: str
    events: int
    rate: int


@dataclass(slots=True)
class RateLimiter:
    """The accounts of a process, one for each source of each database: two shops that one process serves may
    have a source of the same name."""

    clock: Callable[[], float] = time.monotonic
    _lock: Lock = field(default_factory=Lock)
    _accounts: dict[tuple[str, str], Account] = field(default_factory=dict)

    def take(self, db: Database, source: str, events: int, rate: int, now: datetime) -> None:
        """ShopError("live.too_fast", seconds=...) where the bucket holds less than the request needs."""
        with self._lock:
            account = self._accounts.setdefault((db.url, source), Account())
            at = self.clock()
            if at - account.looked >= EVERY_S:
                self._look(db, account, _Asked(source, events, rate), now)
                account.looked = at
                return
            level = max(0.0, account.level - (at - account.looked) * rate / 60) + account.taken + events
            if level > rate:
                raise _too_fast(level, rate)
            account.taken += events

    def _look(self, db: Database, account: Account, asked: _Asked, now: datetime) -> None:
        """Writes down what was taken, and whether the others have left enough."""
        source, events, rate = asked
        bucket = Budget(budget_key("intake", source), max(rate, 1) * 60, max(rate, 1))
        with db.writing() as connection:
            account.level = spend(connection, bucket, account.taken, account.looked_at or now, now)
            account.taken, account.looked_at = 0, now
        if account.level + events > rate:
            raise _too_fast(account.level + events, rate)
        account.taken = events


def _too_fast(level: float, rate: int) -> ShopError:
    return ShopError("live.too_fast", seconds=max(1, round((level - rate) * 60 / max(rate, 1))))
