"""Tables of the sources: how each is used, what became of each file of the watched folder, and what each row of a
shop's own database or order of its shop system has come to."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table, text

from core.database.types import Moment, schema

connect_source = Table(
    "connect_source",
    schema,
    Column("source", String(64), primary_key=True),  # "inbox", or a feed's name
    Column("paused", Boolean, nullable=False, default=False),
    Column(
        "silent_after", Integer, nullable=False, default=0
    ),  # minutes without a file; 0: silence is no alarm
    Column("looked_at", Moment),  # the last look that came to its end
    Column("fault", String, nullable=False, default=""),  # why the last look failed: a code, "" = it did not
    Column("facts", JSON),  # of that code's sentence
    Column("pending", BigInteger),  # messages that waited at the other side at the last look (stream)
    Column("rung_at", Moment),  # when the present silence was told about
    info={"place": "local"},
)

inbox_file = Table(
    "inbox_file",
    schema,
    Column("file_id", String(32), primary_key=True),
    Column("path", String, nullable=False),  # below the watched folder, as it was dropped
    Column("digest", String(64), nullable=False),  # SHA-256 of its content
    Column("size", BigInteger, nullable=False),
    Column("changed_ns", BigInteger, nullable=False),  # the file's own time of change
    Column("kind", String, nullable=False, default=""),  # of workbook; "" = not recognised
    Column("state", String, nullable=False),  # reading | taken | repeated | waiting | refused
    Column("code", String, nullable=False, default=""),  # why it waits or was refused
    Column("facts", JSON, nullable=False),  # of that sentence
    Column("figures", JSON, nullable=False),  # the import's counts
    Column("import_id", String, nullable=False, default=""),
    Column(
        "moved_to", String, nullable=False, default=""
    ),  # below the folder; "" = it lies where it was dropped
    Column("arrived_at", Moment, nullable=False),  # when it was read first
    Column("at", Moment, nullable=False),  # of the state
    Index("ix_inbox_file_path_digest", "path", "digest"),
    Index("ix_inbox_file_state_at", "state", "at"),
    info={"place": "local"},
)

OPEN = text("(code <> '' OR gone = 1)")  # word for word the condition of the index

connect_feed = Table(
    "connect_feed",
    schema,
    Column("source", String(64), primary_key=True),  # the name that people gave it
    Column("system", String, nullable=False),  # database | shopify | woocommerce | generic
    Column("sealed", String, nullable=False),  # address or signing secret, encrypted with the shop's key
    Column("sealed_before", String, nullable=False, default=""),  # the secret before it, which counts too
    Column("before_until", Moment),  # until then
    Column("dialect", String, nullable=False, default=""),  # what may be said of a sealed address
    Column("timezone", String, nullable=False),  # of moments without an offset
    Column("settings", JSON, nullable=False),
    Column("taken", BigInteger, nullable=False, default=0),  # rows or lines that count, each once
    Column("last_arrival", Moment),
    Column("lag_ms", BigInteger),  # from the newest row's change to its being written, the last time
    Column("created_at", Moment, nullable=False),
    Column("account", String, nullable=False),
    info={"place": "local"},
)

connect_stream = Table(
    "connect_stream",
    schema,
    Column("source", String(64), primary_key=True),
    Column("kind", String, primary_key=True),  # orders | payments | refunds | stock | goods | people
    Column("mapping", JSON, nullable=False),
    Column("shape", JSON, nullable=False),  # column -> type when it was set up
    Column("position", JSON, nullable=False),  # watermark and key up to which rows were read
    Column("sweep", JSON, nullable=False),  # the same for the second look at late and edited rows
    Column("swept_at", Moment),  # when that second look began
    Column("digest", String, nullable=False, default=""),  # of the last sheet
    info={"place": "local"},
)

feed_line = Table(
    "feed_line",
    schema,
    Column("source", String(64), primary_key=True),
    Column("kind", String, primary_key=True),
    Column("row_key", String, primary_key=True),
    Column("order_id", String, nullable=False),
    Column("sku_code", String, nullable=False),
    Column("campaign_id", String, nullable=False),
    *(
        Column(name, BigInteger, nullable=False)  # what events have said of it so far: units, fen
        for name in (
            "ordered",
            "ordered_fen",
            "cancelled",
            "cancelled_fen",
            "paid",
            "paid_fen",
            "refunded",
            "refunded_fen",
        )
    ),
    Column("step", Integer, nullable=False),  # how often it changed
    Column("digest", String(32), nullable=False),  # of the row as it was last read
    Column("code", String, nullable=False),  # why its last state was refused; "" = it counts
    Column("changed", BigInteger, nullable=False),  # its watermark: epoch microseconds, or its number
    Column("gone", Integer, nullable=False),  # 1: no longer in the shop's database, 2: kept by a person
    Index("ix_feed_line_changed", "source", "kind", "changed"),
    Index("ix_feed_line_open", "source", "code", sqlite_where=OPEN, postgresql_where=OPEN),
    info={"place": "row_key"},
)

feed_delivery = Table(
    "feed_delivery",
    schema,
    Column("source", String(64), primary_key=True),
    Column("delivery_id", String, primary_key=True),  # as the sender numbers it
    Column("topic", String, nullable=False),
    Column("state", String, nullable=False),  # taken | ignored | refused
    Column("code", String, nullable=False, default=""),
    Column("facts", JSON, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_feed_delivery_at", "source", "at"),
    info={"place": "local"},
)
