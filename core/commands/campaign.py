"""Commands for campaigns: `campaign add`, `campaign list`, `campaign archive`."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated

import pandas as pd
import typer

from core.campaign import planning, service
from core.campaign.target import solve
from core.clock import SHANGHAI, parse_local
from core.commands.run import desk
from core.errors import ShopError
from core.live.service import curves
from core.money import parse_fen

app = typer.Typer(no_args_is_help=True, help="Campaigns: their clocks and targets.")

_FACTORS = ("gmv", "visitors", "conversion_rate", "aov")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    opens: Annotated[str, typer.Option(help="when the sale opens: ISO, on the campaign's clock unless it has an offset")] = "",
    closes: Annotated[str, typer.Option(help="when the sale closes")] = "",
    timezone: Annotated[str, typer.Option(help="the campaign's time zone")] = SHANGHAI,
    template: Annotated[str, typer.Option(help="instead of two clocks: double_11@20:00/2026, 618@00:00/2027")] = "",
    target: Annotated[str, typer.Option(help="GMV in yuan (5000万 works too)")] = "",
    visitors: Annotated[str, typer.Option(help="visitors")] = "",
    conversion: Annotated[str, typer.Option(help="paying buyers per visitor, 0 to 1")] = "",
    aov: Annotated[str, typer.Option(help="average order value in yuan")] = "",
) -> dict[str, str]:
    """Makes a campaign of one live phase, or of a template's phases; with a target, its first plan (three numbers are enough)."""
    at = desk()
    numbers = (
        parse_fen(target) if target else None, int(_number(visitors, "visitors")) if visitors else None,
        float(_number(conversion, "conversion")) if conversion else None, parse_fen(aov) if aov else None,
    )  # fmt: skip
    given = dict(zip(_FACTORS, numbers, strict=True))
    goal = solve(**given) if any(value is not None for value in numbers) else None  # type: ignore[arg-type]
    if template:
        phases = service.draft(*_template(template, timezone))
        campaign_id = service.add(at.db, at.actor, name, phases, timezone=timezone, now=at.now)
    else:
        if not (opens and closes):
            raise typer.BadParameter("--opens and --closes, or --template")
        clocks = (parse_local(opens, timezone), parse_local(closes, timezone))
        campaign_id = service.add_sale(at.db, at.actor, name, *clocks, timezone=timezone, now=at.now)
    if goal is not None:
        planning.set_target(
            at.db, at.actor, campaign_id, goal, why="campaign add", curves=curves(at.db, at.actor, campaign_id), now=at.now
        )
    return {"campaign_id": campaign_id}


@app.command("list")
def listed(archived: Annotated[bool, typer.Option("--archived", help="archived ones too")] = False) -> pd.DataFrame:
    """Campaigns, newest opening first."""
    at = desk()
    return service.campaigns(at.db, at.actor, archived=archived)


@app.command("archive")
def archive(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN_ID")],
    back: Annotated[bool, typer.Option("--back", help="puts it back")] = False,
) -> dict[str, str | bool]:
    """Takes a campaign out of the lists, or puts it back; nothing of it is lost."""
    at = desk()
    service.archive(at.db, at.actor, campaign, archived=not back, now=at.now)
    return {"campaign_id": campaign, "archived": not back}


def _number(text: str, field: str) -> Decimal:
    try:
        number = Decimal(text.replace(",", "").strip())
    except InvalidOperation:
        number = Decimal("nan")
    if not number.is_finite():
        raise ShopError("plan.unreadable", field=field, value=text)
    return number


def _template(text: str, timezone: str) -> tuple[str, int, str, str]:
    """`double_11@20:00/2026` as (name, year, opening, zone)."""
    name, _, rest = text.partition("@")
    opening, _, year = rest.partition("/")
    if not year.isdigit():
        raise typer.BadParameter("--template double_11@20:00/2026")
    return name, int(year), opening, timezone
