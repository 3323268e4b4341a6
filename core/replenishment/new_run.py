"""A forecast, and a run: computed from what is known, and stored with all that it stands on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core.access import Actor, allow, audit
from core.database import Database, insert, new_id
from core.database.types import Values
from core.errors import ShopError
from core.replenishment import inputs, queries, scoring, supply
from core.replenishment.forecast import negative_binomial
from core.replenishment.forecast.forecast import SOURCES
from core.replenishment.quantity import decide, explain
from core.replenishment.quantity.decide import Policy
from core.replenishment.queries import Run
from core.replenishment.tables import replenishment_line, replenishment_run
from core.stock import service as stock

ELSEWHERE = ("session", "account", "audit", "notify", "readiness")  # packages whose acts leave a run as it is


class Ahead(NamedTuple):
    """How far a forecast looks: `days` of the sale from its opening (None: its whole length), from the day
    `today`, by what was known before it (None: the campaign's present day)."""

    days: int | None = None
    today: date | None = None


TO_THE_END = Ahead()


def forecast(
    db: Database, actor: Actor, campaign_id: str, *, now: datetime, ahead: Ahead = TO_THE_END
) -> pd.DataFrame:
    """Sale demand by SKU without the pre-sale: sku_code, name, tier, mean, low, high (units), phi,
    baseline_rate, uplift, history_mean, signal_median, source.. ShopError("campaign.unknown").
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        window = inputs.window(connection, campaign_id, now)
        window = replace(window, today=ahead.today or window.today)
        if ahead.days is not None:
            last = window.sale.first + max(ahead.days, 1) - 1
            window = replace(window, sale=replace(window.sale, last=last))
        frame, _ = supply.goods(connection, campaign_id)
        demand = inputs.demand(connection, window, frame, now)
    terms = _terms(demand, window)
    low, high = negative_binomial.band(decide.LOW, decide.HIGH, terms["forecast_mean"], terms["phi"])
    answer = terms.rename(columns={"forecast_mean": "mean"}).assign(low=low, high=high)
    columns = [
        "mean",
        "low",
        "high",
        "phi",
        "baseline_rate",
        "uplift",
        "history_mean",
        "signal_median",
        "source",
        "sale_days",
    ]
    return pd.concat([frame[["sku_code", "name", "tier"]], answer[columns]], axis=1)


def replenish(
    db: Database, actor: Actor, campaign_id: str, policy: Mapping[str, object], *, now: datetime
) -> Run:
    """Computes and stores a new run; the last one stays for comparison.

    Computed before the lock is taken, as `audit.prepared`: a sale's orders do not wait for it. Closed sales that
    nobody has scored yet are scored first (`scoring`).

    `policy`: today (the day to decide on; the campaign's present day when left out), budget (fen or None), caution,
    salvage, holding, hurdle, receiving_days, caps by tier, count_jumps
    (whether signals that leapt beyond their past count; they are in basis["jumps"]); what is left out takes
    Policy's own. ShopError("campaign.unknown" | "replenishment.no_goods" | "replenishment.bad_policy").
    """
    allow(actor, "replenishment.edit")
    scoring.score_closed(db, actor, now=now)

    def compute(connection: Connection) -> tuple[Policy, pd.DataFrame, decide.Totals, dict[str, object]]:
        """The run: its policy, sheet, totals and what it stands on."""
        window = inputs.window(connection, campaign_id, now)
        chosen = _policy(policy, window)
        return chosen, *_decided(connection, replace(window, today=chosen.today), chosen, now)

    with audit.prepared(db, compute, leaving_out=ELSEWHERE) as (connection, (chosen, sheet, totals, basis)):
        run_id = new_id()
        stored_policy, figures = _stored(chosen), asdict(totals)
        head = {
            "run_id": run_id,
            "campaign_id": campaign_id,
            "mode": "sale",
            "state": "draft",
            "policy": stored_policy,
            "totals": figures,
            "basis": basis,
        }
        connection.execute(replenishment_run.insert().values(**head, account=actor.name, at=now))
        _store(connection, run_id, sheet)
        kept = {
            name: figures[name] for name in ("lines", "ordered_lines", "units", "amount", "stale_overrides")
        }
        facts = {"run_id": run_id, "policy": stored_policy, **kept}
        audit.record(connection, actor, now, "replenishment.run", campaign_id, None, facts)
        return queries.run(connection, run_id, actor)


def _policy(stated: Values, window: inputs.Window) -> Policy:
    unknown = set(stated) - {
        "today",
        "budget",
        "caution",
        "salvage",
        "holding",
        "hurdle",
        "receiving_days",
        "caps",
        "count_jumps",
    }
    values = {name: value for name, value in stated.items() if value is not None}
    chosen = Policy(
        opens=window.opens,
        **{"today": window.today} | {name: value for name, value in values.items() if name not in unknown},
    )
    rates = (chosen.salvage, chosen.holding, chosen.hurdle, *chosen.caps.values())
    sound = (
        all(0 <= rate <= 1 for rate in rates)
        and abs(chosen.caution) <= 0.3
        and 0 <= chosen.receiving_days <= 60
    )
    if (
        unknown
        or not sound
        or (chosen.budget is not None and chosen.budget < 0)
        or "regular" not in chosen.caps
    ):
        raise ShopError("replenishment.bad_policy", given=dict(stated))
    return chosen


def _decided(
    connection: Connection, window: inputs.Window, policy: Policy, now: datetime
) -> tuple[pd.DataFrame, decide.Totals, dict[str, object]]:
    frame, capacity = supply.goods(connection, window.campaign_id)
    if frame.empty:
        raise ShopError("replenishment.no_goods", name=window.name)
    demand = inputs.demand(connection, window, frame, now, count_jumps=bool(policy.count_jumps))
    terms = _terms(demand, window)
    levels = supply.stock_terms(connection, frame["sku_code"])
    coming = (
        decide.arriving(stock.arrivals(connection), policy)
        .reindex(frame["sku_code"])
        .fillna(0)
        .astype("int64")
        .reset_index(drop=True)
    )
    decided = (
        inputs.overrides(connection, window.campaign_id)
        .set_index("sku_code")
        .reindex(frame["sku_code"])
        .reset_index(drop=True)
    )
    lines = pd.concat([frame, terms, levels, coming, decided], axis=1)
    lines["committed"] = np.maximum(lines["committed"], demand.deposits)
    sheet, totals = decide.decide(lines, policy, capacity)
    blind = (sheet["state"] == "enough") & (
        terms["source"] == "nothing"
    ).to_numpy()  # nothing known of the demand is no plenty
    sheet["state"] = sheet["state"].mask(blind, "unknown")
    sheet["stale"] = explain.stale(sheet)
    sheet["override_reason"] = sheet["override_reason"].fillna("")
    return sheet, replace(totals, stale_overrides=int(sheet["stale"].sum())), _basis(demand, frame, terms)


def _basis(demand: inputs.Demand, frame: pd.DataFrame, terms: pd.DataFrame) -> dict[str, object]:
    """What the forecast stands on, as it is stored: past sales, the level's band, signals that leapt, lines by
    source."""
    forecast = demand.found
    low, high = forecast.total(decide.LOW, decide.HIGH)
    return {
        "past_sales": forecast.past_sales,
        "level": {
            "uplift": forecast.level.uplift,
            "log_sd": forecast.level.log_sd,
            "low": forecast.level.at(decide.LOW),
            "high": forecast.level.at(decide.HIGH),
            "total": float(forecast.mean.sum()),
            "total_low": low,
            "total_high": high,
        },
        "jumps": [
            {
                "stage": jump.stage,
                "ratio": jump.ratio,
                "sku_code": str(frame["sku_code"].iloc[jump.item]),
                "skus": jump.skus,
            }
            for jump in forecast.jumps
        ],
        "sources": {str(source): int((terms["source"] == source).sum()) for source in SOURCES},
        "with_signals": int(terms["signal_median"].notna().sum()),
    }


def _terms(demand: inputs.Demand, window: inputs.Window) -> pd.DataFrame:
    """The forecast's columns of a line."""
    forecast = demand.found
    return pd.DataFrame(
        {
            "forecast_mean": forecast.mean,
            "phi": forecast.phi,
            "baseline_rate": forecast.baseline,
            "uplift": forecast.uplift,
            "history_mean": forecast.history,
            "signal_median": forecast.signal,
            "source": pd.Series(np.array([str(source) for source in SOURCES])[forecast.source], dtype="str"),
            "sale_days": window.sale.days,
        }
    )


def _stored(policy: Policy) -> dict[str, object]:
    return asdict(policy) | {
        "today": policy.today.isoformat(),
        "opens": policy.opens.isoformat(),
        "caps": dict(policy.caps),
    }


def _store(connection: Connection, run_id: str, sheet: pd.DataFrame) -> None:
    columns = [column.name for column in replenishment_line.columns if column.name != "run_id"]
    insert(connection, replenishment_line, sheet[columns].assign(run_id=run_id))
