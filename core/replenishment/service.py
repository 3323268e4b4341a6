"""What may be asked of replenishment: a forecast, a run with its lines and reasons, overrides, comparison, approval, new SKUs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select, update

from core.access import Actor, allow, allowed, audit
from core.database import Database, insert, new_id, one, read, upsert
from core.errors import ShopError
from core.replenishment import demand, ladder, rules, sources, stored
from core.replenishment.forecast import SOURCES
from core.replenishment.rules import Policy
from core.replenishment.stored import Run
from core.replenishment.tables import replenishment_line, replenishment_override, replenishment_run
from core.signals import service as signals
from core.stock import service as stock

ELSEWHERE = ("session", "account", "audit", "notify", "readiness")  # rooms whose acts leave a run as it is


@dataclass(frozen=True, slots=True)
class Sheet:
    """The replenishment sheet: the run and its lines with stock and signals beside them (a row a SKU, most urgent first)."""

    run: Run
    lines: pd.DataFrame
    sees_costs: bool
    sees_margins: bool


def forecast(db: Database, actor: Actor, campaign_id: str, *, now: datetime, horizon: int | None = None) -> pd.DataFrame:
    """Sale demand by SKU without the pre-sale: sku_code, name, tier, mean, low, high (units), phi, baseline_rate, uplift, history_mean, signal_median, source.

    `horizon`: days of the sale to forecast from its opening; its whole length when None. ShopError("campaign.unknown").
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        place = sources.window(connection, campaign_id, now)
        if horizon is not None:
            place = replace(place, sale=replace(place.sale, last=place.sale.first + max(horizon, 1) - 1))
        frame, _ = sources.goods(connection, campaign_id)
        seen = sources.demand(connection, place, frame, now)
    terms = _terms(seen, place)
    low, high = (demand.quantile(level, terms["forecast_mean"], terms["phi"]) for level in (rules.LOW, rules.HIGH))
    told = terms.rename(columns={"forecast_mean": "mean"}).assign(low=low, high=high)
    columns = ["mean", "low", "high", "phi", "baseline_rate", "uplift", "history_mean", "signal_median", "source", "sale_days"]
    return pd.concat([frame[["sku_code", "name", "tier"]], told[columns]], axis=1)


def replenish(
    db: Database, actor: Actor, campaign_id: str, policy: Mapping[str, Any], *, now: datetime, today: date | None = None
) -> Run:
    """Computes and stores a new run; the last one stays for comparison.

    Computed before the lock is taken, as `audit.prepared`: a sale's orders do not wait for it.

    `policy`: budget (fen or None), caution, salvage, holding, hurdle, receiving_days, caps by tier; what is left out takes Policy's own. `today`: the
    day to decide on, when it is not the campaign's present day. ShopError("campaign.unknown" | "replenishment.no_goods" | "replenishment.bad_policy").
    """
    allow(actor, "replenishment.edit")

    def compute(connection: Connection) -> tuple[Policy, pd.DataFrame, rules.Totals, dict[str, Any]]:
        """The run: its policy, sheet, totals and what it stands on."""
        place = sources.window(connection, campaign_id, now)
        chosen = _policy(policy, replace(place, today=today or place.today))
        return chosen, *_decided(connection, replace(place, today=chosen.today), chosen, now)

    with audit.prepared(db, compute, leaving_out=ELSEWHERE) as (connection, (chosen, sheet, totals, basis)):
        run_id = new_id()
        stood, made = _stored(chosen), asdict(totals)
        head = {
            "run_id": run_id,
            "campaign_id": campaign_id,
            "mode": "sale",
            "state": "draft",
            "policy": stood,
            "totals": made,
            "basis": basis,
        }
        connection.execute(replenishment_run.insert().values(**head, account=actor.name, at=now))
        _store(connection, run_id, sheet)
        kept = {name: made[name] for name in ("lines", "ordered_lines", "units", "amount", "stale_overrides")}
        audit.record(connection, actor, now, "replenishment.run", campaign_id, None, {"run_id": run_id, "policy": stood, **kept})
        return stored.run(connection, run_id, actor)


def _policy(given: Mapping[str, Any], place: sources.Window) -> Policy:
    unknown = set(given) - {"budget", "caution", "salvage", "holding", "hurdle", "receiving_days", "caps"}
    values = {name: value for name, value in given.items() if value is not None}
    chosen = Policy(
        today=place.today, opens=place.opens, **{name: value for name, value in values.items() if name not in unknown}
    )
    rates = (chosen.salvage, chosen.holding, chosen.hurdle, *chosen.caps.values())
    sound = all(0 <= rate <= 1 for rate in rates) and abs(chosen.caution) <= 0.3 and 0 <= chosen.receiving_days <= 60
    if unknown or not sound or (chosen.budget is not None and chosen.budget < 0) or "regular" not in chosen.caps:
        raise ShopError("replenishment.bad_policy", given=dict(given))
    return chosen


def _decided(
    connection: Connection, place: sources.Window, policy: Policy, now: datetime
) -> tuple[pd.DataFrame, rules.Totals, dict[str, Any]]:
    frame, capacity = sources.goods(connection, place.campaign_id)
    if frame.empty:
        raise ShopError("replenishment.no_goods", name=place.name)
    seen = sources.demand(connection, place, frame, now)
    terms = _terms(seen, place)
    levels = sources.stock_terms(connection, frame["sku_code"])
    coming = (
        rules.arriving(stock.arrivals(connection), policy)
        .reindex(frame["sku_code"])
        .fillna(0)
        .astype("int64")
        .reset_index(drop=True)
    )
    decided = (
        sources.overrides(connection, place.campaign_id).set_index("sku_code").reindex(frame["sku_code"]).reset_index(drop=True)
    )
    inputs = pd.concat([frame, terms, levels, coming, decided], axis=1)
    inputs["committed"] = np.maximum(inputs["committed"], seen.deposits)
    sheet, totals = rules.decide(inputs, policy, capacity)
    blind = (sheet["state"] == "enough") & (terms["source"] == "nothing").to_numpy()  # nothing known of the demand is no plenty
    sheet["state"] = sheet["state"].mask(blind, "unknown")
    sheet["stale"] = ladder.stale(sheet)
    sheet["override_reason"] = sheet["override_reason"].fillna("")
    basis = {
        "past_sales": seen.found.past_sales,
        "learnt": seen.found.learnt,
        "sources": {source: int((terms["source"] == source).sum()) for source in SOURCES},
        "with_signals": int(terms["signal_median"].notna().sum()),
    }
    return sheet, replace(totals, stale_overrides=int(sheet["stale"].sum())), basis


def _terms(seen: sources.Demand, place: sources.Window) -> pd.DataFrame:
    """The forecast's columns of a line."""
    found = seen.found
    return pd.DataFrame(
        {
            "forecast_mean": found.mean,
            "phi": found.phi,
            "baseline_rate": found.baseline,
            "uplift": found.uplift,
            "history_mean": found.history,
            "signal_median": found.signal,
            "source": pd.Series(np.array(SOURCES)[found.source], dtype="str"),
            "sale_days": place.sale.days,
        }
    )


def _stored(policy: Policy) -> dict[str, Any]:
    return asdict(policy) | {"today": policy.today.isoformat(), "opens": policy.opens.isoformat(), "caps": dict(policy.caps)}


def _store(connection: Connection, run_id: str, sheet: pd.DataFrame) -> None:
    columns = [column.name for column in replenishment_line.columns if column.name != "run_id"]
    insert(connection, replenishment_line, sheet[columns].assign(run_id=run_id))


def runs(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The campaign's runs, newest first: run_id, mode, state, account, at, approved_by, units (int)."""
    allow(actor, "replenishment.view")
    r = replenishment_run.c
    with db.reading() as connection:
        query = select(r.run_id, r.mode, r.state, r.account, r.at, r.approved_by, r.totals).where(r.campaign_id == campaign_id)
        frame = read(connection, query.order_by(r.at.desc(), r.run_id.desc()))
    return frame.assign(units=[totals["units"] for totals in frame["totals"]]).drop(columns="totals")


def newest(db: Database, actor: Actor, campaign_id: str) -> str | None:
    """The id of the campaign's newest run; None before the first."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        return stored.latest(connection, campaign_id)


def sheet(db: Database, actor: Actor, run_id: str) -> Sheet:
    """A run with its lines. ShopError("replenishment.unknown_run").

    Lines: the columns of replenishment_line, name, category, brand, and of the last 28 reported days visitors, units, gmv, add_to_cart,
    favourites, conversion; on_hand, available_to_promise. Sorted: late, stale, unfunded first, then by lost profit.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        run = stored.run(connection, run_id, actor)
        frame = stored.lines(connection, run_id)
        levels = stock.levels(connection)[["on_hand", "available_to_promise"]]
        figures, _ = signals.recent(connection)
    figures = figures.reindex(frame["sku_code"]).reset_index(drop=True)
    wanted = [
        name for name in ("visitors", "page_views", "units", "gmv", "add_to_cart", "favourites", "conversion") if name in figures
    ]
    frame = pd.concat(
        [frame, figures[wanted], levels.reindex(frame["sku_code"]).fillna(0).astype("int64").reset_index(drop=True)], axis=1
    )
    urgency = frame["state"].map({"late": 0, "unfunded": 2, "over_capacity": 2}).fillna(3).mask(frame["stale"], 1)
    frame = frame.assign(urgency=urgency).sort_values(
        ["urgency", "lost_profit", "expected_lost"], ascending=[True, False, False], kind="stable"
    )
    frame = frame.drop(columns=["urgency", *stored.hidden(actor)]).reset_index(drop=True)
    return Sheet(run, frame, allowed(actor, "cost.view"), allowed(actor, "margin.view"))


def explain(db: Database, actor: Actor, run_id: str, sku_code: str) -> list[dict[str, Any]]:
    """Why a line says what it says, term by term (`ladder.explain`). ShopError("replenishment.unknown_line")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        line = one(
            connection,
            select(replenishment_line).where(replenishment_line.c.run_id == run_id, replenishment_line.c.sku_code == sku_code),
        )
    if line is None:
        raise ShopError("replenishment.unknown_line", sku_code=sku_code)
    return told(ladder.explain(line), actor)


def reasons(lines: pd.DataFrame, actor: Actor) -> pd.Series:
    """The ladder of every line of a sheet (a list of steps each), in its order, without what the person may not see."""
    hidden = {name: None for name in stored.hidden(actor) if name not in lines}
    records: list[Any] = lines.assign(**hidden).to_dict("records")
    found: list[Any] = [told(ladder.explain(line), actor) for line in records]
    return pd.Series(found, index=lines.index, dtype=object)


def told(steps: list[dict[str, Any]], actor: Actor) -> list[dict[str, Any]]:
    """The ladder without the margin's traces for those who may not see margins."""
    if allowed(actor, "margin.view"):
        return steps
    return [{name: value for name, value in step.items() if name not in stored.MARGINS} for step in steps]


def override(db: Database, actor: Actor, run_id: str, changes: pd.DataFrame, reason: str, *, now: datetime) -> int:
    """Sets quantities by hand, or takes that back: `changes` has sku_code and quantity (Int64; missing = follow the suggestion again).

    They stand for every later run of the campaign until ordered, with the figures they were decided on. Returns the number of lines.
    ShopError("replenishment.no_reason" | "replenishment.bad_quantity" | "replenishment.unknown_line" | "replenishment.unknown_run").
    """
    allow(actor, "replenishment.edit")
    if not reason.strip() and changes["quantity"].notna().any():
        raise ShopError("replenishment.no_reason")
    if (changes["quantity"] < 0).fillna(False).any():
        raise ShopError(
            "replenishment.bad_quantity", sku_code=str(changes.loc[(changes["quantity"] < 0).fillna(False), "sku_code"].iloc[0])
        )
    with db.writing() as connection:
        campaign_id = stored.run(connection, run_id, actor).campaign_id
        standing = stored.lines(connection, run_id).set_index("sku_code")
        missing = [code for code in changes["sku_code"] if code not in standing.index]
        if missing:
            raise ShopError("replenishment.unknown_line", sku_code=missing[0])
        gone = changes.loc[changes["quantity"].isna(), "sku_code"]
        stored.forget_overrides(connection, campaign_id, gone.tolist())
        kept = changes[changes["quantity"].notna()]
        seen = standing.loc[kept["sku_code"], list(ladder.SEEN)].add_prefix("seen_").reset_index()
        rows = seen.assign(
            quantity=kept["quantity"].to_numpy(), campaign_id=campaign_id, reason=reason.strip(), account=actor.name, at=now
        )
        upsert(connection, replenishment_override, rows)
        before = standing.loc[changes["sku_code"], "quantity"].head(50).to_dict()
        after = {
            "reason": reason.strip(),
            "quantities": changes.set_index("sku_code")["quantity"]
            .astype(object)
            .where(changes["quantity"].notna().to_numpy(), None)
            .head(50)
            .to_dict(),
        }
        audit.record(connection, actor, now, "replenishment.edit", campaign_id, {"quantities": before}, after)
    return len(changes)


def compare(db: Database, actor: Actor, before: str, after: str) -> pd.DataFrame:
    """Two runs where they differ (`ladder.differences`), with the SKU's name. ShopError("replenishment.unknown_run")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        for run_id in (before, after):
            stored.run(connection, run_id, actor)
        one_run, other = stored.lines(connection, before), stored.lines(connection, after)
    found = ladder.differences(one_run, other)
    names = pd.concat([one_run, other]).drop_duplicates("sku_code").set_index("sku_code")["name"]
    if not allowed(actor, "cost.view"):
        found["moved"] = [[term for term in terms if term != "unit_cost"] for terms in found["moved"]]
    return found.assign(name=found["sku_code"].map(names))


def approve(db: Database, actor: Actor, run_id: str, *, now: datetime) -> Run:
    """Releases the newest run for ordering. ShopError("replenishment.not_latest" | "replenishment.not_draft" | "replenishment.unknown_run")."""
    allow(actor, "replenishment.approve")
    with db.writing() as connection:
        run = stored.run(connection, run_id, actor)
        if stored.latest(connection, run.campaign_id) != run_id:
            raise ShopError("replenishment.not_latest")
        r = replenishment_run
        moved = connection.execute(
            update(r)
            .where(r.c.run_id == run_id, r.c.state == "draft")
            .values(state="approved", approved_by=actor.name, approved_at=now)
            .returning(r.c.run_id)
        ).all()
        if not moved:
            raise ShopError("replenishment.not_draft", state=run.state)
        audit.record(
            connection,
            actor,
            now,
            "replenishment.approve",
            run.campaign_id,
            {"state": "draft"},
            {"run_id": run_id, "units": run.totals["units"]},
        )
        return stored.run(connection, run_id, actor)
