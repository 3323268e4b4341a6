"""Pure: what a buyer will still buy. BG/NBD (Fader, Hardie, Lee 2005, Marketing Science 24:275) times a shrunk mean.

Time is in weeks, purchases are purchase days: x repeat days, t_x from first to last, T from first to the day asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import OptimizeResult, minimize
from scipy.special import gammaln, hyp2f1, psi

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
    scale = max(float(T.max()), 1.0) / 10  # time near 10 keeps the search well shaped
    known = _Histories.of(x, t_x / scale, T / scale)

    def loss(logs: np.ndarray) -> tuple[float, np.ndarray]:
        likelihood, slope = known.likelihood(np.exp(logs))
        return -likelihood / len(x), -slope * np.exp(logs) / len(x)

    best = _search(loss, 0.0)
    if not best.success:
        best = min(best, _search(loss, -1.0), key=lambda end: float(end.fun))
    if not np.isfinite(best.fun):
        raise ShopError("audience.no_fit")
    r, alpha, a, b = (float(value) for value in np.exp(best.x))
    own = np.array([r, alpha * scale, a, b])
    return Model(r, alpha * scale, a, b, _Histories.of(x, t_x, T).likelihood(own)[0])


def _search(loss: Callable[[np.ndarray], tuple[float, np.ndarray]], start: float) -> OptimizeResult:
    limits, most = [(-8.0, 8.0)] * 4, {"maxiter": 500}
    return minimize(loss, np.full(4, start), jac=True, method="L-BFGS-B", bounds=limits, options=most)


@dataclass(frozen=True, slots=True)
class _Histories:
    """Different histories and how many people have each. The costly functions are asked of the few values that a column
    has: `x`, `t_x`, `T` are these, `at` their numbers by history."""

    x: np.ndarray
    t_x: np.ndarray
    T: np.ndarray
    at: tuple[np.ndarray, np.ndarray, np.ndarray]
    weight: np.ndarray

    @classmethod
    def of(cls, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> _Histories:
        """The histories of people, shape (people,) each."""
        columns = [np.unique(values.astype(float), return_inverse=True) for values in (x, t_x, T)]
        (x_of, first), (t_x_of, second), (T_of, third) = columns
        number = (first * len(t_x_of) + second) * len(T_of) + third
        different, weight = np.unique(number, return_counts=True)
        rest, last = np.divmod(different, len(T_of))
        return cls(x_of, t_x_of, T_of, (*np.divmod(rest, len(t_x_of)), last), weight.astype(float))

    def likelihood(self, parameters: np.ndarray) -> tuple[float, np.ndarray]:
        """The log-likelihood of all people, and its slope in r, alpha, a and b. Products and sums: a dot would set
        threads spinning."""
        r, alpha, a, b = parameters
        x, by_x = self.x, self.at[0]
        last, whole = (
            np.log(alpha + times)[at] for times, at in zip((self.t_x, self.T), self.at[1:], strict=True)
        )
        bought, before = (r + x)[by_x], (b + np.maximum(x, 1) - 1)[by_x]
        alive, gone = -bought * whole, np.log(a) - np.log(before) - bought * last
        both = np.where(by_x >= np.searchsorted(x, 0.5), np.logaddexp(alive, gone), alive)
        stay = gammaln(a + b) + gammaln(b + x) - gammaln(b) - gammaln(a + b + x)
        rate = gammaln(r + x) - gammaln(r) + r * np.log(alpha)
        left = 1 - np.exp(alive - both)  # the chance of having gone, by history
        later = psi(a + b) - psi(a + b + x)
        slopes = (
            (psi(r + x) - psi(r) + np.log(alpha))[by_x] - (1 - left) * whole - left * last,
            r / alpha - bought * ((1 - left) / np.exp(whole) + left / np.exp(last)),
            later[by_x] + left / a,
            (later + psi(b + x) - psi(b))[by_x] - left / before,
        )
        slope = np.array([float((self.weight * part).sum()) for part in slopes])
        return float((self.weight * ((rate + stay)[by_x] + both)).sum()), slope


def alive(model: Model, x: np.ndarray, t_x: np.ndarray, T: np.ndarray) -> np.ndarray:
    """The chance that each buyer has not left for good."""
    grown = ((model.alpha + T) / (model.alpha + t_x)) ** (model.r + x)
    odds = np.where(x > 0, model.a / (model.b + np.maximum(x, 1) - 1) * grown, 0.0)
    return np.asarray(1 / (1 + odds))


def purchases(model: Model, x: np.ndarray, t_x: np.ndarray, T: np.ndarray, weeks: float) -> np.ndarray:
    """Purchase days expected of each buyer in the coming `weeks`."""
    r, alpha, a, b = model.r, model.alpha, model.a, model.b
    numbers, at = _pairs(x, T)
    n, age = numbers
    whole = alpha + age + weeks
    curve = hyp2f1(r + n, b + n, a + b + n - 1, weeks / whole) * ((alpha + age) / whole) ** (r + n)
    return np.asarray(((a + b + n - 1) / (a - 1) * (1 - curve))[at] * alive(model, x, t_x, T))


def _pairs(x: np.ndarray, T: np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The different pairs, and the number of each person's: the curve is the same for all who have bought as often for as
    long."""
    (x_of, first), (T_of, second) = (np.unique(values, return_inverse=True) for values in (x, T))
    different, at = np.unique(first * len(T_of) + second, return_inverse=True)
    n, age = np.divmod(different, len(T_of))
    return (x_of[n], T_of[age]), at


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
    nobody = pd.DataFrame({"alive": [], "purchases": [], "value": []}, index=orders["buyer_key"].iloc[:0])
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
