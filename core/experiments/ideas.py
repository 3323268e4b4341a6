"""What may be asked of the backlog of ideas: votes that stay hidden until all have voted, the rank and how firmly
it holds, the meeting, and what becomes of an idea.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import pandas as pd
from sqlalchemy import Connection, select, update

from core.access import Actor, allow, audit
from core.access.rules import ACTIONS
from core.access.tables import account
from core.database import Database, insert, new_id, one, read, upsert
from core.database.locks import one_at_a_time
from core.database.types import Record
from core.errors import ShopError
from core.experiments import scores
from core.experiments.scores import MEASURES
from core.experiments.tables import idea, idea_setting, idea_vote
from core.readiness import service as readiness
from core.versions import Version

STATES = ("open", "task", "experiment", "declined")
TIMERS = (3, 5, 8, 10, 15)  # minutes for one idea in a meeting
EDITABLE = ("title", "detail", "owner")


@dataclass(frozen=True, slots=True)
class Backlog:
    """The ideas and what they are judged by.

    `ideas`, indexed by idea_id: the stored fields, votes (how many), waiting (accounts still to vote), complete,
    mine (whether the reader has voted), and where complete the five medians, <measure>_spread, score; open ideas
    that are complete have rank, rank_best, rank_worst, holds (0..1). `voters` empty: everybody who may vote.
    """

    ideas: pd.DataFrame
    weights: dict[str, float]
    voters: tuple[str, ...]
    expected: tuple[str, ...]
    versions: dict[str, int]
    meeting_idea: str = ""
    meeting_ends_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewIdea:
    """An idea as it is suggested; without an owner it is the one who suggests it."""

    title: str
    detail: str = ""
    owner: str = ""


def backlog(db: Database, actor: Actor) -> Backlog:
    """All ideas, the best open one first, then those still to be voted on, then what was decided."""
    allow(actor, "review.view")
    with db.reading() as connection:
        ideas = read(connection, select(idea).order_by(idea.c.created_at)).set_index("idea_id", drop=False)
        votes = read(connection, select(idea_vote))
        settings = _settings(connection)
        voters = tuple(settings.get("voters", ((), 0))[0])
        expected = voters or _everybody(connection)
    weights = dict(settings.get("weights", (scores.EQUAL, 0))[0])
    meeting = settings.get("meeting", ({}, 0))[0]
    ends = datetime.fromisoformat(meeting["ends_at"]) if meeting.get("ends_at") else None
    return Backlog(
        judged(ideas, votes, expected, weights, actor.name),
        weights,
        voters,
        expected,
        {name: version for name, (_, version) in settings.items()},
        meeting.get("idea_id", ""),
        ends,
    )


def judged(
    ideas: pd.DataFrame,
    votes: pd.DataFrame,
    expected: Sequence[str],
    weights: Mapping[str, float],
    reader: str,
) -> pd.DataFrame:
    """The ideas with their votes, as `Backlog.ideas` has them; what a vote said is left out until all have voted."""
    by_idea = votes.groupby("idea_id")["account"].agg(set) if len(votes) else pd.Series(dtype=object)
    voted = [by_idea.get(key, set()) for key in ideas.index]
    waiting = [sorted(set(expected) - have) for have in voted]
    frame = ideas.assign(
        votes=pd.Series([len(have) for have in voted], ideas.index, dtype="int64"),
        waiting=pd.Series(waiting, ideas.index, dtype=object),
        mine=pd.Series([reader in have for have in voted], ideas.index, dtype=bool),
    )
    done = [bool(have) and not late for have, late in zip(voted, waiting, strict=True)]
    frame["complete"] = pd.Series(done, ideas.index, dtype=bool)
    shown = frame.index[frame["complete"]]
    tally = scores.tally(votes[votes["idea_id"].isin(shown)]).drop(columns="votes")
    tally = tally.assign(score=scores.score(tally, weights))
    open_ones = frame.index[frame["complete"] & (frame["state"] == "open")]
    ranks = scores.ranked(tally.loc[open_ones], weights).drop(columns="score")
    frame = frame.join(tally).join(ranks)
    order = {"open": 0, "experiment": 1, "task": 2, "declined": 3}
    keys = frame.assign(order=frame["state"].map(order), late=~frame["complete"])
    return frame.loc[keys.sort_values(["order", "late", "rank", "created_at"], kind="stable").index]


def votes(db: Database, actor: Actor, idea_id: str) -> pd.DataFrame:
    """Who gave which points, by account; only one's own until all have voted. ShopError("experiments.no_idea")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        _idea(connection, idea_id)
        columns = [idea_vote.c[name] for name in ("account", *MEASURES)]
        rows = read(
            connection, select(*columns).where(idea_vote.c.idea_id == idea_id).order_by(idea_vote.c.account)
        )
        expected = tuple(_settings(connection).get("voters", ((), 0))[0]) or _everybody(connection)
    complete = len(rows) > 0 and set(expected) <= set(rows["account"])
    return rows if complete else rows[rows["account"] == actor.name]


def suggest(db: Database, actor: Actor, new: NewIdea, now: datetime) -> str:
    """A new idea; returns its id. ShopError("experiments.no_title")."""
    allow(actor, "experiment.vote")
    row = {"title": _title(new.title), "detail": new.detail.strip(), "owner": new.owner.strip() or actor.name}
    idea_id = new_id()
    with db.writing() as connection:
        named = {"created_by": actor.name, "created_at": now, "account": actor.name, "at": now}
        insert(connection, idea, pd.DataFrame([{"idea_id": idea_id, **row, **named}]))
        audit.record(connection, actor, now, "experiment.suggest", idea_id, None, row)
    return idea_id


def vote(db: Database, actor: Actor, idea_id: str, points: Mapping[str, int], now: datetime) -> None:
    """One's points for an open idea, in place of one's earlier ones. ShopError("experiments.vote" |
    "experiments.no_idea" | "experiments.decided")."""
    allow(actor, "experiment.vote")
    checked = scores.require_vote(points)
    with db.writing() as connection:
        _open(connection, idea_id)
        row = {"idea_id": idea_id, "account": actor.name, **checked, "at": now}
        upsert(connection, idea_vote, pd.DataFrame([row]))
        # that somebody voted, not how: the points stay hidden until all have
        audit.record(connection, actor, now, "experiment.vote", idea_id)


def edit(db: Database, actor: Actor, one: Version, values: Mapping[str, str], now: datetime) -> None:
    """Title, detail or owner anew. ShopError("experiments.no_title" | "experiments.moved")."""
    allow(actor, "experiment.edit")
    new = {name: values[name].strip() for name in EDITABLE if name in values}
    if "title" in new:
        _title(new["title"])
    with db.writing() as connection:
        before = _idea(connection, one.key)
        _set(connection, actor, one, new, now)
        audit.record(
            connection, actor, now, "experiment.idea", one.key, {name: before[name] for name in new}, new
        )


def decline(db: Database, actor: Actor, one: Version, reason: str, now: datetime) -> None:
    """A no, with its reason. ShopError("experiments.no_reason" | "experiments.decided" | "experiments.moved")."""
    allow(actor, "experiment.edit")
    if not reason.strip():
        raise ShopError("experiments.no_reason")
    with db.writing() as connection:
        _open(connection, one.key)
        new = {"state": "declined", "reason": reason.strip()}
        _set(connection, actor, one, new, now)
        audit.record(connection, actor, now, "experiment.decline", one.key, None, new)


class Placed(NamedTuple):
    """Where an idea is done: in which campaign, by which department, so many days before the opening, in so many
    days."""

    campaign_id: str
    department: str
    t_minus: int
    days: int = 1


def to_task(db: Database, actor: Actor, idea: Version, placed: Placed, now: datetime) -> str:
    """The idea becomes a task of readiness, in one transaction with it; returns the task's id. Errors as in
    `decline` and those of readiness."""
    allow(actor, "experiment.edit")
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        before = _open(connection, idea.key)
        new = readiness.NewTask(
            before["title"], placed.department, placed.t_minus, placed.days, before["owner"]
        )
        task_id = readiness.enter(connection, actor, placed.campaign_id, new, now)
        became(connection, actor, idea, Outcome("task", placed.campaign_id, task_id), now)
    return task_id


class Outcome(NamedTuple):
    """What an idea has become ("task" or "experiment"), in which campaign, and its id there."""

    state: str
    campaign_id: str
    outcome_id: str


def became(
    connection: Connection, actor: Actor, idea: Version | str, outcome: Outcome, now: datetime
) -> None:
    """Notes what an open idea has become, inside the caller's transaction; an id alone stands for the idea in
    whatever version it is."""
    idea_id = idea if isinstance(idea, str) else idea.key
    before, new = _open(connection, idea_id), outcome._asdict()
    seen = Version(idea_id, before["version"]) if isinstance(idea, str) else idea
    _set(connection, actor, seen, new, now)
    audit.record(connection, actor, now, "experiment.became", idea_id, None, new)


def set_weights(
    db: Database, actor: Actor, weights: Mapping[str, float], version: int, now: datetime
) -> None:
    """The shop's own weights of the five measures. ShopError("experiments.weights" | "experiments.moved")."""
    allow(actor, "experiment.edit")
    values = scores.require_weights(weights)
    _settle(db, actor, Version("weights", version), values, now)


def set_voters(db: Database, actor: Actor, voters: Sequence[str], version: int, now: datetime) -> None:
    """Whose votes are waited for; none: everybody who may vote. ShopError("experiments.moved")."""
    allow(actor, "experiment.edit")
    _settle(db, actor, Version("voters", version), sorted({name.strip() for name in voters} - {""}), now)


def call_up(db: Database, actor: Actor, one: Version, minutes: int, now: datetime) -> None:
    """The meeting turns to an open idea, for so many minutes; "" ends it. ShopError("experiments.no_idea" |
    "experiments.decided" | "experiments.moved")."""
    allow(actor, "experiment.edit")
    value: dict[str, str] = {}
    if one.key:
        with db.reading() as connection:
            _open(connection, one.key)
        value = {"idea_id": one.key, "ends_at": (now + timedelta(minutes=minutes)).isoformat()}
    _settle(db, actor, Version("meeting", one.number), value, now)


def people(db: Database, actor: Actor) -> list[str]:
    """Accounts that may vote, by name."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return list(_everybody(connection))


def check(connection: Connection) -> dict[str, list[str]]:
    """Faults: votes outside of 1 to 5, ideas that became something which is not named."""
    outside = [~idea_vote.c[name].between(scores.LOWEST, scores.HIGHEST) for name in MEASURES]
    bad = select(idea_vote.c.idea_id, idea_vote.c.account)
    faults = [row for clause in outside for row in connection.execute(bad.where(clause))]
    nameless = select(idea.c.idea_id).where(idea.c.state.in_(("task", "experiment")), idea.c.outcome_id == "")
    return {
        "votes_within_points": sorted({f"{idea_id} {name}" for idea_id, name in faults}),
        "ideas_became_something": list(connection.scalars(nameless)),
    }


def _everybody(connection: Connection) -> tuple[str, ...]:
    roles = sorted(ACTIONS["experiment.vote"])
    names = select(account.c.name).where(account.c.disabled.is_(False), account.c.role.in_(roles))
    return tuple(connection.scalars(names.order_by(account.c.name)))


def _settings(connection: Connection) -> dict[str, tuple[Any, int]]:
    rows = connection.execute(select(idea_setting.c.name, idea_setting.c.value, idea_setting.c.version))
    return {name: (value, version) for name, value, version in rows}


def _settle(db: Database, actor: Actor, one: Version, value: object, now: datetime) -> None:
    """One setting anew, if nobody has changed it since `version` (0: it was never set)."""
    with db.writing() as connection:
        one_at_a_time(connection, "idea settings")
        before, last = _settings(connection).get(one.key, (None, 0))
        if last != one.number:
            raise ShopError("experiments.moved")
        row = {"name": one.key, "value": value, "version": one.number + 1, "account": actor.name, "at": now}
        upsert(connection, idea_setting, pd.DataFrame([row]))
        audit.record(connection, actor, now, "experiment.setting", one.key, before, value)


def _title(title: str) -> str:
    if not title.strip():
        raise ShopError("experiments.no_title")
    return title.strip()


def _idea(connection: Connection, idea_id: str) -> dict[str, object]:
    row = one(connection, select(idea).where(idea.c.idea_id == idea_id))
    if row is None:
        raise ShopError("experiments.no_idea")
    return row


def _open(connection: Connection, idea_id: str) -> Record:
    row = _idea(connection, idea_id)
    if row["state"] != "open":
        raise ShopError("experiments.decided", title=row["title"], state=row["state"])
    return row


def _set(
    connection: Connection, actor: Actor, one: Version, new: Mapping[str, object], now: datetime
) -> None:
    """Sets values if nobody has changed the idea since `version`; else ShopError("experiments.moved")."""
    values = {**new, "version": one.number + 1, "account": actor.name, "at": now}
    mine = (idea.c.idea_id == one.key) & (idea.c.version == one.number)
    if not connection.execute(update(idea).where(mine).values(**values).returning(idea.c.idea_id)).all():
        raise ShopError("experiments.moved")
