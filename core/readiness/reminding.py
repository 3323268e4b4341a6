"""Who is told of which task today: once a day and task, by the button, the server's rounds or a schedule."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign.tables import campaign
from core.clock import zone
from core.database import Database
from core.database.locks import one_at_a_time
from core.notify import post, taking, told
from core.readiness import rules
from core.readiness.service import standing

LEVEL = "info"
FROM_HOUR = 9  # of the campaign's day: nobody is reminded of a task at midnight
AFTER = timedelta(days=14)  # tasks of the sale's end are followed up this long
CAUSES = {"overdue": "逾期 overdue", "blocked": "受阻 blocked", "soon": "快到期 due soon"}
DEPARTMENTS = {  # a group robot's message is read by everybody: both languages
    "mall": "商城 mall", "operations": "运营 operations", "marketing": "推广 marketing", "design": "设计 design",
    "technology": "技术 technology", "customer_service": "客服 service", "logistics": "物流 logistics", "finance": "财务 finance",
}  # fmt: skip


def reminders(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """Tasks that people must be told of today (`rules.reminders`). ShopError("campaign.unknown")."""
    allow(actor, "readiness.view")
    with db.reading() as connection:
        found = standing(connection, campaign_id, now)
    return rules.reminders(found.tasks, found.today)


def remind(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int:
    """Queues one message for each task to be told of today that nobody was told of today; returns how many tasks.

    Whoever asks again on the same day, from whichever process, sends nothing twice. ShopError("campaign.unknown").
    """
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        one_at_a_time(connection, f"readiness:remind:{campaign_id}")
        rows = _untold(connection, campaign_id, now).to_dict("records")
        sent = [str(row["task_id"]) for row in rows if post(connection, now, row["subject"], _body(row), LEVEL, row["key"])]
        if sent:
            audit.record(connection, actor, now, "readiness.remind", campaign_id, None, {"tasks": sent})
    return len(sent)


def remind_all(db: Database, actor: Actor, now: datetime) -> int:
    """As `remind`, for every campaign that is being prepared or has just closed, from FROM_HOUR of its own day on."""
    allow(actor, "readiness.edit")
    c = campaign.c
    current = (c.archived.is_(False)) & (c.rehearsal_of == "") & (c.closes_at > now - AFTER)
    with db.reading() as connection:  # a day on which all is told costs no write lock
        rows = connection.execute(select(c.campaign_id, c.timezone).where(current)).all() if taking(connection, LEVEL) else []
        awake = [str(row.campaign_id) for row in rows if now.astimezone(zone(row.timezone)).hour >= FROM_HOUR]
        due = [campaign_id for campaign_id in awake if len(_untold(connection, campaign_id, now))]
    return sum(remind(db, actor, campaign_id, now) for campaign_id in due)


def _untold(connection: Connection, campaign_id: str, now: datetime) -> pd.DataFrame:
    """Today's reminders without those told today: as `rules.reminders`, and `key` and `subject` of each one's message."""
    found = standing(connection, campaign_id, now)
    rows = rules.reminders(found.tasks, found.today)
    departments = rows["department"].map(DEPARTMENTS).fillna(rows["department"]).astype("str")
    rows = rows.assign(
        key=f"readiness:{campaign_id}:{found.today}:" + rows["task_id"].astype("str"),
        subject=f"{found.campaign.name} · " + departments + " · " + rows["cause"].map(CAUSES).astype("str"),
    )
    return rows[~rows["key"].isin(told(connection, rows["key"].tolist()))]


def _body(row: Mapping[Hashable, Any]) -> str:
    return " · ".join(str(part) for part in (row["title"], row["owner"], row["due_on"], row["reason"]) if part)
