"""Commands for a campaign's plan and goods: plan, goods."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import pandas as pd
import typer

from core.campaign import decompose, planning
from core.commands.run import desk
from core.errors import ShopError
from core.lineup import service as lineup

app = typer.Typer()


@app.command("plan")
def plan(
    campaign: Annotated[str, typer.Option(help="the campaign's id")],
    version: Annotated[int, typer.Option(help="an earlier version; 0 for the one in force")] = 0,
) -> dict[str, Any]:
    """The target and its parts along phases, days, hours, channels and tiers."""
    at = desk()
    found = planning.plan(at.db, at.actor, campaign, version or None)
    if found is None:
        raise ShopError("plan.none")
    head = {"campaign_id": campaign, "version": found.version, **asdict(found.target), "why": found.why, "account": found.account}
    return head | {dimension: found.part(dimension) for dimension in decompose.DIMENSIONS}


@app.command("goods")
def goods(campaign: Annotated[str, typer.Option(help="the campaign's id")]) -> pd.DataFrame:
    """The goods structure: every SKU with tier, function, prices, stock, sales, and the tier that its figures suggest."""
    at = desk()
    return lineup.load(at.db, at.actor, campaign).rows
