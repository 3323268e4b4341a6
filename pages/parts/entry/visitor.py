"""Who stands behind the browser's cookies, asked of the database at each call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import streamlit as st

from core import clock
from core.access import Actor, audit, sessions
from core.database import Database, connect
from core.database.migrate import require_current
from core.settings import settings


@dataclass(frozen=True, slots=True)
class Credential:
    """What a browser proves its person with: our session's token, or the e-mail address that the company's
    identity provider has verified and when. It says who may be asked for, never who they are or what they may
    do.
    """

    token: object = field(default=None, repr=False)
    email: str = ""
    issued_at: datetime | None = None

    def actor(self, database: Database) -> Actor | None:
        """The person whom it stands for at this moment; None once the session is over."""
        signed_in = sessions.who(database, self.token, clock.now())
        if signed_in is not None or not self.email:
            return signed_in
        return sessions.who_oidc(database, self.email, clock.now(), self.issued_at)


@st.cache_resource(show_spinner=False)
def _checked(url: str) -> Database:
    opened = connect(url)
    require_current(opened)
    with opened.reading() as connection:
        audit.require_own_key(connection)
    return opened


def database() -> Database:
    """The database of the settings, opened, its schema and its key checked once per process.

    ShopError("database.empty" | "database.older" | "database.newer" | "database.unreachable" | "access.other_key").
    """
    return _checked(settings().url)


def token() -> object:
    """The session cookie as the browser sent it, or None."""
    return st.context.cookies.get(sessions.COOKIE)


def credential() -> Credential:
    """What this browser brings, for whatever runs later without its cookies."""
    if not (company() and st.user.is_logged_in):
        return Credential(token())
    claims = st.user.to_dict()
    return Credential(token(), sessions.verified_email(claims), sessions.issued_moment(claims))


def visit() -> sessions.Visit | None:
    """The session behind the cookie, also while its first password must be changed."""
    return sessions.visit(database(), token(), clock.now())


def visitor() -> Actor | None:
    """Who is signed in: by our own cookie, or by the company's identity provider where one is configured;
    None for nobody."""
    return credential().actor(database())


def company() -> bool:
    """Whether sign-in by the company's identity provider (OIDC) is configured in .streamlit/secrets.toml."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets
