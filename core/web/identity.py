"""Who stands behind a request to the screens' own routes: our session cookie, or the identity provider's."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

import orjson
from anyio import to_thread
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import HTTPConnection

from core import clock
from core.access import Actor, sessions
from core.database import connect
from core.errors import ShopError
from core.settings import ROOT, settings

COMPANION, COMPANION_LIFE_S = (
    "_streamlit_user",
    31 * 86_400,
)  # Streamlit's cookie of a person named by the identity provider
MOST_CHUNKS = 16


async def visitor(connection: HTTPConnection) -> Actor | None:
    """The signed-in person at this very moment, or None; asked of the database each time."""
    return await to_thread.run_sync(_visitor, dict(connection.cookies))


async def known(connection: HTTPConnection) -> bool:
    """Whether somebody is signed in, also while the first password must still be changed. While the database
    is away nobody is known: the page behind the socket says so itself."""
    with suppress(ShopError, SQLAlchemyError):
        return await to_thread.run_sync(_known, dict(connection.cookies))
    return False


def _known(cookies: Mapping[str, str]) -> bool:
    visit = sessions.visit(connect(settings().url), cookies.get(sessions.COOKIE), clock.now())
    return visit is not None or _visitor(cookies) is not None


def _visitor(cookies: Mapping[str, str]) -> Actor | None:
    db, now = connect(settings().url), clock.now()
    person = sessions.who(db, cookies.get(sessions.COOKIE), now)
    if person is not None:
        return person
    claims = _claims(cookies)
    if not claims:
        return None
    email, issued = sessions.verified_email(claims), sessions.issued_moment(claims)
    return sessions.who_oidc(db, email, now, issued)


def _claims(cookies: Mapping[str, str]) -> dict[str, object]:
    """What the provider said of the person, from the cookie that Streamlit has signed; {} without any."""
    secret = _cookie_secret()
    first = _opened(cookies, COMPANION, secret)
    if not first:
        return {}
    whole = first
    if first.startswith("chunks-"):
        count = first.removeprefix("chunks-")
        if not count.isdecimal() or int(count) > MOST_CHUNKS:
            return {}
        parts = [_opened(cookies, f"{COMPANION}_{n + 1}", secret) for n in range(int(count))]
        whole = "".join(parts) if all(parts) else "{}"
    try:
        claims = orjson.loads(whole)
    except orjson.JSONDecodeError:
        return {}
    return claims if isinstance(claims, dict) and claims.get("is_logged_in", True) else {}


def _opened(cookies: Mapping[str, str], name: str, secret: str) -> str:
    cookie = cookies.get(name, "")
    if not (cookie and secret):
        return ""
    try:
        value = URLSafeTimedSerializer(secret, salt=name).loads(cookie, max_age=COMPANION_LIFE_S)
    except BadData:
        return ""
    return value if isinstance(value, str) else ""


@lru_cache(maxsize=1)
def _cookie_secret() -> str:
    """`cookie_secret` of `[auth]`, where Streamlit looks for it: the program's .streamlit/secrets.toml before
    the user's; "" without OIDC."""
    for folder in (ROOT, Path.home()):
        path = folder / ".streamlit" / "secrets.toml"
        if path.is_file() and (
            secret := tomllib.loads(path.read_text("utf-8")).get("auth", {}).get("cookie_secret")
        ):
            return str(secret)
    return ""
