"""Stored runs as other parts of this package read them, inside the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access import Actor, allowed
from core.database import keyed, one, read
from core.errors import ShopError
from core.goods.tables import sku
from core.replenishment.tables import replenishment_line, replenishment_override, replenishment_run

Record = dict[str, Any]
STOOD_ON = ("available", "committed", "in_transit")  # the stock that a run was computed on
COSTS = ("unit_cost", "amount", "leftover_value", "overage")  # columns that only "cost.view" shows
MARGINS = (
    "contribution",
    "critical_ratio",
    "expected_profit",
    "lost_profit",
    "cap_forgone",
)  # only "margin.view"
COSTLY_TOTALS = ("amount", "leftover_value", "budget_left", "committed_over_budget")
MARGIN_TOTALS = ("expected_profit", "lost_profit", "cap_forgone", "marginal_profit")


@dataclass(frozen=True, slots=True)
class Run:
    """A stored run: its head, policy, totals (without what the person may not see) and what its forecast
    stands on."""

    run_id: str
    campaign_id: str
    mode: str
    state: str
    policy: Record
    totals: Record
    basis: Record
    account: str
    at: datetime
    approved_by: str
    approved_at: datetime | None


def run(connection: Connection, run_id: str, actor: Actor) -> Run:
    """A run as this person may see it. ShopError("replenishment.unknown_run")."""
    row = one(connection, select(replenishment_run).where(replenishment_run.c.run_id == run_id))
    if row is None:
        raise ShopError("replenishment.unknown_run", run_id=run_id)
    unseen = (() if allowed(actor, "cost.view") else COSTLY_TOTALS) + (
        () if allowed(actor, "margin.view") else MARGIN_TOTALS
    )
    return Run(
        **row | {"totals": {name: value for name, value in row["totals"].items() if name not in unseen}}
    )


def totals(connection: Connection, run_id: str) -> Record:
    """A run's totals as they are stored, whoever asks: for services that write them again."""
    stored = connection.scalar(select(replenishment_run.c.totals).where(replenishment_run.c.run_id == run_id))
    return dict(stored or {})


def head(connection: Connection, run_id: str) -> Record | None:
    """A run's row as it is stored, whoever asks: for other services inside their transaction."""
    return one(connection, select(replenishment_run).where(replenishment_run.c.run_id == run_id))


def forecasts(connection: Connection, run_id: str) -> pd.DataFrame:
    """What a run says of each SKU, by sku_code: forecast_mean, phi, wanted, quantity, and what it stood on: available,
    committed, in_transit."""
    line = replenishment_line.c
    columns = [line[name] for name in ("sku_code", "forecast_mean", "phi", "wanted", "quantity", *STOOD_ON)]
    return read(connection, select(*columns).where(line.run_id == run_id)).set_index("sku_code")


def latest(connection: Connection, campaign_id: str) -> str | None:
    """The id of the campaign's newest run of the sale, for other packages too; None before the first."""
    r = replenishment_run.c
    return connection.scalar(
        select(r.run_id).where(r.campaign_id == campaign_id).order_by(r.at.desc(), r.run_id.desc()).limit(1)
    )


def authors(connection: Connection, run: Run) -> set[str]:
    """Whose decision a run is: who computed it, and who set a quantity of it by hand."""
    o = replenishment_override.c
    by_hand = connection.scalars(select(o.account).where(o.campaign_id == run.campaign_id).distinct())
    return {run.account, *map(str, by_hand)}


def lines(connection: Connection, run_id: str) -> pd.DataFrame:
    """A run's lines with name, category and brand, by code; for other packages inside their transaction (costs
    are in it)."""
    line = replenishment_line
    query = select(
        *(column for column in line.columns if column.name != "run_id"),
        sku.c.name,
        sku.c.category,
        sku.c.brand,
    )
    frame = read(
        connection,
        query.join(sku, sku.c.sku_code == line.c.sku_code)
        .where(line.c.run_id == run_id)
        .order_by(line.c.sku_code),
    )
    optional = ("unit_cost", "contribution", "amount", "lead_time_days", "moq", "pack_size", "override")
    return frame.astype(dict.fromkeys(optional, "Int64"))


def hidden(actor: Actor) -> list[str]:
    """Columns of a line that this person may not see."""
    return [
        *(() if allowed(actor, "cost.view") else COSTS),
        *(() if allowed(actor, "margin.view") else MARGINS),
    ]


def forget_overrides(connection: Connection, campaign_id: str, codes: list[str]) -> None:
    """Takes back what was decided by hand for these SKUs."""
    o = replenishment_override
    if codes:
        connection.execute(
            delete(o).where(o.c.campaign_id == campaign_id, keyed(o.c.sku_code, codes, connection))
        )
