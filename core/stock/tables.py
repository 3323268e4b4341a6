"""Tables of stock: the ledger, the positions, expected arrivals, counts."""

from __future__ import annotations

import functools
import operator

from sqlalchemy import BigInteger, Boolean, Column, ColumnElement, Index, String, Table

from core.database.types import Moment, schema
from core.stock.rules import LEVELS, PROMISED

stock_movement = Table(
    "stock_movement",
    schema,
    Column("sku_code", String, primary_key=True),
    Column("movement_id", String, primary_key=True),  # time-ordered: one batch of movements has one
    Column("at", Moment, nullable=False),
    *(
        Column(state, BigInteger, nullable=False, default=0) for state in LEVELS
    ),  # units, signed: what moved of each state
    Column(
        "expected_on", String(10), primary_key=True, default=""
    ),  # in_transit only: ISO day, "" where nobody knows it
    Column(
        "cause", String, nullable=False
    ),  # import | undo | count | purchase_order | receipt | event | session | edit
    Column("source_id", String, nullable=False),
    Column("account", String, nullable=False),
    Index("ix_stock_movement_source_id", "source_id"),
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

stock_position = Table(
    "stock_position",
    schema,
    Column("sku_code", String, primary_key=True),
    *(Column(level, BigInteger, nullable=False, default=0) for level in LEVELS),  # units
    Column(
        "version", BigInteger, nullable=False, default=0
    ),  # grows by one with each source that moved the SKU
    Column("updated_at", Moment, nullable=False),
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

stock_arrival = Table(
    "stock_arrival",
    schema,
    Column("sku_code", String, primary_key=True),
    Column("expected_on", String(10), primary_key=True),  # ISO day, "" where nobody knows it
    Column("quantity", BigInteger, nullable=False),
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

stock_count = Table(
    "stock_count",
    schema,
    Column("count_id", String, primary_key=True),  # the snapshot id printed on the sheet
    Column("name", String, nullable=False),
    Column("blind", Boolean, nullable=False),
    Column("snapshot_at", Moment, nullable=False),
    Column("state", String, nullable=False),  # open | adjusted | cancelled
    Column("account", String, nullable=False),
    Column("adjusted_at", Moment),
    info={"place": "local"},
)

stock_count_line = Table(
    "stock_count_line",
    schema,
    Column("count_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("book", BigInteger, nullable=False),  # on hand at the snapshot
    info={"place": "sku_code"},
)

stock_count_entry = Table(
    "stock_count_entry",
    schema,
    Column("count_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("location", String, primary_key=True),  # bin; "" where the sheet has none: locations add up
    Column("counter", String, primary_key=True),  # who counted; two counters of one bin must agree
    Column("counted", BigInteger, nullable=False),
    Column("reason", String, nullable=False, default=""),
    Column("counted_at", Moment, nullable=False),
    Column("import_id", String, nullable=False, default=""),
    info={"place": "sku_code"},
)

stock_location = Table(
    "stock_location",
    schema,
    Column("sku_code", String, primary_key=True),
    Column(
        "location", String, primary_key=True
    ),  # warehouse, shop, bin as the sheet names them; "" = not said
    Column("lot", String, primary_key=True),
    Column("expiry", String, primary_key=True),  # as the sheet writes it
    Column("units", BigInteger, nullable=False),
    Column("sellable", Boolean, nullable=False),  # counted in the position
    Column("import_id", String, nullable=False),
    info={"place": "sku_code"},
)

stock_location_rule = Table(
    "stock_location_rule",
    schema,
    Column("location", String, primary_key=True),
    Column("sellable", Boolean, nullable=False),  # whether its units count, answered once
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "local"},
)


def free_units() -> ColumnElement[int]:
    """`rules.available_to_promise` of a stock position, in SQL."""
    c = stock_position.c
    return functools.reduce(operator.sub, (c[state] for state in PROMISED), c.on_hand)
