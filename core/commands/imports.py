"""Commands for workbooks and stock: import, undo, positions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import typer

from core import clock
from core.commands.kinds import kind as kind_named
from core.commands.live import events_file
from core.commands.run import Refused, desk
from core.errors import ShopError
from core.imports import service
from core.imports.service import Choice, Report
from core.settings import settings
from core.stock.service import positions as stock_positions

app = typer.Typer()


@app.command("import")
def import_file(
    kind: Annotated[
        str, typer.Argument(help="goods, stock, count, costs, suppliers, traffic, orders, warmup, promotions, events")
    ],
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)],
    campaign: Annotated[str, typer.Option(help="the campaign that the sheet belongs to")] = "",
    sheet: Annotated[str, typer.Option(help="the sheet's name; guessed when left out")] = "",
    map: Annotated[list[str] | None, typer.Option(help="FIELD=HEADER, where the guess is wrong; as often as needed")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say what would change, write nothing")] = False,
) -> Any:
    """Takes a workbook in: read, checked, compared, committed whole or not at all."""
    if kind == "events":
        return events_file(file, campaign, dry_run)
    report = run_import(kind, file.name, file.read_bytes(), Choice(sheet, 0, _mapping(map or [])), campaign, dry_run)
    return as_json(report) if report.committed or dry_run else Refused(as_json(report))


def run_import(
    kind: str, name: str, content: bytes, choice: Choice | None = None, campaign: str = "", dry_run: bool = False
) -> Report:
    """One workbook through the whole import as the acting person; what `import` and `demo` share."""
    at = desk()
    inspection = service.inspect(at.db, at.actor, kind_named(kind), content, name, choice)
    draft = service.check(inspection)
    return service.commit(at.db, at.actor, draft, campaign_id=campaign, dry_run=dry_run, now=at.now)


def as_json(report: Report) -> dict[str, Any]:
    """A report as the command line prints it: one entry a refused cell."""
    head = {
        "import_id": report.import_id,
        "kind": report.kind,
        "sheet": report.sheet,
        "header_row": report.header_row,
        "mapping": report.mapping,
    }
    counts = {name: count for name, count in report.figures.items() if name != "rejected"}
    cells = report.rejected.astype({"row": "int64"}).to_dict("records")
    return {**head, **counts, "rejected": cells, "warnings": list(report.warnings), "committed": report.committed}


@app.command("undo")
def undo(import_id: str, reason: Annotated[str, typer.Option(help="why it is taken back")] = "command line") -> dict[str, Any]:
    """Takes an import back exactly, or refuses and names the later change."""
    at = desk()
    name = service.kind_of(at.db, at.actor, import_id)
    return service.undo(at.db, at.actor, kind_named(name), import_id, reason=reason, now=at.now)


@app.command("positions")
def positions(sku: Annotated[str, typer.Option(help="one SKU's code")] = "") -> pd.DataFrame:
    """The stock position of every SKU, or of one."""
    at = desk()
    today = clock.business_day(at.now, settings().timezone)
    frame = stock_positions(at.db, at.actor, today=today, sku_code=sku or None)
    if sku and frame.empty:
        raise ShopError("stock.unknown_sku", sku=sku)
    first = ["sku_code", "on_hand", "reserved", "presale_committed", "activity_locked", "in_transit", "available_to_promise"]
    return frame[[*first, "name", "next_arrival", "mark", "version"]]


def _mapping(pairs: list[str]) -> dict[str, str]:
    """`FIELD=HEADER` words as a mapping; a word without "=" is wrong usage."""
    chosen = {}
    for pair in pairs:
        name, found, header = pair.partition("=")
        if not found:
            raise typer.BadParameter(f"--map {pair}: FIELD=HEADER")
        chosen[name.strip()] = header.strip()
    return chosen
