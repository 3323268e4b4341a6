"""Commands on buyers: segments."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from core.audience import runs, service, sheet
from core.commands.terminal.run import desk
from core.commands.terminal.words import language

app = typer.Typer()


@app.command("segments")
def segments(
    campaign: Annotated[str, typer.Option(help="as of the eve of this campaign's opening")] = "",
    as_of: Annotated[
        str, typer.Option(help="as of the end of this day, 2026-11-12; today when left out")
    ] = "",
    cut: Annotated[str, typer.Option(help="median, mean, or own cuts as days,orders,fen")] = "median",
    keep: Annotated[
        bool, typer.Option("--keep", help="stores the run: the next movement is measured against it")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="writes the list of people, best first, as a workbook")
    ] = None,
) -> dict[str, object]:
    """Segments by recency, frequency and money: buyers, orders, fen and shares by segment, and the cuts."""
    at = desk()
    day = _day(as_of) if as_of else None
    if campaign and day is None:
        day = service.as_of_day(at.db, at.actor, campaign, at.now)
    result = service.segments(at.db, at.actor, cut, day, now=at.now)
    answer = {
        "as_of": result.as_of.isoformat(),
        "cut": asdict(result.cuts),
        "ties": result.ties,
        "repeat_buyers": result.repeat_buyers,
        "segments": result.table,
    }
    if keep:
        answer["run"] = runs.keep(at.db, at.actor, cut, day, now=at.now).run_id
    if out is not None:
        people = service.ranked(at.db, at.actor, cut, day, now=at.now)
        out.write_bytes(sheet.workbook(people, language()))
        answer["file"], answer["people"] = str(out), len(people)
    return answer


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--as-of {text}: 2026-11-12") from error
