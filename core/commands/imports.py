"""Commands for workbooks: import, undo."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, cast

import typer

from core.commands.live import events_file
from core.commands.terminal import words
from core.commands.terminal.run import Refused, desk
from core.connect.kinds import KINDS
from core.connect.kinds import kind as kind_named
from core.database.types import Record
from core.errors import ShopError
from core.imports import service
from core.imports.inspection import PLUS
from core.imports.service import MOSTLY_REFUSED, Answers, Choice, Report
from core.sheets.readings import CleanOptions
from core.sheets.values.dates import Order

app = typer.Typer()


KindName = Annotated[str, typer.Argument(help=", ".join([*KINDS, "events"]))]
Workbook = Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True)]
CampaignId = Annotated[str, typer.Option(help="the campaign that the sheet belongs to")]
Sheets = Annotated[
    list[str] | None, typer.Option(help="a sheet's name, as often as needed; guessed when left out")
]
HeaderRow = Annotated[int, typer.Option(help="the row of the header, as Excel counts")]
Mapped = Annotated[
    list[str] | None,
    typer.Option(help="FIELD=HEADER[+HEADER...], where the guess is wrong; as often as needed"),
]
Key = Annotated[str, typer.Option(help="HEADER[+HEADER...] that name one SKU together")]
Excluded = Annotated[list[str] | None, typer.Option(help="a location whose units do not count; remembered")]
Included = Annotated[
    list[str] | None, typer.Option(help="a location whose units count after all; remembered")
]
FillDown = Annotated[list[str] | None, typer.Option(help="a header whose blank cells mean the cell above")]
NoFill = Annotated[list[str] | None, typer.Option(help="a header whose blank cells are blank")]
Dates = Annotated[str, typer.Option(help="day or month: which number of 02/01/2024 comes first")]
Rates = Annotated[
    list[str] | None, typer.Option(help="CODE=YUAN, what one unit of a currency is worth (USD=7.10)")
]
Partial = Annotated[bool, typer.Option("--partial", help="take the rows that hold although most are refused")]
DistinctCodes = Annotated[
    bool,
    typer.Option(
        "--distinct-codes", help="codes that differ only by case or look are goods of their own; remembered"
    ),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would change, write nothing")]


@app.command("import")
def import_file(
    kind: KindName,
    file: Workbook,
    campaign: CampaignId = "",
    sheet: Sheets = None,
    header_row: HeaderRow = 0,
    map: Mapped = None,
    key: Key = "",
    exclude: Excluded = None,
    include: Included = None,
    fill_down: FillDown = None,
    no_fill: NoFill = None,
    dates: Dates = "",
    rate: Rates = None,
    partial: Partial = False,
    distinct_codes: DistinctCodes = False,
    dry_run: DryRun = False,
) -> object:
    """Takes a workbook in: read, checked, compared, committed whole or not at all."""
    if kind == "events":
        return events_file(file, campaign, dry_run)
    mapping, options = _mapping(map or []), _options(dates, rate or [])
    below = dict.fromkeys(fill_down or [], True) | dict.fromkeys(no_fill or [], False)
    choice = Choice(tuple(sheet or []), header_row, mapping, _headers(key), options=options, below=below)
    locations = dict.fromkeys(exclude or [], False) | dict.fromkeys(include or [], True)
    answers = Answers(campaign, locations=locations, partial=partial, distinct=distinct_codes)
    report = run_import(kind, file.name, file.read_bytes(), choice, answers, dry_run=dry_run)
    return _answer(report, dry_run)


def _answer(report: Report, dry_run: bool) -> object:
    """What the command says of a report: a refusal, where nothing was written though it was to be, or a question
    is open."""
    answer = as_json(report) if desk().as_json else in_words(report)
    return answer if report.committed or (dry_run and not _asks(report)) else Refused(answer)


def run_import(
    kind: str,
    name: str,
    content: bytes,
    choice: Choice | None = None,
    answers: Answers | None = None,
    *,
    dry_run: bool = False,
) -> Report:
    """One workbook through the whole import as the acting person; what `import` and `demo` share."""
    at = desk()
    inspection = service.inspect(at.db, at.actor, kind_named(kind), content, name, choice)
    draft = service.check(inspection)
    return service.commit(at.db, at.actor, draft, answers, dry_run=dry_run, now=at.now)


def _asks(report: Report) -> bool:
    """Whether the report holds a question that keeps it from being written."""
    return bool({"import.columns_fit_twice", MOSTLY_REFUSED} & set(report.codes))


def as_json(report: Report) -> Record:
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
    return {
        **head,
        **counts,
        "rejected": cells,
        "control": {name: control._asdict() for name, control in report.control.items()},
        "warnings": list(report.warnings),
        "committed": report.committed,
    }


def _warned(warning: Mapping[str, object], kind: str) -> ShopError:
    facts = {name: value for name, value in warning.items() if name != "code"}
    return ShopError(str(warning["code"]), **{**facts, "kind": kind})


def in_words(report: Report) -> dict[str, object]:
    """A report for the eye: the control sums first, fields by their titles, warnings and refusals as
    sentences."""
    spec, tongue = kind_named(report.kind).spec, words.language()
    titles = {entry.name: entry.title(tongue) for entry in spec.fields}
    answer = as_json(report)
    sums = [
        words.control(titles[name], spec.field(name), control) for name, control in report.control.items()
    ]
    sentences = [words.sentence(_warned(warning, report.kind)) for warning in report.warnings]
    refused = [
        {
            **cell,
            "field": titles.get(str(cell["field"]), cell["field"]),
            "code": words.sentence(ShopError(str(cell["code"]))),
        }
        for cell in answer["rejected"]
    ]
    mapping = {titles.get(name, name): text for name, text in report.mapping.items()}
    return {**answer, "control": sums, "mapping": mapping, "rejected": refused, "warnings": sentences}


@app.command("undo")
def undo(
    import_id: str, reason: Annotated[str, typer.Option(help="why it is taken back")] = "command line"
) -> dict[str, object]:
    """Takes an import back exactly, or refuses and names the later change."""
    at = desk()
    name = service.kind_of(at.db, at.actor, import_id)
    return service.undo(at.db, at.actor, kind_named(name), import_id, reason=reason, now=at.now)


def _options(dates: str, rates: list[str]) -> CleanOptions:
    """The answers to what a sheet leaves open; another word is wrong usage."""
    if dates not in {"", "day", "month"}:
        raise typer.BadParameter(f"--dates {dates}: day, month")
    values = {}
    for pair in rates:
        code, _, text = pair.partition("=")
        try:
            value = Decimal(text.strip())
        except InvalidOperation as error:
            raise typer.BadParameter(f"--rate {pair}: CODE=YUAN") from error
        if not code.strip() or not value.is_finite() or value <= 0:
            raise typer.BadParameter(f"--rate {pair}: CODE=YUAN")
        values[code.strip().upper()] = value
    return CleanOptions(day_order=cast(Order, dates), rates=values)


def _mapping(pairs: list[str]) -> dict[str, str]:
    """`FIELD=HEADER` words as a mapping; a word without "=" is wrong usage."""
    chosen = {}
    for pair in pairs:
        name, found, header = pair.partition("=")
        if not found:
            raise typer.BadParameter(f"--map {pair}: FIELD=HEADER")
        chosen[name.strip()] = header.strip()
    return chosen


def _headers(key: str) -> tuple[str, ...]:
    """`HEADER[+HEADER...]` as the headers that it names."""
    return tuple(part.strip() for part in key.split(PLUS) if part.strip())
