"""Commands for stock: positions."""

from __future__ import annotations

from typing import Annotated

import pandas as pd
import typer

from core import clock
from core.commands.terminal.run import desk
from core.errors import ShopError
from core.settings import settings
from core.stock import service

app = typer.Typer()


@app.command("positions")
def positions(sku: Annotated[str, typer.Option(help="one SKU's code")] = "") -> pd.DataFrame:
    """The stock position of every SKU, or of one, and where its units lie."""
    at = desk()
    today = clock.business_day(at.now, settings().timezone)
    frame = service.positions(at.db, at.actor, today=today, sku_code=sku or None)
    if sku and frame.empty:
        raise ShopError("stock.unknown_sku", sku=sku)
    first = [
        "sku_code",
        "on_hand",
        "reserved",
        "presale_committed",
        "activity_locked",
        "in_transit",
        "available_to_promise",
    ]
    shown = frame[[*first, "name", "next_arrival", "mark", "version", "located"]]
    if not at.as_json:
        return shown
    lying = service.all_located(at.db, at.actor, sku or None)
    return shown.assign(locations=shown["sku_code"].map(lambda code: lying.get(code, [])))
