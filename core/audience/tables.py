"""Tables of stored segment runs: as of when, by which cuts, over which window, and who belonged where."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Date, Float, Index, String, Table

from core.database.types import Moment, schema

segment_run = Table(
    "segment_run",
    schema,
    Column("run_id", String, primary_key=True),
    Column("as_of", Date, nullable=False),
    Column("window_days", BigInteger, nullable=False),  # the days up to as_of that were looked at
    Column("method", String, nullable=False),  # median | mean | own
    Column("recency", Float, nullable=False),  # the cuts: days, orders, fen
    Column("frequency", Float, nullable=False),
    Column("amount", Float, nullable=False),
    Column("counts", JSON, nullable=False),  # {segment: [buyers, orders, fen]}; stays when a person is erased
    Column(
        "revised", BigInteger
    ),  # people of the run before whom late orders and refunds have moved; NULL: none before
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

segment_member = Table(
    "segment_member",
    schema,
    Column("buyer_key", String, primary_key=True),
    Column("run_id", String, primary_key=True),
    Column("segment", String, nullable=False),
    Index("ix_segment_member_run_id", "run_id"),
    info={"place": "buyer_key"},
)
