"""Commands for accounts: `user add`, `user first`, `user list`, `user disable`, `user enable`, `user
password`."""

from __future__ import annotations

import os
import select
import stat
import sys
from typing import Annotated

import typer

from core.access import service
from core.access.accounts import NewAccount
from core.commands.terminal.run import desk
from core.database.types import Record
from core.errors import ShopError

app = typer.Typer(no_args_is_help=True, help="Accounts: who may sign in, and as what.")

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("add")
def add(
    name: Name,
    role: Annotated[
        str, typer.Option(help="viewer, merchandiser, campaign_lead, finance, warehouse, member or admin")
    ],
    department: Annotated[str, typer.Option(help="department, for tasks and staffing")] = "",
    email: Annotated[str, typer.Option(help="address at the identity provider, for sign-in by OIDC")] = "",
) -> Record:
    """Makes an account. A password given on standard input is taken; else one is generated, shown this once,
    to be changed at first use."""
    account = service.add_account(
        desk().db,
        desk().actor,
        NewAccount(name, role, department=department, email=email, word=_piped()),
        desk().now,
    )
    waits = {"role_asked": role} if account.role != role else {}  # another administrator has to agree
    shown = {"password": account.password} if account.password else {}
    return {"name": account.name, "role": account.role} | waits | shown


def _piped() -> str:
    """The first line of standard input where somebody gives one: a file or a pipe with something in it, not a
    terminal or a scheduler's empty input."""
    try:
        kind = os.fstat(sys.stdin.fileno()).st_mode
    except (OSError, ValueError, AttributeError):
        return ""
    waiting = stat.S_ISREG(kind) or (
        (stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind)) and select.select([sys.stdin], [], [], 0.5)[0]
    )
    return sys.stdin.readline().rstrip("\r\n") if waiting else ""


@app.command("first")
def first() -> dict[str, object]:
    """Makes the administrator of an empty installation and shows the first password, this once; refused where there
    is one already."""
    account = service.first_account(desk().db, desk().now)
    if account is None:
        raise ShopError("access.occupied")
    return {"name": account.name, "role": account.role, "password": account.password}


@app.command("list")
def people() -> dict[str, object]:
    """Every account with its role and when it was last here."""
    return {"users": service.people(desk().db, desk().actor)}


@app.command("disable")
def disable(name: Name) -> dict[str, object]:
    """Locks an account; its sessions end at once."""
    service.disable_account(desk().db, desk().actor, name, desk().now)
    return {"name": name, "disabled": True}


@app.command("enable")
def enable(name: Name) -> dict[str, object]:
    """Opens a locked account again."""
    service.disable_account(desk().db, desk().actor, name, desk().now, disabled=False)
    return {"name": name, "disabled": False}


@app.command("password")
def password(name: Name) -> dict[str, object]:
    """A new generated password, shown this once; every session of the account ends."""
    account = service.reset_password(desk().db, desk().actor, name, desk().now)
    return {"name": account.name, "role": account.role, "password": account.password}
