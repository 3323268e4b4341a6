"""A person's calendar of the sale as iCalendar (RFC 5545), at an address that only its bearer knows: phases and flash-sale
sessions of every running campaign, the deadlines of the person's tasks, the shifts of the person's department.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import icalendar
import pandas as pd
from sqlalchemy import Connection, select

from core.access import Actor, accounts, allow, audit
from core.access.tables import account, calendar_feed
from core.campaign import service as campaigns
from core.campaign.service import Campaign
from core.campaign.tables import campaign
from core.clock import zone
from core.database import Database, read
from core.errors import ShopError
from core.notify.words import say, shown
from core.readiness import service as readiness
from core.readiness import staffing
from core.readiness.shifts import Shift
from core.warmup.tables import flash_session

KEPT = timedelta(days=30)  # how long a closed campaign stays in the calendar
CHAT, WAREHOUSE = "customer_service", "logistics"
ALL_TASKS = frozenset({"campaign_lead", "admin"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: its id for good, its words, its span (whole days as dates, the end beyond the last)."""

    uid: str
    title: str
    begins: datetime | date
    ends: datetime | date
    note: str = ""


def make(db: Database, actor: Actor, now: datetime) -> str:
    """A new secret address of the person's calendar, shown this once; the former one is worth nothing from now on.
    ShopError("access.unknown_account") for who has no account here."""
    allow(actor, "campaign.view")
    token = secrets.token_urlsafe(32)
    row = {"digest": _digest(token), "created_at": now}
    mine = calendar_feed.c.account == actor.name
    with db.writing() as connection:
        accounts.find(connection, actor.name)
        if connection.execute(calendar_feed.update().where(mine).values(**row)).rowcount == 0:
            connection.execute(calendar_feed.insert().values(account=actor.name, **row))
        audit.record(connection, actor, now, "calendar.make", actor.name)
    return token


def revoke(db: Database, actor: Actor, now: datetime) -> bool:
    """The person's address is worth nothing from now on; whether there was one."""
    allow(actor, "campaign.view")
    with db.writing() as connection:
        gone = calendar_feed.delete().where(calendar_feed.c.account == actor.name)
        if connection.execute(gone).rowcount == 0:
            return False
        audit.record(connection, actor, now, "calendar.revoke", actor.name)
    return True


def made_at(db: Database, actor: Actor) -> datetime | None:
    """When the person's address was made; None without one."""
    allow(actor, "campaign.view")
    query = select(calendar_feed.c.created_at).where(calendar_feed.c.account == actor.name)
    with db.reading() as connection:
        moment: datetime | None = connection.scalar(query)
    return moment


def feed(db: Database, token: str, now: datetime, language: str) -> bytes | None:
    """The calendar behind an address; None for an address that is nobody's, or whose person may not enter."""
    with db.reading() as connection:
        actor = _person(connection, token)
        if actor is None:
            return None
        names = connection.scalars(
            select(campaign.c.campaign_id).where(
                campaign.c.archived.is_(False),
                campaign.c.rehearsal_of == "",
                campaign.c.closes_at > now - KEPT,
            )
        ).all()
        sales = [campaigns.standing(connection, name) for name in names]
    entries = [entry for sale in sales for entry in _entries(db, actor, sale, now, language)]
    return written(entries, say(language, "calendar.title", who=actor.name), now)


def _person(connection: Connection, token: str) -> Actor | None:
    a = account.c
    query = select(a.name, a.role, a.department).join(calendar_feed, calendar_feed.c.account == a.name)
    row = connection.execute(
        query.where(calendar_feed.c.digest == _digest(token), a.disabled.is_(False))
    ).first()
    return Actor(row.name, row.role, "http", "", row.department) if row else None


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _entries(db: Database, actor: Actor, sale: Campaign, now: datetime, language: str) -> Iterator[Entry]:
    yield from _phases(sale, language)
    with db.reading() as connection:
        yield from _sessions(connection, sale, language)
        board = readiness.standing(connection, sale.campaign_id, now)
    yield from deadlines(actor, sale, board.tasks, language)
    yield from _shifts(db, actor, sale, language)


def _phases(sale: Campaign, language: str) -> Iterator[Entry]:
    for phase in sale.phases:
        name = phase.name or say(language, f"phase.{phase.kind}")
        title = say(language, "calendar.phase", sale=sale.name, phase=name)
        yield Entry(f"phase-{sale.campaign_id}-{phase.phase_id}", title, phase.starts_at, phase.ends_at)


def _sessions(connection: Connection, sale: Campaign, language: str) -> Iterator[Entry]:
    """Flash-sale sessions, goods of the same hour together."""
    s = flash_session.c
    query = select(s.sku_code, s.name, s.starts_at, s.ends_at, s.quota).where(
        s.campaign_id == sale.campaign_id
    )
    frame = read(connection, query.where(s.state != "closed"))
    for _, part in frame.groupby(["name", "starts_at", "ends_at"]):
        name, begins, ends = (part[key].iloc[0] for key in ("name", "starts_at", "ends_at"))
        mark = hashlib.sha256(f"{name}{begins}{ends}".encode()).hexdigest()[:16]
        goods = "\n".join(f"{code} × {n}" for code, n in zip(part["sku_code"], part["quota"], strict=True))
        title = say(language, "calendar.session", name=name, n=len(part))
        yield Entry(f"session-{sale.campaign_id}-{mark}", title, begins, ends, goods)


def deadlines(actor: Actor, sale: Campaign, tasks: pd.DataFrame, language: str) -> Iterator[Entry]:
    """What the person has to have done, on the day that it is due: own tasks and those of the department; whoever
    leads has all. Done ones are left out."""
    department = tasks["department"] == actor.department if actor.department else False
    mine = (tasks["owner"].str.casefold() == actor.name) | department | (actor.role in ALL_TASKS)
    due = tasks[mine & (tasks["state"] != "done")]
    for task_id, title, day, owner in zip(
        due["task_id"], due["title"], due["due_on"], due["owner"], strict=True
    ):
        said = say(language, "calendar.task", title=shown(title, 80))
        yield Entry(f"task-{sale.campaign_id}-{task_id}", said, day, day + timedelta(days=1), owner)


def _shifts(db: Database, actor: Actor, sale: Campaign, language: str) -> Iterator[Entry]:
    """The shifts of the warehouse for its people, those of the chat for theirs, with the heads that are needed."""
    warehouse = actor.role == "warehouse" or actor.department == WAREHOUSE
    if not warehouse and actor.department != CHAT:
        return
    try:
        found = staffing.heads(db, actor, sale.campaign_id)
    except ShopError:  # no plan yet, no shifts
        return
    rota = found.rota if warehouse else found.chat_rota.assign(stage=CHAT)
    spans = {one.name: one for one in (found.settings.shifts if warehouse else found.settings.chat_shifts)}
    for (day, name), part in rota.groupby(["day", "shift"]):
        begins, ends = span(date.fromisoformat(str(day)), spans[str(name)], sale.timezone)
        heads = int(part["heads"].sum())
        title = say(language, "calendar.shift", sale=sale.name, shift=_shift(str(name), language), n=heads)
        pairs = zip(part["stage"], part["heads"], strict=True)
        stages = "\n".join(f"{stage} {n}" for stage, n in pairs) if warehouse else ""
        yield Entry(f"shift-{sale.campaign_id}-{day}-{name}", title, begins, ends, stages)


def span(day: date, shift: Shift, zone_name: str) -> tuple[datetime, datetime]:
    """When a shift of a day begins and ends; it may run past midnight. Pure."""
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone(zone_name))
    begins = midnight + timedelta(hours=shift.starts)
    return begins, begins + timedelta(hours=shift.hours)


def _shift(name: str, language: str) -> str:
    try:
        return say(language, f"shift.{name}")
    except KeyError:  # a shop's own is its own word
        return name


def written(entries: Iterable[Entry], title: str, now: datetime) -> bytes:
    """The entries as an iCalendar file. Pure."""
    book = icalendar.Calendar()
    book.add("prodid", "-//Big-Sale Control Room//")
    book.add("version", "2.0")
    book.add("x-wr-calname", title)
    book.add("refresh-interval", timedelta(hours=1), parameters={"VALUE": "DURATION"})
    for one in entries:
        event = icalendar.Event()
        event.add("uid", f"{one.uid}@bigsale")
        event.add("dtstamp", now)
        event.add("summary", one.title)
        event.add("dtstart", one.begins)
        event.add("dtend", one.ends)
        if one.note:
            event.add("description", one.note)
        book.add_component(event)
    return bytes(book.to_ical())
