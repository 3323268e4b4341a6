"""Tables of people, known by the keyed hash of the shop's own id and by nothing else."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table

from core.database.types import Moment, schema

TRAITS = ("sex", "age_band", "province", "city_tier", "channel", "device", "interest")


def _beside() -> tuple[Column[int], Column[str], Column[object]]:
    """What a versioned row keeps beside its fields."""
    return (
        Column("version", Integer, nullable=False, default=1),
        Column("changed_by", String, nullable=False, default=""),
        Column("updated_at", Moment, nullable=False),
    )


person = Table(
    "person",
    schema,
    Column("person_key", String, primary_key=True),  # keyed hash, the same as a buyer's
    *(Column(name, String, nullable=False, default="") for name in TRAITS),
    Column("first_day", String, nullable=False, default=""),  # ISO business day of the first visit
    *_beside(),
    info={"place": "person_key"},
)

member = Table(
    "member",
    schema,
    Column("person_key", String, primary_key=True),
    Column("level", String, nullable=False, default=""),
    Column("joined_day", String, nullable=False, default=""),  # ISO business day
    *_beside(),
    info={"place": "person_key"},
)

invite = Table(
    "invite",
    schema,
    Column("invite_id", String, primary_key=True),  # the shop's own number, or a hash of who, whom and when
    Column("inviter_key", String, nullable=False, default=""),
    Column("invited_key", String, nullable=False, default=""),  # "" while nobody has come
    Column("account_kind", String, nullable=False, default=""),  # new | old | "" while nobody has come
    Column("channel", String, nullable=False, default=""),
    Column("sent_minute", BigInteger, nullable=False),  # epoch minutes
    Column("joined_minute", BigInteger),
    Column("reward", BigInteger),  # fen for both sides; NULL where the sheet is silent
    *_beside(),
    Index("ix_invite_sent_minute", "sent_minute"),
    Index("ix_invite_inviter_key", "inviter_key"),
    Index("ix_invite_invited_key", "invited_key"),
    info={"place": "invite_id"},
)
