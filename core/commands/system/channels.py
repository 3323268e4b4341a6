"""Command for the message channels: channel."""

from __future__ import annotations

from typing import Annotated

import typer

from core.commands.terminal.run import desk
from core.errors import ShopError
from core.notify import service

app = typer.Typer()


@app.command("channel")
def channel(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="a name of channels.toml or BIGSALE_CHANNELS")
    ] = "",
    language: Annotated[str | None, typer.Option(help="what its messages are written in: zh or en")] = None,
    least: Annotated[
        str | None, typer.Option(help="the lowest level that goes out here: info, warning or urgent")
    ] = None,
    enabled: Annotated[
        bool | None, typer.Option("--on/--off", help="whether it gets messages at all")
    ] = None,
) -> object:
    """How the message channels are used; a name and options change that one."""
    on = desk()
    if name and (language, least, enabled) != (None, None, None):
        service.change_channel(
            on.db, on.actor, name, service.Use(language=language, least=least, enabled=enabled), on.now
        )
    frame = service.channels(on.db, on.actor)
    if name and name not in set(frame["name"]):
        raise ShopError("notify.unknown_channel", name=name)
    return frame[frame["name"] == name] if name else frame
