"""Pure: what a buyer will still buy. BG/NBD (Fader, Hardie, Lee 2005, Marketing Science 24:275) times a shrunk mean.

Time is in weeks, purchases are purchase days: x repeat days, t_x from first to last, T from first to the day asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, minimize
from scipy.special import gammaln, hyp2f1

from core.errors import ShopError

MANY = 5_000  # people from which times are fitted in whole weeks
LEAST_BUYERS = 20  # below it four parameters are fitted to noise


@dataclass(frozen=True, slots=True)
class Model:
    """The four parameters of BG/NBD, and the log-likelihood that they reach."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float = float("nan")


def fit(x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> Model:
    """The parameters of highest likelihood; equal histories are weighed once.

    ShopError("audience.few_buyers") below LEAST_BUYERS or where nobody came back, ShopError("audience.no_fit") where
    the search does not settle.
    """
    if len(x) < LEAST_BUYERS or not (x > 0).any():
        raise ShopError("audience.few_buyers", n=len(x), least=LEAST_BUYERS)
    rows, weight = np.unique(np.column_stack([x, t_x, T]).astype(float), axis=0, return_counts=True)
    scale = max(float(rows[:, 2].max()), 1.0) / 10  # time near 10 keeps the search well shaped
    times = rows[:, 1] / scale, rows[:, 2] / scale

    def loss(logs: np.ndarray) -> float:  # a product and a sum: a dot would set threads spinning
        return -float((weight * _log_likelihood(np.exp(logs), rows[:, 0], *times)).sum()) / len(x)

    best = _search(loss, 0.0)
    if not best.success:
        best = min(best, _search(loss, -1.0), key=lambda end: float(end.fun))
    if not np.isfinite(best.fun):
        raise ShopError("audience.no_fit")
    r, alpha, a, b = np.exp(best.x)
    own = np.array([r, alpha * scale, a, b])
    likelihood = float((weight * _log_likelihood(own, rows[:, 0], rows[:, 1], rows[:, 2])).sum())
    return Model(float(r), float(alpha * scale), float(a), float(b), likelihood)


def _search(loss: Callable[[np.ndarray], float], start: float) -> OptimizeResult:
    limits = [(-8.0, 8.0)] * 4
    return minimize(loss, np.full(4, start), method="L-BFGS-B", bounds=limits, options={"maxiter": 500})


def _log_likelihood(parameters: np.ndarray, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    r, alpha, a, b = parameters
    rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
    stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
    alive = -(r + x) * np.log(alpha + T)
    gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + t_x)
    return np.asarray(rate + stay + np.where(x > 0, np.logaddexp(alive, gone), alive))


def alive(model: Model, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """The chance that each buyer has not left for good."""
    grown = ((model.alpha + T) / (model.alpha + t_x)) ** (model.r + x)
    odds = np.where(x > 0, model.a / (model.b + np.maximum(x, 1) - 1) * grown, 0.0)
    return np.asarray(1 / (1 + odds))


def purchases(model: Model, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, weeks: float) -> np.ndarray:
    """Purchase days expected of each buyer in the coming `weeks`."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    whole = alpha + T + weeks
    curve = hyp2f1(r + x, b + x, a + b + x - 1, weeks / whole) * ((alpha + T) / whole) ** (r + x)
    return np.asarray((a + b + x - 1) / (a - 1) * (1 - curve) * alive(model, x, t_x, T))


def shrunk_mean(frequency: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Fen an order, pulled to the median of all by two orders' weight: (2 median + F mean) / (2 + F)."""
    return np.asarray((2 * float(np.median(amount / frequency)) + amount) / (2 + frequency))


def histories(orders: pd.DataFrame, as_of: pd.Timestamp) -> pd.DataFrame:
    """Orders (buyer_key, day, net_amount; a row an order) as histories by buyer_key: x, t_x, T (weeks), frequency, amount."""
    grouped = orders.groupby("buyer_key")
    first, last = grouped["day"].min(), grouped["day"].max()
    return pd.DataFrame(
        {
            "x": grouped["day"].nunique() - 1,
            "t_x": (last - first).dt.days / 7,
            "T": (as_of - first).dt.days / 7,
            "frequency": grouped.size(),
            "amount": grouped["net_amount"].sum(),
        }
    )


def coming(orders: pd.DataFrame, as_of: pd.Timestamp, weeks: float) -> pd.DataFrame:
    """What the buyers of these orders (as `histories`) will do within so many weeks: alive (chance), purchases, value (fen,
    float) by buyer_key; without a row where too few came back for a fit."""
    nobody = pd.DataFrame({"alive": [], "purchases": [], "value": []}, index=pd.Index([], dtype="str"))
    if orders.empty:
        return nobody.astype(float)
    past = histories(orders, as_of)
    x, t_x, whole = (past[name].to_numpy(dtype=float) for name in ("x", "t_x", "T"))
    try:
        model = fit(x, *(_coarse(times) for times in (t_x, whole)))
    except ShopError as error:
        if error.code not in ("audience.few_buyers", "audience.no_fit"):
            raise
        return nobody.astype(float)
    buys = purchases(model, x, t_x, whole, weeks)
    mean = shrunk_mean(past["frequency"].to_numpy(dtype=float), past["amount"].to_numpy(dtype=float))
    columns = {"alive": alive(model, x, t_x, whole), "purchases": buys, "value": buys * mean}
    return pd.DataFrame(columns, index=past.index)


def _coarse(times: np.ndarray) -> np.ndarray:
    """Times of many people in whole weeks: equal histories are weighed once, and four parameters of thousands of people
    do not hang on the day of the week."""
    return np.round(times) if len(times) > MANY else times
