"""Pure: a test's figures judged: first whether they can be trusted, then the effect, its looks and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from math import copysign
from typing import NamedTuple

import pandas as pd
from scipy import stats

from core.experiments.statistics import sequential
from core.experiments.statistics.effects import Effect
from core.experiments.statistics.means import Sums, cuped, ratio, welch
from core.experiments.statistics.proportions import conversion
from core.experiments.statistics.sample_ratio import RatioCheck, logged_alike, sample_ratio
from core.experiments.statistics.segments import Layered, holm, layered
from core.experiments.statistics.verdict import Doubts, Guard, Look, Verdict, judge
from core.experiments.trial import Design

TWO_ARMS = 0.01  # share of people met in two arms above which nothing is trusted
SIDES = ("control", "treatment")
PATH = ("day", "people", "z", "bound", "difference", "low", "high")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The arms at the end of a day, control first: people, buyers, and where persons are known the sums of net
    fen (y) and orders (x) over them. `elapsed`: the share of the planned time that is over."""

    day: date
    people: tuple[int, ...]
    buyers: tuple[int, ...]
    sums: tuple[Sums, ...] = ()
    elapsed: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a test has gathered: snapshots by day, the last one the whole.

    `logs`: name, counted and base by arm of what must be logged alike. `layers`: layer, arm (number), people,
    buyers. `pre`: sums of net fen (y) and of the fen before the test (x). `two_arms`: people met in two arms.
    `guards`: for each treatment arm what was measured.
    """

    looks: tuple[Snapshot, ...]
    logs: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()
    layers: pd.DataFrame = field(default_factory=pd.DataFrame)
    pre: tuple[Sums, ...] = ()
    two_arms: int = 0
    guards: tuple[tuple[Guard, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One treatment arm against control. `effect` and what follows are missing where the figures are not to be
    trusted. `others`: further metrics by name. `segments`: layer, people, difference, low, high, p, p_holm."""

    arm: str
    verdict: Verdict
    effect: Effect | None = None
    look: Look | None = None
    path: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(PATH)))
    others: tuple[tuple[str, Effect], ...] = ()
    segments: pd.DataFrame = field(default_factory=pd.DataFrame)
    whole: Layered | None = None
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class Result:
    """A test's checks, its people and buyers by arm, and an outcome a treatment arm."""

    checks: tuple[RatioCheck, ...]
    people: tuple[int, ...]
    buyers: tuple[int, ...]
    two_arms: int
    final: bool
    outcomes: tuple[Outcome, ...]


def evaluate(design: Design, evidence: Evidence, final: bool) -> Result:
    """Judges every treatment arm; `final`: the planned end is reached (or the test was stopped)."""
    arms = len(design.arms)
    if not evidence.looks:
        nothing = tuple(Outcome(arm.code, Verdict("undecided", ("no_people",))) for arm in design.arms[1:])
        return Result((), (0,) * arms, (0,) * arms, 0, final, nothing)
    last = evidence.looks[-1]
    ratio_checks = checks(design, evidence)
    mixed = evidence.two_arms > TWO_ARMS * max(1, sum(last.people))
    case = _Case(design, evidence, ratio_checks, mixed, final)
    outcomes = tuple(_outcome(case, number) for number in range(1, arms))
    return Result(ratio_checks, last.people, last.buyers, evidence.two_arms, final, outcomes)


def checks(design: Design, evidence: Evidence) -> tuple[RatioCheck, ...]:
    """People against the planned shares, as a whole and by layer (p times the layers), and logs that must agree."""
    shares = [arm.share for arm in design.arms]
    result = [sample_ratio(evidence.looks[-1].people, shares)]
    result += [logged_alike(name, counted, base) for name, counted, base in evidence.logs]
    if len(evidence.layers):
        table = evidence.layers.pivot_table(index="layer", columns="arm", values="people", aggfunc="sum")
        table = table.reindex(columns=range(len(shares))).fillna(0).astype("int64")
        for name, row in zip(table.index, table.to_numpy(), strict=True):
            check = sample_ratio([int(n) for n in row], shares, f"layer {name}")
            result.append(replace(check, p=min(1.0, check.p * len(table))))
    return tuple(result)


class _Case(NamedTuple):
    """What every arm is judged by: whether too many stand in two arms, and whether the planned end is reached."""

    design: Design
    evidence: Evidence
    checks: Sequence[RatioCheck]
    mixed: bool
    final: bool


def _outcome(case: _Case, number: int) -> Outcome:
    design, evidence, ratio_checks, mixed, final = case
    code = design.arms[number].code
    broken = tuple(check.name for check in ratio_checks if check.broken) + (("two_arms",) if mixed else ())
    if broken:
        return Outcome(code, Verdict("untrusted", broken))
    last = evidence.looks[-1]
    effect = effect_of(design.metric, last, number, design.alpha)
    if effect is None:
        return Outcome(code, Verdict("undecided", ("no_people",)))
    path = looks(design, evidence.looks, number, final)
    crossed = bool((path["z"].abs() > path["bound"]).any()) if len(path) else False
    low, high = (
        (float(path[name].iloc[-1]) for name in ("low", "high")) if len(path) else (effect.low, effect.high)
    )
    look = Look(low, high, crossed, final)
    whole, segments = _layers(evidence.layers, number)
    guards = evidence.guards[number - 1] if evidence.guards else _unknown(design)
    reverse = whole is not None and whole.reversed and abs(effect.statistic) > 0
    verdict = judge(effect, look, design.minimum, Doubts(ratio_checks, guards, reverse))
    return Outcome(
        code, verdict, effect, look, path, _others(design, evidence, number), segments, whole, guards
    )


def effect_of(metric: str, at: Snapshot, number: int, alpha: float) -> Effect | None:
    """The effect of one arm at a snapshot; None where an arm has too few people for the metric."""
    people, buyers = (at.people[0], at.people[number]), (at.buyers[0], at.buyers[number])
    if min(people) < 2:
        return None
    if metric == "conversion_rate":
        return conversion(buyers, people, alpha)
    if not at.sums:
        return None
    first, second = at.sums[0], at.sums[number]
    if metric == "visitor_value":
        return welch(first, second, alpha)
    if min(buyers) < 2 or min(first.x, second.x) <= 0:
        return None
    return ratio(replace(first, n=buyers[0]), replace(second, n=buyers[1]), alpha)


def looks(design: Design, snapshots: Sequence[Snapshot], number: int, final: bool) -> pd.DataFrame:
    """Every look with its bound: columns PATH. With a known end Lan and DeMets' bounds on the share of people (of
    time, where all take part from the first day); else a confidence sequence."""
    rows: list[tuple[Snapshot, Effect]] = []
    for shot in snapshots:
        effect = effect_of(design.metric, shot, number, design.alpha)
        if effect is not None and effect.error > 0:
            rows.append((shot, effect))
    if not rows:
        return pd.DataFrame(columns=list(PATH))
    if design.ends_at is None:
        return pd.DataFrame([_sequence_row(design, *row, number) for row in rows], columns=list(PATH))
    times = _times(design, [shot for shot, _ in rows], final)
    kept = [n for n, time in enumerate(times) if n == 0 or time > times[n - 1]]
    limits = sequential.bounds([times[n] for n in kept], design.alpha)
    lines = [_bounded_row(*rows[n], limit) for n, limit in zip(kept, limits, strict=True)]
    return pd.DataFrame(lines, columns=list(PATH))


def _times(design: Design, shots: Sequence[Snapshot], final: bool) -> list[float]:
    """Information shares, rising to at most 1: people of all arms, or the share of time where they do not grow."""
    counts = [sum(shot.people) for shot in shots]
    if design.source == "orders":
        return [min(1.0, max(1e-6, shot.elapsed)) for shot in shots]
    last, over = counts[-1], max(shots[-1].elapsed, 1e-6)
    whole = last if final else max(design.needed, round(last / over), last + 1)
    return [count / whole for count in counts]


def _z(effect: Effect) -> float:
    """The two-sided p as a signed z, so that exact and t tests meet the bounds alike."""
    return copysign(float(stats.norm.isf(max(effect.p, 1e-300) / 2)), effect.difference)


def _bounded_row(shot: Snapshot, effect: Effect, limit: float) -> tuple[object, ...]:
    half = limit * effect.error
    low, high = effect.difference - half, effect.difference + half
    return shot.day, sum(shot.people), _z(effect), limit, effect.difference, low, high


def _sequence_row(design: Design, shot: Snapshot, effect: Effect, number: int) -> tuple[object, ...]:
    people = shot.people[0] + shot.people[number]
    half = sequential.sequence_half_width(effect.error, people, max(design.needed, 2), design.alpha)
    low, high = effect.difference - half, effect.difference + half
    z = effect.difference / effect.error
    return shot.day, people, z, half / effect.error, effect.difference, low, high


def _others(design: Design, evidence: Evidence, number: int) -> tuple[tuple[str, Effect], ...]:
    """The metrics that the verdict does not rest on, and the main one with the time before taken out."""
    last = evidence.looks[-1]
    names = [name for name in ("conversion_rate", "visitor_value", "aov") if name != design.metric]
    pairs = [(name, effect_of(name, last, number, design.alpha)) for name in names]
    if evidence.pre:
        pairs.append(("cuped", cuped(evidence.pre[0], evidence.pre[number], design.alpha)))
    return tuple((name, effect) for name, effect in pairs if effect is not None)


def _layers(layers: pd.DataFrame, number: int) -> tuple[Layered | None, pd.DataFrame]:
    """The whole weighed by layer, and the layers' own conversion with Holm's p; nothing with fewer than two."""
    if layers.empty or layers["layer"].nunique() < 2:
        return None, pd.DataFrame()
    both = layers[layers["arm"].isin([0, number])].assign(
        side=lambda rows: rows["arm"].map({0: "control", number: "treatment"})
    )
    table = both.pivot_table(index="layer", columns="side", values=["buyers", "people"], aggfunc="sum")
    table = table.reindex(columns=pd.MultiIndex.from_product([["buyers", "people"], list(SIDES)]))
    wide = table.fillna(0).astype("int64")
    wide.columns = pd.Index([f"{side}_{name}" for name in ("buyers", "people") for side in SIDES])
    usable = wide[(wide["control_people"] > 1) & (wide["treatment_people"] > 1)]
    if len(usable) < 2:
        return None, pd.DataFrame()
    figures = [usable[f"{side}_{name}"].tolist() for name in ("buyers", "people") for side in SIDES]
    effects = [conversion((x1, x2), (n1, n2)) for x1, x2, n1, n2 in zip(*figures, strict=True)]
    segments = pd.DataFrame(
        {
            "layer": usable.index,
            "people": (usable["control_people"] + usable["treatment_people"]).to_numpy(),
            **{name: [getattr(one, name) for one in effects] for name in ("difference", "low", "high", "p")},
            "p_holm": holm([one.p for one in effects]),
        }
    )
    return layered(usable), segments


def _unknown(design: Design) -> tuple[Guard, ...]:
    """Guards that nothing was measured for."""
    return tuple(Guard(name, -worst, None) for name, worst in design.guards.items())
