"""What the admin page and the command line ask of this room: accounts, sessions, the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
from sqlalchemy import Connection, inspect, select

from core.access import accounts, approvals, audit, passwords, sessions
from core.access.accounts import FirstPassword
from core.access.rules import Actor, allow
from core.access.tables import account, session
from core.database import Database, read
from core.database.locks import one_at_a_time
from core.errors import ShopError

LOCAL_OPERATOR = Actor(accounts.NOBODYS_NAME, "admin", "cli")


def operator(db: Database, name: str = "") -> Actor:
    """Who acts at the command line: the named account, or the local operator.

    Whoever can start a command holds the database's address anyway; the name makes them answerable and gives them their role. The
    local operator exists on the embedded database, and on any other one until its first account is made.
    ShopError("access.unknown_account" | "access.disabled" | "access.name_yourself").
    """
    with db.reading() as connection:
        if not name:
            if db.embedded or not inspect(connection).has_table("account") or not accounts.count(connection):
                return LOCAL_OPERATOR
            raise ShopError("access.name_yourself")
        row = accounts.find(connection, name)
    if row["disabled"]:
        raise ShopError("access.disabled", name=name)
    return Actor(str(row["name"]), str(row["role"]), "cli", "", str(row["department"]))


def people(db: Database, actor: Actor) -> pd.DataFrame:
    """Every account by name: name, role, department, email, must_change, disabled, created_at, created_by, last_seen, live_sessions."""
    allow(actor, "account.manage")
    shown = [
        account.c[key] for key in ("name", "role", "department", "email", "must_change", "disabled", "created_at", "created_by")
    ]
    with db.reading() as connection:
        frame = read(connection, select(*shown).order_by(account.c.name))
        seen = read(connection, select(session.c.account, session.c.seen_at, session.c.ended_at))
    by_name = (
        seen.assign(live=seen["ended_at"].isna())
        .groupby("account")
        .agg(last_seen=("seen_at", "max"), live_sessions=("live", "sum"))
    )
    frame = frame.join(by_name, on="name")
    return frame.assign(live_sessions=frame["live_sessions"].fillna(0).astype("int64"))


def add_account(
    db: Database, actor: Actor, name: str, role: str, now: datetime, *, department: str = "", email: str = "", word: str = ""
) -> FirstPassword:
    """A new account; see `accounts.create`."""
    allow(actor, "account.manage")
    with db.writing() as connection:
        return accounts.create(connection, actor, name, role, now, department=department, email=email, word=word)


def is_empty(db: Database) -> bool:
    """Whether nobody lives here yet; asked by the start script, not by a person."""
    with db.reading() as connection:
        return accounts.count(connection) == 0


def first_account(db: Database, now: datetime) -> FirstPassword | None:
    """The first administrator of an empty house, or None where somebody lives already; called by the start script, not by a person."""
    with db.writing() as connection:
        one_at_a_time(connection, "first account")
        if accounts.count(connection):
            return None
        return accounts.create(connection, LOCAL_OPERATOR, "admin", "admin", now)


def change_account(
    db: Database, actor: Actor, name: str, now: datetime, *, role: str, department: str = "", email: str = ""
) -> None:
    """Sets role, department and e-mail; it counts from the person's next click.

    ShopError("access.last_admin" | "access.unknown_role" | "access.email_taken" ..).
    """
    allow(actor, "account.manage")
    accounts.require_role(role)
    values = {"role": role, "department": department, "email": accounts.clean_email(email)}
    with db.writing() as connection:
        row = accounts.find(connection, name)
        if row["role"] == "admin" and role != "admin":
            accounts.require_another_admin(connection, str(row["name"]))
        accounts.require_free_email(connection, str(row["name"]), values["email"])
        connection.execute(account.update().where(account.c.name == row["name"]).values(**values))
        audit.record(connection, actor, now, "account.change", str(row["name"]), {key: row[key] for key in values}, values)


def disable_account(db: Database, actor: Actor, name: str, now: datetime, *, disabled: bool = True) -> None:
    """Locks an account and ends its sessions at once, or opens it again. ShopError("access.last_admin")."""
    allow(actor, "account.manage")
    with db.writing() as connection:
        row = accounts.find(connection, name)
        found = str(row["name"])
        if disabled and row["role"] == "admin":
            accounts.require_another_admin(connection, found)
        connection.execute(account.update().where(account.c.name == found).values(disabled=disabled))
        if disabled:
            sessions.end_all(connection, actor, found, now, "disabled")
        audit.record(connection, actor, now, "account.disable" if disabled else "account.enable", found)


def reset_password(db: Database, actor: Actor, name: str, now: datetime) -> FirstPassword:
    """A new generated password, to be changed at first use; every session of the account ends."""
    allow(actor, "account.manage")
    fresh = passwords.generate()
    sealed = passwords.sealed(fresh)
    with db.writing() as connection:
        row = accounts.find(connection, name)
        found = str(row["name"])
        connection.execute(account.update().where(account.c.name == found).values(password=sealed, must_change=True))
        sessions.end_all(connection, actor, found, now, "password")
        audit.record(connection, actor, now, "account.reset_password", found)
    return FirstPassword(found, str(row["role"]), fresh)


def live_sessions(db: Database, actor: Actor, now: datetime) -> pd.DataFrame:
    """Sessions that count at this moment, newest first: id, account, created_at, seen_at, expires_at, address, agent."""
    allow(actor, "account.manage")
    shown = [
        session.c.digest.label("id"),
        *(session.c[key] for key in ("account", "created_at", "seen_at", "expires_at", "address", "agent")),
    ]
    with db.reading() as connection:
        return read(
            connection,
            select(*shown).where(session.c.ended_at.is_(None), session.c.expires_at > now).order_by(session.c.created_at.desc()),
        )


def end_sessions(db: Database, actor: Actor, name: str, now: datetime) -> int:
    """Signs a person out everywhere; live pages stop at their next tick. How many sessions ended."""
    allow(actor, "account.manage")
    with db.writing() as connection:
        found = str(accounts.find(connection, name)["name"])
        return sessions.end_all(connection, actor, found, now, "admin")


def trail(db: Database, actor: Actor, limit: int = 500, **wanted: Any) -> pd.DataFrame:
    """The audit trail, newest first; `wanted` as in `audit.search` (text, account, action, subject, since, until)."""
    allow(actor, "audit.view")
    with db.reading() as connection:
        return audit.search(connection, limit=limit, **wanted)


def export_trail(db: Database, actor: Actor, now: datetime, **wanted: Any) -> pd.DataFrame:
    """The whole trail with its digests, oldest first, for keeping elsewhere; the export itself is recorded."""
    allow(actor, "audit.view")
    with db.writing() as connection:
        frame = audit.search(connection, limit=None, sealed=True, **wanted)
        audit.record(connection, actor, now, "audit.export", "audit", None, {"rows": len(frame)})
    return frame


def check(connection: Connection) -> dict[str, list[Any]]:
    """The room's invariants: the audit chain whole up to its sealed head; every approval for what it says, by two people."""
    return {"audit": audit.faults(connection), "approvals": approvals.faults(connection)}
