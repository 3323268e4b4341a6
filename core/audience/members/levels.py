"""Levels by spend, and what a change of thresholds or benefits moves and costs. Pure.

`levels`: indexed by level with threshold (fen of net spend in twelve months) and benefit_rate (of net spend). Below the
lowest threshold nobody has a level ("").
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import ShopError

DAYS = 365  # of spend that makes a level, and of the spend that is expected
MOST = 12  # levels


@dataclass(frozen=True, slots=True)
class Change:
    """What a change does in the next twelve months. `moved`: from, to, people, cost (fen, signed); `up`, `down`: people
    whose new level has a higher or lower threshold than their old one; `moved_cost`: of them, `stayed_cost`: of those who stay where the benefit changes."""

    moved: pd.DataFrame
    up: int
    down: int
    moved_cost: int
    stayed_cost: int

    @property
    def cost(self) -> int:
        """Fen in all."""
        return self.moved_cost + self.stayed_cost


def require(levels: pd.DataFrame) -> pd.DataFrame:
    """The levels by threshold, lowest first. ShopError("members.levels") unless names and thresholds are different, rates
    lie between 0 and 1, and there are 1 to MOST."""
    rates, thresholds = levels["benefit_rate"].astype(float), levels["threshold"]
    right = (
        0 < len(levels) <= MOST
        and levels.index.is_unique
        and bool((levels.index.astype("str").str.strip() != "").all())
        and thresholds.is_unique
        and bool((thresholds >= 0).all())
        and bool(rates.between(0, 1).all())
    )
    if not right:
        raise ShopError("members.levels", most=MOST)
    return levels.sort_values("threshold")


def reached(spend: pd.Series, levels: pd.DataFrame) -> pd.Series:
    """The level that each spend (fen) reaches, "" below all, indexed as `spend`."""
    ordered = levels.sort_values("threshold")
    rank = np.searchsorted(
        ordered["threshold"].to_numpy(dtype=float), spend.to_numpy(dtype=float), side="right"
    )
    names = np.array(["", *ordered.index], dtype=object)
    return pd.Series(names[rank], spend.index, dtype="str")


def change(people: pd.DataFrame, before: pd.DataFrame, after: pd.DataFrame) -> Change:
    """What it costs when `after` takes the place of `before`. `people`: spend (fen of the last twelve months), expected
    (fen of net spend in the next twelve).

    Cost = (benefit rate after - before) x expected spend, summed over people, rounded half up once a sum.
    """
    own, new = reached(people["spend"], before), reached(people["spend"], after)
    rates = [
        level.map(table["benefit_rate"]).astype(float).fillna(0.0)
        for level, table in ((own, before), (new, after))
    ]
    cost = (rates[1] - rates[0]) * people["expected"].astype(float)
    rank = [level.map(_rank(table)).fillna(-np.inf) for level, table in ((own, before), (new, after))]
    move = pd.DataFrame(
        {"from": own, "to": new, "cost": cost, "up": rank[1] > rank[0], "down": rank[1] < rank[0]}
    )
    moves = move[own.to_numpy() != new.to_numpy()]
    summed = moves.groupby(["from", "to"]).agg(people=("cost", "size"), cost=("cost", "sum")).reset_index()
    summed = summed.assign(cost=np.floor(summed["cost"].astype(float) + 0.5).astype("int64"))
    staying = float(cost[own.to_numpy() == new.to_numpy()].sum())
    ordered = summed.sort_values("people", ascending=False, kind="stable", ignore_index=True)
    return Change(
        ordered,
        int(moves["up"].sum()),
        int(moves["down"].sum()),
        int(np.floor(float(moves["cost"].sum()) + 0.5)),
        int(np.floor(staying + 0.5)),
    )


def _rank(levels: pd.DataFrame) -> pd.Series:
    """The threshold of each level: what is higher is more, in either table."""
    return levels["threshold"].astype(float)


def progress(people: pd.DataFrame, levels: pd.DataFrame) -> pd.DataFrame:
    """Who is how far from the next level, the nearest first: level (by spend), next, missing (fen), done (share of the way
    from the own threshold to the next). Without those who have reached the highest. `people`: spend, any index."""
    ordered = levels.sort_values("threshold")
    limits = ordered["threshold"].to_numpy(dtype=float)
    rank = np.searchsorted(limits, people["spend"].to_numpy(dtype=float), side="right")
    below = rank < len(limits)
    rows = people[below]
    place, spend = rank[below], rows["spend"].to_numpy(dtype=float)
    own = np.where(place > 0, limits[np.maximum(place - 1, 0)], 0.0)
    missing = limits[place] - spend
    names = np.array(["", *ordered.index], dtype=object)
    return rows.assign(
        level=names[place],
        next=names[place + 1],
        missing=missing.astype("int64"),
        done=np.clip((spend - own) / np.maximum(limits[place] - own, 1.0), 0, 1),
    ).sort_values("missing", kind="stable")
