"""Sentences for the command line: the same texts as on the screens, read as data."""

from __future__ import annotations

import os
import re
import tomllib
from functools import lru_cache

from core.errors import ShopError
from core.settings import ROOT, settings

_TEXTS = ROOT / "pages" / "parts" / "text"
_STYLE = re.compile(r"\{(\w+):[^{}]*\}")  # {paid:money} on a screen is the plain figure here


def language() -> str:
    """ "zh" or "en": the setting, else the terminal's, else Chinese."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return settings().language or ("en" if spoken.startswith("en") else "zh")


@lru_cache(maxsize=2)
def _errors(spoken: str) -> dict[str, str]:
    """Every room's `[errors]` of one language, by code."""
    found: dict[str, str] = {}
    for path in sorted((_TEXTS / spoken).glob("*.toml")):
        found |= _flat(tomllib.loads(path.read_text(encoding="utf-8")).get("errors", {}))
    return found


def _flat(table: dict[str, object], before: str = "") -> dict[str, str]:
    """Nested tables and dotted keys alike, as {"room.reason": sentence}."""
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": str(value)}
    return found


def sentence(error: ShopError) -> str:
    """The error in words; its code and facts where no sentence is written or a blank stays empty."""
    try:
        return _STYLE.sub(r"{\1}", _errors(language())[error.code]).format(**error.facts)
    except (KeyError, IndexError, ValueError):
        return str(error)
