"""The scheduler's side of the book: which jobs are due, and what a run came to. A quiet run of a job that runs every
few seconds is written down once a minute, others every five seconds at most: the book must not keep the database writing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, is_dataclass
from datetime import datetime, timedelta
from typing import Any

from core.clock import on_the_clock, zone
from core.database import Database
from core.notify import post
from core.notify.words import say
from core.schedule import book
from core.schedule.book import Run
from core.schedule.rules import JOBS, Job, next_at
from core.settings import settings

QUIET, OFTEN = timedelta(minutes=1), timedelta(seconds=5)
_JOBS = {job.name: job for job in JOBS}
_written: dict[tuple[str, str], Run] = {}


def begin(db: Database, names: Collection[str], now: datetime) -> list[str]:
    """Those of the jobs that are due, in their order. The next turn of a job that keeps time is written down before
    it runs, so that a turn is begun once; its first turn is the next one on the clock."""
    timed = [_JOBS[name] for name in names if _JOBS[name].keeps_time]
    if not timed:
        return list(names)
    with db.reading() as connection:
        kept = book.turns(connection)
    later = {job.name: _turn(job, now) for job in timed if kept.get(job.name, now) <= now}
    if later:
        with db.writing() as connection:
            book.set_turns(connection, later)
    run = {name for name in later if name in kept}
    return [name for name in names if not _JOBS[name].keeps_time or name in run]


def _turn(job: Job, now: datetime) -> datetime:
    return next_at(job, now, zone(settings().timezone), settings().backup_at)


def finish(db: Database, name: str, answer: Any, began: datetime, ended: datetime) -> None:
    """Writes down what a run came to: a number, a dataclass with `messages`, or {"error": code}. A failed job that
    keeps time is told of in the channels."""
    run = Run(name, began, ended, *_said(answer))
    before = _written.get((db.url, name))
    same = before is not None and run.fault == before.fault
    if same and before is not None and ended - before.ended_at < (OFTEN if run.done else QUIET):
        return
    with db.writing() as connection:
        book.note(connection, run)
        if run.fault and _JOBS[name].keeps_time:
            post(connection, ended, lambda language: _words(run, language), "warning", f"job:{name}")
    _written[db.url, name] = run


def _said(answer: Any) -> tuple[int, str, str]:
    if isinstance(answer, dict):
        return 0, str(answer.get("error", "")), str(answer.get("error_id", ""))
    if is_dataclass(answer) and not isinstance(answer, type):
        return int(asdict(answer)["messages"]), "", ""
    return int(answer or 0), "", ""


def _words(run: Run, language: str) -> tuple[str, str]:
    again = on_the_clock(_turn(_JOBS[run.name], run.ended_at), settings().timezone)
    why = run.fault if run.fault == "unexpected" else _why(run.fault, language)
    title = say(language, "message.job.failed_title", job=run.name)
    return title, say(language, "message.job.failed", why=why, at=again)


def _why(code: str, language: str) -> str:
    """The sentence of a refusal; its code where the sentence has blanks that are not known here."""
    try:
        return say(language, f"errors.{code}")
    except (KeyError, IndexError, ValueError):
        return code
