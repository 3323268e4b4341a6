"""The hourly report of running sales, into the channels of messages: where the sale is, where it goes, what rings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core import clock
from core.campaign.tables import campaign
from core.database import Database
from core.live.snapshot import service
from core.live.snapshot.snapshot import Picture
from core.live.tables import alert, sale_minute_kind
from core.notify import post, taking, told
from core.notify.words import Said, say
from core.settings import settings

LEVEL = "info"


@dataclass(frozen=True, slots=True)
class Hour:
    """What a report says beyond the picture: the last hour's payments (fen), alerts that ring, goods sold out and
    running short."""

    paid: int
    ringing: int
    sold_out: int
    tight: int


def report_all(db: Database, now: datetime) -> int:
    """Queues one report for each running sale that has none of this hour; how many. Rehearsals have none."""
    c = campaign.c
    on = (c.opens_at < now) & (c.closes_at >= now) & c.archived.is_(False) & (c.rehearsal_of == "")
    with db.reading() as connection:
        names = list(connection.scalars(select(c.campaign_id).where(on))) if taking(connection, LEVEL) else []
    return sum(_report(db, name, now) for name in names)


def _report(db: Database, campaign_id: str, now: datetime) -> bool:
    view = service.draw(db, campaign_id, now, costs=False)
    key = f"live:{campaign_id}:hour:{clock.epoch_minute(now) // 60}"
    with db.writing() as connection:
        if told(connection, [key]):
            return False
        hour = _hour(connection, view)
        return bool(post(connection, now, lambda language: words(view, hour, language), LEVEL, key))


def _hour(connection: Connection, view: Picture) -> Hour:
    m = sale_minute_kind.c
    last = clock.epoch_minute(view.at)
    recent = (m.minute > last - 60) & (m.minute <= last) & (m.kind == "pay")
    paid = select(func.sum(m.amount_fen)).where(m.campaign_id == view.scope.campaign_id, recent)
    ringing = select(func.count()).where(
        alert.c.campaign_id == view.scope.campaign_id, alert.c.state == "firing"
    )
    labels = view.goods["label"].value_counts()
    return Hour(
        int(connection.scalar(paid) or 0),
        int(connection.scalar(ringing) or 0),
        int(labels.get("sold_out", 0)),
        int(labels.get("tight", 0)),
    )


def words(view: Picture, hour: Hour, language: str) -> tuple[str, str]:
    """Title and text of the report. Pure."""
    at = clock.on_the_clock(view.at, view.scope.timezone)
    title = say(language, "message.hour.title", sale=view.scope.name, at=at)
    share = view.paid / view.scope.target if view.scope.target else 0.0
    lines = [
        say(
            language,
            "message.hour.paid",
            paid=view.paid,
            target=view.scope.target,
            share=share,
            hour=hour.paid,
        ),
        _outlook(view, language),
        say(language, "message.hour.open", ringing=hour.ringing, sold_out=hour.sold_out, tight=hour.tight),
    ]
    home = settings().public_url.rstrip("/")
    link = Said(f"{home}/live?campaign={view.scope.campaign_id}")
    return title, "\n".join([*lines, *([say(language, "message.link", link=link)] if home else [])])


def _outlook(view: Picture, language: str) -> Said:
    """Pace and forecast; without a forecast the pace alone, without a plan that nothing can be said of either."""
    if view.pace is None:
        return say(language, "message.hour.no_pace")
    facts = {"planned": view.planned, "pace": view.pace}
    if view.forecast.close is None:
        return say(language, "message.hour.pace", **facts)
    return say(language, "message.hour.forecast", **facts, close=view.forecast.close)
