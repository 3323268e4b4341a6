"""Tables of lists: the list with its plan and its result, and who is on it."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Date, ForeignKey, Index, String, Table

from core.database.types import Moment, schema

audience_list = Table(
    "audience_list",
    schema,
    Column("list_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False, index=True),
    Column("kind", String, nullable=False),  # wished | reserved | missed | shared | second | a segment's code
    Column("name", String, nullable=False),
    Column("as_of", Date, nullable=False),
    Column("plan", JSON, nullable=False),  # rules.Plan: what is given, what it costs, how it is judged
    Column("people", BigInteger, nullable=False),  # as it was made; stays when a person is erased
    Column("control", BigInteger, nullable=False),
    Column("worth", BigInteger, nullable=False),  # fen, of all people of the list
    Column("dropped", JSON, nullable=False),  # why others were left out: {reason: people}
    Column("booked", BigInteger, nullable=False),  # fen of coupons and contacts expected when it was made
    Column("state", String, nullable=False),  # made | sent | judged
    Column("sent_at", Moment),  # from here on purchases count
    Column("sent_by", String, nullable=False, default=""),  # export | task
    Column("task_id", String, nullable=False, default=""),
    Column("result", JSON),  # results.Finding when judged
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

list_member = Table(
    "list_member",
    schema,
    Column("buyer_key", String, primary_key=True),
    Column("list_id", String, primary_key=True),
    Column("held_back", Boolean, nullable=False),
    Column("coming", BigInteger),  # fen expected of the person within 13 weeks; NULL for who never bought
    Column("worth", BigInteger, nullable=False),  # fen: the goods wanted, or what the person has kept so far
    Column("sku_code", String, nullable=False, default=""),  # the wanted one that the offer is about
    Column("in_app", Boolean, nullable=False),  # was there as a known user lately
    Index("ix_list_member_list_id", "list_id"),
    info={"place": "buyer_key"},
)
