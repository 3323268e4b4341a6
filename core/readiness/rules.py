"""Pure: states and dates of department tasks, readiness, bought advertising against the plan."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta

import numpy as np
import pandas as pd

from core.errors import ShopError
from core.readiness.network import Link, plan

DEPARTMENTS = (
    "mall",
    "operations",
    "marketing",
    "design",
    "technology",
    "customer_service",
    "logistics",
    "finance",
)
STATES = ("todo", "doing", "blocked", "done")
MARKS = ("overdue", "blocked", "doing", "todo", "done")  # what a task shows, most urgent first
SOON_DAYS = 2


def due_on(opening: date, t_minus: int) -> date:
    """The calendar day of T-n; a negative n lies after the opening.

    >>> due_on(date(2026, 11, 11), 7)
    datetime.date(2026, 11, 4)
    """
    return opening - timedelta(days=t_minus)


def require_change(state: str, proof: str, needs_proof: bool, reason: str) -> None:
    """Whether a task may take the state: a proof where one is asked for, a reason where it is blocked.

    ShopError("readiness.unknown_state" | "readiness.proof_missing" | "readiness.reason_missing").
    """
    if state not in STATES:
        raise ShopError("readiness.unknown_state", state=state)
    if state == "done" and needs_proof and not proof.strip():
        raise ShopError("readiness.proof_missing")
    if state == "blocked" and not reason.strip():
        raise ShopError("readiness.reason_missing")


def board(tasks: pd.DataFrame, links: Iterable[Link], opening: date, today: date) -> pd.DataFrame:
    """The tasks with their dates and marks, the most urgent first.

    `tasks`: task_id, department, days, t_minus, state and whatever else it carries along. Adds due_on and
    start_on (dates), overdue (bool), mark (one of MARKS), waiting_for (ids of unfinished tasks in front,
    joined by a blank), late_by (days that it will be late, 0 when in time) and the columns of `network.plan`.
    """
    links = list(links)
    done = tasks["state"] == "done"
    days_left = (opening - today).days
    network = plan(tasks.assign(done=done), links, days_left).set_index(tasks.index)
    overdue = ~done & (-tasks["t_minus"] < -days_left)
    waiting = _waiting(tasks, links)
    blocked = ~done & (
        (tasks["state"] == "blocked") | ((tasks["state"] == "todo") & overdue & (waiting != ""))
    )
    mark = np.select(
        [overdue & ~blocked, blocked, tasks["state"] == "doing", ~done],
        ["overdue", "blocked", "doing", "todo"],
        "done",
    )
    frame = tasks.join(network.drop(columns="task_id")).assign(
        due_on=[due_on(opening, int(n)) for n in tasks["t_minus"]],
        start_on=[
            opening - timedelta(days=int(n + d - 1))
            for n, d in zip(tasks["t_minus"], tasks["days"], strict=True)
        ],
        overdue=overdue,
        mark=mark,
        waiting_for=waiting,
        late_by=np.where(done, 0, np.maximum(-network["slack"], 0)),
    )
    rank = frame["mark"].map({name: i for i, name in enumerate(MARKS)})
    return (
        frame.assign(rank=rank)
        .sort_values(["rank", "slack", "t_minus"], ascending=[True, True, False], kind="stable")
        .drop(columns="rank")
    )


def _waiting(tasks: pd.DataFrame, links: list[Link]) -> pd.Series:
    """Ids of the unfinished tasks that each task waits for, joined by a blank."""
    unfinished = set(tasks.loc[tasks["state"] != "done", "task_id"])
    pairs = pd.DataFrame(
        [(waits, first) for first, waits in links if first in unfinished], columns=["task_id", "first"]
    )
    joined = pairs.groupby("task_id")["first"].agg(" ".join) if len(pairs) else pd.Series(dtype=object)
    return joined.reindex(tasks["task_id"]).astype("str").fillna("").set_axis(tasks.index)


def readiness(tasks: pd.DataFrame) -> pd.DataFrame:
    """Readiness by department, and "" for the whole: rows department, tasks, done, doing, blocked, overdue,
    readiness, planned.

    `tasks` as from `board`. A task weighs its days; `readiness` is the finished share, `planned` the share
    that should be finished by now, both 0..1. Departments in the application's order, those without a task left
    out; the whole comes last.
    """
    weights = tasks.assign(
        weight=tasks["days"],
        done=(tasks["state"] == "done") * 1,
        doing=(tasks["mark"] == "doing") * 1,
        blocked=(tasks["mark"] == "blocked") * 1,
        overdue=tasks["overdue"] * 1,
        finished=tasks["days"] * (tasks["state"] == "done"),
        expected=tasks["days"] * ((tasks["state"] == "done") | tasks["overdue"]),
        tasks=1,
    )
    names = ["tasks", "done", "doing", "blocked", "overdue", "weight", "finished", "expected"]
    parts = (
        weights.groupby("department")[names].sum().reindex(_departments(weights["department"])).reset_index()
    )
    whole = weights[names].sum().to_frame().T.assign(department="")
    both = pd.concat([parts, whole], ignore_index=True)
    weight = both["weight"].clip(lower=1).astype(float)
    both = both.assign(readiness=both["finished"] / weight, planned=both["expected"] / weight)
    return both[["department", "tasks", "done", "doing", "blocked", "overdue", "readiness", "planned"]]


def _departments(used: pd.Series) -> list[str]:
    """Those that have a task: the application's in their order, then any others."""
    return [name for name in DEPARTMENTS if (used == name).any()] + sorted(set(used) - set(DEPARTMENTS))


def reminders(tasks: pd.DataFrame, today: date, soon_days: int = SOON_DAYS) -> pd.DataFrame:
    """What people must be told today: unfinished tasks that are overdue, blocked, or due within `soon_days`,
    by department and owner.

    `tasks` as from `board`; the rows keep their columns and gain `cause` (overdue | blocked | soon).
    """
    due = pd.to_datetime(tasks["due_on"])
    soon = (due >= pd.Timestamp(today)) & (due <= pd.Timestamp(today) + pd.Timedelta(days=soon_days))
    cause = np.select(
        [tasks["overdue"], tasks["mark"] == "blocked", soon], ["overdue", "blocked", "soon"], ""
    )
    open_tasks = tasks.assign(cause=cause)[(cause != "") & (tasks["state"] != "done")]
    ordered: pd.DataFrame = open_tasks.sort_values(["department", "owner", "due_on"], kind="stable")
    return ordered


def by_channel(resources: pd.DataFrame, planned: pd.DataFrame) -> pd.DataFrame:
    """Bought advertising against the plan, channel by channel: channel, budget, expected_visitors,
    planned_visitors (int64), cost_per_visitor, planned_cost (Int64 fen a visitor, missing without visitors or
    without a plan for them), missing_visitors (planned but not bought, never below 0).

    `resources`: channel, budget, expected_visitors; `planned`: channel, visitors (new visitors to be won),
    cost (fen in all).
    """
    bought = resources.groupby("channel")[["budget", "expected_visitors"]].sum()
    wanted = planned.groupby("channel", sort=False)[["visitors", "cost"]].sum()
    channels = [*wanted.index, *(name for name in bought.index if name not in wanted.index)]
    both = bought.reindex(channels).join(wanted).fillna(0).astype("int64")

    def each(amount: str, visitors: str) -> pd.Series:
        known = both[visitors].mask((both[visitors] == 0) | (both[amount] == 0)).astype("Float64")
        return ((both[amount] / known) + 0.5).floordiv(1).astype("Int64")

    return pd.DataFrame(
        {
            "budget": both["budget"],
            "expected_visitors": both["expected_visitors"],
            "planned_visitors": both["visitors"],
            "cost_per_visitor": each("budget", "expected_visitors"),
            "planned_cost": each("cost", "visitors"),
            "missing_visitors": (both["visitors"] - both["expected_visitors"]).clip(lower=0),
        }
    ).reset_index(names="channel")


def advertising(resources: pd.DataFrame, planned_visitors: int) -> pd.DataFrame:
    """Bought places with their cost per visitor, and "" for the sum: adds cost_per_visitor (fen, 0 where none
    is expected) and share_of_plan.

    `resources`: name, channel, budget (fen), expected_visitors, and whatever else. `planned_visitors`:
    visitors of the campaign's target.
    """
    whole = {
        "name": "",
        "channel": "",
        "budget": resources["budget"].sum(),
        "expected_visitors": resources["expected_visitors"].sum(),
    }
    both = pd.concat([resources, pd.DataFrame([whole])], ignore_index=True)
    visitors = both["expected_visitors"].astype(float)
    cost = np.divide(both["budget"].astype(float), visitors, out=np.zeros(len(both)), where=visitors > 0)
    share = visitors / planned_visitors if planned_visitors else visitors * 0
    return both.assign(cost_per_visitor=np.floor(cost + 0.5).astype(np.int64), share_of_plan=share)
