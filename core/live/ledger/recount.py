"""The live sale's books recounted from its events: every sum that a screen shows, every person, every line,
every unit kept."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, Connection, FromClause, Select, case, func, literal, select

from core.campaign.tables import campaign
from core.database.types import Record
from core.live.ledger.differences import MOST_FAULTS, difference, larger, of_campaign
from core.live.ledger.events import Event
from core.live.ledger.order_lines import Entry, decide
from core.live.ledger.people_recount import minute_people, people
from core.live.ledger.series import SKU_KIND, SKU_MINUTE
from core.live.tables import event, intake_refusal, intake_tally, sale_line, sale_minute_kind, sale_sku
from core.stock.tables import stock_movement
from core.warmup.tables import presale_order

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
        "people": people(connection, campaign_id),
        "minute_people": minute_people(connection, campaign_id),
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
    return difference(
        connection,
        list(keys),
        of_campaign(book, table, campaign_id),
        of_campaign(recount, event, campaign_id),
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
    return difference(
        connection, keys, of_campaign(book, sale_line, campaign_id), of_campaign(recount, event, campaign_id)
    )


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
    asked = larger(deposited, ordered)
    pays, refunds = total("pay", 1), total("refund", 1)
    money = total("pay", t.amount_fen) + total("deposit", t.amount_fen)
    over = (
        ((asked == 0) & (pays > 1))
        | ((asked > 0) & (paid > asked))
        | (total("refund") > paid)
        | ((refunds > 0) & (paid == 0))
        | (total("refund", t.amount_fen) > money)
        | (total("ship") > paid)
        | (total("cancel") > larger(asked, paid))
    )
    waits = func.sum(case((t.waits_for != "", 1), else_=0)) > 0
    query = (
        select(t.campaign_id, t.order_id, t.sku_code)
        .where(t.kind.in_(list(_SLOTS.values())))
        .group_by(t.campaign_id, t.order_id, t.sku_code)
        .having(over | waits)
    )
    return of_campaign(query, event, campaign_id)


def _demand(connection: Connection, campaign_id: str) -> list[object]:
    """Units that lines ask of stock, recomputed line by line (see order_lines.demand), against the books by SKU."""
    line, keys, names = sale_line.c, ("campaign_id", "sku_code"), ("need", "presale", "shipped")
    promised = larger(larger(line.deposited, line.ordered), line.paid)
    kept = larger(promised - line.cancelled - line.refunded - line.shipped, literal(0))
    unpaid = larger(line.deposited - line.paid, literal(0))
    presale = case((unpaid < kept, unpaid), else_=kept)
    sums = (kept - presale, presale, line.shipped)
    asked = [(-func.sum(units)).label(name) for units, name in zip(sums, names, strict=True)]
    recount = select(*(line[key] for key in keys), *asked).group_by(*(line[key] for key in keys))
    book = select(*(sale_sku.c[name] for name in (*keys, *names)))
    return difference(
        connection,
        keys,
        of_campaign(book, sale_sku, campaign_id),
        of_campaign(recount, sale_line, campaign_id),
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
    return difference(
        connection,
        keys,
        of_campaign(select(*(order[key] for key in (*keys, *names))), presale_order, campaign_id),
        of_campaign(lines.where(line.deposited > 0, line.campaign_id.not_in(drills)), sale_line, campaign_id),
        of_campaign(amounts, event, campaign_id),
    )


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
    return difference(connection, ["sku_code"], book, posted)


def _tally(connection: Connection) -> list[object]:
    """Received = applied + duplicate + waiting + rejected, and each of them what can be counted."""
    t, none = intake_tally.c, literal(0)
    unnamed = t.received - t.applied - t.duplicate - t.waiting - t.rejected
    book = select(t.source, unnamed.label("received"), t.applied, t.waiting, t.rejected)
    waits = func.sum(case((event.c.waits_for != "", 1), else_=0))
    stored = select(event.c.source, none, waits - func.count(), -waits, none).group_by(event.c.source)
    refused = select(intake_refusal.c.source, none, none, none, -func.sum(intake_refusal.c.events))
    return difference(connection, ["source"], book, stored, refused.group_by(intake_refusal.c.source))
