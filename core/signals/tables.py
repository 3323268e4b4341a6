"""Table of daily figures by SKU."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, String, Table

from core.database.types import Moment, schema

FIGURES = (
    "visitors",
    "page_views",
    "add_to_cart",
    "favourites",
    "coupon_claims",
    "reservations",
    "deposits",
    "orders_placed",
    "buyers",
    "units_paid",
    "paid_amount",
    "refund_amount",
    "ad_spend",
)

daily_signal = Table(
    "daily_signal",
    schema,
    Column("sku_code", String, primary_key=True),  # "" for figures of the whole shop
    Column("day", Date, primary_key=True),  # business day
    Column("channel", String, primary_key=True),  # "" where the report has none
    *(
        Column(name, BigInteger) for name in FIGURES
    ),  # counts, and fen for amounts; NULL where the report is silent
    Column("import_id", String, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_daily_signal_day", "day"),
    info={"place": "sku_code"},
)
