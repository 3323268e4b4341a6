"""Tables of the content calendar."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, String, Table

from core.database.types import Moment, schema

touch = Table(
    "touch",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("touch_id", String, primary_key=True),
    Column("kind", String, nullable=False),  # calendar.KINDS
    Column("channel", String, nullable=False),  # as events name it
    Column("title", String, nullable=False),
    Column("audience", String, nullable=False, default=""),  # in words; "" = everybody
    Column("people", BigInteger),  # how many it reaches
    Column("budget", BigInteger, nullable=False, default=0),  # fen
    Column("starts_at", Moment, nullable=False),
    Column("window_hours", Integer, nullable=False),  # in which its results count
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_touch_campaign_id_starts_at", "campaign_id", "starts_at"),
    CheckConstraint("budget >= 0 AND window_hours >= 1", name="terms"),
    info={"place": "reference"},
)

touch_rule = Table(
    "touch_rule",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("most_a_week", Integer, nullable=False),  # pushes and messages a person
    Column("quiet_from", Integer, nullable=False),  # minute of the day, local
    Column("quiet_to", Integer, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)
