"""Table of member levels."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Integer, String, Table

from core.database.types import Moment, schema

member_level = Table(
    "member_level",
    schema,
    Column("level", String, primary_key=True),  # as the members' workbook calls it
    Column(
        "threshold", BigInteger, nullable=False
    ),  # fen of net spend in twelve months, from which it is reached
    Column("benefit_rate", Float, nullable=False, default=0.0),  # of net spend, what the benefits give back
    Column("benefits", String, nullable=False, default=""),  # in words
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint("threshold >= 0 AND benefit_rate >= 0 AND benefit_rate <= 1", name="terms"),
    info={"place": "reference"},
)
