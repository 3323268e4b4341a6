"""What a closed sale has measured of the factors that the next plan needs, in the caller's transaction; {} where its data
do not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta

import numpy as np
from sqlalchemy import Connection, func, select

from core import clock
from core.campaign import target
from core.campaign.pace import BIN
from core.campaign.service import Campaign
from core.database import read
from core.live.snapshot import rollups
from core.live.tables import drill_debrief, event, sale_line
from core.readiness import staffing as heads
from core.review import figures, lessons
from core.review.judged.findings import Finding
from core.signals.tables import daily_signal
from core.warmup import touches
from core.warmup.funnel import OpeningPrior

ORDINARY_DAYS = 28  # before the sale's warm-up: what its uplift is measured against
LEAST_PEOPLE = 30  # below which a rate of people is an anecdote
OPENING_HOUR_MS = 3_600_000


def factors(connection: Connection, mine: Campaign, now: datetime) -> dict[str, dict[str, object]]:
    """target and channels, see `defaults.Default`; {} without visitors or payments."""
    cut = figures.windows(figures.scopes(connection, mine, now), now)
    sides = figures.total([figures.actual(connection, window, 1.0) for window in cut])
    by = {
        name: [int(part.visitors), int(part.buyers), int(part.amount)] for name, part in sides.items() if name
    }
    visitors, buyers, amount = (sum(int(row[place]) for row in by.values()) for place in range(3))
    if min(visitors, buyers, amount) <= 0:
        return {}
    solved = target.solve(
        visitors=visitors, conversion_rate=buyers / visitors, aov=max(1, round(amount / buyers))
    )
    goal = asdict(solved)
    return {"target": goal, "channels": {"by": by}}


def pace(connection: Connection, mine: Campaign) -> dict[str, object]:
    """first_hour: share paid in the first hour of the last live phase; half_minutes: minutes until half was paid; days:
    live phases with payments."""
    days = []
    for phase in mine.phases:
        if phase.kind == "live":
            first, last = (clock.epoch_minute(moment) for moment in (phase.starts_at, phase.ends_at))
            curve = rollups.curve(connection, mine.campaign_id, first, last - 1)
            if curve["amount_fen"].sum() > 0:
                days.append(curve)
    if not days:
        return {}
    curve = days[-1]
    shares = curve["amount_fen"].cumsum() / curve["amount_fen"].sum()
    opening = float(shares[curve["bin"] < 60 // BIN].max() if (curve["bin"] < 60 // BIN).any() else 0.0)
    half = int(curve["bin"][shares >= 0.5].iloc[0] + 1) * BIN
    return {"first_hour": round(opening, 4), "half_minutes": half, "days": len(days)}


def uplift(connection: Connection, mine: Campaign) -> dict[str, object]:
    """uplift: reported units a day of the sale over those of ORDINARY_DAYS before its warm-up; days: of the sale with a
    report, at least half of them."""
    first = clock.business_day(mine.opens_at, mine.timezone)
    last = clock.business_day(mine.closes_at - timedelta(microseconds=1), mine.timezone)
    warm = min(
        [clock.business_day(p.starts_at, mine.timezone) for p in mine.phases if p.kind == "warm_up"],
        default=first,
    )
    t = daily_signal.c
    query = select(t.day, func.sum(t.units_paid).label("units")).where(
        t.sku_code != "", t.day.between(warm - timedelta(days=ORDINARY_DAYS), last), t.units_paid.is_not(None)
    )
    rows = read(connection, query.group_by(t.day))
    units = rows["units"].astype(float)
    sale, before = units[rows["day"] >= first], units[rows["day"] < warm]
    if 2 * len(sale) < (last - first).days + 1 or len(before) < 7 or before.mean() <= 0:
        return {}
    return {"uplift": round(float(sale.mean() / before.mean()), 3), "days": len(sale)}


def signals(connection: Connection, mine: Campaign) -> dict[str, object]:
    """reflow, conversion and units of the people who had reserved, and on how many (people) they stand; weight: how many
    people the rates are worth at first."""
    booked, last_day = touches.reserved(connection, mine.campaign_id, mine.opens_at, mine.timezone)
    if booked.empty:
        return {}
    first = booked.groupby("user_key")["day"].min()
    back = first.index[(last_day.reindex(first.index) > first).to_numpy(bool)]
    e, opens = event.c, int(mine.opens_at.timestamp() * 1000)
    query = select(e.user_key, func.sum(e.quantity).label("units")).where(
        e.campaign_id == mine.campaign_id,
        e.kind == "pay",
        e.at_ms >= opens,
        e.at_ms < opens + OPENING_HOUR_MS,
    )
    bought = read(connection, query.group_by(e.user_key)).set_index("user_key")["units"]
    mine_too = bought[bought.index.isin(back)]
    if len(back) < LEAST_PEOPLE or not 0 < len(mine_too) < len(back) or len(back) >= len(first):
        return {}
    return {
        "reflow": round(len(back) / len(first), 4),
        "conversion": round(len(mine_too) / len(back), 4),
        "units": round(max(1.0, float(mine_too.mean())), 3),
        "weight": float(min(OpeningPrior().weight, len(first))),
        "people": len(first),
    }


def staffing(connection: Connection, mine: Campaign) -> dict[str, object]:
    """settings: of the sale, with the lines an order that it really had; orders: on how many they stand."""
    s = sale_line.c
    lines, orders = connection.execute(
        select(func.count(), func.count(s.order_id.distinct())).where(
            s.campaign_id == mine.campaign_id, s.paid > 0
        )
    ).one()
    own, version = heads.in_force(connection, mine.campaign_id)
    if not orders and not version:
        return {}
    settings = asdict(own)
    if orders:
        settings["lines_per_order"] = round(float(np.divide(lines, orders)), 3)
    return {"settings": settings, "orders": int(orders)}


def learnings(connection: Connection, campaign_id: str, found: Sequence[Finding]) -> dict[str, object]:
    """findings: [code, facts]; own: what people wrote; drill: what its rehearsals taught."""
    d = drill_debrief.c
    rows = connection.scalars(select(d.learnings).where(d.campaign_id == campaign_id).order_by(d.at))
    drills = [str(sentence) for row in rows for sentence in row]
    own = lessons.written(connection, campaign_id)["text"].tolist()
    if not (found or own or drills):
        return {}
    return {"findings": [[one.code, dict(one.facts)] for one in found], "own": own, "drill": drills}
