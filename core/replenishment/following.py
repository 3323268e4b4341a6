"""Beside the sale's own run: new SKUs that are followed closely, and ordinary days after the sale."""

from __future__ import annotations

from datetime import date, datetime

import numpy as np
import pandas as pd

from core.access import Actor, allow
from core.database import Database
from core.replenishment import quantity, regular, sources
from core.signals import service as signals
from core.stock import service as stock

ORDINARY_DAYS = 56


def newcomers(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> pd.DataFrame:
    """SKUs of the campaign whose first report is at most NEW_DAYS old, or that have none yet.

    Columns: sku_code, name, tier, supplier, first_day (date or None), days (Int64), visitors, add_to_cart, favourites, units, conversion (of
    the last 28 reported days), on_hand, in_transit.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        place = sources.window(connection, campaign_id, now)
        frame, _ = sources.goods(connection, campaign_id)
        rows = sources.reports(connection, place.today)
        levels = stock.levels(connection)[["on_hand", "in_transit"]]
        figures, _ = signals.recent(connection)
    first = frame["sku_code"].map(rows.groupby("sku_code")["day"].min()).astype("Int64")
    days = place.today.toordinal() - first
    fresh = (days.isna() | (days <= sources.NEW_DAYS)).to_numpy(bool)
    chosen = frame.loc[fresh, ["sku_code", "name", "tier", "supplier"]].reset_index(drop=True)
    known = [None if pd.isna(day) else date.fromordinal(int(day)) for day in first[fresh]]
    figures = figures.reindex(chosen["sku_code"]).reset_index(drop=True)[
        ["visitors", "add_to_cart", "favourites", "units", "conversion"]
    ]
    there = levels.reindex(chosen["sku_code"]).fillna(0).astype("int64").reset_index(drop=True)
    return pd.concat([chosen.assign(first_day=known, days=days[fresh].to_numpy()), figures, there], axis=1)


def ordinary(
    db: Database, actor: Actor, campaign_id: str, *, now: datetime, service_level: float = 0.95, review_days: int = 7
) -> pd.DataFrame:
    """Ordinary days after the sale: sku_code, name, supplier, daily (units), safety_stock, reorder_point (float), position, need, quantity (int64).

    Mean and spread of the last 56 reported days outside sales; lead times vary by a quarter of their length. An order in time of a coming
    sale belongs to the sale's run, not here.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        place = sources.window(connection, campaign_id, now)
        frame, _ = sources.goods(connection, campaign_id)
        rows = sources.reports(connection, place.today)
        told_days = set(rows["day"].tolist())
        sales = (*sources.past_sales(connection, campaign_id, now, told_days), place.sale)
        levels = stock.levels(connection).reindex(frame["sku_code"]).fillna(0).astype("int64").reset_index(drop=True)
    days = [
        day
        for day in sorted(told_days)
        if day >= place.today.toordinal() - ORDINARY_DAYS and not any(s.warm <= day <= s.last for s in sales)
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
    lead = frame["lead_time_days"].fillna(7).to_numpy(float)
    safety = regular.safety_stock(mean, sd, lead, lead / 4, service_level)
    point = regular.reorder_point(mean, sd, lead, lead / 4, service_level)
    position = (levels["available_to_promise"] + levels["in_transit"]).to_numpy(np.int64)
    need = regular.reorder_need(position, point, mean, review_days)
    moq, pack = frame["moq"].fillna(0).to_numpy(np.int64), frame["pack_size"].fillna(1).to_numpy(np.int64)
    figures = {
        "daily": mean,
        "safety_stock": safety,
        "reorder_point": point,
        "position": position,
        "need": need,
        "quantity": quantity.round_up(need, moq, pack),
    }
    return frame[["sku_code", "name", "supplier"]].assign(**figures)
