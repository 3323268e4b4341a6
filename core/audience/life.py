"""Pure: the life of buyers. Gaps between purchase days by Kaplan-Meier, stages, cohorts by month, stickiness."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

STAGES = ("new", "active", "lapsing", "lapsed", "recalled")
_BITS = 20  # of a day or a month beside its buyer, in one number that sorts as both do
WINDOW = 30  # days of stickiness, the day asked included


def gap_quantiles(gaps: np.ndarray, closed: np.ndarray, shares: Sequence[float]) -> list[float]:
    """Kaplan-Meier quantiles of gaps: the first gap at which at most 1 - share of all are still open; NaN where the
    curve never falls so far. `closed`: False for a gap that is still open (censored)."""
    times, ended = np.unique(gaps[closed], return_counts=True)
    at_risk = len(gaps) - np.searchsorted(np.sort(gaps), times)
    still = np.cumprod(1 - ended / at_risk)
    return [next(iter(times[still <= 1 - share + 1e-12]), float("nan")) + 0.0 for share in shares]


def gaps(days: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Days between purchase days of one buyer (buyer_key, day): gap, closed; the last gap of each is open."""
    who, names = pd.factorize(days["buyer_key"], sort=True)
    buyer, day = _pairs(who, _day(days["day"]))
    closed = np.append(buyer[1:] == buyer[:-1], False)[: len(buyer)]
    until = np.where(closed, np.roll(day, -1), _day(pd.Series([as_of]))[0])
    return pd.DataFrame({"buyer_key": names.take(buyer), "gap": until - day, "closed": closed})


def _pairs(who: np.ndarray, when: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Every pair once, by buyer and time: one number a pair is sorted, which takes a hundredth of np.unique's hashes."""
    first = when.min(initial=0)
    every = np.sort((who.astype(np.int64) << _BITS) + (when - first))
    pair = every[np.append(True, every[1:] != every[:-1])[: len(every)]]
    return pair >> _BITS, (pair & ((1 << _BITS) - 1)) + first


def _day(moments: pd.Series) -> np.ndarray:
    """Days since 1970."""
    return moments.to_numpy(dtype="datetime64[D]").astype(np.int64)


def stages(
    days: pd.DataFrame, orders: pd.Series, as_of: pd.Timestamp, limits: tuple[float, float]
) -> pd.Series:
    """The stage of each buyer, indexed by buyer_key. `orders`: counted orders by buyer_key; `limits`: days after which
    half and four fifths of the gaps have ended."""
    return stages_by(gaps(days, as_of), orders, limits)


def stages_by(mine: pd.DataFrame, orders: pd.Series, limits: tuple[float, float]) -> pd.Series:
    """`stages` where the buyers' gaps (`gaps`) are known already."""
    half, most = limits
    silent = mine[~mine["closed"]].set_index("buyer_key")["gap"].sort_index()
    ended = mine[mine["closed"]].groupby("buyer_key")["gap"].last().reindex(silent.index)
    number = orders.reindex(silent.index)
    conditions = [silent > most, silent > half, ended > most, number == 1]
    return pd.Series(
        np.select(conditions, ["lapsed", "lapsing", "recalled", "new"], "active"), silent.index, dtype="str"
    )


def cohorts(days: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Buyers (buyer_key, day) by month of the first order and months since: cohort (ISO month), size, age, buyers,
    partial (the running month). Only months that have begun; an order in the month counts, not on or after it."""
    who, _ = pd.factorize(days["buyer_key"])
    month = days["day"].to_numpy(dtype="datetime64[M]").astype(np.int64) + 1970 * 12
    buyer, month = _pairs(who, month)
    if not len(buyer):
        return pd.DataFrame(columns=["cohort", "size", "age", "buyers", "partial"])
    new = np.append(True, buyer[1:] != buyer[:-1])
    cohort = month[new][np.cumsum(new) - 1]
    counted = pd.DataFrame({"cohort": cohort, "age": month - cohort}).groupby(["cohort", "age"]).size()
    now = as_of.year * 12 + as_of.month - 1
    every = [(c, k) for c in sorted(set(cohort.tolist())) for k in range(now - c + 1)]
    filled = counted.reindex(pd.MultiIndex.from_tuples(every, names=["cohort", "age"]), fill_value=0)
    cells = filled.rename("buyers").reset_index()
    cells["size"] = cells["cohort"].map(counted.xs(0, level="age"))
    cells["partial"] = cells["cohort"] + cells["age"] == now
    return cells.assign(cohort=cells["cohort"].map(lambda n: f"{n // 12:04d}-{n % 12 + 1:02d}"))


def retention(cells: pd.DataFrame) -> pd.DataFrame:
    """The curve over complete cells alone: age, buyers, size, rate."""
    whole = cells[~cells["partial"].astype(bool)].groupby("age")[["buyers", "size"]].sum()
    return whole.assign(rate=whole["buyers"] / whole["size"]).reset_index()


def stickiness(active: pd.DataFrame, last_day: pd.Timestamp) -> tuple[float, int]:
    """Mean daily over monthly active people of the WINDOW days ending on `last_day` (user_key, day; NaN without
    anybody), and the monthly number."""
    begin = last_day - pd.Timedelta(days=WINDOW - 1)
    inside = active[active["day"].between(begin, last_day)].drop_duplicates()
    people = int(inside["user_key"].nunique())
    return (len(inside) / WINDOW / people if people else float("nan")), people
