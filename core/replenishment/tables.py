"""Tables of replenishment: runs and their lines, overrides, purchase orders, receipts, SKUs that are
followed."""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
)

from core.database.types import Moment, schema

replenishment_run = Table(
    "replenishment_run",
    schema,
    Column("run_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False),
    Column("mode", String, nullable=False),  # sale | regular
    Column("state", String, nullable=False),  # draft | approved | ordered
    Column("policy", JSON, nullable=False),
    Column("totals", JSON, nullable=False),
    Column(
        "basis", JSON, nullable=False
    ),  # past sales, the level with its band, signals that leapt, lines by source
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("approved_by", String, nullable=False, default=""),
    Column("approved_at", Moment),
    Index("ix_replenishment_run_campaign_id", "campaign_id"),
    info={"place": "reference"},
)

replenishment_line = Table(
    "replenishment_line",
    schema,
    Column("run_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("supplier", String, nullable=False),
    Column("tier", String, nullable=False),
    Column("state", String, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)
        for name in (
            "wanted",
            "wanted_uncapped",
            "committed",
            "available",
            "in_transit",
            "late_in_transit",
            "need",
            "unlimited",
            "suggested",
            "quantity",
            "leftover_value",
            "lost_profit",
            "expected_profit",
            "cap_forgone",
            "overage",
            "demand_low",
            "demand_high",
            "left_if_low",
            "left_if_expected",
            "left_if_high",
            "uncovered",
        )
    ),
    *(
        Column(name, BigInteger)
        for name in ("unit_cost", "contribution", "amount", "lead_time_days", "moq", "pack_size", "override")
    ),
    *(
        Column(name, Float, nullable=False)
        for name in (
            "forecast_mean",
            "phi",
            "baseline_rate",
            "uplift",
            "history_mean",
            "critical_ratio",
            "cap",
            "ratio",
            "expected_leftover",
            "expected_lost",
            "fill_rate",
        )
    ),
    Column("signal_median", Float),
    Column("sale_days", Integer, nullable=False),
    Column("source", String, nullable=False),  # own | analogues | plan | nothing
    *(
        Column(name, Boolean, nullable=False)
        for name in ("late", "over_capacity", "unfunded", "costed", "stale")
    ),
    Column("override_reason", String, nullable=False, default=""),
    Column("latest_order", Date, nullable=False),
    Column("arrival", Date, nullable=False),
    info={"place": "sku_code"},
)

forecast_score = Table(
    "forecast_score",
    schema,
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), primary_key=True),
    Column("scored_at", Moment, nullable=False),
    Column("decided_on", Date, nullable=False),
    Column("own_run", Boolean, nullable=False),  # the shop's own run; else as 14 days before the opening
    Column("reported", BigInteger, nullable=False),  # units of the sale's reports when it was scored
    *(Column(name, BigInteger, nullable=False) for name in ("skus", "forecast", "sold")),
    *(
        Column(name, Float, nullable=False)
        for name in ("uplift", "bias", "covered", "earned", "earned_mean", "earned_uplift")
    ),
    info={"place": "reference"},
)

replenishment_override = Table(
    "replenishment_override",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("reason", String, nullable=False),
    *(
        Column(f"seen_{name}", BigInteger)
        for name in ("wanted", "committed", "available", "in_transit", "unit_cost")
    ),  # the figures it was decided on
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("quantity >= 0", name="quantity"),
    info={"place": "sku_code"},
)

purchase_order = Table(
    "purchase_order",
    schema,
    Column("order_id", String, primary_key=True),
    Column(
        "number", String, nullable=False, unique=True
    ),  # what people and suppliers call it: PO20261020-001
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False),
    Column("run_id", String, nullable=False),
    Column("supplier", String, nullable=False),
    Column("state", String, nullable=False),  # open | part | received | cancelled
    Column("ordered_on", Date, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_purchase_order_campaign_id", "campaign_id"),
    info={"place": "reference"},
)

purchase_order_line = Table(
    "purchase_order_line",
    schema,
    Column("order_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("quantity", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False, default=0),
    Column("cancelled", BigInteger, nullable=False, default=0),  # closed short: will not come any more
    Column("unit_cost", BigInteger),
    Column("expected_on", Date, nullable=False),  # delivered at the warehouse's door
    CheckConstraint("quantity > 0 AND received >= 0 AND cancelled >= 0", name="units"),
    info={"place": "sku_code"},
)

purchase_receipt = Table(
    "purchase_receipt",
    schema,
    Column("sku_code", String, primary_key=True),
    Column("receipt_id", String, primary_key=True),
    Column("order_id", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_purchase_receipt_order_id", "order_id"),
    CheckConstraint("quantity > 0", name="quantity"),
    info={"place": "sku_code"},
)
