"""The stages by channel: numerator, denominator, value; and a value against its target at this moment. Pure.

`people`: person_key, channel, first_day (datetime64, NaT unknown). `orders`: counted ones of known buyers up to `last`:
a row an order: buyer_key, day (datetime64), net_amount (fen). `first`, `last`: days of the window, both in it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

STAGES = ("acquisition", "activation", "retention", "revenue", "referral")
COUNTS = frozenset({"acquisition"})  # targets that are reached bit by bit; the others are levels
ACTIVE_DAYS = 7  # from the first visit to the first order
ALL, UNSTATED = "", "~unstated"
ROWS = ("stage", "channel", "numerator", "denominator", "value")


@dataclass(frozen=True, slots=True)
class Window:
    """Days, both in it."""

    first: pd.Timestamp
    last: pd.Timestamp


def acquisition(people: pd.DataFrame, orders: pd.DataFrame, window: Window) -> pd.DataFrame:
    """New buyers (numerator and value: their first counted order falls into the window) of new people (denominator: their
    first visit does; 0 where nobody's first visit is known)."""
    first = orders.groupby("buyer_key")["day"].min()
    bought = first[first.between(window.first, window.last)]
    came = people[people["first_day"].between(window.first, window.last)]
    by = _counts(_channels(people, bought.index), came["channel"])
    return _rows("acquisition", by.assign(value=by["numerator"].astype(float)))


def activation(people: pd.DataFrame, orders: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Of the people whose first visit lies in the window and is ACTIVE_DAYS old: those with a first counted order within
    ACTIVE_DAYS of it."""
    settled = window.last - pd.Timedelta(days=ACTIVE_DAYS)
    came = people[people["first_day"].between(window.first, settled)]
    first = orders.groupby("buyer_key")["day"].min().reindex(came["person_key"]).to_numpy()
    waited = (pd.Series(first, came.index) - came["first_day"]).dt.days
    return _shares("activation", came.loc[waited.between(0, ACTIVE_DAYS), "channel"], came["channel"])


def retention(people: pd.DataFrame, orders: pd.DataFrame, last: pd.Timestamp) -> tuple[pd.DataFrame, str]:
    """Of the youngest month of first orders whose next month is over: who bought in that next month; and the month (ISO,
    "" without one)."""
    month = orders["day"].dt.year * 12 + orders["day"].dt.month - 1
    first = month.groupby(orders["buyer_key"]).min()
    tomorrow = last + pd.Timedelta(days=1)
    cohort = tomorrow.year * 12 + tomorrow.month - 1 - 2
    mine = first.index[first == cohort]
    if not len(mine):
        return _shares("retention", pd.Series(dtype="str"), pd.Series(dtype="str")), ""
    back = orders.loc[(month == cohort + 1) & orders["buyer_key"].isin(mine), "buyer_key"].unique()
    rows = _shares("retention", _channels(people, pd.Index(back)), _channels(people, mine))
    return rows, f"{cohort // 12:04d}-{cohort % 12 + 1:02d}"


def revenue(people: pd.DataFrame, orders: pd.DataFrame, window: Window) -> pd.DataFrame:
    """Net paid fen a buyer in the window."""
    inside = orders[orders["day"].between(window.first, window.last)]
    spent = inside.groupby("buyer_key")["net_amount"].sum()
    channel = _channels(people, spent.index)
    parts = {"numerator": spent.groupby(channel.to_numpy()).sum(), "denominator": channel.value_counts()}
    return _rows("revenue", _valued(pd.DataFrame(parts)))


def due(rows: pd.DataFrame, elapsed: float) -> pd.DataFrame:
    """The rows with what is due by now of their `target` (NaN without one), gap (value - due) and pace (value / due):
    counts grow with the window (`elapsed`, 0 to 1), levels are due at any time."""
    part = np.where(rows["stage"].isin(list(COUNTS)), elapsed, 1.0)
    expected: pd.Series = rows["target"].astype(float) * part
    return rows.assign(
        due=expected, gap=rows["value"] - expected, pace=rows["value"] / expected.where(expected > 0)
    )


def _channels(people: pd.DataFrame, keys: pd.Index) -> pd.Series:
    """The channel of each key, UNSTATED where nobody knows."""
    known = people.drop_duplicates("person_key").set_index("person_key")["channel"]
    return known.reindex(keys).fillna("").replace("", UNSTATED).astype("str")


def _counts(numerators: pd.Series, denominators: pd.Series) -> pd.DataFrame:
    parts = [series.replace("", UNSTATED).value_counts() for series in (numerators, denominators)]
    return pd.DataFrame({"numerator": parts[0], "denominator": parts[1]}).fillna(0).astype("int64")


def _shares(stage: str, numerators: pd.Series, denominators: pd.Series) -> pd.DataFrame:
    return _rows(stage, _valued(_counts(numerators, denominators)))


def _valued(by: pd.DataFrame) -> pd.DataFrame:
    base = by["denominator"].astype(float)
    return by.assign(value=by["numerator"] / base.where(base > 0))


def _rows(stage: str, by: pd.DataFrame) -> pd.DataFrame:
    """All channels together first, then each, the largest first. A ratio of the whole is that of the sums."""
    sums = by[["numerator", "denominator"]].sum()
    ratio = sums["numerator"] / sums["denominator"] if sums["denominator"] else np.nan
    whole = float(sums["numerator"]) if stage in COUNTS else float(ratio)
    each = by.sort_values("numerator", ascending=False, kind="stable").rename_axis("channel").reset_index()
    total = pd.DataFrame([{"channel": ALL, **sums.to_dict(), "value": whole}])
    return pd.concat([total, each], ignore_index=True).assign(stage=stage)[list(ROWS)]
