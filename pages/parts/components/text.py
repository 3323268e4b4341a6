"""Every word and figure on the screen, in the reader's language.

    from pages.parts.components.text import t, plain, error_text, money, literal

    st.title(t("stock.title"))                        # Markdown places: titles, captions, labels, alerts
    st.caption(t("stock.rows", n=1200, name=name))    # whole numbers get separators; names are shown literally
    plain("goods.tier")                               # places that show text as it is: tables, options, charts, files

Sentences live in core/translations/zh/*.toml and core/translations/en/*.toml with the same keys; a table
`[stock]` with `title = "…"` is the key `stock.title`. In a sentence `{n}` takes a blank; `{fen:money}`
`{fen:compact}` `{rate:percent}` `{moment:time}` `{day:day}` format it, and `{role:@role}` looks the value's
own word up (`role.finance`). A key without a sentence shows the other language's, and
tests/pages/components/test_text.py fails.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar, cast

import streamlit as st
from babel.dates import format_date, format_datetime

from core import clock
from core.access import NOBODYS_NAME
from core.errors import ShopError
from core.money import format_compact, format_fen
from core.plain_text import printable_facts
from core.settings import settings
from core.translations import sentences

Language = Literal["zh", "en"]
LANGUAGES: tuple[Language, ...] = ("zh", "en")

Argument = TypeVar("Argument")
Made = TypeVar("Made")

_FIXED: ContextVar[Language | None] = ContextVar("language of a download", default=None)
_LOCALE = {"zh": "zh_Hans_CN", "en": "en_GB"}
_LISTED = 5  # a list in a sentence names this many and counts the rest


# --- words
# ---------------------------------------------------------------------------------------------------------


def language() -> Language:
    """The reader's language: the switch (kept in the address as `lang`), else the setting, else the
    browser's."""
    fixed = _FIXED.get()
    if fixed is not None:
        return fixed
    chosen = st.session_state.get("lang")
    return cast(Language, chosen) if chosen in LANGUAGES else browser_language()


def browser_language() -> Language:
    """The language before anybody switches: the setting's, else the browser's."""
    if settings().language:
        return cast(Language, settings().language)
    spoken = st.context.locale
    return "zh" if not isinstance(spoken, str) or spoken.lower().startswith("zh") else "en"


def spoken_by(tongue: Language, make: Callable[[Argument], Made]) -> Callable[[Argument], Made]:
    """`make` for a download that is made on the click: outside of the page's run, yet in the language of its
    reader."""

    def made(argument: Argument) -> Made:
        """What `make` gives, in the reader's language."""
        token = _FIXED.set(tongue)
        try:
            return make(argument)
        finally:
            _FIXED.reset(token)

    return made


def t(key: str, /, **blanks: object) -> str:
    """The sentence for a place that renders Markdown: text blanks are escaped so that a name is shown letter
    by letter."""
    return _fill(key, blanks, literal)


def plain(key: str, /, **blanks: object) -> str:
    """The sentence for a place that shows text as it is: table cells and headers, options, charts, file
    names."""
    return _fill(key, blanks, str)


def known(key: str) -> bool:
    """Whether there is a sentence of that key in any language."""
    return any(key in sentences(tongue) for tongue in LANGUAGES)


def error_text(error: ShopError) -> str:
    """What the shop refused, why and how to mend it, as a sentence for a Markdown place."""
    key = f"errors.{error.code}"
    return t(key, **printable_facts(error.facts)) if known(key) else t("errors.unknown", code=error.code)


def sentence(key: str) -> str:
    """The sentence with its blanks still open."""
    tongue = language()
    other: Language = "en" if tongue == "zh" else "zh"
    return sentences(tongue).get(key) or sentences(other).get(key) or key


def _fill(key: str, blanks: Mapping[str, object], show: Callable[[str], object]) -> str:
    words = sentence(key)
    return _Blanks(show).vformat(words, (), _Missing(blanks)) if "{" in words else words


class _Missing(dict[str, object]):
    """A blank that the caller left out is shown as an ellipsis: a sentence never becomes a traceback."""

    def __missing__(self, name: str) -> str:
        return "…"


class _Blanks(string.Formatter):
    """str.format with the shop's own formats."""

    def __init__(self, show: Callable[[str], object]) -> None:
        self._show = show

    def format_field(self, value: object, format_spec: str) -> str:
        """One blank filled: a code by its word (`{state:@state}`), a value by one of our formats, anything
        else as str.format does."""
        if format_spec.startswith("@"):
            return sentence(f"{format_spec[1:]}.{value}")
        if format_spec in _FORMATS:
            return str(_FORMATS[format_spec](value))
        if format_spec and isinstance(value, int | float | Decimal):
            return format(value, format_spec)
        return str(self._show(_spoken(value)))


def _spoken(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return number(value)
    if isinstance(value, datetime):
        return time(value)
    if isinstance(value, date):
        return day(value)
    if isinstance(value, Mapping):
        value = [f"{name}: {_spoken(item)}" for name, item in value.items()]
    if isinstance(value, list | tuple | set | frozenset):
        return _listed([_spoken(item) for item in value])
    return str(value)


def _listed(items: list[str]) -> str:
    joined = ("、" if language() == "zh" else ", ").join(items[:_LISTED])
    return joined if len(items) <= _LISTED else plain("common.and_more", items=joined, n=len(items))


# --- figures
# -------------------------------------------------------------------------------------------------------


def money(fen: int, *, sign: bool = False) -> str:
    """An exact amount: `¥1,234.50`."""
    return format_fen(int(fen), sign=sign)


def money_short(fen: int, *, sign: bool = False) -> str:
    """An amount for a card or a risk line: `¥5,000万`, `¥50M`."""
    return format_compact(int(fen), language(), sign=sign)


def number(value: int | float | Decimal, digits: int | None = None, *, sign: bool = False) -> str:
    """A figure with separators: with `digits` decimals, or as many as it needs up to two."""
    lead = "+" if sign and value > 0 else ""
    if digits is not None:
        return f"{lead}{value:,.{digits}f}"
    return lead + f"{value:,.2f}".removesuffix("0").removesuffix(".0")


def number_short(value: int | float) -> str:
    """A large count for a card: 12.3万 or 123K; small ones in full."""
    steps = ((1e8, "亿"), (1e4, "万")) if language() == "zh" else ((1e9, "B"), (1e6, "M"), (1e4, "K"))
    for step, unit in steps:
        if abs(value) >= step:
            scaled = value / (1e3 if unit == "K" else step)
            return number(scaled) + unit
    return number(value)


def percent(rate: float | Decimal, digits: int = 1, *, sign: bool = False) -> str:
    """A rate as a percentage: 0.1234 is `12.3%`."""
    lead = "+" if sign and rate > 0 else ""
    return f"{lead}{float(rate) * 100:,.{digits}f}%"


def points(change: float | Decimal) -> str:
    """The change of a percentage, in percentage points: 0.005 is `+0.5 个百分点`."""
    return plain("common.points", n=f"{float(change) * 100:+.1f}")


def day(value: date) -> str:
    """A calendar day: `11月11日 周三`, `Wed 11 Nov`."""
    return format_date(value, "M月d日 EEE" if language() == "zh" else "EEE d MMM", locale=_LOCALE[language()])


def weekday(value: date) -> str:
    """The day of the week in short: `周三`, `Wed`."""
    return format_date(value, "EEE", locale=_LOCALE[language()])


def time(moment: datetime, zone: str = "") -> str:
    """A moment on the campaign's clock: `11-11 20:00`, `11 Nov 20:00`."""
    local = (
        clock.utc(moment).astimezone(clock.zone(zone))
        if zone
        else clock.on_the_clock(moment, settings().timezone)
    )
    return format_datetime(
        local, "MM-dd HH:mm" if language() == "zh" else "d MMM HH:mm", locale=_LOCALE[language()]
    )


def ago(moment: datetime, now: datetime) -> str:
    """How old a figure is: `刚刚`, `5 分钟前`, `3 小时前`, `2 天前`."""
    seconds = max(0, int((now - moment).total_seconds()))
    for size, key in ((86_400, "days"), (3_600, "hours"), (60, "minutes")):
        if seconds >= size:
            return plain(f"common.ago_{key}", n=seconds // size)
    return plain("common.ago_now")


def rise_is_red() -> bool:
    """Whether a rise is red and a fall green: the Chinese habit, turned round in English, or as the setting
    says."""
    wish = settings().rise_is_red
    return wish == "yes" or (wish == "auto" and language() == "zh")


_FORMATS: Mapping[str, Any] = {
    "money": money,
    "compact": money_short,
    "percent": percent,
    "points": points,
    "time": time,
    "day": day,
    "code": str,
}


# --- names as they are
# ---------------------------------------------------------------------------------------------

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$&=^\"'@/])")
_MARKED = re.compile(r"\\" + _MARKS.pattern)
_JOINTS = re.compile(r":(?=\S)|(?<=\S)(?=@)|(?<=\bwww)(?=\.)|(?<=[-<>])(?=[-=>])", re.IGNORECASE)
_JOINER = "\u2060"


def who(account: object) -> str:
    """An account's name; the operator at the machine itself has a word instead."""
    return plain("common.at_machine") if account == NOBODYS_NAME else "" if account is None else str(account)


def letters(markdown: str) -> str:
    """What a text for a Markdown place says, where no Markdown is read.

    >>> letters(literal("a_b -> 1.5"))
    'a_b -> 1.5'
    """
    return _MARKED.sub(r"\1", markdown).replace(_JOINER, "")


def literal(value: object) -> str:
    """Somebody's own text for a Markdown place, shown letter by letter: no emphasis, link, formula, icon,
    colour or tag.

    Marks are escaped with a backslash; where Streamlit replaces letters after reading the Markdown
    (`:material/home:`, `:smile:`, `--`, `->`, `>=`, bare addresses) a word joiner, which has no width, keeps
    them apart.
    """
    text = re.sub(r"\s+", " ", str(value)).strip()
    jointed = _JOINTS.sub(lambda match: match[0] + _JOINER, text)
    return _MARKS.sub(r"\\\1", jointed)
