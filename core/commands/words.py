"""Sentences for the command line: the same texts as on the screens, read as data."""

from __future__ import annotations

import os
import string
import tomllib
from datetime import datetime
from functools import lru_cache

from core import clock
from core.errors import ShopError
from core.money import format_fen
from core.settings import ROOT, settings

_TEXTS = ROOT / "pages" / "parts" / "text"


def language() -> str:
    """ "zh" or "en": the setting, else the terminal's, else Chinese."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return settings().language or ("en" if spoken.startswith("en") else "zh")


@lru_cache(maxsize=2)
def _sentences(spoken: str) -> dict[str, str]:
    """Every room's words of one language, by key."""
    found: dict[str, str] = {}
    for path in sorted((_TEXTS / spoken).glob("*.toml")):
        found |= _flat(tomllib.loads(path.read_text(encoding="utf-8")))
    return found


def _flat(table: dict[str, object], before: str = "") -> dict[str, str]:
    """Nested tables and dotted keys alike, as {"errors.room.reason": sentence}."""
    found: dict[str, str] = {}
    for key, value in table.items():
        found |= _flat(value, f"{before}{key}.") if isinstance(value, dict) else {f"{before}{key}": str(value)}
    return found


class _Terminal(string.Formatter):
    """`{phase:@phase}` by its word, `{paid:money}` in yuan, moments on the campaign's clock; any other figure as it is."""

    def format_field(self, value: object, format_spec: str) -> str:
        """One blank."""
        if format_spec.startswith("@"):
            return _sentences(language()).get(f"{format_spec[1:]}.{value}", str(value))
        if isinstance(value, datetime):
            return f"{clock.on_the_clock(value, settings().timezone):%Y-%m-%d %H:%M}"
        return format_fen(value) if format_spec in ("money", "compact") and isinstance(value, int) else str(value)


def sentence(error: ShopError) -> str:
    """The error in words; its code and facts where no sentence is written or a blank stays empty."""
    try:
        return _Terminal().format(_sentences(language())[f"errors.{error.code}"], **error.facts)
    except (KeyError, IndexError, ValueError):
        return str(error)
