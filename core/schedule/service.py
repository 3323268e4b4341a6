"""What the administration page and the command line ask of the jobs."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import select

from core.access import Actor, allow
from core.database import Database, read
from core.schedule.rules import JOBS
from core.schedule.tables import job

LATE = timedelta(
    minutes=3
)  # a job of every few seconds that nobody has run for so long: no server is at work


def jobs(db: Database, actor: Actor, now: datetime) -> pd.DataFrame:
    """Every job in its order: name, state ("fine" | "failed" | "late" | "never"), every_s, next_at, began_at,
    ended_at, done (how many things the last run did), fault, error_id, runner (machine and process)."""
    allow(actor, "settings.manage")
    with db.reading() as connection:
        kept = read(connection, select(job)).set_index("name")
    frame = pd.DataFrame({"name": [one.name for one in JOBS], "every_s": [one.every_s for one in JOBS]})
    frame = frame.join(kept, on="name").fillna({"fault": "", "error_id": "", "runner": ""})
    moments = {name: pd.to_datetime(frame[name], utc=True) for name in ("next_at", "began_at", "ended_at")}
    frame = frame.assign(**moments, done=frame["done"].astype("Int64"))
    soon = frame["began_at"] + pd.to_timedelta(frame["every_s"], unit="s")
    frame["next_at"] = frame["next_at"].fillna(soon)  # written down of those alone that keep time
    late = frame["next_at"] < pd.Timestamp(now - LATE)
    state = pd.Series("fine", index=frame.index).mask(late, "late").mask(frame["fault"] != "", "failed")
    return frame.assign(state=state.mask(frame["began_at"].isna(), "never"))
