"""The scheduler: what nobody should have to press a button for: every few seconds ended flash-sale sessions give
their units back, free units go to lines that are short of them, running sales are judged and due messages go
out; every minute people are reminded of their tasks, last looks written down and forecasts of closed sales scored;
what lies in the watched folder is taken in, every second shops' own databases and streams are read; every hour running sales are reported, every night a backup is made
whoever is past the retention period is erased and shops' own databases are compared with what was taken of them.

Of several processes one runs them (`core.database.locks.leading`), another takes over when it ends; what it did
stands in the book that the administration page shows. A part may still be asked for by hand beside it: it takes
its own lock and finds what is left to do.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from core import clock, logs, notify
from core.access import Actor, audit, sessions
from core.backup import nightly
from core.connect import service as sources
from core.connect.feeds import nightly as compared
from core.connect.feeds import service as feeds
from core.connect.stream import service as stream
from core.database import Database, connect
from core.database.locks import leading
from core.database.types import Record
from core.errors import ShopError
from core.live import jobs as live
from core.live.alerts import hourly
from core.live.ledger import backorders
from core.notify import relay
from core.overview import retention
from core.readiness import reminding
from core.replenishment import scoring
from core.schedule import rounds
from core.schedule.rules import JOBS
from core.settings import settings
from core.warmup.flash_sale import service
from core.warmup.storefront import changes

EVERY_S, MINUTE_S = 5.0, 60.0
LOCK = "scheduler"
ACTOR = Actor("scheduler", "campaign_lead", "http")

PARTS: dict[str, Callable[[Database, datetime], Any]] = {
    "reminded": lambda db, now: reminding.remind_all(db, ACTOR, now),  # tasks
    "returned": lambda db, now: service.close_ended(db, ACTOR, now),  # units
    "filled": lambda db, now: backorders.fill(db, now),  # units
    "judged": lambda db, now: live.round_of(db, now),  # sales
    "reported": lambda db, now: hourly.report_all(db, now),  # sales
    "relayed": lambda db, now: relay.relay_due(db, now),  # rows of the audit trail
    "labelled": lambda db, now: changes.announce_changes(db, ACTOR, now),  # labels
    "sent": lambda db, now: notify.send_due(db, now),
    "looks": lambda db, _: sessions.flush(db),
    "scored": lambda db, now: scoring.score_closed(db, ACTOR, now=now),  # forecasts of closed sales
    "collected": lambda db, now: collect(db, now),  # files of the watched folder
    "polled": lambda db, now: feeds.gather(db, now),  # rows of shops' own databases
    "streamed": lambda db, now: stream.gather(db, now),  # events of the shop's own stream
    "backed_up": lambda db, now: nightly.back_up(db, now),  # files
    "lapsed": lambda db, now: lapse(db, now),  # people
    "compared": lambda db, now: compared.compare_all(db, now),  # days and rows of shops' own databases
}
"""In the order in which they run: what a part queues goes out in the same run."""
LANES = {job.lane: min(one.every_s for one in JOBS if one.lane == job.lane) for job in JOBS if job.lane}
"""What runs in threads of its own, and how often these look: a sheet of 200,000 rows takes a minute and a sale is judged
every five seconds; an order shall be on the screen within three."""
TIMED = tuple(job.name for job in JOBS if job.keeps_time)
BY_HAND = tuple(part for part in PARTS if part not in TIMED)
"""What the command does that stands in a schedule: the others keep hours of their own, with a server."""


def lapse(db: Database, now: datetime) -> int:
    """The night's end of the retention period; how many people went, 0 where no period is set."""
    if not settings().person_retention_months:
        return 0
    return retention.erase(db, retention.ACTOR, now=now, most=retention.A_NIGHT).people


def collect(db: Database, now: datetime) -> int:
    """Takes in the watched folder, where one is set up; how many files were imported."""
    if settings().inbox is None:
        return 0
    return sum(one.state == "taken" for one in sources.gather(db, now))


def once(db: Database, now: datetime, parts: Collection[str] = BY_HAND) -> Record:
    """One run: what each part did, by its name. A part that fails is logged, says {"error": code} and
    hinders no other."""
    return {part: _tried(db, now, part) for part in parts}


def _tried(db: Database, now: datetime, part: str) -> Any:
    try:
        return PARTS[part](db, now)
    except ShopError as error:
        logs.log("bigsale.scheduler").warning("scheduler.refused", part=part, code=error.code)
        return {"error": error.code}
    except Exception as error:
        error_id = logs.unexpected(error, where=f"scheduler.{part}")
        return {"error": "unexpected", "error_id": error_id}


def failed(done: dict[str, object]) -> bool:
    """Whether a part of a run could not do its work."""
    return any(isinstance(answer, dict) and "error" in answer for answer in done.values())


class Scheduler:
    """The server's background threads: one for the rounds, one for what takes long, one for what is read each second,
    at work only while this process leads. A fault in a run is logged and the next run tries again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ending, self._leads = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="scheduler", daemon=True)
        self._others = [
            threading.Thread(target=self._run_apart, args=lane, name=f"scheduler-{lane[0]}", daemon=True)
            for lane in LANES.items()
        ]

    def start(self) -> None:
        """Begins."""
        for thread in (self._thread, *self._others):
            thread.start()

    def stop(self) -> None:
        """Ends after the present run, at most 10 seconds later."""
        self._ending.set()
        for thread in (self._thread, *self._others):
            thread.join(timeout=10)

    def _run(self) -> None:
        db = connect(self._url)
        while not self._ending.wait(EVERY_S):
            try:
                self._lead(db)
            except ShopError as error:
                logs.log("bigsale.scheduler").warning("scheduler.refused", part="lead", code=error.code)
            except Exception as error:
                logs.unexpected(error, where="scheduler.lead")
            finally:
                self._leads.clear()

    def _lead(self, db: Database) -> None:
        """The rounds, as long as no other process has them and the database is this shop's."""
        whole = time.monotonic() - MINUTE_S
        with leading(db, LOCK) as still:
            while still() and not self._ending.is_set():
                with db.reading() as connection:
                    audit.require_own_key(connection)
                self._leads.set()
                full = time.monotonic() - whole >= MINUTE_S
                self._round(
                    db, [job.name for job in JOBS if not job.lane and (full or job.every_s < MINUTE_S)]
                )
                whole = time.monotonic() if full else whole
                self._ending.wait(EVERY_S)

    def _run_apart(self, lane: str, every_s: float) -> None:
        db, parts = connect(self._url), [job.name for job in JOBS if job.lane == lane]
        while not self._ending.wait(every_s):
            if self._leads.is_set():
                self._round(db, parts)

    def _round(self, db: Database, parts: Collection[str]) -> None:
        """The parts that are due, and what they did into the book."""
        try:
            due = rounds.begin(db, parts, clock.now())
            for part in due:
                began = clock.now()
                rounds.finish(db, part, _tried(db, began, part), began, clock.now())
        except ShopError as error:
            logs.log("bigsale.scheduler").warning("scheduler.refused", part="book", code=error.code)
        except Exception as error:
            logs.unexpected(error, where="scheduler.book")
