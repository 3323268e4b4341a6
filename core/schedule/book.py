"""The book of the jobs, inside the caller's transaction: when each is due, and what its last run came to."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from core.schedule.tables import job


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a job: how many things it did; the code of its fault, "" where it had none."""

    name: str
    began_at: datetime
    ended_at: datetime
    done: int = 0
    fault: str = ""
    error_id: str = ""


def turns(connection: Connection) -> dict[str, datetime]:
    """When each job that keeps time is due, by name; without those that were never set."""
    query = select(job.c.name, job.c.next_at).where(job.c.next_at.is_not(None))
    return {row.name: row.next_at for row in connection.execute(query)}


def set_turns(connection: Connection, due: Mapping[str, datetime]) -> None:
    """Writes down when jobs run next, before they run: a turn is begun once."""
    for name, moment in due.items():
        _keep(connection, name, next_at=moment)


def note(connection: Connection, run: Run) -> None:
    """What a run came to."""
    facts = {key: getattr(run, key) for key in ("began_at", "ended_at", "done", "fault", "error_id")}
    _keep(connection, run.name, **facts, runner=f"{socket.gethostname()}:{os.getpid()}")


def _keep(connection: Connection, name: str, **values: object) -> None:
    if connection.execute(job.update().where(job.c.name == name).values(**values)).rowcount == 0:
        connection.execute(job.insert().values(name=name, **values))
