"""Quantities set by hand: each decides its line of the newest run anew, and what was approved before goes back
to draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, update

from core.access import Actor, allow, audit
from core.database import Database, upsert
from core.errors import ShopError
from core.replenishment import inputs, queries, supply
from core.replenishment.quantity import decide, explain
from core.replenishment.quantity.decide import Policy
from core.replenishment.tables import replenishment_line, replenishment_override, replenishment_run


class ByHand(NamedTuple):
    """Quantities set by hand, and why: sku_code and quantity (Int64; missing = follow the suggestion again)."""

    quantities: pd.DataFrame
    reason: str


def override(db: Database, actor: Actor, run_id: str, by_hand: ByHand, *, now: datetime) -> int:
    """Sets quantities by hand, or takes that back.

    They stand for every later run of the campaign until ordered, with the figures they were decided on. The
    lines of this run are decided anew at once, on the run's own figures, and an approved run is a draft again.
    Returns the number of lines. ShopError("replenishment.no_reason" | "replenishment.bad_quantity" |
    "replenishment.unknown_line" | "replenishment.unknown_run" | "replenishment.not_latest" |
    "replenishment.already_ordered").
    """
    allow(actor, "replenishment.edit")
    changes, reason = by_hand.quantities, by_hand.reason.strip()
    _check(changes, reason)
    with db.writing() as connection:
        run = _open_run(connection, run_id, actor)
        lines = queries.lines(connection, run_id).set_index("sku_code", drop=False).rename_axis(None)
        missing = [code for code in changes["sku_code"] if code not in lines.index]
        if missing:
            raise ShopError("replenishment.unknown_line", sku_code=missing[0])
        signed = changes.assign(reason=reason, account=actor.name, at=now)
        _keep(connection, run, lines, signed)
        _decide_again(connection, run, lines, signed)
        before = {"quantities": lines.loc[changes["sku_code"], "quantity"].head(50).to_dict()}
        audit.record(
            connection,
            actor,
            now,
            "replenishment.edit",
            run.campaign_id,
            before | ({"state": run.state} if run.state == "approved" else {}),
            {"reason": reason, "quantities": _plain(changes.head(50))},
        )
    return len(changes)


def refuse_undecided(connection: Connection, campaign_id: str, lines: pd.DataFrame) -> None:
    """ShopError("replenishment.override_not_in_run") where a quantity set by hand is not the one that these
    lines of a run would order."""
    decided = inputs.overrides(connection, campaign_id).set_index("sku_code")["override"]
    known = lines.set_index("sku_code")["override"].reindex(decided.index)
    apart = decided.index[(decided.fillna(-1) != known.fillna(-1)).to_numpy(bool)]
    inside = apart[apart.isin(lines["sku_code"])]
    if len(inside):
        code = str(inside[0])
        raise ShopError("replenishment.override_not_in_run", sku_code=code, quantity=int(decided[code]))


def _check(changes: pd.DataFrame, reason: str) -> None:
    if not reason and changes["quantity"].notna().any():
        raise ShopError("replenishment.no_reason")
    negative = (changes["quantity"] < 0).fillna(False)
    if negative.any():
        raise ShopError("replenishment.bad_quantity", sku_code=str(changes.loc[negative, "sku_code"].iloc[0]))


def _open_run(connection: Connection, run_id: str, actor: Actor) -> queries.Run:
    """The newest run of its campaign, its row locked for this transaction: nobody orders it meanwhile."""
    r = replenishment_run
    connection.execute(update(r).where(r.c.run_id == run_id).values(state=r.c.state))
    run = queries.run(connection, run_id, actor)
    if queries.latest(connection, run.campaign_id) != run_id:
        raise ShopError("replenishment.not_latest")
    if run.state == "ordered":
        raise ShopError("replenishment.already_ordered")
    return run


def _keep(connection: Connection, run: queries.Run, lines: pd.DataFrame, changes: pd.DataFrame) -> None:
    """Stores the quantities (with reason, account and moment) for the campaign, with the figures of their lines."""
    by_hand = changes["quantity"].notna()
    queries.forget_overrides(connection, run.campaign_id, changes.loc[~by_hand, "sku_code"].tolist())
    kept = changes[by_hand]
    figures = (
        lines.loc[kept["sku_code"], list(explain.SEEN)].add_prefix("seen_").reset_index(names="sku_code")
    )
    rows = figures.assign(
        quantity=kept["quantity"].to_numpy(),
        reason=kept["reason"].to_numpy(),
        campaign_id=run.campaign_id,
        account=kept["account"].to_numpy(),
        at=kept["at"].array,
    )
    upsert(connection, replenishment_override, rows)


def _decide_again(
    connection: Connection, run: queries.Run, lines: pd.DataFrame, changes: pd.DataFrame
) -> None:
    """The changed lines decided on the run's own figures within what the other lines leave of budget and
    capacities; the run's totals; back to draft."""
    policy, codes = policy_of(run.policy), changes["sku_code"]
    others = lines.drop(index=codes.tolist())
    rest = policy.budget and max(policy.budget - int(others["amount"].fillna(0).sum()), 0)
    taken = others.groupby("supplier")["quantity"].sum()
    capacity = {
        name: max(units - int(taken.get(name, 0)), 0) for name, units in supply.capacities(connection).items()
    }
    asked = lines.loc[codes].reset_index(drop=True)
    asked["override"] = changes["quantity"].astype("Int64").array
    decided, _ = decide.decide(asked, replace(policy, budget=rest), capacity)
    decided = decided.assign(
        stale=False, override_reason=changes["reason"].where(changes["quantity"].notna(), "").array
    )
    blind = (decided["state"] == "enough") & (decided["source"] == "nothing")
    decided["state"] = decided["state"].mask(blind, "unknown")
    columns = [column.name for column in replenishment_line.columns if column.name != "run_id"]
    upsert(connection, replenishment_line, decided[columns].assign(run_id=run.run_id))
    whole = pd.concat([others[columns], decided[columns]], ignore_index=True).sort_values("sku_code")
    totals = decide.summed(whole, policy) | {"stale_overrides": int(whole["stale"].sum())}
    r = replenishment_run
    stored = queries.totals(connection, run.run_id)
    connection.execute(
        update(r)
        .where(r.c.run_id == run.run_id)
        .values(state="draft", approved_by="", approved_at=None, totals=stored | totals)
    )


def policy_of(stored: Mapping[str, object]) -> Policy:
    """A run's policy from what was stored of it."""
    days = {name: date.fromisoformat(str(stored[name])) for name in ("today", "opens")}
    return Policy(**{**stored, **days})  # type: ignore[arg-type]  # stored by asdict of the same class


def _plain(changes: pd.DataFrame) -> dict[str, int | None]:
    return {
        str(code): None if pd.isna(units) else int(units)
        for code, units in zip(changes["sku_code"], changes["quantity"], strict=True)
    }
