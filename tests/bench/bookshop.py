"""A real bookshop's first half of 2019 by SKU and day: January to May known, the 18th of June to be forecast."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from core.replenishment import forecast as f
from core.replenishment import history

LAST_KNOWN = date(2019, 5, 31)
SALE = date(2019, 6, 18)
SALE_TIMES = 3.0  # a day that sold so many times the 28 days before it was a sale
WARM_DAYS = 18  # the platform's June sale warms up from the 1st


@dataclass(frozen=True)
class Shop:
    """Daily units and carts up to the 31st of May, and what the 18th of June then sold, by SKU."""

    known: pd.DataFrame
    truth: pd.Series


def load(folder: Path) -> Shop:
    """Reads the six months; the second row of a day and SKU is its other half and is added."""
    names = {
        "时间": "day",
        "SKU": "sku",
        "三级类目": "category",
        "访客数": "visitors",
        "加购人数": "carts",
        "成交商品件数": "units",
        "成交码洋": "value",
    }
    parts = [pd.read_excel(path, dtype={"SKU": str}).rename(columns=names) for path in sorted(folder.glob("*月.xlsx"))]
    rows = pd.concat(parts)[list(names.values())]
    rows["day"] = pd.to_datetime(rows["day"]).dt.date
    figures = ["visitors", "carts", "units", "value"]
    rows[figures] = rows[figures].apply(pd.to_numeric, errors="coerce").fillna(0)
    daily = rows.groupby(["sku", "day"], as_index=False).agg(
        category=("category", "first"), **{name: (name, "sum") for name in figures}
    )
    known = daily[daily["day"] <= LAST_KNOWN]
    truth = daily[daily["day"] == SALE].set_index("sku")["units"]
    return Shop(known, truth[truth.index.isin(known["sku"])])


def own(shop: Shop) -> f.Forecast:
    """The shop's own forecast through core.replenishment, for the SKUs of shop.truth in order."""
    codes = pd.Index(shop.known["sku"].unique())
    rows = shop.known
    item = codes.get_indexer(rows["sku"]).astype(np.int64)
    day = rows["day"].map(date.toordinal).to_numpy(np.int64)
    none = np.empty(0, np.int64)
    sales = history.Sales(item, day, rows["units"].to_numpy(float), none, none)
    by_sku = (
        rows.groupby("sku")
        .agg(category=("category", "first"), first=("day", "min"), units=("units", "sum"), value=("value", "sum"))
        .reindex(codes)
    )
    band = history.price_band((100 * by_sku["value"] / by_sku["units"].clip(lower=1)).to_numpy())
    category = history.codes(by_sku["category"].to_numpy(object))
    goods = history.Goods(
        category,
        history.codes(category, band),
        category,
        history.codes(category, band),
        by_sku["first"].map(date.toordinal).to_numpy(np.int64),
    )
    past = tuple(history.Sale(day, day, day - 1) for day in (found.toordinal() for found in sale_days(shop)))
    coming = f.Coming(
        LAST_KNOWN.toordinal() + 1,
        history.Sale(SALE.toordinal(), SALE.toordinal(), SALE.toordinal() - WARM_DAYS),
        np.full(len(codes), np.nan),
    )
    warm = f.Signals(item, day, {"cart": rows["carts"].to_numpy(float), "view": rows["visitors"].to_numpy(float)})
    found = f.forecast(sales, goods, past, coming, warm)
    chosen = codes.get_indexer(shop.truth.index)
    return f.Forecast(
        **{
            name: getattr(found, name)[chosen] if isinstance(getattr(found, name), np.ndarray) else getattr(found, name)
            for name in f.Forecast.__slots__
        }
    )


def sale_days(shop: Shop) -> list[date]:
    """Days up to the end of May on which the shop sold at least SALE_TIMES the mean of the 28 days before."""
    units = shop.known.groupby("day")["units"].sum()
    return list(units.index[units >= SALE_TIMES * units.shift(1).rolling(28).mean()])


def naive(shop: Shop) -> dict[str, np.ndarray]:
    """The 28-day mean, and the same times the shop's uplift on each of its sales (units against the 28 days before it)."""
    daily = shop.known.pivot_table(index="sku", columns="day", values="units", fill_value=0.0)
    mean = daily.reindex(shop.truth.index).iloc[:, -28:].mean(axis=1).to_numpy()
    whole = daily.sum()
    times = {day: whole[day] / whole.shift(1).rolling(28).mean()[day] for day in sale_days(shop)}
    return {"28-day mean": mean} | {f"28-day mean x {factor:.2f} ({day:%d %B})": mean * factor for day, factor in times.items()}
