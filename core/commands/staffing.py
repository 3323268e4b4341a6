"""Command for heads: staffing."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from core.commands.terminal.run import desk
from core.readiness import staffing as service

app = typer.Typer()


@app.command("staffing")
def staffing(campaign: Annotated[str, typer.Option(help="the campaign's id")]) -> dict[str, object]:
    """Heads per stage and hour, chat people per half hour, and the rota of both, from the plan's orders.
    Times are the campaign's own clock.
    """
    at = desk()
    heads = service.heads(at.db, at.actor, campaign)
    return {
        "campaign_id": campaign,
        "settings": asdict(heads.settings),
        "person_hours": heads.person_hours,
        "warehouse": heads.hours[heads.hours["heads"] > 0],
        "rota": heads.rota,
        "chat": heads.chat[
            ["time", "contacts", "agents", "staff", "service_level", "answer_seconds", "occupancy"]
        ],
        "chat_rota": heads.chat_rota,
    }
