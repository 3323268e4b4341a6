"""The ledger's one pen: movements in, positions and arrivals kept as their sums, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, delete, func, select

from core.database import insert, keyed, new_id, read, upsert
from core.errors import ShopError
from core.imports.tables import import_run
from core.stock.rules import LEVELS
from core.stock.tables import stock_arrival, stock_movement, stock_position


def post(
    connection: Connection,
    movements: pd.DataFrame,
    *,
    source_id: str,
    cause: str,
    account: str,
    now: datetime,
    also: Iterable[str] = (),
) -> int:
    """Appends movements and moves the positions with them; returns how many were appended.

    `movements`: sku_code (str), state (one of LEVELS), quantity (int64, signed), expected_on (ISO day or "", for in_transit). Rows of 0 are left out.
    `also`: SKUs that get a position (of zeros) even if nothing moves. Every SKU's version grows by one.
    """
    rows = movements[movements["quantity"] != 0].reset_index(drop=True)
    batch = new_id()
    numbered = rows.assign(
        movement_id=batch + ":" + rows.index.astype("str"), at=now, cause=cause, source_id=source_id, account=account
    )
    insert(connection, stock_movement, numbered[[column.name for column in stock_movement.columns]])
    deltas = {state: rows[rows["state"] == state].groupby("sku_code", sort=False)["quantity"].sum() for state in LEVELS}
    positions = pd.DataFrame(
        deltas, index=pd.Index(pd.unique(pd.Series([*rows["sku_code"], *also], dtype="str")), name="sku_code")
    )
    positions = positions.fillna(0).astype("int64").assign(version=1, updated_at=now).reset_index()
    upsert(connection, stock_position, positions, update=["updated_at"], add=[*LEVELS, "version"])
    arriving = rows[rows["state"] == "in_transit"].groupby(["sku_code", "expected_on"], as_index=False)["quantity"].sum()
    if len(arriving):
        upsert(connection, stock_arrival, arriving, add=["quantity"])
        connection.execute(
            delete(stock_arrival).where(
                stock_arrival.c.quantity == 0, keyed(stock_arrival.c.sku_code, arriving["sku_code"], connection)
            )
        )
    return len(rows)


def positions(connection: Connection, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Levels as they stand, indexed by sku_code: the columns LEVELS and version (int64). A code that never moved is not in it."""
    query = select(stock_position.c.sku_code, *(stock_position.c[level] for level in LEVELS), stock_position.c.version)
    if codes is not None:
        query = query.where(keyed(stock_position.c.sku_code, codes, connection))
    return read(connection, query).set_index("sku_code")


def arrivals(connection: Connection, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """What is on its way: sku_code, expected_on (ISO day, "" where nobody knows), quantity (int64)."""
    query = select(stock_arrival.c.sku_code, stock_arrival.c.expected_on, stock_arrival.c.quantity)
    return read(connection, query if codes is None else query.where(keyed(stock_arrival.c.sku_code, codes, connection)))


def of_source(connection: Connection, source_id: str) -> pd.DataFrame:
    """What a source moved, summed: sku_code, state, expected_on, quantity (int64)."""
    m = stock_movement.c
    total = func.sum(m.quantity).label("quantity")
    frame = read(
        connection,
        select(m.sku_code, m.state, m.expected_on, total)
        .where(m.source_id == source_id)
        .group_by(m.sku_code, m.state, m.expected_on),
    )
    return frame.assign(quantity=frame["quantity"].astype("int64"))


def moved_since(connection: Connection, codes: Sequence[str], since: datetime, state: str = "on_hand") -> pd.Series:
    """Units of one state that moved after a moment, indexed by sku_code (int64); codes that did not move are not in it."""
    m = stock_movement.c
    query = select(m.sku_code, func.sum(m.quantity).label("quantity")).where(
        m.state == state, m.at > since, keyed(m.sku_code, codes, connection)
    )
    return read(connection, query.group_by(m.sku_code)).set_index("sku_code")["quantity"].astype("int64")


def refuse_later(connection: Connection, codes: Sequence[str], source_id: str) -> None:
    """ShopError("import.later_change") naming the first movement of these SKUs after a source's own that has not itself been taken back."""
    m = stock_movement.c
    undone = select(import_run.c.import_id).where(import_run.c.state == "undone")
    own = connection.scalar(select(func.min(m.movement_id)).where(m.source_id == source_id)) or source_id
    query = select(m.sku_code, m.at, m.cause, m.source_id, m.account).order_by(m.movement_id)
    standing = query.where(m.movement_id > own, m.source_id != source_id, m.cause != "undo", m.source_id.not_in(undone))
    later = read(connection, standing.where(keyed(m.sku_code, codes, connection)))
    if len(later):
        first = later.iloc[0]
        raise ShopError(
            "import.later_change",
            import_id=source_id,
            key=first["sku_code"],
            count=int(later["sku_code"].nunique()),
            by=first["source_id"],
            cause=first["cause"],
            at=first["at"].to_pydatetime(),
            account=first["account"],
        )


def take_back(connection: Connection, source_id: str, *, undo_id: str, account: str, now: datetime) -> None:
    """Posts the opposite of everything that a source moved, as movements of cause "undo"."""
    moved = of_source(connection, source_id)
    post(connection, moved.assign(quantity=-moved["quantity"]), source_id=undo_id, cause="undo", account=account, now=now)


def faults(connection: Connection) -> dict[str, list[Any]]:
    """Where a position is not the sum of its movements, or an arrival not the sum of its in-transit movements: the codes, per invariant."""
    m = stock_movement.c
    sums = read(connection, select(m.sku_code, m.state, func.sum(m.quantity).label("quantity")).group_by(m.sku_code, m.state))
    ledger = sums.assign(quantity=sums["quantity"].astype("int64")).pivot(index="sku_code", columns="state", values="quantity")
    ledger = ledger.reindex(columns=list(LEVELS)).fillna(0).astype("int64")
    levels = positions(connection)[list(LEVELS)]
    both = levels.index.union(ledger.index)
    unequal = (
        (levels.reindex(both).fillna(0) != ledger.reindex(both).fillna(0)).any(axis=1) if len(both) else pd.Series(dtype=bool)
    )
    on_way = read(
        connection,
        select(m.sku_code, m.expected_on, func.sum(m.quantity).label("quantity"))
        .where(m.state == "in_transit")
        .group_by(m.sku_code, m.expected_on),
    )
    expected = on_way.set_index(["sku_code", "expected_on"])["quantity"].astype("int64")
    kept = arrivals(connection).set_index(["sku_code", "expected_on"])["quantity"]
    apart = expected[expected != 0].sub(kept, fill_value=0)
    return {
        "stock.ledger_is_position": unequal.index[unequal].tolist() if len(unequal) else [],
        "stock.arrivals_are_in_transit": [list(key) for key in apart.index[apart != 0]],
    }
