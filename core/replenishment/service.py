"""What may be asked of replenishment: a forecast, a run with its lines and reasons, overrides, comparison,
approval."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select, update

from core.access import Actor, allow, allowed, audit
from core.database import Database, one, read
from core.errors import ShopError
from core.replenishment import demand as standings
from core.replenishment import queries
from core.replenishment.new_run import Ahead as Ahead
from core.replenishment.new_run import forecast as forecast
from core.replenishment.new_run import replenish as replenish
from core.replenishment.overrides import ByHand as ByHand
from core.replenishment.overrides import override as override
from core.replenishment.quantity import explain as ladder
from core.replenishment.quantity.decide import Policy as Policy
from core.replenishment.quantity.explain import whole_units as whole_units
from core.replenishment.quantity.quantity import HURDLE as HURDLE
from core.replenishment.queries import Run as Run
from core.replenishment.tables import replenishment_line, replenishment_run
from core.settings import settings
from core.signals import service as signals
from core.stock import service as stock


@dataclass(frozen=True, slots=True)
class Sheet:
    """The replenishment sheet: the run and its lines with stock and signals beside them (a row a SKU, most
    urgent first)."""

    run: Run
    lines: pd.DataFrame
    sees_costs: bool
    sees_margins: bool


def runs(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The campaign's runs, newest first: run_id, mode, state, account, at, approved_by, units (int)."""
    allow(actor, "replenishment.view")
    r = replenishment_run.c
    with db.reading() as connection:
        query = select(r.run_id, r.mode, r.state, r.account, r.at, r.approved_by, r.totals).where(
            r.campaign_id == campaign_id
        )
        frame = read(connection, query.order_by(r.at.desc(), r.run_id.desc()))
    return frame.assign(units=[totals["units"] for totals in frame["totals"]]).drop(columns="totals")


def newest(db: Database, actor: Actor, campaign_id: str) -> str | None:
    """The id of the campaign's newest run; None before the first."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        return queries.latest(connection, campaign_id)


def sheet(db: Database, actor: Actor, run_id: str, now: datetime | None = None) -> Sheet:
    """A run with its lines. ShopError("replenishment.unknown_run").

    With `now` the newest run stands on the stock of that moment (`demand.refreshed`); else on its own.

    Lines: the columns of replenishment_line, forecast (units, the pre-sale in it), name, category, brand, and of the last 28 reported days
    visitors, units, gmv, add_to_cart, favourites, conversion; on_hand, available_to_promise. Sorted: late,
    stale, unfunded first, then by lost profit.
    """
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        run = queries.run(connection, run_id, actor)
        frame = queries.lines(connection, run_id)
        newest = queries.latest(connection, run.campaign_id) == run_id
        frame = (
            standings.refreshed(frame, standings.of_campaign(connection, run.campaign_id, now).lines)
            if newest and now is not None
            else frame.assign(forecast=frame["forecast_mean"] + frame["committed"])
        )
        levels = stock.levels(connection)[["on_hand", "available_to_promise"]]
        figures, _ = signals.recent(connection)
    figures = figures.reindex(frame["sku_code"]).reset_index(drop=True)
    wanted = [
        name
        for name in ("visitors", "page_views", "units", "gmv", "add_to_cart", "favourites", "conversion")
        if name in figures
    ]
    frame = pd.concat(
        [
            frame,
            figures[wanted],
            levels.reindex(frame["sku_code"]).fillna(0).astype("int64").reset_index(drop=True),
        ],
        axis=1,
    )
    urgency = (
        frame["state"]
        .map({"late": 0, "unfunded": 2, "over_capacity": 2})
        .fillna(frame["need"].gt(0).map({True: 3, False: 4}))
        .mask(frame["stale"], 1)
    )
    frame = frame.assign(urgency=urgency).sort_values(
        ["urgency", "lost_profit", "expected_lost"], ascending=[True, False, False], kind="stable"
    )
    frame = frame.drop(columns=["urgency", *queries.hidden(actor)]).reset_index(drop=True)
    return Sheet(run, frame, allowed(actor, "cost.view"), allowed(actor, "margin.view"))


def explain(db: Database, actor: Actor, run_id: str, sku_code: str) -> list[dict[str, object]]:
    """Why a line says what it says, term by term (`ladder.explain`).
    ShopError("replenishment.unknown_line")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        line = one(
            connection,
            select(replenishment_line).where(
                replenishment_line.c.run_id == run_id, replenishment_line.c.sku_code == sku_code
            ),
        )
    if line is None:
        raise ShopError("replenishment.unknown_line", sku_code=sku_code)
    return told(ladder.explain(line), actor)


def reasons(lines: pd.DataFrame, actor: Actor) -> pd.Series:
    """The ladder of every line of a sheet (a list of steps each), in its order, without what the person may
    not see."""
    hidden = {name: None for name in queries.hidden(actor) if name not in lines}
    records: list[Any] = lines.assign(**hidden).to_dict("records")
    ladders: list[object] = [told(ladder.explain(line), actor) for line in records]
    return pd.Series(ladders, index=lines.index, dtype=object)


def told(steps: list[dict[str, object]], actor: Actor) -> list[dict[str, object]]:
    """The ladder without the margin's traces for those who may not see margins."""
    if allowed(actor, "margin.view"):
        return steps
    return [{name: value for name, value in step.items() if name not in queries.MARGINS} for step in steps]


def compare(db: Database, actor: Actor, before: str, after: str) -> pd.DataFrame:
    """Two runs where they differ (`ladder.differences`), with the SKU's name.
    ShopError("replenishment.unknown_run")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        for run_id in (before, after):
            queries.run(connection, run_id, actor)
        one_run, other = queries.lines(connection, before), queries.lines(connection, after)
    differences = ladder.differences(one_run, other)
    names = pd.concat([one_run, other]).drop_duplicates("sku_code").set_index("sku_code")["name"]
    if not allowed(actor, "cost.view"):
        differences["moved"] = [
            [term for term in terms if term != "unit_cost"] for terms in differences["moved"]
        ]
    return differences.assign(name=differences["sku_code"].map(names))


def approve(db: Database, actor: Actor, run_id: str, *, now: datetime) -> Run:
    """Releases the newest run for ordering. Above the amount of the setting `order_approval_yuan` by a second person:
    nobody who computed it or set a quantity of it by hand.

    ShopError("replenishment.not_latest" | "replenishment.not_draft" | "replenishment.second_person" |
    "replenishment.unknown_run")."""
    allow(actor, "replenishment.approve")
    with db.writing() as connection:
        run = queries.run(connection, run_id, actor)
        if queries.latest(connection, run.campaign_id) != run_id:
            raise ShopError("replenishment.not_latest")
        if waits(connection, run, actor):
            raise ShopError("replenishment.second_person", limit=settings().order_approval_yuan * 100)
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
        return queries.run(connection, run_id, actor)


def waits(connection: Connection, run: Run, actor: Actor) -> bool:
    """Whether the order is large and this person has a hand in it, for other services inside their transaction."""
    amount = queries.totals(connection, run.run_id).get("amount") or 0
    return amount > settings().order_approval_yuan * 100 and actor.name in queries.authors(connection, run)


def second_person(db: Database, actor: Actor, run_id: str) -> bool:
    """Whether this run waits for the approval of somebody else. ShopError("replenishment.unknown_run")."""
    allow(actor, "replenishment.view")
    with db.reading() as connection:
        return waits(connection, queries.run(connection, run_id, actor), actor)
