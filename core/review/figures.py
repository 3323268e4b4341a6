"""What a review reads of one campaign: planned and actual people and money by channel, phase and day, when goods
sold out, what came back and when. Rollups and events, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core import clock
from core.campaign.pace import BIN, share_at
from core.campaign.service import Campaign
from core.database import read
from core.live.ledger.series import SKU_MINUTE
from core.live.snapshot import queries
from core.live.snapshot.scope import JUDGED
from core.live.snapshot.scope import scope as scope_of
from core.live.snapshot.snapshot import Scope, planned_channels
from core.live.tables import event, sale_minute_kind
from core.review.bridge import Stretch, merged
from core.signals.tables import daily_signal

REFUND_DAYS = 90
RETURN_DAYS = 45  # ages at which a return is still looked for


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of one judged phase: epoch minutes, both ends in it, and up to which minute its refunds count."""

    scope: Scope
    first: int
    last: int
    refunds_to: int
    day: str


def scopes(connection: Connection, mine: Campaign, at: datetime) -> list[Scope]:
    """The judged phases that have begun, in order."""
    begun = [p for p in mine.phases if p.kind in JUDGED and p.starts_at <= at]
    return [
        scope_of(connection, mine.campaign_id, p.starts_at)
        for p in sorted(begun, key=lambda phase: phase.starts_at)
    ]


def windows(judged: Sequence[Scope], at: datetime) -> list[Window]:
    """The judged phases cut at the campaign's midnights, up to now. A refund belongs to the window in which it
    comes, the last one takes what comes after the close."""
    now = clock.epoch_minute(at)
    cut = []
    for place, scope in enumerate(judged):
        until = judged[place + 1].first - 1 if place + 1 < len(judged) else now
        for day, first, last in _days(scope):
            if first <= now:
                cut.append(Window(scope, first, min(last, now), min(last, now), day))
        if cut:
            final = cut[-1]
            cut[-1] = Window(final.scope, final.first, final.last, max(until, final.last), final.day)
    return cut


def _days(scope: Scope) -> list[tuple[str, int, int]]:
    zone = clock.zone(scope.timezone)
    start, end = scope.starts_at.astimezone(zone), scope.ends_at.astimezone(zone)
    days, begin = [], start
    while begin < end:
        midnight = datetime(begin.year, begin.month, begin.day, tzinfo=zone) + timedelta(days=1)
        stop = min(midnight, end)
        first, last = (int(moment.timestamp() // 60) for moment in (begin, stop))
        days.append((begin.date().isoformat(), first, last - 1))
        begin = stop
    return days


def planned(window: Window, refund_rate: float) -> dict[str, Stretch]:
    """What each channel should bring in the window, refunds as they usually are."""
    scope = window.scope
    ends = [share_at(scope.curve, float(minute - scope.first)) for minute in (window.first, window.last + 1)]
    share = float(ends[1]) - float(ends[0])
    return {
        name: Stretch(visitors, buyers, amount, amount * refund_rate)
        for name, (visitors, buyers, amount) in planned_channels(scope, share).items()
    }


def actual(connection: Connection, window: Window, in_stock: float) -> dict[str, Stretch]:
    """What each channel brought in the window."""
    name, bins = window.scope.campaign_id, (window.last - window.first) // BIN + 1
    people = queries.people(connection, name, window.first, window.last)
    _, paid = queries.paid(connection, name, window.first, window.last, bins)
    back = _refunds(connection, name, window.first, window.refunds_to)
    return {
        channel: Stretch(
            *people.get(channel, (0, 0)), paid.get(channel, 0), back.get(channel, 0), in_stock=in_stock
        )
        for channel in {**people, **paid, **back}
    }


def _refunds(connection: Connection, campaign_id: str, first: int, last: int) -> dict[str, int]:
    t = sale_minute_kind.c
    query = (
        select(t.channel, func.sum(t.amount_fen))
        .where(t.campaign_id == campaign_id, t.minute.between(first, last), t.kind == "refund")
        .group_by(t.channel)
    )
    return {channel: int(amount) for channel, amount in connection.execute(query)}


def total(parts: Sequence[dict[str, Stretch]]) -> dict[str, Stretch]:
    """Several windows as one, channel by channel."""
    names = list(dict.fromkeys(name for part in parts for name in part))
    return {name: merged([part[name] for part in parts if name in part]) for name in names}


def expected_refunds(connection: Connection, before: datetime, timezone: str) -> float:
    """Refunded over paid in the REFUND_DAYS reported days before the opening; 0 where no report speaks of both."""
    day = before.astimezone(clock.zone(timezone)).date()
    t = daily_signal.c
    span = t.day.between(day - timedelta(days=REFUND_DAYS), day - timedelta(days=1))
    sums = select(func.sum(t.refund_amount), func.sum(t.paid_amount))
    refunded, paid = connection.execute(sums.where(span)).one()
    return min(1.0, float(refunded) / float(paid)) if refunded and paid else 0.0


def last_sold(connection: Connection, scope: Scope) -> pd.Series:
    """The epoch minute in which each SKU was last ordered within the phase, by sku_code."""
    b = SKU_MINUTE.c
    query = (
        select(b.sku_code, func.max(b.minute).label("minute"))
        .where(
            b.campaign_id == scope.campaign_id,
            b.kind.in_(("order", "pay")),
            b.minute.between(scope.first, scope.last),
        )
        .group_by(b.sku_code)
    )
    return read(connection, query).set_index("sku_code")["minute"].astype("int64")


def availability(scope: Scope, goods: pd.DataFrame, last: pd.Series) -> pd.Series:
    """Share of the phase's demand during which each SKU could be bought: 1, or C(t) at its last sale where nothing
    is left. `goods`: indexed by sku_code, with `left`."""
    minutes = last.reindex(goods.index)
    out = (goods["left"].fillna(1) <= 0) & minutes.notna()
    shares = share_at(scope.curve, (minutes.fillna(scope.first) - scope.first + 1).to_numpy(dtype=float))
    return pd.Series(np.where(out, shares, 1.0), index=goods.index, dtype=float)


def returns(
    connection: Connection, campaign_ids: Sequence[str], timezone: str
) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Units paid by day, units returned by day of purchase and age in days, and the days (ISO), of these
    campaigns' events. Shapes (days,), (days, days); no days without events."""
    e = event.c
    lines = read(
        connection,
        select(e.order_id, e.sku_code, e.kind, e.at_ms, e.quantity).where(
            e.campaign_id.in_(campaign_ids), e.kind.in_(("pay", "refund")), e.waits_for == "", e.quantity > 0
        ),
    )
    paid = lines[lines["kind"] == "pay"]
    if paid.empty:
        return np.zeros(0), np.zeros((0, 0)), []
    day = pd.to_datetime(lines["at_ms"], unit="ms", utc=True).dt.tz_convert(timezone).dt.tz_localize(None)
    number = day.dt.floor("D").to_numpy().astype("datetime64[D]").astype("int64")
    first, width = int(number.min()), int(number.max() - number.min()) + 1
    lines = lines.assign(day=number - first)
    bought = lines[lines["kind"] == "pay"].groupby(["order_id", "sku_code"])["day"].min()
    back = lines[lines["kind"] == "refund"].join(bought.rename("bought"), on=["order_id", "sku_code"])
    back = back.dropna(subset=["bought"])
    orders = np.bincount(
        lines.loc[lines["kind"] == "pay", "day"], lines.loc[lines["kind"] == "pay", "quantity"], width
    )
    matrix = np.zeros((width, width))
    since = back["bought"].to_numpy(dtype="int64")
    np.add.at(
        matrix, (since, np.maximum(back["day"].to_numpy() - since, 0)), back["quantity"].to_numpy(dtype=float)
    )
    days = [str(np.datetime64(first + offset, "D")) for offset in range(width)]
    return orders.astype(float), matrix, days
