"""The caches of the running sale, and the one way to forget them all."""

from __future__ import annotations

from typing import Any

from core.ttl_cache import TtlCache

_caches: list[TtlCache[object]] = []


def live_cache(seconds: float, most: int = 64) -> TtlCache[Any]:
    """A cache of what is drawn of the running sale; `forget` empties it too."""
    cache = TtlCache[object](seconds, most)
    _caches.append(cache)
    return cache


def forget() -> None:
    """Drops everything that was drawn of the running sale: after an act, a change of plan, goods or prices that
    should be seen at once."""
    for cache in _caches:
        cache.clear()
