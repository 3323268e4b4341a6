"""Accounts: names, roles, first passwords; the rules that keep one administrator."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, select

from core.access import audit, passwords
from core.access.rules import ROLES, Actor
from core.access.tables import account
from core.database.locks import one_at_a_time
from core.errors import ShopError

NOBODYS_NAME = "local"  # the operator at the machine itself: not a person, so it can never be the second one
_NAME = re.compile(r"[\w.@+-]{1,64}")
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A generated password, shown once to the administrator and never again; empty where the person gave
    their own."""

    name: str
    role: str
    password: str


@dataclass(frozen=True, slots=True)
class NewAccount:
    """An account as it is asked for; without `word` a password is generated."""

    name: str
    role: str
    department: str = ""
    email: str = ""
    word: str = ""


def clean_name(name: str) -> str:
    """The name as it is compared and stored: full-width and capital letters folded, blanks around it gone."""
    return unicodedata.normalize("NFKC", name).strip().casefold()[:256]


def clean_email(email: str) -> str | None:
    """A folded e-mail address, None for an empty one. ShopError("access.bad_email")."""
    folded = email.strip().casefold()
    if folded and not _EMAIL.fullmatch(folded):
        raise ShopError("access.bad_email", email=email)
    return folded or None


def require_role(role: str) -> None:
    """ShopError("access.unknown_role") for a role that is not in the table."""
    if role not in ROLES:
        raise ShopError("access.unknown_role", role=role, roles=", ".join(ROLES))


def create(connection: Connection, actor: Actor, new: NewAccount, now: datetime) -> FirstPassword:
    """A new account; without `word` a password is generated that must be changed at first use.

    ShopError("access.bad_name" | "access.name_taken" | "access.email_taken" | "access.unknown_role" |
    "access.password_weak" ..).
    """
    folded, address = clean_name(new.name), clean_email(new.email)
    if not _NAME.fullmatch(folded):
        raise ShopError("access.bad_name", name=new.name)
    require_role(new.role)
    if new.word:
        passwords.require_good(new.word, folded)
    _require_free(connection, folded, address)
    first = new.word or passwords.generate()
    values = {"role": new.role, "department": new.department, "email": address, "must_change": not new.word}
    stored = passwords.sealed(first)
    row = values | {
        "name": folded,
        "password": stored,
        "disabled": False,
        "valid_after": now,
        "created_at": now,
        "created_by": actor.name,
    }
    connection.execute(account.insert().values(**row))
    audit.record(
        connection, actor, now, "account.add", folded, None, values | {"proof": passwords.proof_of(stored)}
    )
    return FirstPassword(folded, new.role, "" if new.word else first)


def _require_free(connection: Connection, name: str, email: str | None) -> None:
    if name == NOBODYS_NAME or connection.scalar(
        select(func.count()).select_from(account).where(account.c.name == name)
    ):
        raise ShopError("access.name_taken", name=name)
    require_free_email(connection, name, email)


def require_free_email(connection: Connection, name: str, email: str | None) -> None:
    """ShopError("access.email_taken") if the address belongs to another account than that one."""
    others = select(func.count()).select_from(account).where(account.c.email == email, account.c.name != name)
    if email and connection.scalar(others):
        raise ShopError("access.email_taken", email=email)


def find(connection: Connection, name: str) -> dict[str, object]:
    """One account's row. ShopError("access.unknown_account")."""
    row = connection.execute(select(account).where(account.c.name == clean_name(name))).mappings().first()
    if row is None:
        raise ShopError("access.unknown_account", name=name)
    return dict(row)


def count(connection: Connection) -> int:
    """How many accounts there are."""
    return connection.scalar(select(func.count()).select_from(account)) or 0


def require_another_admin(connection: Connection, name: str) -> None:
    """ShopError("access.last_admin") if no other enabled administrator would be left; of two who go at once
    the second one is told."""
    one_at_a_time(connection, "administrators")
    others = (
        select(func.count())
        .select_from(account)
        .where(account.c.role == "admin", account.c.disabled.is_(False), account.c.name != name)
    )
    if not connection.scalar(others):
        raise ShopError("access.last_admin", name=name)
