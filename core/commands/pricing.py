"""Commands for prices: price, margins."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.errors import ShopError
from core.pricing import service

app = typer.Typer()


@app.command("price")
def price(
    basket: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="baskets as JSON")
    ],
) -> dict[str, object]:
    """What baskets pay, line by line and rule by rule."""
    try:
        payload = orjson.loads(basket.read_bytes())
    except orjson.JSONDecodeError as error:
        raise ShopError("price.bad_basket") from error
    if not isinstance(payload, dict):
        raise ShopError("price.bad_basket")
    return service.price(desk().actor, payload)


@app.command("margins")
def margins(
    campaign: Annotated[str, typer.Option(help="the campaign's id")],
    phase: Annotated[
        str, typer.Option(help="the kind of phase: live, presale_deposit, presale_balance, warm_up, encore")
    ] = "live",
) -> pd.DataFrame:
    """The price verdict of every SKU: cost, landed and worst landed price, contribution, margin, floor,
    verdict."""
    at = desk()
    return service.margins(at.db, at.actor, campaign, phase)
