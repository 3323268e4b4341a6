"""Tables of accounts, sessions, sign-in back-off, approvals and the audit trail."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, ForeignKey, Index, Integer, String, Table, text

from core.database.types import Facts, Moment, schema

account = Table(
    "account",
    schema,
    Column("name", String(64), primary_key=True),  # folded: see accounts.clean_name
    Column("role", String, nullable=False),
    Column("department", String, nullable=False, default=""),
    Column("email", String, unique=True),  # verified by the identity provider; NULL for local accounts
    Column("password", String),  # Argon2id; NULL where only the identity provider may sign the person in
    Column("must_change", Boolean, nullable=False, default=False),
    Column("disabled", Boolean, nullable=False, default=False),
    Column("valid_after", Moment, nullable=False),  # whatever was signed in before this moment is signed out
    Column("created_at", Moment, nullable=False),
    Column("created_by", String, nullable=False),
    info={"place": "local"},
)

session = Table(
    "session",
    schema,
    Column(
        "digest", String(64), primary_key=True
    ),  # SHA-256 of the token; the token itself is nowhere but in the browser
    Column("account", String(64), ForeignKey("account.name"), nullable=False, index=True),
    Column("created_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("address", String, nullable=False),
    Column("agent", String, nullable=False),
    Column("ended_at", Moment),
    Column(
        "ended_why", String, nullable=False, default=""
    ),  # sign_out, everywhere, password, disabled, too_many, admin
    info={"place": "local"},
)

api_key = Table(
    "api_key",
    schema,
    Column(
        "digest", String(64), primary_key=True
    ),  # SHA-256 of the token, which is shown once and kept nowhere
    Column("name", String(64), nullable=False, unique=True),
    Column("scopes", JSON, nullable=False),  # what it is for: read, events, labels, assign
    Column("created_at", Moment, nullable=False),
    Column("created_by", String, nullable=False),
    Column("used_at", Moment),  # to the minute
    Column("used_from", String, nullable=False, default=""),  # network address of that use
    Column("revoked_at", Moment),
    info={"place": "local"},
)

calendar_feed = Table(
    "calendar_feed",
    schema,
    Column("account", String(64), ForeignKey("account.name"), primary_key=True),
    Column("digest", String(64), nullable=False, unique=True),  # SHA-256 of the address's secret
    Column("created_at", Moment, nullable=False),
    info={"place": "local"},
)

back_off = Table(
    "back_off",
    schema,
    Column(
        "lane", String(64), primary_key=True
    ),  # SHA-256 of what is slowed down: nobody's mistyped password stands here
    Column("failures", Integer, nullable=False),
    Column("last_at", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    info={"place": "local"},
)

approval = Table(
    "approval",
    schema,
    Column("id", String(32), primary_key=True),
    Column("kind", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("inputs", Facts, nullable=False),  # the facts that are approved, for the person who decides
    Column("inputs_digest", String(64), nullable=False),
    Column("requested_by", String(64), nullable=False),
    Column("requested_at", Moment, nullable=False),
    Column("reason", String, nullable=False),
    Column("state", String, nullable=False),  # requested, approved, refused, expired
    Column("decided_by", String(64), nullable=False, default=""),
    Column("decided_at", Moment),
    Column("note", String, nullable=False, default=""),
    Index("ix_approval_kind_subject", "kind", "subject", "requested_at"),
    Index(
        "uq_approval_open",
        "kind",
        "subject",
        unique=True,
        sqlite_where=text("state = 'requested'"),
        postgresql_where=text("state = 'requested'"),
    ),
    info={"place": "local"},
)

audit = Table(
    "audit",
    schema,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 .. without a gap
    Column("at", Moment, nullable=False, index=True),
    Column("account", String, nullable=False, index=True),
    Column("role", String, nullable=False),
    Column("origin", String, nullable=False),
    Column("address", String, nullable=False),
    Column("action", String, nullable=False, index=True),
    Column("subject", String, nullable=False, index=True),
    Column("before", Facts),
    Column("after", Facts),
    Column("previous", String(64), nullable=False),
    Column("digest", String(64), nullable=False, unique=True),
    info={"place": "local"},
)

audit_head = Table(
    "audit_head",
    schema,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("number", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("key_print", String(16), nullable=False),  # fingerprint of the shop's key: another key is refused
    Column(
        "seal", String(64), nullable=False
    ),  # HMAC-SHA-256 of number and digest with the shop's key: cutting the tail off shows
    info={"place": "local"},
)
