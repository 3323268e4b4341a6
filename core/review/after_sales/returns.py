"""After the sale: what comes back and when, tickets and hours that it brings, open cases, and refunds before the goods are
back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core import clock
from core.access import Actor, allow
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.database import Database, read
from core.goods.tables import sku
from core.orders.tables import order_line
from core.readiness import staffing
from core.review import figures
from core.review.after_sales import after_sale, fast_refund
from core.review.after_sales.cases import tickets_per_return
from core.review.after_sales.fast_refund import Cost, FastRefund

LEAST_RETURNS = 30  # units below which a curve of this sale alone is noise
HISTORY_DAYS = 180  # of order exports behind the curve of the shop
LOAD = ("day", "expected", "low", "high", "known", "tickets", "parcel_hours", "agent_hours")


@dataclass(frozen=True, slots=True)
class Returns:
    """Returns by age and the load that they will bring. `curve`: age in days, share; `load`: LOAD, with expected, low,
    high, known in units (known missing ahead of now), tickets, and the hours of people who unpack and who answer.
    `source`: whose ages: "sale" (events of this one), "shop" (order exports) or "" (nothing has come back yet);
    `rate`: tickets a returned unit, `measured`: whether they were counted."""

    curve: pd.DataFrame
    load: pd.DataFrame
    source: str
    rate: float
    measured: bool


def returns(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Returns:
    """What comes back, and when: the ages of this sale's returns, or of the shop's where the sale has too few, laid over
    its purchases. Empty tables while nothing has ever come back. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        orders, matrix, days = figures.returns(connection, [campaign_id], mine.timezone)
        own = after_sale.returns_curve(orders, matrix)
        shop = _shop_curve(connection, mine.timezone, now)
        settings, _ = staffing.in_force(connection, campaign_id)
        counted = tickets_per_return(connection, mine, float(matrix.sum()))
    curve, source = _chosen(own, float(matrix.sum()), shop)
    rate = settings.contacts_per_order if counted is None else counted
    if not days or not source:
        nothing = pd.DataFrame({"age": [], "share": []})
        return Returns(nothing, pd.DataFrame(columns=list(LOAD)), "", rate, counted is not None)
    load = _load(orders, matrix, curve, date.fromisoformat(days[0]))
    pack = next(stage for stage in settings.line if stage.name == "pack")
    goal = settings.goal
    tickets = load["expected"] * rate
    load = load.assign(
        tickets=tickets,
        parcel_hours=load["expected"] / pack.orders_per_hour,
        agent_hours=tickets * goal.chat_seconds / 3600 / goal.occupancy / (1 - goal.shrinkage),
    )
    ages = pd.DataFrame({"age": np.arange(len(curve)), "share": curve})
    return Returns(ages, load, source, rate, counted is not None)


def _chosen(own: np.ndarray, units: float, shop: np.ndarray) -> tuple[np.ndarray, str]:
    if units >= LEAST_RETURNS or (own.sum() > 0 and not shop.sum() > 0):
        return own, "sale"
    return (shop, "shop") if shop.sum() > 0 else (own, "")


def _load(orders: np.ndarray, matrix: np.ndarray, curve: np.ndarray, start: date) -> pd.DataFrame:
    days = len(orders)
    expected = after_sale.returns_load(orders, curve)[: days + figures.RETURN_DAYS]
    known = np.array([matrix[: k + 1][np.arange(k + 1), k - np.arange(k + 1)].sum() for k in range(days)])
    low, high = after_sale.band(expected, after_sale.dispersion(known, expected[:days]))
    return pd.DataFrame(
        {
            "day": [(start + timedelta(days=k)).isoformat() for k in range(len(expected))],
            "expected": expected,
            "low": low,
            "high": high,
            "known": pd.Series(known).reindex(range(len(expected))),
        }
    )


def _shop_curve(connection: Connection, timezone: str, now: datetime) -> np.ndarray:
    """Share of the shop's units that comes back at each age, from order exports that say when money went back; empty
    where none does."""
    o = order_line.c
    query = select(o.paid_at, o.refunded_at, o.quantity).where(
        o.paid_at >= now - timedelta(days=HISTORY_DAYS), o.paid_at <= now, o.quantity > 0
    )
    rows = read(connection, query)
    if rows["refunded_at"].isna().all():
        return np.zeros(0)
    bought, back = (_day_numbers(rows[name], timezone) for name in ("paid_at", "refunded_at"))
    returned = rows["refunded_at"].notna().to_numpy()
    units = rows["quantity"].to_numpy(dtype=float)
    first = int(bought.min())
    width = (clock.business_day(now, timezone) - date(1970, 1, 1)).days - first + 1
    orders = np.bincount(bought - first, weights=units, minlength=width).astype(float)
    ages = (back - bought)[returned]
    kept = (ages >= 0) & (ages < figures.RETURN_DAYS)
    matrix = np.zeros((len(orders), figures.RETURN_DAYS))
    np.add.at(matrix, ((bought[returned] - first)[kept], ages[kept]), units[returned][kept])
    return after_sale.curve_of(orders, matrix)


def _day_numbers(moments: pd.Series, timezone: str) -> np.ndarray:
    """Days since 1970 on the campaign's clock, int64; 0 where there is no moment."""
    local = pd.to_datetime(moments, utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
    days = local.fillna(pd.Timestamp(0)).to_numpy().astype("datetime64[D]")
    return np.asarray(days.astype("int64"))


def fast_refunds(
    db: Database, actor: Actor, campaign_id: str, rule: FastRefund, now: datetime
) -> tuple[Cost, list[str]]:
    """What a rule would have cost over the refunds of the last HISTORY_DAYS of order exports, and the categories that it
    could keep back. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        past = refunds(connection, mine, now)
    return fast_refund.cost(past, rule), sorted(past["category"].unique().tolist())


def refunds(connection: Connection, mine: Campaign, now: datetime) -> pd.DataFrame:
    """Refunded lines of order exports as `fast_refund.cost` needs them."""
    o = order_line.c
    since = now - timedelta(days=HISTORY_DAYS)
    columns = (o.order_id, o.buyer_key, o.paid_at, o.refunded_at, o.refund_amount, sku.c.category)
    query = select(*columns).outerjoin(sku, sku.c.sku_code == o.sku_code).where(o.paid_at.is_not(None))
    lines = read(connection, query.where(o.paid_at >= since, o.paid_at <= now))
    spent = (lines["refunded_at"] - lines["paid_at"]).dt.total_seconds() / 86_400
    lines = lines.assign(day=_day_numbers(lines["paid_at"], mine.timezone), waited=spent)
    orders = lines.groupby(["buyer_key", "order_id"], sort=False).agg(
        day=("day", "min"), refunded=("refund_amount", "max")
    )
    orders = orders.sort_values("day", kind="stable")
    by_buyer = orders.groupby(level="buyer_key", sort=False)
    gone = (orders["refunded"] > 0).astype("int64")
    before = gone.groupby(level="buyer_key", sort=False).cumsum() - gone
    history = pd.DataFrame({"earlier_orders": by_buyer.cumcount(), "earlier_refunds": before})
    back = lines[lines["refund_amount"] > 0].join(history, on=["buyer_key", "order_id"])
    back = back.assign(category=back["category"].astype("str").fillna("").replace("nan", ""))
    return back.rename(columns={"refund_amount": "amount"}).reset_index(drop=True)
