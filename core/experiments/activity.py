"""What may be asked of an activity without random arms: its effect against control goods, or why nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.database import Database, keyed, read
from core.errors import ShopError
from core.experiments.statistics.activity import ActivityEffect, activity_effect
from core.signals.tables import daily_signal

FIGURES = ("paid_amount", "units_paid", "buyers", "visitors")
BEFORE_DAYS = 56  # looked at before the activity


@dataclass(frozen=True, slots=True)
class Measured:
    """An activity's effect and the days that it rests on: day, treated, control (scaled to the treated goods' level
    before the activity; missing without a control), during (bool)."""

    effect: ActivityEffect
    days: pd.DataFrame
    figure: str


@dataclass(frozen=True, slots=True)
class Groups:
    """SKUs that were treated, and those that they are held against."""

    treated: Sequence[str]
    control: Sequence[str]


def effect(
    db: Database, actor: Actor, groups: Groups, span: tuple[date, date], figure: str = "paid_amount"
) -> Measured:
    """What an activity on the treated goods did from the first day of `span` to its last, by the daily reports:
    difference in differences against the control goods. Without them, or where the days before say that both did
    not move together, the effect is not identified and says why.

    ShopError("experiments.activity", field=...) for goods that are both, an order of days, or no treated goods.
    """
    allow(actor, "review.view")
    first, last = span
    faults = {
        "treated": not groups.treated,
        "control": bool(set(groups.treated) & set(groups.control)),
        "span": last < first,
        "figure": figure not in FIGURES,
    }
    for field, broken in faults.items():
        if broken:
            raise ShopError("experiments.activity", field=field)
    begins = first - timedelta(days=BEFORE_DAYS)
    with db.reading() as connection:
        days = _reported(connection, begins, last)
        sums = [
            _sums(connection, codes, figure, begins, last).reindex(days).fillna(0).to_numpy("float64")
            for codes in (groups.treated, groups.control)
        ]
    during = np.array([day >= first for day in days], dtype=bool)
    before = int((~during).sum())
    estimate = activity_effect(sums[0], sums[1] if groups.control else None, before)
    level = sums[1][:before].sum()
    scaled = (
        sums[1] * (sums[0][:before].sum() / level)
        if groups.control and level > 0
        else np.full(len(days), np.nan)
    )
    frame = pd.DataFrame({"day": days, "treated": sums[0], "control": scaled, "during": during})
    return Measured(estimate, frame, figure)


def _reported(connection: Connection, first: date, last: date) -> list[date]:
    """The days that any report of goods speaks of: others are nobody's zero."""
    d = daily_signal.c
    query = select(d.day).where(d.sku_code != "", d.day.between(first, last)).distinct().order_by(d.day)
    return list(connection.scalars(query))


def _sums(connection: Connection, codes: Sequence[str], figure: str, first: date, last: date) -> pd.Series:
    d = daily_signal.c
    query = select(d.day, func.sum(d[figure]).label("value")).where(
        keyed(d.sku_code, codes, connection), d.day.between(first, last)
    )
    return read(connection, query.group_by(d.day)).set_index("day")["value"]
