"""Table of partners."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Float, Integer, String, Table

from core.database.types import Moment, schema

partner = Table(
    "partner",
    schema,
    Column("partner_id", String, primary_key=True),
    Column("kind", String, nullable=False),  # scores.KINDS
    Column("name", String, nullable=False),
    Column(
        "channel", String, nullable=False, default=""
    ),  # as orders name it; "" = its orders cannot be told
    Column("reach", BigInteger),  # people
    Column("fixed_fee", BigInteger, nullable=False, default=0),  # fen a month
    Column("commission_rate", Float, nullable=False, default=0.0),  # of what its orders keep
    Column("reward", BigInteger, nullable=False, default=0),  # fen a new buyer
    Column("contract_ends", String(10), nullable=False, default=""),  # ISO day
    Column("task", String, nullable=False, default=""),  # what it does next
    *(Column(name, Integer) for name in ("fit", "expertise", "values", "strength", "willingness")),  # 1 to 5
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    CheckConstraint(
        "fixed_fee >= 0 AND reward >= 0 AND commission_rate >= 0 AND commission_rate <= 1", name="terms"
    ),
    info={"place": "reference"},
)
