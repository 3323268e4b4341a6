"""Advertising, warm-up signals, staffing and alerts judged; the dip after the sale. In the caller's transaction."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, case, func, select

from core import clock
from core.campaign import planning
from core.database import read
from core.live.actions import decisions
from core.live.rehearsal.debrief import SLOW_MINUTES, noticed
from core.live.tables import alert, event, sale_line
from core.orders.tables import order_line
from core.readiness import staffing as heads
from core.readiness.tables import ad_resource
from core.review.judged.measures import Basis, Measure
from core.signals.tables import daily_signal

SIGNALS = ("visitors", "favourites", "add_to_cart", "coupon_claims", "reservations", "deposits")
WARM_DAYS = 14  # before the opening where no warm-up phase says so
LEAST_BUYERS = 20  # known by name in the order exports: below it a share says nothing
LEAST_SKUS = 10  # below which a rank correlation says nothing
WEEKS = 28  # days on both sides of the sale that a dip is measured on
HOUR_MS = 3_600_000


def advertising(connection: Connection, basis: Basis) -> list[Measure]:
    """Spend by visitor and by new buyer of the sale's days, against what was to be paid."""
    first, last = _days(basis)
    spent, visitors = _spend(connection, first, last)
    if not spent:
        return [Measure("advertising", "cost_per_visitor", unit="fen", missing="no_ad_spend")]
    new = _new_buyers(connection, basis, first, last)
    planned = _planned_cost(connection, basis)
    plan = planning.in_force(connection, basis.plan_id)
    rate = plan.target.conversion_rate if plan else np.nan
    each = spent / visitors if visitors else np.nan
    buyer = spent / new if new > 0 else np.nan
    return [
        Measure("advertising", "ad_spend", float(spent), unit="fen"),
        Measure("advertising", "cost_per_visitor", each, planned, "fen", "" if visitors else "no_visitors"),
        Measure(
            "advertising",
            "cost_per_new_buyer",
            buyer,
            planned / rate,
            "fen",
            "" if new > 0 else "no_new_buyers",
        ),
    ]


def _days(basis: Basis) -> tuple[date, date]:
    zone = basis.mine.timezone
    closing = basis.mine.closes_at - timedelta(microseconds=1)
    return clock.business_day(basis.mine.opens_at, zone), clock.business_day(closing, zone)


def _spend(connection: Connection, first: date, last: date) -> tuple[int, int]:
    """Fen spent and visitors of the rows that say so: by SKU, else the shop's own."""
    t = daily_signal.c
    for scope in (t.sku_code != "", t.sku_code == ""):
        sums = select(func.sum(t.ad_spend), func.sum(t.visitors))
        spent, visitors = connection.execute(
            sums.where(scope, t.day.between(first, last), t.ad_spend.is_not(None))
        ).one()
        if spent:
            return int(spent), int(visitors or 0)
    return 0, 0


def _new_buyers(connection: Connection, basis: Basis, first_day: date, last_day: date) -> float:
    """People whose first paid order of all falls into the sale: their share of the buyers in the order exports, of the
    buyers that the reports count (all of them where the reports name none); NaN for fewer than LEAST_BUYERS known."""
    o = order_line.c
    first = (
        select(func.min(o.paid_at).label("first"), func.max(o.paid_at).label("last"))
        .where(o.buyer_key != "", o.paid_at.is_not(None), o.paid_at < basis.mine.closes_at)
        .group_by(o.buyer_key)
        .subquery()
    )
    new = func.sum(case((first.c.first >= basis.mine.opens_at, 1), else_=0))
    bought, fresh = connection.execute(
        select(func.count(), new).where(first.c.last >= basis.mine.opens_at)
    ).one()
    if bought < LEAST_BUYERS:
        return float("nan")
    t = daily_signal.c
    reported = connection.scalar(
        select(func.sum(t.buyers)).where(t.sku_code == "", t.day.between(first_day, last_day))
    )
    return float(fresh) / float(bought) * float(reported or bought)


def _planned_cost(connection: Connection, basis: Basis) -> float:
    """Fen a visitor that was to be paid: by the places bought, else by the plan's new visitors; NaN for none."""
    r = ad_resource.c
    budget, people = connection.execute(
        select(func.sum(r.budget), func.sum(r.expected_visitors)).where(r.campaign_id == basis.plan_id)
    ).one()
    if people:
        return float(budget) / float(people)
    plan = planning.in_force(connection, basis.plan_id)
    wanted = plan.acquisition() if plan and plan.weights.costs else pd.DataFrame({"visitors": [], "cost": []})
    return float(wanted["cost"].sum() / wanted["visitors"].sum()) if wanted["visitors"].sum() else np.nan


def signals(connection: Connection, basis: Basis) -> list[Measure]:
    """How well each warm-up figure ranked the goods by what they then sold: Spearman's rank correlation over SKUs."""
    first, _ = _days(basis)
    warm = [
        clock.business_day(p.starts_at, basis.mine.timezone) for p in basis.mine.phases if p.kind == "warm_up"
    ]
    begin = min([day for day in warm if day < first], default=first - timedelta(days=WARM_DAYS))
    t = daily_signal.c
    sums = [func.sum(t[name]).label(name) for name in SIGNALS]
    query = select(t.sku_code, *sums).where(t.sku_code != "", t.day >= begin, t.day < first)
    table = read(connection, query.group_by(t.sku_code)).set_index("sku_code").astype("Float64")
    units = basis.goods["units"].astype(float)
    rows = []
    for name in SIGNALS:
        figure = table[name].reindex(units.index).dropna().astype(float)
        rank = ranked(figure, units[figure.index])
        if rank == rank:
            rows.append(Measure("signals", f"signal_{name}", rank, 1.0, "correlation"))
    rows.sort(key=lambda one: -one.value)
    return rows or [Measure("signals", "signal_best", unit="correlation", missing="no_signals")]


def ranked(figure: pd.Series, units: pd.Series) -> float:
    """Spearman's correlation of two columns; NaN for fewer than LEAST_SKUS or where one of them never varies.

    >>> ranked(pd.Series(range(10)), pd.Series(range(10)))
    1.0
    """
    if len(figure) < LEAST_SKUS or figure.nunique() < 2 or units.nunique() < 2:
        return float("nan")
    return round(float(figure.rank().corr(units.rank())), 6)


def staffing(connection: Connection, basis: Basis) -> list[Measure]:
    """Orders that heads were counted for against those that came, and the promise kept."""
    s = sale_line.c
    orders = connection.scalar(
        select(func.count(s.order_id.distinct())).where(s.campaign_id == basis.mine.campaign_id, s.paid > 0)
    )
    plan = planning.in_force(connection, basis.plan_id)
    planned = plan.target.gmv / plan.target.aov if plan else np.nan
    settings, _ = heads.in_force(connection, basis.plan_id)
    kept = _promise(connection, basis, settings.promise_hours)
    return [
        Measure("staffing", "orders", float(orders or 0), planned),
        Measure("staffing", "promise", kept, 1.0, "rate", "" if kept == kept else "no_shipments"),
    ]


def _promise(connection: Connection, basis: Basis, hours: int) -> float:
    """Share of paid lines that left within the promise, of those whose promise is over; NaN without a shipment."""
    e, within = event.c, hours * HOUR_MS
    paid = func.min(case((e.kind == "pay", e.at_ms)))
    sent = func.max(case((e.kind == "ship", e.at_ms)))
    lines = (
        select(paid.label("paid"), sent.label("sent"))
        .where(e.campaign_id == basis.mine.campaign_id, e.kind.in_(("pay", "ship")), e.waits_for == "")
        .group_by(e.order_id, e.sku_code)
        .subquery()
    )
    due = lines.c.paid <= int(basis.now.timestamp() * 1000) - within
    timely = func.sum(case((lines.c.sent - lines.c.paid <= within, 1), else_=0))
    whole, kept, shipped = connection.execute(
        select(func.count(), timely, func.count(lines.c.sent)).where(due)
    ).one()
    return float(kept) / float(whole) if whole and shipped else float("nan")


def alerts(connection: Connection, basis: Basis) -> list[Measure]:
    """Alerts that somebody took or acted on (true), that cleared by themselves (false), and how late."""
    a = alert.c
    columns = (a.kind, a.subject, a.fired_at, a.acknowledged_at, a.resolved_at, a.facts)
    query = select(*columns).where(a.campaign_id == basis.mine.campaign_id, a.fired_at.is_not(None))
    rows = [dict(row) for row in connection.execute(query.where(a.fired_at <= basis.now)).mappings()]
    acts = decisions.active_decisions(connection, basis.mine.campaign_id, basis.now)
    table = noticed(rows, acts)
    taken = table["noticed_at"].notna()
    cleared = np.array(
        [row["resolved_at"] is not None for row in sorted(rows, key=lambda row: row["fired_at"])], bool
    )
    minutes = table.loc[taken, "minutes"]
    return [
        Measure("alerts", "alerts", float(len(table))),
        Measure("alerts", "alerts_true", float(taken.sum())),
        Measure("alerts", "alerts_false", float((~taken & cleared).sum()), 0.0),
        Measure("alerts", "alerts_unanswered", float((~taken & ~cleared).sum()), 0.0),
        Measure("alerts", "alerts_late", float((minutes > SLOW_MINUTES).sum()), 0.0),
        Measure(
            "alerts",
            "minutes_to_answer",
            float(minutes.median()) if len(minutes) else np.nan,
            unit="minutes",
            missing="" if len(minutes) else "no_alerts",
        ),
    ]


def dip(connection: Connection, basis: Basis) -> float:
    """Reported units a day of the four weeks after the sale over those of the four weeks before its warm-up; NaN with less
    than a week on either side."""
    first, last = _days(basis)
    t = daily_signal.c
    begin = first - timedelta(days=WARM_DAYS)
    query = select(t.day, func.sum(t.units_paid).label("units")).where(
        t.sku_code != "",
        t.units_paid.is_not(None),
        t.day.between(begin - timedelta(days=WEEKS), last + timedelta(days=WEEKS)),
    )
    rows = read(connection, query.group_by(t.day))
    units = rows["units"].astype(float)
    before, after = units[rows["day"] < begin], units[rows["day"] > last]
    if min(len(before), len(after)) < 7 or before.mean() <= 0:
        return float("nan")
    return float(after.mean() / before.mean())
