"""Tables of experiments: ideas with their votes, hypotheses, tests with their counts, learnings."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Float, ForeignKey, Integer, String, Table

from core.database.types import Moment, schema

idea = Table(
    "idea",
    schema,
    Column("idea_id", String, primary_key=True),
    Column("title", String, nullable=False),
    Column("detail", String, nullable=False, default=""),
    Column("owner", String, nullable=False, default=""),
    Column("state", String, nullable=False, default="open"),  # open | task | experiment | declined
    Column("reason", String, nullable=False, default=""),  # why it was declined
    Column("campaign_id", String, nullable=False, default=""),  # where it became something
    Column("outcome_id", String, nullable=False, default=""),  # the task's or the experiment's id
    Column("version", Integer, nullable=False, default=1),
    Column("created_by", String, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

idea_vote = Table(
    "idea_vote",
    schema,
    Column("idea_id", String, ForeignKey("idea.idea_id"), primary_key=True),
    Column("account", String, primary_key=True),
    Column("growth", Integer, nullable=False),  # each measure 1 to 5 points
    Column("speed", Integer, nullable=False),
    Column("reuse", Integer, nullable=False),
    Column("running_cost", Integer, nullable=False),
    Column("fit", Integer, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

idea_setting = Table(
    "idea_setting",
    schema,
    Column("name", String, primary_key=True),  # weights | voters | meeting
    Column("value", JSON, nullable=False),
    Column("version", Integer, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

hypothesis = Table(
    "hypothesis",
    schema,
    Column("hypothesis_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False, index=True),
    Column("factor", String, nullable=False),  # visitors | conversion_rate | aov
    Column("title", String, nullable=False),
    Column("change", Float, nullable=False),  # relative, absolute, fen: see factors.require_change
    Column("idea_id", String, nullable=False, default=""),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

experiment = Table(
    "experiment",
    schema,
    Column("experiment_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False, index=True),
    Column("name", String, nullable=False, unique=True),
    Column("hypothesis_id", String, nullable=False, default=""),
    Column("idea_id", String, nullable=False, default=""),
    Column("source", String, nullable=False),  # events | orders | counts
    Column("own_split", Boolean, nullable=False),  # whether our keyed hash assigns the arms
    Column("arms", JSON, nullable=False),  # [[code, share], ...], control first
    Column("traffic", Float, nullable=False),
    Column("metric", String, nullable=False),
    Column("base", Float, nullable=False),
    Column("deviation", Float, nullable=False),
    Column("minimum", Float, nullable=False),
    Column("guards", JSON, nullable=False),  # {guard: the change that is borne}
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),  # NULL: no end is planned
    Column("state", String, nullable=False),  # running | stopped
    Column("stopped_at", Moment),
    Column("verdict", String, nullable=False, default=""),  # as it was when the test was stopped
    Column("version", Integer, nullable=False, default=1),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)

experiment_count = Table(
    "experiment_count",
    schema,
    Column("count_id", String, primary_key=True),  # experiment, day, arm and layer
    Column("experiment_id", String, nullable=False, index=True),
    Column("day", String, nullable=False),  # ISO
    Column("arm", String, nullable=False),
    Column("layer", String, nullable=False, default=""),
    Column("people", BigInteger),
    Column("buyers", BigInteger),
    Column("viewers", BigInteger),  # people who opened the page, exposed or not
    Column("order_buyers", BigInteger),  # buyers by the orders, logged or not
    Column("version", Integer, nullable=False),
    Column("changed_by", String, nullable=False),
    Column("updated_at", Moment, nullable=False),
    info={"place": "reference"},
)

learning = Table(
    "learning",
    schema,
    Column("learning_id", String, primary_key=True),
    Column("campaign_id", String, ForeignKey("campaign.campaign_id"), nullable=False, index=True),
    Column("experiment_id", String, nullable=False, default=""),
    Column("factor", String, nullable=False),
    Column("title", String, nullable=False),
    Column("detail", String, nullable=False, default=""),
    Column("scope", String, nullable=False, default=""),  # page, goods, people: where it was learnt
    Column("verdict", String, nullable=False),
    Column("metric", String, nullable=False, default=""),
    Column("effect", Float),  # in the metric's unit, with its interval; NULL where nothing was measured
    Column("low", Float),
    Column("high", Float),
    Column("valid_until", String, nullable=False, default=""),  # ISO day; "" = until something says otherwise
    Column("tags", JSON, nullable=False),
    Column("account", String, nullable=False),
    Column("at", Moment, nullable=False),
    info={"place": "reference"},
)
