"""The demo's experiments: ideas with the team's votes, hypotheses, tests with their counts, what was learnt."""

from __future__ import annotations

from datetime import date

import orjson

from core import clock
from core.access import Actor
from core.campaign import service as campaigns
from core.commands.imports import run_import
from core.commands.terminal.run import desk
from core.database.types import Record
from core.experiments import designs, hypotheses, ideas, learnings, results
from core.experiments.assignment import Arm
from core.experiments.hypotheses import NewHypothesis
from core.experiments.ideas import NewIdea
from core.experiments.learnings import Lesson
from core.experiments.scores import MEASURES
from core.experiments.trial import Design
from core.versions import Version


def load(files: dict[str, bytes]) -> dict[str, int]:
    """Everything of the experiments page, in the order in which it comes about."""
    at, plan = desk(), orjson.loads(files["experiments.json"])
    sale = str(campaigns.campaigns(at.db, at.actor)["campaign_id"].iloc[0])
    backlog = _backlog(plan)
    posed = {
        one["name"]: hypotheses.pose(
            at.db,
            at.actor,
            sale,
            NewHypothesis(one["factor"], one["title"], one["change"], idea_id=backlog[one["idea"]]),
            at.now,
        )
        for one in plan["hypotheses"]
    }
    tests = {
        one["name"]: designs.create(at.db, at.actor, sale, _design(one, posed, backlog), at.now)
        for one in plan["tests"]
    }
    counted = run_import("experiments", "experiments.xlsx", files["experiments.xlsx"]).figures["added"]
    learnt = plan["learnt"]
    words = {name: learnt[name] for name in ("detail", "scope", "tags")}
    results.conclude(
        at.db, at.actor, Version(tests[learnt["test"]], 1), at.now, words=results.Taught(**words)
    )
    by_hand = Lesson(**plan["by_hand"] | {"tags": tuple(plan["by_hand"]["tags"])})
    learnings.keep(at.db, at.actor, sale, by_hand, at.now)
    return {"ideas": len(backlog), "tests": len(tests), "test_counts": counted, "learnings": 2}


def _backlog(plan: Record) -> dict[str, str]:
    """The ideas with their votes; ids by title."""
    at, ids = desk(), {}
    ideas.set_voters(at.db, at.actor, plan["team"], 0, at.now)
    ideas.set_weights(at.db, at.actor, plan["weights"], 0, at.now)
    for one in plan["ideas"]:
        title = one["title"]
        ids[title] = ideas.suggest(
            at.db, at.actor, NewIdea(title, detail=one["detail"], owner=one["owner"]), at.now
        )
        for name, points in zip(plan["team"], one["votes"], strict=False):
            marks = dict(zip(MEASURES, points, strict=True))
            ideas.vote(at.db, Actor(name, "member", "cli"), ids[title], marks, at.now)
    for one in plan["declined"]:
        ideas.decline(at.db, at.actor, Version(ids[one["title"]], 1), one["reason"], at.now)
    return ids


def _design(one: Record, posed: dict[str, str], backlog: dict[str, str]) -> Design:
    starts, ends = (
        clock.day_start(date.fromisoformat(one[name]), clock.SHANGHAI) for name in ("starts_on", "ends_on")
    )
    return Design(
        one["name"],
        "counts",
        (Arm("control", 1), Arm(one["arm"], 1)),
        "conversion_rate",
        one["base"],
        one["minimum"],
        starts,
        ends,
        hypothesis_id=posed[one["hypothesis"]],
        idea_id=backlog[one["idea"]],
    )
