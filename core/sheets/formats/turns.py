"""Whose file is read next: few children at a time, because their memory must fit the machine together, and fair
turns among the accounts.

An account that waits has at most one turn while others wait; among those who wait, who has used least of the last
ten minutes comes first. Who has waited `patience` seconds while a child has run as long overtakes it: that child is
halted, and goes on when the other has ended. So two files made to take minutes keep nobody else waiting for them.
"""

from __future__ import annotations

import os
import signal
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Condition
from typing import NamedTuple

from core.errors import ShopError

REMEMBERED_S = 600.0


class Queue(NamedTuple):
    """How many files are being read, and how many wait."""

    running: int
    waiting: int


@dataclass(eq=False, slots=True)
class Turn:
    """One reader's turn: for whom, since when, and the child that it has started."""

    account: str
    arrived: float
    begun: float = 0.0
    child: int = 0
    halted_at: float = 0.0
    halted_for: float = 0.0

    def seconds_halted(self, now: float) -> float:
        """How long its child has been halted in all: its own limit does not run then."""
        return self.halted_for + (now - self.halted_at if self.halted_at else 0.0)


@dataclass(slots=True)
class Turns:
    """The turns of this process: `most` children that run at a time."""

    most: int = 2
    patience: float = 10.0
    clock: Callable[[], float] = time.monotonic
    _changed: Condition = field(default_factory=Condition)
    _running: list[Turn] = field(default_factory=list)
    _halted: list[Turn] = field(default_factory=list)
    _waiting: list[Turn] = field(default_factory=list)
    _used: deque[tuple[float, str, float]] = field(default_factory=deque)

    def queue(self) -> Queue:
        """The queue as it is now."""
        with self._changed:
            return Queue(len(self._running) + len(self._halted), len(self._waiting))

    @contextmanager
    def taken(self, account: str, timeout: float) -> Iterator[Turn]:
        """A turn for that account. ShopError("sheet.queue", waiting, seconds) when it does not come in time."""
        turn = Turn(account, self.clock())
        with self._changed:
            self._waiting.append(turn)
            try:
                self._await(turn, timeout)
            finally:
                self._waiting.remove(turn)
                self._changed.notify_all()
        try:
            yield turn
        finally:
            self._ended(turn)

    def started(self, turn: Turn, child: int) -> None:
        """The child of a turn (a process group of its own)."""
        with self._changed:
            turn.child = child
            if turn in self._halted:
                _signal(turn, signal.SIGSTOP)

    def _await(self, turn: Turn, timeout: float) -> None:
        until = self.clock() + timeout
        while not self._granted(turn):
            left = until - self.clock()
            if left <= 0:
                raise ShopError("sheet.queue", waiting=len(self._waiting), seconds=round(timeout))
            self._changed.wait(min(left, 0.5))
        turn.begun = self.clock()
        self._running.append(turn)

    def _granted(self, turn: Turn) -> bool:
        """Whether the turn begins now: it is the next of those who wait, and there is room or somebody to
        overtake."""
        if turn is not min(self._waiting, key=self._order):
            return False
        now = self.clock()
        if len(self._running) < self.most:
            return not self._halted or now - turn.arrived >= self.patience or self._resumes_later(turn)
        if now - turn.arrived < self.patience or len(self._halted) >= self.most:
            return False
        long = [
            one for one in self._running if one.account != turn.account and now - one.begun >= self.patience
        ]
        if not long:
            return False
        self._halt(min(long, key=lambda one: one.begun), now)
        return True

    def _resumes_later(self, turn: Turn) -> bool:
        """Who was overtaken goes on first, unless the one who waits has used less."""
        now = self.clock()
        return self._spent(turn.account, now) < min(self._spent(one.account, now) for one in self._halted)

    def _order(self, turn: Turn) -> tuple[int, float, float]:
        mine = sum(one.account == turn.account for one in (*self._running, *self._halted))
        return mine, self._spent(turn.account, self.clock()), turn.arrived

    def _spent(self, account: str, now: float) -> float:
        """Seconds that an account has used within the last ten minutes, what runs included."""
        while self._used and self._used[0][0] < now - REMEMBERED_S:
            self._used.popleft()
        ended = sum(seconds for _, name, seconds in self._used if name == account)
        return ended + sum(
            now - one.begun for one in (*self._running, *self._halted) if one.account == account
        )

    def _halt(self, turn: Turn, now: float) -> None:
        self._running.remove(turn)
        self._halted.append(turn)
        turn.halted_at = now
        _signal(turn, signal.SIGSTOP)

    def _resume(self, turn: Turn, now: float) -> None:
        self._halted.remove(turn)
        self._running.append(turn)
        turn.halted_for += now - turn.halted_at
        turn.halted_at, turn.begun = 0.0, now
        _signal(turn, signal.SIGCONT)

    def _ended(self, turn: Turn) -> None:
        with self._changed:
            now = self.clock()
            (self._running if turn in self._running else self._halted).remove(turn)
            self._used.append((now, turn.account, now - turn.begun))
            impatient = any(now - one.arrived >= self.patience for one in self._waiting)
            if self._halted and len(self._running) < self.most and not impatient:
                self._resume(min(self._halted, key=lambda one: one.halted_at), now)
            self._changed.notify_all()


def _signal(turn: Turn, number: int) -> None:
    if turn.child:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(turn.child, number)


turns = Turns()
queue = turns.queue
