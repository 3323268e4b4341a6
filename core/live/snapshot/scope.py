"""The stretch that is judged: which phase, with which plan, on which curve. Read once a minute, shared by
every viewer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from math import ceil

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.decompose import OPENING_KINDS, phase_curve
from core.campaign.pace import BIN, Curve, bin_shares, day_shapes, mean_curve
from core.campaign.phases import Phase
from core.campaign.service import Campaign
from core.campaign.tables import campaign as campaign_table
from core.clock import zone
from core.database import read
from core.goods.tables import campaign_sku, sku
from core.live.ledger.series import SKU_KIND
from core.live.ledger.spans import SELLING
from core.live.snapshot import forecast, queries, rollups
from core.live.snapshot.snapshot import Past, Scope
from core.live.tables import rehearsal
from core.pricing import service as pricing
from core.stock import service as stock

JUDGED = SELLING  # phases with a pace of their own
MOST_DAYS = 12  # past sales that make a curve


def phase_of(mine: Campaign, at: datetime) -> Phase:
    """The live or encore phase of a moment: the running one, else the last that began, else the first to
    come."""
    judged = sorted((p for p in mine.phases if p.kind in JUDGED), key=lambda p: p.starts_at)
    judged = judged or [Phase("", "live", mine.opens_at, mine.closes_at)]
    begun = [p for p in judged if p.starts_at <= at]
    return begun[-1] if begun else judged[0]


def base_of(mine: Campaign) -> str:
    """The campaign whose plan, goods and prices count: a rehearsal borrows those of its original."""
    return mine.rehearsal_of or mine.campaign_id


def scope(connection: Connection, campaign_id: str, at: datetime) -> Scope:
    """The scope of a moment. A campaign without a plan has a target of 0: no pace, no forecast to miss.
    ShopError("campaign.unknown")."""
    mine = campaigns.standing(connection, campaign_id)
    phase = phase_of(mine, at)
    plan = planning.in_force(connection, base_of(mine))
    curve, past = _curve(connection, mine, phase)
    scale = _scale(connection, campaign_id)
    figures = _target(plan, phase, scale)
    return Scope(
        mine.campaign_id,
        mine.name,
        mine.timezone,
        phase.phase_id,
        phase.kind,
        phase.starts_at,
        phase.ends_at,
        bool(mine.rehearsal_of),
        *figures,
        curve,
        forecast.residuals(past.days, past.shipped),
        past,
        scale,
    )


def _scale(connection: Connection, campaign_id: str) -> float:
    """Which part of the plan is played: 1, or less in a rehearsal."""
    return float(
        connection.scalar(select(rehearsal.c.scale).where(rehearsal.c.campaign_id == campaign_id)) or 1.0
    )


def _target(
    plan: planning.Plan | None, phase: Phase, scale: float
) -> tuple[int, int, float, int, pd.DataFrame, pd.Series]:
    """(target, visitors, conversion rate, AOV, channels, tiers) of the phase: the plan's channels and tiers
    in its proportion."""
    if plan is None:
        return 0, 0, 0.0, 0, pd.DataFrame({"gmv": [], "visitors": []}, dtype=float), pd.Series(dtype=float)
    parts = plan.part("phase").set_index("part")
    known = phase.phase_id in parts.index
    whole = [
        int(parts[name].loc[phase.phase_id]) if known else getattr(plan.target, name)
        for name in ("gmv", "visitors")
    ]
    gmv, visitors = (round(figure * scale) for figure in whole)
    channels = plan.part("channel").set_index("part").astype(float)
    tiers = plan.part("tier").set_index("part")["gmv"].astype(float)
    if plan.target.gmv:
        channels["gmv"] *= gmv / plan.target.gmv
        tiers = tiers / plan.target.gmv
    if plan.target.visitors:
        channels["visitors"] *= visitors / plan.target.visitors
    return gmv, visitors, plan.target.conversion_rate, plan.target.aov, channels, tiers


def _curve(connection: Connection, mine: Campaign, phase: Phase) -> tuple[Curve, Past]:
    """The phase's curve from the shop's own past sales, shrunk to the shipped one, and those days."""
    shipped = phase_curve(phase, mine.timezone)
    days, clocks = _past(connection, phase.starts_at)
    width = max(map(len, days), default=0)
    amounts = np.array([[*day, *[np.nan] * (width - len(day))] for day in days])
    openings = (0,) if phase.kind in OPENING_KINDS else ()
    past = Past(day_shapes(amounts, clocks, shipped, openings), bin_shares(shipped))
    return mean_curve(past.days, shipped, forecast.PRIOR_DAYS), past


def own_curves(connection: Connection, campaign_id: str) -> dict[str, Curve]:
    """The curve of each judged phase, by phase id, as far as the shop's own past sales make it: none without
    a past sale."""
    mine = campaigns.standing(connection, campaign_id)
    curves = {p.phase_id: _curve(connection, mine, p)[0] for p in mine.phases if p.kind in JUDGED}
    return {phase_id: curve for phase_id, curve in curves.items() if curve.days}


def _past(connection: Connection, before: datetime) -> tuple[list[list[float]], list[int]]:
    """Paid amounts per bin of the shop's earlier live phases, newest first, and the local minute at which
    each opened."""
    c = campaign_table.c
    query = (
        select(c.campaign_id)
        .where(c.rehearsal_of == "", c.closes_at <= before)
        .order_by(c.opens_at.desc())
        .limit(MOST_DAYS)
    )
    days: list[list[float]] = []
    clocks: list[int] = []
    for campaign_id in map(str, connection.scalars(query)):
        past = campaigns.standing(connection, campaign_id)
        for phase in past.phases:
            if phase.kind == "live" and phase.ends_at <= before:
                amounts = _day(connection, campaign_id, phase)
                if sum(amounts) > 0:
                    local = phase.starts_at.astimezone(zone(past.timezone))
                    days.append(amounts)
                    clocks.append(local.hour * 60 + local.minute)
    return days[:MOST_DAYS], clocks[:MOST_DAYS]


def _day(connection: Connection, campaign_id: str, phase: Phase) -> list[float]:
    first, last = (int(moment.timestamp() // 60) for moment in (phase.starts_at, phase.ends_at))
    curve = rollups.curve(connection, campaign_id, first, last - 1)
    amounts = np.zeros(-(-(last - first) // BIN))
    amounts[curve["bin"].to_numpy()] = curve["amount_fen"].to_numpy()
    return [float(amount) for amount in amounts]


def lineup(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """The campaign's goods with what selling one brings, indexed by sku_code: name, spec, tier, function,
    planned_units, landed_price, sale_price, contribution, unit_cost (Int64 fen). Costs are in it: a service hides them from
    those who may not see."""
    mine = campaigns.standing(connection, campaign_id)
    prices = pricing.economics(connection, base_of(mine)).set_index("sku_code")
    kept = prices[
        ["name", "tier", "landed_price", "sale_price", "contribution", "unit_cost", "worst_contribution"]
    ]
    return kept.join(_planned(connection, base_of(mine)), how="left")


def sold_besides(connection: Connection, campaign_id: str, lineup: pd.Index) -> pd.DataFrame:
    """Name and spec of the goods that the sale has sold though they are not in its lineup (past sales, other goods of
    the shop), by sku_code."""
    k = SKU_KIND.c
    sold = select(k.sku_code).where(k.campaign_id == campaign_id, k.kind.in_(("order", "pay")))
    named = select(sku.c.sku_code, sku.c.name, sku.c.spec).where(sku.c.sku_code.in_(sold))
    names = read(connection, named).set_index("sku_code")
    return names[~names.index.isin(lineup)]


def free(connection: Connection, scope: Scope, codes: Sequence[str]) -> dict[str, int]:
    """Units available to promise now, by SKU; SKUs that never moved are not in it.

    A drill's sales touch no stock: it has as small a part of the stock as it plays of the plan, with what is
    due before its opening, less what it has sold itself.
    """
    units = stock.free(connection, codes)
    if not scope.drill:
        return units
    sold, arrived = queries.asked(connection, scope.campaign_id), due_before(connection, scope)
    return {
        code: ceil((left + arrived.get(code, 0)) * scope.scale) - sold.get(code, 0)
        for code, left in units.items()
    }


def due_before(connection: Connection, scope: Scope) -> dict[str, int]:
    """Units on their way that are due before the opening, by SKU: a rehearsal finds them on the shelf."""
    coming = stock.arrivals(connection)
    timely = coming[(coming["expected_on"] != "") & (coming["expected_on"] < opening_day(scope))]
    return {str(code): int(units) for code, units in timely.groupby("sku_code")["quantity"].sum().items()}


def opening_day(scope: Scope) -> str:
    """The ISO day of the opening on the campaign's clock."""
    return scope.starts_at.astimezone(zone(scope.timezone)).date().isoformat()


def _planned(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """What the goods structure plans of each SKU, by sku_code: planned_units (Int64), function, spec."""
    t = campaign_sku.c
    named = select(t.sku_code, t.planned_units, t.function, sku.c.spec).join(
        sku, sku.c.sku_code == t.sku_code
    )
    frame = read(connection, named.where(t.campaign_id == campaign_id)).set_index("sku_code")
    return frame.astype({"planned_units": "Int64"})
