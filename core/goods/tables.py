"""Tables of goods: SKU master, suppliers, a campaign's structure."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer, LargeBinary, String, Table

from core.database.types import Moment, schema

sku = Table(
    "sku",
    schema,
    Column("sku_code", String, primary_key=True),  # text: leading zeros are part of it
    Column("product_id", String, nullable=False, server_default=""),  # SPU
    Column("name", String, nullable=False, server_default=""),
    Column("spec", String, nullable=False, server_default=""),
    Column("barcode", String, nullable=False, server_default=""),
    Column("category", String, nullable=False, server_default=""),
    Column("function", String, nullable=False, server_default=""),
    Column("brand", String, nullable=False, server_default=""),
    Column("supplier", String, nullable=False, server_default=""),  # supplier.name; terms are optional
    Column("unit_cost", BigInteger),  # fen; missing means unknown, never free
    Column("list_price", BigInteger),  # fen
    Column("lead_time_days", Integer),
    Column("moq", Integer),
    Column("pack_size", Integer),
    Column("safety_stock", BigInteger),
    Column("remarks", String, nullable=False, server_default=""),
    Column("version", Integer, nullable=False, default=1),
    Column("added_by", String, nullable=False, server_default=""),  # import that brought it
    Column("changed_by", String, nullable=False, server_default=""),  # last import or edit that touched it
    Column("updated_at", Moment, nullable=False),
    Column("retired_at", Moment),  # taken back or delisted; its ledger stays
    CheckConstraint("unit_cost >= 0 AND list_price >= 0", name="money"),
    CheckConstraint("lead_time_days >= 0 AND moq >= 0 AND pack_size >= 1", name="terms"),
    info={"place": "reference"},
    sqlite_with_rowid=False,
)

sku_picture = Table(
    "sku_picture",
    schema,
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),
    Column("digest", String(16), nullable=False),  # of the bytes: a new picture has a new address
    Column("image", LargeBinary, nullable=False),  # a small WebP
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

supplier = Table(
    "supplier",
    schema,
    Column("name", String, primary_key=True),
    Column("contact", String, nullable=False, default=""),
    Column("phone", String, nullable=False, default=""),
    Column("lead_time_days", Integer),
    Column("capacity_units", BigInteger),  # units it can deliver for one order
    Column("minimum_amount", BigInteger),  # fen, smallest order it accepts
    Column("payment_terms", String, nullable=False, default=""),
    Column("remarks", String, nullable=False, default=""),
    Column("version", Integer, nullable=False, default=1),
    Column("added_by", String, nullable=False, default=""),
    Column("changed_by", String, nullable=False, default=""),
    Column("updated_at", Moment, nullable=False),
    Column("retired_at", Moment),
    info={"place": "reference"},
)

campaign_sku = Table(
    "campaign_sku",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),
    Column("tier", String, nullable=False, default="regular"),  # pre_hot | main_push | regular | clearance
    Column("function", String, nullable=False, default=""),
    Column("sale_price", BigInteger),  # fen, the price on the page in the sale
    Column("planned_units", BigInteger),
    Column("planned_gmv", BigInteger),  # fen
    Column("version", Integer, nullable=False, default=1),
    Column("changed_by", String, nullable=False, default=""),
    Column("updated_at", Moment, nullable=False),
    info={"place": "sku_code"},
)
