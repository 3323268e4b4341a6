"""Payments that no longer count: their buyers are looked up again among the payments that do.

A batch withdraws a payment only where an order line turns out smaller than what was paid on it; the index of
payers finds a person's other payments.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import Connection, and_, delete, select, update

from core.database import keyed
from core.database.rows import merge
from core.live import tables
from core.live.ledger.events import Event
from core.live.ledger.fold import first_sights
from core.live.ledger.series import numbers
from core.warmup import touches


def forget_payments(
    connection: Connection, campaign_id: str, events: Sequence[Event], span_of: Callable[[int], int]
) -> None:
    """Puts first payments and touches right after payments among these `events` were marked as waiting.

    `span_of` gives the number of the stretch of an epoch minute (see spans).
    """
    gone = [event for event in events if event.kind == "pay"]
    if not gone:
        return
    others = _counting(connection, campaign_id, gone)
    touches.take_back(connection, campaign_id, gone, others)
    truth, past = first_sights(others, span_of), first_sights(gone, span_of)
    series = numbers(connection, campaign_id, past)
    counts: dict[tuple[int, str], int] = {}
    for group, people in past.items():
        for user in people:
            first = truth.get(group, {}).get(user)
            before = _correct(connection, series[group], user, first)
            if before is not None and before != first:
                counts[before[0] // 60_000, before[1]] = counts.get((before[0] // 60_000, before[1]), 0) - 1
                if first is not None:
                    counts[first[0] // 60_000, first[1]] = counts.get((first[0] // 60_000, first[1]), 0) + 1
    rows = [(*key, 0, count) for key, count in sorted(counts.items())]
    merge(
        connection, tables.sale_minute, rows, add=("visitors", "buyers"), fixed={"campaign_id": campaign_id}
    )


def _counting(connection: Connection, campaign_id: str, gone: Sequence[Event]) -> list[Event]:
    """The payments that count of the same buyers; of a buyer without a name those of the same order."""
    t = tables.event.c
    users = sorted({event.user_key for event in gone if event.user_key})
    orders = sorted({event.order_id for event in gone if not event.user_key})
    known = and_(tables.A_PAYMENT, keyed(t.user_key, users, connection))
    nameless = and_(tables.OF_AN_ORDER, t.user_key == "", keyed(t.order_id, orders, connection))
    query = select(*(t[name] for name in Event._fields))
    mine = (t.campaign_id == campaign_id, t.kind == "pay", t.waits_for == "")
    return [
        Event(*row)
        for values, some in ((users, known), (orders, nameless))
        if values
        for row in connection.execute(query.where(*mine, some))
    ]


def _correct(
    connection: Connection, series_id: int, user: str, first: tuple[int, str] | None
) -> tuple[int, str] | None:
    """Sets a buyer's first payment of a stretch, or removes it; returns what was stored."""
    t = tables.person_seen
    mine = (t.c.series_id == series_id, t.c.user_key == user)
    row = connection.execute(select(t.c.at_ms, t.c.channel).where(*mine)).one_or_none()
    if row is None:
        return None
    if first is None:
        connection.execute(delete(t).where(*mine))
    else:
        connection.execute(update(t).where(*mine).values(at_ms=first[0], channel=first[1]))
    return row.at_ms, row.channel
