"""Codes that look alike and are not the same: letters of another script, full width, characters that nobody
sees."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from core.frames import SPACES, matching
from core.sheets.values.spellings import INVISIBLE

_TWINS = str.maketrans(
    "АВЕЅЗІЈКМНОРСТУХѴԌԛԝавеѕіјкмнорстухԁһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχϲ",
    "ABES3IJKMHOPCTYXVGqwaBesijkMHopcTyxdhlABEZHIKMNOPTYXaikvoptuxc",
)
_DASHES = "\u2010-\u2015\u2212\ufe58\ufe63\uff0d"
_FOREIGN_LETTER = r"[Ͱ-ӿԀ-ԯἀ-῿Ⲁ-⳿]"
_ODD = f"[{SPACES}\u00a0-\u036fͰ-ӿԀ-ԯἀ-῿\u2000-\u206f\u2212Ⲁ-⳿\u3000\ufe00-\uffef]"  # what a skeleton folds


def skeleton(code: str) -> str:
    """A code as the eye takes it: two codes with one skeleton cannot be told apart on a screen.

    >>> skeleton("А01") == skeleton("A01") == skeleton("Ａ０１") == skeleton("A\\u200b01")
    True
    """
    folded = re.sub(INVISIBLE, "", unicodedata.normalize("NFKC", re.sub(f"[{_DASHES}]", "-", code)))
    return re.sub(r"\s+", " ", folded.translate(_TWINS)).strip()


def suspicious(codes: pd.Series) -> np.ndarray:
    """Where a code holds a letter of another script that looks like a Latin one (bool)."""
    marked = matching(codes, _FOREIGN_LETTER).copy()
    if marked.any():
        marked[marked] = [skeleton(code) != code for code in codes[marked]]
    return marked


def indistinct(codes: pd.Series, known: pd.Series) -> np.ndarray:
    """Where a code differs only by case or by look from another of the column, or from a known one (bool): nobody can
    say whether the two are one SKU. Codes that are all known are goods of their own, as somebody said before."""
    own, held = pd.Index(codes.unique()), pd.Index(known.unique())
    new = own.difference(held, sort=False)
    if not len(new):
        return np.zeros(len(codes), bool)
    texts = own.union(held, sort=False).to_series()
    looks = _looks(texts)
    alike = texts[looks.duplicated(keep=False).to_numpy()]
    if not len(alike):
        return np.zeros(len(codes), bool)
    open_looks = set(looks[alike.index.intersection(new)])
    asked = alike[looks[alike.index].isin(open_looks).to_numpy()]
    return codes.isin(asked).to_numpy(bool)


def alike_in_words(codes: pd.Series, known: pd.Series) -> tuple[str, ...]:
    """Indistinct codes beside those that they look like: "a1 / A1"."""
    texts = pd.Series(pd.unique(pd.concat([codes, known], ignore_index=True)))
    looks = _looks(texts)
    mine = texts[looks.isin(set(_looks(codes))).to_numpy()]
    groups = mine.groupby(looks[mine.index], sort=False)
    return tuple(" / ".join(group) for _, group in groups)


def _looks(codes: pd.Series) -> pd.Series:
    """What is left of each code when case and look are taken away, indexed as they are."""
    texts = codes.astype("str")
    odd = matching(texts, _ODD)
    if odd.any():
        texts = texts.copy()
        texts.loc[odd] = pd.array([skeleton(code) for code in texts[odd]], dtype="str")
    return texts.str.lower()
