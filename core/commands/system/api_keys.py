"""Commands for the keys of programs: `key add`, `key list`, `key revoke`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from core.access import api_keys
from core.commands.terminal.run import desk
from core.database.types import Record

app = typer.Typer(no_args_is_help=True, help="API keys: what programs may do, and when they last did.")

Name = Annotated[str, typer.Argument(metavar="NAME")]


@app.command("add")
def add(
    name: Name,
    scope: Annotated[list[str], typer.Option(help="read, events, labels or assign; may be given again")],
) -> Record:
    """Makes a key; its token is shown this once."""
    new_key = api_keys.make(desk().db, desk().actor, name, scope, desk().now)
    return {"name": new_key.name, "scopes": list(new_key.scopes), "token": new_key.token}


@app.command("list")
def keys() -> Any:
    """Every key with its purposes and its last use."""
    return api_keys.listed(desk().db, desk().actor)


@app.command("revoke")
def revoke(name: Name) -> dict[str, object]:
    """The key counts no more, from the next request on."""
    api_keys.revoke(desk().db, desk().actor, name, desk().now)
    return {"name": name, "revoked": True}
