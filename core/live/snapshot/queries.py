"""What a refresh reads: the sums of one window of one sale, by prepared statements, as plain numbers. Rollups
only, never events.

Frames are left to those who show them: a screen asks every two seconds, and a frame a statement would cost
more than the reading.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BindParameter, Connection, Select, bindparam, case, func, select
from sqlalchemy.sql.elements import ColumnElement

from core.campaign.pace import BIN
from core.live.ledger.series import SKU_KIND, SKU_MINUTE
from core.live.tables import (
    IN_QUEUE,
    event,
    intake_tally,
    live_recount,
    sale_minute,
    sale_minute_kind,
    sale_sku,
)

Ints = NDArray[np.int64]
PARTS = (
    ("order", "quantity"),
    ("cancel", "quantity"),
    ("pay", "quantity"),
    ("order", "amount_fen"),
    ("pay", "amount_fen"),
    ("refund", "amount_fen"),
)
ORDERED, CANCELLED, PAID, PLACED_FEN, PAID_FEN, REFUNDED_FEN = range(len(PARTS))
"""Columns of `Goods.sums`."""
_KINDS = tuple(dict.fromkeys(kind for kind, _ in PARTS))
_TALLY = ("received", "applied", "duplicate", "waiting", "rejected")

_campaign: BindParameter[str] = bindparam("campaign_id")
_first: BindParameter[int] = bindparam("first")
_last: BindParameter[int] = bindparam("last")


@dataclass(frozen=True, slots=True)
class State:
    """Single figures of a sale: first and last minute with an event, the last one up to now, and the intake's
    books."""

    begun: int | None
    ended: int | None
    seen: int | None
    waiting: int
    recounted_at: datetime | None
    recount_faults: int
    tally: dict[str, object]


@dataclass(frozen=True, slots=True)
class Goods:
    """Sums by SKU: `codes`, sorted, and `sums`, shape (SKUs, PARTS), int64."""

    codes: tuple[str, ...]
    sums: Ints

    def amounts(self) -> tuple[int, int, int]:
        """Fen placed, paid and refunded, over all SKUs."""
        placed, paid, refunded = self.sums[:, [PLACED_FEN, PAID_FEN, REFUNDED_FEN]].sum(axis=0).tolist()
        return placed, paid, refunded


def state(connection: Connection, campaign_id: str, until: int) -> State:
    """The single figures, in one statement; `until`: epoch minute."""
    row = connection.execute(_STATE, {"campaign_id": campaign_id, "last": until}).one()
    faults = sum(map(len, row.faults.values())) if row.faults else 0
    tally = {name: int(getattr(row, name) or 0) for name in _TALLY} | {
        "last_received_at": row.last_received_at
    }
    return State(row.begun, row.ended, row.seen, int(row.queued), row.recounted_at, faults, tally)


def paid(
    connection: Connection, campaign_id: str, first: int, last: int, bins: int
) -> tuple[Ints, dict[str, int]]:
    """What was paid in the window (fen): by BIN since `first`, shape (bins,), and by channel."""
    sums, channels = np.zeros(bins, dtype="int64"), dict[str, int]()
    for place, channel, amount in connection.execute(_PAID, _window(campaign_id, first, last)).all():
        if place < bins:
            sums[place] += int(amount)
        channels[channel] = channels.get(channel, 0) + int(amount)
    return sums, channels


def people(connection: Connection, campaign_id: str, first: int, last: int) -> dict[str, tuple[int, int]]:
    """(visitors, buyers) of the window by channel; each person once a sale."""
    heads = connection.execute(_PEOPLE, _window(campaign_id, first, last)).all()
    return {channel: (int(visitors), int(buyers)) for channel, visitors, buyers in heads}


def goods(connection: Connection, campaign_id: str, first: int, last: int, at: State) -> Goods:
    """Sums by SKU of the window: the whole sale's less what lies outside, or the window's own, whichever is
    less to read."""
    begun, ended = at.begun or first, at.ended or last
    outside = max(0, first - begun) + max(0, ended - last)
    if min(last, ended) - max(first, begun) <= outside:
        return _goods(connection.execute(_INSIDE, _window(campaign_id, first, last)).all())
    left = _goods(connection.execute(_WHOLE, {"campaign_id": campaign_id}).all())
    for begin, end in ((begun, first - 1), (last + 1, ended)):
        if begin <= end:
            left = _less(left, _goods(connection.execute(_INSIDE, _window(campaign_id, begin, end)).all()))
    return left


def after(connection: Connection, campaign_id: str, last: int, at: State) -> Goods:
    """Sums by SKU of what came after a minute."""
    if at.ended is None or at.ended <= last:
        return Goods((), np.zeros((0, len(PARTS)), dtype="int64"))
    return _goods(connection.execute(_INSIDE, _window(campaign_id, last + 1, at.ended)).all())


def asked(connection: Connection, campaign_id: str) -> dict[str, int]:
    """Units that a sale has asked of stock by SKU: open lines, pre-sale and shipped ones."""
    return {code: int(units) for code, units in connection.execute(_ASKED, {"campaign_id": campaign_id})}


def placed_at(codes: tuple[str, ...], units: Mapping[str, int]) -> NDArray[np.float64]:
    """Units in the order of the codes; NaN where there are none on record."""
    return np.array([units.get(code, np.nan) for code in codes], dtype=float)


def _window(campaign_id: str, first: int, last: int) -> dict[str, object]:
    return {"campaign_id": campaign_id, "first": first, "last": last}


def _goods(rows: Any) -> Goods:
    """Rows of code and sums; sums come as decimals on PostgreSQL."""
    ordered = sorted(tuple(row) for row in rows)
    sums = np.array([row[1:] for row in ordered], dtype="int64").reshape(-1, len(PARTS))
    return Goods(tuple(row[0] for row in ordered), sums)


def _less(whole: Goods, part: Goods) -> Goods:
    """What remains, without the SKUs of which nothing does."""
    places = {code: place for place, code in enumerate(whole.codes)}
    sums = whole.sums.copy()
    np.subtract.at(sums, [places[code] for code in part.codes], part.sums)
    left = np.flatnonzero(sums.any(axis=1))
    return Goods(tuple(whole.codes[place] for place in left), sums[left])


def _by_sku(columns: Any, *where: ColumnElement[bool]) -> Select[object]:
    sums = [func.sum(case((columns.kind == kind, columns[name]), else_=0)) for kind, name in PARTS]
    mine = columns.campaign_id == _campaign, columns.kind.in_(_KINDS)
    return select(columns.sku_code, *sums).where(*mine, *where).group_by(columns.sku_code)


def _prepared() -> Select[object]:
    """The statement of `state`: every figure a subquery that its index answers at once."""
    m, e, r, t = sale_minute_kind.c, event.c, live_recount.c, intake_tally.c
    mine = m.campaign_id == _campaign
    return select(
        select(func.min(m.minute)).where(mine).scalar_subquery().label("begun"),
        select(func.max(m.minute)).where(mine).scalar_subquery().label("ended"),
        select(func.max(m.minute)).where(mine, m.minute <= _last).scalar_subquery().label("seen"),
        select(func.count())
        .select_from(event)
        .where(IN_QUEUE, e.campaign_id == _campaign)
        .scalar_subquery()
        .label("queued"),
        select(r.at).where(r.campaign_id == _campaign).scalar_subquery().label("recounted_at"),
        select(r.faults).where(r.campaign_id == _campaign).scalar_subquery().label("faults"),
        *(select(func.sum(t[name])).scalar_subquery().label(name) for name in _TALLY),
        select(func.max(t.last_received_at)).scalar_subquery().label("last_received_at"),
    )


_m, _p, _s = sale_minute_kind.c, sale_minute.c, sale_sku.c
_STATE = _prepared()
_PAID = (
    select(((_m.minute - _first) // BIN).label("bin"), _m.channel, func.sum(_m.amount_fen))
    .where(_m.campaign_id == _campaign, _m.minute.between(_first, _last), _m.kind == "pay")
    .group_by("bin", _m.channel)
)
_PEOPLE = (
    select(_p.channel, func.sum(_p.visitors), func.sum(_p.buyers))
    .where(_p.campaign_id == _campaign, _p.minute.between(_first, _last))
    .group_by(_p.channel)
)
_WHOLE = _by_sku(SKU_KIND.c)
_INSIDE = _by_sku(SKU_MINUTE.c, SKU_MINUTE.c.minute.between(_first, _last))
_ASKED = select(_s.sku_code, _s.need + _s.presale + _s.shipped).where(_s.campaign_id == _campaign)
