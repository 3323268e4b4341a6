"""The one ladder of demand: target, the units that it needs, forecast, have, arriving in time, order, expected left
and lost. Pure: frames in, frames out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.replenishment.forecast import negative_binomial
from core.replenishment.quantity import quantity
from core.replenishment.quantity.decide import HIGH, LOW

SUMMED = (
    "target_gmv",
    "target_units",
    "forecast",
    "have",
    "arriving",
    "sold",
    "target_short",
    "short",
    "order",
    "left",
    "lost",
)
"""The rungs that add up over SKUs: fen, then units."""
FORECAST = ("forecast_mean", "phi", "wanted", "quantity")  # what a run says of a SKU


@dataclass(frozen=True, slots=True)
class Rungs:
    """The ladder of several SKUs together, whole units (target_gmv in fen); None where nothing is known: no plan,
    no run. low, high: the forecast's band, four times in five."""

    target_gmv: int | None
    target_units: int | None
    forecast: int | None
    low: int | None
    high: int | None
    have: int
    arriving: int
    sold: int
    target_short: int | None
    short: int | None
    order: int | None
    left: int | None
    lost: int | None


def target_units(goods: pd.DataFrame) -> pd.Series:
    """Units that the target of a SKU needs: its planned units, else its planned GMV (fen) at the sale price (fen),
    rounded up; Int64, missing without a plan or a price."""
    price = goods["sale_price"].astype("Float64")
    amount = goods["planned_gmv"].astype("Float64") / price.where(price > 0)
    by_amount = np.ceil(amount.to_numpy(float, na_value=np.nan))
    known = pd.Series(by_amount, index=goods.index).astype("Int64")
    return goods["planned_units"].astype("Int64").fillna(known)


def lines(
    goods: pd.DataFrame, stock: pd.DataFrame, run: pd.DataFrame | None, *, over: bool = False
) -> pd.DataFrame:
    """The ladder of every SKU, indexed by sku_code.

    `goods`: sku_code, name, spec, tier, sale_price, planned_units, planned_gmv. `stock`, by sku_code: have (on
    hand less reserved, the pre-sale still in it), committed (pre-sale), arriving (on the shelf before the
    opening), sold (taken by orders since the opening: the part of the forecast that is behind). `run`, by
    sku_code: FORECAST, or None. Columns: the goods', committed, SUMMED, low, high; units, Int64; forecast, left,
    lost expected (Float64). The forecast has the pre-sale in it. `over`: the sale has closed, and nothing is asked
    for any more.
    """
    frame = goods.set_index("sku_code", drop=False).rename_axis(None)
    frame["target_gmv"], frame["target_units"] = frame["planned_gmv"].astype("Int64"), target_units(frame)
    frame = frame.join(stock.reindex(frame.index).fillna(0).astype("int64"))
    there = frame["have"] + frame["arriving"] + frame["sold"]
    frame["target_short"] = (frame["target_units"] - there).clip(lower=0)
    known = (run if run is not None else pd.DataFrame(columns=list(FORECAST))).reindex(frame.index)
    return frame.join(_expected(frame, known.astype("Float64"), over))


def _expected(frame: pd.DataFrame, run: pd.DataFrame, over: bool) -> pd.DataFrame:
    """forecast, low, high, short, order, left, lost of each SKU; missing where the run has no word on it. Short, left
    and lost speak of the demand that is still to come: the forecast less what is sold."""
    unknown = run["forecast_mean"].isna().to_numpy()
    mean, phi = (run[name].fillna(0).to_numpy(float) for name in ("forecast_mean", "phi"))
    wanted, order = (run[name].fillna(0).to_numpy(np.int64) for name in ("wanted", "quantity"))
    committed, have, arriving, sold = (
        frame[name].to_numpy(np.int64) for name in ("committed", "have", "arriving", "sold")
    )
    free = have + arriving - committed + order
    ahead, still = (np.zeros_like(one) if over else np.maximum(one - sold, 0) for one in (mean, wanted))
    low, high = negative_binomial.band(LOW, HIGH, mean, phi)
    figures = {
        "forecast": mean + committed,
        "low": low + committed,
        "high": high + committed,
        "short": quantity.need(committed, still, have, arriving),
        "order": order,
        "left": negative_binomial.leftover(free, ahead, phi),
        "lost": negative_binomial.lost(np.maximum(free, 0), ahead, phi),
    }
    expected = pd.DataFrame(figures, index=frame.index)
    whole = expected.astype(dict.fromkeys(("forecast", "left", "lost"), "Float64"))
    counted = whole.astype(dict.fromkeys(("low", "high", "short", "order"), "Int64"))
    return counted.mask(np.repeat(unknown[:, None], len(counted.columns), axis=1))


def tiers(ladder: pd.DataFrame) -> pd.DataFrame:
    """SUMMED by tier: index tier, one row a tier that has goods; missing where no SKU of it is known."""
    return ladder.groupby("tier", sort=False)[list(SUMMED)].sum(min_count=1)


def total(ladder: pd.DataFrame, low: float | None = None, high: float | None = None) -> Rungs:
    """The ladder of all its SKUs. `low`, `high`: the whole sale's band without the pre-sale (the SKUs' own bands do
    not add up: they rise and fall together with the level of the sale)."""
    sums = {name: ladder[name].sum(min_count=1) for name in SUMMED}
    whole = {
        name: None if pd.isna(value) else int(np.floor(float(value) + 0.5)) for name, value in sums.items()
    }
    promised = int(ladder["committed"].sum()) if len(ladder) else 0
    band = {
        name: None if edge is None else round(edge) + promised
        for name, edge in (("low", low), ("high", high))
    }
    stock = {name: whole.pop(name) or 0 for name in ("have", "arriving", "sold")}
    return Rungs(**whole, **band, **stock)  # type: ignore[arg-type]
