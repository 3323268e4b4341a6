"""Tables of the message queue. Addresses of channels are secrets: they stand in the environment or a file, or here,
sealed with the shop's key."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, String, Table

from core.database.types import Moment, schema

channel = Table(
    "channel",
    schema,
    Column("name", String(64), primary_key=True),
    Column("enabled", Boolean, nullable=False, default=True),
    Column(
        "least", String, nullable=False, default="info"
    ),  # the lowest level that goes out here: info, warning, urgent
    Column(
        "quiet_from", Integer, nullable=False, default=0
    ),  # minutes of the local day; equal ends: no quiet hours
    Column("quiet_to", Integer, nullable=False, default=0),
    Column("language", String(2), nullable=False, default="zh"),  # what its messages are written in
    Column("kind", String, nullable=False, default="messages"),  # messages | webhook
    Column("topics", JSON, nullable=False, default=list),  # what a webhook tells of
    Column("address", String),  # sealed: {"url", "secret"}; NULL where it stands in the environment or a file
    info={"place": "local"},
)

relay = Table(  # how far the audit trail was told to webhooks
    "relay",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("number", BigInteger, nullable=False),
    info={"place": "local"},
)

message = Table(
    "message",
    schema,
    Column("id", String(32), primary_key=True),
    Column("channel", String(64), nullable=False),
    Column("key", String, nullable=False, default=""),  # the same key waits once
    Column("level", String, nullable=False),
    Column("title", String, nullable=False),
    Column("body", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state", String, nullable=False),  # queued, sending, sent, failed
    Column("tries", Integer, nullable=False, default=0),
    Column(
        "bundle", String(32), nullable=False, default=""
    ),  # messages that went out as one posting share it
    Column("taken_at", Moment),
    Column("fault", String, nullable=False, default=""),  # why the last try failed, without any address
    Index("ix_message_channel_state_due", "channel", "state", "due_at"),
    info={"place": "local"},
)
