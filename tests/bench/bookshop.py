"""A real bookshop's first half of 2019 by SKU and day: each of its sales forecast 14 days before it opened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from core.replenishment.forecast import forecast as f
from core.replenishment.forecast import history, negative_binomial

SALE_TIMES = 3.0  # a day that sold so many times the 28 days before it was a sale
WARM_DAYS = 18  # the platform's June sale warms up from the 1st
LOW, HIGH = 0.10, 0.90
_FIGURES = ("visitors", "carts", "units", "value")


def load(folder: Path) -> pd.DataFrame:
    """Reads the six months: sku, day, category, visitors, carts, units, value; the second row of a day and SKU
    is its other half and is added."""
    names = {
        "时间": "day",
        "SKU": "sku",
        "三级类目": "category",
        "访客数": "visitors",
        "加购人数": "carts",
        "成交商品件数": "units",
        "成交码洋": "value",
    }
    parts = [
        pd.read_excel(path, dtype={"SKU": str}).rename(columns=names)
        for path in sorted(folder.glob("*月.xlsx"))
    ]
    rows = pd.concat(parts)[list(names.values())]
    rows["day"] = pd.to_datetime(rows["day"]).dt.date
    rows[list(_FIGURES)] = rows[list(_FIGURES)].apply(pd.to_numeric, errors="coerce").fillna(0)
    sums = {name: (name, "sum") for name in _FIGURES}
    return rows.groupby(["sku", "day"], as_index=False).agg(category=("category", "first"), **sums)


def sale_days(rows: pd.DataFrame) -> list[date]:
    """Days on which the shop sold at least SALE_TIMES the mean of the 28 days before."""
    units = rows.groupby("day")["units"].sum()
    return list(units.index[units >= SALE_TIMES * units.shift(1).rolling(28).mean()])


@dataclass(frozen=True)
class Origin:
    """One sale decided 14 days before its first day: the forecast and what then sold, by SKU, and the mean of
    the 28 days before the decision."""

    first: date
    days: int
    forecast: f.Forecast
    sold: np.ndarray
    recent: np.ndarray

    @property
    def covered(self) -> float:
        """Share of SKUs that sold within their 80% band."""
        mean, phi = self.forecast.mean, self.forecast.phi
        low, high = negative_binomial.band(LOW, HIGH, mean, phi)
        return float(((self.sold >= low) & (self.sold <= high)).mean())

    @property
    def whole(self) -> tuple[float, float]:
        """The 80% band of the whole sale's units."""
        return self.forecast.total(LOW, HIGH)

    def orders(self, ratio: float) -> dict[str, np.ndarray]:
        """Units ordered by us and by the two naive rules: the 28-day mean, and the same times the uplift that
        the shop has shown or is taken to have."""
        naive = self.recent * self.days
        return {
            "28-day mean": np.round(naive),
            "28-day mean x uplift": np.round(naive * self.forecast.level.uplift),
            "28-day mean x true uplift": np.round(naive * self.sold.sum() / max(naive.sum(), 1)),
            "ours": negative_binomial.quantile(ratio, self.forecast.mean, self.forecast.phi),
        }

    def earned(self, order: np.ndarray, ratio: float) -> float:
        """Profit of an order in per cent of clairvoyant, every unit earning alike."""
        profit = np.minimum(order, self.sold) - (1 - ratio) / ratio * np.maximum(order - self.sold, 0)
        return float(100 * profit.sum() / self.sold.sum())


def origin(
    rows: pd.DataFrame, first: date, days: int = 1, kind: history.SaleKind = history.SaleKind.FESTIVAL
) -> Origin:
    """The sale of so many days from `first`, from what was known 14 days before it; SKUs known by then."""
    decided = first - timedelta(days=f.DECISION_DAYS)
    known = rows[rows["day"] < decided]
    past = tuple(history.Sale(day, day, day - WARM_DAYS) for day in map(date.toordinal, sale_days(known)))
    opens = first.toordinal()
    sale = history.Sale(opens, opens + days - 1, opens - WARM_DAYS, kind)
    codes, found = _forecast(known, past, sale, decided.toordinal())
    last = first + timedelta(days=days - 1)
    sold = rows[(rows["day"] >= first) & (rows["day"] <= last)].groupby("sku")["units"].sum()
    lately = known[known["day"] >= decided - timedelta(days=28)].groupby("sku")["units"].sum() / 28
    by_sku = [series.reindex(codes).fillna(0).to_numpy(float) for series in (sold, lately)]
    return Origin(first, days, found, *by_sku)


def _forecast(
    known: pd.DataFrame, past: tuple[history.Sale, ...], sale: history.Sale, today: int
) -> tuple[pd.Index, f.Forecast]:
    """The SKUs and their forecast through core.replenishment."""
    codes = pd.Index(known["sku"].unique())
    item = codes.get_indexer(known["sku"]).astype(np.int64)
    day = known["day"].map(date.toordinal).to_numpy(np.int64)
    none = np.empty(0, np.int64)
    sales = history.Sales(item, day, known["units"].to_numpy(float), none, none)
    by_sku = (
        known.groupby("sku")
        .agg(
            category=("category", "first"),
            first=("day", "min"),
            units=("units", "sum"),
            value=("value", "sum"),
        )
        .reindex(codes)
    )
    band = history.price_band((100 * by_sku["value"] / by_sku["units"].clip(lower=1)).to_numpy())
    category = history.codes(by_sku["category"].to_numpy(object))
    both = history.codes(category, band)
    goods = history.Goods(
        category, both, category, both, by_sku["first"].map(date.toordinal).to_numpy(np.int64)
    )
    coming = f.Coming(today, sale, np.full(len(codes), np.nan))
    warm = f.Signals(
        item, day, {"cart": known["carts"].to_numpy(float), "view": known["visitors"].to_numpy(float)}
    )
    return codes, f.forecast(sales, goods, past, coming, warm)
