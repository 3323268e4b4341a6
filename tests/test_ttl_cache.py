"""The cache that sixty viewers share: one maker a key, whatever fails, ends or is forgotten meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import pytest

from core import ttl_cache
from core.ttl_cache import TtlCache

WAIT = 30.0


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Moves the cache's stopwatch."""
    passed = [0.0]
    monkeypatch.setattr(ttl_cache.time, "monotonic", lambda: passed[0])

    def move(by: float) -> None:
        passed[0] += by

    return move


def test_a_value_is_made_again_when_it_is_old(seconds: Callable[[float], None]) -> None:
    cache, values = TtlCache[int](2.0), iter(range(9))
    make = lambda: next(values)  # noqa: E731
    assert [cache.get("a", make), cache.get("a", make)] == [0, 0]
    seconds(2.0)
    assert cache.get("a", make) == 1


def test_the_oldest_make_room() -> None:
    cache = TtlCache[int](60.0, most=3)
    for n in (1, 2, 3, 4):
        cache.get(n, lambda: 0)
    made: list[int] = []
    for n in (4, 3, 2, 1):
        cache.get(n, lambda n=n: made.append(n) or 0)  # type: ignore[misc]
    assert made == [1]


def test_a_failing_make_raises_and_leaves_neither_value_nor_lock() -> None:
    cache = TtlCache[int](60.0)

    def fails() -> int:
        raise RuntimeError("no reading")

    for n in range(500):
        with pytest.raises(RuntimeError):
            cache.get(n, fails)
    assert (cache._turns, cache._values) == ({}, {})
    assert cache.get(7, lambda: 8) == 8


def test_no_lock_in_use_is_dropped_while_others_make_room() -> None:
    """Two ask for one key while the values of a hundred others come and go: it is made once."""
    cache, begun, go, made = TtlCache[int](60.0, most=2), Event(), Event(), []

    def slow() -> int:
        made.append(1)
        begun.set()
        assert go.wait(WAIT)
        return len(made)

    threads = [Thread(target=cache.get, args=("slow", slow)) for _ in range(2)]
    threads[0].start()
    assert begun.wait(WAIT)
    for n in range(100):
        cache.get(n, lambda: 0)
    threads[1].start()
    go.set()
    for thread in threads:
        thread.join(WAIT)
    assert made == [1]
    assert cache._turns == {}


def test_what_was_begun_before_a_clear_is_not_kept() -> None:
    """An act forgets the pictures: one that was being drawn from before it must not come back."""
    cache, begun, go = TtlCache[str](60.0), Event(), Event()
    answers: list[str] = []

    def old() -> str:
        begun.set()
        assert go.wait(WAIT)
        return "before the act"

    thread = Thread(target=lambda: answers.append(cache.get("a", old)))
    thread.start()
    assert begun.wait(WAIT)
    cache.clear()
    go.set()
    thread.join(WAIT)
    assert answers == ["before the act"]
    assert cache.get("a", lambda: "after it") == "after it"
