"""What may be asked of buyers: segments, what they are expected to spend, life cycle and cohorts. Orders are the
source; lists of people are written only for those who may export them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core import clock
from core.access import Actor, allow, audit
from core.audience import expected, life, rules, runs
from core.audience.population import people, within
from core.audience.rules import Cuts
from core.campaign import service as campaigns
from core.database import Database
from core.errors import ShopError
from core.orders import buyers as bought
from core.orders.buyers import Purchases
from core.settings import settings

MOVED_DAYS = 30  # the movement looks back so far
AHEAD_WEEKS = 13.0  # expected spending is that of a quarter


@dataclass(frozen=True, slots=True)
class Segmented:
    """Segments as of the end of a day. `table`: rules.table; `people`: recency, frequency, amount (fen) and segment by
    buyer_key, for services alone; `ties`: buyers exactly on each cut; `repeat_buyers`: those
    with two counted orders or more."""

    as_of: date
    cuts: Cuts
    table: pd.DataFrame
    ties: dict[str, int]
    repeat_buyers: int


@dataclass(frozen=True, slots=True)
class Movement:
    """Moves between two days under equal cuts and windows of equal length: `moved` (from, to, buyers), `net` by
    segment; `stored`: whether the earlier day is that of a stored run, with its cuts."""

    since: date
    window_days: int
    moved: pd.DataFrame
    net: pd.Series
    cuts: Cuts
    stored: bool = False


@dataclass(frozen=True, slots=True)
class Lives:
    """`half`, `most`: days after which half and four fifths of the gaps between purchase days have ended (NaN: not
    within the history); `stages`: stage, buyers, amount (fen), share; `cells`, `curve`: life.cohorts and
    life.retention."""

    half: float
    most: float
    stages: pd.DataFrame
    cells: pd.DataFrame
    curve: pd.DataFrame


ELSEWHERE = ("session", "access", "account", "audit", "backup", "check", "key", "notify", "readiness")
"""Packages whose records change no figure about people: who signs in does not make them all be computed again."""


def stamp(db: Database, actor: Actor) -> str:
    """The seal of the newest record that may change a figure about people: what a page may keep its answers by, for as
    long as no events matter that nobody records."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        return audit.latest_seal(connection, ELSEWHERE)


def as_of_day(db: Database, actor: Actor, campaign_id: str, now: datetime) -> date:
    """The day before which a campaign's people are judged: its opening's eve, or today while that is ahead.
    ShopError("campaign.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
    eve = clock.business_day(mine.opens_at, settings().timezone) - timedelta(days=1)
    return min(eve, clock.business_day(now, settings().timezone))


def segments(
    db: Database, actor: Actor, cut: str = "median", as_of: date | None = None, *, now: datetime
) -> Segmented:
    """The eight segments, buyers without net purchase and unknown buyers. `cut`: "median", "mean" or "R,F,M" (days,
    orders, fen). ShopError("audience.cut" | "audience.future")."""
    allow(actor, "audience.view")
    day = _day(as_of, now)
    with db.reading() as connection:
        known, unknown = people(connection, day)
    at = rules.cuts(known, cut)
    codes = rules.segments(known, at)
    rows = rules.table(known, codes, unknown)
    return Segmented(day, at, rows, rules.ties(known, at), int((known["frequency"] > 1).sum()))


def movement(db: Database, actor: Actor, shown: Segmented) -> Movement | None:
    """Who moved since the last stored run before the day of `shown`, by that run's cuts over a window as long as its
    own. Without a stored run: since MOVED_DAYS days ago by the cuts of `shown`; None where the history is too short
    for two equal windows."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        run = runs.last(connection, shown.as_of)
        if run is not None:
            since, length, at = run.as_of, run.window_days, run.cuts
            before = runs.members(connection, run.run_id)
            purchases, [latest] = within(connection, (shown.as_of, length))
            after = purchases.named(rules.segments(latest, at))
        else:
            since, at = shown.as_of - timedelta(days=MOVED_DAYS), shown.cuts
            first = bought.first_paid(connection)
            if first is None or clock.business_day(first, settings().timezone) > since:
                return None
            length = (since - clock.business_day(first, settings().timezone)).days + 1
            _, [earlier, latest] = within(connection, (since, length), (shown.as_of, length))
            before, after = rules.segments(earlier, at), rules.segments(latest, at)
    moved = rules.moves(before, after)
    return Movement(since, length, moved, rules.net_moves(moved), at, run is not None)


def lives(db: Database, actor: Actor, *, now: datetime) -> Lives | None:
    """Life cycle and cohorts as of today; None without a counted order of a known buyer."""
    allow(actor, "audience.view")
    day = _day(None, now)
    with db.reading() as connection:
        orders = _dated(connection, day).orders
    if orders.empty:
        return None
    today = pd.Timestamp(day)
    days = orders[["buyer_key", "day"]]
    gap = life.gaps(days, today)
    half, most = life.gap_quantiles(gap["gap"].to_numpy(), gap["closed"].to_numpy(), (0.5, 0.8))
    grouped = orders.groupby("buyer_key")
    limits = (half if half == half else np.inf, most if most == most else np.inf)
    stage = life.stages_by(gap, grouped.size(), limits)
    spent = grouped["net_amount"].sum().groupby(stage).sum().reindex(life.STAGES, fill_value=0)
    size = stage.value_counts().reindex(life.STAGES, fill_value=0)
    table = pd.DataFrame({"stage": life.STAGES, "buyers": size.to_numpy(), "amount": spent.to_numpy()})
    cells = life.cohorts(days, day)
    return Lives(half, most, table.assign(share=table["buyers"] / len(stage)), cells, life.retention(cells))


def ranked(
    db: Database, actor: Actor, cut: str = "median", as_of: date | None = None, *, now: datetime
) -> pd.DataFrame:
    """The list of people, best first inside each segment: buyer_key, segment, name, recency, frequency, amount (fen),
    alive (chance), purchases and value (fen) expected within AHEAD_WEEKS (missing where too few came back for a fit).
    Written into the audit trail: it names people. ShopError as `segments`."""
    allow(actor, "audience.export")
    day = _day(as_of, now)
    with db.reading() as connection:
        known, _ = people(connection, day)
        bought_so_far = _dated(connection, day)
    at = rules.cuts(known, cut)
    coming = _coming(bought_so_far, day)
    whole = coming.assign(value=coming["value"].round().astype("Int64"))
    frame = known.assign(segment=rules.segments(known, at)).join(whole)
    rank = {code: n for n, code in enumerate((*rules.SEGMENTS, rules.NO_NET))}
    frame = frame.assign(
        rank=frame["segment"].map(rank), name=frame["segment"].map(lambda c: rules.SEGMENTS.get(c, c))
    )
    best = frame.reset_index().sort_values(
        ["rank", "value", "amount", "buyer_key"], ascending=[True, False, False, True], ignore_index=True
    )
    with db.writing() as connection:
        facts = {"as_of": day.isoformat(), "cut": cut, "people": len(best)}
        audit.record(connection, actor, now, "audience.export", "audience", "", after=facts)
    names = ("buyer_key", "segment", "name", "recency", "frequency", "amount", "alive", "purchases", "value")
    return best[list(names)]


def _day(as_of: date | None, now: datetime) -> date:
    today = clock.business_day(now, settings().timezone)
    if as_of is not None and as_of > today:
        raise ShopError("audience.future", day=as_of.isoformat(), today=today.isoformat())
    return as_of or today


def ahead(connection: Connection, now: datetime) -> pd.Series:
    """Fen expected of each buyer within AHEAD_WEEKS (Int64) by buyer_key; empty where no model can be fitted."""
    day = _day(None, now)
    return _coming(_dated(connection, day), day)["value"].round().astype("Int64")


def _coming(purchases: Purchases, day: date) -> pd.DataFrame:
    return purchases.named(expected.coming(purchases.orders, pd.Timestamp(day), AHEAD_WEEKS))


def _dated(connection: Connection, day: date) -> Purchases:
    """Counted orders of known buyers up to the end of `day`, with their day (naive)."""
    zone = settings().timezone
    counted = bought.counted_orders(connection, clock.day_start(day + timedelta(days=1), zone))
    days = clock.local_naive(counted.orders["paid_at"], zone).dt.normalize()
    return Purchases(counted.keys, counted.orders.assign(day=days))
