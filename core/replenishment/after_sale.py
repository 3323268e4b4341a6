"""Beside the sale's own run: new SKUs that are followed closely, and ordinary days after the sale."""

from __future__ import annotations

from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.access import Actor, allow
from core.database import Database
from core.replenishment import inputs, supply
from core.replenishment.quantity import quantity, reorder_point
from core.signals import service as signals
from core.stock import service as stock

ORDINARY_DAYS = 56
REVIEW_DAYS = 7  # between two looks at what must be reordered


def newcomers(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> pd.DataFrame:
    """SKUs of the campaign whose first report is at most NEW_DAYS old, or that have none yet.

    Columns: sku_code, name, tier, supplier, first_day (date or None), days (Int64), visitors, add_to_cart,
    favourites, units, conversion (of the last 28 reported days), on_hand, in_transit.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        window = inputs.window(connection, campaign_id, now)
        frame, _ = supply.goods(connection, campaign_id)
        rows = inputs.reports(connection, window.today)
        levels = stock.levels(connection)[["on_hand", "in_transit"]]
        figures, _ = signals.recent(connection)
    first = frame["sku_code"].map(rows.groupby("sku_code")["day"].min()).astype("Int64")
    days = window.today.toordinal() - first
    fresh = (days.isna() | (days <= inputs.NEW_DAYS)).to_numpy(bool)
    chosen = frame.loc[fresh, ["sku_code", "name", "tier", "supplier"]].reset_index(drop=True)
    known = [None if pd.isna(day) else date.fromordinal(int(day)) for day in first[fresh]]
    figures = figures.reindex(chosen["sku_code"]).reset_index(drop=True)[
        ["visitors", "add_to_cart", "favourites", "units", "conversion"]
    ]
    there = levels.reindex(chosen["sku_code"]).fillna(0).astype("int64").reset_index(drop=True)
    return pd.concat([chosen.assign(first_day=known, days=days[fresh].to_numpy()), figures, there], axis=1)


class Daily(NamedTuple):
    """Units a day of each SKU: mean and standard deviation, shape (n,)."""

    mean: np.ndarray
    sd: np.ndarray


def ordinary(
    db: Database, actor: Actor, campaign_id: str, *, now: datetime, service_level: float = 0.95
) -> pd.DataFrame:
    """Ordinary days after the sale: sku_code, name, supplier, daily (units), safety_stock, reorder_point
    (float), position, need, quantity (int64).

    Mean and spread of the last 56 reported days outside sales; lead times vary by a quarter of their length.
    An order in time of a coming sale belongs to the sale's run, not here.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        sale_window = inputs.window(connection, campaign_id, now)
        frame, _ = supply.goods(connection, campaign_id)
        rows = inputs.reports(connection, sale_window.today)
        told_days = set(rows["day"].tolist())
        sales = (*inputs.past_sales(connection, campaign_id, now, told_days), sale_window.sale)
        levels = (
            stock.levels(connection)
            .reindex(frame["sku_code"])
            .fillna(0)
            .astype("int64")
            .reset_index(drop=True)
        )
    days = [
        day
        for day in sorted(told_days)
        if day >= sale_window.today.toordinal() - ORDINARY_DAYS
        and not any(s.warm <= day <= s.last for s in sales)
    ]
    window = rows[rows["day"].isin(days)].assign(units=lambda part: part["units_paid"].fillna(0))
    sums = (
        window.assign(square=window["units"] ** 2)
        .groupby("sku_code")[["units", "square"]]
        .sum()
        .reindex(frame["sku_code"])
        .fillna(0)
    )
    mean = sums["units"].to_numpy() / max(len(days), 1)
    sd = np.sqrt(np.maximum(sums["square"].to_numpy() / max(len(days), 1) - mean**2, 0))
    figures = _reorder_terms(frame, levels, Daily(mean, sd), service_level)
    return frame[["sku_code", "name", "supplier"]].assign(**figures)


def _reorder_terms(
    frame: pd.DataFrame, levels: pd.DataFrame, daily: Daily, service_level: float
) -> dict[str, np.ndarray]:
    """Safety stock, reorder point, what is missing to it and the order, by the row of `frame`."""
    lead = frame["lead_time_days"].fillna(7).to_numpy(float)
    safety = reorder_point.safety_stock(daily.mean, daily.sd, lead, lead / 4, service_level)
    point = reorder_point.reorder_point(daily.mean, daily.sd, lead, lead / 4, service_level)
    position = (levels["available_to_promise"] + levels["in_transit"]).to_numpy(np.int64)
    need = reorder_point.reorder_need(position, point, daily.mean, REVIEW_DAYS)
    moq, pack = frame["moq"].fillna(0).to_numpy(np.int64), frame["pack_size"].fillna(1).to_numpy(np.int64)
    return {
        "daily": daily.mean,
        "safety_stock": safety,
        "reorder_point": point,
        "position": position,
        "need": need,
        "quantity": quantity.round_up(need, moq, pack),
    }
