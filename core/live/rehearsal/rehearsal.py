"""Rehearsals: a throw-away copy of a campaign, played by generated or past events at any speed, with alerts
marked as drill.

The copy keeps the sale's own dates; its clock is run instead (`moment_of`). It borrows plan, goods and prices
of the original and moves no stock.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, audit
from core.campaign import service as campaigns
from core.campaign.pace import share_at
from core.campaign.tables import campaign, campaign_phase
from core.database import Database, insert, new_id, one, read
from core.database.locks import alone, one_at_a_time
from core.errors import ShopError
from core.live import tables
from core.live.intake.batches import in_batches, take
from core.live.rehearsal.generator import MOST_ORDERS, Night, minute
from core.live.snapshot import scope as scopes
from core.live.snapshot.snapshot import Scope
from core.ttl_cache import TtlCache

LAST = timedelta(seconds=1)  # of the sale, at which a rehearsal's picture stands still

SLOWEST, FASTEST = 1.0, 3_600.0
MOST_MINUTES = 30  # of the sale that one round plays
MOST_PAST = 500_000  # events of a past sale that are replayed
_nights: TtlCache[Any] = TtlCache(600)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """One running rehearsal."""

    campaign_id: str
    started_at: datetime
    begins_at: datetime
    speed: float
    scale: float
    course: float
    past_id: str
    played_to_ms: int

    def moment(self, now: datetime) -> datetime:
        """Sale time at a real moment."""
        return self.begins_at + (now - self.started_at) * self.speed


def find(connection: Connection, campaign_id: str) -> Rehearsal | None:
    """The rehearsal of that campaign id, if it is one."""
    row = one(connection, select(tables.rehearsal).where(tables.rehearsal.c.campaign_id == campaign_id))
    return Rehearsal(**row) if row else None


def of_campaign(db: Database, actor: Actor, campaign_id: str) -> Rehearsal | None:
    """As `find`, for pages."""
    allow(actor, "campaign.view")
    with db.reading() as connection:
        return find(connection, campaign_id)


def moment_of(
    connection: Connection, campaign_id: str, now: datetime, *, short: timedelta = timedelta(0)
) -> datetime:
    """Sale time: the present moment, or the rehearsal's own, which stops at the sale's close, or `short` of
    it."""
    running = find(connection, campaign_id)
    if running is None:
        return now
    closes = connection.scalar(select(campaign.c.closes_at).where(campaign.c.campaign_id == campaign_id))
    return min(running.moment(now), (closes or now) - short)


def moment(db: Database, actor: Actor, campaign_id: str, now: datetime) -> datetime:
    """As `moment_of`, for pages: a rehearsal that is over keeps its last picture, for at the close itself the
    next phase begins."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return moment_of(connection, campaign_id, now, short=LAST)


class Play(NamedTuple):
    """How a rehearsal goes: `speed` sale minutes a real minute; `course`, how well the made-up night goes (1 = on
    plan); `past_id`, the sale whose events are replayed instead."""

    speed: float = 60.0
    course: float = 1.0
    past_id: str = ""


ON_PLAN = Play()


def start(db: Database, actor: Actor, campaign_id: str, now: datetime, *, play: Play = ON_PLAN) -> str:
    """Copies the campaign and starts its clock at the opening of its first live phase; returns the copy's id.

    ShopError("live.bad_speed" | "live.no_plan" | "live.no_goods" |
    "live.no_past" | "campaign.unknown").
    """
    allow(actor, "live.act")
    speed, course, past_id = play
    if not SLOWEST <= speed <= FASTEST:
        raise ShopError("live.bad_speed", slowest=SLOWEST, fastest=FASTEST)
    copy = new_id()
    with db.writing() as connection:
        mine = campaigns.standing(connection, campaign_id)
        opening = scopes.phase_of(mine, mine.opens_at).starts_at
        scope = scopes.scope(connection, scopes.base_of(mine), opening)
        _require(connection, scope, past_id)
        orders = scope.target / max(scope.aov, 1)
        scale = 1.0 if past_id else min(1.0, MOST_ORDERS / max(orders, 1))
        _copy_campaign(connection, actor, mine, copy, now)
        row = {
            "campaign_id": copy,
            "started_at": now,
            "begins_at": opening,
            "speed": speed,
            "scale": scale,
            "course": course,
        }
        insert(
            connection,
            tables.rehearsal,
            pd.DataFrame([row | {"past_id": past_id, "played_to_ms": _ms(opening)}]),
        )
        facts = {"of": campaign_id, "speed": speed, "course": course}
        audit.record(connection, actor, now, "live.rehearse", copy, None, facts)
    return copy


def _copy_campaign(
    connection: Connection, actor: Actor, mine: campaigns.Campaign, copy: str, now: datetime
) -> None:
    """The campaign and its phases under another id, named after the moment."""
    row = {
        "campaign_id": copy,
        "name": f"{mine.name} · {now.astimezone(clock.zone(mine.timezone)):%m-%d %H:%M:%S}",
        "timezone": mine.timezone,
        "opens_at": mine.opens_at,
        "closes_at": mine.closes_at,
        "rehearsal_of": scopes.base_of(mine),
        "created_at": now,
        "account": actor.name,
    }
    insert(connection, campaign, pd.DataFrame([row]))
    names = ("phase_id", "kind", "name", "starts_at", "ends_at")
    phases = [{name: getattr(phase, name) for name in names} for phase in mine.phases]
    insert(connection, campaign_phase, pd.DataFrame(phases).assign(campaign_id=copy))


def _require(connection: Connection, scope: Scope, past_id: str) -> None:
    if not scope.target:
        raise ShopError("live.no_plan", campaign_id=scope.campaign_id)
    if past_id and not connection.scalar(
        select(func.count())
        .select_from(tables.sale_minute)
        .where(tables.sale_minute.c.campaign_id == past_id)
    ):
        raise ShopError("live.no_past", campaign_id=past_id)
    if not past_id and scopes.lineup(connection, scope.campaign_id).empty:
        raise ShopError("live.no_goods", campaign_id=scope.campaign_id)


def play(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int:
    """Posts the events of a rehearsal that are due by now, at most MOST_MINUTES of the sale at once; returns
    how many: 0 where another process is at it. One player at a time, who reads how far it is inside the lock:
    two servers play each minute once."""
    allow(actor, "live.intake")
    with alone(db, "rehearsal") as held:
        return _play(db, actor, campaign_id, now) if held else 0


def _play(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int:
    with db.reading() as connection:
        running = find(connection, campaign_id)
        if running is None:
            raise ShopError("live.no_rehearsal", campaign_id=campaign_id)
        until = moment_of(connection, campaign_id, now)
    end = min(_ms(until), running.played_to_ms + MOST_MINUTES * 60_000)
    whole = running.played_to_ms + (end - running.played_to_ms) // 60_000 * 60_000
    if whole <= running.played_to_ms:
        return 0
    events = _due(db, running, running.played_to_ms, whole)
    source = f"rehearsal:{campaign_id}"
    for batch in in_batches(events):
        take(db, actor, source, batch, now, campaign_id=campaign_id)
    with db.writing() as connection:
        connection.execute(
            tables.rehearsal.update()
            .where(tables.rehearsal.c.campaign_id == campaign_id)
            .values(played_to_ms=whole)
        )
    return len(events)


def round_of(db: Database, now: datetime) -> int:
    """Plays every running rehearsal; returns how many events were posted. For the server's scheduler."""
    with db.reading() as connection:
        names = list(connection.scalars(select(tables.rehearsal.c.campaign_id)))
    return sum(play(db, Actor("rehearsal", "campaign_lead", "http"), name, now) for name in names)


def _due(db: Database, found: Rehearsal, start_ms: int, end_ms: int) -> list[dict[str, object]]:
    if found.past_id:
        return _replayed(db, found, start_ms, end_ms)
    scope, night = _nights.get((db.url, found.campaign_id), lambda: _night(db, found))
    first = _ms(scope.starts_at)
    with db.reading() as connection:
        left = scopes.free(connection, scope, night.codes)
    out: list[dict[str, object]] = []
    for at in range(start_ms, end_ms, 60_000):
        number = (at - first) // 60_000
        part = float(share_at(scope.curve, number + 1) - share_at(scope.curve, number))
        out += minute(night, number, at, part * scope.target * found.course, left)
    return out


def _night(db: Database, found: Rehearsal) -> tuple[Scope, Night]:
    """The scope (already of the drill's scale) and what a minute is made of."""
    with db.reading() as connection:
        scope = scopes.scope(connection, found.campaign_id, found.begins_at)
        lineup = scopes.lineup(connection, found.campaign_id)
    price = lineup["landed_price"].fillna(lineup["sale_price"]).fillna(9_900).astype("int64").clip(lower=1)
    push = lineup["tier"].map({"pre_hot": 6.0, "main_push": 8.0, "clearance": 0.5}).fillna(1.0)
    plan = lineup["planned_units"].astype("Float64").fillna(0).astype(float)
    weights = (
        plan if plan.sum() > 0 else push / (1 + pd.Series(range(len(lineup)), index=lineup.index) * 0.02)
    )
    channels = scope.channels["gmv"] if len(scope.channels) else pd.Series({"": 1.0})
    views = 1 / scope.conversion_rate if scope.conversion_rate else 10.0
    night = Night(
        [str(code) for code in lineup.index],
        weights.tolist(),
        price.tolist(),
        [str(name) for name in channels.index],
        channels.tolist(),
        scope.aov,
        min(views, 40.0),
        11,
    )
    return scope, night


def _replayed(db: Database, found: Rehearsal, start_ms: int, end_ms: int) -> list[dict[str, object]]:
    """The past sale's events of the same minutes after its opening, moved to this sale's time."""
    past, opened = _nights.get((db.url, found.past_id, "past"), lambda: _past(db, found.past_id))
    shift = _ms(found.begins_at) - opened
    part = past[(past["at_ms"] >= start_ms - shift) & (past["at_ms"] < end_ms - shift)]
    moments = (part["at_ms"] + shift).map(lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat())
    return list(part.drop(columns="at_ms").assign(at=moments).to_dict("records"))


def _past(db: Database, past_id: str) -> tuple[pd.DataFrame, int]:
    e = tables.event.c
    names = (
        "event_id",
        "kind",
        "at_ms",
        "sku_code",
        "user_key",
        "order_id",
        "quantity",
        "amount_fen",
        "channel",
    )
    with db.reading() as connection:
        mine = campaigns.standing(connection, past_id)
        query = (
            select(*(e[name] for name in names))
            .where(e.campaign_id == past_id, e.waits_for == "")
            .limit(MOST_PAST)
        )
        return read(connection, query).sort_values("at_ms"), _ms(
            scopes.phase_of(mine, mine.opens_at).starts_at
        )


def running(db: Database, actor: Actor) -> pd.DataFrame:
    """The running rehearsals: campaign_id, name, rehearsal_of, started_at, speed, course, past_id."""
    allow(actor, "live.view")
    r, c = tables.rehearsal.c, campaign.c
    query = select(r.campaign_id, c.name, c.rehearsal_of, r.started_at, r.speed, r.course, r.past_id)
    query = query.join(campaign, c.campaign_id == r.campaign_id)
    with db.reading() as connection:
        return read(connection, query.order_by(r.started_at.desc()))


def drop(db: Database, actor: Actor, campaign_id: str, now: datetime) -> None:
    """Throws a rehearsal away with everything it left behind. ShopError("live.no_rehearsal") for a real
    campaign."""
    allow(actor, "live.act")
    source = f"rehearsal:{campaign_id}"
    own = [
        tables.event,
        tables.sale_line,
        tables.sale_sku,
        tables.sale_minute,
        tables.sale_minute_kind,
        tables.live_recount,
        tables.alert_rule,
        tables.alert,
        tables.alert_tick,
        tables.decision,
        tables.rehearsal,
        campaign_phase,
        campaign,
    ]
    with db.writing() as connection:
        if find(connection, campaign_id) is None:
            raise ShopError("live.no_rehearsal", campaign_id=campaign_id)
        one_at_a_time(connection, "events")  # its last batch may still be on the way in
        series = tables.sale_series.c
        numbers = select(series.series_id).where(series.campaign_id == campaign_id)
        for table in (tables.sale_sku_kind, tables.sale_sku_minute, tables.person_seen):
            connection.execute(table.delete().where(table.c.series_id.in_(numbers)))
        for table in (tables.sale_series, *own):
            connection.execute(table.delete().where(table.c.campaign_id == campaign_id))
        for table in (tables.intake_tally, tables.intake_refusal):
            connection.execute(table.delete().where(table.c.source == source))
        audit.record(connection, actor, now, "live.rehearse_end", campaign_id)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
