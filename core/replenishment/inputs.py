"""What this package reads of the others, in the caller's transaction: the sale's window, past sales, daily figures,
empty shelves, and the demand that they point to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.campaign import defaults
from core.campaign import service as campaigns
from core.campaign.sale_kinds import SaleKind
from core.campaign.tables import campaign, campaign_phase
from core.clock import business_day, day_start
from core.database import read
from core.replenishment.forecast import forecast, history
from core.replenishment.forecast.history import Goods, Sale, Sales
from core.replenishment.forecast.signals import DEPOSIT
from core.replenishment.tables import replenishment_override
from core.signals.tables import daily_signal
from core.stock import service as stock
from core.stock.tables import stock_movement

HISTORY_DAYS = 420  # thirteen months and a bit: last year's sale is in it
SHELF_DAYS = 180  # how far back an empty shelf is looked for
WARM_DAYS = 14  # before the opening, where a campaign names no warm-up phase
_WARM_KINDS = ("warm_up", "presale_deposit")
_STAGES = {
    DEPOSIT: "deposits",
    "cart": "add_to_cart",
    "coupon": "coupon_claims",
    "favourite": "favourites",
    "view": "visitors",
}
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
    current = campaigns.standing(connection, campaign_id)
    span = _sale(
        current.opens_at,
        current.closes_at,
        _warm(connection).get(campaign_id),
        current.timezone,
        current.kind,
    )
    return Window(
        campaign_id,
        current.name,
        current.timezone,
        business_day(now, current.timezone),
        date.fromordinal(span.first),
        span,
    )


def _warm(connection: Connection) -> dict[str, datetime]:
    """When each campaign's warm-up begins, where it has one."""
    p = campaign_phase.c
    query = (
        select(p.campaign_id, func.min(p.starts_at).label("starts_at"))
        .where(p.kind.in_(_WARM_KINDS))
        .group_by(p.campaign_id)
    )
    frame = read(connection, query)
    return dict(zip(frame["campaign_id"], pd.to_datetime(frame["starts_at"], utc=True), strict=True))


def _sale(opens_at: datetime, closes_at: datetime, warm: datetime | None, zone: str, kind: SaleKind) -> Sale:
    first = business_day(opens_at, zone).toordinal()
    last = business_day(closes_at - timedelta(microseconds=1), zone).toordinal()
    begins = min(business_day(warm, zone).toordinal(), first) if warm is not None else first - WARM_DAYS
    return Sale(first, last, begins, kind)


def past_sales(
    connection: Connection, campaign_id: str, now: datetime, reported: set[int]
) -> tuple[Sale, ...]:
    """Closed campaigns (no rehearsals) of which at least half the days have a report, oldest first; without those
    whose uplift this campaign has refused to begin with."""
    c = campaign.c
    query = select(c.campaign_id, c.opens_at, c.closes_at, c.timezone, c.kind).where(
        c.closes_at <= now, c.rehearsal_of == ""
    )
    out = {campaign_id, *defaults.refused_sales(connection, campaign_id, "uplift")}
    rows = read(connection, query.where(c.campaign_id.not_in(out)).order_by(c.opens_at))
    warm = _warm(connection)
    sales = [
        _sale(
            row["opens_at"],
            row["closes_at"],
            warm.get(row["campaign_id"]),
            row["timezone"],
            SaleKind(row["kind"]),
        )
        for row in rows.to_dict("records")
    ]
    return tuple(
        sale
        for sale in sales
        if 2 * sum(day in reported for day in range(sale.first, sale.last + 1)) >= sale.days
    )


def reports(connection: Connection, today: date) -> pd.DataFrame:
    """Daily figures by SKU before today, channels summed: sku_code, day (ordinal, int64), units_paid and the
    warm-up's stages (float, nan where silent)."""
    d = daily_signal.c
    figures = [func.sum(d[name]).label(name) for name in ("units_paid", *_STAGES.values())]
    query = select(d.sku_code, d.day, *figures).where(
        d.sku_code != "", d.day < today, d.day >= today - timedelta(days=HISTORY_DAYS)
    )
    frame = read(connection, query.group_by(d.sku_code, d.day))
    days = pd.to_datetime(frame["day"]).to_numpy("datetime64[D]").astype(np.int64) + _EPOCH
    numbers = {
        name: frame[name].astype("Float64").to_numpy(float, na_value=np.nan)
        for name in ("units_paid", *_STAGES.values())
    }
    return pd.DataFrame({"sku_code": frame["sku_code"], "day": days, **numbers})


def deposits(connection: Connection, place: Window) -> pd.Series:
    """Deposits that the reports since the warm-up name, by sku_code (int64): units promised to the pre-sale."""
    d = daily_signal.c
    days = (date.fromordinal(place.sale.warm), min(date.fromordinal(place.sale.last), place.today))
    reported = (d.sku_code != "", d.day >= days[0], d.day <= days[1], d.day < place.today)
    query = select(d.sku_code, func.sum(d.deposits).label("deposits")).where(*reported)
    frame = read(connection, query.group_by(d.sku_code)).set_index("sku_code")
    return frame["deposits"].fillna(0).astype("int64")


def empty_shelves(
    connection: Connection, index: pd.Index, zone: str, today: date
) -> tuple[np.ndarray, np.ndarray]:
    """(SKU place, day ordinal) of the days of the last half year that ended without a unit on hand, by the
    ledger."""
    m = stock_movement.c
    since = day_start(today - timedelta(days=SHELF_DAYS), zone)
    moves = read(
        connection,
        select(m.sku_code, m.at, m.on_hand).where(m.on_hand != 0, m.at >= since).order_by(m.sku_code, m.at),
    )
    moves = moves[moves["sku_code"].isin(index)]
    if moves.empty:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    local = (
        moves["at"]
        .dt.tz_convert(ZoneInfo(zone))
        .dt.tz_localize(None)
        .to_numpy("datetime64[D]")
        .astype(np.int64)
        + _EPOCH
    )
    daily = pd.DataFrame(
        {
            "item": index.get_indexer(pd.Index(moves["sku_code"])),
            "day": local,
            "moved": moves["on_hand"].to_numpy(np.int64),
        }
    )
    daily = daily.groupby(["item", "day"], as_index=False).sum()
    now_there = stock.levels(connection)["on_hand"].reindex(index).fillna(0).to_numpy(np.int64)
    after = daily.iloc[::-1].groupby("item")["moved"].cumsum().iloc[::-1]  # what moved on this day and later
    balance = now_there[daily["item"]] - after + daily["moved"]
    ends = today.toordinal()  # moves of this day and later are behind the balance, and no shelf of before it
    following = daily.groupby("item")["day"].shift(-1).fillna(ends).astype("int64").clip(upper=ends)
    gone = (balance <= 0).to_numpy()
    item, first, length = (
        daily["item"].to_numpy()[gone],
        daily["day"].to_numpy()[gone],
        (following - daily["day"]).clip(lower=0).to_numpy()[gone],
    )
    offset = np.arange(length.sum()) - np.repeat(length.cumsum() - length, length)
    return np.repeat(item, length), np.repeat(first, length) + offset


@dataclass(frozen=True, slots=True)
class Demand:
    """The forecast of a campaign's SKUs in the order of the goods frame, each SKU's first reported day (0:
    none), and what it was learnt from."""

    found: forecast.Forecast
    first_day: np.ndarray
    deposits: np.ndarray


def demand(
    connection: Connection, window: Window, frame: pd.DataFrame, now: datetime, *, count_jumps: bool = False
) -> Demand:
    """The forecast for the campaign's SKUs; history is learnt from them alone."""
    index = pd.Index(frame["sku_code"])
    rows = _reported(connection, window, index)
    item = index.get_indexer(pd.Index(rows["sku_code"])).astype(np.int64)
    day = rows["day"].to_numpy(np.int64)
    first_day = np.zeros(len(index), np.int64)
    if len(rows):
        firsts = rows.groupby("sku_code")["day"].min()
        first_day[index.get_indexer(firsts.index)] = firsts.to_numpy(np.int64)
    sales = _sales(connection, window, index, rows)
    closed = past_sales(connection, window.campaign_id, now, set(sales.day.tolist()))
    past = tuple(sale for sale in closed if sale.last < window.today.toordinal())
    counts = {stage: np.nan_to_num(rows[name].to_numpy(float)) for stage, name in _STAGES.items()}
    warm = forecast.Signals(item, day, counts, count_jumps=count_jumps)
    coming = forecast.Coming(
        window.today.toordinal(), window.sale, frame["planned_units"].to_numpy(float, na_value=np.nan)
    )
    return Demand(
        forecast.forecast(sales, _belonging(frame, first_day), past, coming, warm),
        first_day,
        _deposits(rows, window, index).astype(np.int64),
    )


def sold(connection: Connection, window: Window, index: pd.Index) -> tuple[Sales, np.ndarray]:
    """The SKUs' sales before `window.today`, and the deposits of the sale's warm-up and days, shape (SKUs,)."""
    rows = _reported(connection, window, index)
    return _sales(connection, window, index, rows), _deposits(rows, window, index)


def _reported(connection: Connection, window: Window, index: pd.Index) -> pd.DataFrame:
    rows = reports(connection, window.today)
    return rows[rows["sku_code"].isin(index)]


def _sales(connection: Connection, window: Window, index: pd.Index, rows: pd.DataFrame) -> Sales:
    """The rows whose units are told, and the empty shelves, as numbers of the SKUs."""
    units = rows["units_paid"].to_numpy(float)
    reported = ~np.isnan(units)
    item = index.get_indexer(pd.Index(rows["sku_code"])).astype(np.int64)
    day = rows["day"].to_numpy(np.int64)
    empty = empty_shelves(connection, index, window.zone, window.today)
    return Sales(item[reported], day[reported], np.maximum(units[reported], 0.0), *empty)


def _deposits(rows: pd.DataFrame, window: Window, index: pd.Index) -> np.ndarray:
    inside = rows[(rows["day"] >= window.sale.warm) & (rows["day"] <= window.sale.last)]
    deposits = np.nan_to_num(inside[_STAGES[DEPOSIT]].to_numpy(float))
    return np.bincount(index.get_indexer(pd.Index(inside["sku_code"])), deposits, minlength=len(index))


def _belonging(frame: pd.DataFrame, first_day: np.ndarray) -> Goods:
    category = history.codes(frame["category"].to_numpy(object))
    price = frame["sale_price"].fillna(frame["list_price"]).to_numpy(float, na_value=0.0)
    band = history.price_band(price)
    group = history.codes(frame["tier"].to_numpy(object), category)
    return Goods(group, history.codes(group, band), category, history.codes(category, band), first_day)


def overrides(connection: Connection, campaign_id: str) -> pd.DataFrame:
    """Standing overrides: sku_code, override, override_reason, seen_.. (Int64)."""
    o = replenishment_override.c
    basis = [column for column in replenishment_override.columns if column.name.startswith("seen_")]
    frame = read(
        connection,
        select(o.sku_code, o.quantity.label("override"), o.reason.label("override_reason"), *basis).where(
            o.campaign_id == campaign_id
        ),
    )
    return frame.astype(
        {name: "Int64" for name in frame.columns if name == "override" or name.startswith("seen_")}
    )
