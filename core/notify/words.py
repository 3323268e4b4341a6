"""What a message says, in the language of the channel that it goes to: the screens' own sentences, read as
data.

Sentences of messages stand in core/translations/{zh,en}/messages.toml; kinds of alerts, departments, channels
and refusals are called as on the screens. In a sentence `{n}` takes a blank; `{fen:money}` `{fen:compact}`
`{rate:percent}` `{day:day}` `{moment:time}` `{moment:clock}` format it, and `{code:@department}` looks the
code's own word up.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Mapping
from typing import Any

from core.money import format_compact, format_fen
from core.settings import settings
from core.translations import sentences

LANGUAGES = ("zh", "en")
Wording = Callable[[str], tuple[str, str]]
"""A message: its title and its text in a language."""

NAME, SENTENCE = 40, 200  # letters: some shops write an advertisement into a name
_JOINER = "\u2060"  # has no width
_ACTIVE = re.compile(r"(?<=<)(?=\S)|(?<=:)(?=//)|(?<=www)(?=\.)|(?<=\])(?=\()", re.IGNORECASE)
_MARKS = re.compile(r"[\\`*_{}\[\]<>#|~!&$]|^[ \t]*(?:[-+=]|\d+[.)](?=\s))", re.MULTILINE)


class Said(str):
    """Text that is fit to be sent: made by `say` or `shown`, not to be cleaned once more."""

    __slots__ = ()


def house_language() -> str:
    """The language of a channel of which nobody has said another: the setting's, else Chinese."""
    return settings().language or "zh"


def say(language: str, key: str, /, **blanks: object) -> Said:
    """The sentence in a language with its blanks filled; somebody's own text is shown letter by letter.
    KeyError without a sentence.

    >>> say("zh", "message.goods", name="货", code="S01"), say("en", "message.goods", name="货", code="S01")
    ('货（S01）', '货 (S01)')
    """
    return Said(_Blanks(language).vformat(sentences(language)[key], (), blanks))


def shown(text: object, longest: int = NAME) -> Said:
    """A name as it may stand in a message: one line, no control or direction letters, not endless, and
    nothing in it that a client turns into a link, a tag or a call of everybody (Feishu reads `<at
    user_id="all">` in plain text too).

    >>> shown(" 毛巾\\n50% \\u202egpj ")
    '毛巾 50% gpj'
    """
    line = " ".join(
        "".join(letter for letter in str(text) if letter.isprintable() or letter.isspace()).split()
    )
    return Said(_ACTIVE.sub(_JOINER, line if len(line) <= longest else line[: longest - 1] + "…"))


def as_markdown(text: str) -> str:
    """A plain text for a robot that reads Markdown: the same letters and the same lines.

    >>> as_markdown("*货* [S_1]\\n- 2")
    '\\\\*货\\\\* \\\\[S\\\\_1\\\\]  \\n  \\\\- 2'
    """
    escaped = _MARKS.sub(lambda found: f"{found[0][:-1]}\\{found[0][-1]}", text)
    return escaped.replace("\n", "  \n  ")  # what DingTalk and CommonMark both take for a new line


class _Blanks(string.Formatter):
    """str.format with the application's formats, in one language."""

    def __init__(self, language: str) -> None:
        self._language = language

    def format_field(self, value: Any, format_spec: str) -> str:
        """One blank filled: a code by its word (`{state:@state}`), a figure by a format of ours, text as
        `shown`."""
        if format_spec.startswith("@"):
            return sentences(self._language).get(f"{format_spec[1:]}.{value}") or shown(value)
        if format_spec:
            return _FORMATS[format_spec](value, self._language)
        if isinstance(value, int):
            return f"{value:,}"
        if isinstance(value, list):
            return ("、" if self._language == "zh" else ", ").join(
                one if isinstance(one, Said) else shown(one) for one in value
            )
        return value if isinstance(value, Said) else shown(value)


_FORMATS: Mapping[str, Callable[[Any, str], str]] = {
    "money": lambda fen, _: format_fen(int(fen)),
    "compact": lambda fen, language: format_compact(int(fen), language),
    "percent": lambda rate, _: f"{float(rate):.1%}",
    "day": lambda day, language: f"{day:%m-%d}" if language == "zh" else f"{day.day} {day:%b}",
    "time": lambda moment, language: f"{_FORMATS['day'](moment, language)} {moment:%H:%M}",
    "clock": lambda moment, _: f"{moment:%H:%M}",
}
