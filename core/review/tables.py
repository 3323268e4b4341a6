"""Tables of the review: what people write down for the next sale, the cases of the service desk, and the rule of fast
refunds."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table

from core.database.types import Moment, schema

review_lesson = Table(
    "review_lesson",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("lesson_id", String, primary_key=True),
    Column("text", String, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_review_lesson_at", "at"),
    info={"place": "reference"},
)

refund_rule = Table(
    "refund_rule",
    schema,
    Column("version", Integer, primary_key=True),  # the highest is in force
    Column("rule", JSON, nullable=False),  # fast_refund.FastRefund
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

service_case = Table(
    "service_case",
    schema,
    Column("case_id", String, primary_key=True),
    Column("case_kind", String, nullable=False, default="ticket"),  # ticket | rating | care
    Column("order_id", String, nullable=False, default=""),
    Column("sku_code", String, nullable=False, default=""),
    Column("reason", String, nullable=False, default=""),
    Column("opened_minute", BigInteger, nullable=False),  # epoch minutes
    Column("closed_minute", BigInteger),  # NULL while it is open
    Column("rating", Integer),  # 1 to 5
    Column("version", Integer, nullable=False, default=1),
    Column("changed_by", String, nullable=False, default=""),
    Column("updated_at", Moment, nullable=False),
    Index("ix_service_case_opened_minute", "opened_minute"),
    info={"place": "reference"},
)
