"""One file of the watched folder through the whole import, and out of the way. Whoever ends this in the middle
finds it again: an import's own row says that a content was written, the file is moved after that."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

from core import logs
from core.access import Actor, audit
from core.connect import folder, journal, ringing, rules
from core.connect.folder import Dropped
from core.connect.journal import Outcome
from core.connect.kinds import kind as kind_named
from core.database import Database
from core.database.types import Record
from core.errors import ShopError
from core.imports import service as imports
from core.imports.report import VERSION_CONFLICT
from core.imports.service import Inspection
from core.notify.words import house_language
from core.sheets.annotate import annotate
from core.sheets.profiles import elsewhere
from core.translations import sentences

COLLECTOR = Actor("inbox", "merchandiser", "http")
HEADER_ROWS = 30  # a header lies within them
PASSING = frozenset(
    {"sheet.queue", "sheet.overloaded", "connect.not_moved"}
)  # of the moment, not of the file
ASKING = frozenset(
    {
        "import.key_question",
        "import.below_question",
        "import.sizes_question",
        "import.matrix_question",
        "import.total_question",
        "import.sheets_share",
        "import.missing_columns",
        "import.missing_any",
        "import.moved",
    }
)
"""Refusals that somebody answers on the page of the kind: which columns, which sheets, which key."""


def take(db: Database, inbox: Path, one: Dropped, now: datetime) -> Outcome:
    """Reads, imports and puts away one file. A fault of the database or of the moment is raised: the next look tries again."""
    with db.reading() as connection:
        digest = journal.waits_unchanged(connection, one)
        if digest and journal.imported(connection, digest) is None:
            return Outcome(str(one.path), "waiting")
    content = folder.content_of(inbox, one)
    if content is None:
        return Outcome(str(one.path), "unfinished")
    digest = hashlib.sha256(content).hexdigest()
    with db.writing() as connection:
        row = journal.begin(connection, one, digest, now)
    if row["state"] in {"taken", "repeated", "refused"}:  # ended after its import, before it was put away
        outcome = Outcome(str(one.path), row["state"], row["kind"], row["code"], row["facts"], row["figures"])
    else:
        outcome = _settle(db, inbox, one, content, row, now)
    _put_away(db, inbox, one, row, outcome)
    return outcome


def _settle(
    db: Database, inbox: Path, one: Dropped, content: bytes, row: Record | Any, now: datetime
) -> Outcome:
    """Decides what becomes of the file, imports it, and writes the decision down with its message."""
    with db.reading() as connection:
        earlier = journal.imported(connection, row["digest"])
    outcome = _again(one, row, earlier) if earlier else _imported(db, inbox, one, content, now)
    if outcome.state == "waiting" and row["state"] == "waiting":
        return outcome
    with db.writing() as connection:
        journal.finish(connection, row["file_id"], outcome, now)
        facts = {"state": outcome.state, "code": outcome.code, **outcome.figures}
        audit.record(connection, COLLECTOR, now, "inbox.file", str(one.path), None, facts)
        ringing.ring_file(connection, outcome, now)
    return outcome


def _again(one: Dropped, row: Any, earlier: Any) -> Outcome:
    """A content that stands already: written by an earlier look or by a person since it came, else a repeat. A
    repeat of what a later file has replaced is a question."""
    name, kind, import_id = str(one.path), str(earlier["kind"]), str(earlier["import_id"])
    if earlier["at"] >= row["arrived_at"]:
        return Outcome(name, "taken", kind, figures=earlier["figures"], import_id=import_id)
    if earlier["later"]:
        facts = {"at": earlier["at"].isoformat(), "file": earlier["file_name"]}
        return Outcome(name, "waiting", kind, "connect.came_before", facts)
    return Outcome(name, "repeated", kind, import_id=import_id)


def _imported(db: Database, inbox: Path, one: Dropped, content: bytes, now: datetime) -> Outcome:
    """The same path as an upload: read, check, compare, commit; what needs a person is not written."""
    name, outcome = one.path.name, Outcome(str(one.path), "refused")
    try:
        inspection = _recognised(db, one.path, content)
        outcome = replace(outcome, kind=inspection.kind.name)
        draft = imports.check(inspection)
        report = imports.commit(db, COLLECTOR, draft, unattended=True, now=now)
    except ShopError as error:
        if error.code.startswith("database.") or error.code in PASSING:
            raise
        if error.code == "import.other_kind" and rules.kind_of(one.path) == "":
            outcome = replace(outcome, kind=str(error.facts["other"]))
        asks = error.code in ASKING or error.code == "connect.unrecognised"
        state = "waiting" if asks else "refused"
        return replace(outcome, state=state, code=error.code, facts=_plain(error.facts))
    figures = dict(report.figures)
    good = sum(figures[name] for name in ("added", "changed", "unchanged"))
    if report.questions and not report.committed and (good or VERSION_CONFLICT in report.questions):
        return replace(
            outcome, state="waiting", code=report.questions[0], facts=_facts(report), figures=figures
        )
    if len(report.rejected):
        _mark(inbox, name, content, inspection, report.rejected)
    if not report.committed:
        return replace(outcome, code="connect.nothing_good", facts={"rows": figures["rows"]}, figures=figures)
    return replace(outcome, state="taken", figures=figures, import_id=report.import_id)


def _facts(report: imports.Report) -> dict[str, object]:
    """The facts of the first question's sentence."""
    warning = next((one for one in report.warnings if one["code"] == report.questions[0]), {})
    return _plain({key: value for key, value in warning.items() if key != "code"} | {"kind": report.kind})


def _plain(facts: Any) -> dict[str, object]:
    """Facts as JSON keeps them."""
    return {
        name: value if isinstance(value, str | int | float | list) else str(value)
        for name, value in facts.items()
    }


def _recognised(db: Database, path: PurePosixPath, content: bytes) -> Inspection:
    """The file read as the kind that its subfolder names, else as the known export that it is.
    ShopError("connect.unknown_folder" | "connect.unrecognised")."""
    kind = rules.kind_of(path)
    if kind is None:
        raise ShopError("connect.unknown_folder", folder=path.parts[0], kinds=list(rules.KINDS))
    inspection = imports.inspect(db, COLLECTOR, kind_named(kind or "orders"), content, path.name)
    if kind:
        return inspection
    grid = inspection.workbook.grid(inspection.sheet)
    profiles = [elsewhere(row, "") for row in (inspection.header.headers, *grid.head(HEADER_ROWS))]
    profile = next((one for one in profiles if one is not None), None)
    if profile is None or profile.kind not in rules.KINDS:
        raise ShopError("connect.unrecognised", file=path.name, kinds=list(rules.KINDS))
    if profile.kind == inspection.kind.name:
        return inspection
    return imports.inspect(db, COLLECTOR, kind_named(profile.kind), content, path.name)


def _mark(inbox: Path, name: str, content: bytes, inspection: Inspection, rejected: pd.DataFrame) -> None:
    """The sender's own workbook with the remarks beside the refused cells, in refused/. A workbook that cannot
    be marked keeps its refusals in the book of imports."""
    language = house_language()
    said = sentences(language)
    words = {code: said.get(f"errors.{code}", code) for code in map(str, rejected["code"].unique())}
    sheet, row = inspection.sheet, inspection.header.row
    own = rejected[rejected["sheet"] == sheet]
    try:
        marked, title = annotate(content, name, sheet, row, own, words, language)
    except ShopError as error:
        logs.log("bigsale.connect").warning("connect.not_marked", file=name, code=error.code)
        return
    folder.put_beside(inbox, rules.free_name(PurePosixPath(title), inspection.digest), marked)


def _put_away(db: Database, inbox: Path, one: Dropped, row: Any, outcome: Outcome) -> None:
    """The file to done/ or refused/; what waits stays."""
    if outcome.state == "waiting":
        return
    where = rules.REFUSED if outcome.state == "refused" else rules.DONE
    moved_to = folder.put_away(inbox, one, where, row["digest"])
    with db.writing() as connection:
        journal.moved(connection, row["file_id"], moved_to or "changed since")
