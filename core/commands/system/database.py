"""Commands for the application itself: init, check, backup, restore, place, notify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core import backup as backups
from core import notify as messages
from core.access import allow, audit, service
from core.backup import move as moving
from core.backup.checks import broken, place_faults
from core.backup.service import checked
from core.commands.terminal.run import Refused, desk, require_own_key
from core.database import connect
from core.database import place as placement
from core.database.migrate import head, upgrade

app = typer.Typer()


@app.command("init")
def init() -> dict[str, object]:
    """Creates or migrates the database."""
    require_own_key(desk().raw)
    applied = upgrade(desk().raw)
    return {"schema": head(), "migrated": len(applied)}


@app.command("check")
def check() -> object:
    """The invariants of every package: ledger = positions, rollups = recount, audit chain whole, orphans none,
    placement right."""
    checks = checked(desk().db, desk().actor)
    with desk().db.reading() as connection:
        answer = {"ok": not broken(checks), "checks": checks, "audit_head": audit.head(connection)}
    return answer if answer["ok"] else Refused(answer)


@app.command("backup")
def backup(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="a new file, or a folder (there already, or ending in /) for a dated one"
        ),
    ],
    keep: Annotated[int, typer.Option(min=0, help="in a folder: keep the newest N, 0 keeps all")] = 0,
) -> object:
    """One consistent state of the database into a file, while everybody works. The shop's key is not in it:
    keep that apart."""
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
    unsigned: Annotated[
        bool, typer.Option("--unsigned", help="take a file without this system's signature; recorded")
    ] = False,
) -> object:
    """Brings a backup back into an empty database; it counts only if every check passes."""
    on, actor = desk(), service.operator(desk().raw, desk().account)
    return backups.restore(
        on.raw, actor, file, on.now, trust=backups.Trust(new_key=new_key, unsigned=unsigned)
    )


@app.command("move")
def move(
    source: Annotated[str, typer.Argument(metavar="FROM", help="address of the database that has the shop")],
    target: Annotated[str, typer.Argument(metavar="TO", help="address of an empty one")],
) -> object:
    """A shop from one database to another, SQLite or PostgreSQL, verified; stop the server before, and start it with the
    new DATABASE_URL afterwards. Called again after it was cut short, it goes on."""
    on, old = desk(), connect(source)
    return moving.move(old, connect(target), service.operator(old, on.account), on.now)


@app.command("place")
def place(
    only_check: Annotated[bool, typer.Option("--check", help="report, change nothing")] = False,
) -> object:
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
def notify() -> object:
    """Sends the messages that are due, once; for a schedule where the server does not run."""
    allow(desk().actor, "notify.manage")
    return messages.send_due(desk().db, desk().now)
