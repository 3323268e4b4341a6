"""Commands after the sale: review, encore."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.overview import tried as trying
from core.review import service, stock_check
from core.review.encores import comeback

app = typer.Typer()

CampaignId = Annotated[str, typer.Option("--campaign", help="the campaign's id")]


@app.command("review")
def review(campaign: CampaignId) -> dict[str, object]:
    """Where the sale landed: the bridge from plan to what was kept (fen), by channel, phase and day, goods, what was
    decided against what came, lists and tests by what they held back, and where the units went."""
    at = desk()
    landing = service.review(at.db, at.actor, campaign, at.now)
    tried = trying.tried(at.db, at.actor, campaign, now=at.now)
    units = stock_check.reconciliation(at.db, at.actor, campaign, at.now)
    return {
        "campaign_id": campaign,
        "closed": landing.closed,
        "returns_open_until": landing.open_until.isoformat(),
        "target": landing.target,
        "paid": landing.paid,
        "refunded": landing.refunded,
        "visitors": landing.visitors,
        "buyers": landing.buyers,
        "profit": landing.profit,
        "plan": landing.plan,
        "actual": landing.actual,
        "gap": landing.gap if landing.planned else None,
        "bridge": [
            {"effect": name, "fen": int(fen)} for name, fen in landing.bridge.items() if landing.planned
        ],
        "channel_mix": landing.channel_mix,
        "price_volume_mix": landing.price_volume_mix,
        "channels": landing.channels.reset_index(),
        "phases": landing.phases.reset_index(),
        "days": landing.days.reset_index(),
        "tiers": landing.tiers.reset_index(),
        "goods": landing.goods.reset_index(),
        "judged": trying.with_increment(landing.judged, tried),
        "lists": tried.lists,
        "tests": tried.tests,
        "findings": [{"code": one.code, **one.facts} for one in landing.findings],
        "reconciliation": units.reset_index(),
    }


@app.command("encore")
def encore(
    campaign: CampaignId,
    top: Annotated[
        int, typer.Option(min=1, max=500, help="how many goods come back")
    ] = comeback.Choice().top,
) -> pd.DataFrame:
    """What comes back, at which price: goods by the profit that is likely to be kept, and why the others do not; who has
    them in the cart and has not bought."""
    at = desk()
    choice = comeback.Choice(top=top)
    return comeback.candidates(at.db, at.actor, campaign, at.now, choice).reset_index()
