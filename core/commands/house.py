"""Commands for the house itself: init, check, backup, restore, place, notify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from core import backup as backups
from core import notify as messages
from core.access import allow, audit, service
from core.backup.checks import broken, place_faults
from core.backup.service import checked
from core.commands.run import Refused, desk
from core.database import place as placement
from core.database.migrate import head, upgrade

app = typer.Typer()


@app.command("init")
def init() -> dict[str, Any]:
    """Creates or migrates the database."""
    applied = upgrade(desk().raw)
    return {"schema": head(), "migrated": len(applied)}


@app.command("check")
def check() -> Any:
    """The invariants of every room: ledger = positions, rollups = recount, audit chain whole, orphans none, placement right."""
    found = checked(desk().db, desk().actor)
    with desk().db.reading() as connection:
        answer = {"ok": not broken(found), "checks": found, "audit_head": audit.head(connection)}
    return answer if answer["ok"] else Refused(answer)


@app.command("backup")
def backup(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="a new file, or a folder (there already, or ending in /) for a dated one")
    ],
    keep: Annotated[int, typer.Option(min=0, help="in a folder: keep the newest N, 0 keeps all")] = 0,
) -> Any:
    """One consistent state of the database into a file, while everybody works. The shop's key is not in it: keep that apart."""
    on, target = desk(), Path(file)
    if file.endswith("/"):
        target.mkdir(parents=True, exist_ok=True)
    return backups.backup(on.db, on.actor, target, on.now, keep)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE")],
    new_key: Annotated[
        bool, typer.Option("--new-key", help="the shop's key was lost or changed: seal the audit trail anew")
    ] = False,
) -> Any:
    """Brings a backup back into an empty database; it counts only if every check passes."""
    return backups.restore(desk().raw, service.operator(desk().raw, desk().account), file, desk().now, new_key=new_key)


@app.command("place")
def place(only_check: Annotated[bool, typer.Option("--check", help="report, change nothing")] = False) -> Any:
    """Applies or checks the placement on Citus."""
    allow(desk().actor, "settings.manage")
    moved: list[str] = []
    if not only_check:
        with desk().db.writing() as connection:
            moved = placement.apply(connection)
    with desk().db.reading() as connection:
        faults = place_faults(connection)
    answer = {"ok": not faults, "moved": moved, "faults": faults, "distributed": placement.distributed()}
    return Refused(answer) if faults else answer


@app.command("notify")
def notify() -> Any:
    """Sends the messages that are due, once; for a schedule where the server does not run."""
    allow(desk().actor, "notify.manage")
    return messages.send_due(desk().db, desk().now)
