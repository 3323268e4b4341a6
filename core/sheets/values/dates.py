"""Days and moments as people write them, and which of two short numbers in a column is the day."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from core.sheets.values.spellings import FAULT, INVISIBLE, says_nothing

Order = Literal["", "day", "month"]

_CLOCK = r"(?:[ T]*(\d{1,2})[:时点](?:(\d{1,2})(?:[:分](\d{1,2})(?:\.\d+)?)?)?[分秒]?)?"
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:\s*(?:星期|周)[一二三四五六日天])?" + _CLOCK)
_SHORT = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})" + _CLOCK)
_PACKED = re.compile(r"(\d{4})(\d{2})(\d{2})(?:(\d{2})(\d{2})(\d{2}))?")
_HALF = re.compile(r"\s*(上午|凌晨|早上|中午|下午|晚上|[ap]\.?m\.?(?![a-z]))\s*", re.IGNORECASE)
_AFTERNOON = ("下午", "晚上", "中午", "p")
_WINDOW = re.compile(
    r"(?:\d{4}[-/.年]\d{1,2}[-/.月]\d{1,2}日?|\d{8})(?:\s+\d{1,2}:\d{2}(?::\d{2})?)?\s*(?:至|到|~|—|–|to|-{1,2})\s*\d{1,4}(?:[-/.年月]\d{1,2}|\d{4})",
    re.IGNORECASE,
)
_WITH_OFFSET = re.compile(r"T?\d{2}:?\d{2}.*(?:Z|[+-]\d{2}:?\d{2})$")
_FIRST_YEAR, _LAST_YEAR = 1990, 2099
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - Excel's day zero has no zone
_FIRST_SERIAL, _LAST_SERIAL = 36526, 73050  # the years 2000 to 2099 as Excel counts days


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the short dates of a column (31/12/2023) prove: that the day comes first, or the month."""

    day_first: bool = False
    month_first: bool = False
    short: bool = False

    @property
    def order(self) -> Order:
        """The proven order; "" where nothing or both is proven."""
        if self.day_first == self.month_first:
            return ""
        return "day" if self.day_first else "month"

    @property
    def undecided(self) -> bool:
        """Whether there are short dates and nothing decides them."""
        return self.short and not self.order

    def __or__(self, other: Evidence) -> Evidence:
        """Both columns' evidence together."""
        return Evidence(
            self.day_first or other.day_first,
            self.month_first or other.month_first,
            self.short or other.short,
        )


def evidence(texts: Iterable[str]) -> Evidence:
    """What the distinct texts of a column prove.

    >>> evidence(["02/01/2024", "31/12/2023 22:36"]).order, evidence(["02/01/2024"]).undecided
    ('day', True)
    """
    day_first = month_first = short = False
    for text in texts:
        match = _SHORT.match(unicodedata.normalize("NFKC", text).strip().lstrip("'"))
        if match:
            short = True
            day_first |= int(match[1]) > 12 >= int(match[3])
            month_first |= int(match[3]) > 12 >= int(match[1])
    return Evidence(day_first, month_first, short)


def _stamp(numbers: Sequence[str | int | None]) -> datetime | None:
    try:
        stamp = datetime(*(int(number or 0) for number in numbers))  # type: ignore[arg-type]  # noqa: DTZ001 - the sheet's wall clock
    except ValueError:
        return None
    return stamp if _FIRST_YEAR <= stamp.year <= _LAST_YEAR else None


def stamp_of(text: str, order: Order = "") -> tuple[datetime | None, int]:
    """A day or a moment in a person's hand: (wall clock or None, fault); a window of days is no day. A time
    with an offset stays aware. `order`: which number of 02/01/2024 comes first; without it such a date is
    refused.

    >>> [stamp_of(text)[0].date().isoformat() for text in ("2026/11/1", "20261101", "2026年11月1日", "46327")]
    ['2026-11-01', '2026-11-01', '2026-11-01', '2026-11-01']
    >>> stamp_of("02/01/2024 下午1:05", "day")[0].isoformat()
    '2024-01-02T13:05:00'
    """
    folded = re.sub(INVISIBLE, "", unicodedata.normalize("NFKC", text)).strip().lstrip("'").strip()
    if says_nothing(folded):
        return None, 0
    plain, hours = _without_half(folded)
    match = _DAY.fullmatch(plain) or _PACKED.fullmatch(plain)
    if match:
        return _timed(match.groups(), hours)
    match = _SHORT.fullmatch(plain)
    if match:
        first, _, second, year, *clock = match.groups()
        if not order:
            return None, FAULT["cell.day_or_month"]
        month, day = (second, first) if order == "day" else (first, second)
        return _timed((year, month, day, *clock), hours)
    if re.fullmatch(r"\d{5}(?:\.\d+)?", folded) and _FIRST_SERIAL <= float(folded) <= _LAST_SERIAL:
        return _EPOCH + timedelta(seconds=round(float(folded) * 86400)), 0
    if _WITH_OFFSET.search(folded):
        try:
            return datetime.fromisoformat(folded), 0
        except ValueError:
            pass
    return None, FAULT["cell.window" if _WINDOW.match(folded) else "cell.not_a_day"]


def _without_half(text: str) -> tuple[str, str]:
    """(the text without 上午 or pm, that word folded)."""
    match = _HALF.search(text)
    if not match:
        return text, ""
    return f"{text[: match.start()]} {text[match.end() :]}".strip(), match[1].casefold()


def _timed(numbers: Sequence[str | None], half: str) -> tuple[datetime | None, int]:
    """The stamp with its hour on the side of noon that the sheet says; 下午 13:05 is 13:05."""
    hour = int(numbers[3] or 0)
    if half and not (numbers[3] and 0 <= hour <= 23):
        return None, FAULT["cell.not_a_day"]
    if half.startswith(_AFTERNOON):
        hour += 12 if hour < 12 and not (half == "中午" and hour >= 10) else 0
    elif half and hour == 12:
        hour = 0
    stamp = _stamp((*numbers[:3], hour, *numbers[4:]))
    return (stamp, 0) if stamp else (None, FAULT["cell.not_a_day"])
