"""After a sale its forecast is scored by itself: as soon as the daily reports of its days are in, and again when they
change. The scores stand where the next sale's forecast is made."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign
from core.clock import day_start
from core.database import Database, read, upsert
from core.database.types import Record
from core.replenishment import inputs, supply
from core.replenishment.forecast import history
from core.replenishment.forecast.forecast import DECISION_DAYS
from core.replenishment.forecast.score import Score, score
from core.replenishment.inputs import Window
from core.replenishment.tables import forecast_score, replenishment_line, replenishment_run
from core.signals.tables import daily_signal

NAIVE_DAYS = 28  # of the mean that the naive rules order
FINAL_DAYS = 60  # after which changed reports score a sale no more
COLUMNS = (
    "campaign_id",
    "name",
    "kind",
    "closes_at",
    "decided_on",
    "own_run",
    "skus",
    "forecast",
    "sold",
    "bias",
    "covered",
    "earned",
    "earned_mean",
    "earned_uplift",
)


def score_closed(db: Database, actor: Actor, *, now: datetime) -> int:
    """Scores closed sales whose days are all reported and that have no score yet, or whose reports have changed
    within FINAL_DAYS of their closing; how many."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        due = _due(connection, now)
        scored = [_scored(connection, campaign_id, now, reported) for campaign_id, reported in due]
    rows = [row for row in scored if row is not None]
    if not rows:
        return 0
    with db.writing() as connection:
        for row in rows:
            upsert(connection, forecast_score, pd.DataFrame([row]))
            result = {
                name: row[name] for name in ("bias", "covered", "earned", "earned_mean", "earned_uplift")
            }
            audit.record(connection, actor, now, "replenishment.score", row["campaign_id"], None, result)
    return len(rows)


def scores(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The scored sales that had closed before this one opened, the latest first: COLUMNS. `own_run`: whether the
    shop's own run was scored; else the forecast as it would have been made 14 days before the opening.
    ShopError("campaign.unknown")."""
    allow(actor, "replenishment.view")
    c, s = campaign.c, forecast_score.c
    opens = select(c.opens_at).where(c.campaign_id == campaign_id).scalar_subquery()
    columns = [c.campaign_id, c.name, c.kind, c.closes_at, *(s[name] for name in COLUMNS[4:])]
    with db.reading() as connection:
        query = select(*columns).join(forecast_score, s.campaign_id == c.campaign_id)
        return read(connection, query.where(c.closes_at <= opens).order_by(c.closes_at.desc()))


def _due(connection: Connection, now: datetime) -> list[tuple[str, int]]:
    """(campaign, units reported on its days) of the sales to score."""
    c, s, d = campaign.c, forecast_score.c, daily_signal.c
    query = select(c.campaign_id, c.closes_at, s.reported).outerjoin(
        forecast_score, s.campaign_id == c.campaign_id
    )
    oldest = now - timedelta(days=inputs.HISTORY_DAYS)
    closed = (c.closes_at <= now, c.closes_at > oldest, c.rehearsal_of == "")
    due = []
    for campaign_id, closes_at, scored in connection.execute(query.where(*closed)).all():
        if scored is not None and closes_at < now - timedelta(days=FINAL_DAYS):
            continue
        sale = inputs.window(connection, campaign_id, now).sale
        span = d.day.between(date.fromordinal(sale.first), date.fromordinal(sale.last))
        sums = select(func.count(d.day.distinct()), func.sum(d.units_paid)).where(span, d.sku_code != "")
        days, units = connection.execute(sums.where(d.units_paid.is_not(None))).one()
        if days == sale.days and units and units != scored:
            due.append((campaign_id, int(units)))
    return due


def _scored(connection: Connection, campaign_id: str, now: datetime, reported: int) -> Record | None:
    """The row of a sale; None where it cannot be told (nothing sold beside the pre-sale)."""
    window = inputs.window(connection, campaign_id, now)
    frame, _ = supply.goods(connection, campaign_id)
    index = pd.Index(frame["sku_code"])
    terms, decided, uplift, own = _forecast(connection, window, frame)
    after = date.fromordinal(window.sale.last + 1)
    sales, deposits = inputs.sold(connection, replace(window, today=after), index)
    sold = np.maximum(history.sold_in(sales, window.sale, len(index)) - deposits, 0.0)
    until = decided.toordinal()
    lately = (sales.day < until) & (sales.day >= until - NAIVE_DAYS)
    recent = np.bincount(sales.item[lately], sales.units[lately], minlength=len(index)) / NAIVE_DAYS
    try:
        result = score(*terms, sold, recent * window.sale.days, uplift)
    except ValueError:
        return None
    head = {"campaign_id": campaign_id, "scored_at": now, "decided_on": decided, "own_run": own}
    return head | {"reported": reported, "uplift": uplift} | _whole(result)


def _whole(result: Score) -> dict[str, object]:
    return asdict(result) | {"forecast": round(result.forecast), "sold": round(result.sold)}


def _forecast(
    connection: Connection, window: Window, frame: pd.DataFrame
) -> tuple[tuple[np.ndarray, np.ndarray], date, float, bool]:
    """(mean and dispersion by SKU, the day of the decision, the expected uplift, whether it was the shop's own): of the
    last run before the opening, else as it would have been made DECISION_DAYS before."""
    r, line = replenishment_run.c, replenishment_line.c
    opening = day_start(window.opens, window.zone)
    query = select(r.run_id, r.policy, r.basis).where(r.campaign_id == window.campaign_id, r.at < opening)
    run = connection.execute(query.order_by(r.at.desc()).limit(1)).first()
    if run is not None:
        columns = select(line.sku_code, line.forecast_mean, line.phi).where(line.run_id == run.run_id)
        said = read(connection, columns).set_index("sku_code").reindex(frame["sku_code"]).fillna(0.0)
        decided = date.fromisoformat(run.policy["today"])
        means = said["forecast_mean"].to_numpy(float), said["phi"].to_numpy(float)
        return means, decided, float(run.basis["level"]["uplift"]), True
    decided = window.opens - timedelta(days=DECISION_DAYS)
    then = day_start(decided, window.zone)
    forecast = inputs.demand(connection, replace(window, today=decided), frame, then).found
    return (forecast.mean, forecast.phi), decided, forecast.level.uplift, False
