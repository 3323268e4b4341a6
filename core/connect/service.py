"""What a screen, a command or the scheduler may ask of the sources: take in, look, pause, decide on a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path, PurePosixPath

import pandas as pd
from sqlalchemy import select

from core.access import Actor, allow, audit
from core.connect import folder, intake, journal, ringing, rules
from core.connect.folder import Dropped
from core.connect.journal import INBOX as INBOX
from core.connect.journal import Outcome
from core.connect.rules import KINDS as KINDS
from core.connect.rules import Used as Used
from core.connect.tables import inbox_file
from core.database import Database, read
from core.database.locks import alone
from core.errors import ShopError
from core.settings import settings

LOCK = "connect-inbox"


@dataclass(frozen=True, slots=True)
class Card:
    """One source as the screen shows it: what it is, how it does (`rules.state_of`), its last arrival, the rows
    that came in today and ever, the seconds from a file's last change to its import (the newest file's), and the
    files refused and waiting."""

    source: str
    address: str
    state: str
    used: Used
    files: int
    rows: int
    refused_rows: int
    lag_s: float | None


def collect(db: Database, actor: Actor, now: datetime) -> list[Outcome]:
    """Takes in what lies in the watched folder, and says what became of each file; nothing where another process
    is at it, or the source is paused. ShopError("connect.no_inbox" | "connect.no_folder")."""
    allow(actor, "settings.manage")
    return gather(db, now)


def gather(db: Database, now: datetime) -> list[Outcome]:
    """As `collect`, by the house's own scheduler."""
    inbox = _inbox()
    with alone(db, LOCK) as held:
        if not held:
            return []
        with db.reading() as connection:
            used = journal.used(connection)
        if used.paused:
            return []
        try:
            ready, under_way = folder.settled(inbox, settings().inbox_settle_seconds)
            done = _taken(db, inbox, ready, now)
        except ShopError as error:
            with db.writing() as connection:
                journal.keep(connection, fault=error.code, looked_at=now)
            raise
        with db.writing() as connection:
            journal.keep(connection, fault="", looked_at=now)
            ringing.ring_silence(connection, journal.used(connection), now)
    return [*done, *(Outcome(str(one.path), "unfinished") for one in under_way)]


def _taken(db: Database, inbox: Path, ready: Sequence[Dropped], now: datetime) -> list[Outcome]:
    """Each file's outcome. What is of the moment, not of a file, keeps no other file waiting and is raised after them."""
    done, passing = list[Outcome](), None
    for one in ready:
        try:
            done.append(intake.take(db, inbox, one, now))
        except ShopError as error:
            if error.code not in intake.PASSING:
                raise
            passing = passing or error
    if passing is not None:
        raise passing
    return done


def _inbox() -> Path:
    chosen = settings().inbox
    if chosen is None:
        raise ShopError("connect.no_inbox")
    return chosen


def cards(db: Database, actor: Actor, now: datetime) -> list[Card]:
    """Every source that is set up; [] where there is none."""
    allow(actor, "settings.manage")
    chosen = settings().inbox
    if chosen is None:
        return []
    with db.reading() as connection:
        used = journal.used(connection)
        book = read(connection, select(inbox_file).order_by(inbox_file.c.file_id))
    taken = book[book["state"] == "taken"]
    figures = pd.DataFrame(taken["figures"].tolist()).reindex(columns=["rows", "rejected"]).fillna(0)
    lag = None
    if len(taken):
        newest = taken.iloc[-1]
        lag = max(0.0, newest["at"].timestamp() - newest["changed_ns"] / 1e9)
    return [
        Card(
            INBOX,
            str(chosen),
            rules.state_of(used, now),
            used,
            len(taken),
            int(figures["rows"].sum()),
            int(figures["rejected"].sum()),
            lag,
        )
    ]


def files(db: Database, actor: Actor, limit: int = 200) -> pd.DataFrame:
    """The files that came, newest first, those that wait before all: file_id, path, kind, state, code, facts, rows,
    added, changed, rejected, import_id, arrived_at, at."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        frame = read(connection, select(inbox_file).order_by(inbox_file.c.file_id.desc()).limit(limit))
    counts = pd.DataFrame(frame.pop("figures").tolist(), index=frame.index)
    counts = counts.reindex(columns=["rows", "added", "changed", "rejected"]).astype("Int64")
    frame = frame.join(counts)
    order = (frame["state"] == "waiting").sort_values(ascending=False, kind="stable").index
    return frame.loc[order].reset_index(drop=True)


def reach(actor: Actor) -> int:
    """Looks whether the folder can be read and files be moved within it; how many files lie there.
    ShopError("connect.no_inbox" | "connect.no_folder" | "connect.not_moved")."""
    allow(actor, "settings.manage")
    inbox = _inbox()
    lying = folder.dropped(inbox)
    try:
        folder.put_beside(inbox, ".test", b"")
        (inbox / rules.REFUSED / ".test").unlink()
    except OSError as error:
        raise ShopError("connect.not_moved", file=".test", folder=rules.REFUSED) from error
    return len(lying)


def refuse(db: Database, actor: Actor, file_id: str, now: datetime) -> None:
    """Puts a waiting file away unread, to refused/. ShopError("connect.not_waiting")."""
    allow(actor, "settings.manage")
    inbox = _inbox()
    with db.writing() as connection:
        where = (inbox_file.c.file_id == file_id, inbox_file.c.state == "waiting")
        row = connection.execute(select(inbox_file).where(*where)).mappings().first()
        if row is None:
            raise ShopError("connect.not_waiting")
        one = Dropped(PurePosixPath(row["path"]), row["size"], row["changed_ns"])
        moved_to = folder.put_away(inbox, one, rules.REFUSED, row["digest"])
        outcome = Outcome(row["path"], "refused", row["kind"], "connect.by_person", {"who": actor.name})
        journal.finish(connection, file_id, outcome, now)
        journal.moved(connection, file_id, moved_to or "changed since")
        audit.record(
            connection, actor, now, "inbox.refuse", row["path"], {"state": "waiting"}, {"moved": moved_to}
        )
