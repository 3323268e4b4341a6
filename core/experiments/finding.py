"""Pure: learnings found by words, Chinese too: a query's words and pairs of characters, wherever they stand."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

import pandas as pd

_RUNS = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]+|[0-9a-z_.%+-]+")
TOPICS = {
    "price": ("价", "优惠", "满减", "凑单", "折扣", "券", "price", "discount", "coupon", "threshold"),
    "label": (
        "标签",
        "角标",
        "文案",
        "倒计时",
        "首屏",
        "label",
        "badge",
        "wording",
        "countdown",
        "above the fold",
    ),
}  # forms of the screens where something learnt may apply: words that name their subject
WHOLE = 4.0  # a query that stands there to the letter outweighs its scattered pieces


def pieces(text: str) -> list[str]:
    """Words in lower case, and of each Chinese run its neighbouring pairs (or its one character).

    >>> pieces("首屏视频 A/B")
    ['首屏', '屏视', '视频', 'a', 'b']
    """
    parts: list[str] = []
    for run in _RUNS.findall(unicodedata.normalize("NFKC", text).lower()):
        pairs = [run[i : i + 2] for i in range(len(run) - 1)] if run[0] > "\u2e7f" else []
        parts.extend(pairs or [run])
    return parts


def matching(texts: pd.Series, query: str) -> pd.Series:
    """How well each text answers, 0 to 1 + WHOLE: the share of the query's pieces in it, and WHOLE more where it
    stands there as a whole. An empty query matches all alike."""
    wanted = list(dict.fromkeys(pieces(query)))
    if not wanted:
        return pd.Series(1.0, index=texts.index)
    plain = texts.map(lambda text: unicodedata.normalize("NFKC", text).lower())
    share = sum((plain.str.contains(piece, regex=False).astype("float64") for piece in wanted), start=0.0)
    whole = plain.str.contains(unicodedata.normalize("NFKC", query).lower().strip(), regex=False)
    return pd.Series(share, index=texts.index) / len(wanted) + whole.astype("float64") * WHOLE


def ordered(frame: pd.DataFrame, columns: Iterable[str], query: str) -> pd.DataFrame:
    """Rows of which half of the query's pieces stand in the columns together, the best first, else in the frame's
    order."""
    texts = frame[list(columns)].astype("str").agg(" ".join, axis=1) if len(frame) else pd.Series(dtype="str")
    points = matching(texts, query)
    kept = frame[points >= 0.5]
    return kept.loc[points[points >= 0.5].sort_values(ascending=False, kind="stable").index]


def about(frame: pd.DataFrame, columns: Iterable[str], topic: str) -> pd.DataFrame:
    """Rows that name a subject of TOPICS anywhere in the columns, in the frame's order."""
    texts = frame[list(columns)].astype("str").agg(" ".join, axis=1) if len(frame) else pd.Series(dtype="str")
    return frame[[any(word in text.lower() for word in TOPICS[topic]) for text in texts]]
