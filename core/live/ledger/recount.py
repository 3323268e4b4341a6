"""The live sale's books recounted from its events: every sum that a screen shows, every person, every line,
every unit kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import Column, Connection, FromClause, Select, case, func, literal, select, union_all

from core import clock
from core.campaign.tables import campaign
from core.database.types import Record
from core.live.ledger.events import EXPOSURE, Event
from core.live.ledger.order_lines import Entry, decide
from core.live.ledger.series import PEOPLE, SKU_KIND, SKU_MINUTE
from core.live.ledger.spans import Stretches, number_of, stretches
from core.live.tables import (
    event,
    intake_refusal,
    intake_tally,
    sale_line,
    sale_minute,
    sale_minute_kind,
    sale_series,
    sale_sku,
)
from core.stock.tables import stock_movement
from core.warmup.tables import presale_order

MOST_FAULTS = 20  # a list that long says enough
_SUMS = ("events", "quantity", "amount_fen")


def faults(connection: Connection, campaign_id: str = "") -> dict[str, list[object]]:
    """Differences between the books and their recount, by book; empty lists when they agree. `campaign_id` ""
    means all.

    Each fault names the key and by how much the book is too high.
    """
    return {
        "minute_kind": _rollup(
            connection, sale_minute_kind, {"minute": _minute(), "channel": event.c.channel}, campaign_id
        ),
        "sku_kind": _rollup(connection, SKU_KIND, {"sku_code": event.c.sku_code}, campaign_id),
        "sku_minute": _rollup(
            connection, SKU_MINUTE, {"minute": _minute(), "sku_code": event.c.sku_code}, campaign_id
        ),
        "people": _people(connection, campaign_id),
        "minute_people": _minute_people(connection, campaign_id),
        "lines": _lines(connection, campaign_id),
        "queue": _queue(connection, campaign_id),
        "demand": _demand(connection, campaign_id),
        "deposits": _deposits(connection, campaign_id),
        "stock": _stock(connection),
        "tally": _tally(connection),
    }


def _minute() -> object:
    """Epoch minute of an event: both databases divide whole numbers by whole numbers."""
    return event.c.at_ms // 60_000


def _difference(connection: Connection, keys: Sequence[str], *queries: Select[object]) -> list[object]:
    """Keys at which a book and its recounts, given as negative sums, do not add up to zero; all select
    `keys`, then the same sums."""
    both = union_all(*queries).subquery()
    sums = [column for column in both.c if column.name not in keys]
    totals = [func.sum(column).label(column.name) for column in sums]
    wrong = case(*[(func.sum(column) != 0, 1) for column in sums], else_=0) == 1
    query = (
        select(*(both.c[key] for key in keys), *totals).group_by(*(both.c[key] for key in keys)).having(wrong)
    )
    differences = connection.execute(query.limit(MOST_FAULTS)).all()  # sums come as decimals on PostgreSQL
    return [
        dict(zip((*keys, *(column.name for column in sums)), map(_plain, row), strict=True))
        for row in differences
    ]


def _plain(value: object) -> object:
    return int(value) if isinstance(value, Decimal) else value


def _rollup(connection: Connection, table: FromClause, keys: Record, campaign_id: str) -> list[object]:
    keys = {"campaign_id": event.c.campaign_id, **keys, "kind": event.c.kind}
    book = select(*(table.c[key] for key in keys), *(table.c[name] for name in _SUMS))
    counted = [-func.count(), -func.sum(event.c.quantity), -func.sum(event.c.amount_fen)]
    recount = (
        select(
            *(value.label(key) for key, value in keys.items()),
            *(sum_.label(name) for sum_, name in zip(counted, _SUMS, strict=True)),
        )
        .where(event.c.waits_for == "")
        .group_by(*keys.values())
    )
    return _difference(
        connection, list(keys), _of(book, table, campaign_id), _of(recount, event, campaign_id)
    )


def _of(query: Select[object], table: FromClause, campaign_id: str) -> Select[object]:
    return query.where(table.c.campaign_id == campaign_id) if campaign_id else query


def _zones(connection: Connection) -> dict[str, str]:
    return {
        row.campaign_id: row.timezone
        for row in connection.execute(select(campaign.c.campaign_id, campaign.c.timezone))
    }


def _day(connection: Connection, campaign_id: str, zone: str) -> object:
    """Business day of an event as SQL: the ordinal of the first day plus the day starts that lie behind
    it."""
    span = select(func.min(event.c.at_ms), func.max(event.c.at_ms)).where(event.c.campaign_id == campaign_id)
    first, last = (
        clock.business_day(datetime.fromtimestamp((ms or 0) / 1000, UTC), zone)
        for ms in connection.execute(span).one()
    )
    starts = [clock.day_start(first + timedelta(days=n), zone) for n in range(1, (last - first).days + 1)]
    passed = [case((event.c.at_ms >= int(start.timestamp() * 1000), 1), else_=0) for start in starts]
    return sum(passed, literal(first.toordinal()))


def _span(connection: Connection, campaign_id: str, zone: str, running: Stretches) -> object:
    """The stretch of an event as SQL (see spans)."""
    day, at = _day(connection, campaign_id, zone), event.c.at_ms
    inside = [((at >= start) & (at < end), literal(number_of(start, end, zone))) for start, end in running]
    return case(*inside, else_=day) if inside else day


def _people(connection: Connection, campaign_id: str) -> list[object]:
    """First sights: the earliest view or payment of each person in each stretch, ties by channel."""
    zones, running = _zones(connection), stretches(connection)
    known = (
        connection.execute(select(sale_series.c.campaign_id).union(select(event.c.campaign_id)))
        .scalars()
        .all()
    )
    differences = []
    for each in [campaign_id] if campaign_id else known:
        zone = zones.get(each, clock.SHANGHAI)
        differences += _people_of(connection, each, _span(connection, each, zone, running.get(each, ())))
    return differences[:MOST_FAULTS]


def _people_of(connection: Connection, campaign_id: str, day: object) -> list[object]:
    masked = literal("#") + event.c.order_id
    who = case(
        (event.c.kind == "view", event.c.user_key), (event.c.user_key != "", event.c.user_key), else_=masked
    )
    met = literal(f"{EXPOSURE} ") + event.c.channel
    role = case((event.c.kind == "view", "visitor"), (event.c.kind == EXPOSURE, met), else_="buyer")
    day = case((event.c.kind == EXPOSURE, 0), else_=day)
    bytewise = (
        event.c.channel if connection.dialect.name == "sqlite" else event.c.channel.collate("C")
    )  # as the fold compares
    first = func.row_number().over(partition_by=(role, day, who), order_by=(event.c.at_ms, bytewise))
    columns = (
        role.label("kind"),
        day.label("day"),
        who.label("user_key"),
        event.c.at_ms,
        event.c.channel,
        first.label("n"),
    )
    sights = (
        select(*columns)
        .where(
            event.c.campaign_id == campaign_id,
            event.c.waits_for == "",
            (event.c.kind == "pay")
            | (event.c.kind == EXPOSURE)
            | ((event.c.kind == "view") & (event.c.user_key != "")),
        )
        .subquery()
    )
    keys = ("kind", "day", "user_key", "channel")
    recount = select(*(sights.c[key] for key in keys), -sights.c.at_ms, literal(-1).label("n")).where(
        sights.c.n == 1
    )
    book = select(*(PEOPLE.c[key] for key in keys), PEOPLE.c.at_ms, literal(1).label("n"))
    return _difference(connection, keys, book.where(PEOPLE.c.campaign_id == campaign_id), recount)


def _minute_people(connection: Connection, campaign_id: str) -> list[object]:
    """Visitors and buyers a minute against the people's first sights."""
    keys = ("campaign_id", "minute", "channel")
    book = select(*(sale_minute.c[key] for key in keys), sale_minute.c.visitors, sale_minute.c.buyers)
    p = PEOPLE.c
    minute = p.at_ms // 60_000
    recount = select(
        p.campaign_id,
        minute.label("minute"),
        p.channel,
        (-func.sum(case((p.kind == "visitor", 1), else_=0))).label("visitors"),
        (-func.sum(case((p.kind == "buyer", 1), else_=0))).label("buyers"),
    ).group_by(p.campaign_id, minute, p.channel)
    return _difference(
        connection, keys, _of(book, sale_minute, campaign_id), _of(recount, PEOPLE, campaign_id)
    )


_SLOTS = {
    "deposited": "deposit",
    "ordered": "order",
    "paid": "pay",
    "refunded": "refund",
    "cancelled": "cancel",
    "shipped": "ship",
}


def _lines(connection: Connection, campaign_id: str) -> list[object]:
    """Order lines against the sums of their events."""
    keys = ("campaign_id", "order_id", "sku_code")

    def total(column: Column[int], kind: str, name: str) -> Any:
        """What the events of a kind that were applied come to."""
        return (-func.sum(case(((event.c.kind == kind) & (event.c.waits_for == ""), column), else_=0))).label(
            name
        )

    recount = (
        select(
            *(event.c[key] for key in keys),
            *(total(event.c.quantity, kind, name) for name, kind in _SLOTS.items()),
            total(event.c.amount_fen, "pay", "paid_fen"),
            total(event.c.amount_fen, "refund", "refunded_fen"),
            total(event.c.amount_fen, "deposit", "deposited_fen"),
            (-func.sum(case((event.c.waits_for != "", 1), else_=0))).label("waiting"),
        )
        .where(event.c.kind.in_(list(_SLOTS.values())))
        .group_by(*(event.c[key] for key in keys))
    )
    names = [*keys, *_SLOTS, "paid_fen", "refunded_fen", "deposited_fen", "waiting"]
    book = select(*(sale_line.c[name] for name in names))
    return _difference(connection, keys, _of(book, sale_line, campaign_id), _of(recount, event, campaign_id))


def _queue(connection: Connection, campaign_id: str) -> list[Any]:
    """Events that wait although they fit their line, or count although they do not; by the rules of
    order_lines."""
    t = event.c
    wanted = _odd_lines(campaign_id).cte("odd").prefix_with("MATERIALIZED")
    odd = wanted.c
    same = (t.campaign_id == odd.campaign_id) & (t.order_id == odd.order_id) & (t.sku_code == odd.sku_code)
    query = (
        select(*(t[name] for name in Event._fields), t.waits_for)
        .select_from(wanted.join(event, same))
        .where(t.kind.in_(list(_SLOTS.values())))
    )
    lines: dict[tuple[str, str, str], list[Entry]] = {}
    for *facts, waits_for in connection.execute(query):
        each = Event(*facts)
        entry = Entry(each, waits_for, False)
        lines.setdefault((each.campaign_id, each.order_id, each.sku_code), []).append(entry)
    waiting = [
        {"source": entry.event.source, "event_id": entry.event.event_id, "waits_for": entry.waits_for}
        for entries in lines.values()
        for entry, reason in decide(entries)[1]
        if entry.waits_for != reason
    ]
    return waiting[:MOST_FAULTS]


def _odd_lines(campaign_id: str) -> Select[object]:
    """Lines with a waiting event, or with more than was ordered or paid."""
    t = event.c

    def total(kind: str, column: object = t.quantity) -> Any:
        return func.sum(case(((t.kind == kind) & (t.waits_for == ""), column), else_=0))

    deposited, ordered, paid = total("deposit"), total("order"), total("pay")
    asked = _larger(deposited, ordered)
    pays, refunds = total("pay", 1), total("refund", 1)
    money = total("pay", t.amount_fen) + total("deposit", t.amount_fen)
    over = (
        ((asked == 0) & (pays > 1))
        | ((asked > 0) & (paid > asked))
        | (total("refund") > paid)
        | ((refunds > 0) & (paid == 0))
        | (total("refund", t.amount_fen) > money)
        | (total("ship") > paid)
        | (total("cancel") > _larger(asked, paid))
    )
    waits = func.sum(case((t.waits_for != "", 1), else_=0)) > 0
    query = (
        select(t.campaign_id, t.order_id, t.sku_code)
        .where(t.kind.in_(list(_SLOTS.values())))
        .group_by(t.campaign_id, t.order_id, t.sku_code)
        .having(over | waits)
    )
    return _of(query, event, campaign_id)


def _demand(connection: Connection, campaign_id: str) -> list[object]:
    """Units that lines ask of stock, recomputed line by line (see order_lines.demand), against the books by SKU."""
    line, keys, names = sale_line.c, ("campaign_id", "sku_code"), ("need", "presale", "shipped")
    promised = _larger(_larger(line.deposited, line.ordered), line.paid)
    kept = _larger(promised - line.cancelled - line.refunded - line.shipped, literal(0))
    unpaid = _larger(line.deposited - line.paid, literal(0))
    presale = case((unpaid < kept, unpaid), else_=kept)
    sums = (kept - presale, presale, line.shipped)
    asked = [(-func.sum(units)).label(name) for units, name in zip(sums, names, strict=True)]
    recount = select(*(line[key] for key in keys), *asked).group_by(*(line[key] for key in keys))
    book = select(*(sale_sku.c[name] for name in (*keys, *names)))
    return _difference(
        connection, keys, _of(book, sale_sku, campaign_id), _of(recount, sale_line, campaign_id)
    )


def _deposits(connection: Connection, campaign_id: str) -> list[object]:
    """Orders that began with a deposit against their lines; rehearsals keep none."""
    keys, names = (
        ("campaign_id", "sku_code", "order_id"),
        ("quantity", "deposit_amount", "paid", "given_back"),
    )
    drills = select(campaign.c.campaign_id).where(campaign.c.rehearsal_of != "")
    line, order, none = sale_line.c, presale_order.c, literal(0)
    sums = (-line.deposited, none, -line.paid, -line.cancelled - line.refunded)
    lines = select(
        *(line[key] for key in keys), *(value.label(name) for value, name in zip(sums, names, strict=True))
    )
    amount = (-func.sum(event.c.amount_fen)).label("deposit_amount")
    amounts = select(
        *(event.c[key] for key in keys),
        none.label("quantity"),
        amount,
        none.label("paid"),
        none.label("given_back"),
    )
    amounts = amounts.where(event.c.kind == "deposit", event.c.campaign_id.not_in(drills)).group_by(
        *(event.c[key] for key in keys)
    )
    return _difference(
        connection,
        keys,
        _of(select(*(order[key] for key in (*keys, *names))), presale_order, campaign_id),
        _of(lines.where(line.deposited > 0, line.campaign_id.not_in(drills)), sale_line, campaign_id),
        _of(amounts, event, campaign_id),
    )


def _larger(one: object, other: Any) -> Any:
    return case((one > other, one), else_=other)


def _stock(connection: Connection) -> list[object]:
    """Units kept for sales against the movements that events have posted."""
    book = select(
        sale_sku.c.sku_code,
        sale_sku.c.held.label("reserved"),
        sale_sku.c.presale_held.label("presale_committed"),
    )
    moved = stock_movement.c
    totals = [(-func.sum(moved[state])).label(state) for state in ("reserved", "presale_committed")]
    posted = select(moved.sku_code, *totals).where(moved.cause == "event").group_by(moved.sku_code)
    return _difference(connection, ["sku_code"], book, posted)


def _tally(connection: Connection) -> list[object]:
    """Received = applied + duplicate + waiting + rejected, and each of them what can be counted."""
    t, none = intake_tally.c, literal(0)
    unnamed = t.received - t.applied - t.duplicate - t.waiting - t.rejected
    book = select(t.source, unnamed.label("received"), t.applied, t.waiting, t.rejected)
    waits = func.sum(case((event.c.waits_for != "", 1), else_=0))
    stored = select(event.c.source, none, waits - func.count(), -waits, none).group_by(event.c.source)
    refused = select(intake_refusal.c.source, none, none, none, -func.sum(intake_refusal.c.events))
    return _difference(connection, ["source"], book, stored, refused.group_by(intake_refusal.c.source))
