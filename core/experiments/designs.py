"""What may be asked of tests: what a design can decide, tests set up, assigned and stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select, update

from core.access import Actor, allow, audit
from core.access.keys import derived
from core.access.persons import key_of
from core.campaign import planning
from core.campaign import service as campaigns
from core.campaign.target import Target
from core.clock import business_day
from core.database import Database, insert, new_id, one, read
from core.database.types import Record
from core.errors import ShopError
from core.experiments import factors, ideas, trial
from core.experiments.assignment import Arm, Splitter
from core.experiments.statistics.design import Horizon, horizon
from core.experiments.tables import experiment, hypothesis
from core.experiments.trial import Design
from core.signals import service as signals
from core.versions import Version

PURPOSE = "experiments"
RECENT_DAYS = 28
MOST_DAYS = 365  # looked ahead where no end is planned


@dataclass(frozen=True, slots=True)
class Trial:
    """A test as it is stored."""

    experiment_id: str
    campaign_id: str
    design: Design
    state: str
    verdict: str
    stopped_at: datetime | None
    version: int
    account: str

    def until(self, now: datetime) -> datetime:
        """Up to when its figures count: now, its planned end or its stop, whichever came first."""
        ends = [moment for moment in (self.design.ends_at, self.stopped_at) if moment is not None]
        return min([now, *ends])

    def final(self, now: datetime) -> bool:
        """Whether no further look will come."""
        return self.state == "stopped" or (self.design.ends_at is not None and now >= self.design.ends_at)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a design asks and can decide: `needed` people of all arms, what can be decided `by_end` and before the
    opening (None: it begins after it), and fen that the minimum effect is worth in the target (None: no plan)."""

    needed: int
    daily: float
    by_end: Horizon
    by_opening: Horizon | None
    worth: int | None


class Draft(NamedTuple):
    """A design as it is being made, and the people that it would see a day."""

    design: Design
    daily: float


def outlook(db: Database, actor: Actor, campaign_id: str, draft: Draft, now: datetime) -> Outlook:
    """What a design can decide. ShopError("experiments.design" | "experiments.arms" |
    "campaign.unknown")."""
    allow(actor, "review.view")
    checked, daily = trial.require(draft.design), draft.daily
    if daily <= 0:
        raise ShopError("experiments.design", field="daily")
    with db.reading() as connection:
        mine = campaigns.standing(connection, campaign_id)
        plan = planning.in_force(connection, campaign_id)
    worth = factors.worth_of_metric(plan.target, checked.metric, checked.minimum) if plan else None
    ends_at = checked.ends_at or checked.starts_at + timedelta(days=MOST_DAYS)
    ahead = _horizon(checked, daily, max(now, checked.starts_at), ends_at)
    before = None
    if checked.starts_at < mine.opens_at:
        before = _horizon(checked, daily, max(now, checked.starts_at), min(mine.opens_at, ends_at))
    return Outlook(checked.needed, daily, ahead, before, worth)


def _horizon(design: Design, daily: float, begins: datetime, ends: datetime) -> Horizon:
    """By whole days and what is left of the last one; of the arms, control and the smallest other one."""
    days = max(0.0, (ends - begins) / timedelta(days=1))
    parts = [1.0] * int(days) + ([days % 1] if days % 1 else [])
    shares = (float(design.arms[0].share), float(min(arm.share for arm in design.arms[1:])))
    both = np.array(parts) * daily * design.traffic * (sum(shares) / sum(arm.share for arm in design.arms))
    needed = round(design.needed * sum(shares) / sum(arm.share for arm in design.arms))
    return horizon(both.tolist(), shares, needed, base=design.base, deviation=design.deviation)


def usual_visitors(db: Database, actor: Actor) -> int:
    """The shop's median visitors of the last RECENT_DAYS reported days; 0 without any report."""
    allow(actor, "review.view")
    with db.reading() as connection:
        last = signals.last_day(connection)
        if last is None:
            return 0
        days = signals.shop_days(connection, last - timedelta(days=RECENT_DAYS - 1), last)
    seen_days = days["visitors"].dropna()
    return round(float(seen_days.median())) if len(seen_days) else 0


def create(db: Database, actor: Actor, campaign_id: str, design: Design, now: datetime) -> str:
    """A test that runs from its start on; returns its id. An idea that it comes from has become an experiment.
    ShopError("experiments.design" | "experiments.arms" | "experiments.same_name" | "experiments.no_hypothesis" |
    "campaign.unknown") and those of ideas."""
    allow(actor, "experiment.edit")
    checked = trial.require(design)
    experiment_id = new_id()
    with db.writing() as connection:
        campaigns.standing(connection, campaign_id)
        _free(connection, checked)
        row = _row(checked) | {"campaign_id": campaign_id, "state": "running"}
        named = {"experiment_id": experiment_id, "account": actor.name, "at": now, "stopped_at": None}
        insert(connection, experiment, pd.DataFrame([row | named]))
        if checked.idea_id:
            outcome = ideas.Outcome("experiment", campaign_id, experiment_id)
            ideas.became(connection, actor, checked.idea_id, outcome, now)
        after = {"name": checked.name, "metric": checked.metric, "needed": checked.needed}
        audit.record(connection, actor, now, "experiment.create", experiment_id, None, after)
    return experiment_id


def _free(connection: Connection, design: Design) -> None:
    same = select(experiment.c.experiment_id).where(experiment.c.name == design.name.strip())
    if connection.scalar(same) is not None:
        raise ShopError("experiments.same_name", name=design.name.strip())
    if design.hypothesis_id:
        mine = select(hypothesis.c.hypothesis_id).where(hypothesis.c.hypothesis_id == design.hypothesis_id)
        if connection.scalar(mine) is None:
            raise ShopError("experiments.no_hypothesis")


def _row(design: Design) -> dict[str, object]:
    return asdict(design) | {
        "name": design.name.strip(),
        "arms": [[arm.code.strip(), int(arm.share)] for arm in design.arms],
        "guards": dict(design.guards),
    }


def trials(db: Database, actor: Actor, campaign_id: str) -> list[Trial]:
    """The tests of a campaign, running ones first, the newest on top."""
    allow(actor, "review.view")
    query = select(experiment).where(experiment.c.campaign_id == campaign_id)
    with db.reading() as connection:
        rows = connection.execute(query.order_by(experiment.c.state, experiment.c.at.desc())).mappings().all()
    return [_trial(dict(row)) for row in rows]


def load(db: Database, actor: Actor, experiment_id: str) -> Trial:
    """One test. ShopError("experiments.no_test")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return standing(connection, experiment_id)


def standing(connection: Connection, experiment_id: str) -> Trial:
    """As `load`, inside the caller's transaction; by its id or its name."""
    wanted = (experiment.c.experiment_id == experiment_id) | (experiment.c.name == experiment_id)
    row = one(connection, select(experiment).where(wanted))
    if row is None:
        raise ShopError("experiments.no_test", name=experiment_id)
    return _trial(row)


def stop(connection: Connection, actor: Actor, seen: Version, verdict: str, now: datetime) -> None:
    """Stops a running test with the verdict of this moment, inside the caller's transaction.
    ShopError("experiments.moved" | "experiments.stopped")."""
    one_trial = standing(connection, seen.key)
    if one_trial.state == "stopped":
        raise ShopError("experiments.stopped", name=one_trial.design.name)
    mine = (experiment.c.experiment_id == one_trial.experiment_id) & (experiment.c.version == seen.number)
    values = {"state": "stopped", "stopped_at": now, "verdict": verdict, "version": seen.number + 1}
    done = connection.execute(
        update(experiment).where(mine).values(**values).returning(experiment.c.experiment_id)
    ).all()
    if not done:
        raise ShopError("experiments.moved")
    audit.record(
        connection, actor, now, "experiment.stop", one_trial.experiment_id, None, {"verdict": verdict}
    )


def splitter(one_trial: Trial) -> Splitter:
    """Who belongs to which arm of a test, by the shop's key."""
    design = one_trial.design
    return Splitter(derived(PURPOSE), one_trial.experiment_id, design.arms, design.traffic)


def assigned(db: Database, actor: Actor, experiment_id: str, units: Sequence[str]) -> pd.DataFrame:
    """The arm of each unit key, in their order: unit, arm ("" outside of the test's traffic).
    ShopError("experiments.no_test" | "experiments.foreign_split")."""
    allow(actor, "review.view")
    split = splitter(own(db, actor, experiment_id))
    return pd.DataFrame(
        {"unit": list(units), "arm": [split.arm(key_of(unit)) for unit in units]}, dtype="str"
    )


def own(db: Database, actor: Actor, experiment_id: str) -> Trial:
    """A test whose arms we assign. ShopError("experiments.no_test" | "experiments.foreign_split")."""
    allow(actor, "review.view")
    known_trial = load(db, actor, experiment_id)
    if not known_trial.design.own_split:
        raise ShopError("experiments.foreign_split", name=known_trial.design.name)
    return known_trial


def target_of(connection: Connection, campaign_id: str) -> Target | None:
    """The campaign's target in force, inside the caller's transaction."""
    plan = planning.in_force(connection, campaign_id)
    return plan.target if plan else None


def first_day(one_trial: Trial, timezone: str) -> str:
    """The test's first day on the campaign's clock, ISO."""
    return business_day(one_trial.design.starts_at, timezone).isoformat()


def _trial(row: Record) -> Trial:
    design = Design(
        **{
            name: row[name]
            for name in (
                "name",
                "source",
                "metric",
                "base",
                "minimum",
                "starts_at",
                "ends_at",
                "deviation",
                "traffic",
                "own_split",
                "guards",
                "hypothesis_id",
                "idea_id",
            )
        },
        arms=tuple(Arm(code, share) for code, share in row["arms"]),
    )
    return Trial(
        row["experiment_id"],
        row["campaign_id"],
        design,
        row["state"],
        row["verdict"],
        row["stopped_at"],
        row["version"],
        row["account"],
    )


def by_hypothesis(connection: Connection, experiment_id: str) -> str:
    """The factor of the hypothesis that a test stands for; "" without one."""
    joined = experiment.join(hypothesis, hypothesis.c.hypothesis_id == experiment.c.hypothesis_id)
    query = select(hypothesis.c.factor).select_from(joined)
    return str(connection.scalar(query.where(experiment.c.experiment_id == experiment_id)) or "")


def names(connection: Connection) -> pd.DataFrame:
    """Every test: experiment_id, name, source, arms, state."""
    columns = [experiment.c[name] for name in ("experiment_id", "name", "source", "arms", "state")]
    return read(connection, select(*columns))
