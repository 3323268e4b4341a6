"""Sessions: who stands behind a cookie, from sign-in to sign-out. The browser holds a random token, the
database only its SHA-256."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, select, update

from core.access import audit, back_off, passwords
from core.access.accounts import clean_name
from core.access.rules import Actor
from core.access.tables import account, session
from core.database import Database
from core.errors import ShopError
from core.settings import settings

COOKIE, DEVICE_COOKIE, BROWSER_COOKIE = "bigsale_session", "bigsale_device", "bigsale_browser"
MOST_LIVE = 20  # sessions of one account; the oldest make room
KEPT = timedelta(days=90)  # ended sessions stay visible to the administrator that long

_seen: dict[
    tuple[str, str], datetime
] = {}  # (database, digest) -> last look, written to the database once a minute by `flush`
_seen_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Visit:
    """A live session: the acting person, whether the password must be changed first, and when it ends at the
    latest."""

    actor: Actor
    must_change: bool
    expires_at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What a good sign-in hands to the browser: the token (nowhere else), the device mark, the end, and the
    password view or not."""

    token: str
    device: str
    expires_at: datetime
    must_change: bool


@dataclass(frozen=True, slots=True)
class Client:
    """From where somebody signs in. `device` and `browser`: the marks that the browser has from a sign-in and from before any."""

    address: str
    agent: str
    device: str
    browser: str = ""


def who(db: Database, token: object, now: datetime) -> Actor | None:
    """The person behind a cookie's token, or None: forged, expired, idle, signed out, disabled, or the first
    password still unchanged."""
    signed_in = visit(db, token, now)
    return signed_in.actor if signed_in is not None and not signed_in.must_change else None


def must_change(db: Database, token: object, now: datetime) -> bool:
    """Whether the person behind the token is signed in but has to choose a password of their own before
    anything else."""
    signed_in = visit(db, token, now)
    return signed_in is not None and signed_in.must_change


def visit(db: Database, token: object, now: datetime) -> Visit | None:
    """The session behind a cookie's token, also while its password must be changed; None when there is none
    that counts."""
    if not isinstance(token, str) or not 20 <= len(token) <= 128:
        return None
    digest = digest_of(token)
    with db.reading() as connection:
        row = connection.execute(
            select(
                session, account.c.role, account.c.department, account.c.must_change, account.c.valid_after
            )
            .join(account, account.c.name == session.c.account)
            .where(session.c.digest == digest, session.c.ended_at.is_(None), account.c.disabled.is_(False))
        ).first()
    last_look = _seen.get((db.url, digest))
    if row is None or not _alive(row, last_look, now):
        return None
    with _seen_lock:
        _seen[db.url, digest] = max(now, last_look or now)
    actor = Actor(row.account, row.role, "page", row.address, row.department)
    return Visit(actor, row.must_change, row.expires_at, digest)


def _alive(row: Row[tuple[object, ...]], last_look: datetime | None, now: datetime) -> bool:
    last_active = max(row.seen_at, last_look or row.seen_at)
    idle = timedelta(minutes=settings().session_idle_minutes)
    return bool(row.created_at >= row.valid_after and now < row.expires_at and now < last_active + idle)


def who_oidc(db: Database, email: str, now: datetime, issued_at: datetime | None = None) -> Actor | None:
    """The account with this verified e-mail address (see `verified_email`), or None; the role comes from our
    own table.

    `issued_at` is when the identity provider signed the person in: "sign out everywhere" makes earlier ones
    worthless.
    """
    if not email:
        return None
    with db.reading() as connection:
        row = connection.execute(
            select(account).where(account.c.email == email.strip().casefold(), account.c.disabled.is_(False))
        ).first()
    issued = issued_at or now
    if row is None or issued < row.valid_after or now >= issued + timedelta(hours=settings().session_hours):
        return None
    return Actor(row.name, row.role, "page", "", row.department)


def verified_email(claims: Mapping[str, object]) -> str:
    """The e-mail address of an identity token, folded; empty unless the provider says that it is verified."""
    email = claims.get("email")
    return email.strip().casefold() if isinstance(email, str) and claims.get("email_verified") is True else ""


def sign_in(db: Database, name: str, word: str, client: Client, now: datetime) -> SignedIn:
    """Opens a session. `device` and `browser`: the marks that the browser has from a sign-in and from before
    any. ShopError("access.wrong_password") for any wrong pair, known name or not;
    ShopError("access.slow_down", seconds)."""
    folded = clean_name(name)
    with db.writing() as connection:
        attempt = back_off.tried(folded, client.address, client.device, client.browser, now)
        taken = back_off.begin(connection, attempt, now)
        row = connection.execute(
            select(account).where(account.c.name == folded, account.c.disabled.is_(False))
        ).first()
    if not passwords.matches(word, row.password if row else None) or row is None:
        raise ShopError("access.wrong_password")
    with db.writing() as connection:
        back_off.succeeded(connection, taken, now)
        opened = open_session(
            connection, Actor(row.name, row.role, "page", client.address, row.department), client.agent, now
        )
    return SignedIn(opened.token, opened.device, opened.expires_at, row.must_change)


def open_session(connection: Connection, actor: Actor, agent: str, now: datetime) -> SignedIn:
    """A fresh session for a person whose identity is proved; the account's oldest sessions beyond 20 end."""
    token = secrets.token_urlsafe(32)
    expires_at = now + timedelta(hours=settings().session_hours)
    live = (
        select(session.c.digest)
        .where(session.c.account == actor.name, session.c.ended_at.is_(None))
        .order_by(session.c.created_at.desc())
    )
    surplus = [row.digest for row in connection.execute(live.offset(MOST_LIVE - 1))]
    _end(connection, session.c.digest.in_(surplus), now, "too_many")
    connection.execute(
        session.insert().values(
            digest=digest_of(token),
            account=actor.name,
            created_at=now,
            seen_at=now,
            expires_at=expires_at,
            address=actor.address[:64],
            agent=agent[:200],
        )
    )
    connection.execute(session.delete().where(session.c.expires_at < now - KEPT))
    audit.record(connection, actor, now, "session.sign_in", actor.name)
    return SignedIn(token, back_off.device_mark(actor.name, now), expires_at, False)


class NewPassword(NamedTuple):
    """One's own password as it is and as it is to be."""

    old: str
    new: str


class Browser(NamedTuple):
    """What somebody signs in with: what it says of itself, and its device mark ("" for none)."""

    agent: str
    device: str


def change_password(
    db: Database, token: object, change: NewPassword, browser: Browser, now: datetime
) -> SignedIn:
    """Sets one's own password, ends every session of the account and opens a fresh one.

    ShopError("access.signed_out" | "access.wrong_password" | "access.slow_down" | "access.password_same" |
    "access.password_weak" ..).
    """
    signed_in = visit(db, token, now)
    if signed_in is None:
        raise ShopError("access.signed_out")
    actor = signed_in.actor
    attempt = back_off.tried(actor.name, actor.address, browser.device, "", now)
    old, new = change
    with db.writing() as connection:
        taken = back_off.begin(connection, attempt, now)
        stored = connection.scalar(select(account.c.password).where(account.c.name == actor.name))
    if not passwords.matches(old, stored):
        raise ShopError("access.wrong_password")
    if old == new:
        raise ShopError("access.password_same")
    passwords.require_good(new, actor.name)
    sealed = passwords.sealed(new)
    with db.writing() as connection:
        back_off.succeeded(connection, taken, now)
        kept = account.update().where(account.c.name == actor.name, account.c.password == stored)
        if connection.execute(kept.values(password=sealed, must_change=False, valid_after=now)).rowcount == 0:
            raise ShopError("access.wrong_password")  # somebody else changed it meanwhile
        _end(connection, session.c.account == actor.name, now, "password")
        facts = {"proof": passwords.proof_of(sealed)}
        audit.record(connection, actor, now, "account.password", actor.name, None, facts)
        return open_session(connection, actor, browser.agent, now)


def sign_out(db: Database, token: object, now: datetime) -> None:
    """Ends this session; nothing happens when there is none."""
    signed_in = visit(db, token, now)
    if signed_in is not None:
        with db.writing() as connection:
            if _end(connection, session.c.digest == signed_in.digest, now, "sign_out"):
                audit.record(connection, signed_in.actor, now, "session.sign_out", signed_in.actor.name)


def sign_out_everywhere(db: Database, token: object, now: datetime) -> int:
    """Ends every session of the person behind the token, the identity provider's too; how many there were."""
    signed_in = visit(db, token, now)
    if signed_in is None:
        return 0
    with db.writing() as connection:
        return end_all(connection, signed_in.actor, signed_in.actor.name, now, "everywhere")


def end_all(connection: Connection, actor: Actor, name: str, now: datetime, why: str) -> int:
    """Ends every session of an account, in the running transaction, with its audit row; how many there
    were."""
    ended = _end(connection, session.c.account == name, now, why)
    connection.execute(account.update().where(account.c.name == name).values(valid_after=now))
    audit.record(connection, actor, now, "session.end_all", name, None, {"sessions": ended, "why": why})
    return ended


def flush(db: Database) -> int:
    """Writes down when each session was last looked at, all in one transaction; called once a minute. How
    many were written."""
    with _seen_lock:
        looked = {digest: moment for (url, digest), moment in _seen.items() if url == db.url}
    if looked:
        with db.writing() as connection:
            for digest, moment in looked.items():
                connection.execute(
                    update(session)
                    .where(session.c.digest == digest, session.c.seen_at < moment)
                    .values(seen_at=moment)
                )
    with _seen_lock:
        for digest, moment in looked.items():
            if _seen.get((db.url, digest)) == moment:
                del _seen[db.url, digest]
    return len(looked)


def digest_of(token: str) -> str:
    """What the database knows of a token."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _end(connection: Connection, which: ColumnElement[bool], now: datetime, why: str) -> int:
    ended = connection.execute(
        session.update().where(which, session.c.ended_at.is_(None)).values(ended_at=now, ended_why=why)
    )
    return ended.rowcount


def issued_moment(claims: Mapping[str, object]) -> datetime | None:
    """When the identity provider signed the person in (the token's `iat`), if it says so."""
    issued = claims.get("iat")
    return (
        datetime.fromtimestamp(issued, UTC)
        if isinstance(issued, int | float) and not isinstance(issued, bool)
        else None
    )
