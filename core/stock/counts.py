"""Stock counts: a snapshot, counted sheets coming back, the difference, its approval, the adjustment."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, func, or_, select, update

from core.access import Actor, allow, approvals, audit
from core.access.approvals import Request
from core.database import Database, insert, keyed, new_id, one, read
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.errors import ShopError
from core.goods.tables import sku
from core.imports.tables import LOCK
from core.stock import ledger, rules
from core.stock.count_limits import APPROVAL, needs_approval
from core.stock.tables import stock_count, stock_count_entry, stock_count_line, stock_movement


class NewCount(NamedTuple):
    """A count to be made: its name, the SKUs, and whether those who count see no book figures."""

    name: str
    codes: list[str]
    blind: bool


def open_count(db: Database, actor: Actor, new: NewCount, *, now: datetime) -> str:
    """Takes a snapshot of the SKUs' on-hand levels and returns its id, which the count sheets carry.
    ShopError("stock.count_empty")."""
    allow(actor, "stock.count")
    if not new.codes:
        raise ShopError("stock.count_empty")
    with db.writing() as connection:
        count_id = snapshot(connection, actor, new, now)
        audit.record(
            connection,
            actor,
            now,
            "stock.count_open",
            count_id,
            None,
            {"name": new.name, "skus": len(new.codes), "blind": new.blind},
        )
    return count_id


def snapshot(connection: Connection, actor: Actor, new: NewCount, now: datetime) -> str:
    """A new count with the book's units of its SKUs at `now`, in the caller's transaction; the count's id."""
    count_id, codes = new_id(), new.codes
    head = {
        "count_id": count_id,
        "name": new.name,
        "blind": new.blind,
        "snapshot_at": now,
        "state": "open",
        "account": actor.name,
    }
    insert(connection, stock_count, pd.DataFrame([head]))
    book = ledger.positions(connection, codes)["on_hand"].reindex(codes).fillna(0).astype("int64")
    insert(
        connection,
        stock_count_line,
        pd.DataFrame({"count_id": count_id, "sku_code": codes, "book": book.to_numpy()}),
    )
    return count_id


def counts(db: Database, actor: Actor, limit: int = 50) -> pd.DataFrame:
    """Counts, newest first: count_id, name, blind, snapshot_at, state, account, adjusted_at."""
    allow(actor, "stock.view")
    with db.reading() as connection:
        return read(connection, select(stock_count).order_by(stock_count.c.snapshot_at.desc()).limit(limit))


def count_rows(db: Database, actor: Actor, count_id: str) -> pd.DataFrame:
    """The rows of a count sheet to print: count_id, sku_code, name, spec, barcode, location, book_quantity
    (absent when blind), counted, counter, count_reason."""
    allow(actor, "stock.count")
    with db.reading() as connection:
        head = head_of(connection, count_id)
        line = stock_count_line.c
        query = select(line.sku_code, sku.c.name, sku.c.spec, sku.c.barcode, line.book.label("book_quantity"))
        frame = read(
            connection,
            query.outerjoin(sku, sku.c.sku_code == line.sku_code)
            .where(line.count_id == count_id)
            .order_by(line.sku_code),
        )
    blank = frame.assign(
        count_id=count_id,
        location="",
        counted=pd.array([pd.NA] * len(frame), dtype="Int64"),
        counter="",
        count_reason="",
    )
    order = [
        "count_id",
        "sku_code",
        "name",
        "spec",
        "barcode",
        "location",
        "book_quantity",
        "counted",
        "counter",
        "count_reason",
    ]
    return blank[[name for name in order if not (head["blind"] and name == "book_quantity")]]


def result(db: Database, actor: Actor, count_id: str) -> pd.DataFrame:
    """The count judged so far, with sku_code, name and the columns of `rules.count_differences`; blind
    counters do not see the book."""
    allow(actor, "stock.count")
    with db.reading() as connection:
        head = head_of(connection, count_id)
        frame = judged(connection, head)
        names = read(
            connection,
            select(sku.c.sku_code, sku.c.name).where(keyed(sku.c.sku_code, frame.index, connection)),
        ).set_index("sku_code")
    frame = frame.join(names).rename_axis("sku_code").reset_index()
    return (
        frame.drop(columns=["book", "moved", "expected", "difference"])
        if head["blind"] and actor.role == "warehouse"
        else frame
    )


def settle(db: Database, actor: Actor, count_id: str, *, now: datetime) -> dict[str, object]:
    """Posts the differences of a count as adjustment movements.

    Over the threshold of the settings (units or yuan) a second person must have approved exactly these
    differences; until then an approval is requested and nothing moves: {"state": "waiting" | "adjusted",
    "skus", "units", "approval_id"}. ShopError("stock.count_disputed", skus=[...]) while counters disagree,
    ("stock.count_closed") when it is done, ("stock.count_nothing") without a counted row.
    """
    allow(actor, "stock.count")
    with db.writing() as connection:
        one_at_a_time(connection, LOCK)
        head = head_of(connection, count_id)
        if head["state"] != "open":
            raise ShopError("stock.count_closed", count_id=count_id)
        return post_differences(connection, actor, head, now)


def post_differences(connection: Connection, actor: Actor, head: Record, now: datetime) -> dict[str, object]:
    """Writes a count's differences to the ledger, or asks for approval; facts for the audit. ShopError."""
    rows = judged(connection, head)
    disputed = rows.index[rows["state"] == "disputed"]
    if len(disputed):
        raise ShopError("stock.count_disputed", skus=disputed.tolist())
    if (rows["state"] == "missing").all():
        raise ShopError("stock.count_nothing", count_id=head["count_id"])
    moves = rows[rows["state"] == "differs"]
    facts = {"skus": len(moves), "units": int(moves["difference"].abs().sum())}
    if needs_approval(connection, actor, moves, now):
        inputs = {str(code): int(units) for code, units in moves["difference"].items()}
        if approvals.standing(connection, APPROVAL, head["count_id"], inputs) != "approved":
            asked = approvals.request(
                connection, actor, now, Request(APPROVAL, head["count_id"], inputs, head["name"])
            )
            return {"state": "waiting", "approval_id": asked, **facts}
    quantities = moves["difference"].astype("int64")
    posted = pd.DataFrame(
        {"sku_code": moves.index, "state": "on_hand", "quantity": quantities.to_numpy(), "expected_on": ""}
    )
    ledger.post(
        connection,
        posted,
        ledger.Posting(source_id=head["count_id"], cause="count", account=actor.name, now=now),
    )
    connection.execute(
        update(stock_count)
        .where(stock_count.c.count_id == head["count_id"])
        .values(state="adjusted", adjusted_at=now)
    )
    audit.record(connection, actor, now, "stock.count_adjust", head["count_id"], None, facts)
    return {"state": "adjusted", "approval_id": "", **facts}


def head_of(connection: Connection, count_id: str) -> dict[str, object]:
    """The row of that count. ShopError stock.count_unknown."""
    head = one(connection, select(stock_count).where(stock_count.c.count_id == count_id))
    if head is None:
        raise ShopError("stock.count_unknown", count_id=count_id)
    return head


def judged(connection: Connection, head: dict[str, object]) -> pd.DataFrame:
    """A count judged inside the caller's transaction, `head` being its row: `rules.count_differences`."""
    lines = read(
        connection,
        select(stock_count_line.c.sku_code, stock_count_line.c.book).where(
            stock_count_line.c.count_id == head["count_id"]
        ),
    )
    entry = stock_count_entry.c
    entries = read(
        connection,
        select(entry.sku_code, entry.location, entry.counter, entry.counted, entry.reason).where(
            entry.count_id == head["count_id"]
        ),
    )
    return rules.count_differences(lines, entries, _moved(connection, head))


def _moved(connection: Connection, head: dict[str, object]) -> pd.Series:
    """On-hand units that moved between the snapshot and each SKU's last counted row (int64, by sku_code).

    A count is a barrier: what is sold after it is in neither the counted units nor the book that they are
    held against, however late the difference is approved and posted.
    """
    m, line, entry = stock_movement.c, stock_count_line, stock_count_entry
    mine = select(entry.c.sku_code, func.max(entry.c.counted_at).label("counted_at")).where(
        entry.c.count_id == head["count_id"]
    )
    last = mine.group_by(entry.c.sku_code).subquery()
    query = (
        select(m.sku_code, func.sum(m.on_hand).label("quantity"))
        .join(line, (line.c.sku_code == m.sku_code) & (line.c.count_id == head["count_id"]))
        .outerjoin(last, last.c.sku_code == m.sku_code)
        .where(m.at > head["snapshot_at"], or_(last.c.counted_at.is_(None), m.at <= last.c.counted_at))
    )
    return read(connection, query.group_by(m.sku_code)).set_index("sku_code")["quantity"].astype("int64")
