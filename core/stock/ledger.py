"""The ledger's one pen: movements in, positions and arrivals kept as their sums, in the caller's
transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, delete, func, select

from core.database import insert, keyed, new_id, read, upsert
from core.frames import among
from core.imports.tables import import_run
from core.imports.versioned import later_change
from core.stock.rules import LEVELS
from core.stock.tables import stock_arrival, stock_movement, stock_position


class Posting(NamedTuple):
    """What every row of a posting carries: what it came from, why, who, and when."""

    source_id: str
    cause: str
    account: str
    now: datetime


def post(
    connection: Connection, movements: pd.DataFrame, posting: Posting, *, also: Iterable[str] = ()
) -> int:
    """Appends movements and moves the positions with them; returns how many ledger rows were appended.

    `movements`: sku_code (str), state (one of LEVELS), quantity (int64, signed), expected_on (ISO day or "",
    for in_transit). Rows of 0 are left out. `also`: SKUs that get a position (of zeros) even if nothing
    moves. Every SKU's version grows by one.
    """
    return post_wide(connection, wide(movements), posting, also=also)


def wide(movements: pd.DataFrame) -> pd.DataFrame:
    """Movements with one row a (sku_code, expected_on) and a column a state (int64): the ledger's own
    shape."""
    rows = movements[movements["quantity"] != 0]
    keys = ["sku_code", "expected_on"]
    parts = [
        rows[rows["state"] == state].groupby(keys, sort=False)["quantity"].sum().rename(state)
        for state in LEVELS
        if (rows["state"] == state).any()
    ]
    empty = pd.DataFrame({"sku_code": pd.Series(dtype="str"), "expected_on": pd.Series(dtype="str")})
    joined = pd.concat(parts, axis=1).reset_index() if parts else empty
    return (
        joined.reindex(columns=[*keys, *LEVELS])
        .fillna(dict.fromkeys(LEVELS, 0))
        .astype(dict.fromkeys(LEVELS, "int64"))
    )


def post_wide(
    connection: Connection, rows: pd.DataFrame, posting: Posting, *, also: Iterable[str] = ()
) -> int:
    """`post` for rows that already have the ledger's shape: sku_code, expected_on (unique together) and the
    LEVELS; all-zero rows are left out."""
    rows = rows[(rows[list(LEVELS)] != 0).any(axis=1)].reset_index(drop=True)
    now = posting.now
    numbered = rows.assign(
        movement_id=new_id(),
        at=now,
        cause=posting.cause,
        source_id=posting.source_id,
        account=posting.account,
    )
    insert(connection, stock_movement, numbered[[column.name for column in stock_movement.columns]])
    sums = (
        rows.drop(columns="expected_on")
        if rows["sku_code"].is_unique
        else rows.groupby("sku_code", sort=False, as_index=False)[list(LEVELS)].sum()
    )
    named = pd.Index(list(also), dtype=object).unique()
    still = named[~among(named, rows["sku_code"])]
    zeros = pd.DataFrame({"sku_code": still, **dict.fromkeys(LEVELS, 0)})
    positions = (pd.concat([sums, zeros], ignore_index=True) if len(still) else sums).assign(
        version=1, updated_at=now
    )
    upsert(connection, stock_position, positions, update=["updated_at"], add=[*LEVELS, "version"])
    arriving = rows.loc[rows["in_transit"] != 0, ["sku_code", "expected_on", "in_transit"]].rename(
        columns={"in_transit": "quantity"}
    )
    if len(arriving):
        upsert(connection, stock_arrival, arriving, add=["quantity"])
        connection.execute(delete(stock_arrival).where(stock_arrival.c.quantity == 0))
    return len(rows)


def positions(connection: Connection, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """Levels as they stand, indexed by sku_code: the columns LEVELS and version (int64). A code that never
    moved is not in it."""
    query = select(
        stock_position.c.sku_code, *(stock_position.c[level] for level in LEVELS), stock_position.c.version
    )
    if codes is not None:
        query = query.where(keyed(stock_position.c.sku_code, codes, connection))
    frame = read(connection, query)
    # codes as objects: looking 200,000 of them up in a text index costs twenty times more
    return frame.set_index(pd.Index(frame.pop("sku_code"), dtype=object, name="sku_code"))


def arrivals(connection: Connection, codes: Sequence[str] | None = None) -> pd.DataFrame:
    """What is on its way: sku_code, expected_on (ISO day, "" where nobody knows), quantity (int64)."""
    query = select(stock_arrival.c.sku_code, stock_arrival.c.expected_on, stock_arrival.c.quantity)
    return read(
        connection,
        query if codes is None else query.where(keyed(stock_arrival.c.sku_code, codes, connection)),
    )


def of_source(connection: Connection, source_id: str) -> pd.DataFrame:
    """What a source moved, summed: sku_code, expected_on and the LEVELS (int64, signed units)."""
    m = stock_movement.c
    sums = [func.sum(m[level]).label(level) for level in LEVELS]
    frame = read(
        connection,
        select(m.sku_code, m.expected_on, *sums)
        .where(m.source_id == source_id)
        .group_by(m.sku_code, m.expected_on),
    )
    return frame.astype(dict.fromkeys(LEVELS, "int64"))


def refuse_later(connection: Connection, codes: Sequence[str], source_id: str) -> None:
    """ShopError("import.later_change") naming the first movement of these SKUs after a source's own that has
    not itself been taken back."""
    m = stock_movement.c
    undone = select(import_run.c.import_id).where(import_run.c.state == "undone")
    own = connection.scalar(select(func.min(m.movement_id)).where(m.source_id == source_id)) or source_id
    query = select(m.sku_code, m.at, m.cause, m.source_id, m.account).order_by(m.movement_id)
    others_later = query.where(
        m.movement_id > own, m.source_id != source_id, m.cause != "undo", m.source_id.not_in(undone)
    )
    later = read(connection, others_later.where(keyed(m.sku_code, codes, connection)))
    if len(later):
        first = later.iloc[0]
        raise later_change(
            source_id,
            str(first["sku_code"]),
            by=str(first["source_id"]),
            count=int(later["sku_code"].nunique()),
            cause=first["cause"],
            at=first["at"].to_pydatetime(),
            account=first["account"],
        )


def take_back(connection: Connection, source_id: str, *, undo_id: str, account: str, now: datetime) -> None:
    """Posts the opposite of everything that a source moved, as movements of cause "undo"."""
    moved = of_source(connection, source_id)
    opposite = moved.assign(**{level: -moved[level] for level in LEVELS})
    post_wide(connection, opposite, Posting(source_id=undo_id, cause="undo", account=account, now=now))


def faults(connection: Connection) -> dict[str, list[object]]:
    """Where a position is not the sum of its movements, or an arrival not the sum of its in-transit
    movements: the codes, per invariant."""
    m = stock_movement.c
    sums = [func.sum(m[level]).label(level) for level in LEVELS]
    ledger = (
        read(connection, select(m.sku_code, *sums).group_by(m.sku_code)).set_index("sku_code").astype("int64")
    )
    apart = positions(connection)[list(LEVELS)].sub(ledger, fill_value=0)
    unequal = apart.index[(apart != 0).any(axis=1)]
    total = func.sum(m.in_transit).label("quantity")
    on_way = read(
        connection,
        select(m.sku_code, m.expected_on, total).where(m.in_transit != 0).group_by(m.sku_code, m.expected_on),
    )
    expected = on_way.set_index(["sku_code", "expected_on"])["quantity"].astype("int64")
    kept = arrivals(connection).set_index(["sku_code", "expected_on"])["quantity"]
    astray = expected[expected != 0].sub(kept, fill_value=0)
    return {
        "stock.ledger_is_position": unequal.tolist(),
        "stock.arrivals_are_in_transit": [list(key) for key in astray.index[astray != 0]],
    }
