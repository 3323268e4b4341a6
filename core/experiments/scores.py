"""Pure: how ideas are scored from votes, ranked, and how firmly the rank holds when the weights move."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product

import numpy as np
import pandas as pd

from core.errors import ShopError

MEASURES = ("growth", "speed", "reuse", "running_cost", "fit")
REVERSED = "running_cost"  # five points of cost are worth as little as one point of growth
LOWEST, HIGHEST = 1, 5
SWAY = 0.20  # by how much each weight is moved to see whether a rank holds
EQUAL: Mapping[str, int] = dict.fromkeys(MEASURES, 1)


def require_weights(weights: Mapping[str, float]) -> dict[str, float]:
    """The five weights as floats; ShopError("experiments.weights") unless all are there, none below 0 and one
    above."""
    values = {measure: float(weights.get(measure, -1)) for measure in MEASURES}
    if min(values.values()) < 0 or max(values.values()) <= 0 or set(weights) - set(MEASURES):
        raise ShopError("experiments.weights")
    return values


def require_vote(points: Mapping[str, int]) -> dict[str, int]:
    """The five points as whole numbers 1 to 5; ShopError("experiments.vote", measure=...)."""
    for measure in MEASURES:
        if not LOWEST <= int(points.get(measure, 0)) <= HIGHEST:
            raise ShopError("experiments.vote", measure=measure, value=points.get(measure, ""))
    return {measure: int(points[measure]) for measure in MEASURES}


def tally(votes: pd.DataFrame) -> pd.DataFrame:
    """Median and spread (highest less lowest) of each measure by idea.

    `votes`: idea_id and the five measures, one row a vote. Returns, indexed by idea_id: the five medians,
    <measure>_spread, votes (count).
    """
    grouped = votes.groupby("idea_id")[list(MEASURES)]
    medians = grouped.median().astype("float64")
    spread = (grouped.max() - grouped.min()).add_suffix("_spread")
    return medians.join(spread).assign(votes=grouped.size())


def score(medians: pd.DataFrame, weights: Mapping[str, float]) -> pd.Series:
    """Weighted mean of the five measures, running cost reversed: sum w s / sum w, between 1 and 5."""
    share = np.array([float(weights[measure]) for measure in MEASURES])
    return pd.Series(_worth(medians) @ (share / share.sum()), index=medians.index, dtype="float64")


def ranked(medians: pd.DataFrame, weights: Mapping[str, float]) -> pd.DataFrame:
    """Score and rank (1 best, equal scores share the better rank), indexed as `medians` and best first.

    rank_best and rank_worst are what the rank becomes under any mix of weights 20% higher or lower, holds the
    share of these mixes in which it stays.
    """
    base = np.array([float(weights[measure]) for measure in MEASURES])
    moves = np.array(list(product((1 - SWAY, 1.0, 1 + SWAY), repeat=len(MEASURES))))
    mixes = base * moves
    mixes = mixes / mixes.sum(axis=1, keepdims=True)
    scores = pd.DataFrame(_worth(medians) @ mixes.T, index=medians.index).round(9)
    ranks = scores.rank(ascending=False, method="min").astype("int64")
    result = pd.DataFrame({"score": score(medians, weights)}, index=medians.index)
    result["rank"] = result["score"].round(9).rank(ascending=False, method="min").astype("int64")
    result["rank_best"], result["rank_worst"] = ranks.min(axis=1), ranks.max(axis=1)
    result["holds"] = ranks.eq(result["rank"], axis=0).mean(axis=1).astype("float64")
    return result.sort_values(["rank", "score"], kind="stable")


def _worth(medians: pd.DataFrame) -> np.ndarray:
    values = medians[list(MEASURES)].to_numpy("float64").copy()
    at = MEASURES.index(REVERSED)
    values[:, at] = HIGHEST + LOWEST - values[:, at]
    return values
