"""What the choice of an encore's goods reads: leftovers, weeks of demand, returns, prices of the sale and of the days
before, people who put it into the cart and did not buy. In the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, Integer, case, cast, func, select

from core import clock
from core.campaign.service import Campaign
from core.database import read
from core.goods.tables import sku
from core.live.tables import event
from core.pricing import queries as prices
from core.pricing.engine import cost_cards
from core.pricing.judging import judged
from core.review.encores import encore
from core.signals import service as signals
from core.signals.tables import daily_signal
from core.stock import service as stock

REFUND_DAYS = 90


@dataclass(frozen=True, slots=True)
class Choice:
    """How many goods an encore has at most, and what a return costs beside the lost sale (fen)."""

    top: int = 30
    return_cost: int = 800


def goods(connection: Connection, mine: Campaign, now: datetime, choice: Choice) -> pd.DataFrame:
    """The campaign's goods in the order of `encore.choose`, indexed by sku_code: name, category, tier, leftover,
    expected_units, sold (units of the last WEEKS weeks), sale_price (landed in the sale), price_base (lowest deal of the
    days before the encore), price, floor (fen, Int64), above_base (bool: such a price needs an approval), margin (fen a
    unit, kept after returns), value (fen), return_rate, carted (people), moq, missing (units asked beyond what is
    left), why."""
    judgement = judged(connection, mine.rehearsal_of or mine.campaign_id)
    held = judgement.prices
    levels = stock.levels(connection)
    weeks, own = _weeks(connection, mine, held.index, now)
    rates = _return_rates(connection, held.index)
    start, end = prices.days_before(opening(mine, now), judgement.limits.base_days)
    base = prices.deals(connection, start, end)["lowest"].reindex(held.index).astype("Int64")
    suggested = encore.price(held["landed_price"], held["floor_price"], base, held["list_price"])
    asked = suggested.fillna(0).to_numpy(np.int64)
    kept = cost_cards.contribution(judgement.card, asked).astype(float)
    known = held["full_cost_card"].to_numpy(bool) & suggested.notna().to_numpy()
    leftover = levels["available_to_promise"].reindex(held.index).fillna(0).astype("int64")
    usual = encore.scaled(weeks, *own)
    table = pd.DataFrame(
        {
            "name": held["name"],
            "category": held["category"],
            "tier": held["tier"],
            "leftover": leftover,
            "expected_units": encore.expected_units(np.asarray(leftover, np.int64), usual),
            "sold": np.nansum(weeks, axis=1),
            "sale_price": held["landed_price"].astype("Int64"),
            "price_base": base,
            "price": suggested,
            "floor": held["floor_price"].astype("Int64"),
            "above_base": (suggested > base).fillna(False).astype(bool),
            "margin": encore.kept_margin(
                np.where(known, kept, np.nan), np.asarray(rates, np.float64), choice.return_cost
            ),
            "return_rate": rates,
            "carted": carted(connection, mine.campaign_id).reindex(held.index).fillna(0).astype("int64"),
            "moq": _minimum(connection).reindex(held.index).astype("Int64"),
            "missing": encore.missing(np.asarray(leftover, np.int64), usual),
        }
    )
    return encore.choose(table, choice.top)


def opening(mine: Campaign, now: datetime) -> datetime:
    """When the encore opens: its phase's start where there is one, else now."""
    return max([p.starts_at for p in mine.phases if p.kind == "encore"], default=max(now, mine.closes_at))


def carted(connection: Connection, campaign_id: str) -> pd.Series:
    """Known people who put a SKU into the cart and have not paid for it, by sku_code."""
    e = event.c
    bought = func.max(case((e.kind == "pay", 1), else_=0))
    wanted = func.max(case((e.kind == "add_to_cart", 1), else_=0))
    people = (
        select(e.sku_code, e.user_key)
        .where(e.campaign_id == campaign_id, e.user_key != "", e.kind.in_(("pay", "add_to_cart")))
        .group_by(e.sku_code, e.user_key)
        .having(wanted == 1, bought == 0)
        .subquery()
    )
    query = select(people.c.sku_code, cast(func.count(), Integer).label("people")).group_by(people.c.sku_code)
    return read(connection, query).set_index("sku_code")["people"]


def _minimum(connection: Connection) -> pd.Series:
    return read(connection, select(sku.c.sku_code, sku.c.moq)).set_index("sku_code")["moq"]


def _weeks(
    connection: Connection, mine: Campaign, codes: pd.Index, now: datetime
) -> tuple[np.ndarray, tuple[np.ndarray, float]]:
    """Units by SKU in each of the last WEEKS reported weeks, shape (SKUs, WEEKS), NaN before a SKU's first report;
    which of the weeks are the sale's own, and an ordinary week's visitors over the sale week's."""
    last = signals.last_day(connection)
    if last is None:
        return np.full((len(codes), 1), np.nan), (np.zeros(1, bool), 1.0)
    last = min(last, clock.business_day(now, mine.timezone))
    first = last - timedelta(days=7 * encore.WEEKS - 1)
    t = daily_signal.c
    rows = read(
        connection,
        select(
            t.sku_code, t.day, func.sum(t.units_paid).label("units"), func.sum(t.visitors).label("visitors")
        )
        .where(t.sku_code != "", t.day.between(first, last))
        .group_by(t.sku_code, t.day),
    )
    begun = read(
        connection,
        select(t.sku_code, func.min(t.day).label("day")).where(t.sku_code != "").group_by(t.sku_code),
    ).set_index("sku_code")["day"]
    week = np.array([(day - first).days // 7 for day in rows["day"]], dtype=int)
    units = (
        rows.assign(week=week)
        .pivot_table(index="sku_code", columns="week", values="units", aggfunc="sum", fill_value=0)
        .reindex(index=codes, columns=range(encore.WEEKS), fill_value=0)
        .to_numpy(dtype=float)
    )
    starts = [first + timedelta(days=7 * k) for k in range(encore.WEEKS)]
    born = begun.reindex(codes)
    unknown = np.array(
        [[day is pd.NaT or pd.isna(day) or day > s + timedelta(days=6) for s in starts] for day in born]
    )
    return np.where(unknown.reshape(units.shape), np.nan, units), _sale_weeks(mine, rows, week, starts)


def _sale_weeks(
    mine: Campaign, rows: pd.DataFrame, week: np.ndarray, starts: list[date]
) -> tuple[np.ndarray, float]:
    opens, closes = (clock.business_day(moment, mine.timezone) for moment in (mine.opens_at, mine.closes_at))
    own = np.array([start <= closes and start + timedelta(days=6) >= opens for start in starts])
    visitors = np.bincount(
        week, weights=rows["visitors"].fillna(0).to_numpy(dtype=float), minlength=len(starts)
    )
    ordinary, sale = visitors[~own], visitors[own]
    if not len(sale) or not len(ordinary) or not sale.mean() > 0:
        return own, 1.0
    return own, min(1.0, float(ordinary.mean() / sale.mean()))


def _return_rates(connection: Connection, codes: pd.Index) -> pd.Series:
    """Refunded over paid of the last REFUND_DAYS reported days by SKU, drawn towards the shop's rate by what a
    hundred yuan of sales would say; 0 where no report speaks of refunds."""
    last = signals.last_day(connection)
    t = daily_signal.c
    until = last or date(1, 4, 1)
    sums = read(
        connection,
        select(t.sku_code, func.sum(t.refund_amount).label("refunded"), func.sum(t.paid_amount).label("paid"))
        .where(t.sku_code != "", t.day > until - timedelta(days=REFUND_DAYS))
        .group_by(t.sku_code),
    ).set_index("sku_code")
    sums = sums.astype("Float64").fillna(0).astype(float)
    paid = float(sums["paid"].sum())
    shop = float(sums["refunded"].sum()) / paid if paid > 0 else 0.0
    own = sums.reindex(codes).fillna(0)
    return ((own["refunded"] + shop * 10_000) / (own["paid"] + 10_000)).clip(0, 1)
