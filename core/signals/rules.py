"""What daily reports say about a day: the shop's figures by day, and how far one day stands above the days
before. Pure."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

COUNTS = (
    "visitors",
    "page_views",
    "add_to_cart",
    "favourites",
    "orders_placed",
    "buyers",
    "units_paid",
    "paid_amount",
)


def span(days: pd.Series) -> tuple[date, date]:
    """The first and the last of some days; for no day at all, a span without rows."""
    return (days.min(), days.max()) if len(days) else (date.min, date.min)


def shop_days(by_sku: pd.DataFrame, whole: pd.DataFrame) -> pd.DataFrame:
    """One row a day: the shop's own figure where a report of the whole shop gives it, else the sum over its
    SKUs.

    Both frames: day (date) and figures (missing where silent). A visitor who opens two SKUs is counted twice
    in the sum; a report of the whole shop counts her once, so it wins. Sorted by day.
    """
    figures = [name for name in by_sku.columns if name != "day"]
    first, second = (frame.set_index("day")[figures].astype("Float64") for frame in (whole, by_sku))
    return first.combine_first(second)[figures].sort_index().rename_axis("day").reset_index()


def day_factors(history: pd.DataFrame, day: date, before: int = 28) -> pd.DataFrame:
    """How many times the mean of the `before` days before it a day was.

    `history`: day (date) and figures, one row a day. Columns: figure, value, mean (of the reported days in
    the window), days (how many were reported), factor (value / mean; NaN without a base). 18 June against the
    28 days before is the shop's own measure of a sale.
    """
    frame = history.set_index("day")
    window = frame[(frame.index >= day - timedelta(days=before)) & (frame.index < day)]
    figures = [name for name in COUNTS if name in frame.columns]
    value = (
        frame[figures].loc[day].astype("Float64")
        if day in frame.index
        else pd.Series(pd.NA, index=figures, dtype="Float64")
    )
    mean = window[figures].astype("Float64").mean()
    factor = value.astype("Float64") / mean.where(mean > 0)
    return pd.DataFrame(
        {
            "figure": figures,
            "value": value,
            "mean": mean,
            "days": window[figures].notna().sum(),
            "factor": factor,
        }
    ).reset_index(drop=True)


def rates(sums: pd.DataFrame) -> pd.DataFrame:
    """Summed figures of SKUs with what is asked of them: indexed by sku_code.

    In: sku_code, visitors, buyers, units_paid, paid_amount, add_to_cart, favourites, heat_week, heat_before
    (missing where the reports are silent). Out: visitors, buyers, units, gmv (paid, fen), add_to_cart,
    favourites, heat_week, heat_before (int64), conversion (buyers / visitors, by units where no report names
    buyers; NaN without visitors).
    """
    frame = (
        sums.set_index("sku_code")
        .rename(columns={"units_paid": "units", "paid_amount": "gmv"})
        .astype("Int64")
    )
    people = frame["buyers"].fillna(frame["units"]).astype("Float64").to_numpy(float, na_value=np.nan)
    visitors = frame["visitors"].astype("Float64").to_numpy(float, na_value=np.nan)
    conversion = np.divide(people, visitors, out=np.full(len(frame), np.nan), where=visitors > 0)
    return frame.fillna(0).astype("int64").assign(conversion=conversion)
