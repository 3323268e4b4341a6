"""From any bar of the bridge to what lies behind it: the hours of a phase, a day, a channel or a good, the goods sold in them,
the order lines of an hour and what was decided in it."""

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
from core.errors import ShopError
from core.goods.tables import sku
from core.live.ledger.series import SKU_MINUTE
from core.live.tables import OF_AN_ORDER, decision, event, sale_minute, sale_minute_kind
from core.review import figures
from core.review.figures import Window

BY = ("channels", "phases", "days")
GOODS = "goods"  # one SKU over the whole sale
MOST = 5_000  # order lines of an hour
HOUR = 60  # minutes


@dataclass(frozen=True, slots=True)
class Lines:
    """`hours`: hour (aware), visitors, buyers, paid, refunded (fen), decisions (count); `goods`: sku_code, name, units, paid
    (fen), dearest first, empty for a channel (goods are not kept by channel); `decisions`: at, account, act, sku_code,
    note."""

    hours: pd.DataFrame
    goods: pd.DataFrame
    decisions: pd.DataFrame


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar. `by`: of BY or GOODS; `part`: a row of that table, or a SKU."""

    by: str
    part: str


@dataclass(frozen=True, slots=True)
class Hour:
    """`lines`: at, kind (pay | refund), order_id, sku_code, name, units, amount (fen, of a refund below 0), channel, by time, MOST
    at most; `decisions`: as in Lines."""

    lines: pd.DataFrame
    decisions: pd.DataFrame


def hour_of(db: Database, actor: Actor, campaign_id: str, bar: Bar, hour: datetime, *, now: datetime) -> Hour:
    """The order lines of one hour of a bar, whose payments and refunds sum to that hour's, and what was decided in it.
    ShopError("review.no_part" | "campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        chosen = _windows(connection, mine, bar, now)
        rows = pd.concat([_order_lines(connection, one, bar, hour) for one in chosen])
        acts = _decisions(connection, campaign_id, chosen)
    inside = (acts["at"] >= hour) & (acts["at"] < hour + timedelta(hours=1))
    rows = rows.sort_values("at", kind="stable", ignore_index=True).head(MOST)
    return Hour(rows, acts[inside].reset_index(drop=True))


def hours_of_good(db: Database, actor: Actor, campaign_id: str, sku_code: str, now: datetime) -> pd.DataFrame:
    """The hours in which a good was paid or refunded: hour (aware), paid, refunded (fen). They sum to its bar."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        bar = Bar(GOODS, sku_code)
        rows = pd.concat(
            [_order_lines(connection, one, bar, None) for one in _windows(connection, mine, bar, now)]
        )
    rows = rows.assign(
        hour=rows["at"].dt.floor("h"),
        paid=rows["amount"].clip(lower=0),
        refunded=-rows["amount"].clip(upper=0),
    )
    return rows.groupby("hour", as_index=False)[["paid", "refunded"]].sum()


def _windows(connection: Connection, mine: Campaign, bar: Bar, now: datetime) -> list[Window]:
    """The windows of a bar. ShopError("review.no_part")."""
    cut = figures.windows(figures.scopes(connection, mine, now), now)
    own = {"days": lambda one: one.day, "phases": lambda one: one.scope.phase_id}.get(bar.by)
    chosen = [one for one in cut if own is None or own(one) == bar.part]
    if bar.by not in (*BY, GOODS) or not chosen:
        raise ShopError("review.no_part", part=bar.part)
    return chosen


def _order_lines(connection: Connection, window: Window, bar: Bar, hour: datetime | None) -> pd.DataFrame:
    """Payments and refunds of a window as Hour.lines, of one hour or of all."""
    e = event.c
    minutes = (window.first, window.refunds_to + 1) if hour is None else _cut(window, hour)
    query = (
        select(e.at_ms, e.kind, e.order_id, e.sku_code, sku.c.name, e.quantity, e.amount_fen, e.channel)
        .outerjoin(sku, sku.c.sku_code == e.sku_code)
        .where(
            e.campaign_id == window.scope.campaign_id,
            e.kind.in_(("pay", "refund")),
            OF_AN_ORDER,
            e.waits_for == "",
            e.at_ms >= minutes[0] * 60_000,
            e.at_ms < minutes[1] * 60_000,
            (e.kind == "refund") | (e.at_ms < (window.last + 1) * 60_000),
        )
    )
    if bar.by == "channels":
        query = query.where(e.channel == bar.part)
    if bar.by == GOODS:
        query = query.where(e.sku_code == bar.part)
    rows = read(connection, query)
    back = np.where(rows["kind"] == "refund", -1, 1)
    return pd.DataFrame(
        {
            "at": pd.to_datetime(rows["at_ms"], unit="ms", utc=True),
            "kind": rows["kind"],
            "order_id": rows["order_id"],
            "sku_code": rows["sku_code"],
            "name": rows["name"].fillna(""),
            "units": rows["quantity"].astype("int64") * back,
            "amount": rows["amount_fen"].astype("int64") * back,
            "channel": rows["channel"],
        }
    )


def _cut(window: Window, hour: datetime) -> tuple[int, int]:
    """The minutes of an hour that belong to the window, the last one not in it."""
    begin = clock.epoch_minute(hour)
    return max(begin, window.first), min(begin + HOUR, window.refunds_to + 1)


def lines(db: Database, actor: Actor, campaign_id: str, by: str, part: str, now: datetime) -> Lines:
    """What lies behind one bar. `by`: of BY; `part`: a row of that table. The hours' payments and refunds sum to the bar's.
    ShopError("review.no_part" | "campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        chosen = _windows(connection, mine, Bar(by, part), now)
        hours = pd.concat([_hours(connection, one, part if by == "channels" else None) for one in chosen])
        hours = hours.groupby("hour", as_index=False).sum().sort_values("hour", ignore_index=True)
        goods = pd.concat([_goods(connection, one) for one in chosen if by != "channels"] or [_no_goods()])
        goods = goods.groupby(["sku_code", "name"], as_index=False).sum()
        acts = _decisions(connection, campaign_id, chosen)
    counts = acts["at"].dt.floor("h").value_counts() if len(acts) else pd.Series(dtype="int64")
    hours = hours.assign(hour=pd.to_datetime(hours["hour"] * 60, unit="s", utc=True))
    hours["decisions"] = hours["hour"].map(counts).fillna(0).astype("int64")
    return Lines(hours, goods.sort_values("paid", ascending=False, kind="stable", ignore_index=True), acts)


def _hours(connection: Connection, window: Window, channel: str | None) -> pd.DataFrame:
    """hour (epoch minute at which it begins), visitors, buyers, paid, refunded of one window."""
    k, p = sale_minute_kind.c, sale_minute.c
    hour = (k.minute - k.minute % HOUR).label("hour")
    money = select(hour, k.kind, func.sum(k.amount_fen).label("fen")).where(
        k.campaign_id == window.scope.campaign_id,
        k.kind.in_(("pay", "refund")),
        k.minute.between(window.first, window.refunds_to),
    )
    of = (p.minute - p.minute % HOUR).label("hour")
    people = select(of, func.sum(p.visitors).label("visitors"), func.sum(p.buyers).label("buyers")).where(
        p.campaign_id == window.scope.campaign_id, p.minute.between(window.first, window.last)
    )
    if channel is not None:
        money, people = money.where(k.channel == channel), people.where(p.channel == channel)
    heads = read(connection, people.group_by(of)).set_index("hour")
    fen = read(connection, money.group_by(hour, k.kind))
    sums = fen.pivot_table(index="hour", columns="kind", values="fen", aggfunc="sum", fill_value=0)
    sums = sums.reindex(columns=["pay", "refund"], fill_value=0).rename(
        columns={"pay": "paid", "refund": "refunded"}
    )
    both = heads.join(sums, how="outer").fillna(0).astype("int64").rename_axis("hour")
    return both[["visitors", "buyers", "paid", "refunded"]].reset_index()


def _goods(connection: Connection, window: Window) -> pd.DataFrame:
    b = SKU_MINUTE.c
    sums = func.sum(b.quantity).label("units"), func.sum(b.amount_fen).label("paid")
    query = (
        select(b.sku_code, sku.c.name, *sums)
        .outerjoin(sku, sku.c.sku_code == b.sku_code)
        .where(
            b.campaign_id == window.scope.campaign_id,
            b.kind == "pay",
            b.minute.between(window.first, window.last),
        )
        .group_by(b.sku_code, sku.c.name)
    )
    rows = read(connection, query)
    return rows.assign(name=rows["name"].fillna("")).astype({"units": "int64", "paid": "int64"})


def _no_goods() -> pd.DataFrame:
    empty = pd.DataFrame({"sku_code": [], "name": [], "units": [], "paid": []})
    return empty.astype({"sku_code": "str", "name": "str", "units": "int64", "paid": "int64"})


def _decisions(connection: Connection, campaign_id: str, cut: list[Window]) -> pd.DataFrame:
    d = decision.c
    first, last = (clock.from_epoch_minute(edge) for edge in (cut[0].first, cut[-1].refunds_to + 1))
    query = select(d.at, d.account, d.act, d.sku_code, d.note).where(
        d.campaign_id == campaign_id, d.at >= first, d.at < last
    )
    return read(connection, query.order_by(d.at))
