"""The guard: first line of every page and of every live fragment.

user = require("stock.view")     # the signed-in Actor; a revoked session meets the sign-in, a wrong role is told so
db = database()                  # the one database of this process, its schema checked
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from core import clock
from core.access import Actor, allowed, sessions
from core.database import Database, connect
from core.database.migrate import require_current
from core.settings import settings
from pages.parts.text import t


@st.cache_resource(show_spinner=False)
def _checked(url: str) -> Database:
    found = connect(url)
    require_current(found)
    return found


def database() -> Database:
    """The database of the settings, opened and its schema checked once per process.

    ShopError("database.older" | "database.newer" | "database.unreachable").
    """
    return _checked(settings().url)


def token() -> object:
    """The session cookie as the browser sent it, or None."""
    return st.context.cookies.get(sessions.COOKIE)


def visit() -> sessions.Visit | None:
    """The session behind the cookie, also while its first password must be changed; asked of the database at each call."""
    return sessions.visit(database(), token(), clock.now())


def visitor() -> Actor | None:
    """Who is signed in: by our own cookie, or by the company's identity provider where one is configured; None for nobody."""
    found = sessions.who(database(), token(), clock.now())
    return found if found is not None else _companion()


def _companion() -> Actor | None:
    if not (company() and st.user.is_logged_in):
        return None
    claims = st.user.to_dict()
    return sessions.who_oidc(database(), sessions.verified_email(claims), clock.now(), sessions.issued_moment(claims))


def company() -> bool:
    """Whether sign-in by the company's identity provider (OIDC) is configured in .streamlit/secrets.toml."""
    return st.secrets.load_if_toml_exists() and "auth" in st.secrets


def require(action: str) -> Actor:
    """The signed-in person if the role may do `action`.

    Nobody signed in (a session that was revoked or ran out while the page stood open): the app runs again and meets the
    gate. A role without the action: a sentence, and the page stops.
    """
    actor = visitor()
    if actor is None:
        st.rerun()
    if not allowed(actor, action):
        refuse(actor)
    return actor


def refuse(actor: Actor) -> NoReturn:
    """Says that the page is not for this role; the page stops."""
    st.error(t("shell.not_for_role", role=t(f"role.{actor.role}")), icon=":material/lock:")
    st.stop()
