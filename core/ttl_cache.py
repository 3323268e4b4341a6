"""Figures kept for a moment, shared by everybody who looks: sixty viewers cost one reading."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

Value = TypeVar("Value")


@dataclass(slots=True)
class _Turn:
    """The lock of a key that is being made, and how many hold it or wait for it."""

    lock: Lock = field(default_factory=Lock)
    holders: int = 0


class TtlCache(Generic[Value]):
    """Values by key, each made again when it is older than `seconds`; one maker at a time for a key, and at
    most `most` values.

    >>> cache = TtlCache[int](60.0)
    >>> cache.get("a", lambda: 1), cache.get("a", lambda: 2)
    (1, 1)
    """

    def __init__(self, seconds: float, most: int = 64) -> None:
        self._seconds, self._most = seconds, most
        self._lock = Lock()
        self._turns: dict[Hashable, _Turn] = {}
        self._values: dict[Hashable, tuple[float, Value]] = {}
        self._cleared = 0

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The kept value, or a new one. A failing `make` raises to its caller and keeps nothing, neither a
        value nor a lock; what was begun before a `clear` is handed to its caller and not kept."""
        with self._lock:
            turn = self._turns.setdefault(key, _Turn())
            turn.holders += 1
        try:
            with turn.lock:
                return self._fresh(key, make)
        finally:
            with self._lock:
                turn.holders -= 1
                if not turn.holders:
                    del self._turns[key]

    def _fresh(self, key: Hashable, make: Callable[[], Value]) -> Value:
        with self._lock:
            cleared, kept = self._cleared, self._values.get(key)
        if kept is not None and time.monotonic() - kept[0] < self._seconds:
            return kept[1]
        value = make()
        with self._lock:
            if cleared == self._cleared:
                self._values.pop(key, None)
                self._values[key] = (time.monotonic(), value)
                self._trim()
        return value

    def _trim(self) -> None:
        """Drops the oldest values beyond `most`: the values stand in the order in which they were made."""
        for key in list(self._values)[: max(0, len(self._values) - self._most)]:
            del self._values[key]

    def clear(self) -> None:
        """Forgets everything, also what is being made at this moment."""
        with self._lock:
            self._cleared += 1
            self._values.clear()
