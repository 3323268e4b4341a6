"""What a request says about itself: from which address, from which page, with which body; and how refusals
are answered."""

from __future__ import annotations

import hmac
from typing import TypeVar
from urllib.parse import urlparse

from anyio import to_thread
from pydantic import BaseModel, ValidationError
from starlette.requests import HTTPConnection, Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from core import clock
from core.access import api_keys
from core.database import connect
from core.errors import ShopError
from core.plain_text import printable_facts
from core.settings import settings

STATUS = {
    "access.wrong_password": 401,
    "access.signed_out": 401,
    "access.denied": 403,
    "access.cross_origin": 403,
    "web.not_your_page": 403,
    "web.unknown_page": 403,
    "access.slow_down": 429,
    "web.too_slow": 408,
    "web.too_large": 413,
    "web.upload_quota": 413,
    "web.uploads_full": 503,
    "web.not_json": 415,
    "database.busy": 503,
    "database.full": 503,
    "database.unreachable": 503,
}

UNAVAILABLE, AGAIN_S = 503, 5  # seconds after which to ask a database again that was away
MOST_FAULTS = 10  # of a body that are named
Body = TypeVar("Body", bound=BaseModel)
FORWARDED = "bigsale.forwarded"  # key of the scope: somebody forwarded this request, or says so
_FORWARDING = {
    *(f"x-forwarded-{part}".encode() for part in ("for", "proto", "host", "port", "prefix", "server")),
    b"forwarded",
    b"x-real-ip",
}


def address(connection: HTTPConnection) -> str:
    """The visitor's network address as `Visitors` has settled it; "" where nobody knows it."""
    return connection.client.host[:64] if connection.client else ""


def secure(connection: HTTPConnection) -> bool:
    """Whether the visitor's browser speaks https to us, directly or through the proxy."""
    return connection.url.scheme in {"https", "wss"} or settings().public_url.startswith("https://")


def may_read(request: Request, token: str) -> bool:
    """Whether a program may read: it shows the bearer token, or there is none and it runs on this machine,
    not behind a proxy."""
    if token:
        shown = request.headers.get("authorization", "").encode()
        return hmac.compare_digest(shown, f"Bearer {token}".encode())
    here = request.client is not None and request.client.host in {"127.0.0.1", "::1"}
    return here and not settings().behind_proxy and not request.scope.get(FORWARDED, False)


async def admitted(request: Request, token: str, scope: str) -> bool:
    """As `may_read`, or whoever shows a key for the purpose; its use is noted."""
    if may_read(request, token):
        return True
    return await shows_key(request, scope)


async def shows_key(request: Request, scope: str) -> bool:
    """Whether the request shows a key for the purpose (`Authorization: Bearer`); its use is noted."""
    shown = api_keys.token_of(request.headers.get("authorization", ""))
    return bool(shown) and await to_thread.run_sync(_counts, shown, scope, address(request))


def _counts(token: str, scope: str, where: str) -> bool:
    try:
        return bool(api_keys.require(connect(settings().url), token, scope, clock.now(), where))
    except ShopError as error:
        if not error.code.startswith("access."):
            raise
        return False


def require_same_origin(request: Request) -> None:
    """ShopError("access.cross_origin") unless from a page of this very address (Origin, Sec-Fetch-Site)."""
    if (
        not request.headers.get("origin")
        or not from_our_page(request)
        or request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
    ):
        raise ShopError("access.cross_origin")


def from_our_page(connection: HTTPConnection) -> bool:
    """Whether the Origin is this very address, host and port; True without one (no browser leaves it out
    where it matters)."""
    sent = connection.headers.get("origin")
    if sent is None:
        return True
    try:
        origin, public = urlparse(sent), urlparse(settings().public_url)
    except ValueError:
        return False
    own = {connection.headers.get("host", "").casefold(), public.netloc.casefold()} - {""}
    return origin.scheme in {"http", "https"} and origin.netloc.casefold() in own


class Visitors:
    """Outermost: the one place that decides a visitor's address and scheme.

    Not behind our proxy, nobody's X-Forwarded-* is believed: the headers are taken away before anything else
    can read them, and what a server in front of us (uvicorn's own default for 127.0.0.1) has already read from
    them is undone. Behind it, the last X-Forwarded-For entry and X-Forwarded-Proto count, which the proxy wrote.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] in {"http", "websocket"}:
            scope = settled(scope, settings().behind_proxy)
        await self.app(scope, receive, send)


def settled(scope: Scope, behind_proxy: bool) -> Scope:
    """The scope with the address and the scheme that may be believed, without forwarding headers."""
    sent = [(name.lower(), value) for name, value in scope["headers"] if name.lower() in _FORWARDING]
    if not sent:
        return scope
    kept = [pair for pair in scope["headers"] if pair[0].lower() not in _FORWARDING]
    changed: dict[str, object] = {"headers": kept, FORWARDED: True}
    secure_scheme, plain_scheme = ("wss", "ws") if scope["type"] == "websocket" else ("https", "http")
    if behind_proxy:
        protocol = _last(sent, b"x-forwarded-proto")
        changed["client"] = (_last(sent, b"x-forwarded-for") or _peer(scope.get("client")), 0)
        if protocol:
            changed["scheme"] = secure_scheme if protocol in {"https", "wss"} else plain_scheme
    else:
        claimed = b",".join(value for name, value in sent if name == b"x-forwarded-for").decode("latin-1")
        changed["client"] = None if _peer(scope.get("client")) in _hosts(claimed) else scope.get("client")
        if _last(sent, b"x-forwarded-proto"):
            changed["scheme"] = plain_scheme
    return {**scope, **changed}


def _last(sent: list[tuple[bytes, bytes]], name: bytes) -> str:
    """The last entry of a header that a proxy extends."""
    values = [value.decode("latin-1") for header, value in sent if header == name]
    return values[-1].rpartition(",")[2].strip() if values else ""


def _peer(client: tuple[str, int] | None) -> str:
    return client[0] if client else ""


def _hosts(claimed: str) -> set[str]:
    """Every address of an X-Forwarded-For, with and without its port: uvicorn may have put one of them in the
    peer's stead."""
    entries = {entry.strip() for entry in claimed.split(",")} - {""}
    bare = {entry.rpartition(":")[0] if entry.count(":") == 1 else entry for entry in entries}
    return entries | bare | {entry.strip("[]").partition("]")[0] for entry in entries}


async def body_of(request: Request, kind: type[Body]) -> Body:
    """The JSON body as `kind`. ShopError("web.not_json" | "web.bad_body")."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise ShopError("web.not_json")
    try:
        return kind.model_validate_json(await request.body())
    except ValidationError as error:
        raise ShopError(
            "web.bad_body", fields=[".".join(map(str, part["loc"])) for part in error.errors()[:MOST_FAULTS]]
        ) from None


def refusal(error: ShopError) -> JSONResponse:
    """A refusal as JSON: {"code", facts..}, with its status and, where one has to wait, Retry-After."""
    headers, status = {"Cache-Control": "no-store"}, STATUS.get(error.code, 400)
    if "seconds" in error.facts or status == UNAVAILABLE:
        headers["Retry-After"] = str(error.facts.get("seconds", AGAIN_S))
    return JSONResponse({"code": error.code, **printable_facts(error.facts)}, status, headers)
