"""What the house does by itself: each job with its next run, its last one and what came of it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from core.schedule import service
from pages.parts.components.columns import Column
from pages.parts.components.tables import table
from pages.parts.components.text import known, plain, t
from pages.parts.entry.context import PageContext

JOBS = (
    Column("job", "job_list.job", "text", pinned=True, width="medium"),
    Column("state", "admin.state", "state", words="job_state"),
    Column("every", "job_list.every", "text"),
    Column("next_at", "job_list.next_at", "moment"),
    Column("began_at", "job_list.began_at", "moment"),
    Column("result", "job_list.result", "text", width="large"),
    Column("runner", "job_list.runner", "text"),
)
EVERY = {
    1: "job_list.every_second",
    5: "job_list.every_seconds",
    60: "job_list.every_minute",
    3600: "job_list.every_hour",
}


def jobs(page: PageContext) -> None:
    """The jobs in their order."""
    st.caption(t("job_list.note"))
    frame = service.jobs(page.database, page.actor, page.now)
    shown = frame.assign(
        job=[plain(f"job.{name}") for name in frame["name"]],
        every=[plain(EVERY.get(seconds, "job_list.every_night")) for seconds in frame["every_s"]],
        result=[_result(row) for _, row in frame.iterrows()],
    )
    table(shown.set_index("name", drop=False), JOBS, key="jobs", export="jobs")


def _result(row: pd.Series) -> str:
    """What the last run came to, in words."""
    if row["state"] == "never":
        return ""
    if row["error_id"]:
        return plain("errors.access.unexpected", error_id=row["error_id"])
    if row["fault"]:
        key = f"job_fault.{row['fault']}"
        return plain(key) if known(key) else str(row["fault"])
    return plain(f"job_result.{row['name']}", n=int(row["done"]))
