"""Codes that look alike and are not the same: letters of another script, full width, characters that nobody
sees."""

from __future__ import annotations

import re
import unicodedata

import numpy as np
import pandas as pd

from core.sheets.values.spellings import INVISIBLE

_TWINS = str.maketrans(
    "АВЕЅЗІЈКМНОРСТУХѴԌԛԝавеѕіјкмнорстухԁһӏΑΒΕΖΗΙΚΜΝΟΡΤΥΧαικνορτυχϲ",
    "ABES3IJKMHOPCTYXVGqwaBesijkMHopcTyxdhlABEZHIKMNOPTYXaikvoptuxc",
)
_FOREIGN_LETTER = r"[Ͱ-ӿԀ-ԯἀ-῿Ⲁ-⳿]"


def skeleton(code: str) -> str:
    """A code as the eye takes it: two codes with one skeleton cannot be told apart on a screen.

    >>> skeleton("А01") == skeleton("A01") == skeleton("Ａ０１") == skeleton("A\\u200b01")
    True
    """
    folded = re.sub(INVISIBLE, "", unicodedata.normalize("NFKC", code))
    return re.sub(r"\\s+", " ", folded.translate(_TWINS)).strip()


def suspicious(codes: pd.Series) -> np.ndarray:
    """Where a code holds a letter of another script that looks like a Latin one (bool)."""
    marked = codes.str.contains(_FOREIGN_LETTER, regex=True, na=False).to_numpy(bool).copy()
    if marked.any():
        marked[marked] = [skeleton(code) != code for code in codes[marked]]
    return marked


def twins(codes: pd.Series) -> np.ndarray:
    """Where a suspicious code looks like another code of the same column (bool): it is no second SKU."""
    odd = suspicious(codes)
    twin = np.zeros(len(codes), bool)
    if odd.any():
        strange = codes[odd]
        looks = strange.map(skeleton)
        texts = strange.groupby(looks).transform("nunique")
        twin[odd] = looks.isin(set(codes[~odd].dropna())).to_numpy() | (texts > 1).to_numpy()
    return twin


def twins_of(codes: pd.Series, known: pd.Series) -> np.ndarray:
    """Where a code is not among the known ones and cannot be told from one of them on a screen (bool): one of the
    two has letters of another script."""
    new = ~codes.isin(known).to_numpy(bool)
    odd, odd_known = suspicious(codes) & new, known[suspicious(known)]
    twin = np.zeros(len(codes), bool)
    if odd.any():
        plain = set(known) | set(odd_known.map(skeleton))
        twin[odd] = codes[odd].map(skeleton).isin(plain).to_numpy(bool)
    if len(odd_known):
        twin |= codes.isin(set(odd_known.map(skeleton))).to_numpy(bool) & new
    return twin
