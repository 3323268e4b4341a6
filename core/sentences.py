"""Every sentence of the house as data, by key: screens, command line and messages read the same files and fill the blanks their own way."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from core.settings import ROOT

FOLDER = ROOT / "pages" / "parts" / "text"


@lru_cache(maxsize=2)
def sentences(language: str) -> Mapping[str, str]:
    """All sentences of a language ("zh", "en"), merged from its files."""
    found: dict[str, str] = {}
    for path in sorted((FOLDER / language).glob("*.toml")):
        found |= flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def flat(table: Mapping[str, Any], before: str = "") -> dict[str, str]:
    """Nested tables and dotted keys alike.

    >>> flat({"errors": {"room.reason": "…"}, "room": {"title": "t"}})
    {'errors.room.reason': '…', 'room.title': 't'}
    """
    found: dict[str, str] = {}
    for name, value in table.items():
        found |= flat(value, f"{before}{name}.") if isinstance(value, Mapping) else {f"{before}{name}": str(value)}
    return found
