"""What a cell format says of its number: a code with zeros, a rate in per cent, a day, the sign of a currency."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal

_DAYS = {"14": "yyyy-mm-dd", "15": "d-mmm-yy"}


_DAY_ZERO, _FIRST_DAY, _LAST_DAY = date(1899, 12, 30), 32874, 73050  # the years 1990 to 2099


_SIGN = re.compile(r"\[\$([^\]-]+)[^\]]*\]|(US\$|HK\$|NT\$|[$€£₩₽฿₫₱₹₺])")


_OWN_SIGNS = frozenset({"¥", "￥", "CNY", "RMB", "元", "CN¥"})


_PER_CENT = {"9": "0%", "10": "0.00%"}  # the formats that Excel numbers without listing them


def changing_formats(formats: Mapping[str, str], *, other_epoch: bool) -> dict[str, str]:
    """Number -> format of those that say what a number is, the unlisted ones of Excel's own among them."""
    return {
        number: code
        for number, code in (_PER_CENT | _DAYS | dict(formats)).items()
        if re.fullmatch("0{2,}", code)
        or is_per_cent(code)
        or foreign_sign(code)
        or (is_day(code) and not other_epoch)
    }


def foreign_sign(code: str) -> str:
    """The sign of another currency that a number format shows beside its numbers, "" for none and for the yuan.

    >>> foreign_sign('[$$-409]#,##0.00'), foreign_sign('"¥"#,##0.00'), foreign_sign('[$-804]yyyy/m/d'), foreign_sign('#,##0\\ [$€-407]')
    ('$', '', '', '€')
    """
    signs = _SIGN.findall(re.sub(r"\[\$-[^\]]*\]", "", code.split(";")[0]))
    return next((sign for pair in signs for sign in pair if sign and sign not in _OWN_SIGNS), "")


def is_per_cent(code: str) -> bool:
    """Whether a number format shows a hundredfold with the sign behind it; a sign that is only quoted text
    does not count."""
    return "%" in re.sub(r'"[^"]*"|\\.', "", code)


def is_day(code: str) -> bool:
    """Whether a number format shows a day and no clock.

    >>> is_day("yyyy-mm-dd"), is_day("yyyy/m/d h:mm"), is_day('[$-804]yyyy"年"m"月"d"日"')
    (True, False, True)
    """
    bare = re.sub(r'"[^"]*"|\\.|\[[^\]]*\]', "", code.casefold())
    return "y" in bare and "d" in bare and not re.search("[hs]", bare)


def as_shown(number: str, code: str) -> str:
    """A stored number as its format shows it: a code with its zeros, a day without a clock, an amount with the sign of
    another currency, a rate only above 100 %, where the bare number would be taken for one in per cent.

    >>> as_shown("123", "00000"), as_shown("1.2", "0.0%"), as_shown("0.35", "0%")
    ('00123', '120%', '0.35')
    """
    if is_day(code):
        whole = number.isdigit() and _FIRST_DAY <= int(number) <= _LAST_DAY
        return (_DAY_ZERO + timedelta(days=int(number))).isoformat() if whole else number
    if foreign_sign(code):
        return f"{foreign_sign(code)}{number}"
    if not is_per_cent(code):
        return number.zfill(len(code)) if number.isdigit() else number
    rate = Decimal(number)
    return f"{(rate * 100).normalize():f}%" if abs(rate) > 1 else number
