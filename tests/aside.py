"""Coroutines asked from a test that is none: a browser test of the same worker keeps a loop of its own running."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Answer = TypeVar("Answer")


def answered(asked: Coroutine[Any, Any, Answer]) -> Answer:
    """What it returns, or raises, on a loop and a thread of its own."""
    with ThreadPoolExecutor(1) as aside:
        return aside.submit(asyncio.run, asked).result()
