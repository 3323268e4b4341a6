"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Adds the tables."""
    op.create_table(
        "account",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("email", sa.String(), nullable=True),
        sa.Column("password", sa.String(), nullable=True),
        sa.Column("must_change", sa.Boolean(), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("valid_after", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
        info={"place": "local"},
    )
    op.create_table(
        "alert",
        sa.Column("alert_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("streak", sa.Integer(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("notified_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.String(), nullable=False),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("drill", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("alert_id", name=op.f("pk_alert")),
        info={"place": "local"},
    )
    op.create_index("ix_alert_campaign_id_state", "alert", ["campaign_id", "state"], unique=False)
    op.create_table(
        "alert_rule",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "kind", name=op.f("pk_alert_rule")),
        info={"place": "local"},
    )
    op.create_table(
        "alert_tick",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_alert_tick")),
        info={"place": "local"},
    )
    op.create_table(
        "api_key",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("scopes", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used_from", sa.String(), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_api_key")),
        sa.UniqueConstraint("name", name=op.f("uq_api_key_name")),
        info={"place": "local"},
    )
    op.create_table(
        "approval",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("inputs_digest", sa.String(length=64), nullable=False),
        sa.Column("requested_by", sa.String(length=64), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval")),
        info={"place": "local"},
    )
    op.create_index("ix_approval_kind_subject", "approval", ["kind", "subject", "requested_at"], unique=False)
    op.create_index(
        "uq_approval_open",
        "approval",
        ["kind", "subject"],
        unique=True,
        sqlite_where=sa.text("state = 'requested'"),
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("origin", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("before", sa.Text(), nullable=True),
        sa.Column("after", sa.Text(), nullable=True),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit")),
        sa.UniqueConstraint("digest", name=op.f("uq_audit_digest")),
        info={"place": "local"},
    )
    op.create_index(op.f("ix_audit_account"), "audit", ["account"], unique=False)
    op.create_index(op.f("ix_audit_action"), "audit", ["action"], unique=False)
    op.create_index(op.f("ix_audit_at"), "audit", ["at"], unique=False)
    op.create_index(op.f("ix_audit_subject"), "audit", ["subject"], unique=False)
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("key_print", sa.String(length=16), nullable=False),
        sa.Column("seal", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
        info={"place": "local"},
    )
    op.create_table(
        "back_off",
        sa.Column("lane", sa.String(length=64), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("lane", name=op.f("pk_back_off")),
        info={"place": "local"},
    )
    op.create_table(
        "buyer",
        sa.Column("buyer_key", sa.String(), nullable=False),
        sa.Column("orders", sa.BigInteger(), nullable=False),
        sa.Column("net_amount", sa.BigInteger(), nullable=False),
        sa.Column("first_paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("purchases", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("buyer_key", name=op.f("pk_buyer")),
        info={"place": "buyer_key"},
    )
    op.create_table(
        "campaign",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("rehearsal_of", sa.String(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.CheckConstraint("closes_at > opens_at", name=op.f("ck_campaign_order")),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_campaign")),
        sa.UniqueConstraint("name", name=op.f("uq_campaign_name")),
        info={"place": "reference"},
    )
    op.create_table(
        "channel",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("least", sa.String(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("address", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_channel")),
        info={"place": "local"},
    )
    op.create_table(
        "connect_feed",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("sealed_before", sa.String(), nullable=False),
        sa.Column("before_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("dialect", sa.String(), nullable=False),
        sa.Column("timezone", sa.String(), nullable=False),
        sa.Column("settings", sa.JSON(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("last_arrival", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lag_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_connect_feed")),
        info={"place": "local"},
    )
    op.create_table(
        "connect_source",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("silent_after", sa.Integer(), nullable=False),
        sa.Column("looked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=True),
        sa.Column("pending", sa.BigInteger(), nullable=True),
        sa.Column("rung_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_connect_source")),
        info={"place": "local"},
    )
    op.create_table(
        "connect_stream",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("shape", sa.JSON(), nullable=False),
        sa.Column("position", sa.JSON(), nullable=False),
        sa.Column("sweep", sa.JSON(), nullable=False),
        sa.Column("swept_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", name=op.f("pk_connect_stream")),
        info={"place": "local"},
    )
    op.create_table(
        "cost_card_version",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", "version", name=op.f("pk_cost_card_version")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "daily_signal",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=True),
        sa.Column("page_views", sa.BigInteger(), nullable=True),
        sa.Column("add_to_cart", sa.BigInteger(), nullable=True),
        sa.Column("favourites", sa.BigInteger(), nullable=True),
        sa.Column("coupon_claims", sa.BigInteger(), nullable=True),
        sa.Column("reservations", sa.BigInteger(), nullable=True),
        sa.Column("deposits", sa.BigInteger(), nullable=True),
        sa.Column("orders_placed", sa.BigInteger(), nullable=True),
        sa.Column("buyers", sa.BigInteger(), nullable=True),
        sa.Column("units_paid", sa.BigInteger(), nullable=True),
        sa.Column("paid_amount", sa.BigInteger(), nullable=True),
        sa.Column("refund_amount", sa.BigInteger(), nullable=True),
        sa.Column("ad_spend", sa.BigInteger(), nullable=True),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "day", "channel", name=op.f("pk_daily_signal")),
        info={"place": "sku_code"},
    )
    op.create_index("ix_daily_signal_day", "daily_signal", ["day"], unique=False)
    op.create_table(
        "decision",
        sa.Column("decision_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision")),
        info={"place": "local"},
    )
    op.create_index("ix_decision_campaign_id_at", "decision", ["campaign_id", "at"], unique=False)
    op.create_table(
        "demo_shop",
        sa.Column("name", sa.String(length=8), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("loaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("imports", sa.BigInteger(), nullable=False),
        sa.Column("campaigns", sa.BigInteger(), nullable=False),
        sa.Column("sources", sa.BigInteger(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_demo_shop")),
        info={"place": "local"},
    )
    op.create_table(
        "drill_debrief",
        sa.Column("debrief_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("course", sa.Float(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("learnings", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("debrief_id", name=op.f("pk_drill_debrief")),
        info={"place": "local"},
    )
    op.create_index("ix_drill_debrief_campaign_id", "drill_debrief", ["campaign_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("user_key", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("received_minute", sa.BigInteger(), nullable=False),
        sa.Column("waits_for", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "event_id", name=op.f("pk_event")),
        info={"place": "event_id"},
    )
    op.create_index(
        "ix_event_order_id",
        "event",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("order_id <> ''"),
        postgresql_where=sa.text("order_id <> ''"),
    )
    op.create_index(
        "ix_event_payer",
        "event",
        ["user_key"],
        unique=False,
        sqlite_where=sa.text("kind = 'pay'"),
        postgresql_where=sa.text("kind = 'pay'"),
    )
    op.create_index(
        "ix_event_waiting",
        "event",
        ["campaign_id", "order_id"],
        unique=False,
        sqlite_where=sa.text("waits_for <> ''"),
        postgresql_where=sa.text("waits_for <> ''"),
    )
    op.create_table(
        "experiment_count",
        sa.Column("count_id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("day", sa.String(), nullable=False),
        sa.Column("arm", sa.String(), nullable=False),
        sa.Column("layer", sa.String(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("buyers", sa.BigInteger(), nullable=True),
        sa.Column("viewers", sa.BigInteger(), nullable=True),
        sa.Column("order_buyers", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("count_id", name=op.f("pk_experiment_count")),
        info={"place": "reference"},
    )
    op.create_index(
        op.f("ix_experiment_count_experiment_id"), "experiment_count", ["experiment_id"], unique=False
    )
    op.create_table(
        "feed_delivery",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("delivery_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", "delivery_id", name=op.f("pk_feed_delivery")),
        info={"place": "local"},
    )
    op.create_index("ix_feed_delivery_at", "feed_delivery", ["source", "at"], unique=False)
    op.create_table(
        "feed_line",
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("row_key", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("ordered", sa.BigInteger(), nullable=False),
        sa.Column("ordered_fen", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("cancelled_fen", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("gone", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "row_key", name=op.f("pk_feed_line")),
        info={"place": "row_key"},
    )
    op.create_index("ix_feed_line_changed", "feed_line", ["source", "kind", "changed"], unique=False)
    op.create_index(
        "ix_feed_line_open",
        "feed_line",
        ["source", "code"],
        unique=False,
        sqlite_where=sa.text("(code <> '' OR gone = 1)"),
        postgresql_where=sa.text("(code <> '' OR gone = 1)"),
    )
    op.create_table(
        "header_memory",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("header", sa.String(), nullable=False),
        sa.Column("field", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "header", name=op.f("pk_header_memory")),
        info={"place": "local"},
    )
    op.create_table(
        "idea",
        sa.Column("idea_id", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("outcome_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_by", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("idea_id", name=op.f("pk_idea")),
        info={"place": "reference"},
    )
    op.create_table(
        "idea_setting",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_idea_setting")),
        info={"place": "reference"},
    )
    op.create_table(
        "import_change",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("import_id", "key", name=op.f("pk_import_change")),
        info={"place": "local"},
    )
    op.create_table(
        "import_choice",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("headers", sa.String(length=64), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("key", sa.JSON(), nullable=False),
        sa.Column("below", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kind", "headers", name=op.f("pk_import_choice")),
        info={"place": "local"},
    )
    op.create_table(
        "import_run",
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("file_name", sa.String(), nullable=False),
        sa.Column("content_digest", sa.String(length=64), nullable=False),
        sa.Column("sheet", sa.String(), nullable=False),
        sa.Column("header_row", sa.Integer(), nullable=False),
        sa.Column("mapping", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("control", sa.JSON(), nullable=False),
        sa.Column("rejected", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("import_id", name=op.f("pk_import_run")),
        info={"place": "local"},
    )
    op.create_index("ix_import_run_content_digest", "import_run", ["content_digest"], unique=False)
    op.create_index("ix_import_run_kind_at", "import_run", ["kind", "at"], unique=False)
    op.create_table(
        "inbox_file",
        sa.Column("file_id", sa.String(length=32), nullable=False),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("changed_ns", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("moved_to", sa.String(), nullable=False),
        sa.Column("arrived_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("file_id", name=op.f("pk_inbox_file")),
        info={"place": "local"},
    )
    op.create_index("ix_inbox_file_path_digest", "inbox_file", ["path", "digest"], unique=False)
    op.create_index("ix_inbox_file_state_at", "inbox_file", ["state", "at"], unique=False)
    op.create_table(
        "intake_refusal",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("sample", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", "minute", "code", name=op.f("pk_intake_refusal")),
        info={"place": "local"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "intake_source",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("generations", sa.JSON(), nullable=False),
        sa.Column("events_per_minute", sa.Integer(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_intake_source")),
        info={"place": "local"},
    )
    op.create_table(
        "intake_tally",
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("applied", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("last_received_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("source", name=op.f("pk_intake_tally")),
        info={"place": "local"},
    )
    op.create_table(
        "invite",
        sa.Column("invite_id", sa.String(), nullable=False),
        sa.Column("inviter_key", sa.String(), nullable=False),
        sa.Column("invited_key", sa.String(), nullable=False),
        sa.Column("account_kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sent_minute", sa.BigInteger(), nullable=False),
        sa.Column("joined_minute", sa.BigInteger(), nullable=True),
        sa.Column("reward", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("invite_id", name=op.f("pk_invite")),
        info={"place": "invite_id"},
    )
    op.create_index("ix_invite_invited_key", "invite", ["invited_key"], unique=False)
    op.create_index("ix_invite_inviter_key", "invite", ["inviter_key"], unique=False)
    op.create_index("ix_invite_sent_minute", "invite", ["sent_minute"], unique=False)
    op.create_table(
        "job",
        sa.Column("name", sa.String(length=32), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done", sa.BigInteger(), nullable=False),
        sa.Column("fault", sa.String(), nullable=False),
        sa.Column("error_id", sa.String(), nullable=False),
        sa.Column("runner", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_job")),
        info={"place": "local"},
    )
    op.create_table(
        "label_state",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("tag", sa.String(), nullable=False),
        sa.Column("digests", sa.JSON(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_label_state")),
        info={"place": "local"},
    )
    op.create_table(
        "list_member",
        sa.Column("buyer_key", sa.String(), nullable=False),
        sa.Column("list_id", sa.String(), nullable=False),
        sa.Column("held_back", sa.Boolean(), nullable=False),
        sa.Column("coming", sa.BigInteger(), nullable=True),
        sa.Column("worth", sa.BigInteger(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("in_app", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("buyer_key", "list_id", name=op.f("pk_list_member")),
        info={"place": "buyer_key"},
    )
    op.create_index("ix_list_member_list_id", "list_member", ["list_id"], unique=False)
    op.create_table(
        "live_recount",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("faults", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_live_recount")),
        info={"place": "local"},
    )
    op.create_table(
        "member",
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("joined_day", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_member")),
        info={"place": "person_key"},
    )
    op.create_table(
        "member_level",
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("threshold", sa.BigInteger(), nullable=False),
        sa.Column("benefit_rate", sa.Float(), nullable=False),
        sa.Column("benefits", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "threshold >= 0 AND benefit_rate >= 0 AND benefit_rate <= 1", name=op.f("ck_member_level_terms")
        ),
        sa.PrimaryKeyConstraint("level", name=op.f("pk_member_level")),
        info={"place": "reference"},
    )
    op.create_table(
        "message",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("bundle", sa.String(length=32), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("fault", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        info={"place": "local"},
    )
    op.create_index("ix_message_channel_state_due", "message", ["channel", "state", "due_at"], unique=False)
    op.create_table(
        "order_line",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("line", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("buyer_key", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paid_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("refund_amount", sa.BigInteger(), nullable=False),
        sa.Column("refunded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "order_id", "line", name=op.f("pk_order_line")),
        info={"place": "sku_code"},
    )
    op.create_index("ix_order_line_buyer_key_paid_at", "order_line", ["buyer_key", "paid_at"], unique=False)
    op.create_index("ix_order_line_order_id", "order_line", ["order_id"], unique=False)
    op.create_index("ix_order_line_paid_at", "order_line", ["paid_at"], unique=False)
    op.create_table(
        "partner",
        sa.Column("partner_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("reach", sa.BigInteger(), nullable=True),
        sa.Column("fixed_fee", sa.BigInteger(), nullable=False),
        sa.Column("commission_rate", sa.Float(), nullable=False),
        sa.Column("reward", sa.BigInteger(), nullable=False),
        sa.Column("contract_ends", sa.String(length=10), nullable=False),
        sa.Column("task", sa.String(), nullable=False),
        sa.Column("fit", sa.Integer(), nullable=True),
        sa.Column("expertise", sa.Integer(), nullable=True),
        sa.Column("values", sa.Integer(), nullable=True),
        sa.Column("strength", sa.Integer(), nullable=True),
        sa.Column("willingness", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "fixed_fee >= 0 AND reward >= 0 AND commission_rate >= 0 AND commission_rate <= 1",
            name=op.f("ck_partner_terms"),
        ),
        sa.PrimaryKeyConstraint("partner_id", name=op.f("pk_partner")),
        info={"place": "reference"},
    )
    op.create_table(
        "person",
        sa.Column("person_key", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=False),
        sa.Column("age_band", sa.String(), nullable=False),
        sa.Column("province", sa.String(), nullable=False),
        sa.Column("city_tier", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("interest", sa.String(), nullable=False),
        sa.Column("first_day", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("person_key", name=op.f("pk_person")),
        info={"place": "person_key"},
    )
    op.create_table(
        "person_seen",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("user_key", sa.String(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "user_key", name=op.f("pk_person_seen")),
        info={"place": "user_key"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "presale_order",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("deposit_amount", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("given_back", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", "order_id", name=op.f("pk_presale_order")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "published_price",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("sale_price", sa.BigInteger(), nullable=False),
        sa.Column("landed_price", sa.BigInteger(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_published_price")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "purchase_order_line",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("unit_cost", sa.BigInteger(), nullable=True),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "quantity > 0 AND received >= 0 AND cancelled >= 0", name=op.f("ck_purchase_order_line_units")
        ),
        sa.PrimaryKeyConstraint("order_id", "sku_code", name=op.f("pk_purchase_order_line")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "purchase_receipt",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("receipt_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_purchase_receipt_quantity")),
        sa.PrimaryKeyConstraint("sku_code", "receipt_id", name=op.f("pk_purchase_receipt")),
        info={"place": "sku_code"},
    )
    op.create_index("ix_purchase_receipt_order_id", "purchase_receipt", ["order_id"], unique=False)
    op.create_table(
        "refund_rule",
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rule", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("version", name=op.f("pk_refund_rule")),
        info={"place": "reference"},
    )
    op.create_table(
        "rehearsal",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("begins_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("speed", sa.Float(), nullable=False),
        sa.Column("scale", sa.Float(), nullable=False),
        sa.Column("course", sa.Float(), nullable=False),
        sa.Column("past_id", sa.String(), nullable=False),
        sa.Column("played_to_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_rehearsal")),
        info={"place": "local"},
    )
    op.create_table(
        "relay",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_relay")),
        info={"place": "local"},
    )
    op.create_table(
        "replenishment_line",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("wanted_uncapped", sa.BigInteger(), nullable=False),
        sa.Column("committed", sa.BigInteger(), nullable=False),
        sa.Column("available", sa.BigInteger(), nullable=False),
        sa.Column("in_transit", sa.BigInteger(), nullable=False),
        sa.Column("late_in_transit", sa.BigInteger(), nullable=False),
        sa.Column("need", sa.BigInteger(), nullable=False),
        sa.Column("unlimited", sa.BigInteger(), nullable=False),
        sa.Column("suggested", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("leftover_value", sa.BigInteger(), nullable=False),
        sa.Column("lost_profit", sa.BigInteger(), nullable=False),
        sa.Column("expected_profit", sa.BigInteger(), nullable=False),
        sa.Column("cap_forgone", sa.BigInteger(), nullable=False),
        sa.Column("overage", sa.BigInteger(), nullable=False),
        sa.Column("demand_low", sa.BigInteger(), nullable=False),
        sa.Column("demand_high", sa.BigInteger(), nullable=False),
        sa.Column("left_if_low", sa.BigInteger(), nullable=False),
        sa.Column("left_if_expected", sa.BigInteger(), nullable=False),
        sa.Column("left_if_high", sa.BigInteger(), nullable=False),
        sa.Column("uncovered", sa.BigInteger(), nullable=False),
        sa.Column("unit_cost", sa.BigInteger(), nullable=True),
        sa.Column("contribution", sa.BigInteger(), nullable=True),
        sa.Column("amount", sa.BigInteger(), nullable=True),
        sa.Column("lead_time_days", sa.BigInteger(), nullable=True),
        sa.Column("moq", sa.BigInteger(), nullable=True),
        sa.Column("pack_size", sa.BigInteger(), nullable=True),
        sa.Column("override", sa.BigInteger(), nullable=True),
        sa.Column("forecast_mean", sa.Float(), nullable=False),
        sa.Column("phi", sa.Float(), nullable=False),
        sa.Column("baseline_rate", sa.Float(), nullable=False),
        sa.Column("uplift", sa.Float(), nullable=False),
        sa.Column("history_mean", sa.Float(), nullable=False),
        sa.Column("critical_ratio", sa.Float(), nullable=False),
        sa.Column("cap", sa.Float(), nullable=False),
        sa.Column("ratio", sa.Float(), nullable=False),
        sa.Column("expected_leftover", sa.Float(), nullable=False),
        sa.Column("expected_lost", sa.Float(), nullable=False),
        sa.Column("fill_rate", sa.Float(), nullable=False),
        sa.Column("signal_median", sa.Float(), nullable=True),
        sa.Column("sale_days", sa.Integer(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("over_capacity", sa.Boolean(), nullable=False),
        sa.Column("unfunded", sa.Boolean(), nullable=False),
        sa.Column("costed", sa.Boolean(), nullable=False),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("override_reason", sa.String(), nullable=False),
        sa.Column("latest_order", sa.Date(), nullable=False),
        sa.Column("arrival", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "sku_code", name=op.f("pk_replenishment_line")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "replenishment_override",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("seen_wanted", sa.BigInteger(), nullable=True),
        sa.Column("seen_committed", sa.BigInteger(), nullable=True),
        sa.Column("seen_available", sa.BigInteger(), nullable=True),
        sa.Column("seen_in_transit", sa.BigInteger(), nullable=True),
        sa.Column("seen_unit_cost", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("quantity >= 0", name=op.f("ck_replenishment_override_quantity")),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_replenishment_override")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "sale_line",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("deposited", sa.BigInteger(), nullable=False),
        sa.Column("ordered", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        sa.Column("refunded", sa.BigInteger(), nullable=False),
        sa.Column("cancelled", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("paid_fen", sa.BigInteger(), nullable=False),
        sa.Column("refunded_fen", sa.BigInteger(), nullable=False),
        sa.Column("deposited_fen", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "order_id", "sku_code", name=op.f("pk_sale_line")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_minute",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.Column("buyers", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "minute", "channel", name=op.f("pk_sale_minute")),
        info={"place": "local"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_minute_kind",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "minute", "channel", "kind", name=op.f("pk_sale_minute_kind")),
        info={"place": "local"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_series",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", name=op.f("pk_sale_series")),
        info={"place": "reference"},
    )
    op.create_index("ux_sale_series", "sale_series", ["campaign_id", "kind", "day"], unique=True)
    op.create_table(
        "sale_sku",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("need", sa.BigInteger(), nullable=False),
        sa.Column("presale", sa.BigInteger(), nullable=False),
        sa.Column("shipped", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("presale_held", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_sale_sku")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_sku_kind",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "sku_code", name=op.f("pk_sale_sku_kind")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sale_sku_minute",
        sa.Column("series_id", sa.Integer(), nullable=False),
        sa.Column("minute", sa.BigInteger(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("events", sa.BigInteger(), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.Column("amount_fen", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("series_id", "minute", "sku_code", name=op.f("pk_sale_sku_minute")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "segment_member",
        sa.Column("buyer_key", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("buyer_key", "run_id", name=op.f("pk_segment_member")),
        info={"place": "buyer_key"},
    )
    op.create_index("ix_segment_member_run_id", "segment_member", ["run_id"], unique=False)
    op.create_table(
        "segment_run",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("window_days", sa.BigInteger(), nullable=False),
        sa.Column("method", sa.String(), nullable=False),
        sa.Column("recency", sa.Float(), nullable=False),
        sa.Column("frequency", sa.Float(), nullable=False),
        sa.Column("amount", sa.Float(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("revised", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_segment_run")),
        info={"place": "reference"},
    )
    op.create_table(
        "service_case",
        sa.Column("case_id", sa.String(), nullable=False),
        sa.Column("case_kind", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("opened_minute", sa.BigInteger(), nullable=False),
        sa.Column("closed_minute", sa.BigInteger(), nullable=True),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_service_case")),
        info={"place": "reference"},
    )
    op.create_index("ix_service_case_opened_minute", "service_case", ["opened_minute"], unique=False)
    op.create_table(
        "sku",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("product_id", sa.String(), server_default="", nullable=False),
        sa.Column("name", sa.String(), server_default="", nullable=False),
        sa.Column("spec", sa.String(), server_default="", nullable=False),
        sa.Column("barcode", sa.String(), server_default="", nullable=False),
        sa.Column("category", sa.String(), server_default="", nullable=False),
        sa.Column("function", sa.String(), server_default="", nullable=False),
        sa.Column("brand", sa.String(), server_default="", nullable=False),
        sa.Column("supplier", sa.String(), server_default="", nullable=False),
        sa.Column("unit_cost", sa.BigInteger(), nullable=True),
        sa.Column("list_price", sa.BigInteger(), nullable=True),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("moq", sa.Integer(), nullable=True),
        sa.Column("pack_size", sa.Integer(), nullable=True),
        sa.Column("safety_stock", sa.BigInteger(), nullable=True),
        sa.Column("remarks", sa.String(), server_default="", nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.String(), server_default="", nullable=False),
        sa.Column("changed_by", sa.String(), server_default="", nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("lead_time_days >= 0 AND moq >= 0 AND pack_size >= 1", name=op.f("ck_sku_terms")),
        sa.CheckConstraint("unit_cost >= 0 AND list_price >= 0", name=op.f("ck_sku_money")),
        sa.PrimaryKeyConstraint("sku_code", name=op.f("pk_sku")),
        info={"place": "reference"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_arrival",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("expected_on", sa.String(length=10), nullable=False),
        sa.Column("quantity", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "expected_on", name=op.f("pk_stock_arrival")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "stock_count",
        sa.Column("count_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("blind", sa.Boolean(), nullable=False),
        sa.Column("snapshot_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("adjusted_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("count_id", name=op.f("pk_stock_count")),
        info={"place": "local"},
    )
    op.create_table(
        "stock_count_entry",
        sa.Column("count_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("counter", sa.String(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("counted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint(
            "count_id", "sku_code", "location", "counter", name=op.f("pk_stock_count_entry")
        ),
        info={"place": "sku_code"},
    )
    op.create_table(
        "stock_count_line",
        sa.Column("count_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("book", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("count_id", "sku_code", name=op.f("pk_stock_count_line")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "stock_location",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("lot", sa.String(), nullable=False),
        sa.Column("expiry", sa.String(), nullable=False),
        sa.Column("units", sa.BigInteger(), nullable=False),
        sa.Column("sellable", sa.Boolean(), nullable=False),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "location", "lot", "expiry", name=op.f("pk_stock_location")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "stock_location_rule",
        sa.Column("location", sa.String(), nullable=False),
        sa.Column("sellable", sa.Boolean(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("location", name=op.f("pk_stock_location_rule")),
        info={"place": "local"},
    )
    op.create_table(
        "stock_movement",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("movement_id", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("presale_committed", sa.BigInteger(), nullable=False),
        sa.Column("activity_locked", sa.BigInteger(), nullable=False),
        sa.Column("in_transit", sa.BigInteger(), nullable=False),
        sa.Column("expected_on", sa.String(length=10), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "movement_id", "expected_on", name=op.f("pk_stock_movement")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_index("ix_stock_movement_source_id", "stock_movement", ["source_id"], unique=False)
    op.create_table(
        "stock_position",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("on_hand", sa.BigInteger(), nullable=False),
        sa.Column("reserved", sa.BigInteger(), nullable=False),
        sa.Column("presale_committed", sa.BigInteger(), nullable=False),
        sa.Column("activity_locked", sa.BigInteger(), nullable=False),
        sa.Column("in_transit", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", name=op.f("pk_stock_position")),
        info={"place": "sku_code"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "supplier",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("phone", sa.String(), nullable=False),
        sa.Column("lead_time_days", sa.Integer(), nullable=True),
        sa.Column("capacity_units", sa.BigInteger(), nullable=True),
        sa.Column("minimum_amount", sa.BigInteger(), nullable=True),
        sa.Column("payment_terms", sa.String(), nullable=False),
        sa.Column("remarks", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("added_by", sa.String(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_supplier")),
        info={"place": "reference"},
    )
    op.create_table(
        "warmup_figure",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=True),
        sa.Column("favourites", sa.BigInteger(), nullable=True),
        sa.Column("add_to_cart", sa.BigInteger(), nullable=True),
        sa.Column("coupon_claims", sa.BigInteger(), nullable=True),
        sa.Column("reservations", sa.BigInteger(), nullable=True),
        sa.Column("venue_reservations", sa.BigInteger(), nullable=True),
        sa.Column("reservation_returns", sa.BigInteger(), nullable=True),
        sa.Column("deposits", sa.BigInteger(), nullable=True),
        sa.Column("invites_sent", sa.BigInteger(), nullable=True),
        sa.Column("invites_joined", sa.BigInteger(), nullable=True),
        sa.Column("coin_game", sa.BigInteger(), nullable=True),
        sa.Column("coin_browse", sa.BigInteger(), nullable=True),
        sa.Column("coin_share", sa.BigInteger(), nullable=True),
        sa.Column("coin_purchase", sa.BigInteger(), nullable=True),
        sa.Column("import_id", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("sku_code", "day", "channel", name=op.f("pk_warmup_figure")),
        info={"place": "sku_code"},
    )
    op.create_index("ix_warmup_figure_day", "warmup_figure", ["day"], unique=False)
    op.create_table(
        "warmup_touch",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("slot", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("user_key", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("depth", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint(
            "campaign_id", "slot", "user_key", "sku_code", "depth", name=op.f("pk_warmup_touch")
        ),
        info={"place": "user_key"},
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ad_resource",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("resource_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("expected_visitors", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("budget >= 0 AND expected_visitors >= 0", name=op.f("ck_ad_resource_amounts")),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_ad_resource_order")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_ad_resource_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "resource_id", name=op.f("pk_ad_resource")),
        info={"place": "reference"},
    )
    op.create_table(
        "attach_pair",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("partner_code", sa.String(), nullable=False),
        sa.Column("together", sa.BigInteger(), nullable=False),
        sa.Column("support", sa.Float(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("lift", sa.Float(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_attach_pair_campaign_id")
        ),
        sa.ForeignKeyConstraint(["partner_code"], ["sku.sku_code"], name=op.f("fk_attach_pair_partner_code")),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_attach_pair_sku_code")),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", "partner_code", name=op.f("pk_attach_pair")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "audience_list",
        sa.Column("list_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("as_of", sa.Date(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=False),
        sa.Column("control", sa.BigInteger(), nullable=False),
        sa.Column("worth", sa.BigInteger(), nullable=False),
        sa.Column("dropped", sa.JSON(), nullable=False),
        sa.Column("booked", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("sent_by", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("result", sa.JSON(), nullable=True),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_audience_list_campaign_id")
        ),
        sa.PrimaryKeyConstraint("list_id", name=op.f("pk_audience_list")),
        info={"place": "reference"},
    )
    op.create_index(op.f("ix_audience_list_campaign_id"), "audience_list", ["campaign_id"], unique=False)
    op.create_table(
        "banner",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("banner_id", sa.String(), nullable=False),
        sa.Column("position", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_banner_order")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_banner_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "banner_id", name=op.f("pk_banner")),
        info={"place": "reference"},
    )
    op.create_table(
        "bundle_part",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("part_code", sa.String(), nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.CheckConstraint("quantity > 0 AND part_code <> sku_code", name=op.f("ck_bundle_part_parts")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_bundle_part_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", "part_code", name=op.f("pk_bundle_part")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "calendar_feed",
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_calendar_feed_account")),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_calendar_feed")),
        sa.UniqueConstraint("digest", name=op.f("uq_calendar_feed_digest")),
        info={"place": "local"},
    )
    op.create_table(
        "campaign_default",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("source_id", sa.String(), nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_default_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["source_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_default_source_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "item", name=op.f("pk_campaign_default")),
        info={"place": "reference"},
    )
    op.create_table(
        "campaign_phase",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("phase_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_campaign_phase_order")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_phase_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "phase_id", name=op.f("pk_campaign_phase")),
        info={"place": "reference"},
    )
    op.create_table(
        "campaign_plan",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("gmv", sa.BigInteger(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.Column("conversion_rate", sa.Float(), nullable=False),
        sa.Column("aov", sa.BigInteger(), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_plan_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_campaign_plan")),
        info={"place": "reference"},
    )
    op.create_table(
        "campaign_plan_part",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("dimension", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("gmv", sa.BigInteger(), nullable=False),
        sa.Column("visitors", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_plan_part_campaign_id")
        ),
        sa.PrimaryKeyConstraint(
            "campaign_id", "version", "dimension", "part", name=op.f("pk_campaign_plan_part")
        ),
        info={"place": "reference"},
    )
    op.create_table(
        "campaign_sku",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("function", sa.String(), nullable=False),
        sa.Column("sale_price", sa.BigInteger(), nullable=True),
        sa.Column("planned_units", sa.BigInteger(), nullable=True),
        sa.Column("planned_gmv", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_campaign_sku_campaign_id")
        ),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_campaign_sku_sku_code")),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_campaign_sku")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "cost_card",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("product", sa.BigInteger(), nullable=True),
        sa.Column("inner_packing", sa.BigInteger(), nullable=True),
        sa.Column("outer_packing", sa.BigInteger(), nullable=True),
        sa.Column("after_sale_card", sa.BigInteger(), nullable=True),
        sa.Column("consumables", sa.BigInteger(), nullable=True),
        sa.Column("warehouse", sa.BigInteger(), nullable=True),
        sa.Column("express", sa.BigInteger(), nullable=True),
        sa.Column("labour", sa.BigInteger(), nullable=True),
        sa.Column("holding", sa.BigInteger(), nullable=True),
        sa.Column("freight_insurance", sa.BigInteger(), nullable=True),
        sa.Column("return_handling", sa.BigInteger(), nullable=True),
        sa.Column("competitor_low", sa.BigInteger(), nullable=True),
        sa.Column("competitor_high", sa.BigInteger(), nullable=True),
        sa.Column("production", sa.Integer(), nullable=True),
        sa.Column("commission", sa.Integer(), nullable=True),
        sa.Column("payment_fee", sa.Integer(), nullable=True),
        sa.Column("advertising", sa.Integer(), nullable=True),
        sa.Column("return_rate", sa.Integer(), nullable=True),
        sa.Column("recovered", sa.Integer(), nullable=True),
        sa.Column("origins", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_by", sa.String(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "product >= 0 AND inner_packing >= 0 AND outer_packing >= 0 AND after_sale_card >= 0 AND consumables >= 0 AND warehouse >= 0 AND express >= 0 AND labour >= 0 AND holding >= 0 AND freight_insurance >= 0 AND return_handling >= 0 AND competitor_low >= 0 AND competitor_high >= 0",
            name=op.f("ck_cost_card_money"),
        ),
        sa.CheckConstraint(
            "production BETWEEN 0 AND 10000 AND commission BETWEEN 0 AND 10000 AND payment_fee BETWEEN 0 AND 10000 AND advertising BETWEEN 0 AND 10000 AND return_rate BETWEEN 0 AND 10000 AND recovered BETWEEN 0 AND 10000",
            name=op.f("ck_cost_card_rates"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_cost_card_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_cost_card")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "cost_default",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("category", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("card", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_cost_default_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "category", "version", name=op.f("pk_cost_default")),
        info={"place": "reference"},
    )
    op.create_table(
        "experiment",
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hypothesis_id", sa.String(), nullable=False),
        sa.Column("idea_id", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("own_split", sa.Boolean(), nullable=False),
        sa.Column("arms", sa.JSON(), nullable=False),
        sa.Column("traffic", sa.Float(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("base", sa.Float(), nullable=False),
        sa.Column("deviation", sa.Float(), nullable=False),
        sa.Column("minimum", sa.Float(), nullable=False),
        sa.Column("guards", sa.JSON(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_experiment_campaign_id")
        ),
        sa.PrimaryKeyConstraint("experiment_id", name=op.f("pk_experiment")),
        sa.UniqueConstraint("name", name=op.f("uq_experiment_name")),
        info={"place": "reference"},
    )
    op.create_index(op.f("ix_experiment_campaign_id"), "experiment", ["campaign_id"], unique=False)
    op.create_table(
        "flash_session",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("wave", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("quota", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("needs_reservation", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("ends_at > starts_at", name=op.f("ck_flash_session_order")),
        sa.CheckConstraint("quota > 0 AND sold >= 0 AND sold <= quota", name=op.f("ck_flash_session_quota")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_flash_session_campaign_id")
        ),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_flash_session_sku_code")),
        sa.PrimaryKeyConstraint("sku_code", "session_id", name=op.f("pk_flash_session")),
        info={"place": "sku_code"},
    )
    op.create_index(
        "ix_flash_session_campaign_id_starts_at", "flash_session", ["campaign_id", "starts_at"], unique=False
    )
    op.create_table(
        "forecast_score",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("own_run", sa.Boolean(), nullable=False),
        sa.Column("reported", sa.BigInteger(), nullable=False),
        sa.Column("skus", sa.BigInteger(), nullable=False),
        sa.Column("forecast", sa.BigInteger(), nullable=False),
        sa.Column("sold", sa.BigInteger(), nullable=False),
        sa.Column("uplift", sa.Float(), nullable=False),
        sa.Column("bias", sa.Float(), nullable=False),
        sa.Column("covered", sa.Float(), nullable=False),
        sa.Column("earned", sa.Float(), nullable=False),
        sa.Column("earned_mean", sa.Float(), nullable=False),
        sa.Column("earned_uplift", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_forecast_score_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_forecast_score")),
        info={"place": "reference"},
    )
    op.create_table(
        "growth_target",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("target", sa.Float(), nullable=True),
        sa.Column("spend", sa.BigInteger(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_growth_target_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "stage", "channel", name=op.f("pk_growth_target")),
        info={"place": "reference"},
    )
    op.create_table(
        "hypothesis",
        sa.Column("hypothesis_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("factor", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("change", sa.Float(), nullable=False),
        sa.Column("idea_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_hypothesis_campaign_id")
        ),
        sa.PrimaryKeyConstraint("hypothesis_id", name=op.f("pk_hypothesis")),
        info={"place": "reference"},
    )
    op.create_index(op.f("ix_hypothesis_campaign_id"), "hypothesis", ["campaign_id"], unique=False)
    op.create_table(
        "idea_vote",
        sa.Column("idea_id", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("growth", sa.Integer(), nullable=False),
        sa.Column("speed", sa.Integer(), nullable=False),
        sa.Column("reuse", sa.Integer(), nullable=False),
        sa.Column("running_cost", sa.Integer(), nullable=False),
        sa.Column("fit", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["idea_id"], ["idea.idea_id"], name=op.f("fk_idea_vote_idea_id")),
        sa.PrimaryKeyConstraint("idea_id", "account", name=op.f("pk_idea_vote")),
        info={"place": "reference"},
    )
    op.create_table(
        "inbox_mark",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("card", sa.String(length=32), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("deputy", sa.String(length=64), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("marked_by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_inbox_mark_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "card", "account", name=op.f("pk_inbox_mark")),
        info={"place": "reference"},
    )
    op.create_index("ix_inbox_mark_until", "inbox_mark", ["campaign_id", "until"], unique=False)
    op.create_table(
        "learning",
        sa.Column("learning_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("experiment_id", sa.String(), nullable=False),
        sa.Column("factor", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("metric", sa.String(), nullable=False),
        sa.Column("effect", sa.Float(), nullable=True),
        sa.Column("low", sa.Float(), nullable=True),
        sa.Column("high", sa.Float(), nullable=True),
        sa.Column("valid_until", sa.String(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_learning_campaign_id")
        ),
        sa.PrimaryKeyConstraint("learning_id", name=op.f("pk_learning")),
        info={"place": "reference"},
    )
    op.create_index(op.f("ix_learning_campaign_id"), "learning", ["campaign_id"], unique=False)
    op.create_table(
        "presale_term",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("price", sa.BigInteger(), nullable=False),
        sa.Column("deposit", sa.BigInteger(), nullable=False),
        sa.Column("counted", sa.BigInteger(), nullable=False),
        sa.Column("balance_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("balance_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ships_on", sa.String(length=10), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("balance_to > balance_from", name=op.f("ck_presale_term_window")),
        sa.CheckConstraint(
            "deposit > 0 AND counted >= deposit AND price >= counted", name=op.f("ck_presale_term_terms")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_presale_term_campaign_id")
        ),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_presale_term_sku_code")),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_presale_term")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "price_limits",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("limits", sa.JSON(), nullable=False),
        sa.Column("loosens", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_price_limits_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "version", name=op.f("pk_price_limits")),
        info={"place": "reference"},
    )
    op.create_table(
        "promotion_set",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("phase", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("rules", sa.JSON(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_promotion_set_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "phase", "version", name=op.f("pk_promotion_set")),
        info={"place": "reference"},
    )
    op.create_table(
        "purchase_order",
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("supplier", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_purchase_order_campaign_id")
        ),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_purchase_order")),
        sa.UniqueConstraint("number", name=op.f("uq_purchase_order_number")),
        info={"place": "reference"},
    )
    op.create_index("ix_purchase_order_campaign_id", "purchase_order", ["campaign_id"], unique=False)
    op.create_table(
        "replenishment_run",
        sa.Column("run_id", sa.String(), nullable=False),
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("policy", sa.JSON(), nullable=False),
        sa.Column("totals", sa.JSON(), nullable=False),
        sa.Column("basis", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.String(), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_replenishment_run_campaign_id")
        ),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_replenishment_run")),
        info={"place": "reference"},
    )
    op.create_index("ix_replenishment_run_campaign_id", "replenishment_run", ["campaign_id"], unique=False)
    op.create_table(
        "review_lesson",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("lesson_id", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_review_lesson_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "lesson_id", name=op.f("pk_review_lesson")),
        info={"place": "reference"},
    )
    op.create_index("ix_review_lesson_at", "review_lesson", ["at"], unique=False)
    op.create_table(
        "session",
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("account", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_why", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.name"], name=op.f("fk_session_account")),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_session")),
        info={"place": "local"},
    )
    op.create_index(op.f("ix_session_account"), "session", ["account"], unique=False)
    op.create_table(
        "sku_picture",
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("digest", sa.String(length=16), nullable=False),
        sa.Column("image", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_sku_picture_sku_code")),
        sa.PrimaryKeyConstraint("sku_code", name=op.f("pk_sku_picture")),
        info={"place": "reference"},
    )
    op.create_table(
        "staffing_setting",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_staffing_setting_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_staffing_setting")),
        info={"place": "reference"},
    )
    op.create_table(
        "task",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("task_id", sa.String(), nullable=False),
        sa.Column("department", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("t_minus", sa.Integer(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("needs_proof", sa.Boolean(), nullable=False),
        sa.Column("proof", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("days >= 1", name=op.f("ck_task_days")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_task_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "task_id", name=op.f("pk_task")),
        info={"place": "reference"},
    )
    op.create_table(
        "task_link",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("first_id", sa.String(), nullable=False),
        sa.Column("waits_id", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_task_link_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "first_id", "waits_id", name=op.f("pk_task_link")),
        info={"place": "reference"},
    )
    op.create_table(
        "tier_decision",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("sku_code", sa.String(), nullable=False),
        sa.Column("tier", sa.String(), nullable=False),
        sa.Column("decision", sa.String(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_tier_decision_campaign_id")
        ),
        sa.ForeignKeyConstraint(["sku_code"], ["sku.sku_code"], name=op.f("fk_tier_decision_sku_code")),
        sa.PrimaryKeyConstraint("campaign_id", "sku_code", name=op.f("pk_tier_decision")),
        info={"place": "sku_code"},
    )
    op.create_table(
        "touch",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("touch_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("people", sa.BigInteger(), nullable=True),
        sa.Column("budget", sa.BigInteger(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("window_hours", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("budget >= 0 AND window_hours >= 1", name=op.f("ck_touch_terms")),
        sa.ForeignKeyConstraint(["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_touch_campaign_id")),
        sa.PrimaryKeyConstraint("campaign_id", "touch_id", name=op.f("pk_touch")),
        info={"place": "reference"},
    )
    op.create_index("ix_touch_campaign_id_starts_at", "touch", ["campaign_id", "starts_at"], unique=False)
    op.create_table(
        "touch_rule",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("most_a_week", sa.Integer(), nullable=False),
        sa.Column("quiet_from", sa.Integer(), nullable=False),
        sa.Column("quiet_to", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_touch_rule_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", name=op.f("pk_touch_rule")),
        info={"place": "reference"},
    )
    op.create_table(
        "warmup_setting",
        sa.Column("campaign_id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.campaign_id"], name=op.f("fk_warmup_setting_campaign_id")
        ),
        sa.PrimaryKeyConstraint("campaign_id", "name", name=op.f("pk_warmup_setting")),
        info={"place": "reference"},
    )


def downgrade() -> None:
    """Takes them away."""
    op.drop_table("warmup_setting")
    op.drop_table("touch_rule")
    op.drop_index("ix_touch_campaign_id_starts_at", table_name="touch")
    op.drop_table("touch")
    op.drop_table("tier_decision")
    op.drop_table("task_link")
    op.drop_table("task")
    op.drop_table("staffing_setting")
    op.drop_table("sku_picture")
    op.drop_index(op.f("ix_session_account"), table_name="session")
    op.drop_table("session")
    op.drop_index("ix_review_lesson_at", table_name="review_lesson")
    op.drop_table("review_lesson")
    op.drop_index("ix_replenishment_run_campaign_id", table_name="replenishment_run")
    op.drop_table("replenishment_run")
    op.drop_index("ix_purchase_order_campaign_id", table_name="purchase_order")
    op.drop_table("purchase_order")
    op.drop_table("promotion_set")
    op.drop_table("price_limits")
    op.drop_table("presale_term")
    op.drop_index(op.f("ix_learning_campaign_id"), table_name="learning")
    op.drop_table("learning")
    op.drop_index("ix_inbox_mark_until", table_name="inbox_mark")
    op.drop_table("inbox_mark")
    op.drop_table("idea_vote")
    op.drop_index(op.f("ix_hypothesis_campaign_id"), table_name="hypothesis")
    op.drop_table("hypothesis")
    op.drop_table("growth_target")
    op.drop_table("forecast_score")
    op.drop_index("ix_flash_session_campaign_id_starts_at", table_name="flash_session")
    op.drop_table("flash_session")
    op.drop_index(op.f("ix_experiment_campaign_id"), table_name="experiment")
    op.drop_table("experiment")
    op.drop_table("cost_default")
    op.drop_table("cost_card")
    op.drop_table("campaign_sku")
    op.drop_table("campaign_plan_part")
    op.drop_table("campaign_plan")
    op.drop_table("campaign_phase")
    op.drop_table("campaign_default")
    op.drop_table("calendar_feed")
    op.drop_table("bundle_part")
    op.drop_table("banner")
    op.drop_index(op.f("ix_audience_list_campaign_id"), table_name="audience_list")
    op.drop_table("audience_list")
    op.drop_table("attach_pair")
    op.drop_table("ad_resource")
    op.drop_table("warmup_touch")
    op.drop_index("ix_warmup_figure_day", table_name="warmup_figure")
    op.drop_table("warmup_figure")
    op.drop_table("supplier")
    op.drop_table("stock_position")
    op.drop_index("ix_stock_movement_source_id", table_name="stock_movement")
    op.drop_table("stock_movement")
    op.drop_table("stock_location_rule")
    op.drop_table("stock_location")
    op.drop_table("stock_count_line")
    op.drop_table("stock_count_entry")
    op.drop_table("stock_count")
    op.drop_table("stock_arrival")
    op.drop_table("sku")
    op.drop_index("ix_service_case_opened_minute", table_name="service_case")
    op.drop_table("service_case")
    op.drop_table("segment_run")
    op.drop_index("ix_segment_member_run_id", table_name="segment_member")
    op.drop_table("segment_member")
    op.drop_table("sale_sku_minute")
    op.drop_table("sale_sku_kind")
    op.drop_table("sale_sku")
    op.drop_index("ux_sale_series", table_name="sale_series")
    op.drop_table("sale_series")
    op.drop_table("sale_minute_kind")
    op.drop_table("sale_minute")
    op.drop_table("sale_line")
    op.drop_table("replenishment_override")
    op.drop_table("replenishment_line")
    op.drop_table("relay")
    op.drop_table("rehearsal")
    op.drop_table("refund_rule")
    op.drop_index("ix_purchase_receipt_order_id", table_name="purchase_receipt")
    op.drop_table("purchase_receipt")
    op.drop_table("purchase_order_line")
    op.drop_table("published_price")
    op.drop_table("presale_order")
    op.drop_table("person_seen")
    op.drop_table("person")
    op.drop_table("partner")
    op.drop_index("ix_order_line_paid_at", table_name="order_line")
    op.drop_index("ix_order_line_order_id", table_name="order_line")
    op.drop_index("ix_order_line_buyer_key_paid_at", table_name="order_line")
    op.drop_table("order_line")
    op.drop_index("ix_message_channel_state_due", table_name="message")
    op.drop_table("message")
    op.drop_table("member_level")
    op.drop_table("member")
    op.drop_table("live_recount")
    op.drop_index("ix_list_member_list_id", table_name="list_member")
    op.drop_table("list_member")
    op.drop_table("label_state")
    op.drop_table("job")
    op.drop_index("ix_invite_sent_minute", table_name="invite")
    op.drop_index("ix_invite_inviter_key", table_name="invite")
    op.drop_index("ix_invite_invited_key", table_name="invite")
    op.drop_table("invite")
    op.drop_table("intake_tally")
    op.drop_table("intake_source")
    op.drop_table("intake_refusal")
    op.drop_index("ix_inbox_file_state_at", table_name="inbox_file")
    op.drop_index("ix_inbox_file_path_digest", table_name="inbox_file")
    op.drop_table("inbox_file")
    op.drop_index("ix_import_run_kind_at", table_name="import_run")
    op.drop_index("ix_import_run_content_digest", table_name="import_run")
    op.drop_table("import_run")
    op.drop_table("import_choice")
    op.drop_table("import_change")
    op.drop_table("idea_setting")
    op.drop_table("idea")
    op.drop_table("header_memory")
    op.drop_index(
        "ix_feed_line_open",
        table_name="feed_line",
        sqlite_where=sa.text("(code <> '' OR gone = 1)"),
        postgresql_where=sa.text("(code <> '' OR gone = 1)"),
    )
    op.drop_index("ix_feed_line_changed", table_name="feed_line")
    op.drop_table("feed_line")
    op.drop_index("ix_feed_delivery_at", table_name="feed_delivery")
    op.drop_table("feed_delivery")
    op.drop_index(op.f("ix_experiment_count_experiment_id"), table_name="experiment_count")
    op.drop_table("experiment_count")
    op.drop_index(
        "ix_event_waiting",
        table_name="event",
        sqlite_where=sa.text("waits_for <> ''"),
        postgresql_where=sa.text("waits_for <> ''"),
    )
    op.drop_index(
        "ix_event_payer",
        table_name="event",
        sqlite_where=sa.text("kind = 'pay'"),
        postgresql_where=sa.text("kind = 'pay'"),
    )
    op.drop_index(
        "ix_event_order_id",
        table_name="event",
        sqlite_where=sa.text("order_id <> ''"),
        postgresql_where=sa.text("order_id <> ''"),
    )
    op.drop_table("event")
    op.drop_index("ix_drill_debrief_campaign_id", table_name="drill_debrief")
    op.drop_table("drill_debrief")
    op.drop_table("demo_shop")
    op.drop_index("ix_decision_campaign_id_at", table_name="decision")
    op.drop_table("decision")
    op.drop_index("ix_daily_signal_day", table_name="daily_signal")
    op.drop_table("daily_signal")
    op.drop_table("cost_card_version")
    op.drop_table("connect_stream")
    op.drop_table("connect_source")
    op.drop_table("connect_feed")
    op.drop_table("channel")
    op.drop_table("campaign")
    op.drop_table("buyer")
    op.drop_table("back_off")
    op.drop_table("audit_head")
    op.drop_index(op.f("ix_audit_subject"), table_name="audit")
    op.drop_index(op.f("ix_audit_at"), table_name="audit")
    op.drop_index(op.f("ix_audit_action"), table_name="audit")
    op.drop_index(op.f("ix_audit_account"), table_name="audit")
    op.drop_table("audit")
    op.drop_index(
        "uq_approval_open",
        table_name="approval",
        sqlite_where=sa.text("state = 'requested'"),
        postgresql_where=sa.text("state = 'requested'"),
    )
    op.drop_index("ix_approval_kind_subject", table_name="approval")
    op.drop_table("approval")
    op.drop_table("api_key")
    op.drop_table("alert_tick")
    op.drop_table("alert_rule")
    op.drop_index("ix_alert_campaign_id_state", table_name="alert")
    op.drop_table("alert")
    op.drop_table("account")
