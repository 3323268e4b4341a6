"""`pictures`: pictures of the goods from an archive."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from core.commands.terminal.run import desk
from core.goods import pictures as service

app = typer.Typer()

Archive = Annotated[
    Path,
    typer.Argument(exists=True, dir_okay=False, help="ZIP of JPEG, PNG or WebP files named by merchant code"),
]


@app.command("pictures")
def pictures(file: Archive) -> dict[str, object]:
    """Keeps a thumbnail of each SKU that has a file in the archive; says which files have no SKU."""
    at = desk()
    taken = service.take(at.db, at.actor, file.read_bytes(), now=at.now)
    return {
        "kept": taken.kept,
        "unknown": list(taken.unknown),
        "unreadable": list(taken.unreadable),
        "other": taken.other,
    }
