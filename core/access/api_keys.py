"""Keys for programs: each for its purposes, shown once, known here by its digest alone, revoked at any time."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

import pandas as pd
from sqlalchemy import select

from core.access import audit
from core.access.rules import Actor, allow
from core.access.tables import api_key
from core.database import Database, read
from core.errors import ShopError

SCOPES = ("read", "events", "labels", "assign")
"""What a key may be for: reading figures, sending events, the labels of the shop front, asking for arms."""
PREFIX = "bsk_"
NOTED = timedelta(minutes=1)  # how exactly the last use is known: a write a minute, not one a request
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made: the one time that its token is to be had."""

    name: str
    scopes: tuple[str, ...]
    token: str


def make(db: Database, actor: Actor, name: str, scopes: list[str], now: datetime) -> NewKey:
    """A new key for these purposes. ShopError("access.key_name" | "access.key_scopes" | "access.key_exists")."""
    allow(actor, "settings.manage")
    wanted = tuple(scope for scope in SCOPES if scope in scopes)
    if not _NAME.fullmatch(name):
        raise ShopError("access.key_name", name=name)
    if not wanted or set(scopes) - set(SCOPES):
        raise ShopError("access.key_scopes", scopes=list(SCOPES))
    token = PREFIX + secrets.token_urlsafe(32)
    row = {"digest": _digest(token), "name": name, "scopes": list(wanted), "created_by": actor.name}
    with db.writing() as connection:
        if connection.scalar(select(api_key.c.name).where(api_key.c.name == name)):
            raise ShopError("access.key_exists", name=name)
        connection.execute(api_key.insert().values(**row, created_at=now))
        audit.record(connection, actor, now, "key.add", name, None, {"scopes": list(wanted)})
    return NewKey(name, wanted, token)


def revoke(db: Database, actor: Actor, name: str, now: datetime) -> None:
    """The key counts no more; its name stays taken, for the trail. ShopError("access.key_unknown")."""
    allow(actor, "settings.manage")
    with db.writing() as connection:
        in_force = (api_key.c.name == name) & api_key.c.revoked_at.is_(None)
        if connection.execute(api_key.update().where(in_force).values(revoked_at=now)).rowcount == 0:
            raise ShopError("access.key_unknown", name=name)
        audit.record(connection, actor, now, "key.revoke", name)


def listed(db: Database, actor: Actor) -> pd.DataFrame:
    """Every key, those that count first: name, state ("active" | "revoked"), scopes (list), created_at, created_by,
    used_at, used_from (address), revoked_at. The token is nowhere."""
    allow(actor, "settings.manage")
    shown = [column for column in api_key.columns if column.name != "digest"]
    with db.reading() as connection:
        frame = read(connection, select(*shown).order_by(api_key.c.name))
    frame = frame.assign(state=frame["revoked_at"].isna().map({True: "active", False: "revoked"}))
    return frame.sort_values("state", kind="stable", ignore_index=True)


def token_of(authorization: str) -> str:
    """The key that an Authorization header shows; "" for none and for other bearers."""
    kind, _, token = authorization.partition(" ")
    token = token.strip()
    return token if kind.casefold() == "bearer" and token.startswith(PREFIX) else ""


def require(db: Database, token: str, scope: str, now: datetime, address: str = "") -> str:
    """The name of the key; its use is noted. ShopError("access.bad_key") for one that does not count,
    ShopError("access.key_purpose") for one that is for something else."""
    k = api_key.c
    query = select(k.name, k.scopes, k.used_at).where(k.digest == _digest(token), k.revoked_at.is_(None))
    with db.reading() as connection:
        row = connection.execute(query).first()
    if row is None:
        raise ShopError("access.bad_key")
    if scope not in row.scopes:
        raise ShopError("access.key_purpose", scope=scope)
    if row.used_at is None or now - row.used_at >= NOTED:
        with db.writing() as connection:
            used = api_key.update().where(k.name == row.name).values(used_at=now, used_from=address[:64])
            connection.execute(used)
    return str(row.name)


def _digest(token: str) -> str:
    """SHA-256: the token is 256 random bits, which no table of guesses holds."""
    return hashlib.sha256(token.encode()).hexdigest()
