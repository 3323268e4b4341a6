"""The target: GMV = visitors x conversion x AOV, which factor moves it most, and how it compares with the
past. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, Decimal

import numpy as np
import pandas as pd

from core.errors import ShopError
from core.money import half_up, split

FACTORS = ("visitors", "conversion_rate", "aov")
STEPS: dict[str, Decimal] = {
    "visitors": Decimal("0.10"),
    "conversion_rate": Decimal("0.005"),
    "aov": Decimal(1000),
}
"""One step of each lever: visitors +10%, conversion +0.5 percentage points, AOV +10 yuan (in fen)."""


@dataclass(frozen=True, slots=True)
class Target:
    """What must be true: `gmv` and `aov` in fen, `visitors` in persons, `conversion_rate` in 0..1 (paying
    buyers per visitor)."""

    gmv: int
    visitors: int
    conversion_rate: float
    aov: int

    @property
    def buyers(self) -> int:
        """Paying buyers that the target stands for, rounded half up."""
        return half_up(self.visitors * _exact(self.conversion_rate))


def _exact(rate: float) -> Decimal:
    return Decimal(str(rate))


def product(visitors: int, conversion_rate: float, aov: int) -> int:
    """GMV in fen, rounded half up once.

    >>> product(2_000_000, 0.10, 25_000)
    5000000000
    """
    return half_up(visitors * _exact(conversion_rate) * aov)


def solve(
    *,
    gmv: int | None = None,
    visitors: int | None = None,
    conversion_rate: float | None = None,
    aov: int | None = None,
) -> Target:
    """The whole target from any three of its four numbers; a missing factor becomes the smallest that reaches
    the GMV.

    All four may be given when they agree within one unit of a factor. Units as in `Target`.
    ShopError("plan.needs_three"), "plan.not_positive" (a number of zero or less),
    "plan.conversion_above_one", "plan.identity" (four numbers that contradict each other: says the GMV that
    the factors give).
    """
    numbers = {"gmv": gmv, "visitors": visitors, "conversion_rate": conversion_rate, "aov": aov}
    missing = [name for name, value in numbers.items() if value is None]
    if len(missing) > 1:
        raise ShopError("plan.needs_three", missing=missing)
    for name, value in numbers.items():
        if value is not None and not value > 0:
            raise ShopError("plan.not_positive", field=name, value=value)
    if missing:
        numbers[missing[0]] = _solved(missing[0], numbers)
    whole = Target(
        int(numbers["gmv"] or 0),
        int(numbers["visitors"] or 0),
        float(numbers["conversion_rate"] or 0),
        int(numbers["aov"] or 0),
    )
    if whole.conversion_rate > 1:
        raise ShopError("plan.conversion_above_one", rate=round(whole.conversion_rate, 4))
    if not missing and not agrees(whole):
        raise ShopError(
            "plan.identity", gmv=whole.gmv, product=product(whole.visitors, whole.conversion_rate, whole.aov)
        )
    return whole


def _solved(name: str, given: Mapping[str, float | None]) -> float:
    exact = {key: _exact(value) for key, value in given.items() if value is not None}
    if name == "gmv":
        return half_up(exact["visitors"] * exact["conversion_rate"] * exact["aov"])
    others = [exact[factor] for factor in FACTORS if factor != name]
    quotient = exact["gmv"] / (others[0] * others[1])
    return float(quotient) if name == "conversion_rate" else int(quotient.to_integral_value(ROUND_CEILING))


def agrees(target: Target) -> bool:
    """Whether the identity holds: the product lies within what one visitor, one fen of AOV or a rate's last
    digits can change."""
    rate = target.conversion_rate
    slack = rate * target.aov + target.visitors * rate + 1e-9 * target.gmv + 1
    return abs(product(target.visitors, rate, target.aov) - target.gmv) <= slack


def changed(target: Target, factor: str, value: float, lock: str) -> Target:
    """The target after one number is set and another one (`lock`) answers; the remaining two stay.

    `factor` and `lock` are "gmv", "visitors", "conversion_rate" or "aov" and differ. Errors as in `solve`.
    """
    numbers: dict[str, float | None] = {
        "gmv": target.gmv,
        "visitors": target.visitors,
        "conversion_rate": target.conversion_rate,
        "aov": target.aov,
    }
    numbers |= {factor: value, lock: None}
    return solve(**numbers)  # type: ignore[arg-type]


def levers(target: Target, best: Mapping[str, float] | None = None) -> pd.DataFrame:
    """What one step of each lever adds, and what reaching the shop's best-ever value of it would: largest
    first.

    Columns: factor (str), step (float, in the factor's unit), gain (int64 fen of one step), best (float, NaN
    unknown), gain_to_best (float fen; NaN unknown, negative where the plan already lies above the best).
    """
    rows = []
    for factor in FACTORS:
        value = _exact(getattr(target, factor))
        step = value * STEPS[factor] if factor == "visitors" else STEPS[factor]
        gain = _with(target, factor, value + step) - _with(target, factor, value)
        top = float((best or {}).get(factor, np.nan))
        reach = (
            np.nan
            if np.isnan(top)
            else float(_with(target, factor, _exact(top)) - _with(target, factor, value))
        )
        rows.append({"factor": factor, "step": float(step), "gain": gain, "best": top, "gain_to_best": reach})
    return pd.DataFrame(rows).sort_values("gain", ascending=False, kind="stable", ignore_index=True)


def _with(target: Target, factor: str, value: Decimal) -> int:
    numbers = {name: _exact(getattr(target, name)) for name in FACTORS} | {factor: value}
    return half_up(numbers["visitors"] * numbers["conversion_rate"] * numbers["aov"])


def windows(history: pd.DataFrame, days: int) -> pd.DataFrame:
    """Every run of `days` consecutive reported days of the shop with its four numbers.

    `history`: one row a day with day (date), visitors, buyers, units_paid, paid_amount (fen), missing where
    reports are silent. Returns: first_day, last_day, visitors, conversion_rate, aov (fen), gmv (fen), basis:
    "buyers", or "units" where no report of the run names buyers (then conversion is units per visitor and AOV
    is the amount per unit: their product is still the GMV).
    """
    if history.empty:
        return pd.DataFrame(
            columns=["first_day", "last_day", "visitors", "conversion_rate", "aov", "gmv", "basis"]
        )
    frame = history.assign(day=pd.to_datetime(history["day"])).set_index("day").sort_index()
    frame = frame[["visitors", "buyers", "units_paid", "paid_amount"]].astype(float).asfreq("D")
    sums = frame.rolling(days, min_periods=days).sum()
    buyers = sums["buyers"].where(frame["buyers"].rolling(days).count() == days)
    base = buyers.fillna(sums["units_paid"])
    last_day = pd.DatetimeIndex(sums.index)
    result = pd.DataFrame(
        {
            "first_day": (last_day - pd.Timedelta(days=days - 1)).date,
            "last_day": last_day.date,
            "visitors": sums["visitors"],
            "conversion_rate": base / sums["visitors"].where(sums["visitors"] > 0),
            "aov": sums["paid_amount"] / base.where(base > 0),
            "gmv": sums["paid_amount"],
            "basis": np.where(buyers.notna(), "buyers", "units"),
        }
    )
    return result.dropna(subset=["visitors", "gmv"]).reset_index(drop=True)


def realism(target: Target, history: pd.DataFrame, days: int) -> pd.DataFrame:
    """Each number of the target beside the shop's best and median run of as many days.

    Columns: factor ("gmv", then the three), planned, median, best, best_from (date of the best run's first
    day), times_best (planned / best), times_median, basis ("buyers" | "units"), verdict: "usual" (not above
    the median), "reached" (not above the best), "stretch" (up to 1.5 times the best), "hard" (a
    rate above the best and at least twice the median), "unseen" (more than that), "unknown" (no run of that length in the reports).
    """
    runs = windows(history, days)
    rows = []
    for factor in ("gmv", *FACTORS):
        planned, past = float(getattr(target, factor)), runs[factor].dropna().astype(float)
        if past.empty:
            rows.append({"factor": factor, "planned": planned, "verdict": "unknown"})
            continue
        best, median = past.max(), past.median()
        row = runs.iloc[runs.index.get_loc(past.idxmax())]
        rows.append(
            {
                "factor": factor,
                "planned": planned,
                "median": median,
                "best": best,
                "best_from": row["first_day"],
                "times_best": planned / best if best else np.inf,
                "times_median": planned / median if median else np.inf,
                "basis": row["basis"],
                "verdict": _verdict(planned, median, best, rate=factor in RATES),
            }
        )
    columns = [
        "factor",
        "planned",
        "median",
        "best",
        "best_from",
        "times_best",
        "times_median",
        "basis",
        "verdict",
    ]
    return pd.DataFrame(rows, columns=columns)


RATES = ("conversion_rate", "aov")  # what no crowd of visitors lifts by itself


def _verdict(planned: float, median: float, best: float, *, rate: bool = False) -> str:
    if planned <= median:
        return "usual"
    if planned <= best:
        return "reached"
    if planned > 1.5 * best:
        return "unseen"
    return "hard" if rate and planned >= 2 * median else "stretch"


def new_visitors(target_visitors: int, base: int, retention: float) -> int:
    """Visitors to be won: target traffic - retained old visitors (retention x base), never below zero.

    >>> new_visitors(2_000_000, 800_000, 0.35)
    1720000
    """
    if not 0 <= retention <= 1:
        raise ShopError("plan.retention", value=retention)
    return max(0, target_visitors - half_up(base * _exact(retention)))


def acquisition(needed: int, day_weights: Mapping[str, int], channels: pd.DataFrame) -> pd.DataFrame:
    """The visitors to be won per day and channel, exactly `needed` in all, and what they cost.

    `day_weights`: whole weights by ISO day; `channels`: channel (str), weight (whole, >= 0), cost (fen per
    new visitor). Returns day, channel, visitors (int64), cost (int64 fen), ordered by day and then as the
    channels came.
    """
    if not day_weights or channels.empty:
        return pd.DataFrame(
            {"day": [], "channel": [], "visitors": np.array([], "int64"), "cost": np.array([], "int64")}
        )
    by_day = split(needed, list(day_weights.values()))
    weights = channels["weight"].to_numpy("int64")
    parts = np.array([split(int(total), weights) for total in by_day])
    frame = pd.DataFrame(
        {
            "day": np.repeat(list(day_weights), len(channels)),
            "channel": np.tile(channels["channel"].to_numpy(object), len(by_day)),
            "visitors": parts.ravel(),
        }
    )
    return frame.assign(cost=frame["visitors"] * np.tile(channels["cost"].to_numpy("int64"), len(by_day)))


def scaled(target: Target, gmv: int) -> Target:
    """The same conversion and AOV with the visitors that another GMV needs."""
    return replace(solve(gmv=gmv, conversion_rate=target.conversion_rate, aov=target.aov))


def slid(numbers: Target, changes: Mapping[str, float]) -> tuple[Target, dict[str, int]]:
    """The target with each factor moved by its rate (0.1 = +10%), and what each move alone brings (fen)."""
    moved = {name: getattr(numbers, name) * (1 + changes.get(name, 0.0)) for name in FACTORS}
    alone = {
        name: solve(**(_factors(numbers) | {name: value})).gmv - solve(**_factors(numbers)).gmv  # type: ignore[arg-type]
        for name, value in _whole(moved).items()
    }
    return solve(**_whole(moved)), alone  # type: ignore[arg-type]


def _factors(numbers: Target) -> dict[str, float]:
    return {name: getattr(numbers, name) for name in FACTORS}


def _whole(factors: Mapping[str, float]) -> dict[str, float]:
    """Visitors and fen are whole numbers."""
    return {
        name: value if name == "conversion_rate" else max(1, round(value)) for name, value in factors.items()
    }
