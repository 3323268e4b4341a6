"""How people write counts, amounts and rates into a cell: one spelling in, its value or its fault out.

Every reader gives (value, fault): the value is None for nothing (`-`, `无`, blank) and for a fault; a fault is
a place in FAULTS, 0 is none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

from core.money import LARGEST_FEN

FAULTS = (
    "",
    "cell.not_a_number",
    "cell.not_whole",
    "cell.not_an_amount",
    "cell.not_a_rate",
    "cell.not_a_day",
    "cell.window",
    "cell.not_a_moment",
    "cell.unknown_choice",
    "cell.lost_digits",
    "cell.too_large",
    "cell.too_long",
    "cell.negative",
    "cell.too_small",
    "cell.blank",
    "cell.error",
    "cell.uncached_formula",
    "cell.duplicate",
    "cell.part_refused",
    "cell.group_refused",
    "cell.day_or_month",
    "cell.unit",
    "cell.weight",
    "cell.currency",
    "cell.merged",
    "cell.remark",
    "cell.header_again",
    "cell.several_codes",
)
FAULT = {code: place for place, code in enumerate(FAULTS)}
LARGEST_COUNT, LARGEST_RATE = 10**12, 10**6
INVISIBLE = "[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]"
_NOTHING = {
    "",
    "-",
    "--",
    "---",
    "—",
    "——",
    "/",
    "\\",
    "无",
    "空",
    "暂无",
    "nan",
    "null",
    "none",
    "nil",
    "nill",
    "n/a",
    "na",
    "(null)",
    "<na>",
    "notstocked",
}
_UNITS = "件|个|支|瓶|盒|包|只|双|条|张|片|台|袋|罐|盆|本|份|枚|次|人|位|单|笔|天|日|pcs?|units?|days?|ea"
_PACKS = re.compile(
    r"[+-]?[\d,.]*\d(?:箱|打|套|件箱|托|卡板|栈板|垛|提|组|板|扎|捆|排|筐|篓|串|联|令|摞|沓|罗|ctns?|cartons?|cases?|dozens?|sets?|pallets?|plts?|gross|bundles?|trays?|crates?).*",
    re.IGNORECASE,
)
_WEIGHT = re.compile(r"[+-]?[\d,.]*\d(?:kg|g|t|公斤|千克|克|斤|两|吨|磅|lbs?|oz)", re.IGNORECASE)
_FOREIGN = re.compile(
    r"us|hk|nt|au|ca|sg|[$€£₩₽฿₫₱₹₺]|usd|eur|gbp|hkd|twd|jpy|krw|aud|cad|sgd|thb|vnd|myr|php|rub|inr|idr|港币|港元|美元|美金|欧元|英镑|日元|台币|韩元|卢布|泰铢",
    re.IGNORECASE,
)
_COUNT = re.compile(
    rf"(\(?)([+-]?)(\d{{1,3}}(?:,\d{{3}})+|\d+)?(?:\.(\d+))?(?:e\+?(\d{{1,2}}))?(\)?)(千|万|亿|k|w)?(?:{_UNITS})?",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(\(?)(?:rmb|cny|cn¥|¥)?([+-]?)(?:rmb|cny|¥)?(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d+))?(?:e\+?(\d{1,2}))?(\)?)(千|万|亿|k|w)?(?:元|块|圆|rmb|cny)?(?:/(?:件|个|支|瓶|盒|套))?",
    re.IGNORECASE,
)
_SCALE = {"": 1, "千": 10**3, "k": 10**3, "万": 10**4, "w": 10**4, "亿": 10**8}
_RATE = re.compile(r"([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d+))?(%|‰|折|成|倍)?")
_RATE_SCALE = {"%": Decimal(100), "‰": Decimal(1000), "折": Decimal(10), "成": Decimal(10), "倍": Decimal(1)}


def says_nothing(folded: str) -> bool:
    """Whether a folded text is one of the ways to say that there is no value."""
    return folded.casefold() in _NOTHING


def fold(text: str) -> str:
    """A cell's text for reading a number in it: width, blanks, a protecting apostrophe and invisible
    characters folded away."""
    folded = re.sub(INVISIBLE, "", unicodedata.normalize("NFKC", text))
    return re.sub(r"\s+", "", folded).lstrip("'‘’`").replace("−", "-").replace("，", ",").replace("￥", "¥")


def _decimal(match: re.Match[str], scales: Mapping[str, int]) -> Decimal | None:
    """The number of a matched spelling; brackets mean minus, as in ledgers."""
    opened, sign, whole, part, power, closed, scale = match.groups()
    if not (whole or part) or bool(opened) != bool(closed) or (opened and sign):
        return None
    number = (
        Decimal(f"{whole.replace(',', '') if whole else '0'}.{part or '0'}")
        * 10 ** int(power or 0)
        * scales[(scale or "").lower()]
    )
    signed: Decimal | None = -number if opened or sign == "-" else number
    return signed


def number_of(text: str) -> tuple[int | None, int]:
    """A count in a person's hand: (whole number or None for nothing, fault).

    >>> number_of("1.2万")[0], number_of("12件")[0], number_of("１２")[0], number_of("无")[0], FAULTS[number_of("1.5")[1]]
    (12000, 12, 12, None, 'cell.not_whole')
    """
    folded = fold(text)
    if says_nothing(folded):
        return None, 0
    match = _COUNT.fullmatch(folded)
    number = _decimal(match, _SCALE) if match else None
    if number is None:
        return None, FAULT[_number_fault(folded)]
    if abs(number) > LARGEST_COUNT:
        return None, FAULT["cell.too_large"]
    return (int(number), 0) if number == int(number) else (None, FAULT["cell.not_whole"])


def _number_fault(folded: str) -> str:
    """Why a text is no count: packs of an unknown size, a weight, or nothing readable."""
    if _WEIGHT.fullmatch(folded):
        return "cell.weight"
    return "cell.unit" if _PACKS.fullmatch(folded) else "cell.not_a_number"


def fen_of(text: str) -> tuple[int | None, int]:
    """An amount in yuan in a person's hand, half up to the fen: (fen or None for nothing, fault).

    >>> fen_of("￥1,234.50")[0], fen_of("1234.5元")[0], fen_of("0.125")[0], fen_of("Nill")[0]
    (123450, 123450, 13, None)
    """
    folded = fold(text)
    if says_nothing(folded):
        return None, 0
    match = _AMOUNT.fullmatch(folded)
    number = _decimal(match, _SCALE) if match else None
    if number is None:
        foreign = re.search(r"\d", folded) and _FOREIGN.search(folded)
        return None, FAULT["cell.currency" if foreign else "cell.not_an_amount"]
    if abs(number) * 100 > LARGEST_FEN:
        return None, FAULT["cell.too_large"]
    return int((number * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP)), 0


def rate_of(text: str) -> tuple[float | None, int]:
    """A rate in a person's hand: per cent, per mille, 折 and 成 say so themselves; a bare number above 1 is in
    per cent.

    >>> [rate_of(text)[0] for text in ("0.03", "3", "3%", "8.5折", "-")]
    [0.03, 0.03, 0.03, 0.85, None]
    """
    folded = fold(text)
    if says_nothing(folded):
        return None, 0
    match = _RATE.fullmatch(folded)
    if match is None or not (match[2] or match[3]):
        return None, FAULT["cell.not_a_rate"]
    number = Decimal(f"{match[1]}{(match[2] or '0').replace(',', '')}.{match[3] or '0'}")
    scale = _RATE_SCALE[match[4]] if match[4] else Decimal(100 if abs(number) > 1 else 1)
    if abs(number / scale) > LARGEST_RATE:
        return None, FAULT["cell.too_large"]
    return float(number / scale), 0
