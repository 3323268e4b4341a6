"""Pure: the figures of a test out of its persons and what they bought after they came into it.

People: unit, arm (number), since (epoch ms), one row a person. Purchases: unit, order_id, sku_code, at_ms, units,
paid, refunded (fen; units still kept).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.experiments.judgement import Snapshot
from core.experiments.statistics.means import Sums, ratio, welch
from core.experiments.statistics.verdict import MARGIN, REFUNDS, STOCK, Guard
from core.experiments.trial import Design


class DayEnd(NamedTuple):
    """Where a look cuts: the business day, its end (epoch ms, excluded), and the share of planned time over."""

    day: date
    end_ms: int
    elapsed: float


def bought(people: pd.DataFrame, purchases: pd.DataFrame) -> pd.DataFrame:
    """Purchases by people of the test after they came into it: purchases with arm and net (fen)."""
    joined = purchases.merge(people[["unit", "arm", "since"]], on="unit")
    after = joined[joined["at_ms"] >= joined["since"]]
    return after.assign(net=after["paid"] - after["refunded"])


def snapshots(
    people: pd.DataFrame, lines: pd.DataFrame, ends: Sequence[DayEnd], arms: int
) -> tuple[Snapshot, ...]:
    """The arms at the end of each day; `lines` as `bought` has them. Days before anybody came are left out."""
    shots = []
    for cut in ends:
        here, paid = people[people["since"] < cut.end_ms], lines[lines["at_ms"] < cut.end_ms]
        if here.empty:
            continue
        by_person = paid.groupby(["unit", "arm"]).agg(net=("net", "sum"), orders=("order_id", "nunique"))
        count = _by_arm(here["arm"], arms)
        arm = by_person.index.get_level_values("arm").to_numpy("int64")
        sums = summed(
            count, arm, by_person["net"].to_numpy("float64"), by_person["orders"].to_numpy("float64")
        )
        buyers = tuple(int(n) for n in np.bincount(arm, minlength=arms))
        shots.append(Snapshot(cut.day, count, buyers, sums, cut.elapsed))
    return tuple(shots)


def _by_arm(arm: pd.Series, arms: int) -> tuple[int, ...]:
    return tuple(int(n) for n in np.bincount(arm.to_numpy("int64"), minlength=arms))


def summed(people: Sequence[int], arm: np.ndarray, y: np.ndarray, x: np.ndarray) -> tuple[Sums, ...]:
    """Sums by arm over its people; who is not in the arrays counts with zeros."""
    parts = [
        np.bincount(arm, weights=values, minlength=len(people)) for values in (y, y * y, x, x * x, x * y)
    ]
    return tuple(Sums(n, *(float(part[number]) for part in parts)) for number, n in enumerate(people))


def before(people: pd.DataFrame, lines: pd.DataFrame, earlier: pd.Series, arms: int) -> tuple[Sums, ...]:
    """Sums of net fen (y) and of what each person spent before the test (x); `earlier`: fen by unit."""
    net = lines.groupby("unit")["net"].sum()
    y = people["unit"].map(net).fillna(0).to_numpy("float64")
    x = people["unit"].map(earlier).fillna(0).to_numpy("float64")
    return summed(_by_arm(people["arm"], arms), people["arm"].to_numpy("int64"), y, x)


class Supply(NamedTuple):
    """`costs`: fen a unit by SKU, missing where nobody knows it. `free`: units that may be promised by SKU;
    `expected`: people whom the rest of the sale expects, 0 where no plan says so."""

    costs: pd.Series
    free: Mapping[str, int]
    expected: int


def guards(
    design: Design, people: pd.DataFrame, lines: pd.DataFrame, supply: Supply
) -> tuple[tuple[Guard, ...], ...]:
    """What was measured for each guard of the design, by treatment arm."""
    costs, free, expected = supply
    measures = {
        REFUNDS: lambda number: _refunds(lines, number),
        MARGIN: lambda number: _margin(people, lines, costs, number),
        STOCK: lambda number: _stock(people, lines, free, expected, number),
    }
    return tuple(
        tuple(Guard(name, -worst, *measures[name](number)) for name, worst in design.guards.items())
        for number in range(1, len(design.arms))
    )


Measured = tuple[float | None, float, float]
UNKNOWN: Measured = (None, 0.0, 0.0)


def _refunds(lines: pd.DataFrame, number: int) -> Measured:
    """Refunded of paid money, buyers as the unit; a rise is worse, so the sign is turned."""
    parts = []
    for arm in (0, number):
        own = lines[lines["arm"] == arm].groupby("unit")[["refunded", "paid"]].sum()
        if len(own) < 2 or own["paid"].sum() <= 0:
            return UNKNOWN
        y, x = own["refunded"].to_numpy("float64"), own["paid"].to_numpy("float64")
        parts.append(summed([len(own)], np.zeros(len(own), "int64"), y, x)[0])
    effect = ratio(parts[0], parts[1])
    return -effect.difference, -effect.high, -effect.low


def _margin(people: pd.DataFrame, lines: pd.DataFrame, costs: pd.Series, number: int) -> Measured:
    """Net money less the product's own cost, a person; unknown while one SKU's cost is."""
    cost = lines["sku_code"].map(costs)
    kept = lines["units"] > 0
    if bool(cost[kept].isna().any()) or lines.empty:
        return UNKNOWN
    left = lines["net"] - lines["units"] * cost.fillna(0)
    by_person = left.groupby([lines["unit"], lines["arm"]]).sum()
    arm = by_person.index.get_level_values("arm").to_numpy("int64")
    values = by_person.to_numpy("float64")
    sums = summed(_by_arm(people["arm"], int(people["arm"].max()) + 1), arm, values, np.zeros(len(values)))
    if len(sums) <= number or min(sums[0].n, sums[number].n) < 2:
        return UNKNOWN
    effect = welch(sums[0], sums[number])
    return effect.difference, effect.low, effect.high


def _stock(
    people: pd.DataFrame, lines: pd.DataFrame, free: Mapping[str, int], expected: int, number: int
) -> Measured:
    """The share of units that nobody covers (0 or below) if everybody still expected bought as this arm does."""
    own, members = lines[lines["arm"] == number], int((people["arm"] == number).sum())
    sold = own.groupby("sku_code")["units"].sum()
    need = sold * (expected / members) if members else sold
    if not expected or not need.sum():
        return UNKNOWN
    short = sum(max(0.0, float(units) - max(0, free.get(str(code), 0))) for code, units in need.items())
    share = -short / float(need.sum())
    return share, share, share
