"""The replenishment sheet as numbers: one line a SKU, from forecast, stock, terms and money to a quantity and
its reasons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.replenishment.forecast import negative_binomial
from core.replenishment.quantity import limits, quantity
from core.replenishment.quantity.quantity import CAPS, Lines

Array = NDArray[np.float64]
UNLIMITED = 10**12
LOW, HIGH = 0.10, 0.90  # the scenario band
INPUTS = (
    "sku_code",
    "tier",
    "supplier",
    "unit_cost",
    "contribution",
    "forecast_mean",
    "phi",
    "committed",
    "available",
    "in_transit",
    "late_in_transit",
    "lead_time_days",
    "moq",
    "pack_size",
    "override",
)


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator chose. Days are business days of the campaign's zone; budget in fen (None: no limit).

    caution: points taken off every tier's cap (宁可断货), -0.3..0.3. salvage: share of the unit cost that a
    leftover still brings after the sale. holding: share of the unit cost that keeping it costs. hurdle: share
    of its margin that the last unit ordered must be expected to earn. receiving_days: from the supplier's
    delivery to the shelf. count_jumps: whether signals that leapt beyond their past count (None: nobody has
    said).
    """

    today: date
    opens: date
    budget: int | None = None
    caution: float = 0.0
    salvage: float = 0.55
    holding: float = 0.05
    hurdle: float = quantity.HURDLE
    receiving_days: int = 2
    caps: Mapping[str, float] = field(default_factory=lambda: dict(CAPS))
    count_jumps: bool | None = None


@dataclass(frozen=True, slots=True)
class Totals:
    """A run in figures: units and fen. marginal_profit: what one more yuan of budget would earn (yuan);
    first_unfunded: the line it would go to."""

    lines: int
    ordered_lines: int
    units: int
    amount: int
    budget: int | None
    budget_left: int | None
    committed_over_budget: int
    expected_profit: int
    expected_leftover: int
    leftover_value: int
    expected_lost: int
    lost_profit: int
    fill_rate: float
    cap_forgone: int
    marginal_profit: float
    first_unfunded: str
    late_lines: int
    stale_overrides: int


def decide(
    inputs: pd.DataFrame, policy: Policy, capacity: Mapping[str, int] | None = None
) -> tuple[pd.DataFrame, Totals]:
    """Quantities for every line, and the totals. `inputs` has the columns INPUTS (one row a SKU, any order,
    fresh index).

    unit_cost, contribution (fen a unit) and lead_time_days, moq, pack_size, override may be missing (Int64).
    `committed`: pre-sale units; `available`: on hand less reserved, the pre-sale still in it; `in_transit`:
    arriving on the shelf before the opening. `capacity`: units a supplier can deliver, by supplier. Adds the
    columns named in `_described`, money in fen, units whole or expected (float).
    """
    frame = inputs.reset_index(drop=True)
    economics = _economics(frame, policy)
    late = _latest_order(frame, policy) < policy.today
    lines = _lines(frame, economics)
    free = quantity.best_packs(lines) * lines.pack
    forced = frame["override"].notna().to_numpy()
    shut = forced | late.to_numpy()
    open_lines = replace(lines, must=np.where(shut, 0, lines.must), limit=np.where(shut, 0, lines.limit))
    over_capacity, capped = _within_capacity(frame, open_lines, capacity or {})
    funded = _within_budget(frame, capped, policy)
    ordered = np.where(late, 0, np.where(forced, free, funded.packs * lines.pack))
    chosen = np.where(forced, frame["override"].fillna(0).to_numpy(np.int64), ordered)
    sheet = _described(frame, lines, economics, policy, chosen)
    unfunded = funded.packs < quantity.best_packs(capped) if policy.budget is not None else False
    sheet = sheet.assign(
        suggested=ordered, unlimited=free, late=late, over_capacity=over_capacity, unfunded=unfunded
    )
    sheet["state"] = _state(sheet)
    return sheet, _totals(sheet, policy, funded)


def _economics(frame: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """underage, overage (true), capped (with the tier's cap and the hurdle in it), fen a unit;
    critical_ratio, cap, ratio; costed.

    Without a known cost or contribution the cap alone decides.
    """
    costed = (frame["unit_cost"].notna() & frame["contribution"].notna()).to_numpy()
    cost = frame["unit_cost"].fillna(0).to_numpy(float)
    cap = np.clip(
        frame["tier"].map(dict(policy.caps)).fillna(policy.caps["regular"]).to_numpy(float) - policy.caution,
        0.05,
        0.98,
    )
    gain = np.where(costed, frame["contribution"].fillna(0).to_numpy(float), 100.0 * cap)
    loss = np.where(costed, cost * (1 - policy.salvage + policy.holding), 100.0 * (1 - cap))
    ratio = quantity.critical_ratio(gain, loss)
    effective = quantity.effective_ratio(ratio, cap, policy.hurdle)
    return pd.DataFrame(
        {
            "costed": costed,
            "cost": cost,
            "underage": gain,
            "overage": loss,
            "capped": quantity.capped_overage(gain, loss, effective),
            "critical_ratio": ratio,
            "cap": cap,
            "ratio": effective,
        }
    )


def _latest_order(frame: pd.DataFrame, policy: Policy) -> pd.Series:
    """The last day on which an order still reaches the shelf before the opening."""
    last_days: pd.Series = (pd.Timestamp(policy.opens) - _days_to_shelf(frame, policy)).dt.date
    return last_days


def _days_to_shelf(frame: pd.DataFrame, policy: Policy) -> pd.Series:
    return pd.to_timedelta(
        frame["lead_time_days"].fillna(0).astype("int64") + policy.receiving_days, unit="D"
    )


def _lines(frame: pd.DataFrame, economics: pd.DataFrame) -> Lines:
    committed, have = (
        frame["committed"].to_numpy(np.int64),
        (frame["available"] + frame["in_transit"]).to_numpy(np.int64),
    )
    return Lines(
        frame["forecast_mean"].to_numpy(float),
        frame["phi"].to_numpy(float),
        economics["underage"].to_numpy(float),
        economics["capped"].to_numpy(float),
        np.maximum(committed - have, 0),
        have - committed,
        np.maximum(frame["pack_size"].fillna(1).to_numpy(np.int64), 1),
        frame["moq"].fillna(0).to_numpy(np.int64),
        np.full(len(frame), UNLIMITED),
    )


def _within_capacity(
    frame: pd.DataFrame, lines: Lines, capacity: Mapping[str, int]
) -> tuple[NDArray[np.bool_], Lines]:
    """Which lines a supplier's capacity shortens, and the lines with that as their limit."""
    supplier, names = pd.factorize(frame["supplier"])
    forced = frame["override"].fillna(0).to_numpy(float)
    taken = np.bincount(supplier, forced, minlength=len(names))
    limit = np.array([float(capacity.get(name, np.inf)) for name in names]) - taken
    cut = limits.within(lines, np.ones(len(frame)), supplier, np.maximum(limit, 0.0)) if len(frame) else None
    if cut is None or not (cut.packs < quantity.best_packs(lines)).any():
        return np.zeros(len(frame), bool), lines
    short = cut.packs < quantity.best_packs(lines)
    most = np.where(short, cut.packs * lines.pack, lines.limit)
    return short, lines.limited(most)


def _within_budget(frame: pd.DataFrame, lines: Lines, policy: Policy) -> limits.Cut:
    """The budget's cut over all lines; overridden lines are paid first, lines without a cost get their
    commitments alone under a budget."""
    one = np.zeros(len(frame), np.int64)
    if policy.budget is None:
        return limits.within(lines, np.zeros(len(frame)), one, np.array([np.inf]))
    known = frame["unit_cost"].notna().to_numpy()
    cost = frame["unit_cost"].fillna(0).to_numpy(float)
    spent = float((frame["override"].fillna(0).to_numpy(float) * cost).sum())
    payable = lines.limited(np.where(known, lines.limit, 0))
    return limits.within(payable, cost, one, np.array([max(policy.budget - spent, 0.0)]))


def _described(
    frame: pd.DataFrame, lines: Lines, economics: pd.DataFrame, policy: Policy, chosen: NDArray[np.int64]
) -> pd.DataFrame:
    """Every figure of a line: the quantile, the need, the amount, what would be left over or lost, the band,
    the dates."""
    mu, phi, gain = lines.mu, lines.phi, economics["underage"].to_numpy(float)
    wanted = negative_binomial.quantile(economics["ratio"], mu, phi)
    free = negative_binomial.quantile(economics["critical_ratio"], mu, phi)
    stock = lines.stock + chosen
    left, lost = (
        negative_binomial.leftover(stock, mu, phi),
        negative_binomial.lost(np.maximum(stock, 0), mu, phi),
    )
    low, high = negative_binomial.band(LOW, HIGH, mu, phi)
    costed, cost = economics["costed"].to_numpy(), economics["cost"].to_numpy(float)
    true = economics["overage"].to_numpy(float)
    profit = negative_binomial.expected_profit(stock, mu, phi, gain, true)
    forgone = negative_binomial.expected_profit(
        free, mu, phi, gain, true
    ) - negative_binomial.expected_profit(wanted, mu, phi, gain, true)
    arrival = pd.Timestamp(policy.today) + _days_to_shelf(frame, policy)
    return frame.assign(
        critical_ratio=economics["critical_ratio"],
        cap=economics["cap"],
        ratio=economics["ratio"],
        wanted=wanted,
        wanted_uncapped=free,
        need=quantity.need(frame["committed"], wanted, frame["available"], frame["in_transit"]),
        quantity=chosen,
        amount=pd.Series(chosen, dtype="Int64") * frame["unit_cost"].astype("Int64"),
        overage=np.where(costed, np.round(true), 0).astype("int64"),
        expected_leftover=left,
        leftover_value=np.round(left * cost).astype("int64"),
        expected_lost=lost,
        lost_profit=np.where(costed, np.round(lost * np.maximum(gain, 0)), 0).astype("int64"),
        expected_profit=np.where(costed, np.round(profit), 0).astype("int64"),
        cap_forgone=np.where(costed, np.round(np.maximum(forgone, 0)), 0).astype("int64"),
        fill_rate=np.where(mu > 0, 1 - lost / np.maximum(mu, 1e-9), 1.0),
        demand_low=low,
        demand_high=high,
        left_if_low=np.maximum(stock - low, 0),
        left_if_expected=np.maximum(np.round(stock - mu), 0).astype("int64"),
        left_if_high=np.maximum(stock - high, 0),
        uncovered=np.maximum(-stock, 0),
        latest_order=_latest_order(frame, policy),
        arrival=arrival.dt.date,
        costed=costed,
    )


def _state(sheet: pd.DataFrame) -> pd.Series:
    """One word a line, the most urgent first."""
    return pd.Series(
        np.select(
            [
                sheet["late"] & (sheet["need"] > 0) & sheet["override"].isna(),
                sheet["override"].notna(),
                sheet["unfunded"],
                sheet["over_capacity"],
                ~sheet["costed"] & (sheet["quantity"] > 0),
                sheet["quantity"] > 0,
                sheet["need"] > 0,
            ],
            ["late", "override", "unfunded", "over_capacity", "no_cost", "order", "skipped"],
            "enough",
        ),
        index=sheet.index,
        dtype="str",
    )


def _totals(sheet: pd.DataFrame, policy: Policy, funded: limits.Cut) -> Totals:
    first = int(funded.first_left_out[0]) if policy.budget is not None else -1
    return Totals(
        **summed(sheet, policy),
        committed_over_budget=int(funded.short[0]) if policy.budget is not None else 0,
        marginal_profit=float(funded.marginal[0]) if policy.budget is not None else 0.0,
        first_unfunded=str(sheet["sku_code"].iloc[first]) if first >= 0 else "",
        stale_overrides=int(sheet["stale"].sum()) if "stale" in sheet else 0,
    )


def summed(sheet: pd.DataFrame, policy: Policy) -> dict[str, Any]:
    """The totals that are sums over the lines of a run, by the names of `Totals`."""
    amount, mean = int(sheet["amount"].fillna(0).sum()), float(sheet["forecast_mean"].sum())
    return {
        "lines": len(sheet),
        "ordered_lines": int((sheet["quantity"] > 0).sum()),
        "units": int(sheet["quantity"].sum()),
        "amount": amount,
        "budget": policy.budget,
        "budget_left": None if policy.budget is None else policy.budget - amount,
        "expected_profit": int(sheet["expected_profit"].sum()),
        "expected_leftover": round(float(sheet["expected_leftover"].sum())),
        "leftover_value": int(sheet["leftover_value"].sum()),
        "expected_lost": round(float(sheet["expected_lost"].sum())),
        "lost_profit": int(sheet["lost_profit"].sum()),
        "fill_rate": 1 - float(sheet["expected_lost"].sum()) / mean if mean > 0 else 1.0,
        "cap_forgone": int(sheet["cap_forgone"].sum()),
        "late_lines": int((sheet["state"] == "late").sum()),
    }


def arriving(arrivals: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    """What is on its way, by SKU: columns in_transit (on the shelf before the opening) and late_in_transit
    (later, or nobody knows when), int64, indexed by sku_code.

    `arrivals`: sku_code, expected_on (ISO day or ""), quantity.
    """
    last = (policy.opens - timedelta(days=policy.receiving_days)).isoformat()
    timely = (arrivals["expected_on"] != "") & (arrivals["expected_on"] <= last)
    parts = arrivals.assign(
        in_transit=arrivals["quantity"].where(timely, 0),
        late_in_transit=arrivals["quantity"].where(~timely, 0),
    )
    return parts.groupby("sku_code")[["in_transit", "late_in_transit"]].sum().astype("int64")
