"""Money as integer fen: reading, writing, rounding half up, and splitting so that parts sum to the whole."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import numpy as np

from core.errors import ShopError

_SHAPE = re.compile(
    r"^([+-]?)(?:RMB|CNY|[¥￥])?([+-]?)(\d{1,3}(?:,\d{3})+|\d+)?(?:\.(\d+))?(万|亿|千)?(?:元|块|RMB|CNY)?$",
    re.IGNORECASE,
)
_SCALE = {None: 1, "千": 1_000, "万": 10_000, "亿": 100_000_000}
LARGEST_FEN = 10**15  # ten trillion yuan: beyond it a cell is a mistake, and int64 sums stay safe
LARGEST_PRICE = (
    10**9
)  # ten million yuan a unit: beyond it a price is a mistake; times two rates in basis points it fits int64


def half_up(value: Decimal) -> int:
    """The nearest integer, halves away from zero: what Chinese shops expect of a price."""
    return int(value.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def parse_fen(text: str) -> int:
    """Fen of a written amount in yuan: `￥1,234.50`, `1234.5元`, `1.2万`, full-width digits. Parts of a fen
    round half up.

    >>> parse_fen("￥1,234.50"), parse_fen("1.2万"), parse_fen("0.005")
    (123450, 1200000, 1)

    ShopError("money.unreadable", value=...) for anything else, "money.too_large" beyond ten trillion yuan.
    """
    folded = unicodedata.normalize("NFKC", text)
    folded = re.sub(r"\s+", "", folded).replace("¥", "¥")
    match = _SHAPE.match(folded)
    if match is None or not (match[3] or match[4]) or (match[1] and match[2]):
        raise ShopError("money.unreadable", value=text)
    try:
        amount = Decimal(f"{match[1] or match[2]}{(match[3] or '0').replace(',', '')}.{match[4] or '0'}")
    except InvalidOperation as error:  # pragma: no cover - the pattern admits digits only
        raise ShopError("money.unreadable", value=text) from error
    exact = amount * _SCALE[match[5]] * 100
    if abs(exact) > LARGEST_FEN:
        raise ShopError("money.too_large", value=text)
    return half_up(exact)


def from_yuan(yuan: Decimal | int | str) -> int:
    """Fen of an exact number of yuan, half up. Floats are refused by type: they carry no exact cents."""
    return half_up(Decimal(yuan) * 100)


def split(total: int, weights: Sequence[int] | np.ndarray) -> np.ndarray:
    """`total` over the weights by largest remainder: int64 parts that sum to `total` exactly, ties by order.

    `weights` are non-negative integers, shape (n,), below 2**53 in sum; all zero means equal weights. Exact
    integer arithmetic (quotients in Python integers when the product would leave int64).
    ShopError("money.split_weights") for none or a negative one.

    >>> split(5000, [10000, 10000, 10000]).tolist()
    [1667, 1667, 1666]
    """
    shares = np.asarray(weights, dtype=np.int64)
    if shares.size == 0 or (shares < 0).any():
        raise ShopError("money.split_weights")
    if not shares.any():
        shares = np.ones_like(shares)
    sign, amount = (-1, -total) if total < 0 else (1, total)
    exact = shares.astype(object) if amount * int(shares.max()) >= 2**62 else shares
    whole = exact.sum()
    parts, rest = exact * amount // whole, exact * amount % whole
    missing = amount - int(parts.sum())
    parts[np.argsort(-rest, kind="stable")[:missing]] += 1
    exactly: np.ndarray = sign * parts.astype(np.int64)
    return exactly


def split_each(totals: np.ndarray, weights: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Many totals at once, each over the weights of its group by largest remainder: int64 parts, ties by order.

    `totals` has shape (g,), non-negative; `weights` and `groups` shape (n,), a group number 0..g-1 each; a group
    whose weights are all zero is shared equally. The parts of a group that has any sum to its total exactly.

    >>> split_each(np.array([100, 5]), np.array([1, 1, 1, 7]), np.array([0, 0, 0, 1])).tolist()
    [34, 33, 33, 5]
    """
    if not len(groups):
        return np.zeros(0, np.int64)
    sums = np.bincount(groups, weights=weights > 0, minlength=len(totals))
    shares = np.where(sums[groups] == 0, 1, weights).astype(object)
    amounts = totals[groups].astype(object)
    if (
        int(totals.max(initial=0)) * int(shares.max()) * len(groups) < 2**62
    ):  # else exact, in Python's integers
        shares, amounts = shares.astype(np.int64), amounts.astype(np.int64)
    whole = np.zeros(len(totals), shares.dtype)
    np.add.at(whole, groups, shares)
    parts, rest = amounts * shares // whole[groups], amounts * shares % whole[groups]
    missing = np.asarray(totals, shares.dtype).copy()
    np.subtract.at(missing, groups, parts)
    ranked = np.lexsort((np.arange(len(groups)), -rest, groups))
    starts = np.searchsorted(groups[ranked], groups[ranked], side="left")
    parts[ranked] += np.arange(len(groups)) - starts < missing[groups[ranked]]
    exactly: np.ndarray = parts.astype(np.int64)
    return exactly


def format_fen(fen: int, *, sign: bool = False) -> str:
    """An exact amount as people write it: `¥1,234.50`, whole yuan without decimals, `+` in front when `sign`.

    >>> format_fen(123450), format_fen(-9900), format_fen(100, sign=True)
    ('¥1,234.50', '-¥99', '+¥1')
    """
    yuan, rest = divmod(abs(int(fen)), 100)
    lead = "-" if fen < 0 else "+" if sign and fen > 0 else ""
    return f"{lead}¥{yuan:,}" + (f".{rest:02d}" if rest else "")


def format_compact(fen: int, language: str = "zh", *, sign: bool = False) -> str:
    """A large amount for a card: 万/亿 in Chinese, K/M/B in English; small ones in full.

    >>> format_compact(5_000_000_000), format_compact(5_000_000_000, "en"), format_compact(123400)
    ('¥5,000万', '¥50M', '¥1,234')
    """
    steps = (
        ((10**10, "亿"), (10**6, "万")) if language == "zh" else ((10**11, "B"), (10**8, "M"), (10**5, "K"))
    )
    lead = "-" if fen < 0 else "+" if sign and fen > 0 else ""
    for step, unit in steps:
        if abs(fen) >= step:
            scaled = (Decimal(abs(int(fen))) / step).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
            digits = f"{scaled:,.2f}".rstrip("0").rstrip(".")
            return f"{lead}¥{digits}{unit}"
    return format_fen(half_up(Decimal(int(fen)) / 100) * 100 if abs(fen) >= 10**4 else int(fen), sign=sign)
