"""Rows of a source on their way into the same import as an upload: a sheet of cells, checked, compared and committed
whole; what needs a person is not written."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from core.access import Actor
from core.connect import journal
from core.connect.feeds import book
from core.connect.feeds.book import Stream
from core.connect.kinds import kind as kind_named
from core.database import Database
from core.errors import ShopError
from core.imports import service as imports

RUN = ("=", "+", "-", "@", "\t", "\r")  # what begins so is a formula to a spreadsheet
WAITS = "waits:"  # in the place of the last sheet's digest: the code of what a person is asked
BRINGS = {"people": "campaign_lead"}
"""Whose right brings a kind in, where it is not the merchandiser's."""


def written(kind: str, fields: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The csv that a person would have uploaded: columns by the titles of the kind's `fields`."""
    titles = {field.name: field.title("zh") for field in kind_named(kind).spec.fields}
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow([titles[name] for name in fields])
    table.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: object) -> str:
    """What a source says as a cell. The csv may be opened before it is uploaded: a text that a spreadsheet would
    run stands in its `="…"`, which every import takes off again."""
    text = "" if value is None else str(value)
    if isinstance(value, str) and text.startswith(RUN):
        return '="' + text.replace('"', '""') + '"'
    return text


def imported(db: Database, source: str, kind: str, content: bytes, now: datetime) -> int:
    """Rows of the sheet. What a person has uploaded in the meantime counts as imported.
    ShopError("connect.sheet_waits") where a person is needed."""
    with db.reading() as connection:
        earlier = journal.imported(connection, hashlib.sha256(content).hexdigest())
    if earlier is not None and not earlier["later"]:
        return int(earlier["figures"]["rows"])
    actor = Actor(f"source:{source}", BRINGS.get(kind, "merchandiser"), "http")
    inspection = imports.inspect(db, actor, kind_named(kind), content, f"{source}-{kind}.csv")
    report = imports.commit(db, actor, imports.check(inspection), unattended=True, now=now)
    if not report.committed:
        raise ShopError(
            "connect.sheet_waits", kind=kind, why=next(iter(report.questions), "connect.nothing_good")
        )
    return int(report.figures["rows"])


def rests(stream: Stream, kind: str, every: timedelta, now: datetime) -> bool:
    """Whether its last sheet is too young for another. ShopError("connect.sheet_waits") where that one waits for a
    person: said again until it is answered."""
    if stream.swept_at is None or now - stream.swept_at >= every:
        return False
    if stream.digest.startswith(WAITS):
        raise ShopError("connect.sheet_waits", kind=kind, why=stream.digest.removeprefix(WAITS))
    return True


@contextmanager
def kept_waiting(db: Database, stream: Stream, now: datetime) -> Iterator[None]:
    """An import that is refused leaves its question on the stream."""
    try:
        yield
    except ShopError as error:
        why = f"{WAITS}{error.facts.get('why', error.code)}"
        with db.writing() as connection:
            book.keep_stream(connection, replace(stream, swept_at=now, digest=why))
        raise
