"""Sentences for the command line: the same texts as on the screens, read as data."""

from __future__ import annotations

import os
import string
from datetime import datetime

from core import clock
from core.errors import ShopError
from core.money import format_fen
from core.sentences import sentences
from core.settings import settings


def language() -> str:
    """ "zh" or "en": the setting, else the terminal's, else Chinese."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return settings().language or ("en" if spoken.startswith("en") else "zh")


class _Terminal(string.Formatter):
    """`{phase:@phase}` by its word, `{paid:money}` in yuan, moments on the campaign's clock, lists one after the other; any other figure
    as it is."""

    def format_field(self, value: object, format_spec: str) -> str:
        """One blank."""
        if format_spec.startswith("@"):
            return sentences(language()).get(f"{format_spec[1:]}.{value}", str(value))
        if isinstance(value, list | tuple):
            return ("、" if language() == "zh" else ", ").join(map(str, value))
        if isinstance(value, datetime):
            return f"{clock.on_the_clock(value, settings().timezone):%Y-%m-%d %H:%M}"
        return format_fen(value) if format_spec in ("money", "compact") and isinstance(value, int) else str(value)


def sentence(error: ShopError) -> str:
    """The error in words; its code and facts where no sentence is written or a blank stays empty."""
    try:
        return _Terminal().format(sentences(language())[f"errors.{error.code}"], **error.facts)
    except (KeyError, IndexError, ValueError):
        return str(error)
