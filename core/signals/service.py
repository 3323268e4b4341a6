"""What may be asked of daily reports: the shop's days, its SKUs' recent figures, and what they say about a
plan."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, case, func, select

from core.access import Actor, allow
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign import target as targets
from core.campaign.service import Campaign
from core.campaign.target import Target
from core.clock import business_day
from core.database import Database, read
from core.money import split
from core.signals import rules
from core.signals.tables import FIGURES, daily_signal

HISTORY_DAYS = 800  # two seasons: last year's sale is in it


def shop_days(connection: Connection, first: date | None = None, last: date | None = None) -> pd.DataFrame:
    """The shop by day between two days (inclusive): day (date) and FIGURES (missing where every report is
    silent)."""
    sums = [func.sum(daily_signal.c[name]).label(name) for name in FIGURES]
    query = select(daily_signal.c.day, *sums).group_by(daily_signal.c.day)
    if first is not None:
        query = query.where(daily_signal.c.day >= first)
    if last is not None:
        query = query.where(daily_signal.c.day <= last)
    parts = [
        read(connection, query.where(clause))
        for clause in (daily_signal.c.sku_code != "", daily_signal.c.sku_code == "")
    ]
    return rules.shop_days(*parts)


def history(db: Database, actor: Actor, days: int = HISTORY_DAYS) -> pd.DataFrame:
    """The last `days` reported days of the shop, as `shop_days`."""
    allow(actor, "signals.view")
    with db.reading() as connection:
        last = last_day(connection)
        return shop_days(connection, last - timedelta(days=days - 1) if last else None)


def last_day(connection: Connection) -> date | None:
    """The latest day that a SKU report speaks of; None without any."""
    day: date | None = connection.scalar(
        select(func.max(daily_signal.c.day)).where(daily_signal.c.sku_code != "")
    )
    return day


def recent(connection: Connection, days: int = 28) -> tuple[pd.DataFrame, date | None]:
    """Each SKU's figures over the last `days` reported days (`rules.rates`; heat = carts + favourites, of the
    last week and before it), and the last of those days."""
    last = last_day(connection)
    until = last or date(1, 2, 1)
    span = daily_signal.c.day.between(
        until - timedelta(days=days - 1), until
    )  # both ends: read by day, however long the history
    names = ("visitors", "buyers", "units_paid", "paid_amount", "add_to_cart", "favourites")
    heat = func.coalesce(daily_signal.c.add_to_cart, 0) + func.coalesce(daily_signal.c.favourites, 0)
    week = case((daily_signal.c.day > until - timedelta(days=7), heat), else_=0)
    sums = [func.sum(daily_signal.c[name]).label(name) for name in names]
    query = select(daily_signal.c.sku_code, *sums, func.sum(week).label("heat_week"))
    frame = read(
        connection, query.where(daily_signal.c.sku_code != "", span).group_by(daily_signal.c.sku_code)
    )
    frame["heat_before"] = frame["add_to_cart"].fillna(0) + frame["favourites"].fillna(0) - frame["heat_week"]
    return rules.rates(frame), last


def sku_days(db: Database, actor: Actor, sku_code: str, days: int = 60) -> pd.DataFrame:
    """One SKU's last reported days: day, visitors, add_to_cart, favourites, units_paid, paid_amount (fen),
    oldest first."""
    allow(actor, "signals.view")
    names = ("day", "visitors", "add_to_cart", "favourites", "buyers", "units_paid", "paid_amount")
    query = select(*(daily_signal.c[name] for name in names)).where(daily_signal.c.sku_code == sku_code)
    with db.reading() as connection:
        frame = read(connection, query.order_by(daily_signal.c.day.desc()).limit(days))
    return frame.iloc[::-1].reset_index(drop=True)


def listed(db: Database, actor: Actor, sku_code: str = "", day: date | None = None) -> pd.DataFrame:
    """Daily figures as they are stored, of one SKU or one day where given: sku_code ("" = the whole shop), day,
    channel, FIGURES (counts, and fen for amounts; missing where the report is silent), import_id."""
    allow(actor, "signals.view")
    query = select(*(daily_signal.c[name] for name in ("sku_code", "day", "channel", *FIGURES, "import_id")))
    if sku_code:
        query = query.where(daily_signal.c.sku_code == sku_code)
    if day is not None:
        query = query.where(daily_signal.c.day == day)
    with db.reading() as connection:
        return read(connection, query.order_by(daily_signal.c.day, daily_signal.c.sku_code))


def day_factors(db: Database, actor: Actor, day: date, before: int = 28) -> pd.DataFrame:
    """How many times the days before it a day was (`rules.day_factors`)."""
    allow(actor, "signals.view")
    with db.reading() as connection:
        return rules.day_factors(shop_days(connection, day - timedelta(days=before), day), day, before)


@dataclass(frozen=True, slots=True)
class Past:
    """A target beside the shop's own history: `verdicts` (`target.realism`), `runs` (`target.windows`) of
    `days` days in a row."""

    days: int
    verdicts: pd.DataFrame
    runs: pd.DataFrame


def past(db: Database, actor: Actor, campaign_id: str, numbers: Target) -> Past:
    """The history that a target is judged by: runs of as many days as the campaign really sells on."""
    allow(actor, "plan.view")
    with db.reading() as connection:
        days = live_days(campaigns.standing(connection, campaign_id))
        last = last_day(connection)
        reported = shop_days(connection, last - timedelta(days=HISTORY_DAYS - 1) if last else None)
    return Past(days, targets.realism(numbers, reported, days), targets.windows(reported, days))


def live_days(campaign: Campaign) -> int:
    """On how many business days the campaign sells: the same before its first plan is saved and after."""
    days = {
        first + timedelta(days=n)
        for phase in campaign.phases
        if phase.kind == "live"
        for first in [business_day(phase.starts_at, campaign.timezone)]
        for n in range(
            (business_day(phase.ends_at - timedelta(microseconds=1), campaign.timezone) - first).days + 1
        )
    }
    return max(1, len(days))


def course(db: Database, actor: Actor, campaign_id: str, now: datetime) -> tuple[int, int]:
    """What the reports say of the campaign's selling days before today, and what the plan wants of them (fen,
    fen).

    A selling day carries at least a fiftieth of the target: the ordinary sales of a long warm-up are no part
    of the course. (0, 0) before the first of them.
    """
    allow(actor, "plan.view")
    with db.reading() as connection:
        plan = planning.in_force(connection, campaign_id)
        if plan is None:
            return 0, 0
        today = business_day(now, plan.campaign.timezone)
        days = plan.part("day")
        past = days[(days["part"] < today.isoformat()) & (days["gmv"] * 50 >= plan.target.gmv)]
        if past.empty:
            return 0, 0
        reported = shop_days(connection, date.fromisoformat(past["part"].min()), today - timedelta(days=1))
    sold = reported[reported["day"].astype("str").isin(past["part"])]["paid_amount"].fillna(0).sum()
    return int(sold), int(past["gmv"].sum())


def phase_actuals(db: Database, actor: Actor, campaign_id: str, now: datetime) -> pd.DataFrame:
    """What closed phases did by the daily reports: the columns of `planning.closed_phases`, and gmv (fen),
    visitors, days, reported.

    A day that belongs to several phases is shared between them by the plan. `reported` says on how many of
    the phase's `days` there is a report: fewer means that the figures are not whole yet.
    """
    allow(actor, "plan.view")
    with db.reading() as connection:
        plan = planning.in_force(connection, campaign_id)
        if plan is None:
            return pd.DataFrame()
        closed = planning.closed_phases(plan, now)
        if closed.empty:
            return closed.assign(gmv=0, visitors=0, days=0, reported=0)
        zone = plan.campaign.timezone
        first = business_day(closed["starts_at"].min(), zone)
        past = shop_days(
            connection, first, business_day(closed["ends_at"].max() - timedelta(seconds=1), zone)
        )
        leaves = planning.leaves(plan)
    return _shared(closed, leaves, past)


def _shared(closed: pd.DataFrame, leaves: pd.DataFrame, past: pd.DataFrame) -> pd.DataFrame:
    """Each day's reported figures over the phases of that day, by the planned GMV of phase and day; the parts
    sum to the day exactly."""
    planned = leaves.groupby(["phase_id", "day"], as_index=False, sort=False)["gmv"].sum()
    by_day = (
        past.assign(day=past["day"].astype("str"))
        .set_index("day")[["paid_amount", "visitors"]]
        .astype("Int64")
    )
    joined = planned.join(by_day, on="day")
    done = joined[["paid_amount", "visitors"]].fillna(0).astype("int64")
    for _, part in joined.groupby("day"):  # a campaign has a few dozen days
        for name in done:
            done.loc[part.index, name] = split(int(done.loc[part.index[0], name]), part["gmv"].to_numpy())
    sums = (
        done.assign(
            phase_id=joined["phase_id"], days=1, reported=joined["paid_amount"].notna().astype("int64")
        )
        .groupby("phase_id")
        .sum()
    )
    sums = (
        sums.rename(columns={"paid_amount": "gmv"})
        .reindex(closed["phase_id"], fill_value=0)
        .reset_index(drop=True)
    )
    summed: pd.DataFrame = pd.concat([closed.reset_index(drop=True), sums], axis=1)
    return summed


def data_age(db: Database, actor: Actor, now: datetime, zone: str) -> int | None:
    """Days between today and the last day that the reports cover; None without any report."""
    allow(actor, "signals.view")
    with db.reading() as connection:
        last = last_day(connection)
    return (business_day(now, zone) - last).days if last else None


def check(connection: Connection) -> dict[str, list[str]]:
    """Faults among daily figures: days with a negative count or amount."""
    table = daily_signal
    negative = select(table.c.sku_code, table.c.day).where(
        (table.c.visitors < 0)
        | (table.c.units_paid < 0)
        | (table.c.add_to_cart < 0)
        | (table.c.paid_amount < 0)
    )
    return {
        "signals.negative": [f"{row.sku_code} {row.day}" for row in connection.execute(negative.limit(50))]
    }
