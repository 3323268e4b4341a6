"""What this room reads of the others, in the caller's transaction: goods and terms, stock, arrivals, economics, daily figures, past sales."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.campaign import service as campaigns
from core.campaign.tables import campaign, campaign_phase
from core.clock import business_day, day_start
from core.database import read
from core.goods.tables import campaign_sku, sku, supplier
from core.pricing import service as pricing
from core.replenishment import forecast, history
from core.replenishment.history import Goods, Sale, Sales
from core.replenishment.signals import DEPOSIT
from core.replenishment.tables import replenishment_override
from core.signals.tables import daily_signal
from core.stock import service as stock
from core.stock.tables import stock_movement

HISTORY_DAYS = 420  # thirteen months and a bit: last year's sale is in it
SHELF_DAYS = 180  # how far back an empty shelf is looked for
WARM_DAYS = 14  # before the opening, where a campaign names no warm-up phase
_WARM_KINDS = ("warm_up", "presale_deposit")
_STAGES = {DEPOSIT: "deposits", "cart": "add_to_cart", "coupon": "coupon_claims", "favourite": "favourites", "view": "visitors"}
_EPOCH = date(1970, 1, 1).toordinal()
NEW_DAYS = 30  # a SKU is new for so long after the first day on which a report names it


@dataclass(frozen=True, slots=True)
class Window:
    """The campaign in days of its own zone: the sale (with its warm-up) and the day of the decision."""

    campaign_id: str
    name: str
    zone: str
    today: date
    opens: date
    sale: Sale


def window(connection: Connection, campaign_id: str, now: datetime) -> Window:
    """The campaign as seen today. ShopError("campaign.unknown")."""
    found = campaigns.standing(connection, campaign_id)
    span = _sale(found.opens_at, found.closes_at, _warm(connection).get(campaign_id), found.timezone)
    return Window(campaign_id, found.name, found.timezone, business_day(now, found.timezone), date.fromordinal(span.first), span)


def _warm(connection: Connection) -> dict[str, datetime]:
    """When each campaign's warm-up begins, where it has one."""
    p = campaign_phase.c
    query = select(p.campaign_id, func.min(p.starts_at).label("starts_at")).where(p.kind.in_(_WARM_KINDS)).group_by(p.campaign_id)
    frame = read(connection, query)
    return dict(zip(frame["campaign_id"], pd.to_datetime(frame["starts_at"], utc=True), strict=True))


def _sale(opens_at: datetime, closes_at: datetime, warm: datetime | None, zone: str) -> Sale:
    first = business_day(opens_at, zone).toordinal()
    last = business_day(closes_at - timedelta(microseconds=1), zone).toordinal()
    return Sale(first, last, min(business_day(warm, zone).toordinal(), first) if warm is not None else first - WARM_DAYS)


def past_sales(connection: Connection, campaign_id: str, now: datetime, reported: set[int]) -> tuple[Sale, ...]:
    """Closed campaigns (no rehearsals) of which at least half the days have a report, oldest first."""
    c = campaign.c
    query = select(c.campaign_id, c.opens_at, c.closes_at, c.timezone).where(c.closes_at <= now, c.rehearsal_of == "")
    rows = read(connection, query.where(c.campaign_id != campaign_id).order_by(c.opens_at))
    warm = _warm(connection)
    sales = [
        _sale(row["opens_at"], row["closes_at"], warm.get(row["campaign_id"]), row["timezone"]) for row in rows.to_dict("records")
    ]
    return tuple(sale for sale in sales if 2 * sum(day in reported for day in range(sale.first, sale.last + 1)) >= sale.days)


def goods(connection: Connection, campaign_id: str) -> tuple[pd.DataFrame, dict[str, int]]:
    """One row a SKU of the campaign's structure (every live SKU where there is none yet), sorted by code; and supplier -> capacity in units.

    Columns: sku_code, name, category, brand, supplier, tier (str), unit_cost, list_price, sale_price, planned_units, lead_time_days, moq, pack_size,
    contribution (Int64, fen and units), minimum_amount (Int64, the supplier's).
    """
    s, c, v = sku.c, campaign_sku.c, supplier.c
    columns = [
        s[name] for name in ("sku_code", "name", "category", "brand", "supplier", "unit_cost", "list_price", "moq", "pack_size")
    ]
    query = (
        select(
            *columns,
            c.tier,
            c.sale_price,
            c.planned_units,
            func.coalesce(s.lead_time_days, v.lead_time_days).label("lead_time_days"),
            v.minimum_amount,
        )
        .outerjoin(supplier, (v.name == s.supplier) & v.retired_at.is_(None))
        .where(s.retired_at.is_(None))
        .order_by(s.sku_code)
    )
    joined = (c.sku_code == s.sku_code) & (c.campaign_id == campaign_id)
    frame = read(connection, query.join(campaign_sku, joined))
    if frame.empty:
        frame = read(connection, query.outerjoin(campaign_sku, joined))
    economics = pricing.economics(connection, campaign_id).set_index("sku_code")[["unit_cost", "contribution"]]
    known = economics.reindex(frame["sku_code"]).reset_index(drop=True)
    amounts = ("unit_cost", "list_price", "sale_price", "planned_units", "moq", "pack_size", "lead_time_days", "minimum_amount")
    frame = frame.astype(dict.fromkeys(amounts, "Int64"))
    frame["unit_cost"] = frame["unit_cost"].fillna(known["unit_cost"].astype("Int64"))
    capacity = read(connection, select(v.name, v.capacity_units).where(v.capacity_units.is_not(None), v.retired_at.is_(None)))
    return (
        frame.assign(tier=frame["tier"].fillna("regular"), contribution=known["contribution"].astype("Int64")),
        dict(zip(capacity["name"], capacity["capacity_units"].astype(int), strict=True)),
    )


def reports(connection: Connection, today: date) -> pd.DataFrame:
    """Daily figures by SKU before today, channels summed: sku_code, day (ordinal, int64), units_paid and the warm-up's stages (float, nan where silent)."""
    d = daily_signal.c
    figures = [func.sum(d[name]).label(name) for name in ("units_paid", *_STAGES.values())]
    query = select(d.sku_code, d.day, *figures).where(
        d.sku_code != "", d.day < today, d.day >= today - timedelta(days=HISTORY_DAYS)
    )
    frame = read(connection, query.group_by(d.sku_code, d.day))
    days = pd.to_datetime(frame["day"]).to_numpy("datetime64[D]").astype(np.int64) + _EPOCH
    numbers = {name: frame[name].astype("Float64").to_numpy(float, na_value=np.nan) for name in ("units_paid", *_STAGES.values())}
    return pd.DataFrame({"sku_code": frame["sku_code"], "day": days, **numbers})


def empty_shelves(connection: Connection, index: pd.Index, zone: str, today: date) -> tuple[np.ndarray, np.ndarray]:
    """(SKU place, day ordinal) of the days of the last half year that ended without a unit on hand, by the ledger."""
    m = stock_movement.c
    since = day_start(today - timedelta(days=SHELF_DAYS), zone)
    moves = read(connection, select(m.sku_code, m.at, m.on_hand).where(m.on_hand != 0, m.at >= since).order_by(m.sku_code, m.at))
    moves = moves[moves["sku_code"].isin(index)]
    if moves.empty:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    local = moves["at"].dt.tz_convert(ZoneInfo(zone)).dt.tz_localize(None).to_numpy("datetime64[D]").astype(np.int64) + _EPOCH
    daily = pd.DataFrame(
        {"item": index.get_indexer(pd.Index(moves["sku_code"])), "day": local, "moved": moves["on_hand"].to_numpy(np.int64)}
    )
    daily = daily.groupby(["item", "day"], as_index=False).sum()
    now_there = stock.levels(connection)["on_hand"].reindex(index).fillna(0).to_numpy(np.int64)
    after = daily.iloc[::-1].groupby("item")["moved"].cumsum().iloc[::-1]  # what moved on this day and later
    balance = now_there[daily["item"]] - after + daily["moved"]
    following = daily.groupby("item")["day"].shift(-1).fillna(today.toordinal()).astype("int64")
    gone = (balance <= 0).to_numpy()
    item, first, length = (
        daily["item"].to_numpy()[gone],
        daily["day"].to_numpy()[gone],
        (following - daily["day"]).to_numpy()[gone],
    )
    place = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
    return np.repeat(item, length), np.repeat(first, length) + place


@dataclass(frozen=True, slots=True)
class Demand:
    """The forecast of a campaign's SKUs in the order of the goods frame, each SKU's first reported day (0: none), and what it was learnt from."""

    found: forecast.Forecast
    first_day: np.ndarray
    deposits: np.ndarray


def demand(connection: Connection, place: Window, frame: pd.DataFrame, now: datetime) -> Demand:
    """The forecast for the campaign's SKUs; history is learnt from them alone."""
    index = pd.Index(frame["sku_code"])
    rows = reports(connection, place.today)
    rows = rows[rows["sku_code"].isin(index)]
    item, day = index.get_indexer(rows["sku_code"]).astype(np.int64), rows["day"].to_numpy(np.int64)
    first_day = np.zeros(len(index), np.int64)
    if len(rows):
        firsts = rows.groupby("sku_code")["day"].min()
        first_day[index.get_indexer(firsts.index)] = firsts.to_numpy(np.int64)
    units = rows["units_paid"].to_numpy(float)
    told = ~np.isnan(units)
    empty_item, empty_day = empty_shelves(connection, index, place.zone, place.today)
    sales = Sales(item[told], day[told], np.maximum(units[told], 0.0), empty_item, empty_day)
    past = past_sales(connection, place.campaign_id, now, set(day[told].tolist()))
    counts = {stage: np.nan_to_num(rows[name].to_numpy(float)) for stage, name in _STAGES.items()}
    warm = forecast.Signals(item, day, counts)
    coming = forecast.Coming(place.today.toordinal(), place.sale, frame["planned_units"].to_numpy(float, na_value=np.nan))
    inside = (day >= place.sale.warm) & (day <= place.sale.last)
    deposits = np.bincount(item[inside], counts[DEPOSIT][inside], minlength=len(index))
    return Demand(
        forecast.forecast(sales, _belonging(frame, first_day), past, coming, warm), first_day, deposits.astype(np.int64)
    )


def _belonging(frame: pd.DataFrame, first_day: np.ndarray) -> Goods:
    category = history.codes(frame["category"].to_numpy(object))
    price = frame["sale_price"].fillna(frame["list_price"]).to_numpy(float, na_value=0.0)
    band = history.price_band(price)
    group = history.codes(frame["tier"].to_numpy(object), category)
    return Goods(group, history.codes(group, band), category, history.codes(category, band), first_day)


def overrides(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Standing overrides: sku_code, override, override_reason, seen_.. (Int64)."""
    o = replenishment_override.c
    seen = [column for column in replenishment_override.columns if column.name.startswith("seen_")]
    frame = read(
        connection,
        select(o.sku_code, o.quantity.label("override"), o.reason.label("override_reason"), *seen).where(
            o.campaign_id == campaign_id
        ),
    )
    return frame.astype({name: "Int64" for name in frame.columns if name == "override" or name.startswith("seen_")})


def stock_terms(connection: Connection, codes: pd.Series) -> pd.DataFrame:
    """committed, available (on hand less reserved, the pre-sale still in it), activity_locked: int64, in the order of `codes`."""
    levels = (
        stock.levels(connection)
        .reindex(codes)[["on_hand", "reserved", "presale_committed", "activity_locked"]]
        .fillna(0)
        .astype("int64")
    )
    levels = levels.reset_index(drop=True)
    return pd.DataFrame(
        {
            "committed": levels["presale_committed"],
            "available": levels["on_hand"] - levels["reserved"],
            "activity_locked": levels["activity_locked"],
        }
    )
