"""What is known of each signal of the warm-up: by day, by channel, by SKU. Reports win; where they are
silent, events of known users speak."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Literal

import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.clock import business_day, day_start
from core.database import Database, read
from core.goods.tables import sku
from core.signals.tables import FIGURES as DAILY
from core.signals.tables import daily_signal
from core.warmup import touches
from core.warmup.funnel import STAGES
from core.warmup.settings import TARGETS
from core.warmup.tables import FIGURES, warmup_figure

SIGNALS = tuple(name for name in FIGURES if name != "visitors")
FIGURE_OF = dict(zip(STAGES, ("visitors", *TARGETS, "buyers"), strict=True))
"""The daily figure beside each stage of the funnel."""
FIGURE_OF_KIND = {
    "favourite": "favourites",
    "add_to_cart": "add_to_cart",
    "coupon_claim": "coupon_claims",
    "reserve": "reservations",
    "deposit": "deposits",
}


def warm_days(mine: Campaign) -> list[date]:
    """The business days from the first phase that shows anything to buyers to the eve of the opening, or the
    week before where there is none.
    """
    before = [
        p
        for p in mine.phases
        if p.kind in {"notice", "warm_up", "presale_deposit"} and p.starts_at < mine.opens_at
    ]
    first = min((p.starts_at for p in before), default=mine.opens_at - timedelta(days=7))
    start, end = (
        business_day(moment, mine.timezone) for moment in (first, mine.opens_at - timedelta(seconds=1))
    )
    return [start + timedelta(days=n) for n in range((end - start).days + 1)]


def span(mine: Campaign, days: list[date]) -> tuple[datetime, datetime]:
    """The first moment of those days and the first after them."""
    return day_start(days[0], mine.timezone), day_start(days[-1] + timedelta(days=1), mine.timezone)


Split = Literal["day", "channel", "sku_code"]


def by_day(connection: Connection, mine: Campaign, days: list[date]) -> pd.DataFrame:
    """What is known of each day: day, figure (one of SIGNALS), actual (Int64). The shop's own report wins,
    then the sum over its SKUs, then what events of known users say.
    """
    parts = []
    for table, names in (
        (daily_signal, TARGETS),
        (warmup_figure, [name for name in SIGNALS if name not in DAILY]),
    ):
        sums = [func.sum(table.c[name]).label(name) for name in names]
        for clause in (table.c.sku_code == "", table.c.sku_code != ""):
            query = (
                select(table.c.day, *sums)
                .where(clause, table.c.day.between(days[0], days[-1]))
                .group_by(table.c.day)
            )
            parts.append(_long(read(connection, query), "day"))
    counted = touches.by_day(connection, mine.campaign_id, *span(mine, days), mine.timezone)
    figure = (
        counted["stage"]
        .map(FIGURE_OF)
        .mask((counted["stage"] == "reservation") & counted["venue"], "venue_reservations")
    )
    events = counted.assign(figure=figure)[figure.isin(SIGNALS)]
    parts.append(events.groupby(["day", "figure"])["count"].sum().astype("Int64").rename("actual"))
    return _first_known(parts).reset_index()


def by_sku(connection: Connection, mine: Campaign, days: list[date]) -> pd.DataFrame:
    """As `by_day`, over all days: sku_code, figure, actual."""
    parts = []
    for table, names in ((daily_signal, TARGETS), (warmup_figure, ["reservation_returns", "group_votes"])):
        sums = [func.sum(table.c[name]).label(name) for name in names]
        query = select(table.c.sku_code, *sums).where(
            table.c.sku_code != "", table.c.day.between(days[0], days[-1])
        )
        parts.append(_long(read(connection, query.group_by(table.c.sku_code)), "sku_code"))
    counted = touches.by_sku(connection, mine.campaign_id, *span(mine, days))
    events = counted.assign(figure=counted["stage"].map(FIGURE_OF)).set_index(["sku_code", "figure"])["count"]
    parts.append(events.astype("Int64").rename("actual"))
    return _first_known(parts).reset_index()


def by_channel(connection: Connection, days: list[date]) -> pd.DataFrame:
    """What the reports say came by each channel: channel, figure, actual. Events keep no channel in this
    package."""
    f = warmup_figure.c
    sums = [func.sum(f[name]).label(name) for name in SIGNALS]
    query = select(f.channel, *sums).where(f.day.between(days[0], days[-1])).group_by(f.channel)
    rows = _long(read(connection, query), "channel").reset_index()
    return rows[rows["actual"] > 0].reset_index(drop=True)


def table(
    db: Database, actor: Actor, campaign_id: str, by: Split, steps: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Every signal before the opening, a row a day, channel or SKU and a column a figure (Int64, missing
    where nothing is known).

    SKUs have their sku_name, the most wanted first. `steps`: events by channel (channel, kind, events) from
    whoever keeps them; a channel's reported figure goes before its events. `invite_rate`: invited people who
    joined ÷ invitations, where both are known. ShopError("campaign.unknown").
    """
    allow(actor, "warmup.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        days = warm_days(mine)
        tables = {
            "day": lambda: by_day(connection, mine, days),
            "channel": lambda: by_channel(connection, days),
            "sku_code": lambda: by_sku(connection, mine, days),
        }
        rows = tables[by]()
        names = (
            read(connection, select(sku.c.sku_code, sku.c.name)).set_index("sku_code")["name"]
            if by == "sku_code"
            else None
        )
    parts = [rows.set_index([by, "figure"])["actual"]]
    if by == "channel" and steps is not None:
        named = steps.assign(figure=steps["kind"].map(FIGURE_OF_KIND)).dropna(subset="figure")
        parts.append(named.set_index([by, "figure"])["events"].astype("Int64").rename("actual"))
    wide = _first_known(parts).unstack("figure").reindex(columns=list(SIGNALS)).astype("Int64")
    wide = wide.assign(
        invite_rate=(wide["invites_joined"] / wide["invites_sent"].mask(wide["invites_sent"] == 0)).astype(
            "Float64"
        )
    )
    if names is not None:
        wide = wide.sort_values(["add_to_cart", "reservations"], ascending=False, kind="stable")
        wide.insert(0, "sku_name", names.reindex(wide.index).fillna(""))
    return wide.reset_index()


def _long(frame: pd.DataFrame, key: str) -> pd.Series:
    """The known figures of a wide frame: actual (Int64), indexed by key and figure."""
    long = (
        frame.set_index(key).astype("Int64").melt(ignore_index=False, var_name="figure", value_name="actual")
    )
    return long.set_index("figure", append=True)["actual"].dropna()


def _first_known(parts: list[pd.Series]) -> pd.Series:
    both = parts[0]
    for part in parts[1:]:
        both = both.combine_first(part)
    return both.astype("Int64").rename("actual")
