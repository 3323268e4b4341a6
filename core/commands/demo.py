"""The demo: its workbooks made for today, loaded through the real import path, step by step."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Annotated, Any

import typer

from core import clock
from core.commands.imports import run_import
from core.commands.run import desk
from core.errors import ShopError
from core.settings import settings
from core.stock.service import positions

app = typer.Typer()

Files = dict[str, bytes]


def _goods(files: Files) -> dict[str, int]:
    """Suppliers, SKUs and the stock sheet."""
    counts = {}
    for kind, name in (("suppliers", "suppliers.xlsx"), ("goods", "goods.xlsx"), ("stock", "stock.xlsx")):
        counts[kind] = run_import(kind, name, files[name]).figures["added"]
    return counts


# One step a room, in the order in which the rooms need each other. A step takes the demo's files and returns counts by kind.
STEPS: list[Callable[[Files], dict[str, int]]] = [_goods]


@app.command("demo")
def demo(
    today: Annotated[str, typer.Option("--date", help="the demo's today (ISO day); its sale opens three weeks later")] = "",
) -> dict[str, Any]:
    """Loads the demo campaign from data/ into an empty shop."""
    from data.make_demo import build  # the demo is no part of the product: loaded only when it is asked for

    at = desk()
    if len(positions(at.db, at.actor)):
        raise ShopError("demo.not_empty")
    anchor = date.fromisoformat(today) if today else clock.business_day(at.now, settings().timezone)
    files = build(anchor)
    counts: dict[str, int] = {}
    for step in STEPS:
        counts |= step(files)
    return counts
