"""What people write down for the next sale, beside what the figures say by themselves."""

from __future__ import annotations

from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, delete, select

from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.database import Database, insert, new_id, one, read
from core.errors import ShopError
from core.review.tables import review_lesson

LONGEST = 500  # letters of a lesson


def lessons(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """A campaign's lessons, oldest first: lesson_id, text, account, at."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return written(connection, campaign_id)


def written(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """As `lessons`, inside the caller's transaction."""
    r = review_lesson.c
    query = select(r.lesson_id, r.text, r.account, r.at).where(r.campaign_id == campaign_id)
    return read(connection, query.order_by(r.at, r.lesson_id))


def write(db: Database, actor: Actor, campaign_id: str, text: str, now: datetime) -> str:
    """Adds a lesson; returns its id. ShopError("review.lesson" | "campaign.unknown")."""
    allow(actor, "review.edit")
    words = text.strip()
    if not words or len(words) > LONGEST:
        raise ShopError("review.lesson", longest=LONGEST)
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        lesson_id = new_id()
        row = {"campaign_id": campaign_id, "lesson_id": lesson_id, "text": words}
        insert(connection, review_lesson, pd.DataFrame([row | {"account": actor.name, "at": now}]))
        audit.record(connection, actor, now, "review.lesson", campaign_id, None, words)
    return lesson_id


def drop(db: Database, actor: Actor, campaign_id: str, lesson_id: str, now: datetime) -> None:
    """Takes a lesson off. ShopError("review.no_lesson")."""
    allow(actor, "review.edit")
    r = review_lesson.c
    mine = (r.campaign_id == campaign_id) & (r.lesson_id == lesson_id)
    with db.writing() as connection:
        before = one(connection, select(r.text).where(mine))
        if before is None:
            raise ShopError("review.no_lesson")
        connection.execute(delete(review_lesson).where(mine))
        audit.record(connection, actor, now, "review.lesson", campaign_id, before["text"], None)
