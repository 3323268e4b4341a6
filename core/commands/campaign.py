"""Commands for campaigns: `campaign add`, `campaign list`, `campaign archive`."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Annotated

import pandas as pd
import typer

from core.campaign import planning, service
from core.campaign.defaults import ITEMS
from core.campaign.phases import Phase
from core.campaign.sale_kinds import SaleKind
from core.campaign.target import solve
from core.clock import SHANGHAI, parse_end, parse_local
from core.commands.terminal.run import desk
from core.errors import ShopError
from core.live.snapshot.service import curves
from core.money import parse_fen
from core.review import carry_over
from core.versions import Version

app = typer.Typer(no_args_is_help=True, help="Campaigns: their clocks and targets.")

_FACTORS = ("gmv", "visitors", "conversion_rate", "aov")


@app.command("add")
def add(
    name: Annotated[str, typer.Argument(metavar="NAME")],
    opens: Annotated[
        str, typer.Option(help="when the sale opens: ISO, on the campaign's clock unless it has an offset")
    ] = "",
    closes: Annotated[str, typer.Option(help="when the sale closes; a day without a clock is its end")] = "",
    timezone: Annotated[str, typer.Option(help="the campaign's time zone")] = SHANGHAI,
    template: Annotated[
        str, typer.Option(help="instead of two clocks: double_11@20:00/2026, 618@00:00/2027")
    ] = "",
    kind: Annotated[
        SaleKind, typer.Option(help="a platform's festival, the shop's promotion, a pre-sale with balance")
    ] = SaleKind.FESTIVAL,
    target: Annotated[str, typer.Option(help="GMV in yuan (5000万 works too)")] = "",
    visitors: Annotated[str, typer.Option(help="visitors")] = "",
    conversion: Annotated[str, typer.Option(help="paying buyers per visitor, 0 to 1")] = "",
    aov: Annotated[str, typer.Option(help="average order value in yuan")] = "",
    source: Annotated[
        str, typer.Option("--from", help="a closed campaign whose figures it begins with")
    ] = "",
    refuse: Annotated[str, typer.Option(help=f"what of them is refused, by commas: {','.join(ITEMS)}")] = "",
) -> dict[str, str]:
    """Makes a campaign of one live phase, or of a template's phases; with a target, its first plan (three
    numbers are enough)."""
    at = desk()
    numbers = (
        parse_fen(target) if target else None,
        int(_number(visitors, "visitors")) if visitors else None,
        float(_number(conversion, "conversion")) if conversion else None,
        parse_fen(aov) if aov else None,
    )
    factors = dict(zip(_FACTORS, numbers, strict=True))
    goal = solve(**factors) if any(value is not None for value in numbers) else None  # type: ignore[arg-type]
    if template:
        phases: Sequence[Phase] = service.draft(*_template(template, timezone))
    elif opens and closes:
        phases = [Phase("p01", "live", parse_local(opens, timezone), parse_end(closes, timezone))]
    else:
        raise typer.BadParameter("--opens and --closes, or --template")
    new = service.NewCampaign(name, phases, timezone, kind)
    campaign_id = carry_over.start(at.db, at.actor, new, _begin(source, refuse), now=at.now)
    if goal is not None:
        planning.set_target(
            at.db,
            at.actor,
            campaign_id,
            planning.NewPlan(goal, why="campaign add", curves=curves(at.db, at.actor, campaign_id)),
            now=at.now,
        )
    return {"campaign_id": campaign_id}


def _begin(source: str, refuse: str) -> carry_over.Start:
    """What `--from` and `--refuse` ask for: everything that the source has measured but what is refused."""
    refused = {item.strip() for item in refuse.split(",") if item.strip()}
    if refused - set(ITEMS) or (refused and not source):
        raise typer.BadParameter(",".join(ITEMS), param_hint="--refuse")
    if not source:
        return carry_over.Start()
    at = desk()
    offered = carry_over.offers(at.db, at.actor, source, at.now)
    return carry_over.Start(source, tuple(one.item for one in offered if one.item not in refused))


@app.command("kind")
def set_kind(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="the campaign's id")],
    kind: Annotated[SaleKind, typer.Argument(help="festival, promotion or presale")],
) -> dict[str, str]:
    """Says what sort of sale a campaign is: the forecast starts from that kind's own level."""
    at = desk()
    before = service.load(at.db, at.actor, campaign)
    service.set_kind(at.db, at.actor, Version(campaign, before.version), kind, now=at.now)
    return {"campaign_id": campaign, "kind": kind}


@app.command("list")
def listed(
    archived: Annotated[bool, typer.Option("--archived", help="archived ones too")] = False,
) -> pd.DataFrame:
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
