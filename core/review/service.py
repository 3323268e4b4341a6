"""The review of a sale: why it landed where it did, judged by what was planned, from the first minute after its
opening on; and what is still to come."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection

from core import clock
from core.access import Actor, allow, allowed
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database
from core.errors import ShopError
from core.live.snapshot import service as live
from core.live.snapshot.snapshot import Picture, Scope
from core.review import bridge, figures
from core.review.judged import judging
from core.review.judged.findings import Finding, findings
from core.review.judged.measures import Basis, Sums
from core.signals import service as signals

Sides = dict[str, bridge.Stretch]  # a window, channel by channel
RETURNS_OPEN_DAYS = 15  # seven days of free return, and the way back


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the sale landed. Amounts in fen, whole; every table's `gap` sums to `gap`.

    `bridge`: indexed by bridge.FACTORS and "mix_of_channels" apart in `channel_mix`; `channels`, `phases`,
    `days`: as `bridge.by_part`. `goods`: indexed by sku_code, see `_goods`; `tiers`: their sums.
    """

    campaign_id: str
    name: str
    timezone: str
    at: datetime
    closed: bool
    open_until: date  # until when returns are to be expected
    target: int  # planned amount paid
    paid: int
    refunded: int
    visitors: int
    buyers: int
    profit: (
        int | None
    )  # contribution by the cost cards; None for those who may not see it, or where no cost is known
    plan: int  # planned amount kept
    actual: int
    gap: int
    bridge: pd.Series
    channel_mix: int
    channels: pd.DataFrame
    phases: pd.DataFrame
    days: pd.DataFrame
    goods: pd.DataFrame
    tiers: pd.DataFrame
    price_volume_mix: dict[str, int]
    judged: pd.DataFrame  # judging.COLUMNS
    findings: tuple[Finding, ...]
    reported: int | None = None  # amount paid by the daily reports of its selling days; None without reports

    @property
    def planned(self) -> bool:
        """Whether there was a plan: without one there is a result, but no gap to explain."""
        return self.target > 0


def review(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Landing:
    """The review as it stands. Costs are left out for those who may not see margins.

    ShopError("campaign.unknown" | "review.not_begun" | "review.rehearsal")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        judged = figures.scopes(connection, mine, now)
        if not judged:
            raise ShopError("review.not_begun", opens_at=mine.opens_at.astimezone(clock.zone(mine.timezone)))
    pictures = [live.draw(db, campaign_id, min(scope.ends_at, now)) for scope in judged]
    with db.reading() as connection:
        goods = _goods(connection, judged, [picture.goods for picture in pictures])
        parts = _parts(connection, mine, judged, goods, now)
        sums = Sums(parts.target, parts.paid, parts.refunded)
        reported = _reported(connection, mine, judged, now)
        measures = judging.judge(connection, Basis(mine, now, goods, sums, allowed(actor, "margin.view")))
    profit = _profit(pictures, goods) if allowed(actor, "margin.view") else None
    if not allowed(actor, "margin.view"):
        goods = goods.drop(columns=["left_at_cost"])
    return Landing(
        campaign_id=campaign_id,
        name=mine.name,
        timezone=mine.timezone,
        at=now,
        closed=now >= mine.closes_at,
        open_until=clock.business_day(mine.closes_at, mine.timezone) + timedelta(days=RETURNS_OPEN_DAYS),
        target=parts.target,
        paid=parts.paid,
        refunded=parts.refunded,
        visitors=parts.visitors,
        buyers=parts.buyers,
        profit=profit,
        plan=int(parts.channels["plan"].sum()),
        actual=int(parts.channels["actual"].sum()),
        gap=int(parts.channels["gap"].sum()),
        bridge=parts.channels[list(bridge.FACTORS)].sum(),
        channel_mix=parts.mix,
        channels=parts.channels,
        phases=parts.phases,
        days=parts.days,
        goods=goods,
        tiers=goods.groupby("tier")[["planned", "amount", "price", "units_effect", "gap"]].sum(),
        price_volume_mix=bridge.price_volume_mix(goods),
        judged=measures,
        findings=_findings(parts, goods, measures),
        reported=reported,
    )


def reported(db: Database, actor: Actor, campaign_id: str, now: datetime) -> int | None:
    """What the daily reports say was paid on the selling days of a sale that has closed (fen), whatever the sources of
    events sent; None before it closed, or without reports."""
    allow(actor, "live.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        judged = figures.scopes(connection, mine, now)
        return _reported(connection, mine, judged, now) if judged else None


def _reported(connection: Connection, mine: Campaign, judged: Sequence[Scope], now: datetime) -> int | None:
    """What the daily reports say was paid on the selling days of a closed sale, ordinary hours of these days included."""
    if now < mine.closes_at:
        return None
    first, last = (clock.business_day(at, mine.timezone) for at in (judged[0].starts_at, judged[-1].ends_at))
    days = signals.shop_days(connection, first, last)
    amounts = days["paid_amount"].dropna()
    return None if amounts.empty else int(amounts.sum())


def _profit(pictures: Sequence[Picture], goods: pd.DataFrame) -> int | None:
    """What the sale leaves by the cost cards, in fen: paid units x contribution, and what was paid above or below the landed
    price; None where no sold good has a cost. Goods without one are not in it."""
    each = pd.concat([picture.goods[["contribution", "landed_price"]] for picture in pictures])
    each = each[~each.index.duplicated(keep="last")].reindex(goods.index).astype("Float64")
    known = (goods["units"] > 0) & each["contribution"].notna() & each["landed_price"].notna()
    if not known.any():
        return None
    sold = goods[known]
    beyond = sold["amount"] - sold["units"] * each.loc[known, "landed_price"]
    return round(float((sold["units"] * each.loc[known, "contribution"] + beyond).sum()))


def _findings(parts: _Parts, goods: pd.DataFrame, measures: pd.DataFrame) -> tuple[Finding, ...]:
    whole = int(parts.channels["plan"].sum())
    factors = parts.channels[list(bridge.FACTORS)].sum()
    return findings(factors, whole, parts.channels, goods, measures)


@dataclass(frozen=True, slots=True)
class _Parts:
    target: int
    paid: int
    refunded: int
    visitors: int
    buyers: int
    mix: int
    channels: pd.DataFrame
    phases: pd.DataFrame
    days: pd.DataFrame


def _parts(
    connection: Connection, mine: Campaign, judged: Sequence[Scope], goods: pd.DataFrame, now: datetime
) -> _Parts:
    """The same windows summed by channel, by phase and by day: one gap, three ways."""
    rate = figures.expected_refunds(connection, mine.opens_at, mine.timezone)
    cut = figures.windows(judged, now)
    plans = [figures.planned(window, rate) for window in cut]
    offered = (goods["planned"] * goods["available"]).sum(), goods["planned"].sum()
    in_stock = float(offered[0] / offered[1]) if offered[1] > 0 else 1.0
    actuals = [figures.actual(connection, window, in_stock) for window in cut]
    plan, actual = figures.total(plans), figures.total(actuals)
    channels = bridge.by_part(plan, actual)
    whole = int(channels["plan"].sum())

    return _Parts(
        target=round(sum(part.amount for part in plan.values())),
        paid=round(sum(part.amount for part in actual.values())),
        refunded=round(sum(part.refunded for part in actual.values())),
        visitors=int(sum(part.visitors for part in actual.values())),
        buyers=int(sum(part.buyers for part in actual.values())),
        mix=bridge.channel_mix(channels, plan, actual),
        channels=channels,
        phases=_grouped(plans, actuals, [window.scope.phase_id for window in cut], whole),
        days=_grouped(plans, actuals, [window.day for window in cut], whole),
    )


def _grouped(
    plans: Sequence[Sides], actuals: Sequence[Sides], labels: Sequence[str], planned: int
) -> pd.DataFrame:
    """The windows of one label as one part, all channels together: `bridge.by_part`."""
    names = list(dict.fromkeys(labels))
    plan, actual = (
        {
            name: bridge.merged(
                [
                    stretch
                    for part, label in zip(side, labels, strict=True)
                    if label == name
                    for stretch in part.values()
                ]
            )
            for name in names
        }
        for side in (plans, actuals)
    )
    return bridge.by_part(plan, actual, planned)


def _goods(connection: Connection, judged: Sequence[Scope], tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Each SKU over all judged phases, indexed by sku_code: name, tier, planned_units, planned_price (fen), units,
    amount (fen), left (Int64, after the last phase), available (share of the demand), lost_units (that asked in
    vain), left_at_cost (Int64 fen), and `bridge.goods_effects`."""
    last = tables[-1]
    codes = pd.Index(dict.fromkeys(code for table in tables for code in table.index), name="sku_code")
    sums = sum(
        (table[["paid_units", "amount"]].reindex(codes).fillna(0).astype("int64") for table in tables),
        start=pd.DataFrame(0, index=codes, columns=["paid_units", "amount"]),
    )
    shares = [
        figures.availability(scope, table, figures.last_sold(connection, scope)).reindex(codes).fillna(1.0)
        for scope, table in zip(judged, tables, strict=True)
    ]
    available = pd.Series(np.mean(shares, axis=0), index=codes)
    facts = pd.concat(
        [table[["name", "tier", "planned_units", "landed_price", "unit_cost"]] for table in tables]
    )
    facts = facts[~facts.index.duplicated(keep="last")].reindex(codes)
    left = last["left"].reindex(codes).astype("Int64")
    units = sums["paid_units"]
    goods = pd.DataFrame(
        {
            "name": facts["name"].fillna(""),
            "tier": facts["tier"].fillna("").replace("", "other"),
            "planned_units": facts["planned_units"].astype("Int64").fillna(0).astype("int64"),
            "planned_price": facts["landed_price"].astype("Int64").fillna(0).astype("int64"),
            "units": units,
            "amount": sums["amount"],
            "left": left,
            "available": available,
            "lost_units": _lost(units, available),
            "left_at_cost": left * facts["unit_cost"].astype("Int64"),
        }
    )
    return pd.concat([goods, bridge.goods_effects(goods)], axis=1).sort_values("gap", kind="stable")


def _lost(units: pd.Series, available: pd.Series) -> pd.Series:
    """Units that were asked for after the sell-out, by the curve: sold / C(t) - sold."""
    share = np.maximum(available.to_numpy(dtype=float), 0.01)
    sold = units.to_numpy(dtype=float)
    return pd.Series(np.round(sold / share - sold).astype(np.int64), index=units.index)
