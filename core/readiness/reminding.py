"""Who is told of which task today: once a day and task, by the button, the server's scheduler or a schedule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from functools import partial

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign
from core.clock import zone
from core.database import Database
from core.database.locks import one_at_a_time
from core.notify import post, taking, told
from core.notify.words import SENTENCE, say, shown
from core.readiness import rules
from core.readiness.service import standing

LEVEL = "info"
FROM_HOUR = 9  # of the campaign's day: nobody is reminded of a task at midnight
AFTER = timedelta(days=14)  # tasks of the sale's end are followed up this long


def reminders(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """Tasks that people must be told of today (`rules.reminders`). ShopError("campaign.unknown")."""
    allow(actor, "readiness.view")
    with db.reading() as connection:
        board = standing(connection, campaign_id, now)
    return rules.reminders(board.tasks, board.today)


def remind(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int:
    """Queues one message for each task to be told of today that nobody was told of today; returns how many
    tasks.

    Whoever asks again on the same day, from whichever process, sends nothing twice.
    ShopError("campaign.unknown").
    """
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        one_at_a_time(connection, f"readiness:remind:{campaign_id}")
        rows = _untold(connection, campaign_id, now).to_dict("records")
        sent = [
            str(row["task_id"])
            for row in rows
            if post(connection, now, partial(_words, row), LEVEL, row["key"])
        ]
        if sent:
            audit.record(connection, actor, now, "readiness.remind", campaign_id, None, {"tasks": sent})
    return len(sent)


def remind_all(db: Database, actor: Actor, now: datetime) -> int:
    """As `remind`, for every campaign that is being prepared or has just closed, from FROM_HOUR of its own
    day on."""
    allow(actor, "readiness.edit")
    c = campaign.c
    current = (c.archived.is_(False)) & (c.rehearsal_of == "") & (c.closes_at > now - AFTER)
    with db.reading() as connection:  # a day on which all is told costs no write lock
        rows = (
            connection.execute(select(c.campaign_id, c.timezone).where(current)).all()
            if taking(connection, LEVEL)
            else []
        )
        awake = [str(row.campaign_id) for row in rows if now.astimezone(zone(row.timezone)).hour >= FROM_HOUR]
        due = [campaign_id for campaign_id in awake if len(_untold(connection, campaign_id, now))]
    return sum(remind(db, actor, campaign_id, now) for campaign_id in due)


def _untold(connection: Connection, campaign_id: str, now: datetime) -> pd.DataFrame:
    """Today's reminders without those told today: as `rules.reminders`, and `key` of each one's message and
    the `sale`'s name."""
    board = standing(connection, campaign_id, now)
    rows = rules.reminders(board.tasks, board.today)
    rows = rows.assign(
        key=f"readiness:{campaign_id}:{board.today}:" + rows["task_id"].astype("str"),
        sale=board.campaign.name,
    )
    return rows[~rows["key"].isin(told(connection, rows["key"].tolist()))]


def _words(row: Mapping[Hashable, object], language: str) -> tuple[str, str]:
    """Title and text of one task's reminder."""
    title = say(
        language, "message.task_title", **{name: row[name] for name in ("sale", "department", "cause")}
    )
    parts = [shown(row["title"], SENTENCE), say(language, "message.task_due", due_on=row["due_on"])]
    more = {name: shown(row[name], SENTENCE) for name in ("owner", "reason") if row[name]}
    return title, "\n".join(
        [*parts, *(say(language, f"message.task_{name}", **{name: text}) for name, text in more.items())]
    )
