"""Command for the rounds where no server runs: rounds."""

from __future__ import annotations

from typing import Any

import typer

from core.access import allow
from core.commands.run import Refused, desk
from core.web import rounds as work

app = typer.Typer()


@app.command("rounds")
def rounds() -> Any:
    """What the server does by itself, once: reminds of tasks, closes ended flash-sale sessions, judges running sales, sends messages.

    For a schedule where the server does not run: every minute during a sale, a few times from 09:00 on while preparing. Running it
    again, or beside a server, does nothing twice. `reminded` counts tasks, `returned` and `filled` units, `judged` sales, `looks` sessions.
    """
    allow(desk().actor, "settings.manage")
    done = work.once(desk().db, desk().now)
    return Refused(done) if work.failed(done) else done
