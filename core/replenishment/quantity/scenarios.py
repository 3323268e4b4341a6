"""One run at other levels of the sale: what would be ordered, left over and lost if the whole sale goes lower or
higher, and what waiting with a part of the order is worth. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.replenishment.forecast import negative_binomial
from core.replenishment.quantity import decide
from core.replenishment.quantity.decide import Policy

NODES = (0.1, 0.3, 0.5, 0.7, 0.9)  # levels that the days until the second order may reveal, alike likely
REVEALED = 0.5  # share of the level's variance that a further week of warm-up reveals (an assumption)
WAIT_DAYS = 4  # a line can wait when its latest order lies at least so many days ahead


@dataclass(frozen=True, slots=True)
class Outcome:
    """Units asked for with the pre-sale in them, units expected to be left over and lost with the run's quantities
    at one level of the sale, and their value at cost and at contribution, fen."""

    factor: float
    demand: int
    leftover: int
    lost: int
    leftover_value: int
    lost_profit: int


@dataclass(frozen=True, slots=True)
class SecondWave:
    """Order `now` units of the lines that can wait, keep about `later` units as an option until `until`:
    expected `gain` in fen against ordering everything now."""

    lines: int
    now: int
    later: int
    until: date | None
    gain: int


def within_sale(phi: pd.Series, log_sd: float) -> np.ndarray:
    """Dispersion of the SKUs once the sale's level is known, shape (n,)."""
    dispersion: np.ndarray = np.maximum((1 + phi.to_numpy(float)) / np.exp(log_sd**2) - 1, 0.01)
    return dispersion


def at_level(lines: pd.DataFrame, log_sd: float, factor: float) -> Outcome:
    """The run's quantities when the sale goes `factor` times its expected level."""
    mean, phi = factor * lines["forecast_mean"].to_numpy(float), within_sale(lines["phi"], log_sd)
    stock = _stock(lines) + lines["quantity"].to_numpy(float)
    left = negative_binomial.leftover(stock, mean, phi)
    lost = negative_binomial.lost(np.maximum(stock, 0), mean, phi)
    cost, gain = (lines[name].fillna(0).to_numpy(float) for name in ("unit_cost", "contribution"))
    return Outcome(
        factor,
        round(float(mean.sum() + lines["committed"].sum())),
        round(float(left.sum())),
        round(float(lost.sum())),
        round(float((left * cost).sum())),
        round(float((lost * np.maximum(gain, 0)).sum())),
    )


def orders_at(lines: pd.DataFrame, policy: Policy, log_sd: float, factor: float) -> tuple[int, int]:
    """(units, fen) that would be ordered if this level of the sale were known, quantities by hand kept, without
    a budget."""
    known = lines.assign(forecast_mean=factor * lines["forecast_mean"], phi=within_sale(lines["phi"], log_sd))
    _, totals = decide.decide(known[list(decide.INPUTS)], replace(policy, budget=None))
    return totals.units, totals.amount


def second_wave(lines: pd.DataFrame, policy: Policy, log_sd: float) -> SecondWave:
    """The sure part now and the rest on the latest order day of suppliers with a short lead time; before
    rounding to packs."""
    first = policy.today + timedelta(days=WAIT_DAYS)
    waits = lines["costed"] & (pd.to_datetime(lines["latest_order"]) >= pd.Timestamp(first))
    some = lines[waits & lines["override"].isna()]
    if some.empty:
        return SecondWave(0, 0, 0, None, 0)
    shown = np.exp(norm.ppf(NODES) * log_sd * np.sqrt(REVEALED))
    shown /= shown.mean()
    rest = (1 + within_sale(some["phi"], log_sd)) * np.exp(log_sd**2 * (1 - REVEALED)) - 1
    mean, ratio = some["forecast_mean"].to_numpy(float), some["ratio"].to_numpy(float)
    gain, loss = some["contribution"].to_numpy(float), some["overage"].to_numpy(float)
    targets = np.stack([negative_binomial.quantile(ratio, mean * factor, rest) for factor in shown])
    at_once = negative_binomial.quantile(ratio, mean, some["phi"].to_numpy(float))
    stock = np.maximum(_stock(some), 0)

    def earned(target: np.ndarray, factor: float) -> float:
        """Profit, fen, of stock up to `target` when the sale goes at `factor` times its level."""
        have = np.maximum(target, stock)
        profit = negative_binomial.expected_profit(have, mean * factor, rest, gain, loss)
        return float(profit.sum())

    better = [
        earned(target, factor) - earned(at_once, factor)
        for target, factor in zip(targets, shown, strict=True)
    ]
    sure = np.maximum(targets.min(axis=0) - stock, 0).sum()
    whole = np.maximum(targets - stock, 0).sum(axis=1).mean()
    until = min(some["latest_order"])
    return SecondWave(len(some), int(sure), round(float(whole - sure)), until, round(float(np.mean(better))))


def _stock(lines: pd.DataFrame) -> np.ndarray:
    have = lines["available"] + lines["in_transit"] - lines["committed"]
    return np.asarray(have.to_numpy(float))
