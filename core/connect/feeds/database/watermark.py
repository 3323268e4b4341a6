"""Arithmetic with watermarks as their database gives them: moments with and without an offset, moments as text,
counters. Pure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from core import clock


def back(value: Any, overlap: int) -> Any:
    """The watermark `overlap` earlier: seconds of a moment, numbers of a counter; in the form in which it came, so
    that its database compares it with its own.

    >>> back("2026-11-11 00:05:00.123", 300), back(1000, 300)
    ('2026-11-11 00:00:00', 700)
    """
    if isinstance(value, datetime):
        return value - timedelta(seconds=overlap)
    if isinstance(value, date):
        return value - timedelta(days=1 + overlap // 86_400)
    if isinstance(value, str):
        return _like(value, datetime.fromisoformat(value.strip()) - timedelta(seconds=overlap))
    return value - overlap


def starting(sample: object, since: datetime, zone_name: str) -> object:
    """`since` in the form of a source's watermark; None (from the beginning) of a counter or an empty table."""
    local = since.astimezone(clock.zone(zone_name))
    if isinstance(sample, datetime):
        return local if sample.tzinfo is not None else local.replace(tzinfo=None)
    if isinstance(sample, date):
        return local.date()
    if isinstance(sample, str):
        offset = datetime.fromisoformat(sample.strip()).tzinfo
        return _like(sample, since.astimezone(UTC) if offset is not None else local)
    return None


def _like(sample: str, moment: datetime) -> str:
    """A moment as text of the same form, to the second and without its offset: never behind the same moment."""
    if len(sample.strip()) <= len("2026-11-11"):
        return moment.strftime("%Y-%m-%d")
    return moment.strftime(f"%Y-%m-%d{sample.strip()[10]}%H:%M:%S")
