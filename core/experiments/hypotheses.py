"""What may be asked of hypotheses: what is being tried on each factor of a campaign's target, what it would be worth,
and what has been learnt about it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.target import FACTORS, Target
from core.database import Database, insert, new_id, read
from core.errors import ShopError
from core.experiments import factors, learnings
from core.experiments.tables import experiment, hypothesis, idea

COLUMNS = ("hypothesis_id", "factor", "title", "change", "idea_id", "account", "at")


@dataclass(frozen=True, slots=True)
class Tried:
    """A campaign's factors: `hypotheses` (COLUMNS, worth in fen or missing, state: open | running | ended (and not yet
    concluded) | a verdict, tests), and the learnings of every campaign on these factors (as `learnings.search` has them)."""

    hypotheses: pd.DataFrame
    learnings: pd.DataFrame


@dataclass(frozen=True, slots=True)
class NewHypothesis:
    """A hypothesis as it is entered. `change`: relative for visitors, absolute for conversion, fen for AOV."""

    factor: str
    title: str
    change: float
    idea_id: str = ""


def tried(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Tried:
    """What is being tried on each factor, and what has been learnt about it. ShopError("campaign.unknown")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        campaigns.standing(connection, campaign_id)
        plan = planning.in_force(connection, campaign_id)
        rows = _rows(connection, campaign_id)
        tests = read(
            connection,
            select(experiment.c.hypothesis_id, experiment.c.ends_at, experiment.c.verdict)
            .where(experiment.c.campaign_id == campaign_id)
            .order_by(experiment.c.at),
        )
        return Tried(
            _judged(rows, _states(tests, now), plan.target if plan else None), learnings.standing(connection)
        )


def pose(db: Database, actor: Actor, campaign_id: str, new: NewHypothesis, now: datetime) -> str:
    """A hypothesis on a factor; returns its id. `change`: relative for visitors, absolute for conversion, fen for
    AOV. ShopError("experiments.factor" | "experiments.change" | "experiments.no_title" | "campaign.unknown")."""
    allow(actor, "experiment.edit")
    factors.require_change(new.factor, new.change)
    if not new.title.strip():
        raise ShopError("experiments.no_title")
    row = {
        "factor": new.factor,
        "title": new.title.strip(),
        "change": float(new.change),
        "idea_id": new.idea_id,
    }
    hypothesis_id = new_id()
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        if (
            new.idea_id
            and connection.scalar(select(idea.c.idea_id).where(idea.c.idea_id == new.idea_id)) is None
        ):
            raise ShopError("experiments.no_idea")
        named = {"hypothesis_id": hypothesis_id, "campaign_id": campaign_id, "account": actor.name, "at": now}
        insert(connection, hypothesis, pd.DataFrame([row | named]))
        audit.record(connection, actor, now, "experiment.hypothesis", hypothesis_id, None, row)
    return hypothesis_id


def _rows(connection: Connection, campaign_id: str) -> pd.DataFrame:
    columns = [hypothesis.c[name] for name in COLUMNS]
    query = select(*columns).where(hypothesis.c.campaign_id == campaign_id).order_by(hypothesis.c.at)
    return read(connection, query)


def _states(tests: pd.DataFrame, now: datetime) -> pd.DataFrame:
    """The tests with how far each has come."""
    over = pd.to_datetime(tests["ends_at"], utc=True) <= now
    running = pd.Series("running", index=tests.index, dtype="str").mask(over, "ended")
    return tests.assign(state=tests["verdict"].where(tests["verdict"] != "", running))


def _judged(rows: pd.DataFrame, tests: pd.DataFrame, target: Target | None) -> pd.DataFrame:
    """Worth by the target in force, and how far the tests of each hypothesis have come; by factor, dearest first."""
    worth = [
        factors.worth(target, factor, change) if target else None
        for factor, change in zip(rows["factor"], rows["change"], strict=True)
    ]
    last = tests.groupby("hypothesis_id").last() if len(tests) else tests.set_index("hypothesis_id")
    state = ["open" if key not in last.index else str(last.at[key, "state"]) for key in rows["hypothesis_id"]]
    counts = tests["hypothesis_id"].value_counts()
    frame = rows.assign(
        worth=pd.Series(worth, rows.index, dtype="Int64"),
        state=pd.Series(state, rows.index, dtype="str"),
        tests=rows["hypothesis_id"].map(counts).fillna(0).astype("int64"),
        order=rows["factor"].map({name: n for n, name in enumerate(FACTORS)}),
    )
    return frame.sort_values(["order", "worth"], ascending=[True, False], kind="stable").drop(columns="order")
