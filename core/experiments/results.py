"""What may be asked of results: a test's figures from events, orders or counts, judged; and what was learnt from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core import clock
from core.access import Actor, allow
from core.campaign import service as campaigns
from core.database import Database, read
from core.experiments import designs, factors, judgement, learnings
from core.experiments.designs import Trial
from core.experiments.evidence import persons
from core.experiments.evidence.persons import DayEnd
from core.experiments.evidence.purchases import order_lines, payments
from core.experiments.judgement import Evidence, Outcome, Result, Snapshot
from core.experiments.learnings import Lesson
from core.experiments.statistics.verdict import Guard
from core.experiments.tables import experiment_count
from core.live.ledger.events import exposure_kind
from core.live.ledger.series import PEOPLE
from core.pricing import service as pricing
from core.stock import reserve
from core.versions import Version


@dataclass(frozen=True, slots=True)
class View:
    """A test with its result; `worth`: fen in the target by treatment arm, of the effect and of both ends of the
    interval that may be read (missing where there is no plan or no effect)."""

    trial: Trial
    result: Result
    worth: dict[str, tuple[int, int, int]]


def view(db: Database, actor: Actor, experiment_id: str, now: datetime) -> View:
    """A test judged at a moment. ShopError("experiments.no_test")."""
    allow(actor, "review.view")
    with db.reading() as connection:
        return standing(connection, experiment_id, now)


def standing(connection: Connection, experiment_id: str, now: datetime) -> View:
    """As `view`, inside the caller's transaction."""
    trial = designs.standing(connection, experiment_id)
    result = judgement.evaluate(trial.design, _evidence(connection, trial, now), trial.final(now))
    target = designs.target_of(connection, trial.campaign_id)
    worth = {}
    for outcome in result.outcomes:
        if target is not None and outcome.effect is not None and outcome.look is not None:
            ends = (outcome.effect.difference, outcome.look.low, outcome.look.high)
            bounds = [factors.worth_of_metric(target, trial.design.metric, end) for end in ends]
            worth[outcome.arm] = (bounds[0], bounds[1], bounds[2])
    return View(trial, result, worth)


class Taught(NamedTuple):
    """What somebody says of a test's result, and how long it holds."""

    detail: str = ""
    scope: str = ""
    tags: Sequence[str] = ()
    valid_until: date | None = None


NO_WORDS = Taught()


def conclude(db: Database, actor: Actor, seen: Version, now: datetime, *, words: Taught = NO_WORDS) -> str:
    """Stops a test and keeps what it taught, one learning of its first decided arm; returns the learning's id.
    ShopError("experiments.moved" | "experiments.stopped" | "experiments.no_test")."""
    allow(actor, "experiment.edit")
    with db.writing() as connection:
        trial = designs.standing(connection, seen.key)
        judged = standing(connection, seen.key, now)
        outcome = best(judged.result)
        factor = designs.by_hypothesis(connection, trial.experiment_id)
        effect, look = outcome.effect, outcome.look
        lesson = Lesson(
            trial.design.name,
            factor or factors.FACTOR_OF_METRIC[trial.design.metric],
            outcome.verdict.word,
            detail=words.detail,
            scope=words.scope,
            metric=trial.design.metric,
            effect=effect.difference if effect and look else None,
            low=min(look.low, effect.difference) if effect and look else None,
            high=max(look.high, effect.difference) if effect and look else None,
            valid_until=words.valid_until,
            tags=tuple(words.tags),
            experiment_id=trial.experiment_id,
        )
        learning_id = learnings.enter(connection, actor, trial.campaign_id, lesson, now)
        designs.stop(connection, actor, seen, outcome.verdict.word, now)
    return learning_id


def best(result: Result) -> Outcome:
    """The outcome that stands for the whole test: a winner, else the first."""
    return next((one for one in result.outcomes if one.verdict.word == "win"), result.outcomes[0])


def _evidence(connection: Connection, trial: Trial, now: datetime) -> Evidence:
    if now < trial.design.starts_at:
        return Evidence(())
    zone = campaigns.standing(connection, trial.campaign_id).timezone
    if trial.design.source == "counts":
        return _counted(connection, trial, zone, now)
    ends = _ends(trial, zone, now)
    if trial.design.source == "events":
        return _from_events(connection, trial, ends)
    return _from_orders(connection, trial, ends)


def _ends(trial: Trial, zone: str, now: datetime) -> list[DayEnd]:
    """The looks: the end of every business day since the start, the last one cut at the present."""
    begins, until = trial.design.starts_at, trial.until(now)
    day, last = clock.business_day(begins, zone), clock.business_day(until, zone)
    ends = []
    while day <= last:
        end = min(clock.day_start(day + timedelta(days=1), zone), until)
        if end > begins:
            ends.append(DayEnd(day, _ms(end), _elapsed(trial, end)))
        day += timedelta(days=1)
    return ends


def _elapsed(trial: Trial, moment: datetime) -> float:
    if trial.design.ends_at is None:
        return 1.0
    return (moment - trial.design.starts_at) / (trial.design.ends_at - trial.design.starts_at)


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


# --- counts


def _counted(connection: Connection, trial: Trial, zone: str, now: datetime) -> Evidence:
    c = experiment_count.c
    columns = [c[name] for name in ("day", "arm", "layer", "people", "buyers", "viewers", "order_buyers")]
    last = clock.business_day(trial.until(now), zone).isoformat()
    first = designs.first_day(trial, zone)
    query = select(*columns).where(c.experiment_id == trial.experiment_id, c.day.between(first, last))
    rows = read(connection, query.order_by(c.day))
    if rows.empty:
        return Evidence(())
    number = {arm.code: n for n, arm in enumerate(trial.design.arms)}
    rows["arm"] = rows["arm"].map(number).astype("int64")
    logs = [
        (name, _totals(rows, counted, len(number)), _totals(rows, base, len(number)))
        for name, counted, base in (
            ("view_to_exposure", "people", "viewers"),
            ("buyers_to_orders", "buyers", "order_buyers"),
        )
        if rows[base].notna().all()
    ]
    layers = rows[rows["layer"] != ""] if (rows["layer"] != "").all() else rows.iloc[:0]
    by_layer = layers.groupby(["layer", "arm"], as_index=False)[["people", "buyers"]].sum()
    return Evidence(_by_day(rows, trial, zone, len(number)), tuple(logs), by_layer)


def _totals(rows: pd.DataFrame, name: str, arms: int) -> tuple[int, ...]:
    sums = rows.groupby("arm")[name].sum().reindex(range(arms)).fillna(0)
    return tuple(int(n) for n in sums)


def _by_day(rows: pd.DataFrame, trial: Trial, zone: str, arms: int) -> tuple[Snapshot, ...]:
    """The running sums of the counts at the end of every day that has some."""
    shots = []
    for day in sorted(rows["day"].unique()):
        so_far = rows[rows["day"] <= day]
        end = clock.day_start(date.fromisoformat(day) + timedelta(days=1), zone)
        people, buyers = (_totals(so_far, name, arms) for name in ("people", "buyers"))
        elapsed = min(1.0, _elapsed(trial, end))
        shots.append(Snapshot(date.fromisoformat(day), people, buyers, elapsed=elapsed))
    return tuple(shots)


# --- events


def _from_events(connection: Connection, trial: Trial, ends: Sequence[DayEnd]) -> Evidence:
    """Exposures as people, payments of the same people after them, net of what went back so far."""
    if not ends:
        return Evidence(())
    begins, until = _ms(trial.design.starts_at), ends[-1].end_ms
    exposed = _exposed(connection, trial, begins, until)
    twice = exposed.duplicated("unit", keep=False)
    people = exposed[~twice].reset_index(drop=True)
    paid = payments(connection, trial.campaign_id, begins, until)
    logs = _logs(connection, trial, exposed, paid, (begins, until)) if trial.design.own_split else ()
    observed = _Persons(people, paid, logs, exposed.loc[twice, "unit"].nunique())
    return _of_persons(connection, trial, observed, ends)


def _exposed(connection: Connection, trial: Trial, begins: int, until: int) -> pd.DataFrame:
    """First exposures: unit, arm (number), since."""
    kinds = {
        exposure_kind(trial.experiment_id, arm.code): number for number, arm in enumerate(trial.design.arms)
    }
    columns = (PEOPLE.c.kind, PEOPLE.c.user_key.label("unit"), PEOPLE.c.at_ms.label("since"))
    query = select(*columns).where(
        PEOPLE.c.campaign_id == trial.campaign_id,
        PEOPLE.c.kind.in_(list(kinds)),
        PEOPLE.c.at_ms >= begins,
        PEOPLE.c.at_ms < until,
    )
    frame = read(connection, query)
    return frame.assign(arm=frame["kind"].map(kinds).astype("int64"))[["unit", "arm", "since"]]


def _logs(
    connection: Connection, trial: Trial, exposed: pd.DataFrame, paid: pd.DataFrame, span: tuple[int, int]
) -> tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...]:
    """Whether viewers and payers of every arm, whom our own split knows, were exposed in the same share."""
    split = designs.splitter(trial)
    number = {arm.code: n for n, arm in enumerate(trial.design.arms)}
    query = select(PEOPLE.c.user_key).where(
        PEOPLE.c.campaign_id == trial.campaign_id,
        PEOPLE.c.kind == "visitor",
        PEOPLE.c.at_ms >= span[0],
        PEOPLE.c.at_ms < span[1],
    )
    known = set(exposed["unit"])
    logs = []
    for name, units in (
        ("view_to_exposure", sorted(set(connection.scalars(query)))),
        ("buyers_to_orders", sorted(set(paid["unit"]))),
    ):
        counted, base = [0] * len(number), [0] * len(number)
        for unit in units:
            arm = split.arm(unit)
            if arm:
                base[number[arm]] += 1
                counted[number[arm]] += unit in known
        if sum(base) and sum(counted):
            logs.append((name, tuple(counted), tuple(base)))
    return tuple(logs)


# --- orders


def _from_orders(connection: Connection, trial: Trial, ends: Sequence[DayEnd]) -> Evidence:
    """Everybody who had bought before the start, split by our hash; their orders since; what they spent in as long
    a time before as the variable that CUPED takes out. New and returning buyers are the layers."""
    if not ends:
        return Evidence(())
    design = trial.design
    begins, until = _ms(design.starts_at), ends[-1].end_ms
    lines = order_lines(connection, until)
    earlier = lines[lines["at_ms"] < begins]
    split, number = designs.splitter(trial), {arm.code: n for n, arm in enumerate(design.arms)}
    people = pd.DataFrame({"unit": sorted(earlier["unit"].unique())}, dtype="str")
    people["code"] = [split.arm(unit) for unit in people["unit"]]
    people = people[people["code"] != ""]
    people = people.assign(arm=people["code"].map(number).astype("int64"), since=begins)
    window = (ends[-1].end_ms - begins) if design.ends_at is None else _ms(design.ends_at) - begins
    recent = earlier[earlier["at_ms"] >= begins - window]
    spent = (recent["paid"] - recent["refunded"]).groupby(recent["unit"]).sum()
    orders = earlier.groupby("unit")["order_id"].nunique()
    layer = np.where(people["unit"].map(orders).to_numpy() > 1, "returning", "once")
    people = people.assign(layer=layer)
    observed = _Persons(people, lines[lines["at_ms"] >= begins], earlier=spent)
    return _of_persons(connection, trial, observed, ends)


class _Persons(NamedTuple):
    """Who took part and what they bought; how far logs agree, how many stand in two arms, and fen spent before by
    unit."""

    people: pd.DataFrame
    purchases: pd.DataFrame
    logs: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    two_arms: int = 0
    earlier: pd.Series | None = None


def _of_persons(connection: Connection, trial: Trial, observed: _Persons, ends: Sequence[DayEnd]) -> Evidence:
    people, purchases, logs, two_arms, earlier = observed
    arms = len(trial.design.arms)
    lines = persons.bought(people, purchases)
    shots = persons.snapshots(people, lines, ends, arms)
    pre = persons.before(people, lines, earlier, arms) if earlier is not None and len(earlier) else ()
    layers, guards = _layered(people, lines), _guards(connection, trial, people, lines)
    return Evidence(shots, logs, layers, pre, int(two_arms), guards)


def _layered(people: pd.DataFrame, lines: pd.DataFrame) -> pd.DataFrame:
    if "layer" not in people or people.empty:
        return pd.DataFrame()
    rows = people.assign(people=1, buyers=people["unit"].isin(set(lines["unit"])).astype("int64"))
    return rows.groupby(["layer", "arm"], as_index=False)[["people", "buyers"]].sum()


def _guards(
    connection: Connection, trial: Trial, people: pd.DataFrame, lines: pd.DataFrame
) -> tuple[tuple[Guard, ...], ...]:
    if not trial.design.guards or people.empty:
        return ()
    target = designs.target_of(connection, trial.campaign_id)
    costs = pricing.economics(connection, trial.campaign_id).set_index("sku_code")["unit_cost"]
    free = reserve.free(connection, lines["sku_code"].unique().tolist())
    expected = target.visitors if target else 0
    supply = persons.Supply(costs.astype("Float64"), free, expected)
    return persons.guards(trial.design, people, lines, supply)
