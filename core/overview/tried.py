"""What was tried around a sale and judged by what was held back: lists with a control, tests; and what they say of the promotions'
increment, which nothing else identifies."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from core.access import Actor, allow, allowed
from core.database import Database
from core.experiments import designs
from core.experiments import results as experiments
from core.experiments.results import View
from core.lists import results
from core.lists import service as lists
from core.lists.results import Finding

LISTS = (
    "list_id",
    "name",
    "kind",
    "word",
    "people",
    "coupon",
    "net",
    "low",
    "high",
    "increment",
    "final",
    "proof",
)
TESTS = ("experiment_id", "name", "metric", "word", "effect", "low", "high", "worth", "final")


@dataclass(frozen=True, slots=True)
class Tried:
    """`lists`: LISTS of every list that was sent: people called, coupon (fen used), net fen a person called beyond the control with
    its interval, increment (fen of all called; both missing where the two cannot be compared), proof (whether it counts as the
    promotions' increment). `tests`: TESTS, the arm that stands for the test: effect in the metric's unit with its interval, worth
    (fen in the target). `final`: the last day that counts is over."""

    lists: pd.DataFrame
    tests: pd.DataFrame

    @property
    def increment(self) -> int | None:
        """Fen that coupons brought beyond what would have been bought anyway, by the lists that prove it; None where none does."""
        proven = self.lists[self.lists["proof"].astype(bool)]
        return int(proven["increment"].sum()) if len(proven) else None


def tried(db: Database, actor: Actor, campaign_id: str, *, now: datetime) -> Tried:
    """The campaign's lists and tests as they stand; no lists for those who may not see audiences."""
    allow(actor, "review.view")
    sent = lists.listed(db, actor, campaign_id) if allowed(actor, "audience.view") else pd.DataFrame()
    rows = [
        _list(one, finding)
        for one in sent.to_dict("records")
        if (finding := results.finding(db, actor, str(one["list_id"]), now)) is not None
    ]
    begun = [one for one in designs.trials(db, actor, campaign_id) if one.design.starts_at <= now]
    views = [_test(experiments.view(db, actor, one.experiment_id, now)) for one in begun]
    return Tried(
        pd.DataFrame(rows, columns=list(LISTS)).astype(
            {"net": float, "low": float, "high": float, "increment": "Int64", "proof": bool, "final": bool}
        ),
        pd.DataFrame(views, columns=list(TESTS)).astype(
            {"effect": float, "low": float, "high": float, "worth": "Int64", "final": bool}
        ),
    )


def with_increment(judged: pd.DataFrame, one: Tried) -> pd.DataFrame:
    """The measures of a review with the promotions' increment where lists prove it. Pure."""
    increment = one.increment
    if increment is None:
        return judged
    row = judged["measure"] == "incremental"
    return judged.assign(
        value=judged["value"].mask(row, float(increment)),
        unit=judged["unit"].mask(row, "fen"),
        missing=judged["missing"].mask(row, ""),
    )


def _list(one: Mapping[Hashable, object], finding: Finding) -> tuple[object, ...]:
    """A list that gave coupons, is over and whose control can be compared proves what coupons brought."""
    proof = finding.final and finding.increment is not None and finding.coupon > 0
    return (
        one["list_id"],
        one["name"],
        one["kind"],
        finding.word,
        finding.people[1],
        finding.coupon,
        finding.net,
        finding.low,
        finding.high,
        finding.increment,
        finding.final,
        proof,
    )


def _test(view: View) -> tuple[object, ...]:
    design, outcome = view.trial.design, experiments.best(view.result)
    trusted = outcome.effect is not None and outcome.look is not None
    effect, look = (outcome.effect, outcome.look) if trusted else (None, None)
    return (
        view.trial.experiment_id,
        design.name,
        design.metric,
        outcome.verdict.word,
        effect.difference if effect else None,
        look.low if look else None,
        look.high if look else None,
        view.worth[outcome.arm][0] if outcome.arm in view.worth else None,
        view.result.final,
    )
