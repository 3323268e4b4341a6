"""Tables of the inbox (cards that were put off or handed on) and of the demo that fills a shop."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table

from core.database.types import Moment, schema

inbox_mark = Table(
    "inbox_mark",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column(
        "card", String(32), primary_key=True
    ),  # digest of what the card says: other figures are another card
    Column(
        "account", String(64), primary_key=True
    ),  # whose list it leaves; "" = everybody's but the deputy's
    Column("deputy", String(64), nullable=False, default=""),  # who has it now; "" = nobody, it is put off
    Column("until", Moment, nullable=False),  # when it comes back by itself
    Column("marked_by", String(64), nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_inbox_mark_until", "campaign_id", "until"),
    info={"place": "reference"},
)

demo_shop = Table(
    "demo_shop",
    schema,
    Column("name", String(8), primary_key=True),  # "demo": there is one or none
    Column("began_at", Moment, nullable=False),
    Column("loaded_at", Moment),  # empty while it comes in
    # what the demo brought of each; more is the shop's own
    Column("imports", BigInteger, nullable=False, default=0),
    Column("campaigns", BigInteger, nullable=False, default=0),
    Column("sources", BigInteger, nullable=False, default=0),
    Column("events", BigInteger, nullable=False, default=0),
    info={"place": "local"},
)
