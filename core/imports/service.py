"""Workbooks in, for every room: read, check, compare, commit in one transaction, take back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.database import Database, insert, new_id, one, read, upsert
from core.database.locks import one_at_a_time
from core.errors import ShopError
from core.imports import rules
from core.imports.kinds import Comparison, Context, Kind
from core.imports.later import named
from core.imports.tables import LOCK, header_memory, import_run
from core.sheets.clean import Cleaned, clean
from core.sheets.columns import fold
from core.sheets.detect import Header, guess_header, guess_sheet, header_at
from core.sheets.reader import Workbook, read_workbook

SHOWN_REJECTIONS = 1000


@dataclass(frozen=True, slots=True)
class Choice:
    """What the operator chose where the guess was wrong: sheet, header row (as Excel counts), and field -> header text ("" = do not read)."""

    sheet: str = ""
    header_row: int = 0
    mapping: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Inspection:
    """A file that was read: its workbook, the sheet and header in force, and the earlier import of the same content if there is one."""

    kind: Kind
    file_name: str
    digest: str
    workbook: Workbook
    sheet: str
    header: Header
    taught: dict[str, str]  # folded header -> field, where the operator corrected the guess
    repeated: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked sheet: clean rows and rejected cells, nothing compared or written yet."""

    inspection: Inspection
    cleaned: Cleaned


@dataclass(frozen=True, slots=True)
class Report:
    """What an import did (or would do). `figures` are counts, `rejected` a frame with the cells refused and why."""

    import_id: str
    kind: str
    sheet: str
    header_row: int
    mapping: dict[str, str]
    figures: dict[str, int]
    rejected: pd.DataFrame
    committed: bool
    warnings: tuple[str, ...] = ()


def inspect(db: Database, actor: Actor, kind: Kind, content: bytes, file_name: str, choice: Choice | None = None) -> Inspection:
    """Reads a file in the guarded child and finds its sheet and header; ShopError("sheet.*") when it cannot be read."""
    allow(actor, kind.action)
    wanted = choice or Choice()
    workbook = read_workbook(content, file_name)
    digest = hashlib.sha256(content).hexdigest()
    with db.reading() as connection:
        remembered = _remembered(connection, kind)
        earlier = select(import_run.c.import_id, import_run.c.at, import_run.c.account, import_run.c.file_name)
        repeated = one(
            connection,
            earlier.where(
                import_run.c.content_digest == digest, import_run.c.kind == kind.name, import_run.c.state == "committed"
            ).order_by(import_run.c.at.desc()),
        )
    sheet = wanted.sheet or guess_sheet(workbook, kind.spec)
    if sheet not in {info.name for info in workbook.sheets}:
        raise ShopError("import.no_such_sheet", sheet=sheet, sheets=[info.name for info in workbook.sheets])
    grid = workbook.grid(sheet)
    header = (
        header_at(grid, wanted.header_row, kind.spec, remembered)
        if wanted.header_row
        else guess_header(grid, kind.spec, remembered)
    )
    corrected = _corrected(header, wanted.mapping, kind)
    taught = {
        fold(text): corrected.mapping.get(at, "")
        for at, text in enumerate(header.headers)
        if corrected.mapping.get(at) != header.mapping.get(at)
    }
    return Inspection(kind, file_name, digest, workbook, sheet, corrected, taught, repeated)


def check(inspection: Inspection) -> Draft:
    """Casts and checks every cell of the chosen columns; ShopError("import.missing_columns" | "import.missing_any") when the sheet lacks what the kind needs."""
    kind, header = inspection.kind, inspection.header
    missing = [entry.name for entry in kind.spec.fields if entry.required and entry.name not in set(header.mapping.values())]
    if missing:
        raise ShopError(
            "import.missing_columns", fields=missing, kind=kind.name, headers=[text for text in header.headers if text]
        )
    if kind.any_of and not set(kind.any_of) & set(header.mapping.values()):
        raise ShopError("import.missing_any", fields=list(kind.any_of), kind=kind.name)
    grid = inspection.workbook.grid(inspection.sheet)
    return Draft(inspection, clean(grid, header.row, header.mapping, kind.spec, inspection.sheet))


def preview(
    db: Database, actor: Actor, draft: Draft, *, campaign_id: str = "", decisions: Mapping[str, str] | None = None, now: datetime
) -> Comparison:
    """What the draft would change now."""
    kind = draft.inspection.kind
    allow(actor, kind.action)
    context = Context("", actor, now, draft.inspection.sheet, campaign_id, decisions or {})
    with db.reading() as connection:
        return kind.compare(connection, draft.cleaned.frame, context)


def commit(
    db: Database,
    actor: Actor,
    draft: Draft,
    *,
    campaign_id: str = "",
    decisions: Mapping[str, str] | None = None,
    seen: Comparison | None = None,
    dry_run: bool = False,
    now: datetime,
) -> Report:
    """Writes a draft whole in one transaction, with its run and its audit row; a dry run stops before writing.

    `seen` is the comparison that the operator looked at: if the shop has moved since, ShopError("import.moved", count=...) and nothing is written.
    A conflict that was not decided is a rejected row. A draft without a single good row is not committed.
    """
    kind = draft.inspection.kind
    allow(actor, kind.action)
    looked = draft.inspection
    context = Context(new_id(), actor, now, looked.sheet, campaign_id, decisions or {}, looked.file_name)
    if dry_run:
        with db.reading() as connection:
            return _report(draft, context, kind.compare(connection, draft.cleaned.frame, context), committed=False)
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        comparison = kind.compare(connection, draft.cleaned.frame, context)
        if seen is not None and rules.fingerprint(comparison.changes) != rules.fingerprint(seen.changes):
            raise ShopError("import.moved", count=len(comparison.changes))
        report = _report(draft, context, comparison, committed=True)
        if not report.committed:
            return report
        kind.write(connection, comparison, context)
        _keep(connection, draft, context, report)
        audit.record(
            connection,
            actor,
            now,
            f"import.{kind.name}",
            report.import_id,
            None,
            {"file": draft.inspection.file_name, **report.figures},
        )
    return report


def undo(db: Database, actor: Actor, kind: Kind, import_id: str, *, reason: str, now: datetime) -> dict[str, Any]:
    """Takes an import back exactly, or refuses: ShopError("import.unknown" | "import.already_undone" | "import.no_reason" | "import.later_change")."""
    allow(actor, kind.action)
    if not reason.strip():
        raise ShopError("import.no_reason")
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        run = one(connection, select(import_run).where(import_run.c.import_id == import_id, import_run.c.kind == kind.name))
        if run is None:
            raise ShopError("import.unknown", import_id=import_id)
        if run["state"] == "undone":
            raise ShopError("import.already_undone", import_id=import_id, at=run["undone_at"], account=run["undone_by"])
        if run["figures"]["added"] or run["figures"]["changed"]:  # else it has written nothing, and nothing can have come after
            try:
                by = Context(new_id(), actor, now, run["sheet"], run["campaign_id"], file_name=run["file_name"])
                kind.revert(connection, import_id, by)
            except ShopError as error:
                raise named(connection, error) from error
        where = import_run.c.import_id == import_id
        connection.execute(
            import_run.update().where(where).values(state="undone", undone_at=now, undone_by=actor.name, reason=reason.strip())
        )
        audit.record(
            connection,
            actor,
            now,
            "import.undo",
            import_id,
            {"state": "committed"},
            {"state": "undone", "reason": reason.strip()},
        )
    return {"import_id": import_id, "kind": kind.name, "figures": run["figures"]}


def kind_of(db: Database, actor: Actor, import_id: str) -> str:
    """The kind of an import; ShopError("import.unknown")."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        run = one(connection, select(import_run.c.kind).where(import_run.c.import_id == import_id))
    if run is None:
        raise ShopError("import.unknown", import_id=import_id)
    return str(run["kind"])


def history(db: Database, actor: Actor, kinds: tuple[str, ...] = (), limit: int = 200) -> pd.DataFrame:
    """Past imports, newest first: import_id, kind, file_name, sheet, at, account, state, undone_at, undone_by, reason and one column a figure."""
    allow(actor, "import.view")
    columns = [c for c in import_run.columns if c.name not in {"rejected", "mapping", "content_digest"}]
    query = select(*columns).order_by(import_run.c.at.desc(), import_run.c.import_id.desc()).limit(limit)
    with db.reading() as connection:
        frame = read(connection, query.where(import_run.c.kind.in_(kinds)) if kinds else query)
    counts = pd.DataFrame(frame.pop("figures").tolist(), index=frame.index)
    return frame.join(counts)


def _remembered(connection: Connection, kind: Kind) -> dict[str, str]:
    rows = connection.execute(
        select(header_memory.c.header, header_memory.c.field).where(header_memory.c.kind == kind.name)
    ).all()
    return {str(header): str(name) for header, name in rows}


def _corrected(header: Header, mapping: Mapping[str, str], kind: Kind) -> Header:
    """The guessed mapping with the operator's corrections on top; a header taken by one field leaves the others."""
    if not mapping:
        return header
    known = {entry.name for entry in kind.spec.fields}
    chosen = dict(header.mapping)
    for name, text in mapping.items():
        if name not in known:
            raise ShopError("import.unknown_field", field=name, fields=sorted(known))
        chosen = {column: other for column, other in chosen.items() if other != name}
        if text:
            column = next((at for at, title in enumerate(header.headers) if fold(title) == fold(text)), None)
            if column is None:
                raise ShopError("import.no_such_header", header=text, headers=[title for title in header.headers if title])
            chosen[column] = name
    return replace(header, mapping=chosen)


def _report(draft: Draft, context: Context, comparison: Comparison, *, committed: bool) -> Report:
    cleaned, inspection = draft.cleaned, draft.inspection
    undecided = comparison.rows[comparison.rows["state"] == "conflict"]
    conflicts = rules.refuse(undecided, inspection.sheet, "row_version", "import.version_conflict", undecided["key"])
    rejected = pd.concat(
        [part for part in (cleaned.rejected, comparison.rejected, conflicts) if len(part)] or [cleaned.rejected],
        ignore_index=True,
    )
    counts = rules.figures(
        cleaned.rows,
        cleaned.merged,
        cleaned.skipped_totals,
        comparison.rows["state"],
        rejected,
        len(comparison.absent),
        cleaned.hidden,
    )
    good = counts["added"] + counts["changed"] + counts["unchanged"]
    header = inspection.header
    mapping = {name: header.headers[column] for column, name in sorted(header.mapping.items())}
    said = {"strange": comparison.strange, "repeated": inspection.repeated is not None, "hidden_rows": cleaned.hidden > 0}
    warnings = tuple(f"import.{name}" for name, holds in said.items() if holds)
    return Report(
        context.import_id, inspection.kind.name, inspection.sheet, header.row, mapping, counts, rejected, committed and good > 0, warnings
    )  # fmt: skip


def _keep(connection: Connection, draft: Draft, context: Context, report: Report) -> None:
    """The run's own row, and what the operator taught us about headers."""
    inspection = draft.inspection
    run = {
        "import_id": report.import_id,
        "kind": report.kind,
        "campaign_id": context.campaign_id,
        "file_name": inspection.file_name,
        "content_digest": inspection.digest,
        "sheet": report.sheet,
        "header_row": report.header_row,
        "mapping": report.mapping,
        "figures": report.figures,
        "rejected": report.rejected.head(SHOWN_REJECTIONS).astype(str).to_dict("records"),
        "state": "committed",
        "at": context.now,
        "account": context.actor.name,
    }
    insert(connection, import_run, pd.DataFrame([run]))
    if inspection.taught:
        learned = {"kind": report.kind, "header": list(inspection.taught), "field": list(inspection.taught.values())}
        upsert(connection, header_memory, pd.DataFrame(learned).assign(account=context.actor.name, at=context.now))
