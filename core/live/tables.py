"""Tables of the live sale: the event ledger, its rollups, the intake's books, alerts and decisions.

Events are the only masses of the application: their moment is kept as epoch milliseconds and every rollup is
clustered by its key. The campaign leads each rollup's key (by its name, or in its series' number), so that a
rehearsal can be thrown away without touching the real sale.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, Index, Integer, String, Table, text

from core.database.types import Moment, schema

IN_QUEUE = text(
    "waits_for <> ''"
)  # word for word the condition of the index: a parameter in its place would read every event

OF_AN_ORDER = text("order_id <> ''")  # the same for the index by order
A_PAYMENT = text("kind = 'pay'")  # and for the one by payer

event = Table(
    "event",
    schema,
    Column("source", String, primary_key=True),
    Column("event_id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("at_ms", BigInteger, nullable=False),
    Column("sku_code", String, nullable=False),  # "" for a view or a claim that names no goods
    Column("user_key", String, nullable=False),
    Column("order_id", String, nullable=False),
    Column("quantity", BigInteger, nullable=False),
    Column("amount_fen", BigInteger, nullable=False),
    Column("channel", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    Column("received_minute", BigInteger, nullable=False),
    Column("waits_for", String, nullable=False),  # "" applied, or why it waits (order_lines.Wait)
    Index("ix_event_waiting", "campaign_id", "order_id", sqlite_where=IN_QUEUE, postgresql_where=IN_QUEUE),
    Index("ix_event_order_id", "order_id", sqlite_where=OF_AN_ORDER, postgresql_where=OF_AN_ORDER),
    Index("ix_event_payer", "user_key", sqlite_where=A_PAYMENT, postgresql_where=A_PAYMENT),
    info={"place": "event_id"},  # so that the key holds each id once, on every machine
)

sale_line = Table(
    "sale_line",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("order_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("deposited", BigInteger, nullable=False),  # units, each the sum of the line's applied events
    Column("ordered", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False),
    Column("refunded", BigInteger, nullable=False),
    Column("cancelled", BigInteger, nullable=False),
    Column("shipped", BigInteger, nullable=False),
    Column("paid_fen", BigInteger, nullable=False),
    Column("refunded_fen", BigInteger, nullable=False),
    Column("deposited_fen", BigInteger, nullable=False),
    Column("waiting", Integer, nullable=False),  # events of the line in the queue
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

sale_sku = Table(
    "sale_sku",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("sku_code", String, primary_key=True),
    Column("need", BigInteger, nullable=False),  # units that open order lines ask for
    Column("presale", BigInteger, nullable=False),  # units that deposits ask for
    Column("shipped", BigInteger, nullable=False),
    Column(
        "held", BigInteger, nullable=False
    ),  # units of `need` that stock could give; need - held is oversold
    Column("presale_held", BigInteger, nullable=False),  # units of `presale` that are booked in stock
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

_SUMS = ("events", "quantity", "amount_fen")


def _sums() -> tuple[Column[int], ...]:
    return tuple(Column(name, BigInteger, nullable=False) for name in _SUMS)


sale_minute = Table(
    "sale_minute",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("channel", String, primary_key=True),
    Column(
        "visitors", BigInteger, nullable=False
    ),  # people first seen in this minute, over the selling phase or the day, by the channel they came by
    Column(
        "buyers", BigInteger, nullable=False
    ),  # people whose first payment of the phase or the day this is
    info={"place": "local"},
    sqlite_with_rowid=False,
)

sale_minute_kind = Table(
    "sale_minute_kind",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("minute", BigInteger, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("kind", String, primary_key=True),
    *_sums(),
    info={"place": "local"},
    sqlite_with_rowid=False,
)

sale_series = Table(  # what a running sum is of, as one number in the keys of the widest books
    "sale_series",
    schema,
    Column("series_id", Integer, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column(
        "kind", String, nullable=False
    ),  # of event; for people their role: visitor (a view) | buyer (a pay)
    Column(
        "day", Integer, nullable=False
    ),  # people count once a stretch of time: its number (see spans); 0 for sums of goods
    Index("ux_sale_series", "campaign_id", "kind", "day", unique=True),
    info={"place": "reference"},
)

sale_sku_kind = Table(
    "sale_sku_kind",
    schema,
    Column(
        "series_id", Integer, primary_key=True
    ),  # before the SKU: a batch is mostly views, and their sums lie side by side
    Column("sku_code", String, primary_key=True),
    *_sums(),
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

sale_sku_minute = Table(
    "sale_sku_minute",
    schema,
    Column(
        "series_id", Integer, primary_key=True
    ),  # before the minute: writes touch a few warm ends, not the whole tree
    Column("minute", BigInteger, primary_key=True),
    Column("sku_code", String, primary_key=True),
    *_sums(),
    info={"place": "sku_code"},
    sqlite_with_rowid=False,
)

person_seen = Table(
    "person_seen",
    schema,
    Column("series_id", Integer, primary_key=True),
    Column("user_key", String, primary_key=True),
    Column("at_ms", BigInteger, nullable=False),  # first time in that stretch
    Column("channel", String, nullable=False),
    info={"place": "user_key"},
    sqlite_with_rowid=False,
)

intake_source = Table(
    "intake_source",
    schema,
    Column("source", String, primary_key=True),
    Column("campaign_id", String, nullable=False, default=""),  # "" = by the event's own word or moment
    Column(
        "generations", JSON, nullable=False
    ),  # numbers of the signing secrets that count, newest first; the secrets are derived
    Column("events_per_minute", Integer, nullable=False),
    Column("active", Boolean, nullable=False, default=True),
    Column("created_at", Moment, nullable=False),
    Column("account", String, nullable=False),
    info={"place": "local"},
)

intake_tally = Table(
    "intake_tally",
    schema,
    Column("source", String, primary_key=True),
    Column("received", BigInteger, nullable=False),
    Column("applied", BigInteger, nullable=False),
    Column("duplicate", BigInteger, nullable=False),
    Column("waiting", BigInteger, nullable=False),
    Column("rejected", BigInteger, nullable=False),
    Column("last_received_at", Moment, nullable=False),
    info={"place": "local"},
)

intake_refusal = Table(
    "intake_refusal",
    schema,
    Column("source", String, primary_key=True),
    Column("minute", BigInteger, primary_key=True),  # when it came in
    Column("code", String, primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("sample", String, nullable=False),  # event id and field of the last one
    info={"place": "local"},
    sqlite_with_rowid=False,
)

live_recount = Table(
    "live_recount",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("faults", JSON, nullable=False),  # {check: [fault]}, all lists empty when the books agree
    info={"place": "local"},
)

rehearsal = Table(
    "rehearsal",
    schema,
    Column("campaign_id", String, primary_key=True),  # the throw-away copy
    Column("started_at", Moment, nullable=False),  # real time at which `begins_at` was played
    Column("begins_at", Moment, nullable=False),  # sale time
    Column("speed", Float, nullable=False),  # sale minutes a real minute
    Column(
        "scale", Float, nullable=False
    ),  # of the plan: a drill needs the shape of the night, not its masses
    Column("course", Float, nullable=False),  # 1 = on plan, 0.7 = a bad night
    Column("past_id", String, nullable=False, default=""),  # the past sale that is replayed; "" = generated
    Column("played_to_ms", BigInteger, nullable=False),  # sale time up to which events have been posted
    info={"place": "local"},
)

drill_debrief = Table(
    "drill_debrief",
    schema,
    Column("debrief_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),  # the real sale: the rehearsal itself is gone
    Column("at", Moment, nullable=False),
    Column("account", String, nullable=False),
    Column("course", Float, nullable=False),
    Column("figures", JSON, nullable=False),
    Column("learnings", JSON, nullable=False),  # sentences
    Index("ix_drill_debrief_campaign_id", "campaign_id"),
    info={"place": "local"},
)

alert_rule = Table(
    "alert_rule",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("enabled", Boolean, nullable=False),
    Column("settings", JSON, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "local"},
)

alert = Table(
    "alert",
    schema,
    Column("alert_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),  # SKU code, source, task; "" for the whole sale
    Column("state", String, nullable=False),  # pending | firing | acknowledged | resolved
    Column("streak", Integer, nullable=False),  # checks in a row that breached, or that cleared once it fires
    Column("since", Moment, nullable=False),
    Column("checked_at", Moment, nullable=False),
    Column("fired_at", Moment),
    Column("notified_at", Moment),
    Column("resolved_at", Moment),
    Column("acknowledged_by", String, nullable=False, default=""),
    Column("acknowledged_at", Moment),
    Column("facts", JSON, nullable=False),
    Column("drill", Boolean, nullable=False),
    Index("ix_alert_campaign_id_state", "campaign_id", "state"),
    info={"place": "local"},
)

alert_tick = Table(
    "alert_tick",
    schema,
    Column("campaign_id", String, primary_key=True),
    Column("minute", BigInteger, nullable=False),  # the last minute of the sale that was judged
    info={"place": "local"},
)

decision = Table(
    "decision",
    schema,
    Column("decision_id", String, primary_key=True),
    Column("campaign_id", String, nullable=False),
    Column("at", Moment, nullable=False),
    Column("account", String, nullable=False),
    Column("act", String, nullable=False),
    Column("sku_code", String, nullable=False, default=""),
    Column("figures", JSON, nullable=False),  # what was known when it was decided
    Column("note", String, nullable=False, default=""),
    Index("ix_decision_campaign_id_at", "campaign_id", "at"),
    info={"place": "local"},
)
