"""What events say about the warm-up: who touched what, which deposits became sales. Written in the intake's
transaction."""

from __future__ import annotations

from abc import abstractmethod
from bisect import bisect
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import pandas as pd
from sqlalchemy import ColumnElement, Connection, func, select

from core.campaign.phases import Phase
from core.clock import local_naive
from core.clock import zone as clock_zone
from core.database import read
from core.database.rows import append, find, merge
from core.warmup.funnel import STAGES
from core.warmup.tables import presale_order, warmup_touch

SLOT_MS = 1_800_000
_DEPTHS = {
    "view": 0,
    "favourite": 1,
    "add_to_cart": 2,
    "coupon_claim": 3,
    "reserve": 4,
    "deposit": 5,
    "pay": 6,
}
_ALWAYS = frozenset(
    {"deposit", "pay"}
)  # kept while the sale runs too; looking around is only of interest before it
RESERVED = STAGES.index("reservation")


class Event(Protocol):
    """What a touch needs of an event; times in epoch milliseconds, money in fen."""

    @property
    @abstractmethod
    def kind(self) -> str: ...
    @property
    @abstractmethod
    def at_ms(self) -> int: ...
    @property
    @abstractmethod
    def sku_code(self) -> str: ...
    @property
    @abstractmethod
    def user_key(self) -> str: ...
    @property
    @abstractmethod
    def order_id(self) -> str: ...
    @property
    @abstractmethod
    def amount_fen(self) -> int: ...


class Line(Protocol):
    """What a deposit needs of its order line: units."""

    @property
    @abstractmethod
    def deposited(self) -> int: ...
    @property
    @abstractmethod
    def paid(self) -> int: ...
    @property
    @abstractmethod
    def refunded(self) -> int: ...
    @property
    @abstractmethod
    def cancelled(self) -> int: ...


def take(
    connection: Connection, campaign_id: str, events: Sequence[Event], running: Sequence[tuple[int, int]]
) -> None:
    """Adds the touches of known users by fresh events of one campaign, which sells in the `running` stretches
    (epoch ms, in order).

    Every event is given once (the intake has looked). Tuples, not frames: this runs a few thousand times a
    minute.
    """
    touched: dict[int, set[tuple[str, str, int]]] = {}
    for event in _countable(events, [moment for stretch in running for moment in stretch]):
        if event.user_key and event.kind in _DEPTHS:
            touched.setdefault(event.at_ms // SLOT_MS, set()).add(
                (event.user_key, event.sku_code, _DEPTHS[event.kind])
            )
    for slot, rows in touched.items():
        columns, same = (
            ("user_key", "sku_code", "depth"),
            dict[str, str | int](campaign_id=campaign_id, slot=slot),
        )
        known = find(connection, warmup_touch, columns, same, "user_key", {row[0] for row in rows})
        append(connection, warmup_touch, sorted(rows.difference(known)), columns, same)


def take_back(
    connection: Connection, campaign_id: str, gone: Sequence[Event], others: Sequence[Event]
) -> None:
    """Removes the touches of payments that no longer count, unless one of the `others` left the same."""
    w = warmup_touch.c
    for slot, user_key, sku_code, depth in sorted(set(map(_touch, gone)) - set(map(_touch, others))):
        mine = (w.campaign_id == campaign_id, w.slot == slot, w.user_key == user_key)
        connection.execute(warmup_touch.delete().where(*mine, w.sku_code == sku_code, w.depth == depth))


def _touch(event: Event) -> tuple[int, str, str, int]:
    return event.at_ms // SLOT_MS, event.user_key, event.sku_code, _DEPTHS[event.kind]


def _countable(events: Sequence[Event], edges: list[int]) -> list[Event]:
    """The events worth a touch: of those while the sale runs (between an even edge and the next) only some
    kinds."""
    if not events:
        return []
    moments = [event.at_ms for event in events]
    first, last = bisect(edges, min(moments)), bisect(edges, max(moments))
    if first == last and first % 2:  # the whole batch: on the night itself they all are
        return [event for event in events if event.kind in _ALWAYS]
    return [event for event in events if event.kind in _ALWAYS or bisect(edges, event.at_ms) % 2 == 0]


def take_deposits(
    connection: Connection, campaign_id: str, events: Sequence[Event], lines: Mapping[tuple[str, str], Line]
) -> None:
    """Brings the orders that began with a deposit up to their `lines` (by order_id and sku_code, as they
    stand after the events)."""
    deposits = [(line, key) for key, line in lines.items() if line.deposited]
    if not deposits:
        return
    amounts: Counter[tuple[str, str]] = Counter()
    for event in events:
        if event.kind == "deposit":
            amounts[event.order_id, event.sku_code] += event.amount_fen
    rows = [
        (campaign_id, key[1], key[0], line.deposited, amounts[key], line.paid, line.cancelled + line.refunded)
        for line, key in deposits
    ]
    merge(
        connection,
        presale_order,
        sorted(rows),
        add=("deposit_amount",),
        put=("quantity", "paid", "given_back"),
    )


def people(connection: Connection, campaign_id: str, phases: Sequence[Phase]) -> pd.DataFrame:
    """Users by phase and the depth of their deepest stage in it: phase (phase_id), depth, users."""
    w = warmup_touch.c
    parts = []
    for phase in phases:
        first, last = _ms(phase.starts_at) // SLOT_MS, (_ms(phase.ends_at) - 1) // SLOT_MS
        inside = (w.campaign_id == campaign_id) & (w.slot >= first) & (w.slot <= last)
        deepest = (
            select(w.user_key, func.max(w.depth).label("depth")).where(inside).group_by(w.user_key).subquery()
        )
        counted = select(deepest.c.depth, func.count().label("users")).group_by(deepest.c.depth)
        parts.append(read(connection, counted).assign(phase=phase.phase_id))
    return (
        pd.concat(parts, ignore_index=True)
        if parts
        else pd.DataFrame({"depth": [], "users": [], "phase": []})
    )


def users(connection: Connection, campaign_id: str) -> int:
    """Known users who touched anything of the campaign."""
    w = warmup_touch.c
    return (
        connection.scalar(select(func.count(w.user_key.distinct())).where(w.campaign_id == campaign_id)) or 0
    )


def by_day(
    connection: Connection, campaign_id: str, first: datetime, last: datetime, zone: str
) -> pd.DataFrame:
    """How many user-and-SKU pairs did each step on each business day of [first, last): day (date), stage,
    venue (bool: no SKU was named), count (int64). Looking is no step.

    The zone's offset at `first` holds for the whole stretch.
    """
    w = warmup_touch.c
    offset = int((first.astimezone(clock_zone(zone)).utcoffset() or timedelta()).total_seconds())
    number = (w.slot * (SLOT_MS // 1000) + offset) // 86_400
    pairs = (
        select(w.user_key, w.sku_code, w.depth, number.label("number"))
        .where(*_steps(campaign_id, first, last))
        .distinct()
        .subquery()
    )
    venue = (pairs.c.sku_code == "").label("venue")
    counted = select(pairs.c.depth, pairs.c.number, venue, func.count().label("count"))
    frame = read(connection, counted.group_by(pairs.c.depth, pairs.c.number, venue))
    days = pd.to_datetime(frame["number"].astype("int64"), unit="D").dt.date
    stage = frame["depth"].map(dict(enumerate(STAGES)))
    return pd.DataFrame(
        {"day": days, "stage": stage, "venue": frame["venue"].astype(bool), "count": frame["count"]}
    )


def by_sku(connection: Connection, campaign_id: str, first: datetime, last: datetime) -> pd.DataFrame:
    """How many known users did each step with each SKU in [first, last): sku_code, stage, count (int64).
    Looking is no step."""
    w = warmup_touch.c
    counted = select(w.sku_code, w.depth, func.count(w.user_key.distinct()).label("count"))
    counted = counted.where(*_steps(campaign_id, first, last), w.sku_code != "")
    frame = read(connection, counted.group_by(w.sku_code, w.depth))
    return frame.assign(stage=frame["depth"].map(dict(enumerate(STAGES))))[["sku_code", "stage", "count"]]


def _steps(campaign_id: str, first: datetime, last: datetime) -> tuple[ColumnElement[bool], ...]:
    w = warmup_touch.c
    return (
        w.campaign_id == campaign_id,
        w.slot >= _ms(first) // SLOT_MS,
        w.slot < _ms(last) // SLOT_MS,
        w.depth > 0,
    )


def reserved(
    connection: Connection, campaign_id: str, opens_at: datetime, zone: str
) -> tuple[pd.DataFrame, pd.Series]:
    """Who reserved what on which day first (user_key, sku_code, day), and each such user's last day in the
    shop before the opening.
    """
    w = warmup_touch.c
    mine = (w.campaign_id == campaign_id) & (w.slot < _ms(opens_at) // SLOT_MS)
    first = (
        select(w.user_key, w.sku_code, func.min(w.slot).label("slot"))
        .where(mine, w.depth == RESERVED)
        .group_by(w.user_key, w.sku_code)
    )
    booked = read(connection, first)
    who = select(w.user_key).where(mine, w.depth == RESERVED)
    last = read(
        connection,
        select(w.user_key, func.max(w.slot).label("slot"))
        .where(mine, w.user_key.in_(who))
        .group_by(w.user_key),
    )
    return booked.assign(day=_days(booked["slot"], zone)).drop(columns="slot"), pd.Series(
        _days(last["slot"], zone).to_numpy(), index=last["user_key"]
    )


def _days(slots: pd.Series, zone: str) -> pd.Series:
    moments = pd.to_datetime(slots.astype("int64") * SLOT_MS, unit="ms", utc=True)
    days: pd.Series = local_naive(moments, zone).dt.date
    return days


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
