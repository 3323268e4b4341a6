"""What the shop's community groups wish for: their votes on goods, as the warm-up report tells them (a group is its
channel)."""

from __future__ import annotations

from datetime import date, timedelta

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from core.access import Actor, allow
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database, read
from core.goods.tables import sku
from core.warmup.tables import warmup_figure

DAYS = 60  # before the opening: groups are asked well before the warm-up begins
NAMED = 3  # goods that stand beside a group


def by_sku(connection: Connection, mine: Campaign) -> pd.Series:
    """Votes of all groups, indexed by sku_code, for the goods that have any."""
    f = warmup_figure.c
    votes = func.sum(f.group_votes).label("votes")
    query = select(f.sku_code, votes).where(*_counted(mine)).group_by(f.sku_code)
    return read(connection, query).set_index("sku_code")["votes"].astype("int64")


def by_group(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """The groups, the largest number of votes first: group (its channel), votes, skus (voted for), first (list of texts:
    the goods with most votes). ShopError("campaign.unknown")."""
    allow(actor, "warmup.view")
    f = warmup_figure.c
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        votes = func.sum(f.group_votes).label("votes")
        query = (
            select(f.channel.label("group"), f.sku_code, sku.c.name, sku.c.spec, votes)
            .join_from(warmup_figure, sku, sku.c.sku_code == f.sku_code)
            .where(*_counted(mine))
            .group_by(f.channel, f.sku_code, sku.c.name, sku.c.spec)
        )
        rows = read(connection, query).astype({"votes": "int64"})
    rows = rows.sort_values(["votes", "sku_code"], ascending=[False, True], kind="stable")
    spec = rows["spec"].fillna("")
    named = rows.assign(good=(rows["name"] + " " + spec).str.strip() + " " + rows["votes"].astype("str"))
    groups = named.groupby("group", sort=False).agg(
        votes=("votes", "sum"), skus=("sku_code", "size"), first=("good", lambda goods: list(goods[:NAMED]))
    )
    return groups.sort_values("votes", ascending=False, kind="stable").reset_index()


def _counted(mine: Campaign) -> tuple[ColumnElement[bool], ...]:
    """The rows with votes for this sale."""
    f, (first, last) = warmup_figure.c, _span(mine)
    return f.day.between(first, last), f.sku_code != "", f.group_votes > 0


def _span(mine: Campaign) -> tuple[date, date]:
    eve = business_day(mine.opens_at, mine.timezone) - timedelta(days=1)
    return eve - timedelta(days=DAYS - 1), eve
