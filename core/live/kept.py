"""Figures kept for a moment, shared by everybody who looks: sixty viewers cost one reading."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")


class Kept(Generic[Value]):
    """Values by key, each made again when it is older than `seconds`; one maker at a time for a key."""

    def __init__(self, seconds: float, most: int = 64) -> None:
        self._seconds, self._most = seconds, most
        self._lock = Lock()
        self._making: dict[Hashable, Lock] = {}
        self._values: dict[Hashable, tuple[float, Value]] = {}

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The kept value, or a new one. A failing `make` raises to its caller and keeps nothing."""
        with self._lock:
            maker = self._making.setdefault(key, Lock())
        with maker:
            found = self._values.get(key)
            if found is not None and time.monotonic() - found[0] < self._seconds:
                return found[1]
            value = make()
            with self._lock:
                if len(self._values) >= self._most:
                    self._forget()
                self._values[key] = (time.monotonic(), value)
            return value

    def _forget(self) -> None:
        oldest: Any = sorted(self._values, key=lambda key: self._values[key][0])[: self._most // 2]
        for key in oldest:
            self._values.pop(key, None)
            self._making.pop(key, None)

    def clear(self) -> None:
        """Forgets everything."""
        with self._lock:
            self._values.clear()
