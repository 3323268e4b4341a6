"""Table of the targets of a campaign's five stages."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Integer, String, Table

from core.database.types import Moment, schema

growth_target = Table(
    "growth_target",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("stage", String, primary_key=True),  # stages.STAGES
    Column("channel", String, primary_key=True),  # "" = all channels
    Column("target", Float),  # new buyers, a share, fen a buyer, or k; NULL without one
    Column("spend", BigInteger),  # fen spent on the channel so far, by hand; acquisition alone
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)
