"""Commands for replenishment: forecast, replenish, reorder."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandas as pd
import typer

from core.commands.run import desk
from core.errors import ShopError
from core.money import parse_fen
from core.replenishment import following, ladder, service

app = typer.Typer()

CampaignId = Annotated[str, typer.Option("--campaign", help="the campaign's id")]


@app.command("forecast")
def forecast(
    campaign: CampaignId,
    horizon: Annotated[int | None, typer.Option(min=1, max=60, help="days of the sale, from its opening")] = None,
) -> pd.DataFrame:
    """Sale demand by SKU, without the pre-sale."""
    at = desk()
    return service.forecast(at.db, at.actor, campaign, now=at.now, horizon=horizon)


@app.command("replenish")
def replenish(
    campaign: CampaignId,
    budget: Annotated[str | None, typer.Option(help="yuan that may be spent")] = None,
    day: Annotated[str, typer.Option("--date", help="the day to decide on (ISO), when it is not today")] = "",
    caution: Annotated[float, typer.Option(min=-0.3, max=0.3, help="taken off every tier's cap: rather sell out")] = 0.0,
) -> pd.DataFrame:
    """The replenishment sheet: one line a SKU with its quantity and why."""
    at = desk()
    policy = {"budget": None if budget is None else parse_fen(budget), "caution": caution}
    run = service.replenish(at.db, at.actor, campaign, policy, now=at.now, today=_day(day))
    lines = service.sheet(at.db, at.actor, run.run_id).lines
    if not at.as_json:
        return ladder.whole_units(lines)[list(_SHORT)]
    return lines.assign(run_id=run.run_id, explain=service.reasons(lines, at.actor))


_SHORT = (
    "sku_code", "name", "tier", "state", "forecast_mean", "committed", "available", "in_transit", "need", "quantity", "expected_leftover",
    "expected_lost", "latest_order", "arrival",
)  # fmt: skip


@app.command("reorder")
def reorder(campaign: CampaignId, service_level: Annotated[float, typer.Option(min=0.5, max=0.999)] = 0.95) -> pd.DataFrame:
    """Ordinary days after the sale: reorder points and what falls below them."""
    at = desk()
    return following.ordinary(at.db, at.actor, campaign, now=at.now, service_level=service_level)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise ShopError("time.unreadable", value=text) from error
