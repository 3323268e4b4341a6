"""Stickiness: how often those come who come at all, from what people touched in the shop."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import select

from core import clock
from core.access import Actor, allow
from core.audience import life
from core.database import Database, read
from core.settings import settings
from core.warmup.tables import warmup_touch
from core.warmup.touches import SLOT_MS


@dataclass(frozen=True, slots=True)
class Stickiness:
    """Mean daily over monthly active people of the life.WINDOW business days up to `last_day`, and the monthly number."""

    last_day: date
    rate: float
    people: int


def stickiness(db: Database, actor: Actor, *, now: datetime) -> Stickiness | None:
    """As of yesterday, the last whole day; active is who viewed, favourited, carted, claimed or reserved as a known
    person; while a sale runs only what the books of the warm-up keep. None where nobody was."""
    allow(actor, "audience.view")
    zone = settings().timezone
    last = clock.business_day(now, zone) - timedelta(days=1)
    since, until = (
        clock.day_start(day, zone)
        for day in (last - timedelta(days=life.WINDOW - 1), last + timedelta(days=1))
    )
    slot = warmup_touch.c.slot
    query = (
        select(warmup_touch.c.user_key, slot)
        .where(slot >= _slot(since), slot < _slot(until), warmup_touch.c.user_key != "")
        .distinct()
    )
    with db.reading() as connection:
        touched = read(connection, query)
    moments = pd.to_datetime(touched["slot"] * SLOT_MS, unit="ms", utc=True)
    active = touched.assign(day=clock.local_naive(moments, zone).dt.normalize())[["user_key", "day"]]
    rate, people = life.stickiness(active, pd.Timestamp(last))
    return Stickiness(last, rate, people) if people else None


def _slot(moment: datetime) -> int:
    return int(moment.timestamp() * 1000) // SLOT_MS
