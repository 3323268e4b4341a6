"""What was decided beforehand against what came, area by area, each from stored data; what has no data says what is
missing. In the caller's transaction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access.tables import approval
from core.database import one, read
from core.live.tables import decision, sale_line
from core.pricing.engine.verdicts import Verdict
from core.pricing.judging import Judged, judged
from core.replenishment.tables import forecast_score, replenishment_line, replenishment_run
from core.review.judged import judging_work
from core.review.judged.measures import UNKNOWN, Basis, Measure

COLUMNS = ["area", "measure", "value", "target", "unit", "missing"]
CLAIRVOYANT, COVERED = 1.0, 0.8  # what a perfect forecast earns; what its band promises


def judge(connection: Connection, basis: Basis) -> pd.DataFrame:
    """Every area's lines in order: COLUMNS."""
    prices = judged(connection, basis.plan_id)
    areas: tuple[Callable[[], list[Measure]], ...] = (
        lambda: _sale(connection, basis),
        lambda: _forecast(connection, basis),
        lambda: _replenishment(connection, basis),
        lambda: _prices(connection, basis, prices),
        lambda: _promotions(connection, basis, prices),
        lambda: judging_work.advertising(connection, basis),
        lambda: judging_work.signals(connection, basis),
        lambda: judging_work.staffing(connection, basis),
        lambda: judging_work.alerts(connection, basis),
    )
    rows = [line for area in areas for line in area()]
    return pd.DataFrame([[getattr(line, name) for name in COLUMNS] for line in rows], columns=COLUMNS).astype(
        {"value": float, "target": float}
    )


def _sale(connection: Connection, basis: Basis) -> list[Measure]:
    sums, d = basis.sums, decision.c
    acts = connection.scalar(
        select(func.count()).select_from(decision).where(d.campaign_id == basis.mine.campaign_id)
    )
    rate = sums.refunded / sums.paid if sums.paid else UNKNOWN
    done = sums.paid / sums.target if sums.target else UNKNOWN
    return [
        Measure("sale", "attainment", done, 1.0, "rate", "" if sums.target else "no_plan"),
        Measure("sale", "refund_rate", rate, unit="rate", missing="" if sums.paid else "no_payments"),
        Measure("sale", "decisions", float(acts or 0)),
    ]


def _forecast(connection: Connection, basis: Basis) -> list[Measure]:
    """The forecast's score, as it stands where the next one is made (`replenishment.scoring`)."""
    s = forecast_score.c
    row = one(connection, select(forecast_score).where(s.campaign_id == basis.plan_id))
    if row is None:
        return [Measure("forecast", "forecast_earned", unit="rate", missing="no_score")]
    naive = max(row["earned_mean"], row["earned_uplift"]) / 100
    return [
        Measure("forecast", "forecast_bias", row["bias"], 0.0, "rate"),
        Measure("forecast", "forecast_covered", row["covered"], COVERED, "rate"),
        Measure("forecast", "forecast_earned", row["earned"] / 100, naive, "rate"),
        Measure("forecast", "forecast_mean_rule", row["earned_mean"] / 100, unit="rate"),
        Measure("forecast", "forecast_uplift_rule", row["earned_uplift"] / 100, unit="rate"),
    ]


def _replenishment(connection: Connection, basis: Basis) -> list[Measure]:
    goods = basis.goods
    lost = float((goods["lost_units"] * goods["planned_price"]).sum())
    rows = [
        Measure("replenishment", "sold_out", float((goods["available"] < 1).sum()), 0.0),
        Measure("replenishment", "lost_units", float(goods["lost_units"].sum()), 0.0),
        Measure("replenishment", "lost_amount", lost, 0.0, "fen"),
        Measure("replenishment", "left_units", float(goods["left"].fillna(0).clip(lower=0).sum())),
    ]
    if basis.costs:
        tied = float(goods["left_at_cost"].fillna(0).clip(lower=0).sum())
        rows += [Measure("replenishment", "left_at_cost", tied, unit="fen"), *_overrides(connection, basis)]
    return rows


def _overrides(connection: Connection, basis: Basis) -> list[Measure]:
    """What quantities set by hand gained or cost against those suggested, at the demand that came: contribution of what
    sells, less the overage of what is left."""
    r, line = replenishment_run.c, replenishment_line.c
    query = select(r.run_id).where(r.campaign_id == basis.plan_id, r.at < basis.mine.opens_at)
    run_id = connection.scalar(query.order_by(r.at.desc()).limit(1))
    if run_id is None:
        return [Measure("replenishment", "overrides_gain", unit="fen", missing="no_run")]
    names = ("sku_code", "available", "in_transit", "suggested", "quantity", "contribution", "overage")
    columns = [line[name] for name in names]
    rows = read(connection, select(*columns).where(line.run_id == run_id, line.override.is_not(None)))
    asked = (basis.goods["units"] + basis.goods["lost_units"]).reindex(rows["sku_code"]).fillna(0)
    on_shelf = (rows["available"] + rows["in_transit"]).to_numpy(float)
    terms = rows["contribution"].fillna(0).to_numpy(float), rows["overage"].to_numpy(float)
    profit = [
        earned(on_shelf + rows[name].to_numpy(float), asked.to_numpy(float), *terms)
        for name in ("quantity", "suggested")
    ]
    gain = float((profit[0] - profit[1]).sum())
    return [
        Measure("replenishment", "overrides", float(len(rows))),
        Measure("replenishment", "overrides_gain", gain, 0.0, "fen"),
    ]


def earned(
    supply: np.ndarray, asked: np.ndarray, contribution: np.ndarray, overage: np.ndarray
) -> np.ndarray:
    """Fen that each supply earns at the demand that came, shape (n,).

    >>> earned(np.array([5.0]), np.array([3.0]), np.array([100.0]), np.array([40.0])).tolist()
    [220.0]
    """
    sold = np.minimum(supply, asked)
    return np.asarray(sold * contribution - (supply - sold) * overage)


def _prices(connection: Connection, basis: Basis, prices: Judged) -> list[Measure]:
    goods = basis.goods
    landed = goods[(goods["units"] > 0) & (goods["planned_price"] > 0)]
    due = float((landed["units"] * landed["planned_price"]).sum())
    paid = float(landed["amount"].sum()) / due if due else UNKNOWN
    held = prices.prices["verdict"].isin([Verdict.REFUSED, Verdict.NEEDS_APPROVAL])
    a = approval.c
    query = select(a.state, func.count().label("n")).where(
        a.kind.in_(("price_floor", "price_rule", "price_limits")), a.subject.like(f"{basis.plan_id}/%")
    )
    states = read(connection, query.group_by(a.state)).set_index("state")["n"]
    rows = [
        Measure("prices", "price_paid", paid, 1.0, "rate", "" if due else "no_prices"),
        Measure("prices", "prices_held", float(held.sum()), 0.0),
        *(
            Measure("prices", f"approvals_{state}", float(states.get(state, 0)))
            for state in ("approved", "refused", "requested")
        ),
    ]
    if basis.costs:
        floor = prices.prices["floor_price"].reindex(landed.index).astype("Float64")
        below = (landed["amount"] / landed["units"] < floor).fillna(False)
        rows.append(Measure("prices", "sold_below_floor", float(below.sum()), 0.0))
    return rows


def _promotions(connection: Connection, basis: Basis, prices: Judged) -> list[Measure]:
    """Who funded what, by the rules of one unit; what was added to reach a threshold and came back."""
    units = basis.goods["units"]
    table = prices.prices.reindex(units.index)
    off = {
        "promotion_own": (table["sale_price"] - table["receipts"]).astype("Float64"),
        "promotion_others": (table["receipts"] - table["landed_price"]).astype("Float64"),
    }
    known = bool(table["receipts"].notna().any())
    rows = [
        Measure(
            "promotions",
            name,
            float((cut.fillna(0) * units).sum()) if known else UNKNOWN,
            unit="fen",
            missing="" if known else "no_prices",
        )
        for name, cut in off.items()
    ]
    dip = judging_work.dip(connection, basis)
    return [
        *rows,
        Measure("promotions", "fillers_refunded", _fillers(connection, basis), unit="fen"),
        Measure("promotions", "dip", dip, 1.0, "rate", "" if dip == dip else "no_weeks_after"),
        Measure("promotions", "incremental", unit="count", missing="not_identified"),
    ]


def _fillers(connection: Connection, basis: Basis) -> float:
    """Fen refunded of lines whose order kept another line: what was bought to reach a threshold."""
    s = sale_line.c
    mine = (s.campaign_id == basis.mine.campaign_id, s.paid > 0)
    kept = (
        select(s.order_id)
        .where(*mine)
        .group_by(s.order_id)
        .having(func.count() > 1, func.sum(s.refunded_fen) > 0, func.min(s.refunded) == 0)
    )
    query = select(func.sum(s.refunded_fen)).where(*mine, s.order_id.in_(kept))
    return float(connection.scalar(query) or 0)
