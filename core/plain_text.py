"""Text that people and programs hand in: what no database can hold, and how a sample of it is shown.

Every entry ends here. Workbooks lose such characters in the reading child; events, forms, addresses, commands and
sign-ins are refused with "text.unstorable" before a database or a log sees them, on SQLite and PostgreSQL alike.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping

from core.errors import ShopError

LONGEST_SAMPLE, LONGEST_FACT = 60, 300
_DEEPEST, _MOST_PARTS = 3, 8


def storable(text: str) -> bool:
    """Whether a database can hold the text: no NUL (PostgreSQL refuses it), no half of a surrogate pair
    (no UTF-8 has it).

    >>> storable("A-001 扫地机"), storable("A" + chr(0)), storable(chr(0xD800))
    (True, False, False)
    """
    if "\0" in text:
        return False
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def require_storable(values: Iterable[object]) -> None:
    """ShopError("text.unstorable", value) for the first text that no database can hold; other values
    pass."""
    for value in values:
        if isinstance(value, str) and not storable(value):
            raise ShopError("text.unstorable", value=printable(value))


def printable(value: object, most: int = LONGEST_SAMPLE) -> str:
    """A sample of whatever was handed in, for a refusal: one line of at most `most` characters, without
    controls, halves of pairs or endless nesting.

    >>> printable("A" + chr(0) + "B"), printable("x" * 100, 5), printable([[[[[1]]]]])
    ('A\\\\x00B', 'xxxx…', '[[[...]]]')
    """
    text = value if isinstance(value, str) else _brief.repr(value)
    cut = text if len(text) <= most else text[: most - 1] + "…"
    if cut.isprintable():
        return cut
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in cut)
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def printable_facts(facts: Mapping[str, object]) -> dict[str, object]:
    """A refusal's facts with every text in them printable and bounded; numbers and moments stay as they are."""
    return {name: _fact(value) for name, value in facts.items()}


def _fact(value: object, depth: int = 0) -> object:
    if isinstance(value, str):
        return printable(value, LONGEST_FACT)
    if isinstance(value, list | tuple) and depth < _DEEPEST:
        return [_fact(one, depth + 1) for one in value]
    if isinstance(value, Mapping) and depth < _DEEPEST:
        return {printable(str(key)): _fact(one, depth + 1) for key, one in value.items()}
    return printable(value) if isinstance(value, list | tuple | Mapping) else value


class _Brief(reprlib.Repr):
    """Bounded in depth, in parts and in length, whatever is nested in whatever."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = _DEEPEST
        self.maxlist = self.maxtuple = self.maxdict = self.maxset = _MOST_PARTS
        self.maxstring = self.maxlong = self.maxother = LONGEST_SAMPLE


_brief = _Brief()
