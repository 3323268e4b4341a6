"""What a live sale does to stock: kept units, pre-sale units and shipments, as movements of the one ledger.

Written for many small batches a second: tuples, not frames. The caller is the only one who keeps units (it
holds the sale's lock); counts and imports may move a SKU at the same time, so positions are changed by
adding.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from core.database import new_id
from core.database.rows import append, find, merge
from core.stock.rules import LEVELS, PROMISED
from core.stock.tables import stock_movement, stock_position


class Change(NamedTuple):
    """Signed units by state of one SKU."""

    sku_code: str
    on_hand: int
    reserved: int
    presale_committed: int


def free(connection: Connection, sku_codes: Collection[str]) -> dict[str, int]:
    """Available to promise (units, may be negative) of the SKUs that have a stock position."""
    columns = ("sku_code", "on_hand", *PROMISED)
    return {
        row[0]: row[1] - sum(row[2:])
        for row in find(connection, stock_position, columns, {}, "sku_code", sku_codes)
    }


def post(
    connection: Connection, changes: Sequence[Change], source_id: str, account: str, now: datetime
) -> None:
    """Writes the changes into the ledger and onto the positions, in the running transaction. One row a
    SKU."""
    moved = [change for change in changes if any(change[1:])]
    rest = dict.fromkeys(LEVELS[len(Change._fields) - 1 :], 0)
    movement = {
        "movement_id": new_id(),
        "at": now,
        "expected_on": "",
        "cause": "event",
        "source_id": source_id,
        "account": account,
    }
    append(connection, stock_movement, moved, Change._fields, movement | rest)
    sums = (*Change._fields[1:], "version")
    merge(
        connection,
        stock_position,
        moved,
        add=sums,
        put=("updated_at",),
        columns=Change._fields,
        fixed=rest | {"version": 1, "updated_at": now},
    )
