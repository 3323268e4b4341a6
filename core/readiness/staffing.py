"""What may be asked of heads: the warehouse by stage and hour, the chat by half hour, and the rota of both,
from the plan's orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, allow, audit
from core.campaign import decompose, planning
from core.campaign.pace import share_at
from core.campaign.planning import Plan
from core.clock import local_naive
from core.database import Database, one, upsert
from core.database.locks import one_at_a_time
from core.database.types import Values
from core.errors import ShopError
from core.readiness import chat_question
from core.readiness.chat_question import ChatQuestion
from core.readiness.erlang import ServiceGoal, agents, require_goal
from core.readiness.shifts import Shift, calendar, line_heads, on_shifts, require_shifts, with_new_hands
from core.readiness.tables import staffing_setting
from core.readiness.warehouse import Stage, person_hours
from core.versions import Version

STAGES = ("pick", "pack", "weigh", "load")


@dataclass(frozen=True, slots=True)
class Staffing:
    """How heads are counted. Rates: units a trained person handles per hour (pick: order lines, then orders);
    shares 0..1; times in hours or seconds.

    `permanent`: own people a shift by stage; all others are new hands, each from the first day that needs
    them. `contacts_per_order`: chats that one planned order brings; `least_agents`: on duty whenever the chat
    is open. `chat_wage`: fen that an hour of a chat person costs, 0 unknown.
    """

    lines_per_order: float = 1.6
    rates: Mapping[str, float] = field(
        default_factory=lambda: {"pick": 95.0, "pack": 60.0, "weigh": 240.0, "load": 300.0}
    )
    utilisation: float = 0.85
    shrinkage: float = 0.10
    promise_hours: int = 48
    permanent: Mapping[str, int] = field(default_factory=dict)
    shifts: tuple[Shift, ...] = (Shift("day", 8, 8), Shift("evening", 16, 8))
    contacts_per_order: float = 0.35
    goal: ServiceGoal = field(default_factory=lambda: ServiceGoal(concurrency=3.0))
    chat_shifts: tuple[Shift, ...] = (
        Shift("night", 0, 8),
        Shift("day", 8, 8),
        Shift("evening", 16, 8),
        Shift("late", 18, 8),
    )
    least_agents: int = 1
    chat_wage: int = 0

    @property
    def line(self) -> tuple[Stage, ...]:
        """The stages in order; only picking is counted in lines."""
        return tuple(
            Stage(name, self.lines_per_order if name == "pick" else 1.0, self.rates[name], self.utilisation)
            for name in STAGES
        )


@dataclass(frozen=True, slots=True)
class Heads:
    """Who is needed. Hours and half hours are naive campaign-local times, days are dates.

    `hours`: hour, stage, orders (passed on), backlog, heads (trained people present, float); `come`: hour,
    orders (planned); `rota`: day, shift, stage, trained (present), permanent, new_hands, heads (rostered);
    `chat`: time, contacts, agents, staff, service_level, answer_seconds, occupancy; `chat_rota`: day, shift,
    heads; `person_hours`: trained hours by stage; `chat_question`: a chat plan that is asked about.
    """

    settings: Staffing
    version: int
    come: pd.DataFrame
    hours: pd.DataFrame
    rota: pd.DataFrame
    chat: pd.DataFrame
    chat_rota: pd.DataFrame
    person_hours: dict[str, float]
    chat_question: ChatQuestion | None


def heads(db: Database, actor: Actor, campaign_id: str) -> Heads:
    """Heads for the plan in force. ShopError("readiness.no_plan" | "readiness.no_shift_before_promise" |
    "readiness.uncovered"
    | "campaign.unknown").
    """
    allow(actor, "readiness.view")
    with db.reading() as connection:
        plan = planning.in_force(connection, campaign_id)
        if plan is None:
            raise ShopError("readiness.no_plan")
        settings, version = in_force(connection, campaign_id)
    return counted(plan, settings, version)


def counted(plan: Plan, settings: Staffing, version: int = 0) -> Heads:
    """The heads that a plan and settings ask for."""
    start, orders = planned_orders(plan)
    first_hour = start.hour
    hours = line_heads(orders, settings.line, settings.shifts, first_hour, settings.promise_hours)
    hours = hours.assign(hour=start + pd.to_timedelta(hours["hour"], unit="h"))
    halves = half_hours(plan, start, orders)
    contacts = halves * settings.contacts_per_order

    def answered(goal: ServiceGoal) -> pd.DataFrame:
        """The chat by half hour under a goal."""
        times = start + pd.to_timedelta(np.arange(halves.size) * 30, unit="min")
        return agents(contacts, goal).assign(time=times, contacts=contacts)

    chat = answered(settings.goal)
    chat_rota = _chat_rota(chat, settings, start)
    question = chat_question.asked(
        chat_rota,
        settings.goal,
        settings.chat_shifts,
        lambda goal: _chat_rota(answered(goal), settings, start),
    )
    return Heads(
        settings,
        version,
        pd.DataFrame({"hour": start + pd.to_timedelta(np.arange(orders.size), unit="h"), "orders": orders}),
        hours,
        _rota(hours, settings, start),
        chat,
        chat_rota,
        {stage.name: person_hours(float(orders.sum()), stage) for stage in settings.line},
        question,
    )


def planned_orders(plan: Plan) -> tuple[pd.Timestamp, np.ndarray]:
    """Orders by hour of the plan (float, shape (hours,)) from its first local hour with any: paid amount of
    the hour ÷ AOV."""
    part = plan.part("hour")
    hours = local_naive(pd.to_datetime(part["part"], utc=True), plan.campaign.timezone)
    orders = (part["gmv"] / plan.target.aov).groupby(hours.dt.floor("h")).sum()
    orders = orders[orders > 0].asfreq("h", fill_value=0.0)
    if orders.empty:
        raise ShopError("readiness.no_plan")
    return orders.index[0], orders.to_numpy(dtype=float)


def half_hours(plan: Plan, start: pd.Timestamp, orders: np.ndarray) -> np.ndarray:
    """The same orders by half hour, each hour split by the pace curve of the phase that it lies in: the first
    half after an opening is the heavier.
    """
    edges = start + pd.to_timedelta(np.arange(orders.size * 2 + 1) * 30, unit="min")
    moments = edges.tz_localize(plan.campaign.timezone, ambiguous=True, nonexistent="shift_forward")
    weight, part = np.zeros(orders.size * 2), plan.part("phase")
    amounts = dict(zip(part["part"], part["gmv"], strict=True))
    for phase in plan.campaign.phases:
        minutes = (moments - pd.Timestamp(phase.starts_at)).total_seconds().to_numpy() / 60
        curve = decompose.curve_of(phase, plan.campaign.timezone, plan.weights.curves)
        weight += np.diff(share_at(curve, minutes)) * amounts.get(phase.phase_id, 0)
    pairs = weight.reshape(-1, 2)
    whole = pairs.sum(axis=1, keepdims=True)
    share = np.divide(pairs, whole, out=np.full_like(pairs, 0.5), where=whole > 0)
    halves: np.ndarray = (orders[:, None] * share).ravel()
    return halves


def _rota(hours: pd.DataFrame, settings: Staffing, start: pd.Timestamp) -> pd.DataFrame:
    """People by day, shift and stage; whoever is new on a shift is slow for a week from the first day
    there."""
    frames = []
    for stage, part in hours.groupby("stage", sort=False):
        rows, covered = calendar(settings.shifts, start.hour, len(part))
        people = on_shifts(part["heads"].to_numpy(), covered, rows["hours"].to_numpy(dtype=float))
        for _, mine in rows.assign(stage=stage, trained=people).groupby("shift", sort=False):
            present, days = mine["trained"].to_numpy(), mine["day"].to_numpy()
            hired = with_new_hands(present, settings.permanent.get(str(stage), 0), days, settings.shrinkage)
            frames.append(mine.join(hired.set_index(mine.index)))
    rota = pd.concat(frames, ignore_index=True)
    return _dated(rota[rota["heads"] > 0], start)


def _chat_rota(chat: pd.DataFrame, settings: Staffing, start: pd.Timestamp) -> pd.DataFrame:
    rows, covered = calendar(settings.chat_shifts, start.hour, len(chat) // 2, per_hour=2)
    needed = np.where(chat["contacts"] > 0, np.maximum(chat["staff"], settings.least_agents), 0)
    people = on_shifts(needed, covered, rows["hours"].to_numpy(dtype=float))
    return _dated(rows.assign(heads=people)[people > 0], start)


def _dated(rows: pd.DataFrame, start: pd.Timestamp) -> pd.DataFrame:
    """The rows with calendar days for the plan's day numbers, without the paid hours."""
    days = start.normalize() + pd.to_timedelta(rows["day"], unit="D")
    return rows.assign(day=days.dt.date).drop(columns="hours").reset_index(drop=True)


def settings(db: Database, actor: Actor, campaign_id: str) -> tuple[Staffing, int]:
    """The settings in force and their version (0: the application's own, nobody has changed them)."""
    allow(actor, "readiness.view")
    with db.reading() as connection:
        return in_force(connection, campaign_id)


def change(db: Database, actor: Actor, at: Version, wanted: Staffing, now: datetime) -> int:
    """Sets how heads are counted; returns the new version. ShopError("readiness.staffing_setting", field=...)
    | "readiness.staffing_moved".
    """
    allow(actor, "staffing.edit")
    _require(wanted)
    with db.writing() as connection:
        return put(connection, actor, at, wanted, now)


def put(connection: Connection, actor: Actor, at: Version, wanted: Staffing, now: datetime) -> int:
    """As `change`, inside the caller's transaction."""
    one_at_a_time(connection, f"staffing:{at.key}")
    before, version = in_force(connection, at.key)
    if version != at.number:
        raise ShopError("readiness.staffing_moved")
    value = asdict(wanted)
    row = {"campaign_id": at.key, "value": value, "version": version + 1, "account": actor.name, "at": now}
    upsert(connection, staffing_setting, pd.DataFrame([row]))
    audit.record(connection, actor, now, "readiness.staffing", at.key, asdict(before), value)
    return version + 1


def _require(wanted: Staffing) -> None:
    require_goal(wanted.goal)
    require_shifts(wanted.shifts)
    require_shifts(wanted.chat_shifts)
    bounds = {
        "lines_per_order": wanted.lines_per_order > 0,
        "rates": set(wanted.rates) == set(STAGES) and all(rate > 0 for rate in wanted.rates.values()),
        "utilisation": 0 < wanted.utilisation <= 1,
        "shrinkage": 0 <= wanted.shrinkage < 1,
        "promise_hours": len(STAGES) <= wanted.promise_hours <= 24 * 30,
        "permanent": all(count >= 0 for count in wanted.permanent.values()),
        "contacts_per_order": wanted.contacts_per_order >= 0,
        "least_agents": wanted.least_agents >= 0,
        "chat_wage": wanted.chat_wage >= 0,
    }
    for name, holds in bounds.items():
        if not holds:
            raise ShopError("readiness.staffing_setting", field=name, value=str(getattr(wanted, name)))


def in_force(connection: Connection, campaign_id: str) -> tuple[Staffing, int]:
    """As `settings`, inside the caller's transaction."""
    s = staffing_setting.c
    row = one(connection, select(s.value, s.version).where(s.campaign_id == campaign_id))
    return (from_stored(row["value"]), row["version"]) if row else (Staffing(), 0)


def from_stored(value: Values) -> Staffing:
    """Settings from what was stored of them."""
    shifts = {name: tuple(Shift(**shift) for shift in value[name]) for name in ("shifts", "chat_shifts")}
    return Staffing(**{**value, **shifts, "goal": ServiceGoal(**value["goal"])})
