"""What the admin page and the command line ask of this package: accounts, sessions, the audit trail."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import pandas as pd
from sqlalchemy import Connection, Row, inspect, select

from core.access import accounts, approvals, audit, passwords, sessions
from core.access.accounts import FirstPassword as FirstPassword
from core.access.accounts import NewAccount as NewAccount
from core.access.agreement import independence
from core.access.approvals import Request
from core.access.audit import ALL
from core.access.audit import Wanted as Wanted
from core.access.rules import Actor, allow
from core.access.tables import account, session
from core.access.tables import audit as audit_rows
from core.database import Database, read
from core.database.locks import one_at_a_time
from core.database.types import Faults
from core.errors import ShopError

ROLE_APPROVAL = "account_role"
LOCAL_OPERATOR = Actor(accounts.NOBODYS_NAME, "admin", "cli")


@dataclass(frozen=True, slots=True)
class Duties:
    """What an account may do, for which department, and where it is reached."""

    role: str
    department: str = ""
    email: str = ""


def operator(db: Database, name: str = "") -> Actor:
    """Who acts at the command line: the named account, or the local operator.

    Whoever can start a command holds the database's address anyway; the name makes them answerable and gives
    them their role. The local operator exists on the embedded database, and on any other one until its first
    account is made. ShopError("access.unknown_account" | "access.disabled" | "access.name_yourself").
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
    """Every account by name: name, role, department, email, must_change, disabled, created_at, created_by,
    last_seen, live_sessions."""
    allow(actor, "account.manage")
    shown = [
        account.c[key]
        for key in (
            "name",
            "role",
            "department",
            "email",
            "must_change",
            "disabled",
            "created_at",
            "created_by",
        )
    ]
    with db.reading() as connection:
        frame = read(connection, select(*shown).order_by(account.c.name))
        sessions_of = read(connection, select(session.c.account, session.c.seen_at, session.c.ended_at))
    by_name = (
        sessions_of.assign(live=sessions_of["ended_at"].isna())
        .groupby("account")
        .agg(last_seen=("seen_at", "max"), live_sessions=("live", "sum"))
    )
    frame = frame.join(by_name, on="name")
    return frame.assign(live_sessions=frame["live_sessions"].fillna(0).astype("int64"))


def add_account(db: Database, actor: Actor, new: NewAccount, now: datetime) -> FirstPassword:
    """A new account; see `accounts.create`. A role that may decide for others waits for another administrator,
    where there is one: until then the account is a viewer's, which is what the answer says."""
    allow(actor, "account.manage")
    accounts.require_role(new.role)
    with db.writing() as connection:
        waits = independence.needs_second(
            connection, actor, accounts.clean_name(new.name), "viewer", new.role
        )
        held = "viewer" if waits else new.role
        first = accounts.create(
            connection,
            actor,
            NewAccount(new.name, held, department=new.department, email=new.email, word=new.word),
            now,
        )
        if waits:
            _ask_for_role(connection, actor, RoleChange(first.name, held, new.role), now)
        return first


def is_empty(db: Database) -> bool:
    """Whether nobody lives here yet; asked by the start script, not by a person."""
    with db.reading() as connection:
        return accounts.count(connection) == 0


def nobody_yet(db: Database) -> bool:
    """Whether nobody has ever signed in: the sign-in then says where the first password stands."""
    entered = select(audit_rows.c.number).where(audit_rows.c.action == "session.sign_in").limit(1)
    with db.reading() as connection:
        return connection.scalar(entered) is None


def first_account(db: Database, now: datetime) -> FirstPassword | None:
    """The first administrator of an empty installation, or None where somebody lives already; called by the start
    script, not by a person."""
    with db.writing() as connection:
        one_at_a_time(connection, "first account")
        if accounts.count(connection):
            return None
        return accounts.create(connection, LOCAL_OPERATOR, NewAccount("admin", "admin"), now)


def change_account(db: Database, actor: Actor, name: str, now: datetime, *, duties: Duties) -> bool:
    """Sets role, department and e-mail; it counts from the person's next click. Whether all of it holds: a role
    that may decide for others waits for another administrator, where there is one.

    ShopError("access.last_admin" | "access.unknown_role" | "access.email_taken" ..).
    """
    allow(actor, "account.manage")
    accounts.require_role(duties.role)
    values = {
        "role": duties.role,
        "department": duties.department,
        "email": accounts.clean_email(duties.email),
    }
    with db.writing() as connection:
        row = accounts.find(connection, name)
        if row["role"] == "admin" and duties.role != "admin":
            accounts.require_another_admin(connection, str(row["name"]))
        accounts.require_free_email(connection, str(row["name"]), values["email"])
        waits = independence.needs_second(connection, actor, str(row["name"]), str(row["role"]), duties.role)
        if waits:
            _ask_for_role(connection, actor, RoleChange(str(row["name"]), str(row["role"]), duties.role), now)
            values["role"] = str(row["role"])
        _set(connection, actor, row, values, now)
    return not waits


def _set(
    connection: Connection, actor: Actor, row: dict[str, object], values: dict[str, str | None], now: datetime
) -> None:
    """Changes an account's row, with its audit row."""
    name = str(row["name"])
    connection.execute(account.update().where(account.c.name == name).values(**values))
    audit.record(connection, actor, now, "account.change", name, {key: row[key] for key in values}, values)


class RoleChange(NamedTuple):
    """An account, the role that it has, and the one that it is to have."""

    name: str
    before: str
    after: str


def _ask_for_role(connection: Connection, actor: Actor, change: RoleChange, now: datetime) -> None:
    name, before, after = change
    inputs = {"role_before": before, "role": after}
    approvals.request(connection, actor, now, Request(ROLE_APPROVAL, name, inputs, f"{before} -> {after}"))


def _give_role(connection: Connection, actor: Actor, asked: Row[object], now: datetime) -> None:
    """Another administrator has agreed: the account gets the role that was asked for.
    ShopError("approval.moved") where its role is another one by now."""
    row = accounts.find(connection, asked.subject)
    if row["role"] != asked.inputs["role_before"]:
        raise ShopError("approval.moved", subject=asked.subject)
    _set(connection, actor, row, {"role": asked.inputs["role"]}, now)


approvals.on_approval[ROLE_APPROVAL] = _give_role


def disable_account(db: Database, actor: Actor, name: str, now: datetime, *, disabled: bool = True) -> None:
    """Locks an account and ends its sessions at once, or opens it again. ShopError("access.last_admin")."""
    allow(actor, "account.manage")
    with db.writing() as connection:
        row = accounts.find(connection, name)
        account_name = str(row["name"])
        if disabled and row["role"] == "admin":
            accounts.require_another_admin(connection, account_name)
        connection.execute(account.update().where(account.c.name == account_name).values(disabled=disabled))
        if disabled:
            sessions.end_all(connection, actor, account_name, now, "disabled")
        audit.record(
            connection, actor, now, "account.disable" if disabled else "account.enable", account_name
        )


def reset_password(db: Database, actor: Actor, name: str, now: datetime) -> FirstPassword:
    """A new generated password, to be changed at first use; every session of the account ends."""
    allow(actor, "account.manage")
    fresh = passwords.generate()
    sealed = passwords.sealed(fresh)
    with db.writing() as connection:
        row = accounts.find(connection, name)
        account_name = str(row["name"])
        connection.execute(
            account.update().where(account.c.name == account_name).values(password=sealed, must_change=True)
        )
        sessions.end_all(connection, actor, account_name, now, "password")
        facts = {"proof": passwords.proof_of(sealed)}
        audit.record(connection, actor, now, "account.reset_password", account_name, None, facts)
    return FirstPassword(account_name, str(row["role"]), fresh)


def live_sessions(db: Database, actor: Actor, now: datetime) -> pd.DataFrame:
    """Sessions that count at this moment, newest first: id, account, created_at, seen_at, expires_at,
    address, agent."""
    allow(actor, "account.manage")
    shown = [
        session.c.digest.label("id"),
        *(session.c[key] for key in ("account", "created_at", "seen_at", "expires_at", "address", "agent")),
    ]
    with db.reading() as connection:
        return read(
            connection,
            select(*shown)
            .where(session.c.ended_at.is_(None), session.c.expires_at > now)
            .order_by(session.c.created_at.desc()),
        )


def end_sessions(db: Database, actor: Actor, name: str, now: datetime) -> int:
    """Signs a person out everywhere; live pages stop at their next tick. How many sessions ended."""
    allow(actor, "account.manage")
    with db.writing() as connection:
        account_name = str(accounts.find(connection, name)["name"])
        return sessions.end_all(connection, actor, account_name, now, "admin")


def trail(db: Database, actor: Actor, wanted: Wanted = ALL, *, limit: int = 500) -> pd.DataFrame:
    """The audit trail, newest first."""
    allow(actor, "audit.view")
    with db.reading() as connection:
        return audit.search(connection, wanted, limit=limit)


def export_trail(db: Database, actor: Actor, now: datetime, wanted: Wanted = ALL) -> pd.DataFrame:
    """The trail with its digests, oldest first, for keeping elsewhere; the export itself is
    recorded."""
    allow(actor, "audit.view")
    with db.writing() as connection:
        frame = audit.search(connection, wanted, limit=None, sealed=True)
        audit.record(connection, actor, now, "audit.export", "audit", None, {"rows": len(frame)})
    return frame


def check(connection: Connection) -> Faults:
    """The package's invariants: the audit chain whole up to its sealed head; every approval for what it says, by
    two people."""
    return {"audit": audit.faults(connection), "approvals": approvals.faults(connection)}
