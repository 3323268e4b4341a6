"""Table of order lines from order exports."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from core.database.types import Moment, schema

order_line = Table(
    "order_line",
    schema,
    Column(
        "sku_code", String, primary_key=True
    ),  # merchant code, or the product name where the export has no code
    Column("order_id", String, primary_key=True),
    Column("line", String, primary_key=True),  # "1", "2" .. within order and SKU
    Column("name", String, nullable=False, default=""),
    Column("buyer_key", String, nullable=False, default=""),  # keyed hash; "" where masked beyond use
    Column("state", String, nullable=False),  # placed | paid | shipped | done | closed | refunded
    Column("ordered_at", Moment),
    Column("paid_at", Moment),
    Column("quantity", BigInteger, nullable=False),
    Column("amount", BigInteger, nullable=False),  # fen paid for the line
    Column("refund_amount", BigInteger, nullable=False, default=0),
    Column("refunded_at", Moment),  # when the money went back, where the export says so
    Column("channel", String, nullable=False, default=""),
    Column("import_id", String, nullable=False),
    Index("ix_order_line_order_id", "order_id"),
    Index("ix_order_line_buyer_key_paid_at", "buyer_key", "paid_at"),
    Index("ix_order_line_paid_at", "paid_at"),
    info={"place": "sku_code"},
)

buyer = Table(
    "buyer",
    schema,
    Column("buyer_key", String, primary_key=True),  # keyed hash; "" holds all unknown buyers together
    Column("orders", BigInteger, nullable=False),  # counted orders: bought, with something kept after refunds
    Column("net_amount", BigInteger, nullable=False),  # fen paid less refunds over all bought lines
    Column("first_paid_at", Moment),  # of counted orders; NULL without one
    Column("last_paid_at", Moment),
    Column(
        "purchases", Text, nullable=False, default=""
    ),  # "minute,fen" of every paid order: epoch minute of payment, what it keeps; "" for the unknown
    info={"place": "buyer_key"},
)
