"""Commands on people's end: erasure on request, and after the retention period."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.terminal.run import desk
from core.overview import erasure, retention
from core.overview.erasure import Forgotten
from core.overview.retention import Lapsed

app = typer.Typer(help="What the shop keeps of people, and its end.")


@app.command("forget")
def forget(
    key: Annotated[str, typer.Argument(help="the shop's own id of the person, or the buyer key")],
) -> Forgotten:
    """Erases a person and keeps the sums."""
    at = desk()
    return erasure.forget(at.db, at.actor, key, now=at.now)


@app.command("lapsed")
def lapsed(
    erase: Annotated[bool, typer.Option("--erase", help="erases them at once, not by the night")] = False,
) -> Lapsed:
    """Counts who has left no trace since the retention period (BIGSALE_PERSON_RETENTION_MONTHS); --erase lets them go."""
    at = desk()
    act = retention.erase if erase else retention.lapsed
    return act(at.db, at.actor, now=at.now)
