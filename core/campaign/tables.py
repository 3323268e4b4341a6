"""Tables of campaigns: name and zone, phases, plan versions and their parts, what an earlier one hands on."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Integer,
    String,
    Table,
)

from core.database.types import Moment, schema

campaign = Table(
    "campaign",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("timezone", String, nullable=False),
    Column("kind", String, nullable=False, default="festival"),  # sale_kinds.SaleKind
    Column("opens_at", Moment, nullable=False),  # first live phase
    Column("closes_at", Moment, nullable=False),  # last live phase
    Column(
        "rehearsal_of", String, nullable=False, default=""
    ),  # the campaign of which this is a throw-away copy
    Column("archived", Boolean, nullable=False, default=False),
    Column("version", Integer, nullable=False, default=1),
    Column("created_at", Moment, nullable=False),
    Column("account", String, nullable=False),
    CheckConstraint("closes_at > opens_at", name="order"),
    info={"place": "reference"},
)

campaign_phase = Table(
    "campaign_phase",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("phase_id", String, primary_key=True),
    Column(
        "kind", String, nullable=False
    ),  # preparation | notice | warm_up | presale_deposit | presale_balance | live | encore | review
    Column("name", String, nullable=False),  # operator's own words; empty: the kind's
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    CheckConstraint("ends_at > starts_at", name="order"),
    info={"place": "reference"},
)

campaign_plan = Table(
    "campaign_plan",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("gmv", BigInteger, nullable=False),  # fen = visitors x conversion_rate x aov
    Column("visitors", BigInteger, nullable=False),
    Column("conversion_rate", Float, nullable=False),
    Column("aov", BigInteger, nullable=False),  # fen
    Column("weights", JSON, nullable=False),  # what the split was made with, by dimension
    Column("why", String, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

campaign_plan_part = Table(
    "campaign_plan_part",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("dimension", String, primary_key=True),  # phase | day | hour | channel | tier
    Column("part", String, primary_key=True),  # phase id, ISO day, ISO hour in UTC, channel, tier
    Column("gmv", BigInteger, nullable=False),
    Column("visitors", BigInteger, nullable=False),
    info={"place": "reference"},
)

campaign_default = Table(
    "campaign_default",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("item", String, primary_key=True),  # defaults.ITEMS
    Column("source_id", String, ForeignKey("campaign.campaign_id"), nullable=False),  # whose figures they are
    Column("taken", Boolean, nullable=False),  # False: offered and refused
    Column("value", JSON, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)
