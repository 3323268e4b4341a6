"""One truth of demand for every page: the ladder of a campaign as it stands, with what its figures say against each
other."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, allowed
from core.campaign import service as campaigns
from core.campaign.challenge import Challenge, PlanFigures, challenges
from core.database import Database
from core.goods import structure
from core.replenishment import inputs, ladder, queries, supply
from core.replenishment.ladder import SUMMED as SUMMED
from core.replenishment.ladder import Rungs
from core.replenishment.overrides import policy_of
from core.replenishment.quantity import decide
from core.replenishment.quantity.decide import Policy
from core.signals import service as signals
from core.signals.tables import daily_signal
from core.stock import service as stock


@dataclass(frozen=True, slots=True)
class Ladder:
    """The ladder of a campaign. `lines` by sku_code and `tiers` by tier: the columns of core/replenishment/ladder.py;
    `total`: all goods together. `run_id`, `run_state`, `run_at`: the newest run, which the forecast and the order
    come from ("" and None before the first). An ordered run orders no more: its units arrive. `moved`: SKUs whose
    stock or pre-sale has changed since the run was computed, while it is not ordered."""

    lines: pd.DataFrame
    tiers: pd.DataFrame
    total: Rungs
    run_id: str
    run_state: str
    run_at: datetime | None
    moved: int


@dataclass(frozen=True, slots=True)
class Doubts:
    """What target, forecast, order and reports say against each other. The figures hold money for those who may
    see costs (None else)."""

    figures: PlanFigures
    challenges: tuple[Challenge, ...]


def load(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Ladder:
    """The ladder of a campaign, from the stock of this moment and the newest run.
    ShopError("campaign.unknown")."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        return of_campaign(connection, campaign_id, now)


def of_campaign(connection: Connection, campaign_id: str, now: datetime) -> Ladder:
    """`load` for other packages, inside their transaction."""
    window = inputs.window(connection, campaign_id, now)
    goods = structure.lines(connection, campaign_id)
    run = _newest(connection, campaign_id)
    policy = policy_of(run["policy"]) if run else Policy(today=window.today, opens=window.opens)
    kept = queries.forecasts(connection, run["run_id"]) if run else None
    sale = campaigns.standing(connection, campaign_id)
    over = now >= sale.closes_at
    if kept is not None and run and (over or run["state"] == "ordered"):
        kept = kept.assign(quantity=0)
    columns = ["sku_code", "name", "spec", "tier", "sale_price", "planned_units", "planned_gmv"]
    there = _stock(connection, window, goods["sku_code"], policy)
    there["sold"] = _sold(connection, sale.opens_at, now).reindex(there.index).fillna(0).astype("int64")
    lines = ladder.lines(goods[columns], there, kept, over=over)
    level = run["basis"]["level"] if run else {}
    return Ladder(
        lines,
        ladder.tiers(lines),
        ladder.total(lines, level.get("total_low"), level.get("total_high")),
        str(run["run_id"]) if run else "",
        str(run["state"]) if run else "",
        run["at"] if run else None,
        _moved(lines, kept) if kept is not None and run and run["state"] != "ordered" else 0,
    )


def _sold(connection: Connection, opens: datetime, now: datetime) -> pd.Series:
    """Units that orders have taken since the opening, by SKU; none before it."""
    return stock.taken(connection, opens) if now >= opens else pd.Series(dtype="int64")


def _moved(lines: pd.DataFrame, kept: pd.DataFrame) -> int:
    """SKUs that stand otherwise now than when the run was computed."""
    unsold = lines.assign(have=lines["have"] + lines["sold"])  # what was sold since is no change of the stock
    now = unsold[["have", "committed", "arriving"]].set_axis(list(queries.STOOD_ON), axis="columns")
    then = kept[list(queries.STOOD_ON)].reindex(now.index)
    return int(((now != then) & then.notna()).any(axis=1).sum())


def _newest(connection: Connection, campaign_id: str) -> queries.Record | None:
    run_id = queries.latest(connection, campaign_id)
    return queries.head(connection, run_id) if run_id else None


def _stock(connection: Connection, window: inputs.Window, codes: pd.Series, policy: Policy) -> pd.DataFrame:
    """have, committed, arriving (int64) by sku_code, as a run computed now would see them."""
    terms = supply.stock_terms(connection, codes).set_index(pd.Index(codes))
    deposits = inputs.deposits(connection, window).reindex(codes).fillna(0).astype("int64")
    coming = decide.arriving(stock.arrivals(connection), policy)["in_transit"].reindex(codes).fillna(0)
    return pd.DataFrame(
        {
            "have": terms["available"],
            "committed": terms["committed"].clip(lower=deposits),
            "arriving": coming.astype("int64"),
        }
    )


def refreshed(sheet: pd.DataFrame, current: pd.DataFrame) -> pd.DataFrame:
    """A run's lines (a column sku_code) with the stock, the need and the expectations of the ladder `current`."""
    now = current.reindex(sheet["sku_code"]).reset_index(drop=True)
    renamed = {
        "committed": "committed",
        "have": "available",
        "arriving": "in_transit",
        "short": "need",
        "left": "expected_leftover",
        "lost": "expected_lost",
    }
    known = now["forecast"].notna()
    fresh = {
        column: now[name].astype("Float64").where(known, sheet[column]).astype(sheet[column].dtype)
        for name, column in renamed.items()
    }
    current_sheet = sheet.assign(
        **fresh, forecast=now["forecast"].fillna(sheet["forecast_mean"]).astype(float)
    )
    cost, gain = (
        sheet[name].astype("Float64").fillna(0).to_numpy(float) for name in ("unit_cost", "contribution")
    )
    lost = np.where(sheet["costed"], np.round(current_sheet["expected_lost"] * np.maximum(gain, 0)), 0)
    left = np.round(current_sheet["expected_leftover"] * cost)
    return current_sheet.assign(leftover_value=left.astype("int64"), lost_profit=lost.astype("int64"))


def doubts(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Doubts:
    """What does not fit between target, forecast, order, stock, the last sale and the reports.
    ShopError("campaign.unknown")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        return doubts_of(connection, actor, campaign_id, now)


def doubts_of(connection: Connection, actor: Actor, campaign_id: str, now: datetime) -> Doubts:
    """`doubts` for other parts of this package, inside their transaction."""
    window, current = inputs.window(connection, campaign_id, now), of_campaign(connection, campaign_id, now)
    ordered = current.lines[(current.lines["order"] > 0).fillna(False)]
    goods = supply.costs_and_leads(connection, campaign_id)
    cost = goods["unit_cost"].reindex(current.lines.index).astype("Float64")
    last, total = signals.last_day(connection), current.total
    figures = PlanFigures(
        target_units=total.target_units,
        forecast_units=total.forecast,
        order_units=total.order,
        order_value=int((current.lines["order"].astype("Float64") * cost).sum()),
        stock_value=int((current.lines["have"].clip(lower=0) * cost).sum()),
        last_sale_units=_last_sale(connection, window, now),
        report_age=None if last is None else (window.today - last).days,
        days_to_opening=(window.opens - window.today).days,
        longest_lead=_longest(goods["lead_time_days"].reindex(ordered.index)),
        target_gmv=total.target_gmv,
    )
    return Doubts(figures if allowed(actor, "cost.view") else figures.without_costs(), challenges(figures))


def _longest(days: pd.Series) -> int | None:
    return None if days.dropna().empty else int(days.max())


def _last_sale(connection: Connection, window: inputs.Window, now: datetime) -> int | None:
    """Units paid on the days of the last closed sale that has reports; None without one."""
    d = daily_signal.c
    reported = {
        day.toordinal() for day in connection.scalars(select(d.day).where(d.sku_code != "").distinct())
    }
    closed = inputs.past_sales(connection, window.campaign_id, now, reported)
    if not closed:
        return None
    first, last = (date.fromordinal(day) for day in (closed[-1].first, closed[-1].last))
    query = select(func.sum(d.units_paid)).where(d.sku_code != "", d.day >= first, d.day <= last)
    return int(connection.scalar(query) or 0)
