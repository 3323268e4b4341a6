"""Command for the watched folder: inbox."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from core import clock
from core.commands.terminal import words
from core.commands.terminal.run import Refused, desk
from core.connect import service
from core.connect.journal import Outcome
from core.errors import ShopError

EVERY_S = 5.0

app = typer.Typer()


@app.command("inbox")
def inbox(
    once: Annotated[
        bool, typer.Option("--once", help="one look, then end; else one every five seconds")
    ] = False,
) -> object:
    """Takes in what lies in the watched folder (`BIGSALE_INBOX`), and says what became of each file.

    `rows`, `added`, `changed`, `rejected` as of an import. Exit 1 where a file was refused or waits for somebody.
    """
    at = desk()
    while not once:
        for outcome in service.collect(at.db, at.actor, clock.now()):
            typer.echo(f"{outcome.file} {outcome.state} {outcome.code}", err=True)
        time.sleep(EVERY_S)
    done = service.collect(at.db, at.actor, at.now)
    answer = {"files": [_line(one, at.as_json) for one in done]}
    return Refused(answer) if any(one.state in {"refused", "waiting"} for one in done) else answer


def _line(outcome: Outcome, as_json: bool) -> dict[str, object]:
    """One file with its counts; why it waits or was refused as a code, for the eye as a sentence."""
    counts = {name: int(outcome.figures.get(name, 0)) for name in ("rows", "added", "changed", "rejected")}
    line = {"file": outcome.file, "state": outcome.state, "kind": outcome.kind, **counts}
    if as_json:
        return line | {"code": outcome.code, "facts": dict(outcome.facts), "import_id": outcome.import_id}
    error = ShopError(outcome.code, **outcome.facts)
    return line | {"why": words.sentence(error) if outcome.code else ""}
