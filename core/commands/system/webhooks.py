"""Commands for outgoing webhooks: `webhook add`, `webhook list`, `webhook remove`, `webhook again`."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.terminal.run import desk
from core.database.types import Record
from core.notify import service

app = typer.Typer(
    no_args_is_help=True, help="Signed events to other programs: alerts, approvals, labels, prices."
)

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("add")
def add(
    name: Name,
    address: Annotated[str, typer.Argument(metavar="URL", help="https; http within the own network")],
    topic: Annotated[list[str], typer.Option(help="alerts, approvals, labels or prices; may be given again")],
) -> Record:
    """A receiver; its signing secret is shown this once."""
    secret = service.add_webhook(desk().db, desk().actor, name, service.Receiver(address, topic), desk().now)
    return {"name": name, "topics": topic, "secret": secret}


@app.command("list")
def webhooks() -> object:
    """Every receiver with what waits for it, what was given up, and when it last took something."""
    frame = service.channels(desk().db, desk().actor)
    return frame[frame["kind"] == service.WEBHOOK][
        ["name", "enabled", "topics", "queued", "failed", "last_sent"]
    ]


@app.command("remove")
def remove(name: Name) -> dict[str, object]:
    """Takes a receiver (or a channel that was added on the page) away, with what waits for it."""
    return {"name": name, "dropped": service.remove(desk().db, desk().actor, name, desk().now)}


@app.command("again")
def again() -> Record:
    """Queues every dead letter once more."""
    return {"queued": service.try_again(desk().db, desk().actor, desk().now)}
