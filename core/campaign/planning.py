"""What may be asked of a campaign's plan: its target, its parts along time, channel and tier, its
versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, func, select

from core.access import Actor, allow, audit
from core.campaign import decompose, defaults
from core.campaign import target as rules
from core.campaign.defaults import Default
from core.campaign.pace import Curve
from core.campaign.service import Campaign, standing
from core.campaign.tables import campaign_plan, campaign_plan_part
from core.campaign.target import Target
from core.campaign.target import slid as slid
from core.campaign.weights import Weights as Weights
from core.campaign.weights import from_json, to_json
from core.database import Database, insert, one, read
from core.database.locks import one_at_a_time
from core.errors import ShopError

CHANNELS = {"search": 35, "recommendation": 30, "live_room": 20, "paid": 15}
"""Channel weights of a first plan, until the operator names the shop's own."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a campaign's plan. `parts`: dimension ("phase" | "day" | "hour" | "channel" | "tier"),
    part, gmv (fen), visitors."""

    campaign: Campaign
    version: int
    target: Target
    weights: Weights
    why: str
    account: str
    at: datetime
    parts: pd.DataFrame

    def part(self, dimension: str) -> pd.DataFrame:
        """The rows of one dimension in their order: part, gmv, visitors."""
        return self.parts.loc[self.parts["dimension"] == dimension, ["part", "gmv", "visitors"]].reset_index(
            drop=True
        )

    @property
    def curve_days(self) -> int:
        """Past sale days of the shop behind its hours; 0 where the shipped curve alone lays them out."""
        own = self.weights.curves
        return max(
            (decompose.curve_of(p, self.campaign.timezone, own).days for p in self.campaign.phases), default=0
        )

    def acquisition(self) -> pd.DataFrame:
        """New visitors per day and channel with their cost (day, channel, visitors, cost in fen), over the
        days of the plan."""
        days = self.part("day")
        needed = rules.new_visitors(self.target.visitors, self.weights.base, self.weights.retention)
        split = self.part("channel")
        costs = split["part"].map(self.weights.costs).fillna(0).astype("int64")
        channels = pd.DataFrame({"channel": split["part"], "weight": split["visitors"], "cost": costs})
        return rules.acquisition(
            needed, dict(zip(days["part"], days["visitors"].tolist(), strict=True)), channels
        )


def plan(db: Database, actor: Actor, campaign_id: str, version: int | None = None) -> Plan | None:
    """The plan in force, or an earlier version; None while there is none. ShopError("campaign.unknown")."""
    allow(actor, "plan.view")
    with db.reading() as connection:
        return in_force(connection, campaign_id, version)


def in_force(connection: Connection, campaign_id: str, version: int | None = None) -> Plan | None:
    """As `plan`, inside the caller's transaction."""
    mine = standing(connection, campaign_id)
    query = (
        select(campaign_plan)
        .where(campaign_plan.c.campaign_id == campaign_id)
        .order_by(campaign_plan.c.version.desc())
    )
    row = one(connection, query if version is None else query.where(campaign_plan.c.version == version))
    if row is None:
        return None
    columns = [campaign_plan_part.c[name] for name in ("dimension", "part", "gmv", "visitors")]
    mine_only = (campaign_plan_part.c.campaign_id == campaign_id) & (
        campaign_plan_part.c.version == row["version"]
    )
    weights = from_json(row["weights"])
    parts = _ordered(read(connection, select(*columns).where(mine_only)), mine, weights)
    numbers = Target(row["gmv"], row["visitors"], row["conversion_rate"], row["aov"])
    return Plan(mine, row["version"], numbers, weights, row["why"], row["account"], row["at"], parts)


def versions(db: Database, actor: Actor, campaign_id: str) -> pd.DataFrame:
    """All versions, newest first: version, gmv (fen), visitors, conversion_rate, aov (fen), why, account,
    at."""
    allow(actor, "plan.view")
    columns = [
        campaign_plan.c[name]
        for name in ("version", "gmv", "visitors", "conversion_rate", "aov", "why", "account", "at")
    ]
    query = (
        select(*columns)
        .where(campaign_plan.c.campaign_id == campaign_id)
        .order_by(campaign_plan.c.version.desc())
    )
    with db.reading() as connection:
        return read(connection, query)


def first_weights(campaign: Campaign, known: Mapping[str, Default] | None = None) -> Weights:
    """The weights that a first plan begins with: an earlier campaign's channels where they were taken over."""
    money, people = defaults.channel_weights(known or {})
    phases, tiers = decompose.phase_weights(campaign.phases), dict(decompose.TIER_WEIGHTS)
    channels, wanted = money or dict(CHANNELS), {"channel": people} if people else {}
    return Weights(phases=phases, channels=channels, tiers=tiers, people=wanted)


@dataclass(frozen=True, slots=True)
class NewPlan:
    """A new version of a plan, and why. `weights`: None keeps those of the version before (or the first ones).
    `version_before`: the version that the planner looked at, 0 for none. `curves`: the shop's own pace curves by
    phase id, instead of the shipped ones; None keeps those of the version before."""

    numbers: Target
    why: str
    weights: Weights | None = None
    version_before: int | None = None
    curves: Mapping[str, Curve] | None = None


@dataclass(frozen=True, slots=True)
class Replan:
    """What closed phases did (gmv in fen and visitors by phase id), and why the plan follows; the others as of
    `NewPlan`."""

    actual: Mapping[str, tuple[int, int]]
    why: str
    version_before: int | None = None
    curves: Mapping[str, Curve] | None = None


def set_target(db: Database, actor: Actor, campaign_id: str, new: NewPlan, *, now: datetime) -> Plan:
    """A new version of the plan; every split sums to the target exactly. ShopError("plan.no_why"),
    "plan.moved" (somebody made another version since), or what `target.solve` and `decompose.tree` refuse."""
    allow(actor, "plan.edit")
    with db.writing() as connection:
        return settle(connection, actor, campaign_id, new, now=now)


def settle(connection: Connection, actor: Actor, campaign_id: str, new: NewPlan, *, now: datetime) -> Plan:
    """As `set_target`, inside the caller's transaction."""
    numbers, why = new.numbers, new.why
    checked = rules.solve(
        gmv=numbers.gmv, visitors=numbers.visitors, conversion_rate=numbers.conversion_rate, aov=numbers.aov
    )
    mine, last = _next(connection, campaign_id, why, new.version_before)
    known = {} if last else defaults.stored(connection, campaign_id)
    chosen = new.weights or (last.weights if last else first_weights(mine, known))
    own = chosen.curves if new.curves is None else new.curves
    own = {} if defaults.refused(known, "pace") else own
    chosen = replace(chosen, phases=_phases_of(mine, chosen.phases), curves=own)
    totals = decompose.replanned(
        checked.gmv, checked.visitors, chosen.phases, chosen.closed, chosen.people.get("phase")
    )
    leaves = decompose.tree(totals, mine.phases, mine.timezone, chosen.days, own)
    parts = decompose.parts(leaves, chosen.channels, chosen.tiers, chosen.people)
    version = last.version + 1 if last else 1
    plan = Plan(mine, version, checked, chosen, why.strip(), actor.name, now, parts)
    _store(connection, actor, plan, last)
    return plan


def replan(db: Database, actor: Actor, campaign_id: str, closed: Replan, *, now: datetime) -> Plan:
    """A new version after phases have closed: they keep what they did, the rest of the target falls to the
    remaining phases by their weights. The target stays; the earlier versions stay readable.

    ShopError("plan.none"), "plan.phase_open" (a phase that has not ended yet), and those of `set_target`.
    """
    allow(actor, "plan.edit")
    with db.reading() as connection:
        last = in_force(connection, campaign_id)
    if last is None:
        raise ShopError("plan.none")
    ends = {p.phase_id: p for p in last.campaign.phases}
    for phase_id in closed.actual:
        if phase_id not in ends or ends[phase_id].ends_at > now:
            raise ShopError("plan.phase_open", phase=phase_id)
    weights = replace(last.weights, closed=dict(closed.actual))
    at = last.version if closed.version_before is None else closed.version_before
    new = NewPlan(last.target, closed.why, weights, at, closed.curves)
    return set_target(db, actor, campaign_id, new, now=now)


def newer_curve(plan: Plan, curves: Mapping[str, Curve]) -> int:
    """Past sale days behind the shop's `curves` where these would lay the plan out otherwise; else 0."""
    zone = plan.campaign.timezone
    pairs = [
        [decompose.curve_of(p, zone, own) for own in (plan.weights.curves, curves)]
        for p in plan.campaign.phases
    ]
    return max((new.days for old, new in pairs if not np.array_equal(old.shares, new.shares)), default=0)


def closed_phases(plan: Plan, now: datetime) -> pd.DataFrame:
    """The selling phases that have ended: phase_id, kind, name, starts_at, ends_at, planned_gmv,
    planned_visitors."""
    planned = plan.part("phase").set_index("part")
    rows = [
        {
            "phase_id": p.phase_id,
            "kind": p.kind,
            "name": p.name,
            "starts_at": p.starts_at,
            "ends_at": p.ends_at,
            "planned_gmv": int(planned["gmv"].get(p.phase_id, 0)),
            "planned_visitors": int(planned["visitors"].get(p.phase_id, 0)),
        }
        for p in plan.campaign.phases
        if p.ends_at <= now and p.phase_id in planned.index
    ]
    return pd.DataFrame(
        rows, columns=["phase_id", "kind", "name", "starts_at", "ends_at", "planned_gmv", "planned_visitors"]
    )


def _next(
    connection: Connection, campaign_id: str, why: str, version_before: int | None
) -> tuple[Campaign, Plan | None]:
    """The campaign and the version before, with the right to write the one after it."""
    if not why.strip():
        raise ShopError("plan.no_why")
    one_at_a_time(connection, f"plan:{campaign_id}")
    last = in_force(connection, campaign_id)
    if version_before is not None and version_before != (last.version if last else 0):
        raise ShopError(
            "plan.moved", version=last.version if last else 0, account=last.account if last else ""
        )
    return last.campaign if last else standing(connection, campaign_id), last


def _phases_of(campaign: Campaign, weights: Mapping[str, int]) -> dict[str, int]:
    """The weights of the phases that the campaign has now; the default ones when none of them is left (a new
    schedule)."""
    kept = {p.phase_id: weights[p.phase_id] for p in campaign.phases if p.phase_id in weights}
    return kept if any(kept.values()) else decompose.phase_weights(campaign.phases)


def _store(connection: Connection, actor: Actor, plan: Plan, last: Plan | None) -> None:
    campaign_id, version = plan.campaign.campaign_id, plan.version
    row: dict[str, object] = {"campaign_id": campaign_id, "version": version, **asdict(plan.target)}
    row |= {"weights": to_json(plan.weights)}
    row |= {"why": plan.why, "account": plan.account, "at": plan.at}
    insert(connection, campaign_plan, pd.DataFrame([row]))
    insert(connection, campaign_plan_part, plan.parts.assign(campaign_id=campaign_id, version=version))
    before = asdict(last.target) if last else None
    after = asdict(plan.target) | {"version": version, "why": plan.why}
    audit.record(connection, actor, plan.at, "plan.set", campaign_id, before, after)


def _ordered(parts: pd.DataFrame, campaign: Campaign, weights: Weights) -> pd.DataFrame:
    """Phases by time, channels and tiers as they were given, days and hours by their own text."""
    order = {p.phase_id: f"{n:03d}" for n, p in enumerate(campaign.phases)}
    order |= {name: f"{n:03d}" for group in (weights.channels, weights.tiers) for n, name in enumerate(group)}
    rank = {name: n for n, name in enumerate(decompose.DIMENSIONS)}
    keys = parts.assign(
        rank=parts["dimension"].map(rank), order=parts["part"].map(order).fillna(parts["part"])
    )
    return keys.sort_values(["rank", "order"], kind="stable", ignore_index=True)[
        ["dimension", "part", "gmv", "visitors"]
    ]


def leaves(plan: Plan) -> pd.DataFrame:
    """The plan by phase, day and hour, as `decompose.tree`: laid out again from the stored phase totals."""
    phases = plan.part("phase").itertuples(index=False)
    totals = {str(part): (int(gmv), int(visitors)) for part, gmv, visitors in phases}
    return decompose.tree(
        totals, plan.campaign.phases, plan.campaign.timezone, plan.weights.days, plan.weights.curves
    )


def answer(numbers: Target, factor: str, value: float, answers: str) -> Target:
    """The target after one of its four numbers is set and another one answers (`target.changed`), for the
    linked boxes of a screen."""
    return rules.changed(numbers, factor, value, answers)


def levers(numbers: Target, best: Mapping[str, float] | None = None) -> pd.DataFrame:
    """What each lever brings (`target.levers`)."""
    return rules.levers(numbers, best)


def check(connection: Connection) -> dict[str, list[str]]:
    """Faults among plans: a version whose dimensions do not sum to one and the same GMV and visitors, or to
    less than its target (more can only be where closed phases alone have passed it)."""
    part, plan = campaign_plan_part.c, campaign_plan.c
    sums = [func.sum(part[name]).label(name) for name in ("gmv", "visitors")]
    by = (part.campaign_id, part.version, part.dimension)
    leaf_sums = read(connection, select(*by, *sums).group_by(*by))
    targets = read(connection, select(plan.campaign_id, plan.version, plan.gmv, plan.visitors))
    spans = leaf_sums.groupby(["campaign_id", "version"])[["gmv", "visitors"]].agg(["min", "max"])
    joined = targets.set_index(["campaign_id", "version"]).join(
        spans.set_axis(["gmv_min", "gmv_max", "visitors_min", "visitors_max"], axis=1)
    )
    whole = [
        (joined[f"{name}_min"] == joined[f"{name}_max"]) & (joined[f"{name}_min"] >= joined[name])
        for name in ("gmv", "visitors")
    ]
    return {
        "sums": [f"{campaign_id} v{version}" for campaign_id, version in joined.index[~(whole[0] & whole[1])]]
    }
