"""Tables of the line-up: what was decided about tier suggestions, and the attach plan."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Float, ForeignKey, String, Table

from core.database.types import Moment, schema

tier_decision = Table(
    "tier_decision",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),
    Column("tier", String, nullable=False),  # what was suggested
    Column("decision", String, nullable=False),  # accepted | refused
    Column("reasons", JSON, nullable=False),  # codes, as they stood when it was decided
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "sku_code"},
)

attach_pair = Table(
    "attach_pair",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),  # the main-push or pre-hot SKU
    Column("partner_code", String, ForeignKey("sku.sku_code"), primary_key=True),  # what is sold with it
    Column("together", BigInteger, nullable=False),  # baskets with both
    Column("support", Float, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("lift", Float, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "sku_code"},
)
