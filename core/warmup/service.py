"""What may be asked of the warm-up as a whole: is the heat enough, where do people stop, what will the
opening hour ask for, what comes when.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.phases import SIDE_KINDS
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database, read
from core.goods.tables import sku
from core.signals.tables import daily_signal
from core.warmup import deposits, signals, touches
from core.warmup import funnel as rules
from core.warmup.funnel import OpeningPrior
from core.warmup.settings import TARGETS, stored, stored_coupons, typed
from core.warmup.signals import warm_days
from core.warmup.tables import banner, flash_session, warmup_figure

_OF_STAGE = tuple(signals.FIGURE_OF.values())


@dataclass(frozen=True, slots=True)
class Heat:
    """The warm-up against its plan.

    `rows`: figure, day (date), planned, actual (Int64, missing where no report can be there yet),
    planned_sum, actual_sum; `targets`: total by figure, {} while nobody has set one; `index`: 1 = on plan,
    None before anything was due; `known`: whether any signal of the warm-up is known at all.
    """

    campaign: Campaign
    targets: dict[str, int]
    rows: pd.DataFrame
    index: float | None
    known: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """What reservations will buy in the opening hour: `rows` by SKU and `whole` for the shop, columns
    sku_code, sku_name, reserved, seen, returned, reflow (see `rules.reservations`), mean, low, high (units,
    80% band).
    """

    rows: pd.DataFrame
    whole: pd.DataFrame


def heat(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Heat:
    """Actual against the plan's day curve. ShopError("campaign.unknown")."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        days = warm_days(mine)
        targets = {
            name: total
            for name, total in stored(connection, campaign_id, "targets").items()
            if name in TARGETS
        }
        planned = rules.day_targets(
            _weights(connection, mine, days), dict.fromkeys(TARGETS, 0) | targets, _open_days(mine, days)
        )
        actual = signals.by_day(connection, mine, days)
    today = business_day(now, mine.timezone)
    rows = rules.heat(planned, actual[actual["figure"].isin(TARGETS)], today)
    return Heat(mine, targets, rows, rules.index(rows, today), len(actual) > 0)


@dataclass(frozen=True, slots=True)
class Funnels:
    """The funnel by phase, twice: of known users, each counted once a phase at the deepest stage, and as the
    daily reports sum up.

    Both with the columns of `rules.funnel` and phase_name, kind; empty where nothing is known. `users`: known
    users in all phases.
    """

    people: pd.DataFrame
    counts: pd.DataFrame
    users: int


def funnel(db: Database, actor: Actor, campaign_id: str) -> Funnels:
    """Where people stop, phase by phase. ShopError("campaign.unknown")."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        phases = [
            p for p in mine.phases if p.kind not in SIDE_KINDS and p.kind not in {"preparation", "review"}
        ]
        people = touches.people(connection, campaign_id, phases)
        users = touches.users(connection, campaign_id)
        counts = _counts(connection, mine, max(p.ends_at for p in phases))
    names = {p.phase_id: (p.name, p.kind) for p in phases}
    return Funnels(_named(rules.funnel(people), names), _named(rules.counted_funnel(counts), names), users)


def _named(frame: pd.DataFrame, names: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """The funnel with the names of its phases, without those in which nothing happened."""
    named = frame["phase"].map(names)
    frame = frame.assign(phase_name=named.str[0].fillna(""), kind=named.str[1].fillna(""))
    return frame[frame.groupby("phase")["reached"].transform("sum") > 0].reset_index(drop=True)


def opening_demand(db: Database, actor: Actor, campaign_id: str) -> Demand:
    """The opening hour's demand from reservations and their reflow, by daily reports or known users, whoever
    knows of more people."""
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        prior = typed(connection, campaign_id, "prior", OpeningPrior)
        booked, last = touches.reserved(connection, campaign_id, mine.opens_at, mine.timezone)
        counts = rules.reservations(_reported(connection, warm_days(mine)), rules.reflow(booked, last))
        names = read(connection, select(sku.c.sku_code, sku.c.name)).set_index("sku_code")["name"]
    reserved, seen, returned = (counts[name].to_numpy() for name in ("reserved", "seen", "returned"))
    band = rules.opening_demand(reserved, seen, returned, prior)
    frame = (
        counts.reset_index(drop=True)
        .join(band)
        .assign(sku_name=counts["sku_code"].map(names).astype("str").to_numpy())
    )
    rows = frame[frame["sku_code"] != ""].sort_values("mean", ascending=False, ignore_index=True)
    return Demand(rows, frame[frame["sku_code"] == ""].reset_index(drop=True))


def schedule(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """Everything that has a clock: kind (phase kind | session | balance | coupon | banner), subject (SKU
    code, position or ""), name, starts_at, ends_at, goods (how many SKUs share it; then there is no subject).
    """
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        s, b = flash_session.c, banner.c
        sessions = read(
            connection,
            select(s.sku_code.label("subject"), s.name, s.starts_at, s.ends_at).where(
                s.campaign_id == campaign_id
            ),
        )
        banners = read(
            connection,
            select(b.position.label("subject"), b.title.label("name"), b.starts_at, b.ends_at).where(
                b.campaign_id == campaign_id
            ),
        )
        terms = deposits.terms(connection, campaign_id)
        coupons = pd.DataFrame(
            stored_coupons(connection, campaign_id), columns=["name", "starts_at", "ends_at"]
        )
    phases = pd.DataFrame(
        [(p.kind, "", p.name, p.starts_at, p.ends_at) for p in mine.phases],
        columns=["kind", "subject", "name", "starts_at", "ends_at"],
    )
    balances = terms.rename(
        columns={"sku_code": "subject", "balance_from": "starts_at", "balance_to": "ends_at"}
    ).assign(kind="balance", name="")
    parts = [
        phases,
        sessions.assign(kind="session"),
        balances[list(phases)],
        coupons.assign(kind="coupon", subject=""),
        banners.assign(kind="banner"),
    ]
    rows = pd.concat([part[list(phases)] for part in parts if len(part)], ignore_index=True)
    moments = {name: pd.to_datetime(rows[name], utc=True) for name in ("starts_at", "ends_at")}
    alike = rows.assign(**moments).groupby(["kind", "name", "starts_at", "ends_at"], sort=False)["subject"]
    shared = alike.agg(subject="first", goods="nunique").reset_index()
    shared = shared.assign(subject=shared["subject"].where(shared["goods"] == 1, ""))
    return shared.sort_values(["starts_at", "ends_at"], kind="stable", ignore_index=True)


def _weights(connection: Connection, mine: Campaign, days: list[date]) -> pd.Series:
    """Visitors that the plan expects on each day before the sale opens; where it has none, a curve that rises
    towards the opening.
    """
    plan = planning.in_force(connection, mine.campaign_id)
    selling = [phase.phase_id for phase in mine.phases if phase.starts_at >= mine.opens_at]
    leaves = planning.leaves(plan) if plan else pd.DataFrame({"phase_id": [], "day": [], "visitors": []})
    before = leaves[~leaves["phase_id"].isin(selling)].groupby("day")["visitors"].sum()
    planned = before.reindex([day.isoformat() for day in days]).fillna(0).astype("int64").set_axis(days)
    if not planned.sum():
        return pd.Series(range(len(days), 2 * len(days)), index=days)
    return planned.clip(lower=int(planned[planned > 0].median()) // 2)


def _open_days(mine: Campaign, days: list[date]) -> dict[str, list[date]]:
    """The days on which a deposit can be paid, where the campaign has a time for deposits."""
    spans = [
        (business_day(phase.starts_at, mine.timezone), phase.ends_at)
        for phase in mine.phases
        if phase.kind == "presale_deposit"
    ]
    last = timedelta(microseconds=1)  # a phase that ends at midnight has no part of the day that begins then
    ranges = [(first, business_day(ends_at - last, mine.timezone)) for first, ends_at in spans]
    return {"deposits": [day for day in days if any(first <= day <= end for first, end in ranges)]}


def _counts(connection: Connection, mine: Campaign, until: datetime) -> pd.DataFrame:
    """Sums of the daily reports before `until` by phase and stage: a day belongs to the main phase at its
    noon."""
    days = warm_days(mine)
    s = daily_signal.c
    sums = [func.sum(s[name]).label(name) for name in _OF_STAGE]
    frame = read(
        connection,
        select(s.day, *sums)
        .where(
            s.sku_code != "",
            s.day.between(days[0], business_day(until - timedelta(microseconds=1), mine.timezone)),
        )
        .group_by(s.day),
    )
    noon = [
        mine.phase_at(
            (pd.Timestamp(day).tz_localize(mine.timezone) + pd.Timedelta(hours=12)).tz_convert("UTC")
        )
        for day in frame["day"]
    ]
    frame = frame.assign(phase=[phase.phase_id if phase else "" for phase in noon])
    rows = (
        frame[frame["phase"] != ""]
        .groupby("phase", sort=False)[list(_OF_STAGE)]
        .sum()
        .astype("int64")
        .set_axis(list(rules.STAGES), axis="columns")
    )
    return (
        rows.reset_index()
        .melt(id_vars="phase", var_name="stage", value_name="users")
        .assign(order=lambda table: table["stage"].map(_ORDER))
        .sort_values(["phase", "order"], kind="stable", ignore_index=True)
    )


_ORDER = {stage: place for place, stage in enumerate(rules.STAGES)}


def _reported(connection: Connection, days: list[date]) -> pd.DataFrame:
    """Reservations of each SKU by the reports: sku_code, reserved, returned (Int64)."""
    f = warmup_figure.c
    sums = [func.sum(f.reservations).label("reserved"), func.sum(f.reservation_returns).label("returned")]
    where = (f.day.between(days[0], days[-1]), f.sku_code != "")
    frame = read(connection, select(f.sku_code, *sums).where(*where).group_by(f.sku_code))
    return frame.astype({"reserved": "Int64", "returned": "Int64"})
