"""Every sentence of the application as data, by key: screens, command line and messages read the same files and
fill the blanks their own way."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

FOLDER = Path(__file__).parent


@lru_cache(maxsize=2)
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of a language ("zh", "en"), merged from its files."""
    texts: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        texts |= flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return texts


def flat(table: Mapping[str, object], before: str = "") -> dict[str, str]:
    """Nested tables and dotted keys alike.

    >>> flat({"errors": {"room.reason": "…"}, "room": {"title": "t"}})
    {'errors.room.reason': '…', 'room.title': 't'}
    """
    texts: dict[str, str] = {}
    for name, value in table.items():
        texts |= (
            flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": str(value)}
        )
    return texts
