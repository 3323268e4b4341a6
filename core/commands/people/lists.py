"""Commands on lists of people: offered, made with a control held back, exported, sent, judged."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from core.commands.terminal.run import desk
from core.commands.terminal.words import language
from core.database.types import Record
from core.lists import results, sending, service, sheet
from core.lists.results import Finding
from core.lists.rules import Plan
from core.lists.service import Made
from core.money import parse_fen

app = typer.Typer(help="Lists of people to reach, each with a control that shows what it was worth.")
Campaign = Annotated[str, typer.Option("--campaign", help="the campaign's id")]
Named = Annotated[str, typer.Argument(metavar="LIST", help="the list's id or name")]
Coupon = Annotated[str, typer.Option(help="yuan a person")]
Threshold = Annotated[str, typer.Option(help="yuan from which the coupon counts")]
Where = Annotated[
    str,
    typer.Option("--coupon-from", help="apart: paid beside the order; in_price: off the paid amount already"),
]
Control = Annotated[float, typer.Option(help="share held back, 0.05 to 0.5")]
Days = Annotated[int, typer.Option(help="days for which purchases count after sending")]


@app.command("offers")
def offers(
    campaign: Campaign,
    coupon: Coupon = "0",
    threshold: Threshold = "0",
    coupon_from: Where = "",
    control: Control = 0.2,
    days: Days = 14,
) -> pd.DataFrame:
    """Every kind of list as it would be today: people, worth, reach, cost, and what the last one has proven."""
    at = desk()
    plan = _plan(coupon, threshold, coupon_from, control, days)
    return service.offers(at.db, at.actor, campaign, plan, at.now)


@app.command("make")
def make(
    campaign: Campaign,
    kind: Annotated[
        str, typer.Argument(help="wished, reserved, missed, shared, second, or a segment's code (101)")
    ],
    name: Annotated[str, typer.Argument(help="a name of its own")],
    coupon: Coupon = "0",
    threshold: Threshold = "0",
    coupon_from: Where = "",
    control: Control = 0.2,
    days: Days = 14,
) -> dict[str, object]:
    """Makes a list and holds a random control back; says what its size can show."""
    at = desk()
    plan = _plan(coupon, threshold, coupon_from, control, days)
    ahead = service.draft(at.db, at.actor, campaign, kind, plan, at.now)
    list_id = service.make(at.db, at.actor, campaign, kind, name, plan, at.now)
    one_list = service.load(at.db, at.actor, list_id)
    shown = {"rise": ahead.outlook.rise, "money": ahead.outlook.money, "dropped": dict(one_list.dropped)}
    return {
        "list_id": list_id,
        "people": one_list.people,
        "control": one_list.control,
        "booked": one_list.booked,
        **shown,
    }


@app.command("show")
def show(
    campaign: Annotated[str, typer.Option(help="one campaign's; all when left out")] = "",
) -> pd.DataFrame:
    """The lists that were made, the newest first."""
    at = desk()
    return service.listed(at.db, at.actor, campaign)


@app.command("export")
def export(
    name: Named,
    out: Annotated[Path, typer.Option(help="the workbook that is written")],
    own: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, help="the shop's own ids, one a line: those on the list come out"
        ),
    ] = None,
) -> Record:
    """Writes the people to call, without those held back; purchases count from now on."""
    at = desk()
    ids = [line for line in own.read_text(encoding="utf-8-sig").splitlines() if line.strip()] if own else []
    people = sending.export(at.db, at.actor, name, at.now, ids)
    out.write_bytes(sheet.workbook(people, language()))
    return {"file": str(out), "people": len(people)}


@app.command("task")
def task(
    name: Named,
    department: Annotated[str, typer.Option(help="who calls: customer_service, marketing ...")],
    title: Annotated[str, typer.Option(help="what the board says")] = "",
) -> dict[str, str]:
    """Puts the list on the readiness board as a task; purchases count from now on."""
    at = desk()
    one_list: Made = service.load(at.db, at.actor, name)
    heading = title or f"{one_list.name} ({one_list.called})"
    return {"task_id": sending.send_task(at.db, at.actor, name, department, heading, at.now)}


@app.command("judge")
def judge(
    name: Named, look: Annotated[bool, typer.Option("--look", help="as it stands, nothing is kept")] = False
) -> Finding | None:
    """What the list has brought beyond its control, net of refunds, coupons, returns and contact; amounts in fen."""
    at = desk()
    if look:
        return results.finding(at.db, at.actor, name, at.now)
    return results.judge(at.db, at.actor, name, at.now)


def _plan(coupon: str, threshold: str, coupon_from: str, control: float, days: int) -> Plan:
    return Plan(control, parse_fen(coupon), parse_fen(threshold), coupon_from, days=days)
