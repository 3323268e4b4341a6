"""What may be asked of the five stages of a campaign: figures by channel, targets, gap and pace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow, audit
from core.audience.growth import referral, stages
from core.audience.growth.referral import Referral
from core.audience.growth.stages import STAGES, Window
from core.audience.growth.tables import growth_target
from core.audience.people.tables import invite, member, person
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, one, read, upsert
from core.errors import ShopError
from core.live.ledger.events import INVITE
from core.live.tables import event, sale_minute_kind
from core.orders import buyers as bought
from core.settings import settings
from core.signals.service import shop_days

BEFORE_DAYS = 30  # of the window before the opening, where no warm-up is planned
WARM = ("notice", "warm_up", "presale_deposit")
LARGEST = 1e12  # of a target


@dataclass(frozen=True, slots=True)
class Board:
    """Five stages of a campaign between two days (both in it), `elapsed` of the way to its close (0 to 1).

    `rows`: stages.ROWS with target, due, gap, pace (NaN without a target), cost (fen a new buyer, acquisition alone, NaN
    where no spend is known), version (0 without a target); channel "" stands for all. `missing`: stage -> kind of
    workbook that it lacks. `cohort`: the month that retention speaks of. `begun`: whether the window has begun.
    """

    first: date
    last: date
    elapsed: float
    begun: bool
    rows: pd.DataFrame
    referral: Referral
    cohort: str
    missing: dict[str, str]


@dataclass(frozen=True, slots=True)
class Aim:
    """What a stage should reach on a channel ("" = all): new buyers, a share (0 to 1), fen a buyer, or k; None takes it
    away. `spend`: fen spent on the channel so far; `version`: of the target that it replaces, 0 for a new one."""

    stage: str
    channel: str
    target: float | None
    spend: int | None = None
    version: int = 0


def board(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> Board:
    """The board as of now, or of the close where that is past. ShopError("campaign.unknown")."""
    allow(actor, "audience.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        begins = _begins(mine)
        until = min(now, mine.closes_at)
        first, last = (clock.business_day(moment, settings().timezone) for moment in (begins, until))
        if now < begins:
            return Board(first, last, 0.0, False, pd.DataFrame(), Referral(0, 0, 0, 0, 0, 0), "", {})
        window = Window(pd.Timestamp(first), pd.Timestamp(last))
        elapsed = (until - begins) / (mine.closes_at - begins)
        rows, invited, cohort = _stages(connection, window)
        targets = _targets(connection, campaign_id)
        spend = _spend(connection, first, last)
    full = stages.due(_aimed(rows, targets), elapsed)
    costed, lacks = _costed(full, spend), _missing(rows, invited)
    return Board(first, last, elapsed, True, costed, invited, cohort, lacks)


def set_target(db: Database, actor: Actor, campaign_id: str, aim: Aim, *, now: datetime) -> None:
    """Keeps a target in place of the version that it was made from. ShopError("growth.stage" | "growth.target" |
    "growth.moved" | "campaign.unknown")."""
    allow(actor, "audience.edit")
    _check(aim)
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        t = growth_target.c
        key = (t.campaign_id == campaign_id) & (t.stage == aim.stage) & (t.channel == aim.channel)
        before = one(connection, select(t.target, t.spend, t.version).where(key))
        if (before["version"] if before else 0) != aim.version:
            raise ShopError("growth.moved", stage=aim.stage)
        values = {"target": aim.target, "spend": aim.spend}
        row = {"campaign_id": campaign_id, "stage": aim.stage, "channel": aim.channel} | values
        beside = {"version": aim.version + 1, "account": actor.name, "at": now}
        upsert(
            connection,
            growth_target,
            pd.DataFrame([row | beside]).astype({"spend": "Int64", "target": float}),
        )
        was = {name: before[name] for name in values} if before else None
        audit.record(
            connection, actor, now, "growth.target", f"{campaign_id}/{aim.stage}/{aim.channel}", was, values
        )


def _check(aim: Aim) -> None:
    if aim.stage not in STAGES:
        raise ShopError("growth.stage", stage=aim.stage)
    most = 1.0 if aim.stage in ("activation", "retention") else LARGEST
    if aim.target is not None and not 0 < aim.target <= most:
        raise ShopError("growth.target", target=aim.target)
    if aim.spend is not None and not 0 <= aim.spend <= LARGEST:
        raise ShopError("growth.target", target=aim.spend)


def _begins(mine: Campaign) -> datetime:
    """When people are first spoken to: the first notice or warm-up, else BEFORE_DAYS before the opening."""
    early = [phase.starts_at for phase in mine.phases if phase.kind in WARM]
    return min(early, default=mine.opens_at - timedelta(days=BEFORE_DAYS))


def _stages(connection: Connection, window: Window) -> tuple[pd.DataFrame, Referral, str]:
    zone = settings().timezone
    people = read(connection, select(person.c.person_key, person.c.channel, person.c.first_day))
    people = people.assign(first_day=pd.to_datetime(people["first_day"].replace("", None)))
    until = clock.day_start(window.last.date() + timedelta(days=1), zone)
    counted = bought.counted_orders(connection, until)
    orders = counted.orders.assign(day=clock.local_naive(counted.orders["paid_at"], zone).dt.normalize())
    people = people.assign(person_key=counted.numbers(people["person_key"]))
    invites, members = _invites(connection, window)
    first = counted.named(orders.groupby("buyer_key")["paid_at"].min())
    minutes = (first - pd.Timestamp(0, tz="UTC")).dt.total_seconds() // 60
    invited = referral.counted(invites, members, minutes)
    kept, cohort = stages.retention(people, orders, window.last)
    parts = [
        stages.acquisition(people, orders, window),
        stages.activation(people, orders, window),
        kept,
        stages.revenue(people, orders, window),
        _referrals(invites, members, minutes),
    ]
    return pd.concat(parts, ignore_index=True), invited, cohort


def _invites(connection: Connection, window: Window) -> tuple[pd.DataFrame, int]:
    """The invites sent in the window, and how many members there are."""
    zone = settings().timezone
    first, last = (
        clock.epoch_minute(clock.day_start(day, zone))
        for day in (window.first.date(), window.last.date() + timedelta(days=1))
    )
    by_events = _told(connection, first, last)
    names = ("inviter_key", "invited_key", "account_kind", "channel", "sent_minute", "reward")
    query = select(*(invite.c[name] for name in names)).where(
        invite.c.sent_minute >= first, invite.c.sent_minute < last
    )
    invites = pd.concat([read(connection, query), by_events], ignore_index=True)
    twice = invites.duplicated(["inviter_key", "invited_key"]) & (invites["invited_key"] != "")
    return invites[~twice], int(connection.scalar(select(func.count()).select_from(member)) or 0)


def _told(connection: Connection, first: int, last: int) -> pd.DataFrame:
    """The invites that live events tell of, as the workbook's; what both say counts once. `first`, `last`: epoch minutes."""
    k, e = sale_minute_kind.c, event.c
    columns = ("inviter_key", "invited_key", "account_kind", "channel", "sent_minute", "reward")
    minutes = select(func.min(k.minute), func.max(k.minute)).where(
        k.kind == INVITE, k.minute >= first, k.minute < last
    )
    begin, end = connection.execute(minutes).one()
    if begin is None:
        return pd.DataFrame(columns=list(columns))
    query = select(e.user_key, e.order_id, e.quantity, e.channel, e.at_ms, e.amount_fen).where(
        e.kind == INVITE, e.at_ms >= begin * 60_000, e.at_ms < (end + 1) * 60_000
    )
    rows = read(connection, query)
    answered = np.where(rows["quantity"] > 0, "new", "old")
    return pd.DataFrame(
        {
            "inviter_key": rows["user_key"],
            "invited_key": rows["order_id"],
            "account_kind": np.where(rows["order_id"] != "", answered, ""),
            "channel": rows["channel"],
            "sent_minute": rows["at_ms"] // 60_000,
            "reward": rows["amount_fen"].where(rows["amount_fen"] > 0).astype("Int64"),
        }
    )


def _referrals(invites: pd.DataFrame, members: int, first_bought: pd.Series) -> pd.DataFrame:
    """k of all and by the channel of the invite: new accounts over members."""
    groups = [("", invites), *invites.groupby(invites["channel"].replace("", stages.UNSTATED))]
    parts = [(name, referral.counted(rows, members, first_bought)) for name, rows in groups]
    lines = [("referral", name, part.new, part.members, part.k) for name, part in parts]
    return pd.DataFrame(lines, columns=list(stages.ROWS))


def _targets(connection: Connection, campaign_id: str) -> pd.DataFrame:
    t = growth_target.c
    query = select(t.stage, t.channel, t.target, t.spend, t.version).where(t.campaign_id == campaign_id)
    return read(connection, query)


def _spend(connection: Connection, first: date, last: date) -> int | None:
    """Ad spend of the days, as the shop's reports say; None where they are silent."""
    known = shop_days(connection, first, last)["ad_spend"].dropna()
    return int(known.sum()) if len(known) else None


def _aimed(rows: pd.DataFrame, targets: pd.DataFrame) -> pd.DataFrame:
    """The rows with their target; a channel with a target and no figure yet has a row too."""
    joined = rows.merge(targets, on=["stage", "channel"], how="outer")
    order = {stage: n for n, stage in enumerate(STAGES)}
    joined = joined.assign(place=joined["stage"].map(order), whole=joined["channel"] != "")
    ordered = joined.sort_values(
        ["place", "whole", "numerator"], ascending=[True, True, False], kind="stable"
    )
    return (
        ordered.drop(columns=["place", "whole"])
        .reset_index(drop=True)
        .assign(
            version=ordered["version"].fillna(0).astype("int64").to_numpy(),
            target=ordered["target"].astype(float).to_numpy(),
        )
    )


def _costed(rows: pd.DataFrame, spend: int | None) -> pd.DataFrame:
    """Fen a new buyer: of all from the reports, of a channel from what was entered for it."""
    mine = rows["stage"] == "acquisition"
    money = rows["spend"].astype("Float64").astype(float)
    if spend is not None:
        money = money.mask(mine & (rows["channel"] == "") & money.isna(), float(spend))
    buyers = rows["numerator"].astype(float)
    return rows.assign(cost=(money / buyers.where(buyers > 0)).where(mine))


def _missing(rows: pd.DataFrame, invited: Referral) -> dict[str, str]:
    """The kind of workbook that each stage without a figure lacks."""
    whole = rows[rows["channel"] == ""]
    silent = set(whole.loc[whole["value"].isna(), "stage"])
    lacks: dict[str, str] = {}
    if "revenue" in silent and not whole.loc[whole["stage"] == "acquisition", "numerator"].any():
        lacks |= {"acquisition": "orders", "revenue": "orders"}
    if "retention" in silent:
        lacks["retention"] = "orders"
    if "activation" in silent:
        lacks["activation"] = "people"
    if not (invited.sent and invited.members):
        lacks["referral"] = "members" if invited.sent else "invites"
    return lacks
