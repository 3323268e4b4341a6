"""Tables of readiness: department tasks and who waits for whom, bought advertising, how heads are counted."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, CheckConstraint, Column, ForeignKey, Integer, String, Table

from core.database.types import Moment, schema

task = Table(
    "task",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("task_id", String, primary_key=True),  # the template's code, or "X" and an id for a shop's own
    Column("department", String, nullable=False),
    Column("title", String, nullable=False),
    Column("owner", String, nullable=False, default=""),
    Column("t_minus", Integer, nullable=False),  # due n days before the opening day; negative: after it
    Column("days", Integer, nullable=False),
    Column("state", String, nullable=False, default="todo"),  # todo | doing | blocked | done
    Column("reason", String, nullable=False, default=""),  # why it is blocked
    Column("needs_proof", Boolean, nullable=False, default=False),
    Column("proof", String, nullable=False, default=""),  # link or sentence
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("days >= 1", name="days"),
    info={"place": "reference"},
)

task_link = Table(
    "task_link",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("first_id", String, primary_key=True),
    Column("waits_id", String, primary_key=True),
    info={"place": "reference"},
)

ad_resource = Table(
    "ad_resource",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("resource_id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("channel", String, nullable=False, default=""),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("budget", BigInteger, nullable=False),  # fen
    Column("expected_visitors", BigInteger, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("budget >= 0 AND expected_visitors >= 0", name="amounts"),
    CheckConstraint("ends_at > starts_at", name="order"),
    info={"place": "reference"},
)

staffing_setting = Table(
    "staffing_setting",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("value", JSON, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)
