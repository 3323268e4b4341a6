"""After-sale cases from the service desk's export: complaints by reason and good, satisfaction, and how old the open ones
are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.access import Actor, allow
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, read
from core.goods.tables import sku
from core.live.tables import sale_line
from core.review.tables import service_case

AFTER_DAYS = 45  # after the close: cases opened until then belong to the sale
AGES = ((1, "day"), (3, "three_days"), (7, "week"), (10**6, "older"))  # upper bounds in days
HIGH = 4  # of five: satisfied


@dataclass(frozen=True, slots=True)
class Cases:
    """`reasons`: reason, cases, share, hours (median to close); `goods`: sku_code, name, cases, rate (a paid unit of the
    sale, NaN for none), reason (the most frequent); `ageing`: age (of AGES), cases, all that are open; `rating`: mean of
    1 to 5, `satisfied`: share of at least HIGH, `rated`: ratings; NaN for none."""

    reasons: pd.DataFrame
    goods: pd.DataFrame
    ageing: pd.DataFrame
    count: int
    open: int
    rating: float
    satisfied: float
    rated: int


def cases(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Cases:
    """The cases opened from the sale's opening to AFTER_DAYS after its close, up to now. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        rows = _rows(connection, mine, clock.epoch_minute(now))
        s = sale_line.c
        sold = read(
            connection,
            select(s.sku_code, func.sum(s.paid).label("units"))
            .where(s.campaign_id == campaign_id)
            .group_by(s.sku_code),
        ).set_index("sku_code")["units"]
    return summed(rows, sold, clock.epoch_minute(now))


def _rows(connection: Connection, mine: Campaign, until: int) -> pd.DataFrame:
    c = service_case.c
    first = clock.epoch_minute(mine.opens_at)
    last = min(clock.epoch_minute(mine.closes_at + timedelta(days=AFTER_DAYS)), until)
    columns = (c.case_id, c.case_kind, c.sku_code, c.reason, c.opened_minute, c.closed_minute, c.rating)
    query = select(*columns, sku.c.name).outerjoin(sku, sku.c.sku_code == c.sku_code)
    return read(connection, query.where(c.opened_minute.between(first, last)))


def summed(rows: pd.DataFrame, sold: pd.Series, now: int) -> Cases:
    """The cases in sums. `rows`: as the table, with name; `sold`: paid units by sku_code; `now`: epoch minute. Pure."""
    tickets = rows[rows["case_kind"] == "ticket"]
    hours = (tickets["closed_minute"].astype("Float64") - tickets["opened_minute"]) / 60
    whole = max(len(tickets), 1)
    reasons = tickets.assign(hours=hours.astype(float)).groupby("reason", sort=False)
    by_reason = pd.DataFrame({"cases": reasons.size(), "hours": reasons["hours"].median()})
    by_reason = by_reason.assign(share=by_reason["cases"] / whole).rename_axis("reason")
    named = tickets[tickets["sku_code"] != ""].groupby("sku_code", sort=False)
    by_good = pd.DataFrame(
        {
            "name": named["name"].first(),
            "cases": named.size(),
            "reason": named["reason"].agg(lambda column: column.mode().iloc[0]),
        }
    )
    units = sold.reindex(by_good.index).astype(float)
    by_good = by_good.assign(rate=(by_good["cases"] / units.where(units > 0)).astype(float))
    open_rows = rows[rows["closed_minute"].isna() & (rows["case_kind"] != "rating")]
    ratings = rows["rating"].dropna().astype(float)
    return Cases(
        by_reason.sort_values("cases", ascending=False, kind="stable").reset_index(),
        by_good.sort_values("cases", ascending=False, kind="stable").rename_axis("sku_code").reset_index(),
        _aged((now - open_rows["opened_minute"].to_numpy(dtype=float)) / 1440),
        len(tickets),
        len(open_rows),
        float(ratings.mean()) if len(ratings) else float("nan"),
        float((ratings >= HIGH).mean()) if len(ratings) else float("nan"),
        len(ratings),
    )


def _aged(days: np.ndarray) -> pd.DataFrame:
    bounds = np.array([bound for bound, _ in AGES], dtype=float)
    group = np.searchsorted(bounds, days, side="left")
    counted = np.bincount(group.astype(int), minlength=len(AGES))[: len(AGES)]
    return pd.DataFrame({"age": [name for _, name in AGES], "cases": counted.astype("int64")})


def tickets_per_return(connection: Connection, mine: Campaign, returned: float) -> float | None:
    """Tickets of the sale a unit that came back; None where either was not counted."""
    c = service_case.c
    first = clock.epoch_minute(mine.opens_at)
    last = clock.epoch_minute(mine.closes_at + timedelta(days=AFTER_DAYS))
    count = connection.scalar(
        select(func.count())
        .select_from(service_case)
        .where(c.case_kind == "ticket", c.opened_minute.between(first, last))
    )
    return float(count) / returned if count and returned > 0 else None
