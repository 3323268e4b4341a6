"""Commands for a campaign's plan and goods: plan, goods."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import pandas as pd
import typer

from core.campaign import decompose, planning
from core.commands.terminal.run import desk
from core.errors import ShopError
from core.lineup import service as lineup

app = typer.Typer()


@app.command("plan")
def plan(
    campaign: Annotated[str, typer.Option(help="the campaign's id")],
    version: Annotated[int, typer.Option(help="an earlier version; 0 for the one in force")] = 0,
) -> dict[str, object]:
    """The target and its parts along phases, days, hours, channels and tiers."""
    at = desk()
    version_plan = planning.plan(at.db, at.actor, campaign, version or None)
    if version_plan is None:
        raise ShopError("plan.none")
    head = {
        "campaign_id": campaign,
        "version": version_plan.version,
        **asdict(version_plan.target),
        "why": version_plan.why,
        "account": version_plan.account,
    }
    return head | {dimension: version_plan.part(dimension) for dimension in decompose.DIMENSIONS}


@app.command("goods")
def goods(campaign: Annotated[str, typer.Option(help="the campaign's id")]) -> pd.DataFrame:
    """The goods structure: every SKU with tier, function, prices, stock, sales, and the tier that its figures
    suggest."""
    at = desk()
    return lineup.load(at.db, at.actor, campaign).rows
