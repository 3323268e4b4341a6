"""Workbooks in, for every part of the shop: read, check, compare, commit in one transaction, take back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.database import Database, insert, new_id, one, read
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.errors import ShopError
from core.imports import memory, rules, waiting
from core.imports.control import Control, require_whole
from core.imports.draft import Draft, check
from core.imports.inspection import PLUS, Choice, Inspection, inspect
from core.imports.kinds import Comparison, Context, Kind
from core.imports.later import named
from core.imports.questions.fields import Question
from core.imports.questions.same_key import key_choices
from core.imports.report import MOSTLY_REFUSED, Report, addressed, control_of, report_of, warnings
from core.imports.tables import LOCK, import_run
from core.imports.waiting import Waiting
from core.sheets.formats.turns import queue as reading_queue

__all__ = [
    "MOSTLY_REFUSED",
    "PLUS",
    "Answers",
    "Choice",
    "Control",
    "Draft",
    "Inspection",
    "Question",
    "Report",
    "Waiting",
    "addressed",
    "arriving",
    "check",
    "commit",
    "control_of",
    "history",
    "inspect",
    "key_choices",
    "kind_of",
    "preview",
    "reading_queue",
    "report_of",
    "undo",
    "warnings",
]
SHOWN_REJECTIONS = 1000


@dataclass(frozen=True, slots=True)
class Answers:
    """What the operator decided about a compared sheet: conflicts (key -> "sheet" | "keep"), locations
    (location -> whether its units count), the campaign it belongs to, whether the rows that hold are wanted
    although most are refused, and whether codes that differ only by case or by look are goods of their own."""

    campaign_id: str = ""
    decisions: Mapping[str, str] = field(default_factory=dict)
    locations: Mapping[str, bool] = field(default_factory=dict)
    partial: bool = False
    distinct: bool = False


def arriving(db: Database, actor: Actor) -> Waiting:
    """How much is still being taken in behind the pages."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        return waiting.left(connection)


def preview(
    db: Database, actor: Actor, draft: Draft, answers: Answers | None = None, *, now: datetime
) -> Comparison:
    """What the draft would change now."""
    allow(actor, draft.inspection.kind.action)
    with db.reading() as connection:
        return _compared(connection, draft, _context(actor, draft, answers or Answers(), "", now))


def commit(
    db: Database,
    actor: Actor,
    draft: Draft,
    answers: Answers | None = None,
    *,
    seen: Comparison | None = None,
    dry_run: bool = False,
    unattended: bool = False,
    now: datetime,
) -> Report:
    """Writes a draft whole in one transaction, with its run and its audit row; a dry run stops before
    writing.

    `seen` is the comparison that the operator looked at: if the shop has moved since,
    ShopError("import.moved", count=...) and nothing is written. A conflict that was not decided is a rejected
    row. A draft without a single good row, with an open question or with most rows refused, is not committed; one whose control sums
    do not come out is refused: ShopError("import.sums_differ"). `unattended`: nobody looks at it, so that a draft
    with a doubt or an undecided conflict is not committed either.
    """
    kind = draft.inspection.kind
    allow(actor, kind.action)
    context = _context(actor, draft, answers or Answers(), new_id(), now)
    partial = answers is not None and answers.partial
    if dry_run:
        with db.reading() as connection:
            comparison = _compared(connection, draft, context)
            return replace(_report(draft, comparison, context, partial=partial), committed=False)
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        comparison = _compared(connection, draft, context)
        if seen is not None and rules.fingerprint(comparison.changes) != rules.fingerprint(seen.changes):
            raise ShopError("import.moved", count=len(comparison.changes))
        report = _report(draft, comparison, context, partial=partial)
        if not report.committed or (unattended and report.questions):
            return replace(report, committed=False)
        kind.write(connection, comparison, context)
        _keep(connection, draft, context, report)
        facts = {"file": draft.inspection.file_name, **report.figures}
        audit.record(connection, actor, now, f"import.{kind.name}", report.import_id, None, facts)
    return report


def _context(actor: Actor, draft: Draft, answers: Answers, import_id: str, now: datetime) -> Context:
    looked = draft.inspection
    return Context(
        import_id,
        actor,
        now,
        looked.sheet,
        answers.campaign_id,
        answers.decisions,
        looked.file_name,
        answers.locations,
        looked.header.profile.order_level if looked.header.profile else (),
        answers.distinct,
        draft.divided,
    )


def _compared(connection: Connection, draft: Draft, context: Context) -> Comparison:
    return draft.inspection.kind.compare(connection, draft.cleaned.frame, context)


def _report(draft: Draft, comparison: Comparison, context: Context, *, partial: bool) -> Report:
    """The report, refused where its sums do not come out."""
    report = report_of(draft, comparison, context.decisions, context.import_id, partial=partial)
    require_whole(report.control, report.kind)
    return report


def undo(db: Database, actor: Actor, kind: Kind, import_id: str, *, reason: str, now: datetime) -> Record:
    """Takes an import back exactly, or refuses: ShopError("import.unknown" | "import.already_undone" |
    "import.no_reason" | "import.later_change")."""
    allow(actor, kind.action)
    if not reason.strip():
        raise ShopError("import.no_reason")
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        run = one(
            connection,
            select(import_run).where(import_run.c.import_id == import_id, import_run.c.kind == kind.name),
        )
        if run is None:
            raise ShopError("import.unknown", import_id=import_id)
        if run["state"] == "undone":
            raise ShopError(
                "import.already_undone", import_id=import_id, at=run["undone_at"], account=run["undone_by"]
            )
        if (
            run["figures"]["added"] or run["figures"]["changed"]
        ):  # else it has written nothing, and nothing can have come after
            try:
                by = Context(
                    new_id(), actor, now, run["sheet"], run["campaign_id"], file_name=run["file_name"]
                )
                kind.revert(connection, import_id, by)
            except ShopError as error:
                raise named(connection, error) from error
        where = import_run.c.import_id == import_id
        connection.execute(
            import_run.update()
            .where(where)
            .values(state="undone", undone_at=now, undone_by=actor.name, reason=reason.strip())
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
    """Past imports, newest first: import_id, kind, file_name, sheet, at, account, state, undone_at,
    undone_by, reason and one column a figure."""
    allow(actor, "import.view")
    columns = [
        c for c in import_run.columns if c.name not in {"rejected", "mapping", "content_digest", "control"}
    ]
    query = select(*columns).order_by(import_run.c.at.desc(), import_run.c.import_id.desc()).limit(limit)
    with db.reading() as connection:
        frame = read(connection, query.where(import_run.c.kind.in_(kinds)) if kinds else query)
    counts = pd.DataFrame(frame.pop("figures").tolist(), index=frame.index)
    return frame.join(counts)


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
        "control": {name: control._asdict() for name, control in report.control.items()},
        "rejected": report.rejected.head(SHOWN_REJECTIONS).astype(str).to_dict("records"),
        "state": "committed",
        "at": context.now,
        "account": context.actor.name,
    }
    insert(connection, import_run, pd.DataFrame([run]))
    _learn(connection, inspection, context)


def _learn(connection: Connection, inspection: Inspection, context: Context) -> None:
    """Remembers corrections by header; keys, joints of columns and what blanks mean by header row."""
    memory.keep_headers(connection, inspection.kind, inspection.taught, context)
    joint = {
        name: text for name, text in inspection.mapping.items() if PLUS in text and name in inspection.named
    }
    layout = memory.Layout(joint, inspection.key, inspection.below)
    memory.keep_layout(connection, inspection.kind, inspection.header, layout, context)
