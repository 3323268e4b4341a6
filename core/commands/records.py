"""Commands that list what imports have stored: `orders`, `signals`."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.orders import service as order_lines
from core.signals import service as daily_reports

app = typer.Typer()

Sku = Annotated[str, typer.Option(help="one SKU's code")]


@app.command("orders")
def orders(
    order: Annotated[str, typer.Option(help="one order's number")] = "", sku: Sku = ""
) -> pd.DataFrame:
    """Order lines as they are stored, money in fen."""
    at = desk()
    return order_lines.listed(at.db, at.actor, order, sku)


@app.command("signals")
def signals(
    sku: Sku = "", day: Annotated[str, typer.Option(help="one day, 2026-11-11")] = ""
) -> pd.DataFrame:
    """Figures of daily reports as they are stored, money in fen; a blank SKU is the whole shop."""
    at = desk()
    return daily_reports.listed(at.db, at.actor, sku, _day(day) if day else None)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--day {text}: 2026-11-11") from error
