"""Tables of prices: cost cards and their defaults, promotion rule sets, limits, bundles, what was
published."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, CheckConstraint, Column, ForeignKey, Integer, String, Table

from core.database.types import Moment, schema
from core.pricing.engine.cost_cards import AMOUNTS, RATES

MARKET = (
    "competitor_low",
    "competitor_high",
)  # what buyers can compare with: no cost, but it comes on the same sheets

cost_card = Table(
    "cost_card",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, primary_key=True),
    *(
        Column(name, BigInteger) for name in (*AMOUNTS, *MARKET)
    ),  # fen; NULL where the card is silent and a default speaks
    *(Column(name, Integer) for name in RATES),  # basis points
    Column("origins", JSON, nullable=False),  # {field: import id, or account that edited it}
    Column("version", Integer, nullable=False, default=1),
    Column("changed_by", String, nullable=False),  # import or account of the last change
    Column("updated_at", Moment, nullable=False),
    CheckConstraint(" AND ".join(f"{name} >= 0" for name in (*AMOUNTS, *MARKET)), name="money"),
    CheckConstraint(" AND ".join(f"{name} BETWEEN 0 AND 10000" for name in RATES), name="rates"),
    info={"place": "sku_code"},
)

cost_card_version = Table(
    "cost_card_version",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("card", JSON, nullable=False),  # every field that the card stated in this version
    Column("changed_by", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "sku_code"},
)

cost_default = Table(
    "cost_default",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("category", String, primary_key=True),  # "" for the whole campaign
    Column("version", Integer, primary_key=True),  # the highest stands
    Column("card", JSON, nullable=False),  # {field: fen or basis points}
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

promotion_set = Table(
    "promotion_set",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("phase", String, primary_key=True),  # kind of phase: live, presale_deposit ...
    Column("version", Integer, primary_key=True),  # the highest stands
    Column("rules", JSON, nullable=False),  # in the order in which they apply
    Column("source", String, nullable=False),  # import or account
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

price_limits = Table(
    "price_limits",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("version", Integer, primary_key=True),  # the highest stands
    Column(
        "limits", JSON, nullable=False
    ),  # floors by tier, alarms, brand policy, base days: what differs from the shipped ones
    Column(
        "loosens", JSON, nullable=False
    ),  # {limit: [before, after]} that lets more pass: the version holds once a second person has agreed
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

bundle_part = Table(
    "bundle_part",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, primary_key=True),  # the bundle
    Column("part_code", String, primary_key=True),
    Column("quantity", Integer, nullable=False),
    Column("changed_by", String, nullable=False),  # import that stated it last
    CheckConstraint("quantity > 0 AND part_code <> sku_code", name="parts"),
    info={"place": "sku_code"},
)

published_price = Table(
    "published_price",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("sale_price", BigInteger, nullable=False),  # fen
    Column("landed_price", BigInteger, nullable=False),
    Column("verdict", String, nullable=False),  # publishable | approved
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "sku_code"},
)
