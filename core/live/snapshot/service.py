"""The live picture of a minute: one call for the page, the wall and the command line; its cost does not grow
with the events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, allowed
from core.campaign import pace as pacing
from core.campaign import service as campaigns
from core.campaign.pace import BIN, Curve, share_at
from core.campaign.service import Campaign
from core.database import Database, upsert
from core.live.ledger import recount
from core.live.snapshot import forecast, gap_factors, queries, rollups, snapshot
from core.live.snapshot import scope as scopes
from core.live.snapshot.cache import forget as forget
from core.live.snapshot.cache import live_cache
from core.live.snapshot.snapshot import Picture, Scope
from core.live.tables import live_recount
from core.signals.tables import daily_signal
from core.stock import service as stock
from core.ttl_cache import TtlCache

FRESH_S, SLOW_S = 1.0, 60.0  # how old a shared picture and its slow parts may be
REFUND_DAYS = 90  # reported days behind the expected refund rate


@dataclass(frozen=True, slots=True)
class Slow:
    """What changes by the hour or costs more than a refresh may: plan, curve, prices, arrivals, attach rate,
    refund rate."""

    scope: Scope
    course: snapshot.Course
    lineup: Callable[[tuple[str, ...], bool], pd.DataFrame]  # the goods of these codes, as `picture.aligned`
    attach: tuple[int, int]
    refund_rate: float | None


_pictures: TtlCache[Picture] = live_cache(FRESH_S)
_campaigns: TtlCache[Campaign] = live_cache(SLOW_S)
_slow: TtlCache[Slow] = live_cache(SLOW_S)


def load(db: Database, actor: Actor, campaign_id: str, at: datetime, *, live: bool = False) -> Picture:
    """The picture at a moment (aware). `live`: the running minute, shared for FRESH_S seconds by everybody
    who looks.

    Costs are left out for those who may not see margins. ShopError("campaign.unknown").
    """
    allow(actor, "live.view")
    costs = allowed(actor, "margin.view")
    if live:
        return running(db, campaign_id, at, costs=costs)
    return _pictures.get((db.url, campaign_id, costs, at), lambda: draw(db, campaign_id, at, costs=costs))


def running(db: Database, campaign_id: str, at: datetime, *, costs: bool) -> Picture:
    """The picture of the running minute, shared for FRESH_S seconds, for other services of this package: they
    ask first who looks."""
    return _pictures.get((db.url, campaign_id, costs), lambda: draw(db, campaign_id, at, costs=costs))


def draw(db: Database, campaign_id: str, at: datetime, *, costs: bool = True) -> Picture:
    """The picture for other services of this package: they ask first who looks. `costs`: with what only some may
    see."""
    with db.reading() as connection:
        mine = _campaigns.get((db.url, campaign_id), lambda: campaigns.standing(connection, campaign_id))
        key = db.url, campaign_id, scopes.phase_of(mine, at).phase_id
        parts = _slow.get(key, lambda: _slow_parts(connection, campaign_id, at))
        return _assemble(connection, parts, at, costs)


def _slow_parts(connection: Connection, campaign_id: str, at: datetime) -> Slow:
    scope = scopes.scope(connection, campaign_id, at)
    base = scopes.base_of(campaigns.standing(connection, campaign_id))
    known = scopes.lineup(connection, campaign_id)
    others = scopes.sold_besides(connection, campaign_id, known.index)
    known = (
        known.reindex(known.index.append(others.index))
        .fillna({"name": others["name"], "spec": others["spec"]})
        .join(next_arrivals(connection, scopes.opening_day(scope) if scope.drill else ""), how="left")
    )
    return Slow(
        scope,
        snapshot.Course.of(scope),
        lru_cache(maxsize=4)(partial(snapshot.aligned, known)),
        rollups.attach(connection, campaign_id, base),
        refund_rate(connection),
    )


def curves(db: Database, actor: Actor, campaign_id: str) -> dict[str, Curve]:
    """The shop's own pace curves by phase id, for laying a plan out (`planning.set_target`); empty while it
    has no past sale."""
    allow(actor, "live.view")
    with db.reading() as connection:
        return scopes.own_curves(connection, campaign_id)


def refund_rate(connection: Connection) -> float | None:
    """Refunded over paid in the last REFUND_DAYS reported days; None where no report speaks of both."""
    t = daily_signal.c
    last = connection.scalar(select(func.max(t.day)))
    if last is None:
        return None
    sums = select(func.sum(t.refund_amount), func.sum(t.paid_amount))
    refunded, paid = connection.execute(sums.where(t.day > last - timedelta(days=REFUND_DAYS))).one()
    return min(1.0, float(refunded) / float(paid)) if refunded is not None and paid else None


def next_arrivals(connection: Connection, since: str = "") -> pd.DataFrame:
    """The next dated receipt of each SKU, from the ISO day `since` on: next_on (ISO day), next_units, indexed by
    sku_code."""
    coming = stock.arrivals(connection)
    dated = (coming["expected_on"] != "") & (coming["expected_on"] >= since)
    coming = coming[dated & (coming["quantity"] > 0)].sort_values(["sku_code", "expected_on"])
    first = coming.drop_duplicates("sku_code").set_index("sku_code")
    return first.rename(columns={"expected_on": "next_on", "quantity": "next_units"})


def _assemble(connection: Connection, slow: Slow, at: datetime, costs: bool) -> Picture:
    scope, course, now = slow.scope, slow.course, clock.epoch_minute(at)
    name, minutes = scope.campaign_id, (min(at, scope.ends_at) - scope.starts_at).total_seconds() / 60
    share = float(share_at(scope.curve, minutes))
    first, last = scope.first, min(scope.last, now - (1 if at.second == 0 and at.microsecond == 0 else 0))
    state = queries.state(connection, name, now)
    bins, by_channel = queries.paid(connection, name, first, last, len(course.edges) - 1)
    people = queries.people(connection, name, first, last)
    sold = queries.goods(connection, name, first, last, state)
    placed, paid, refunded = sold.amounts()
    visitors, buyers = (sum(figures[role] for figures in people.values()) for role in (0, 1))
    planned = round(scope.target * share)
    outlook = forecast.forecast(paid, share, _errors(scope, minutes), minutes)
    left = _left(connection, scope, sold.codes, last, state)
    goods = snapshot.goods_table(scope, sold, left, slow.lineup(sold.codes, costs), share)
    heroes, attached = slow.attach
    actual = snapshot.actual_channels(people, by_channel)
    return Picture(
        scope=scope,
        at=at,
        minutes=max(minutes, 0.0),
        share=share,
        placed=placed,
        paid=paid,
        refunded=refunded,
        net=paid - refunded,
        expected_net=None if slow.refund_rate is None else round(paid * (1 - slow.refund_rate)),
        units=int(sold.sums[:, queries.PAID].sum()),
        visitors=visitors,
        buyers=buyers,
        conversion_rate=buyers / visitors if visitors else None,
        aov=round(paid / buyers) if buyers else None,
        planned=planned,
        pace=paid / planned if planned else None,
        forecast=outlook,
        needed_rate=forecast.needed_rate(paid, scope.target, share),
        speed=snapshot.speed(scope, course, bins, max(minutes, 0.0)) if minutes > 0 else None,
        why=gap_factors.by_channel(snapshot.planned_channels(scope, share), actual),
        line=snapshot.line(scope, course, bins, minutes, outlook),
        goods=goods,
        tiers=snapshot.tier_table(scope, goods, share),
        attach_orders=heroes,
        attach_rate=attached / heroes if heroes else None,
        price_ratio=snapshot.price_ratio(goods),
        minutes_silent=None if state.seen is None else max(0, now - state.seen),
        tally=state.tally,
        waiting=state.waiting,
        recounted_at=state.recounted_at,
        recount_faults=state.recount_faults,
    )


def _errors(scope: Scope, minutes: float) -> ArrayLike:
    """How far off forecasts were at this minute of past sales."""
    errors: ArrayLike = scope.errors[min(max(int(minutes // BIN), 0), len(scope.errors) - 1)]
    return errors


def _left(
    connection: Connection, scope: Scope, codes: tuple[str, ...], last: int, state: queries.State
) -> pacing.Floats:
    """What was left of each SKU at the end of the window: today's stock, and what has been promised since put
    back; NaN uncounted."""
    free = queries.placed_at(codes, scopes.free(connection, scope, codes))
    later = queries.after(connection, scope.campaign_id, last, state)
    if later.codes:
        promised = dict(zip(later.codes, snapshot.promised_units(later.sums).tolist(), strict=True))
        free += np.nan_to_num(queries.placed_at(codes, promised))
    return free


def recount_books(db: Database, actor: Actor, campaign_id: str, now: datetime) -> dict[str, list[object]]:
    """Recounts a campaign's books from its events and keeps the result for the light on the page. It reads
    every event: not for everybody who looks on.
    """
    allow(actor, "live.act")
    with db.reading() as connection:
        differences = recount.faults(connection, campaign_id)
    took = round((clock.now() - now).total_seconds())
    row = {"campaign_id": campaign_id, "at": now, "seconds": max(0, took), "faults": differences}
    with db.writing() as connection:
        upsert(connection, live_recount, pd.DataFrame([row]))
    return differences


def check(connection: Connection) -> dict[str, list[object]]:
    """Invariants of this package: every book of every campaign equals its recount."""
    return recount.faults(connection)
