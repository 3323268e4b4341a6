"""Tables of the warm-up: what people touched, pre-sale terms and orders, flash-sale sessions, banners, the
package's settings."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    String,
    Table,
)

from core.database.types import Moment, schema

FIGURES = (
    "visitors",
    "favourites",
    "add_to_cart",
    "coupon_claims",
    "reservations",
    "venue_reservations",
    "reservation_returns",
    "deposits",
    "invites_sent",
    "invites_joined",
    "coin_game",
    "coin_browse",
    "coin_share",
    "coin_purchase",
    "group_votes",  # of the shop's community groups for goods that they wish for
)

warmup_figure = Table(
    "warmup_figure",
    schema,
    Column("sku_code", String, primary_key=True),  # "" for the shop, its venue, invites and coin tasks
    Column("day", Date, primary_key=True),  # business day
    Column("channel", String, primary_key=True),  # "" where the report has none
    *(Column(name, BigInteger) for name in FIGURES),  # counts; NULL where the report is silent
    Column("import_id", String, nullable=False),
    Column("updated_at", Moment, nullable=False),
    Index("ix_warmup_figure_day", "day"),
    info={"place": "sku_code"},
)

warmup_touch = Table(
    "warmup_touch",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column(
        "slot", BigInteger, primary_key=True, autoincrement=False
    ),  # epoch half hour; leads, as every question names a stretch
    Column("user_key", String, primary_key=True),
    Column("sku_code", String, primary_key=True),  # "" for a venue page
    Column(
        "depth", SmallInteger, primary_key=True, autoincrement=False
    ),  # place of the stage in funnel.STAGES
    info={"place": "user_key"},
    sqlite_with_rowid=False,
)

presale_term = Table(
    "presale_term",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),
    Column("price", BigInteger, nullable=False),  # fen, before the deposit is counted
    Column("deposit", BigInteger, nullable=False),  # fen paid
    Column("counted", BigInteger, nullable=False),  # fen that the deposit counts for
    Column("balance_from", Moment, nullable=False),
    Column("balance_to", Moment, nullable=False),
    Column("ships_on", String(10), nullable=False),  # ISO day
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("balance_to > balance_from", name="window"),
    CheckConstraint("deposit > 0 AND counted >= deposit AND price >= counted", name="terms"),
    info={"place": "sku_code"},
)

presale_order = Table(
    "presale_order",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("order_id", String, primary_key=True),
    Column("quantity", BigInteger, nullable=False),  # units of paid deposits
    Column("deposit_amount", BigInteger, nullable=False),  # fen
    Column("paid", BigInteger, nullable=False, default=0),  # units whose balance came in
    Column("given_back", BigInteger, nullable=False, default=0),  # units cancelled or refunded
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

flash_session = Table(
    "flash_session",
    schema,
    Column("sku_code", String, ForeignKey("sku.sku_code"), primary_key=True),
    Column("session_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False),
    Column("name", String, nullable=False),
    Column("wave", Integer, nullable=False, default=1),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("quota", BigInteger, nullable=False),  # units promised
    Column("sold", BigInteger, nullable=False, default=0),
    Column("needs_reservation", Boolean, nullable=False, default=False),
    Column("state", String, nullable=False, default="planned"),  # planned | locked | closed
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),  # last change
    Index("ix_flash_session_campaign_id_starts_at", "campaign_id", "starts_at"),
    CheckConstraint("ends_at > starts_at", name="order"),
    CheckConstraint("quota > 0 AND sold >= 0 AND sold <= quota", name="quota"),
    info={"place": "sku_code"},
)

banner = Table(
    "banner",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("banner_id", String, primary_key=True),
    Column("position", String, nullable=False),
    Column("title", String, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment, nullable=False),
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("ends_at > starts_at", name="order"),
    info={"place": "reference"},
)

warmup_setting = Table(
    "warmup_setting",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("name", String, primary_key=True),  # targets | labels | copy | prior | recall | coupons
    Column("value", JSON, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

label_state = Table(  # the labels of a campaign as they were last told of to webhooks
    "label_state",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("tag", String, nullable=False),
    Column("digests", JSON, nullable=False),  # of each SKU's label, by code
    Column("at", Moment, nullable=False),
    info={"place": "local"},
)
