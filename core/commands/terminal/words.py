"""Sentences for the command line: the same texts as on the screens, read as data."""

from __future__ import annotations

import os
import string
from datetime import datetime
from typing import TYPE_CHECKING

from core import clock
from core.connect.kinds import KINDS, kind
from core.errors import ShopError
from core.money import format_fen
from core.plain_text import printable_facts
from core.settings import settings
from core.translations import sentences

if TYPE_CHECKING:
    from core.imports.control import Control
    from core.sheets.columns import Field


def language() -> str:
    """ "zh" or "en": the setting, else the terminal's, else Chinese."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return settings().language or ("en" if spoken.startswith("en") else "zh")


class _Terminal(string.Formatter):
    """`{phase:@phase}` by its word, `{paid:money}` in yuan, moments on the campaign's clock, lists one after
    the other; any other figure as it is."""

    def format_field(self, value: object, format_spec: str) -> str:
        """One blank."""
        if format_spec.startswith("@"):
            return sentences(language()).get(f"{format_spec[1:]}.{value}", str(value))
        if isinstance(value, list | tuple):
            return ("、" if language() == "zh" else ", ").join(map(str, value))
        if isinstance(value, datetime):
            return f"{clock.on_the_clock(value, settings().timezone):%Y-%m-%d %H:%M}"
        return (
            format_fen(value)
            if format_spec in ("money", "compact") and isinstance(value, int)
            else str(value)
        )


def control(title: str, field: Field, sums: Control) -> str:
    """A control sum in words: "库存 28476 = 写入 27900 + 未计入的仓库 576"."""
    texts = sentences(language())
    amounts = {
        name: format_fen(value) if field.kind == "money" else str(value)
        for name, value in sums._asdict().items()
        if value or name in {"file", "written"}
    }
    parts = [texts[f"control.{name}"].format(n=amounts[name]) for name in amounts if name != "file"]
    return f"{title} {amounts['file']} = {' + '.join(parts)}"


def _titled(error: ShopError) -> dict[str, object]:
    """The facts with fields by the titles that the reader knows."""
    facts = printable_facts(error.facts)
    field = ""
    if str(facts.get("kind")) in KINDS:
        entries = kind(str(facts["kind"])).spec.fields
        titles = {entry.name: entry.title(language()) for entry in entries}
        field = next((entry.kind for entry in entries if entry.name == str(facts.get("field"))), "")
        for name in {"field", "fields"} & set(facts):
            names = facts[name]
            several = [titles.get(one, one) for one in names] if isinstance(names, list | tuple) else None
            facts[name] = several or titles.get(str(names), names)
        facts["kind"] = sentences(language()).get(f"kind.{facts['kind']}", facts["kind"])
    columns = facts.get("columns")
    if isinstance(columns, list):
        facts["columns"] = [
            f"{one['header']} ({format_fen(one['sum']) if field == 'money' else one['sum']})"
            for one in columns
        ]
    if error.code == "import.mostly_refused":
        facts["reason"] = sentence(ShopError(str(facts["reason"])))
    return facts


def sentence(error: ShopError) -> str:
    """The error in words; its code and facts where no sentence is written or a blank stays empty."""
    try:
        return _Terminal().format(sentences(language())[f"errors.{error.code}"], **_titled(error))
    except (KeyError, IndexError, ValueError):
        return str(error)
