"""Commands for the scheduled work where no server runs: scheduler; and what of it runs when: jobs."""

from __future__ import annotations

from typing import Any

import typer

from core.access import allow
from core.commands.terminal.run import Refused, desk
from core.database.locks import alone
from core.schedule import service
from core.web import scheduler as work

app = typer.Typer()


@app.command("scheduler")
def scheduler() -> Any:
    """What the server does by itself, once: reminds of tasks, closes ended flash-sale sessions, judges
    running sales, sends messages.

    For a schedule where the server does not run: every minute during a sale, a few times from 09:00 on while
    preparing. Beside a server it does nothing and says so ("led_elsewhere"). `reminded` counts tasks, `returned`
    and `filled` units, `judged` sales, `looks` sessions. Hourly reports and nightly backups are a server's.
    """
    allow(desk().actor, "settings.manage")
    with alone(desk().db, work.LOCK) as held:
        if not held:
            return {"led_elsewhere": True}
        done = work.once(desk().db, desk().now)
    return Refused(done) if work.failed(done) else done


@app.command("jobs")
def jobs() -> object:
    """The jobs of the server: when each runs next, when it ran last, and what came of it."""
    return service.jobs(desk().db, desk().actor, desk().now)
