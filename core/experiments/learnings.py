"""What may be asked of learnings: kept with their effect and how long they hold, found again by words, Chinese too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

import pandas as pd
from sqlalchemy import Connection, select

from core import clock
from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.tables import campaign
from core.campaign.target import FACTORS
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.experiments import finding
from core.experiments.statistics.verdict import VERDICTS
from core.experiments.tables import idea, learning
from core.settings import settings

SEARCHED = ("title", "detail", "scope", "tag_words", "campaign")


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was learnt, on which factor, where, with which verdict and effect (in the metric's unit: a share, or
    fen), until when it holds, and its tags."""

    title: str
    factor: str
    verdict: str
    detail: str = ""
    scope: str = ""
    metric: str = ""
    effect: float | None = None
    low: float | None = None
    high: float | None = None
    valid_until: date | None = None
    tags: tuple[str, ...] = ()
    experiment_id: str = ""


def search(db: Database, actor: Actor, query: str = "", factor: str = "") -> pd.DataFrame:
    """Learnings of every campaign, the best match first, without a query the newest: the stored fields, campaign
    (its name), tag_words."""
    allow(actor, "review.view")
    with db.reading() as connection:
        frame = standing(connection)
    return finding.ordered(frame[frame["factor"] == factor] if factor else frame, SEARCHED, query)


def about(db: Database, actor: Actor, topic: str, now: datetime) -> pd.DataFrame:
    """As `search`: what still holds and names the subject of a form (finding.TOPICS), the newest first."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return finding.about(_holding(standing(connection), now), SEARCHED, topic)


def to_repeat(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """As `search`: what won in another campaign, still holds and is no idea yet: candidates for this one."""
    allow(actor, "review.view")
    with db.reading() as connection:
        frame = _holding(standing(connection), now)
        ideas = set(read(connection, select(idea.c.title))["title"])
    won = (frame["verdict"] == "win") & (frame["campaign_id"] != campaign_id)
    return frame[won & ~frame["title"].isin(ideas)]


def _holding(frame: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """Without what has run out by the shop's day."""
    today = clock.business_day(now, settings().timezone).isoformat()
    return frame[(frame["valid_until"] == "") | (frame["valid_until"] >= today)]


def standing(connection: Connection) -> pd.DataFrame:
    """As `search` without a query, inside the caller's transaction."""
    own = [column for column in learning.columns if column.name != "account"]
    joined = learning.join(campaign, campaign.c.campaign_id == learning.c.campaign_id)
    query = select(*own, campaign.c.name.label("campaign")).select_from(joined)
    frame = read(connection, query.order_by(learning.c.at.desc(), learning.c.learning_id))
    return frame.assign(tag_words=frame["tags"].map(lambda tags: " ".join(tags)).astype("str"))


def keep(db: Database, actor: Actor, campaign_id: str, lesson: Lesson, now: datetime) -> str:
    """Keeps a learning; returns its id. ShopError("experiments.no_title" | "experiments.factor" |
    "experiments.lesson" | "campaign.unknown")."""
    allow(actor, "experiment.edit")
    with db.writing() as connection:
        return enter(connection, actor, campaign_id, lesson, now)


def enter(connection: Connection, actor: Actor, campaign_id: str, lesson: Lesson, now: datetime) -> str:
    """As `keep`, inside the caller's transaction."""
    row, learning_id = _checked(lesson), new_id()
    campaigns.standing(connection, campaign_id)
    named = {"learning_id": learning_id, "campaign_id": campaign_id, "account": actor.name, "at": now}
    insert(connection, learning, pd.DataFrame([{**row, **named}]))
    audit.record(connection, actor, now, "experiment.learn", learning_id, None, dict(row))
    return learning_id


def _checked(lesson: Lesson) -> Mapping[str, object]:
    if not lesson.title.strip():
        raise ShopError("experiments.no_title")
    if lesson.factor not in FACTORS:
        raise ShopError("experiments.factor", factor=lesson.factor)
    if lesson.verdict not in VERDICTS or not _whole(lesson):
        raise ShopError("experiments.lesson")
    return {
        "title": lesson.title.strip(),
        "factor": lesson.factor,
        "verdict": lesson.verdict,
        "detail": lesson.detail.strip(),
        "scope": lesson.scope.strip(),
        "metric": lesson.metric,
        "effect": lesson.effect,
        "low": lesson.low,
        "high": lesson.high,
        "valid_until": lesson.valid_until.isoformat() if lesson.valid_until else "",
        "tags": [tag.strip() for tag in lesson.tags if tag.strip()],
        "experiment_id": lesson.experiment_id,
    }


def _whole(lesson: Lesson) -> bool:
    """An effect comes with its interval around it, or neither comes."""
    if lesson.effect is None or lesson.low is None or lesson.high is None:
        return lesson.effect is lesson.low is lesson.high is None
    return lesson.low <= lesson.effect <= lesson.high
