"""What may be asked of department tasks: the board and its changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import ColumnElement, Connection, delete, select, update

from core.access import Actor, allow, allowed, audit
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.clock import business_day
from core.database import Database, insert, new_id, one, read
from core.database.locks import one_at_a_time
from core.database.types import Record, Values
from core.errors import ShopError
from core.readiness import network, rules
from core.readiness.tables import task, task_link
from core.readiness.template import TASKS

DEPARTMENTS = rules.DEPARTMENTS
EDITABLE = ("title", "department", "owner", "t_minus", "days", "needs_proof")


@dataclass(frozen=True, slots=True)
class Board:
    """A campaign's tasks as `rules.board` has them, who waits for whom (first_id, waits_id), and readiness by
    department ("" = all).
    """

    campaign: Campaign
    today: date
    tasks: pd.DataFrame
    links: pd.DataFrame
    readiness: pd.DataFrame

    @property
    def ready(self) -> float:
        """The whole campaign's readiness, 0..1."""
        return float(self.readiness["readiness"].iloc[-1])

    @property
    def opening(self) -> date:
        """The day of T-0."""
        return business_day(self.campaign.opens_at, self.campaign.timezone)


@dataclass(frozen=True, slots=True)
class NewTask:
    """A task of the shop's own as it is entered; `after`: the tasks that it waits for."""

    title: str
    department: str
    t_minus: int
    days: int
    owner: str = ""
    needs_proof: bool = False
    after: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One move on the board: the task as it was seen, its new state, and what that state asks for."""

    task_id: str
    state: str
    version: int
    proof: str | None = None
    reason: str = ""


def board(db: Database, actor: Actor, campaign_id: str, now: datetime) -> Board:
    """The board of a campaign. ShopError("campaign.unknown")."""
    allow(actor, "readiness.view")
    with db.reading() as connection:
        return standing(connection, campaign_id, now)


def standing(connection: Connection, campaign_id: str, now: datetime) -> Board:
    """As `board`, inside the caller's transaction."""
    mine = campaigns.standing(connection, campaign_id)
    today, opening = business_day(now, mine.timezone), business_day(mine.opens_at, mine.timezone)
    columns = [column for column in task.columns if column.name not in {"campaign_id", "account", "at"}]
    tasks = read(
        connection,
        select(*columns)
        .where(task.c.campaign_id == campaign_id)
        .order_by(task.c.t_minus.desc(), task.c.task_id),
    )
    links = _links(connection, campaign_id)
    table = rules.board(tasks, _pairs(links), opening, today)
    return Board(mine, today, table, links, rules.readiness(table))


def draw_up(db: Database, actor: Actor, campaign_id: str, now: datetime, language: str = "zh") -> int:
    """Gives a campaign the template's tasks; those that it has already stay as they are. Returns how many
    were added."""
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        one_at_a_time(connection, f"readiness:{campaign_id}")
        campaigns.standing(connection, campaign_id)
        have = set(connection.scalars(select(task.c.task_id).where(task.c.campaign_id == campaign_id)))
        fresh = [t for t in TASKS if t.code not in have]
        rows = [
            (
                campaign_id,
                t.code,
                t.department,
                t.title[language],
                t.t_minus,
                t.days,
                t.needs_proof,
                actor.name,
                now,
            )
            for t in fresh
        ]
        names = [
            "campaign_id",
            "task_id",
            "department",
            "title",
            "t_minus",
            "days",
            "needs_proof",
            "account",
            "at",
        ]
        insert(connection, task, pd.DataFrame(rows, columns=names))
        pairs = [(campaign_id, first, t.code) for t in fresh for first in t.after]
        insert(connection, task_link, pd.DataFrame(pairs, columns=["campaign_id", "first_id", "waits_id"]))
        network.require_acyclic(_pairs(_links(connection, campaign_id)))
        audit.record(connection, actor, now, "readiness.draw_up", campaign_id, None, {"tasks": len(fresh)})
    return len(fresh)


def add(db: Database, actor: Actor, campaign_id: str, new: NewTask, now: datetime) -> str:
    """A task of the shop's own; returns its id. ShopError("readiness.task" | "readiness.unknown_task" |
    "readiness.cycle")."""
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        return enter(connection, actor, campaign_id, new, now)


def enter(connection: Connection, actor: Actor, campaign_id: str, new: NewTask, now: datetime) -> str:
    """As `add`, inside the caller's transaction."""
    row = asdict(replace(new, title=new.title.strip(), owner=new.owner.strip()))
    task_id, after = f"X{new_id()}", row.pop("after")
    _require_task(row)
    campaigns.standing(connection, campaign_id)
    named = {"campaign_id": campaign_id, "task_id": task_id, "account": actor.name, "at": now}
    insert(connection, task, pd.DataFrame([dict(row) | named]))
    _relink(connection, campaign_id, task_id, after)
    audit.record(connection, actor, now, "readiness.add", task_id, None, dict(row))
    return task_id


def edit(db: Database, actor: Actor, campaign_id: str, changed: Mapping[str, Values], now: datetime) -> int:
    """Cells changed on the board: task_id -> new values of EDITABLE fields and the `version` that was seen.
    All or nothing; returns the tasks.

    ShopError("readiness.moved", tasks=[...]) when somebody changed one meanwhile, "readiness.unknown_task" |
    "readiness.task".
    """
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        for task_id, values in changed.items():
            before = _task(connection, campaign_id, task_id)
            _require_task(before | dict(values))
            new = {name: values[name] for name in EDITABLE if name in values}
            _set(connection, actor, before | {"version": int(values["version"])}, new, now)
            audit.record(
                connection, actor, now, "readiness.edit", task_id, {name: before[name] for name in new}, new
            )
    return len(changed)


class Waits(NamedTuple):
    """A task, and those that it waits for."""

    task_id: str
    after: Sequence[str]


def link(db: Database, actor: Actor, campaign_id: str, waits: Waits, now: datetime) -> None:
    """Sets which tasks one waits for. ShopError("readiness.cycle", members=[...]) names the circle;
    "readiness.unknown_task"."""
    allow(actor, "readiness.edit")
    task_id, after = waits
    with db.writing() as connection:
        _task(connection, campaign_id, task_id)
        links = _links(connection, campaign_id)
        before = links.loc[links["waits_id"] == task_id, "first_id"].tolist()
        _relink(connection, campaign_id, task_id, after)
        audit.record(connection, actor, now, "readiness.link", task_id, before, list(after))


def progress(db: Database, actor: Actor, campaign_id: str, step: Step, now: datetime) -> None:
    """Moves a task on the board. Members of a department move their own department's tasks, planners all.

    ShopError("readiness.not_yours" | "readiness.unknown_state" | "readiness.proof_missing" |
    "readiness.reason_missing" | "readiness.unknown_task" | "readiness.moved").
    """
    allow(actor, "readiness.task")
    with db.writing() as connection:
        before = _task(connection, campaign_id, step.task_id)
        if not allowed(actor, "readiness.edit") and actor.department not in {"", before["department"]}:
            raise ShopError("readiness.not_yours", task=before["title"], department=before["department"])
        shown = before["proof"] if step.proof is None else step.proof.strip()
        rules.require_change(step.state, shown, before["needs_proof"], step.reason)
        new = {
            "state": step.state,
            "proof": shown,
            "reason": step.reason.strip() if step.state == "blocked" else "",
        }
        _set(connection, actor, before | {"version": step.version}, new, now)
        audit.record(
            connection,
            actor,
            now,
            "readiness.progress",
            step.task_id,
            {name: before[name] for name in new},
            new,
        )


def drop(db: Database, actor: Actor, campaign_id: str, task_id: str, now: datetime) -> None:
    """Takes a task and its links off the board. ShopError("readiness.unknown_task")."""
    allow(actor, "readiness.edit")
    with db.writing() as connection:
        before = _task(connection, campaign_id, task_id)
        both = (task_link.c.first_id == task_id) | (task_link.c.waits_id == task_id)
        connection.execute(delete(task_link).where(task_link.c.campaign_id == campaign_id, both))
        connection.execute(delete(task).where(_mine(campaign_id, task_id)))
        audit.record(
            connection,
            actor,
            now,
            "readiness.drop",
            task_id,
            {"title": before["title"], "state": before["state"]},
            None,
        )


def check(connection: Connection) -> dict[str, list[str]]:
    """Invariants: no circle of tasks in any campaign, every link between two tasks that stand."""
    links = read(connection, select(task_link))
    known = {(row[0], row[1]) for row in connection.execute(select(task.c.campaign_id, task.c.task_id))}
    circles = {str(cid): network.cycle(_pairs(part)) for cid, part in links.groupby("campaign_id")}
    ends = [
        *zip(links["campaign_id"], links["first_id"], strict=True),
        *zip(links["campaign_id"], links["waits_id"], strict=True),
    ]
    return {
        "no_circle": [f"{cid}: {' '.join(members)}" for cid, members in circles.items() if members],
        "links_have_tasks": sorted(
            {f"{cid} {task_id}" for cid, task_id in ends if (cid, task_id) not in known}
        ),
    }


def _require_task(row: Values) -> None:
    """ShopError("readiness.task", field=...) for a task without a title, department, length, or beyond a year
    from the opening."""
    faults = {
        "title": not str(row["title"]).strip(),
        "department": not str(row["department"]).strip(),
        "days": not 1 <= int(row["days"]) <= 365,
        "t_minus": not -365 <= int(row["t_minus"]) <= 365,
    }
    for field, broken in faults.items():
        if broken:
            raise ShopError("readiness.task", field=field)


def _mine(campaign_id: str, task_id: str) -> ColumnElement[bool]:
    return (task.c.campaign_id == campaign_id) & (task.c.task_id == task_id)


def _task(connection: Connection, campaign_id: str, task_id: str) -> Record:
    row = one(connection, select(task).where(_mine(campaign_id, task_id)))
    if row is None:
        raise ShopError("readiness.unknown_task", task=task_id)
    return row


def _links(connection: Connection, campaign_id: str) -> pd.DataFrame:
    return read(
        connection,
        select(task_link.c.first_id, task_link.c.waits_id).where(task_link.c.campaign_id == campaign_id),
    )


def _pairs(links: pd.DataFrame) -> list[network.Link]:
    return list(zip(links["first_id"], links["waits_id"], strict=True))


def _relink(connection: Connection, campaign_id: str, task_id: str, after: Sequence[str]) -> None:
    one_at_a_time(
        connection, f"readiness:{campaign_id}"
    )  # two links, each sound by itself, may close a circle
    firsts = list(dict.fromkeys(after))
    for first in firsts:
        _task(connection, campaign_id, first)
    connection.execute(
        delete(task_link).where(task_link.c.campaign_id == campaign_id, task_link.c.waits_id == task_id)
    )
    insert(
        connection,
        task_link,
        pd.DataFrame({"campaign_id": campaign_id, "first_id": firsts, "waits_id": task_id}),
    )
    network.require_acyclic(_pairs(_links(connection, campaign_id)))


def _set(
    connection: Connection, actor: Actor, seen: Values, new: Mapping[str, object], now: datetime
) -> None:
    """Sets values if nobody has changed the task since the version in which it was `seen`; else
    ShopError("readiness.moved")."""
    version = int(seen["version"])
    this_version = _mine(seen["campaign_id"], seen["task_id"]) & (task.c.version == version)
    values = {**new, "version": version + 1, "account": actor.name, "at": now}
    if not connection.execute(
        update(task).where(this_version).values(**values).returning(task.c.task_id)
    ).all():
        raise ShopError("readiness.moved", tasks=[seen["title"]])
