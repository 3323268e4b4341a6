"""What people are like, in shares with their counts, and how the buyers of a sale differ from the rest. Pure.

Intervals: Newcombe's hybrid score interval of a difference of two proportions (1998, method 10).
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from core.experiments.statistics.proportions import newcombe

LEAST_PEOPLE = 20  # fewer are never shown, nor can they be worked out from what is shown
UNSTATED, REST = "~unstated", "~rest"  # nothing is known · values too small to be shown, together
SHARES = (
    "trait",
    "value",
    "people",
    "share",
    "buyer_share",
    "rest_share",
    "difference",
    "low",
    "high",
    "verdict",
)
_SEVERAL = re.compile(r"\s*[,，、;；/|]\s*")  # between the interests of one person


def shares(people: pd.DataFrame, bought: pd.Series, traits: tuple[str, ...]) -> pd.DataFrame:
    """SHARES by trait and value, the most frequent value first. `people`: a row a person with a text in each trait;
    `bought`: whether the person bought in the sale, indexed alike.

    A trait of which nothing is known has no rows. `share` is of all people; an interest may be shared by people who have
    several, its shares can sum to more than 1. Values of fewer than LEAST_PEOPLE stand together as REST; the comparison
    is left out (NaN) where it would speak of fewer buyers or others. `verdict`: "more" or "less" where the 95% interval
    leaves 0 out, "same" where not, "" without a comparison.
    """
    parts = [_trait(people[name], bought, name) for name in traits if (people[name] != "").any()]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(SHARES))


def _trait(values: pd.Series, bought: pd.Series, name: str) -> pd.DataFrame:
    stated = values.mask(values == "", UNSTATED)
    pairs = pd.DataFrame({"value": stated, "bought": bought.to_numpy(bool), "who": np.arange(len(values))})
    if name == "interest":
        pairs = pairs.assign(value=stated.map(_SEVERAL.split)).explode("value").drop_duplicates()
    counted = pairs.groupby("value").agg(people=("who", "size"), buyers=("bought", "sum"))
    folded = _folded(counted.assign(rest=counted["people"] - counted["buyers"]))
    if folded.empty:
        return pd.DataFrame(columns=list(SHARES))
    whole = int(bought.sum()), len(values) - int(bought.sum())
    return _judged(folded, whole).assign(trait=name)[list(SHARES)]


def _folded(counted: pd.DataFrame) -> pd.DataFrame:
    """Small values together as REST, with the next larger ones until they are enough; nothing where all are too few."""
    ordered = counted.sort_values("people", ascending=False, kind="stable")
    large = (ordered["people"] >= LEAST_PEOPLE).to_numpy()
    if large.all():
        return ordered
    keep = int(large.sum())
    while keep and ordered["people"].iloc[keep:].sum() < LEAST_PEOPLE:
        keep -= 1
    rest = ordered.iloc[keep:].sum().rename(REST).to_frame().T
    together = pd.concat([ordered.iloc[:keep], rest.astype(ordered.dtypes)])
    return together[together["people"] >= LEAST_PEOPLE]


def _judged(folded: pd.DataFrame, whole: tuple[int, int]) -> pd.DataFrame:
    buyers, rest = whole
    rows = pd.DataFrame({"value": folded.index.astype("str"), "people": folded["people"].to_numpy()})
    rows["share"] = rows["people"] / (buyers + rest)
    shown = _comparable(folded)
    for column in ("buyer_share", "rest_share", "difference", "low", "high"):
        rows[column] = np.nan
    for place in np.flatnonzero(shown):
        own, other = int(folded["buyers"].iloc[place]), int(folded["rest"].iloc[place])
        low, high = newcombe((other, own), (rest, buyers))
        figures = (own / buyers, other / rest, own / buyers - other / rest, low, high)
        rows.loc[place, ["buyer_share", "rest_share", "difference", "low", "high"]] = figures
    verdicts = [rows["low"].isna(), rows["low"] > 0, rows["high"] < 0]
    return rows.assign(verdict=np.select(verdicts, ["", "more", "less"], "same"))


def _comparable(folded: pd.DataFrame) -> np.ndarray:
    """Where both sides are enough people; a single value left out takes the smallest other with it, as the whole would
    give it away."""
    smaller = folded[["buyers", "rest"]].min(axis=1).to_numpy()
    shown = np.asarray(smaller >= LEAST_PEOPLE)
    if (~shown).sum() == 1 and shown.any():
        shown[int(np.argmin(np.where(shown, smaller, np.inf)))] = False
    return shown
