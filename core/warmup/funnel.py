"""Pure: the warm-up funnel, the reflow of reservations, and the opening hour's demand that follows from
it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import gamma

from core.money import split

STAGES = ("viewed", "favourite", "cart", "coupon", "reservation", "deposit", "paid")
_FUNNEL = ("phase", "stage", "users", "reached", "lost", "onward")


def funnel(people: pd.DataFrame) -> pd.DataFrame:
    """Users by phase and stage, each user counted once a phase, at the deepest stage reached.

    `people`: phase, depth (place of the deepest stage in STAGES), users. Columns: phase, stage, users (whose
    deepest stage this is), reached (this stage or deeper), lost (stopped here: users, and 0 at the last
    stage), onward (share of `reached` that went deeper). Every phase has every stage, in order; `users` of a
    phase sum to its people.
    """
    phases = people["phase"].unique()
    whole = pd.MultiIndex.from_product([phases, range(len(STAGES))], names=["phase", "depth"])
    users = (
        people.groupby(["phase", "depth"])["users"]
        .sum()
        .reindex(whole, fill_value=0)
        .astype("int64")
        .reset_index()
    )
    frame = users.assign(stage=users["depth"].map(dict(enumerate(STAGES))))
    reached = frame.iloc[::-1].groupby("phase", sort=False)["users"].cumsum().iloc[::-1]
    lost = frame["users"].where(frame["stage"] != STAGES[-1], 0)
    return frame.assign(reached=reached, lost=lost, onward=_share(reached - frame["users"], reached))[
        [*_FUNNEL]
    ]


def counted_funnel(counts: pd.DataFrame) -> pd.DataFrame:
    """The same picture where no user is known: `counts` (phase, stage, users) are daily figures summed,
    people may stand in several.

    `reached` is the count itself; a stage may exceed the one before it, and then nothing is lost there.
    """
    frame = counts.rename(columns={"users": "reached"})
    following = frame.groupby("phase", sort=False)["reached"].shift(-1).fillna(0)
    lost = (frame["reached"] - following).clip(lower=0).where(frame["stage"] != STAGES[-1], 0).astype("int64")
    onward = _share(following.clip(upper=frame["reached"]), frame["reached"])
    return frame.assign(users=lost, lost=lost, onward=onward)[[*_FUNNEL]]


def _share(part: pd.Series, whole: pd.Series) -> pd.Series:
    return pd.Series(
        np.divide(
            part.astype(float), whole.astype(float), out=np.zeros(len(whole)), where=whole.to_numpy() > 0
        ),
        index=whole.index,
    )


def reflow(booked: pd.DataFrame, last_day: pd.Series) -> pd.DataFrame:
    """Reservations that came back before the opening, by SKU: columns sku_code, reserved, returned, reflow
    (0..1).

    `booked`: user_key, sku_code ("" for the venue), day (the first day on which the user reserved it);
    `last_day`: each user's last day in the shop before the opening, indexed by user_key. Who reserved came
    back when that day is a later one, whatever was looked at. The row with sku_code "" counts each user once
    for the whole shop, from the first reservation on.
    """
    people = booked.groupby("user_key", sort=False)["day"].min().reset_index().assign(sku_code="")
    rows = pd.concat([booked[booked["sku_code"] != ""], people], ignore_index=True)
    rows = rows.assign(reserved=1, returned=(rows["user_key"].map(last_day) > rows["day"]).astype("int64"))
    sums = rows.groupby("sku_code")[["reserved", "returned"]].sum().reset_index()
    return sums.assign(reflow=_share(sums["returned"], sums["reserved"]))


def reservations(reported: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Reservations by SKU from two sources, the one that knows of more people each time: columns sku_code,
    reserved, seen (of how many it is known whether they came back), returned (of those), reflow (returned ÷
    seen, 0 where nothing is known).

    `reported`: sku_code, reserved, returned (Int64, missing where the reports do not say); `known`: as
    `reflow`. Where reports count the reservations but not who came back, known users tell the reflow. The row
    with sku_code "" is the shop: its known users once each, or, as soon as reports speak of any SKU, the sum
    over the SKUs.
    """
    stated = reported.set_index("sku_code")[["reserved", "returned"]].astype("Int64")
    users = known.set_index("sku_code")[["reserved", "returned"]].astype("Int64")
    both = stated.join(users.drop(index="", errors="ignore").add_suffix("_users"), how="outer")
    counted = both["reserved"].fillna(0).gt(0) & (
        both["reserved"].fillna(0) >= both["reserved_users"].fillna(0)
    )
    asked = counted & both["returned"].notna()
    rows = pd.DataFrame(
        {
            "reserved": both["reserved"].where(counted, both["reserved_users"]),
            "seen": both["reserved"].where(asked, both["reserved_users"]),
            "returned": both["returned"].where(asked, both["returned_users"]),
        }
    )
    rows = rows.fillna(0).astype("int64")
    rows = rows[rows["reserved"] > 0]
    rows = rows.assign(returned=rows[["seen", "returned"]].min(axis=1))
    shop = (
        rows.sum().to_frame("").T
        if counted.any() or "" not in users.index
        else users.loc[[""]].assign(seen=users["reserved"])
    )
    rows = pd.concat([rows, shop[shop["reserved"] > 0].astype("int64")]).rename_axis("sku_code")[
        ["reserved", "seen", "returned"]
    ]
    return rows.assign(reflow=_share(rows["returned"], rows["seen"])).reset_index()


@dataclass(frozen=True, slots=True)
class OpeningPrior:
    """What the shop believes before it looks: reflow and conversion of returned reservations (0..1), each
    worth `weight` people, units a buyer.
    """

    reflow: float = 0.35
    conversion: float = 0.30
    weight: float = 200.0
    units: float = 1.2


def opening_demand(
    reserved: np.ndarray,
    observed: np.ndarray,
    returned: np.ndarray,
    prior: OpeningPrior,
    confidence: float = 0.8,
) -> pd.DataFrame:
    """Units that reservations will buy in the opening hour, with a band: columns mean, low, high (float,
    shape (n,)).

    Beta-Binomial: reflow ~ Beta(k r0 + returned, k (1 - r0) + observed - returned), conversion ~ Beta(k c0, k (1
    - c0)), independent; buyers among `reserved` people are binomial in their product. Mean and variance are
    exact, the band is the gamma of the same moments.
    """
    people = np.asarray(reserved, dtype=float)
    f1, f2 = _beta(
        prior.reflow, prior.weight, np.asarray(returned, dtype=float), np.asarray(observed, dtype=float)
    )
    c1, c2 = _beta(prior.conversion, prior.weight, np.zeros(1), np.zeros(1))
    share = f1 * c1
    mean = people * share
    variance = mean * (1 - share) + people * np.maximum(people - 1, 0) * (f2 * c2 - share**2)
    some = (mean > 0) & (variance > 0)
    shape, scale = mean[some] ** 2 / variance[some], variance[some] / mean[some]
    low, high = mean.copy(), mean.copy()
    low[some], high[some] = (
        gamma.ppf((1 - confidence) / 2, shape, scale=scale),
        gamma.ppf((1 + confidence) / 2, shape, scale=scale),
    )
    return pd.DataFrame({"mean": mean, "low": low, "high": high}) * prior.units


def _beta(share: float, weight: float, hits: np.ndarray, trials: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and second moment of the share after having seen `hits` of `trials`."""
    a, b = share * weight + hits, (1 - share) * weight + trials - hits
    return a / (a + b), a * (a + 1) / ((a + b) * (a + b + 1))


def day_targets(
    weights: pd.Series, totals: dict[str, int], only: Mapping[str, Collection[date]] | None = None
) -> pd.DataFrame:
    """The plan's day curve of each warm-up figure: columns day, figure, planned (int64), whose sum is the
    figure's total exactly.

    `weights`: planned visitors by day, indexed by day; a plan without visitors in these days is spread
    evenly. `only`: figures that are possible on some of the days alone (no deposit is due before deposits open).
    """
    visitors = weights.fillna(0).astype("int64")
    shares = {name: _on(visitors, days) for name, days in (only or {}).items() if days}
    parts = [
        pd.DataFrame(
            {
                "day": weights.index,
                "figure": name,
                "planned": split(total, shares.get(name, visitors).to_numpy()),
            }
        )
        for name, total in totals.items()
    ]
    none = pd.DataFrame(
        {
            "day": pd.Series(dtype=object),
            "figure": pd.Series(dtype="str"),
            "planned": pd.Series(dtype="int64"),
        }
    )
    return pd.concat(parts, ignore_index=True) if parts else none


def _on(visitors: pd.Series, days: Collection[date]) -> pd.Series:
    """The visitors of these days, one a day where the plan has none in them; nobody on the others."""
    possible = pd.Series(visitors.index.isin(list(days)), index=visitors.index)
    inside = visitors.where(possible, 0)
    return inside if inside.sum() else possible.astype("int64")


def heat(planned: pd.DataFrame, actual: pd.DataFrame, today: date) -> pd.DataFrame:
    """Actual against plan by day and figure, with running sums: columns day, figure, planned, actual,
    reported, planned_sum, actual_sum.

    `planned`: day, figure, planned; `actual`: day, figure, actual. Days from today on have no actual yet
    (missing, not zero), unless one is known.
    """
    rows = planned.merge(actual, on=["day", "figure"], how="outer").sort_values(
        ["figure", "day"], kind="stable"
    )
    past = rows["day"] < today
    rows = rows.assign(reported=rows["actual"].notna())
    rows = rows.assign(
        planned=rows["planned"].fillna(0).astype("int64"),
        actual=rows["actual"].mask(past & rows["actual"].isna(), 0).astype("Int64"),
    )
    sums = rows.groupby("figure", sort=False)
    return rows.assign(planned_sum=sums["planned"].cumsum(), actual_sum=sums["actual"].cumsum()).reset_index(
        drop=True
    )


def index(rows: pd.DataFrame, today: date) -> float | None:
    """The warm-up index: mean over the planned figures of actual ÷ planned up to yesterday (1 = on plan);
    None before anything was due. A figure that nobody has reported on any day is unknown, not nought, and
    left out."""
    due = rows[rows["day"] < today].groupby("figure")[["planned", "actual"]].sum()
    due = due[(due["planned"] > 0) & rows.groupby("figure")["reported"].any().reindex(due.index)]
    return float((due["actual"] / due["planned"]).mean()) if len(due) else None
